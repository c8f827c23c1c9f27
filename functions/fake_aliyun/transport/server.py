"""The cloud over HTTP on a port, for any client that can be given an endpoint.

Clients that insist on a cloud's host names can use the server as an HTTP proxy: it
takes absolute URLs and goes by their host.

Unless said otherwise it listens on 127.0.0.1 alone. Elsewhere it is reached by more
names, and answers to those that no page of the internet can have: a browser that was
lured to such a page would take the server for a part of it (DNS rebinding).
"""

import errno
import json
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from types import TracebackType
from urllib.parse import urlsplit

from fake_aliyun.core.content import Content
from fake_aliyun.core.errors import ConnectionLostError, NotImitatedError
from fake_aliyun.core.exchange import NOT_IMITATED
from fake_aliyun.core.http import Request, Response, header_text, lower_names
from fake_aliyun.core.protocols import Cloud
from fake_aliyun.transport.admin import ADMIN_PREFIX, answer_admin

READING = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"", "same-origin", "none"})
"""No browser, a page of ours, or the address bar; `same-site` is another port."""


def foreign_sign(request: Request) -> str:
    """Return the header by which a foreign page asks for a change, "" if none does."""
    if request.method in READING:
        return ""
    origin = request.headers.get("origin", "")
    if origin and origin.lower() != f"{request.scheme}://{request.host}":
        return f"Origin: {origin}"
    site = request.headers.get("sec-fetch-site", "")
    return "" if site in OWN_SITES else f"Sec-Fetch-Site: {site}"


ADDRESS = "127.0.0.1"
ANY_ADDRESS = {"0.0.0.0": ADDRESS, "::": "::1"}  # noqa: S104 - others may ask for it
"""What stands for all addresses of this machine, and one at which it asks itself."""

PRIVATE_DOMAINS = (".internal", ".local", ".home.arpa")
"""No name in the internet ends so.

Source: ICANN board resolution 2024-07-29 (.internal), RFC 6762 and RFC 8375, read
2026-11.
"""

POLL_SECONDS = 0.02
SILENCE_SECONDS = 300
"""How long a request that never gets an answer is held, unless its fault says."""

OWN_PREFIX = "/_"
"""How paths begin that are never the cloud's: no bucket is called so."""

Front = Callable[[Request], Response | None]
"""Stands before the cloud: answers a request to this machine, or returns None.

It is asked about all that is addressed to the machine itself, not about what names a
host of the cloud. What would change something under `OWN_PREFIX` has come from no
foreign page.
"""


class Server:
    """A cloud on a port; as a context manager it serves while the block runs."""

    def __init__(self, cloud: Cloud, *, port: int = 0, host: str = ADDRESS) -> None:
        """Listen, without an answer yet.

        Args:
            cloud: What answers.
            port: 0 for any free one.
            host: The address to listen on; 0.0.0.0 or :: for all that there are, ""
                for the usual one.

        Raises:
            OSError: The port is taken, or the address is none of this machine.
        """
        self._host = host or ADDRESS
        is_any = self._host in ANY_ADDRESS
        self._name = (socket.gethostname() if is_any else self._host).lower()
        self._stopping = threading.Event()
        self._fronts = [_admin(cloud)]
        names = frozenset({self._name} if open_to_others(host) else ())
        handler = _handler(cloud, self._fronts, self._stopping, names)
        self._http = _HttpServer((self._host, port), handler)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(POLL_SECONDS,), daemon=True
        )

    @property
    def port(self) -> int:
        """Return the port that clients connect to."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Return the address for clients, as `http://127.0.0.1:PORT`.

        Where all addresses are listened on, it has the name of the machine, by which
        other containers of a network reach this one.
        """
        return f"http://{_in_url(self._name)}:{self.port}"

    @property
    def own_url(self) -> str:
        """Return the address for clients on this machine, whatever its name is."""
        return f"http://{_in_url(ANY_ADDRESS.get(self._host, self._host))}:{self.port}"

    def __enter__(self) -> "Server":  # noqa: PYI034 - Self needs Python 3.11
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hurry()
        self._http.shutdown()
        self._http.server_close()

    def add_front(self, front: Front) -> None:
        """Let something answer some requests in the cloud's place from now on."""
        self._fronts.append(front)

    def hurry(self) -> None:
        """Hold no answer back any more, whatever faults say, since the end is near."""
        self._stopping.set()

    def wait(self) -> None:
        """Return when the server has stopped, which by itself it never does."""
        self._thread.join()


