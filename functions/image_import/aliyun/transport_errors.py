"""Why an exchange has no answer of the service, and whether it may have taken effect.

A request that was never sent has done nothing. One whose answer was lost may have,
and an import must not be started twice: in doubt it has. What asking again cannot
change ends at once and names the setting; the rest is tried again.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from image_import.aliyun.error_catalogue import explain
from image_import.aliyun.timed import OutOfTime
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable

ANOTHER_HOST = frozenset({62, 64})
"""Source: OpenSSL, x509_vfy.h: X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH."""

NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)})
PROXY_AUTHENTICATION = 407
_NO_FILE = (FileNotFoundError, IsADirectoryError, PermissionError)
_BROKEN = (
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Source: RFC 9110, section 15.4: 304 sends nobody elsewhere."""

LONGEST_QUOTE = 300
"""Characters of an answer that we do not understand that a message repeats."""


class ForeignAnswer(requests.RequestException):
    """Somebody answered who is not the service; the text says what came."""


class Redirected(ForeignAnswer):
    """We were sent elsewhere, and have not gone there."""


class ProxyPassword(ForeignAnswer):
    """A proxy wants to know who we are."""


def is_never_theirs(status: int) -> bool:
    """Whether no service answers with this status what is asked here."""
    return 300 <= status < 400 or status == PROXY_AUTHENTICATION


def foreign_answer(status: int, headers: Mapping[str, str]) -> ForeignAnswer:
    """Return what to raise for an answer that is not the service's.

    A redirect is never followed: what the request carries is for the service alone,
    and what another host says of its objects is worth nothing.
    """
    if status in REDIRECTS:
        elsewhere = urlsplit(headers.get("Location", "")).netloc or "elsewhere"
        return Redirected(f"HTTP {status}, redirected to {elsewhere}")
    said = f"HTTP {status} with {headers.get('Content-Type', 'no content type')}"
    kind = ProxyPassword if status == PROXY_AUTHENTICATION else ForeignAnswer
    return kind(said)


def quote(body: bytes) -> str:
    """Return the beginning of a body in whole words: half a secret is not masked."""
    text = " ".join(body[: LONGEST_QUOTE + 1].decode("utf-8", "replace").split())
    return text if len(body) <= LONGEST_QUOTE else text.rpartition(" ")[0]


def unanswered(exc: Exception, *, service: str, action: str) -> ServiceError:
    """Return our error for what requests raised, without its text.

    That text holds the URL, which may hold a signature.

    Args:
        exc: An OSError, which all of requests' own are.
        service: "ECS" or "OSS".
        action: The operation.
    """
    code = _code(exc)
    entry = explain(service, code)
    is_ours = isinstance(exc, ForeignAnswer | OutOfTime)
    what = str(exc) if is_ours else type(_root(exc)).__name__
    message = f"{service} {action}: {code} ({what})"
    if entry.kind == "transient":
        return ServiceUnavailable(
            f"{message}: {entry.cause} {entry.fix}",
            service=service,
            action=action,
            code=code,
            perhaps_done=entry.perhaps_done,
        )
    return ServiceRejected(
        message,
        service=service,
        action=action,
        code=code,
        perhaps_done=entry.perhaps_done,
    )


def _code(exc: Exception) -> str:
    """Return the catalogue's word for it."""
    causes = list(_causes(exc))
    return next(code for applies, code in _CODES if applies(exc, causes))


Applies = Callable[[Exception, list[BaseException]], bool]
"""Whether a row is about an exception, given what it was raised for."""


def _is(*kinds: type[BaseException]) -> Applies:
    return lambda exc, _: isinstance(exc, kinds)


def _has(
    kind: type[BaseException], check: Callable[..., bool] = lambda _: True
) -> Applies:
    return lambda _, causes: any(isinstance(c, kind) and check(c) for c in causes)


def _is_tunnel_refused(cause: BaseException) -> bool:
    """Whether a proxy would not connect us, by its own rules.

    Source: http.client, `_tunnel`: "Tunnel connection failed: 407 ...".
    """
    return any(f"connection failed: {n}" in str(cause) for n in (401, 403, 407))


_is_no_name = _has(socket.gaierror, lambda c: c.errno in NO_SUCH_NAME)
_is_of_proxy = _is(requests.exceptions.ProxyError)
_is_of_tls = _is(requests.exceptions.SSLError)
_is_no_file = _has(OSError, lambda c: isinstance(c, _NO_FILE))


def _both(one: Applies, other: Applies) -> Applies:
    return lambda exc, causes: one(exc, causes) and other(exc, causes)


_CODES: tuple[tuple[Applies, str], ...] = (
    (_is(OutOfTime), "FunctionTimeout"),
    (_is(Redirected), "Redirected"),
    (_is(ProxyPassword), "ProxyPassword"),
    (_is(ForeignAnswer), "ForeignAnswer"),
    (
        _has(ssl.SSLCertVerificationError, lambda c: c.verify_code in ANOTHER_HOST),
        "CertificateOfAnotherHost",
    ),
    (_has(ssl.SSLCertVerificationError), "SSLError"),
    (_has(ssl.SSLError, lambda c: c.library == "X509"), "CaFileUnreadable"),
    (_both(_is_of_tls, _is_no_file), "CaFileUnreadable"),
    (lambda exc, _: type(exc) is OSError, "CaFileUnreadable"),
    (_has(ssl.SSLError, lambda c: c.reason == "WRONG_VERSION_NUMBER"), "NoTls"),
    (_has(OSError, _is_tunnel_refused), "ProxyRefused"),
    (_both(_is_of_proxy, _is_no_name), "ProxyNotFound"),
    (_is_of_proxy, "ProxyError"),
    (_is_no_name, "NameNotFound"),
    (_has(socket.gaierror), "NameNotResolved"),
    (_is(requests.exceptions.ConnectTimeout), "ConnectTimeout"),
    (_is(requests.exceptions.ReadTimeout), "ReadTimeout"),
    (_has(NewConnectionError), "ConnectionRefused"),
    (_is(*_BROKEN), "ConnectionReset"),
    (_is(requests.exceptions.RequestException), "InvalidRequest"),
    (_is(Exception), "ConnectionReset"),
)
"""In the order in which they are asked for: a ConnectTimeout is a ConnectionError too.

Of a missing CA_FILE requests makes an OSError and nothing more of its own.
"""


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it was raised for, as urllib3 nests them."""
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        inner = getattr(exc, "reason", None) or next(reversed(exc.args), None)
        is_nested = isinstance(inner, BaseException)
        exc = inner if is_nested else exc.__cause__ or exc.__context__


def _root(exc: BaseException) -> BaseException:
    return list(_causes(exc))[-1]
