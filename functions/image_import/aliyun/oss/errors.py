"""What OSS's refusals and its silence are called here."""

import requests

from image_import.aliyun.oss.lazy_sdk import oss2
from image_import.errors import ServiceRejected, ServiceUnavailable

# Refused, yet a new invocation comes with fresh credentials.
_TRANSIENT_CODES = {"SecurityTokenExpired", "RequestTimeout"}


class ObjectMissing(ServiceRejected):
    """There is no such object."""


class ObjectChanged(ServiceRejected):
    """The object's ETag is no longer the one that was asked for."""


class PositionTaken(ServiceRejected):
    """An append came second: the object does not end where it was expected to."""


class NotAppendable(ServiceRejected):
    """The object was not made by AppendObject, or something was put over it."""


def translated(exc: oss2.exceptions.ServerError, action: str) -> Exception:
    """Return our error for OSS's, by status where the code may be lost.

    A HEAD has no body, and oss2 does not find the code in an answer whose XML has a
    namespace: the status is the only thing that is always there.
    """
    code = exc.code or ""
    text = exc.message or f"HTTP {exc.status}"
    known = {
        "service": "OSS",
        "action": action,
        "code": code,
        "http_status": exc.status,
        "request_id": exc.request_id or None,
    }
    message = f"OSS {action}: {code or exc.status}: {text}"
    if exc.status >= 500 or exc.status in {408, 429} or code in _TRANSIENT_CODES:
        delay = exc.headers.get("x-oss-qos-delay-time")
        return ServiceUnavailable(
            message,
            perhaps_done=exc.status >= 500,
            retry_after_seconds=int(delay) / 1000 if delay else None,
            **known,
        )
    if exc.status == 404 and code in {"", "NoSuchKey", "NotFound"}:
        return ObjectMissing(message, **known)
    if exc.status == 412:
        return ObjectChanged(message, **known)
    if exc.status == 409 and code == "ObjectNotAppendable":
        return NotAppendable(message, **known)
    if exc.status == 409 and action == "AppendObject":
        return PositionTaken(message, **known)
    return ServiceRejected(message, **known)


def unanswered(exc: Exception, action: str) -> ServiceUnavailable:
    """Return the error for an exchange without an answer."""
    cause = getattr(exc, "exception", exc)
    never_sent = isinstance(cause, requests.ConnectTimeout)
    return ServiceUnavailable(
        f"OSS {action}: no answer ({type(cause).__name__})",
        service="OSS",
        action=action,
        perhaps_done=not never_sent,
    )
