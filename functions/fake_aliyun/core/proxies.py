"""What something between client and service does to answers, on request.

Sources: RFC 9110, "Weak entity-tags" (8.8.1) and "Redirection" (15.4); nginx, "Module
ngx_http_gzip_module", for what becomes of an ETag; aliyun-python-sdk-core 2.16.1, for
the words with which a signature is refused; all read 2026-12.
"""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote

from fake_aliyun.core.http import Request, Response

ELSEWHERE = "http://elsewhere.invalid/"


def _headers(response: Response, **changed: str | None) -> Response:
    """Return an answer with some headers changed, or without them."""
    named = {name.replace("_", "-").lower(): value for name, value in changed.items()}
    kept = {n: v for n, v in response.headers.items() if n.lower() not in named}
    added = {name.title(): value for name, value in named.items() if value is not None}
    return replace(response, headers={**kept, **added})


def _etag(response: Response) -> str | None:
    found = (v for n, v in response.headers.items() if n.lower() == "etag")
    return next(found, None)


def _strips_etag(response: Response) -> Response:
    return _headers(response, etag=None)


def _weakens_etag(response: Response) -> Response:
    etag = _etag(response)
    return _headers(response, etag=etag and f"W/{etag}")


def _gzips(response: Response) -> Response:
    packed = replace(response, body=gzip.compress(response.content.to_bytes()))
    return _headers(_weakens_etag(packed), content_encoding="gzip")


def _strips_ids(response: Response) -> Response:
    kept = {n: v for n, v in response.headers.items() if "request-id" not in n.lower()}
    return replace(response, headers=kept)


def _doubles_headers(response: Response) -> Response:
    twice = {name: f"{value}, {value}" for name, value in response.headers.items()}
    return replace(response, headers=twice)


def _lengthens(response: Response) -> Response:
    return replace(response, length_off=1)


def _shortens(response: Response) -> Response:
    is_empty = len(response.content) == 0
    return response if is_empty else replace(response, length_off=-1)


PASSING: Mapping[str, Callable[[Response], Response]] = {
    "strips-etag": _strips_etag,
    "weakens-etag": _weakens_etag,
    "gzips": _gzips,
    "strips-request-id": _strips_ids,
    "doubles-headers": _doubles_headers,
    "lengthens": _lengthens,
    "shortens": _shortens,
}
"""What changes the service's own answer."""

REPLACING = frozenset({"redirects", "answers", "echoes"})
"""What answers in the service's place."""

PROXIES = frozenset(PASSING) | REPLACING


def redirected(status: int | None) -> Response:
    """Return an answer that sends the client elsewhere."""
    return Response(status=status or 302, headers={"Location": ELSEWHERE})


def answered(status: int | None) -> Response:
    """Return the answer of a server that takes anything."""
    return Response(status=status or 200)


def echo(request: Request) -> str:
    """Return a refusal's sentence that repeats what was signed, secrets included."""
    signed = f"{request.path}?{request.query}&{request.body.decode('utf-8', 'replace')}"
    headers = "\n".join(f"{name}:{value}" for name, value in request.headers.items())
    twice = quote(quote(f"{signed}\n{headers}", safe=""), safe="")
    return (
        "Specified signature is not matched with our calculation. server string to "
        f"sign is:{request.method}&%2F&{twice}"
    )
