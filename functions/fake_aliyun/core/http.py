"""Requests and responses as every transport hands them over.

`in_process` and `server` turn what they carry into a `Request` and a `Response` into
what they carry; nothing else in this package knows how bytes travel.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

from fake_aliyun.core.content import Content
from fake_aliyun.core.errors import NotImitatedError

HOSTS_OF_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


def lower_names(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name, values stripped of outer blanks."""
    return {name.lower(): value.strip() for name, value in headers}


def header_text(value: str) -> str:
    """Return a header value, read as Latin-1, as the UTF-8 that clients of OSS send."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return parameters by name; which of two the cloud takes is stated nowhere."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise NotImitatedError(f"the parameter {name!r} given twice", known=names)
    return dict(pairs)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request.

    Attributes:
        path: As on the wire, percent-encoded, without the query.
        query: As on the wire, without the question mark.
        headers: By lower-case name.
        is_named_here: Whether the host is a further name of the machine that serves.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    client: str = "127.0.0.1"
    is_named_here: bool = False

    @classmethod
    def from_url(
        cls, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> "Request":
        """Return a request to an absolute URL."""
        parts = urlsplit(url)
        names = lower_names(headers.items())
        return cls(
            method=method,
            scheme=parts.scheme,
            host=names.get("host", parts.netloc.rpartition("@")[2]).lower(),
            path=parts.path or "/",
            query=parts.query,
            headers=names,
            body=body,
        )

    @cached_property
    def hostname(self) -> str:
        """Return the host without its port."""
        name, colon, port = self.host.rpartition(":")
        return name if colon and port.isdecimal() else self.host

    @cached_property
    def is_to_this_machine(self) -> bool:
        """Return whether the host is an address of the machine itself."""
        return self.is_named_here or self.hostname in HOSTS_OF_THIS_MACHINE

    @cached_property
    def decoded_path(self) -> str:
        """Return the path without percent-encoding."""
        return unquote(self.path)

    @cached_property
    def query_parameters(self) -> dict[str, str]:
        """Return the decoded query; a name without value has the value "".

        Raises:
            NotImitatedError: A name comes twice.
        """
        return _once(parse_qsl(self.query, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        """Return the decoded form in the body, or {} if the body is no form."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return {}
        text = self.body.decode("utf-8", "replace")
        return _once(parse_qsl(text, keep_blank_values=True))


@dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP response.

    Attributes:
        body: What is declared and, unless cut, sent.
        cut_at: How many bytes of the body arrive before the connection breaks.
        delay_seconds: How long the answer waits before it is sent.
        length_off: By how much the declared length is not that of the body.
        is_chunked: Whether it is sent in chunks, without a declared length.
        bytes_per_second: How slowly the body is sent; 0 for at once.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Content = b""
    cut_at: int | None = None
    delay_seconds: float = 0
    length_off: int = 0
    bytes_per_second: float = 0
    is_chunked: bool = False

    @property
    def content(self) -> Content:
        """Return the body in one shape."""
        return self.body if isinstance(self.body, Content) else Content([self.body])

    @property
    def text(self) -> str:
        """Return a body that is text."""
        return self.content.to_bytes().decode("utf-8")
