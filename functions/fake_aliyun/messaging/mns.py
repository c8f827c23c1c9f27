"""Simple Message Queue over HTTP: SendMessage and PublishMessage, version 2015-06-06.

Sources: "SendMessage", "PublishMessage", "Sign requests" and "Error codes", Simple
Message Queue documentation, and aliyun-mns-sdk 1.3.0; read 2026-12. What is said
of a security token is stated nowhere, nor the sentence for a topic that is not there.
"""

import base64
import hashlib
import hmac
import re
import threading
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from fake_aliyun.core import xml
from fake_aliyun.core.clock import Clock, http_date, read_http_date
from fake_aliyun.core.errors import (
    CloudError,
    ErrorType,
    KnownError,
    NotImitatedError,
)
from fake_aliyun.core.hosts import Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded
from fake_aliyun.core.service import Work
from fake_aliyun.messaging.models import MessagingBackend, Sent
from fake_aliyun.ram.models import RamBackend

ACTIONS = {"queues": "SendMessage", "topics": "PublishMessage"}
VERSION = "2015-06-06"
VALID = timedelta(minutes=15)
MOST_BYTES = 64 * 1024
_PATH = re.compile(r"/(queues|topics)/([A-Za-z0-9][A-Za-z0-9_-]{0,254})/messages")
_FIELDS = {
    "queues": frozenset({"MessageBody", "DelaySeconds", "Priority"}),
    "topics": frozenset({"MessageBody", "MessageTag"}),
}


class MnsError(KnownError):
    """A refusal by Simple Message Queue; status and sentence follow from the code."""

    service = "SMQ"
    known: ClassVar[Mapping[str, ErrorType]] = {
        "AccessDenied": ErrorType(
            403,
            "The OwnerId that your Access Key Id associated to is forbidden for this "
            "operation.",
        ),
        "InvalidSecurityToken": ErrorType(403, "The security token is not valid."),
        "InternalError": ErrorType(500, "Interal error."),
        "InvalidAccessKeyId": ErrorType(
            403, "The AccessKey Id you provided is not exist."
        ),
        "InvalidArgument": ErrorType(400, "The value of %s is invalid."),
        "MalformedXML": ErrorType(400, "The XML you provided was not well-formed."),
        "MissingAuthorizationHeader": ErrorType(
            400, "Authorization header is required."
        ),
        "QueueNotExist": ErrorType(404, "The queue name you provided is not exist."),
        "SignatureDoesNotMatch": ErrorType(
            403,
            "The request signature we calculated does not match the signature you "
            "provided. Check your key and signing method.",
        ),
        "TimeExpired": ErrorType(408, "The http request you sent is expired."),
        "TopicNotExist": ErrorType(404, "The topic name you provided is not exist."),
    }


