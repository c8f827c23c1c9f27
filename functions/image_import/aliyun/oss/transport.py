"""How oss2's requests get on the wire: through requests' adapter, and little else.

A `requests.Session` prepares each request for whatever may come: it asks the
environment for proxies, merges settings, keeps cookies, parses and quotes the URL
anew. For ten exchanges with one host that is more work than the exchanges themselves.
Here what depends on the host alone is found out once per client, by requests itself,
and the rest of a request is what oss2 has signed. Redirects are followed as ever, by a
Session; cookies are not kept, for OSS sends none.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connectionpool import HTTPConnectionPool

from image_import.aliyun.oss.lazy_sdk import oss2

_CHUNK_BYTES = 64 * 1024
_WITHOUT_LENGTH = {"GET", "HEAD"}


class KeepHeaders(requests.auth.AuthBase):
    """Leave the Authorization header alone.

    Without an `auth` of its own, requests looks for the host in ~/.netrc at every
    request and would put Basic credentials over the signature.
    """

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request as it is."""
        return request


class _Prepared(requests.PreparedRequest):
    """A request that brings along the pool it goes through.

    Attributes:
        pools: Empty until the first request of a client has found its pool.
        target: Path and query.
    """

    pools: list[HTTPConnectionPool]
    target: str


class _Adapter(HTTPAdapter):
    """Sends over a pool that is given, and leaves cookies in the reply's headers."""

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,  # noqa: FBT001 - requests' signature
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> HTTPConnectionPool:
        """Return the pool of the request's host; it is looked up once per client."""
        known = request.pools if isinstance(request, _Prepared) else []
        if not known:
            find = super().get_connection_with_tls_context
            found: Any = find(request, verify, proxies=proxies, cert=cert)
            known.append(found)
        return known[0]

    def request_url(
        self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None
    ) -> str:
        """Return what stands in the request line: all of the URL only for a proxy."""
        if isinstance(request, _Prepared) and request.pools[0].proxy is None:
            return request.target
        return super().request_url(request, proxies)

    def build_response(
        self,
        req: requests.PreparedRequest,
        resp: Any,  # noqa: ANN401 - requests' signature
    ) -> requests.Response:
        """Return what came, as requests' own does for an answer without cookies."""
        response = requests.Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(dict(resp.headers.itermerged()))
        response.raw = resp
        response.reason = resp.reason
        response.url = req.url or ""
        response.request = req
        response.connection = self
        return response


class OssSession:
    """Connections that outlive an invocation, and settings for new clients."""

    def __init__(self, pool_size: int) -> None:
        self.session = requests.Session()
        self.session.auth = KeepHeaders()
        self.adapter = _Adapter(pool_connections=pool_size, pool_maxsize=pool_size)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, self.adapter)


class _Way(NamedTuple):
    """How one host is reached: proxies and TLS, and the pool once there is one."""

    origin: str
    settings: Mapping[str, Any]
    pools: list[HTTPConnectionPool]


class Reply:
    """What oss2 takes as a response."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.request_id = response.headers.get("x-oss-request-id", "")
        self._is_read = False

    def read(self, amt: int | None = None) -> bytes:
        """Return up to `amt` bytes, or all that are left; b"" after the last."""
        if self._is_read:
            return b""
        if amt is not None:
            piece: bytes = next(self.response.iter_content(amt), b"")
            self._is_read = not piece
            return piece
        self._is_read = True
        return b"".join(self)

    def __iter__(self) -> Iterator[bytes]:
        """Return the pieces of the body."""
        return self.response.iter_content(_CHUNK_BYTES)


class Sender:
    """What oss2 takes as a session: for one client, hence for one invocation."""

    def __init__(self, connections: OssSession) -> None:
        self._connections = connections
        self._verify = connections.session.verify
        self._ways: dict[str, _Way] = {}

    def do_request(self, req: oss2.http.Request, timeout: tuple[float, float]) -> Reply:
        """Return the reply to a signed request.

        Raises:
            oss2.exceptions.RequestError: There was none.
        """
        try:
            return Reply(self._send(req, timeout))
        except requests.RequestException as exc:
            raise oss2.exceptions.RequestError(exc) from exc

    def _send(
        self, req: oss2.http.Request, timeout: tuple[float, float]
    ) -> requests.Response:
        way = self._way(req.url)
        request = _prepared(req, way)
        try:
            answer: requests.Response = self._connections.adapter.send(
                request, timeout=timeout, **way.settings
            )
        except ValueError as exc:
            if isinstance(exc, requests.RequestException):
                raise
            # http.client's word for a header with a line break.
            raise requests.exceptions.InvalidHeader(str(exc)) from exc
        if answer.is_redirect:
            request.headers = CaseInsensitiveDict(request.headers)
            request.prepare_cookies({})
            session = self._connections.session
            for later in session.resolve_redirects(
                answer, request, timeout=timeout, **way.settings
            ):
                answer = later
        return answer

    def _way(self, url: str) -> _Way:
        """Return how requests would reach this host now."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        way = self._ways.get(origin)
        if way is None:
            merged = self._connections.session.merge_environment_settings(
                origin, {}, stream=True, verify=self._verify, cert=None
            )
            way = self._ways.setdefault(origin, _Way(origin, merged, []))
        return way


def _prepared(req: oss2.http.Request, way: _Way) -> _Prepared:
    """Return the request as a Session would have prepared it.

    oss2 has quoted the key, and quotes in it whatever is no letter, digit or `_.-~`.
    """
    request = _Prepared()
    request.method = req.method
    params = [(name, text) for name, text in req.params.items() if text is not None]
    url = f"{req.url}?{urlencode(params)}" if params else req.url
    request.url = url
    request.target = url.removeprefix(way.origin)
    request.pools = way.pools
    request.body = req.data or None
    told = {name: text for name, text in req.headers.lower_items() if text is not None}
    if request.body:
        told["Content-Length"] = str(len(request.body))
    elif req.method not in _WITHOUT_LENGTH:
        told["Content-Length"] = "0"
    # A plain dict is enough for the adapter, which asks it one name.
    headers = {"accept": "*/*", "connection": "keep-alive", **told}
    request.headers = headers  # type: ignore[assignment]
    return request
