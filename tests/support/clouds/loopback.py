"""A plain HTTP server on this machine that says what it is told and keeps what it got.

It knows nothing of the cloud: what our requests look like is for the tests to check.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.structures import CaseInsensitiveDict


@dataclass(frozen=True, kw_only=True)
class Got:
    """One request, as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, kw_only=True)
class Say:
    """One answer: JSON, or bytes as they are; `hang_up` sends none at all."""

    json: Any = None
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False
    keep_silent: bool = False

    @property
    def content(self) -> bytes:
        return self.body if self.json is None else json.dumps(self.json).encode()


Answer = Say | Callable[[Got], Say]
"""What is said, or what makes it of the request."""


class Loopback:
    """The server, and what it got."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.got: list[Got] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def only(self) -> Got:
        (got,) = self.got
        return got

    def next_answer(self, got: Got) -> Say:
        several = len(self.answers) > 1
        answer = self.answers.pop(0) if several else self.answers[0]
        return answer if isinstance(answer, Say) else answer(got)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Serve these answers, each once and the last one for ever."""
    server = Loopback(*answers, tls=tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet per answer, or each waits 40 ms for the last

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            got = Got(
                method=self.command,
                target=self.path,
                headers=CaseInsensitiveDict(self.headers.items()),
                body=self.rfile.read(length),
            )
            loopback.got.append(got)
            answer = loopback.next_answer(got)
            if answer.keep_silent:
                loopback.closing.wait()
            if answer.keep_silent or answer.hang_up:
                self.close_connection = True
                return
            self._say(answer)

        do_GET = do_PUT = do_DELETE = do_HEAD = do_CONNECT = do_POST  # noqa: N815 - http.server's names

        def _say(self, answer: Say) -> None:
            self.send_response_only(answer.status)
            now = self.date_time_string()
            said = {"Content-Type": "application/json", "Date": now, **answer.headers}
            if "Transfer-Encoding" not in said:
                said.setdefault("Content-Length", str(len(answer.content)))
            self._send_headers(said.items())
            self.wfile.write(answer.content)

        def _send_headers(self, said: Iterable[tuple[str, str]]) -> None:
            for name, value in said:
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - same
            """Say nothing."""

    return Handler
