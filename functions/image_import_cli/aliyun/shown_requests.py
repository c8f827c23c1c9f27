"""Requests on standard error, for whoever asks with `--debug` what a command does.

All of our clients, and the vendor's, send through requests' adapter. What is shown is
chosen by name, so that a header or a parameter which nobody thought of stays hidden.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import click
from image_import.aliyun.ecs.request import FORM
from image_import.aliyun.mask import Mask
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from image_import_cli.ui.text import printable

HEADERS = (
    "content-length",
    "content-type",
    "if-match",
    "if-none-match",
    "range",
    "x-acs-action",
    "x-acs-version",
    "x-fc-invocation-type",
    "x-oss-copy-source",
    "x-oss-copy-source-range",
    "x-oss-forbid-overwrite",
)
REQUEST_IDS = (
    "x-oss-request-id",
    "x-acs-request-id",
    "x-fc-request-id",
    "x-mns-request-id",
)
CREDENTIALS = {
    "accesskeyid",
    "ossaccesskeyid",
    "security-token",
    "securitytoken",
    "signature",
    "signaturenonce",
    "x-oss-credential",
    "x-oss-security-token",
    "x-oss-signature",
}
"""Parameters of a query that are left out, in lower case.

Source: "Request structure", ECS API 2014-05-26, and "Include a V4 signature in a URL",
OSS documentation, read 2026-12.
"""

_OURS = ("authorization", "x-acs-", "x-fc-", "x-mns-", "x-oss-")
"""How a header begins that only a service of the cloud is sent. To any other host, such
as a webhook, path and query are the secret."""


@contextmanager
def requests_shown(secrets: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Show each request on standard error as soon as its answer begins.

    Args:
        secrets: Returns what must not be shown, as far as it is known by then.
    """
    send = HTTPAdapter.send

    def shown(
        self: HTTPAdapter,
        request: PreparedRequest,
        *given: Any,  # noqa: ANN401 - theirs
        **named: Any,  # noqa: ANN401 - theirs
    ) -> Response:
        began = time.monotonic()
        try:
            answer = send(self, request, *given, **named)
        except (RequestException, OSError) as exc:
            # Its text may repeat the URL, hence a signature.
            _show(request, type(exc).__name__, time.monotonic() - began, secrets())
            raise
        _show(request, _told(answer), time.monotonic() - began, secrets())
        return answer

    HTTPAdapter.send = shown  # type: ignore[method-assign]  # one place for all clients
    try:
        yield
    finally:
        HTTPAdapter.send = send  # type: ignore[method-assign]  # as it was


def _show(
    request: PreparedRequest, ending: str, seconds: float, secrets: Iterable[str]
) -> None:
    lines = [f"{request.method} {_url(request)}"]
    lines += [
        f"  > {name}: {request.headers[name]}"
        for name in HEADERS
        if name in request.headers
    ]
    lines.append(f"  < {ending}, {seconds * 1000:,.0f} ms")
    mask = Mask(secrets)
    click.echo("\n".join(printable(mask(line)) for line in lines), err=True)


def _url(request: PreparedRequest) -> str:
    """Return where a request goes, without what signs it."""
    parts = urlsplit(request.url or "")
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    form = _form(request)
    if "Action" not in form and not any(
        name.lower().startswith(_OURS) for name in request.headers
    ):
        return f"{place}/..."
    asked = [
        pair
        for pair in parts.query.split("&")
        if pair and pair.partition("=")[0].lower() not in CREDENTIALS
    ]
    action = f" {form['Action']}" if "Action" in form else ""
    query = f"?{'&'.join(asked)}" if asked else ""
    return f"{place}{parts.path}{query}{action}"


def _form(request: PreparedRequest) -> dict[str, str]:
    """Return the parameters of a call whose body is a form; it may name the action."""
    body = request.body or ""
    if FORM not in str(request.headers.get("Content-Type")):
        return {}
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return dict(parse_qsl(text))


def _told(answer: Response) -> str:
    """Return status and request ID."""
    told = [f"{answer.status_code} {answer.reason or ''}".strip()]
    told += [
        f"{name}: {answer.headers[name]}"
        for name in REQUEST_IDS
        if name in answer.headers
    ]
    return ", ".join(told)
