"""The cloud in place of the network, for whatever this process sends by `requests`."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader

import requests
import responses
from requests import PreparedRequest
from urllib3.exceptions import ProtocolError

from fake_aliyun.core.clock import Clock, ManualClock
from fake_aliyun.core.errors import ConnectionLostError
from fake_aliyun.core.http import Request, Response, header_text
from fake_aliyun.core.protocols import Cloud

METHODS = ("GET", "PUT", "POST", "HEAD", "DELETE", "OPTIONS", "PATCH")
NO_TIMEOUT = float("inf")
Answer = tuple[int, Mapping[str, str], "bytes | BufferedReader"]


@contextmanager
def intercepted(cloud: Cloud) -> Iterator[None]:
    """Answer every request of this process while the block runs."""
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)

    def forget() -> None:
        for noted in (mock.calls, *(known.calls for known in mock.registered())):
            noted.reset()

    answer = _answerer(cloud, forget)
    for method in METHODS:
        mock.add_callback(method, re.compile(".*"), callback=answer, content_type=None)
    with mock:
        yield


def _answerer(
    cloud: Cloud, forget: Callable[[], None]
) -> Callable[[PreparedRequest], Answer]:
    """Return what answers a request.

    Args:
        cloud: Which notes the request itself.
        forget: Drops what `responses` has noted of earlier ones: bodies, twice.
    """

    def answer(prepared: PreparedRequest) -> Answer:
        forget()
        timeout_seconds = _read_timeout(prepared)
        try:
            response = cloud.handle(_request(prepared))
        except ConnectionLostError as lost:
            raise _as_requests_says(lost, cloud.clock, timeout_seconds) from lost
        seconds = response.delay_seconds + _body_seconds(response)
        if seconds >= timeout_seconds:
            _wait(cloud.clock, timeout_seconds)
            raise requests.exceptions.ReadTimeout(f"timeout={timeout_seconds}")
        _wait(cloud.clock, seconds)
        return response.status, _headers(response, prepared), _body(response)

    return answer


def _request(prepared: PreparedRequest) -> Request:
    return Request.from_url(
        prepared.method or "GET",
        prepared.url or "",
        headers={_text(k): _on_the_wire(v) for k, v in prepared.headers.items()},
        body=_read(prepared.body),
    )


def _text(value: str | bytes) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else value


def _on_the_wire(value: str | bytes) -> str:
    """Return a header value as it would arrive.

    Raises:
        UnicodeEncodeError: It would not leave: text must fit into Latin-1.
    """
    raw = value if isinstance(value, bytes) else value.encode("latin-1")
    return header_text(raw.decode("latin-1"))


def _read(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8")
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if hasattr(body, "read"):
        return bytes(body.read())
    if isinstance(body, Iterable):
        return b"".join(body)
    raise TypeError(f"a request body of type {type(body).__name__}")


def _read_timeout(prepared: PreparedRequest) -> float:
    timeout = getattr(prepared, "req_kwargs", {}).get("timeout")
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    return NO_TIMEOUT if timeout is None else float(timeout)


def _headers(response: Response, prepared: PreparedRequest) -> dict[str, str]:
    headers = dict(response.headers)
    if response.is_chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif prepared.method != "HEAD":
        length = len(response.content) + response.length_off
        headers.setdefault("Content-Length", str(length))
    return headers


def _body(response: Response) -> bytes | BufferedReader:
    content = response.content
    if response.cut_at is not None:
        content = content.span(0, response.cut_at)
    if response.length_off < 0:
        content = content.span(0, len(content) + response.length_off)
    return content.open() if content.is_sparse else content.to_bytes()


def _body_seconds(response: Response) -> float:
    """Return how long a body takes that comes slowly."""
    speed = response.bytes_per_second
    return len(response.content) / speed if speed else 0


def _wait(clock: Clock, seconds: float) -> None:
    """Let time pass: in the cloud if its clock is moved by hand, else really."""
    if seconds in {0, NO_TIMEOUT}:
        return
    if isinstance(clock, ManualClock):
        clock.advance(seconds)
    else:
        time.sleep(seconds)


def _as_requests_says(
    lost: ConnectionLostError, clock: Clock, timeout_seconds: float
) -> requests.exceptions.RequestException:
    if lost.kind == "timeout":
        # Nobody wants to sit out a time-out by the machine's clock.
        if isinstance(clock, ManualClock):
            _wait(clock, timeout_seconds)
        return requests.exceptions.ReadTimeout(f"timeout={timeout_seconds}")
    _wait(clock, lost.after_seconds)
    cause = ConnectionResetError(104, "Connection reset by peer")
    return requests.exceptions.ConnectionError(
        ProtocolError("Connection aborted.", cause)
    )