def is_loopback(host: str) -> bool:
    """Return whether nobody but this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in {"", "localhost"}


def open_to_others(host: str) -> str:
    """Return what to warn of where others reach the server, "" where nobody does."""
    if is_loopback(host):
        return ""
    return (
        f"listening on {host}: whoever reaches the port may read, change and delete "
        "everything here, since the keys are public; put no real data in"
    )


def why_not_served(error: OSError, *, host: str, port: int) -> str:
    """Return why a server did not begin, and which option to change."""
    if is_loopback(host) or error.errno in {errno.EADDRINUSE, errno.EACCES}:
        return (
            f"port {port} cannot be served on ({error.strerror}); choose another "
            "with --port, or 0 for any free one"
        )
    return (
        f"{host} cannot be listened on ({error.strerror}); --host takes an address of "
        "this machine, or 0.0.0.0 for all of them"
    )


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_private(hostname: str) -> bool:
    """Return whether no page of the internet can have this for a host name."""
    if "." not in hostname or hostname.endswith(PRIVATE_DOMAINS):
        return True
    try:
        ip_address(hostname)
    except ValueError:
        return False
    return True


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]
    ) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: what reaches this is a client that went away."""


def _admin(cloud: Cloud) -> Front:
    def front(request: Request) -> Response | None:
        is_admin = request.path.startswith(ADMIN_PREFIX)
        return answer_admin(cloud, request) if is_admin else None

    return front


