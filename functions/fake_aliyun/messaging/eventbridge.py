"""EventBridge's OpenAPI over HTTP, version 2020-04-01: PutEvents.

Sources: "PutEvents", EventBridge API 2020-04-01, and its models in
alibabacloud-eventbridge20200401 8.7.0; read 2026-12. The page names no right; that of
Function Compute on destinations asks for eventbridge:PutEvents. Codes and statuses of
refusals are stated nowhere that was read.
"""

import json
import threading
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from fake_aliyun.core.clock import Clock
from fake_aliyun.core.errors import (
    CloudError,
    ErrorType,
    KnownError,
    NotImitatedError,
)
from fake_aliyun.core.gateway import GATEWAY_ERRORS
from fake_aliyun.core.hosts import EVENTBRIDGE_VERSION, Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded
from fake_aliyun.core.rpc import (
    Call,
    Document,
    answered,
    check_headers,
    finished,
    refused,
)
from fake_aliyun.core.service import Work
from fake_aliyun.messaging.models import MessagingBackend, Sent
from fake_aliyun.ram.models import RamBackend
from fake_aliyun.ram.rpc_auth import RpcAuthenticator

ACTION = "PutEvents"
_PARAMETERS = frozenset({"EventBusName", "EventList"})
_REQUIRED = ("Id", "Source", "Type")
_FIELDS = frozenset(
    {
        *_REQUIRED,
        "Data",
        "DataContentType",
        "DataSchema",
        "SpecVersion",
        "Subject",
        "Time",
    }
)


class EventBridgeError(KnownError):
    """A refusal by EventBridge; status and sentence follow from the code."""

    service = "EventBridge"
    known: ClassVar[Mapping[str, ErrorType]] = {
        "Forbidden.RAM": ErrorType(
            403, "User not authorized to operate on the specified resource."
        ),
        "EventBusNotExist": ErrorType(
            409, "The event bus in request is not exist. EventBusName: [%s]."
        ),
        "InvalidArgument": ErrorType(400, "The parameter %s is not valid."),
        **GATEWAY_ERRORS,
    }


class EventBridgeService:
    """EventBridge over HTTP."""

    name = "eventbridge"
    actions = frozenset({ACTION})

    def __init__(
        self,
        backend: MessagingBackend,
        *,
        ram: RamBackend,
        authenticator: RpcAuthenticator,
        clock: Clock,
        lock: threading.RLock,
    ) -> None:
        self._backend = backend
        self._ram = ram
        self._authenticator = authenticator
        self._clock = clock
        self._lock = lock

    def begin(self, request: Request, place: Host, record: Recorded) -> Work:
        """Return what will answer a request."""
        call = Call.of(request)
        call.begin(
            request,
            record,
            service="EventBridge",
            version=EVENTBRIDGE_VERSION,
            known=self.actions,
            may_be_in_body=True,
        )
        return lambda: self._answer(request, place, record, call.own())

    def _answer(
        self,
        request: Request,
        place: Host,
        record: Recorded,
        parameters: Mapping[str, str],
    ) -> Response:
        with self._lock:
            check_headers(request)
            record.principal = self._authenticator.rpc(request)
            document = self._put(parameters, record.principal, place.region_id or "*")
        document["RequestId"] = record.request_id
        return answered(request, record.action, document)

    def _put(
        self, parameters: Mapping[str, str], principal: str, region_id: str
    ) -> Document:
        for name in sorted(parameters.keys() - _PARAMETERS):
            what = f"the parameter {name!r} of {ACTION}"
            raise NotImitatedError(what, known=_PARAMETERS)
        bus = parameters.get("EventBusName", "")
        resource = f"acs:eventbridge:{region_id}:{self._ram.account_id}:eventbus/{bus}"
        if not self._ram.allows(principal, f"eventbridge:{ACTION}", resource):
            raise EventBridgeError("Forbidden.RAM")
        if f"buses/{bus}" not in self._backend.places:
            raise EventBridgeError("EventBusNotExist", bus)
        events = _events(parameters.get("EventList", ""))
        for event in events:
            body = json.dumps(event, ensure_ascii=False)
            sent = Sent(place=f"buses/{bus}", body=body, principal=principal)
            self._backend.sent.append(sent)
        entries = [{"EventId": event["Id"]} for event in events]
        return {
            "Code": "Success",
            "Success": True,
            "Data": {"FailedEntryCount": 0, "EntryList": entries},
        }

    def refuse(
        self, error: CloudError, request: Request, place: Host, record: Recorded
    ) -> Response:
        """Return a refusal as JSON or XML."""
        del place
        return refused(error, request, record, product="eventbridge")

    def error(self, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks for."""
        return EventBridgeError.for_fault(code, message=message, status=status)

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer has."""
        return finished(response, record, now=self._clock())

    def new_request_id(self) -> str:
        """Return an upper-case UUID."""
        return str(uuid.uuid4()).upper()


def _events(text: str) -> list[dict[str, Any]]:
    """Return the events of a request.

    Raises:
        EventBridgeError: It holds none, or one lacks what it must have.
        NotImitatedError: An event has a field that no page names.
    """
    try:
        events = json.loads(text)
    except ValueError:
        raise EventBridgeError("InvalidArgument", "EventList") from None
    if not isinstance(events, list) or not events:
        raise EventBridgeError("InvalidArgument", "EventList")
    for event in events:
        for name in sorted(event.keys() - _FIELDS):
            raise NotImitatedError(f"{name} of an event", known=_FIELDS)
        for name in _REQUIRED:
            if not event.get(name):
                raise EventBridgeError("InvalidArgument", name)
    return events
