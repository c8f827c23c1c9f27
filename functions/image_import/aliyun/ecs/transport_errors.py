"""Why an exchange has no answer, and whether it may have taken effect.

A request that was never sent has done nothing. One whose answer was lost may have,
and an import must not be started twice: in doubt it has.
"""

from collections.abc import Iterator
from ssl import SSLCertVerificationError

import requests
from urllib3.exceptions import NewConnectionError

from image_import.aliyun.ecs.error_catalogue import explain
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable

# In the order in which they are asked for: a ConnectTimeout is a ConnectionError too.
_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (requests.exceptions.ProxyError, "ProxyError"),
    (requests.exceptions.ConnectTimeout, "ConnectTimeout"),
    (requests.exceptions.ReadTimeout, "ReadTimeout"),
    (requests.exceptions.SSLError, "ConnectionReset"),
    (requests.exceptions.ConnectionError, "ConnectionReset"),
    (requests.exceptions.ChunkedEncodingError, "ConnectionReset"),
    (requests.exceptions.ContentDecodingError, "ConnectionReset"),
    (requests.exceptions.RequestException, "InvalidRequest"),
    (OSError, "CaFileUnreadable"),
)


def unanswered(exc: OSError, action: str) -> ServiceError:
    """Return our error for what requests raised, without its text.

    That text holds the URL, which may hold a signature.
    """
    code = _code(exc)
    entry = explain("transport", code)
    message = f"ECS {action}: {code} ({type(_root(exc)).__name__})"
    if entry.kind == "transient":
        return ServiceUnavailable(
            f"{message}: {entry.cause}",
            service="ECS",
            action=action,
            code=code,
            perhaps_done=entry.perhaps_done,
        )
    return ServiceRejected(message, service="ECS", action=action, code=code)


def _code(exc: OSError) -> str:
    """Return the catalogue's word for it."""
    if any(isinstance(cause, SSLCertVerificationError) for cause in _causes(exc)):
        return "SSLError"
    code = next(code for kind, code in _CODES if isinstance(exc, kind))
    is_unsent = any(isinstance(cause, NewConnectionError) for cause in _causes(exc))
    return "ConnectionRefused" if code == "ConnectionReset" and is_unsent else code


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it was raised for, as urllib3 nests them."""
    while exc is not None:
        yield exc
        inner = getattr(exc, "reason", None) or next(iter(exc.args), None)
        is_nested = isinstance(inner, BaseException)
        exc = inner if is_nested else exc.__cause__ or exc.__context__


def _root(exc: BaseException) -> BaseException:
    return list(_causes(exc))[-1]
