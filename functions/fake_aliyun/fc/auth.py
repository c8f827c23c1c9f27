"""Who sent a request to Function Compute.

Source: "Signature authentication", Function Compute 2.0 documentation, read 2026-11.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import timedelta

from fake_aliyun.core.clock import Clock, read_http_date
from fake_aliyun.core.http import Request
from fake_aliyun.fc.errors import FcError
from fake_aliyun.ram.models import RamBackend

VALID = timedelta(minutes=15)
_HEADER = re.compile(r"FC ([^:\s]+):(\S+)")


def fc_signature(
    secret: str, *, method: str, path: str, headers: Mapping[str, str]
) -> str:
    """Return the Base64 signature of a request.

    Args:
        secret: Of the access key.
        method: Of the request.
        path: Not encoded, without the query.
        headers: By lower-case name.
    """
    own = sorted(item for item in headers.items() if item[0].startswith("x-fc-"))
    text = "\n".join(
        [
            method,
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            headers.get("date", ""),
            *(f"{name}:{value}" for name, value in own),
            path,
        ]
    )
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


class FcAuthenticator:
    """Checks the signatures of requests to Function Compute."""

    def __init__(self, *, ram: RamBackend, clock: Clock) -> None:
        self._ram = ram
        self._clock = clock

    def principal(self, request: Request) -> str:
        """Return who signed a request.

        Raises:
            FcError: The signature is missing, malformed, too old or wrong.
        """
        headers = request.headers
        for name in ("authorization", "date"):
            if name not in headers:
                raise FcError("MissingRequiredHeader", name.title())
        found = _HEADER.fullmatch(headers["authorization"])
        if not found:
            raise FcError("InvalidArgument", "the Authorization header is malformed")
        self._check_date(headers["date"])
        credentials = self._ram.find(found[1])
        if credentials is None:
            raise FcError("InvalidAccessKeyID", found[1])
        token = headers.get("x-fc-security-token", "")
        if not credentials.has_token(token) or self._ram.is_expired(credentials):
            raise FcError("InvalidSecurityToken")
        expected = fc_signature(
            credentials.access_key_secret,
            method=request.method,
            path=request.decoded_path,
            headers=headers,
        )
        if not hmac.compare_digest(expected.encode(), found[2].encode()):
            raise FcError("SignatureNotMatch")
        return credentials.principal

    def _check_date(self, text: str) -> None:
        try:
            age = self._clock() - read_http_date(text)
        except ValueError:
            raise FcError(
                "InvalidArgument", f"the date {text!r} is malformed"
            ) from None
        if abs(age) > VALID:
            raise FcError("AccessDenied", f"the date {text!r} is too far from now")