class MnsService:
    """Simple Message Queue over HTTP."""

    name = "mns"
    actions = frozenset(ACTIONS.values())

    def __init__(
        self,
        backend: MessagingBackend,
        *,
        ram: RamBackend,
        region_id: str,
        clock: Clock,
        lock: threading.RLock,
    ) -> None:
        self._backend = backend
        self._ram = ram
        self._region_id = region_id
        self._clock = clock
        self._lock = lock

    def begin(self, request: Request, place: Host, record: Recorded) -> Work:
        """Return what will answer a request."""
        found = _PATH.fullmatch(request.path)
        if request.method != "POST" or found is None or request.query:
            what = f"{request.method} {request.path} of SMQ"
            known = [f"POST /{kind}/NAME/messages" for kind in ACTIONS]
            raise NotImitatedError(what, known=known)
        kind, name = found.groups()
        record.action = ACTIONS[kind]
        region_id = place.region_id or self._region_id
        return lambda: self._answer(request, record, kind, name, region_id)

    def _answer(
        self, request: Request, record: Recorded, kind: str, name: str, region_id: str
    ) -> Response:
        with self._lock:
            record.principal = principal = self._authenticated(request)
            account_id = self._ram.account_id
            resource = f"acs:mns:{region_id}:{account_id}:/{kind}/{name}/messages"
            if not self._ram.allows(principal, f"mns:{record.action}", resource):
                raise MnsError("AccessDenied")
            if f"{kind}/{name}" not in self._backend.places:
                missing = "QueueNotExist" if kind == "queues" else "TopicNotExist"
                raise MnsError(missing)
            body = _body_of(request, kind)
            sent = Sent(place=f"{kind}/{name}", body=body, principal=principal)
            self._backend.sent.append(sent)
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        said = [("MessageId", uuid.uuid4().hex.upper()), ("MessageBodyMD5", digest)]
        return Response(
            status=201,
            headers={"Content-Type": "text/xml;charset=utf-8"},
            body=xml.document("Message", said),
        )

    def _authenticated(self, request: Request) -> str:
        """Return who signed a request.

        Raises:
            MnsError: The signature is missing, malformed, too old or wrong.
        """
        headers = request.headers
        found = re.fullmatch(
            r"MNS ([^:]+):([A-Za-z0-9+/=]+)", headers.get("authorization", "")
        )
        if not found:
            raise MnsError("MissingAuthorizationHeader")
        if headers.get("x-mns-version") != VERSION:
            raise MnsError("InvalidArgument", "x-mns-version")
        try:
            moment = read_http_date(headers.get("date", ""))
        except ValueError:
            raise MnsError("InvalidArgument", "Date") from None
        if abs(self._clock() - moment) > VALID:
            raise MnsError("TimeExpired")
        held = self._ram.find(found[1])
        if held is None:
            raise MnsError("InvalidAccessKeyId")
        if not held.has_token(headers.get("security-token", "")):
            raise MnsError("InvalidSecurityToken")
        if self._ram.is_expired(held):
            raise MnsError("InvalidSecurityToken")
        own = sorted((n, v) for n, v in headers.items() if n.startswith("x-mns-"))
        string = "\n".join(
            [
                request.method,
                headers.get("content-md5", ""),
                headers.get("content-type", ""),
                headers["date"],
                *(f"{name}:{value}" for name, value in own),
                request.path,
            ]
        )
        key = held.access_key_secret.encode()
        made = base64.b64encode(hmac.new(key, string.encode(), hashlib.sha1).digest())
        if not hmac.compare_digest(made, found[2].encode()):
            raise MnsError("SignatureDoesNotMatch")
        return held.principal

    def refuse(
        self, error: CloudError, request: Request, place: Host, record: Recorded
    ) -> Response:
        """Return a refusal as XML."""
        del place
        said = [
            ("Code", error.code),
            ("Message", error.message),
            ("RequestId", record.request_id),
            ("HostId", f"http://{request.host}"),
        ]
        return Response(
            status=error.status,
            headers={"Content-Type": "text/xml;charset=utf-8", **error.headers},
            body=xml.document("Error", said),
        )

    def error(self, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks for."""
        return MnsError.for_fault(code, message=message, status=status)

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer has."""
        own = {
            "Date": http_date(self._clock()),
            "x-mns-request-id": record.request_id,
            "x-mns-version": VERSION,
        }
        return Response(
            status=response.status,
            headers={**own, **response.headers},
            body=response.body,
            cut_at=response.cut_at,
            delay_seconds=response.delay_seconds,
        )

    def new_request_id(self) -> str:
        """Return 24 upper-case hex digits."""
        return uuid.uuid4().hex[:24].upper()


def _body_of(request: Request, kind: str) -> str:
    """Return the body of the message in a request.

    Raises:
        MnsError: There is none, or it is too long.
        NotImitatedError: The message asks for more.
    """
    root = xml.parse(request.body)
    if root is None or root.tag != "Message":
        raise MnsError("MalformedXML")
    names = {child.tag for child in root}
    for name in sorted(names - _FIELDS[kind]):
        raise NotImitatedError(f"{name} of a message", known=_FIELDS[kind])
    body = xml.text(root, "MessageBody")
    if not 0 < len(body.encode()) <= MOST_BYTES:
        raise MnsError("InvalidArgument", "MessageBody")
    return body