def _handler(
    cloud: Cloud, fronts: list[Front], stopping: threading.Event, names: frozenset[str]
) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.cloud = cloud
    Handler.fronts = fronts
    Handler.stopping = stopping
    Handler.names = names
    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    cloud: Cloud
    fronts: list[Front]
    stopping: threading.Event
    names: frozenset[str]
    """By which others reach it, beside private ones; empty where nobody else does."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Log nothing: requests are in `cloud.requests`."""

    def handle_any(self) -> None:
        """Answer one request of whatever method."""
        try:
            request = self._read_request()
        except ValueError as error:
            self.send_error(400, explain=f"this is no HTTP request: {error}")
            self.close_connection = True
            return
        try:
            response = self._ask_fronts(request) or self.cloud.handle(request)
        except NotImitatedError as error:
            self._send(request, _not_imitated(request, error))
        except ConnectionLostError as lost:
            self._break_off(lost)
        except Exception:  # noqa: BLE001 - a bug of ours must not look like a fault
            self._send(request, _broken(traceback.format_exc()))
        else:
            self._send(request, response)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815 - theirs
    do_OPTIONS = do_PATCH = handle_any  # noqa: N815 - names the base class looks for

    def _ask_fronts(self, request: Request) -> Response | None:
        if not request.is_to_this_machine:
            return None
        if request.path.startswith(OWN_PREFIX) and (seen := foreign_sign(request)):
            return _refused(seen)
        answers = (front(request) for front in self.fronts)
        return next((answer for answer in answers if answer), None)

    def _read_request(self) -> Request:
        parts = urlsplit(self.path)
        headers = lower_names(
            (name, header_text(value)) for name, value in self.headers.items()
        )
        request = Request(
            method=self.command,
            scheme=parts.scheme or "http",
            host=(parts.netloc or headers.get("host", "")).lower(),
            path=parts.path or "/",
            query=parts.query,
            headers=headers,
            body=self._read_body(headers),
            client=str(self.client_address[0]),
        )
        name = request.hostname
        is_here = bool(self.names) and (name in self.names or _is_private(name))
        return replace(request, is_named_here=is_here)

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._read_chunk, b""))
        if self.command in READING and int(headers.get("content-length") or 0):
            # oss2's own suite sends a length and no body; OSS waits for none.
            self.close_connection = True
            return b""
        return self._read_all(int(headers.get("content-length") or 0))

    def _read_all(self, size: int) -> bytes:
        """Return that many bytes; a client that stops before has sent no request."""
        if size < 0:
            message = f"a body of {size} bytes"
            raise ValueError(message)
        data = self.rfile.read(size)
        if len(data) < size:
            message = f"{len(data)} of {size} bytes came"
            raise ConnectionAbortedError(message)
        return data

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().partition(b";")[0], 16)
        data = self._read_all(size)
        self.rfile.readline()
        return data

    def _send(self, request: Request, response: Response) -> None:
        self.stopping.wait(response.delay_seconds)
        content = response.content
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value.encode("utf-8").decode("latin-1"))
        self._send_length(request, response)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if request.method == "HEAD":
            return
        if response.cut_at is not None:
            content = content.span(0, response.cut_at)
            self.close_connection = True
        if response.length_off:
            self.close_connection = True
        if response.bytes_per_second:
            self._trickle(content, response.bytes_per_second)
            return
        for chunk in _framed(content) if response.is_chunked else content.chunks():
            self.wfile.write(chunk)

    def _send_length(self, request: Request, response: Response) -> None:
        if response.is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif request.method != "HEAD" and response.status not in {204, 304}:
            length = len(response.content) + response.length_off
            self.send_header("Content-Length", str(length))
        elif "Content-Length" not in response.headers:
            self.send_header("Content-Length", "0")

    def _trickle(self, content: Content, bytes_per_second: float) -> None:
        """Send a body byte by byte, until the end is near."""
        for chunk in content.chunks():
            for byte in chunk:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                self.stopping.wait(1 / bytes_per_second)

    def _break_off(self, lost: ConnectionLostError) -> None:
        """Close without an answer: at once with a reset, or after a long silence."""
        default = SILENCE_SECONDS if lost.kind == "timeout" else 0
        self.stopping.wait(lost.after_seconds or default)
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True


def _framed(content: Content) -> Iterator[bytes]:
    """Yield a body in the chunks of `Transfer-Encoding`."""
    for chunk in content.chunks():
        yield b"%x\r\n%b\r\n" % (len(chunk), chunk)
    yield b"0\r\n\r\n"


def _broken(trace: str) -> Response:
    print(trace, file=sys.stderr)  # noqa: T201 - the only way out of a thread
    said = {"Code": "FakeAliyun.Broken", "Message": trace}
    return Response(
        status=500,
        headers={"Content-Type": "application/json"},
        body=json.dumps(said).encode(),
    )


def _refused(seen: str) -> Response:
    said = (
        f"the request came from a page of another site ({seen}), which may change "
        "nothing here; send it from a terminal, a test or a page of this server"
    )
    return Response(
        status=403,
        headers={"Content-Type": "application/json"},
        body=json.dumps({"error": said}).encode(),
    )


def _not_imitated(request: Request, error: NotImitatedError) -> Response:
    """Return a loud refusal, told in the terminal as well: some clients hide it."""
    what = str(error).partition("\n")[0]
    told = f"501 {request.method} {request.path}: {what}"
    print(ascii(told)[1:-1], file=sys.stderr)  # noqa: T201 - the only way out
    said = {"Code": NOT_IMITATED, "Message": str(error)}
    if isinstance(error.answer, Response):
        return error.answer
    return Response(
        status=501,
        headers={"Content-Type": "application/json"},
        body=json.dumps(said).encode(),
    )
