"""The page at the root of `image-import local`, and what its script asks for.

::

    GET /                           the page, for whoever asks for HTML
    GET /_local/FILE                its style, script and icon; the icon with ?count=N
    GET /_local/state?seen=VERSION  everything at a glance, once it differs from VERSION
    GET /_local/delivery?id=ID      one delivery, attempt by attempt
    GET /_local/ledger?key=KEY      the lines of one ledger
    GET /_local/clients             how other clients reach this cloud
    GET /_local/upload?bucket=B&key=K&size=N  a signed URL that takes one PUT
    DELETE /_local/object?bucket=B&key=K  removes an object

No bucket's name begins with an underscore, and no client of OSS asks for HTML: nothing
here is taken away from the cloud.
"""

import hashlib
import json
import re
import threading
import time
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fake_aliyun.core.http import Request, Response
from fake_aliyun.oss.models import MAX_PUT_BYTES

from image_import_cli.local.client_hints import (
    cli_commands,
    oss2_program,
    ossutil_command,
    shell_settings,
)
from image_import_cli.local.desk import Desk
from image_import_cli.local.page_state import PageView
from image_import_cli.ui.language import chinese

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "/_local/"
FILES = {
    "page.html": "text/html; charset=utf-8",
    "colours.css": "text/css; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "page-clients.js": "text/javascript; charset=utf-8",
    "page-faults.js": "text/javascript; charset=utf-8",
    "page-parts.js": "text/javascript; charset=utf-8",
    "page-uploads.js": "text/javascript; charset=utf-8",
    "page-words.js": "text/javascript; charset=utf-8",
    "zh/page.json": "application/json; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
HELD_SECONDS = 10.0
LOOK_SECONDS = 0.2
UPLOAD_SECONDS = 600
OCTETS = "application/octet-stream"
TOO_LARGE = "OSS takes up to 5 GiB in one put; ossutil and SDKs upload in parts"

BADGE = (
    '<circle cx="22" cy="10" r="10" fill="#a3211b"/>'
    '<text x="22" y="15" fill="#fff" font-family="sans-serif" font-size="13" '
    'font-weight="bold" text-anchor="middle">{}</text>'
)
DOTS = (
    "a folder may not be called . or ..: a browser leaves them out of the address; "
    "choose another, or upload with ossutil or an SDK"
)


class LocalPage:
    """Answers for the page; stands before the cloud on the same port."""

    def __init__(self, desk: Desk, *, held_seconds: float = HELD_SECONDS) -> None:
        """Stand before a desk's cloud.

        Args:
            desk: What is shown.
            held_seconds: How long an answer is held back while nothing changes.
        """
        self._desk = desk
        self._held_seconds = held_seconds
        self._view = PageView(desk)
        self._lock = threading.Lock()
        self._answers: Mapping[str, Callable[[Request], Response]] = {
            "GET state": self._state,
            "GET delivery": lambda asked: _found(
                asked, self._view.delivery(_given(asked, "id"))
            ),
            "GET ledger": lambda asked: _found(
                asked, self._view.ledger(_given(asked, "key"))
            ),
            "GET clients": lambda asked: _json(200, self._clients(asked)),
            "GET icon.svg": lambda asked: _icon(_given(asked, "count")),
            "GET upload": self._upload,
            "DELETE object": self._delete,
        }

    def __call__(self, request: Request) -> Response | None:
        """Return the answer to a request that is for the page, None for others."""
        if is_for_page(request):
            return _file("page.html")
        if not request.path.startswith(PREFIX):
            return None
        name = request.path.removeprefix(PREFIX)
        method = "GET" if request.method == "HEAD" else request.method
        if answer := self._answers.get(f"{method} {name}"):
            return answer(request)
        if method != "GET":
            return _json(405, {"error": f"{method} is not served here"})
        if name in FILES:
            return _file(name)
        known = {*FILES, *(answered.partition(" ")[2] for answered in self._answers)}
        return _json(404, {"known": sorted(known)})

    def _state(self, asked: Request) -> Response:
        """Return the state once it is not the one that the asker has seen."""
        patience = time.monotonic() + self._held_seconds
        while True:
            with self._lock:
                state = told_in(_given(asked, "language"), self._view.overview())
            text = json.dumps(state, ensure_ascii=False).encode("utf-8", "replace")
            version = hashlib.sha256(text).hexdigest()[:16]
            if version != _given(asked, "seen"):
                return _json(200, {"version": version, **state})
            if time.monotonic() >= patience:
                return Response(status=204, headers=HEADERS)
            time.sleep(LOOK_SECONDS)

    def _clients(self, asked: Request) -> dict[str, str]:
        """Return how clients reach the cloud by the address at which it was asked."""
        url = f"{asked.scheme}://{asked.host}"
        return {
            "environment": shell_settings(self._desk),
            "cli": cli_commands(self._desk),
            "ossutil": ossutil_command(self._desk, url),
            "oss2": oss2_program(self._desk, url),
        }

    def _delete(self, asked: Request) -> Response:
        """Remove an object, as DeleteObject does."""
        bucket, key = _given(asked, "bucket"), _given(asked, "key")
        oss = self._desk.cloud.oss
        if bucket not in oss.buckets or key not in oss.keys(bucket):
            return _json(404, {"error": "there is none of this name"})
        oss.delete(bucket, key)
        return _json(200, {})

    def _upload(self, asked: Request) -> Response:
        """Return where to PUT an object, signed with the account's own key."""
        import oss2  # noqa: PLC0415 - slow, and the page is up before it is needed

        bucket, key = _given(asked, "bucket"), _given(asked, "key")
        cloud, keys = self._desk.cloud, self._desk.cloud.credentials
        if bucket not in cloud.oss.buckets or not key:
            return _json(400, {"error": "an upload needs a bucket and a key"})
        if {".", ".."} & set(key.split("/")):
            return _json(400, {"error": DOTS})
        size = _given(asked, "size")
        if size.isdigit() and int(size) > MAX_PUT_BYTES:
            return _json(400, {"error": TOO_LARGE})
        auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
        endpoint = self._desk.settings.oss_endpoint
        client = oss2.Bucket(
            auth, endpoint, bucket, region=cloud.region_id, is_path_style=True
        )
        headers = {"Content-Type": OCTETS}
        signed = client.sign_url("PUT", key, UPLOAD_SECONDS, headers, slash_safe=True)
        parts = urlsplit(signed)
        # Without the host: the page may have been opened by another name of it.
        return _json(200, {"url": f"{parts.path}?{parts.query}", "type": OCTETS})


def is_for_page(request: Request) -> bool:
    """Return whether a browser asks for the page, and no client for its buckets."""
    return (
        request.method in {"GET", "HEAD"}
        and request.path == "/"
        and not request.query
        and "authorization" not in request.headers
        and "text/html" in request.headers.get("accept", "")
    )


def _given(asked: Request, name: str) -> str:
    return asked.query_parameters.get(name, "")


def _file(name: str, *, badge: str = "") -> Response:
    folder = resources.files("image_import_cli") / "assets"
    headers = {**HEADERS, "Content-Type": FILES[name]}
    body = (folder / name).read_bytes()
    if badge:
        body = body.replace(b"</svg>", f"{badge}</svg>".encode())
    return Response(status=200, headers=headers, body=body)


def _icon(count: str) -> Response:
    """Return the icon, with how much trouble there is in its corner."""
    is_number = re.fullmatch(r"[1-9]\d?", count)
    return _file("icon.svg", badge=BADGE.format(count) if is_number else "")


def _found(asked: Request, document: object) -> Response:
    if document is None:
        return _json(404, {"error": "there is none of this name"})
    return _json(200, told_in(_given(asked, "language"), document))


def told_in(language: str, document: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a document whose reasons are in a language; the rest is left alone."""
    if language != "zh":
        return document
    if isinstance(document, dict):
        return {name: _member(name, value) for name, value in document.items()}
    if isinstance(document, list):
        return [told_in(language, item) for item in document]
    return document


def _member(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    if name == "notes":
        return [_in_chinese(str(note)) for note in value]
    if name == "reason" and isinstance(value, str):
        return _in_chinese(value)
    return told_in("zh", value)


@cache
def _in_chinese(text: str) -> str:
    return chinese().told(text)


def _json(status: int, document: object) -> Response:
    text = json.dumps(document, ensure_ascii=False)
    return Response(
        status=status,
        headers={**HEADERS, "Content-Type": "application/json"},
        body=text.encode("utf-8", "replace"),
    )
