"""Connections whose read time-out is that of a whole answer.

requests' time-out begins anew with each byte that comes: a server that sends one in ten
seconds is never too slow, and keeps an invocation until the platform kills it. Here
an answer, from its first byte to its last, takes no longer than the read time-out.

Source: "Timeouts", requests documentation, read 2026-12: "not a time limit on the
entire response download".
"""

import io
import socket
import time
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

KEPT_SECONDS = 2.0
"""What is kept of the function's time-out to put on record how it ended."""

SHORTEST_SECONDS = 1.0


class OutOfTime(RequestException):
    """There is no time left to ask."""


def within(remaining: float, timeouts: tuple[float, float]) -> tuple[float, float]:
    """Return time-outs to connect and to answer that end before we are killed.

    Args:
        remaining: Seconds until the platform kills the function.
        timeouts: Seconds to connect and for the answer if there is time enough.

    Raises:
        OutOfTime: There is not even time to ask.
    """
    most = remaining - KEPT_SECONDS
    if most < SHORTEST_SECONDS:
        raise OutOfTime(f"{remaining:.1f} s are left of the function's time-out")
    connect = min(timeouts[0], most / 2)
    return connect, min(timeouts[1], most - connect)


class TimedAdapter(HTTPAdapter):
    """Sends over such connections, through proxies as well."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - theirs
        """Make the connections of this adapter."""
        self._pools: dict[Any, Any] = {}
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: bool | str | None,  # noqa: FBT001 - theirs
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> Any:  # noqa: ANN401 - theirs
        """Return the pool of a request's host, which requests finds once for all.

        It parses the URL four times to find it: 6 % of a warm event, profiled 2026-12.
        """
        origin = tuple((request.url or "").split("/", 3)[:3])
        way = (origin, verify, tuple((proxies or {}).items()), cert)
        if way not in self._pools:
            self._pools[way] = super().get_connection_with_tls_context(
                request, verify, proxies=proxies, cert=cert
            )
        return self._pools[way]

    def request_url(
        self, request: PreparedRequest, proxies: Mapping[str, str] | None
    ) -> str:
        """Return what stands in the request line.

        Without proxies that is the path and query, which requests finds only after it
        has parsed the URL twice. Measured 2026-12: 2 % of a warm event's instructions.
        """
        if not proxies:
            return request.path_url
        return super().request_url(request, proxies)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401 - theirs
        """Return what makes the connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _TimedResponse(HTTPResponse):
    """An answer that has to be there in time, headers and all."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - theirs
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Limited(self.fp.detach(), sock))


class _Limited(io.RawIOBase):
    """What a socket brings, until its time-out has passed as a whole."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._seconds = sock.gettimeout()
        self._end = time.monotonic() + (self._seconds or 0)
        self._is_first = True

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any buffer
        """Read what is there, or wait for it as long as the answer may last.

        At the first read that is as long as the socket waits anyway. Most answers need
        no second one, and to tell the socket is a system call.
        """
        if self._seconds is None or self._is_first:
            self._is_first = False
            return self._raw.readinto(buffer)
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"the whole answer took over {self._seconds} s")
        self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(self._seconds)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _Http(HTTPConnection):
    response_class = _TimedResponse


class TimedHttps(HTTPSConnection):
    """A connection with TLS whose answers have to be there in time."""

    response_class = _TimedResponse


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = TimedHttps


_POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _HttpPool, "https": _HttpsPool}
