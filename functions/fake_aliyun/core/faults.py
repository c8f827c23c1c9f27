"""Failures on request: which requests fail, how, and how often."""

import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from types import NoneType

from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.proxies import PROXIES, REPLACING

ANY = "*"
MOST_DELAY_SECONDS = 86_400
_RANGES = {
    "times": (1, sys.maxsize),
    "skip": (0, sys.maxsize),
    "http_status": (200, 599),
    "delay_seconds": (0, MOST_DELAY_SECONDS),
    "cut_at": (0, sys.maxsize),
    "bytes_per_second": (0, sys.maxsize),
}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
"""Source: RFC 9110, "Fields", 5.6.2 and 5.5: no control characters but tabs."""

_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
"""What says where an answer ends; `cut_at` and `reset` are there to break that."""

_KINDS: Mapping[str, tuple[type, ...]] = {
    "http_status": (int, NoneType),
    "cut_at": (int, NoneType),
    "delay_seconds": (int, float),
    "bytes_per_second": (int, float),
    "headers": (Mapping,),
}
"""What is not of its default's type alone."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of failure, asked for by a test.

    Without any of `code`, `http_status`, `html`, `reset`, `timeout` and a `proxy` that
    answers by itself the request succeeds; the other options then still act on its
    answer.

    Attributes:
        service: One of `hosts.ServiceName`, or "*".
        action: An API operation's name, or "*".
        key: Only requests about this object key, or "" for all.
        times: How many matching requests fail; then the fault is over.
        skip: How many matching requests are let through first.
        code: The service's error code; status and message follow from it where known.
        html: Answer with an HTML page, as a proxy in between would.
        proxy: What something in between does: one of `proxies.PROXIES`.
        reset: The connection is reset instead of an answer.
        timeout: No answer ever comes.
        after_effect: The operation is done, only its answer is replaced or lost.
        delay_seconds: How late the answer comes.
        cut_at: The connection breaks after so many bytes of the body.
        bytes_per_second: How slowly the body comes; 0 for at once.
    """

    service: str = ANY
    action: str = ANY
    key: str = ""
    times: int = 1
    skip: int = 0
    code: str = ""
    message: str = ""
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    html: bool = False
    reset: bool = False
    timeout: bool = False
    after_effect: bool = False
    delay_seconds: float = 0
    cut_at: int | None = None
    proxy: str = ""
    bytes_per_second: float = 0

    def __post_init__(self) -> None:
        self._check_values()
        answers = self.proxy in REPLACING
        endings = (self.html, self.reset, self.timeout, bool(self.code), answers)
        if sum(endings) > 1:
            raise ValueError("a fault is one of code, html, reset, timeout and proxy")
        slows = self.delay_seconds or self.bytes_per_second
        if not (self.replaces_answer or self.proxy or slows or self.cut_at is not None):
            raise ValueError(
                "a fault needs one of code, http_status, html, reset, timeout, proxy, "
                "delay_seconds, cut_at and bytes_per_second"
            )
        if self.proxy and self.proxy not in PROXIES:
            known = ", ".join(sorted(PROXIES))
            raise ValueError(f"proxy holds {self.proxy!r}; it may hold {known}")

    def _check_values(self) -> None:
        """Refuse what JSON may hold in a value's place, and counts that never end."""
        for item in fields(self):
            value = getattr(self, item.name)
            kinds = _KINDS.get(item.name) or (type(item.default),)
            is_odd = isinstance(value, bool) and bool not in kinds
            if is_odd or not isinstance(value, kinds):
                names = " or ".join(kind.__name__ for kind in kinds)
                raise ValueError(f"{item.name} holds {value!r}; it may hold {names}")
        for name, (least, most) in _RANGES.items():
            number = getattr(self, name)
            if number is not None and not least <= number <= most:
                raise ValueError(
                    f"{name} holds {number}; it may hold {least} to {most}"
                )
        for name, value in self.headers.items():
            _check_header(name, value)

    @property
    def replaces_answer(self) -> bool:
        """Return whether the client gets no answer of the operation itself."""
        lost = self.reset or self.timeout
        answers = self.html or self.proxy in REPLACING
        return bool(self.code or self.http_status or lost or answers)

    @classmethod
    def from_json(cls, document: object) -> "Fault":
        """Return the fault that a JSON object describes by the names above.

        Raises:
            NotImitatedError: It has a name that is not above.
            ValueError: It is no object, or a value is not what it may be.
        """
        if not isinstance(document, Mapping):
            example = '{"code": "InternalError"}'
            raise ValueError(f"a fault is a JSON object, as {example}")  # noqa: TRY004
        names = {item.name for item in fields(cls)}
        if unknown := set(document) - names:
            raise NotImitatedError(f"a fault with {sorted(unknown)}", known=names)
        return cls(**document)

    def is_about(self, *, service: str, action: str, key: str) -> bool:
        """Return whether this fault concerns such a request."""
        return (
            self.service in {ANY, service}
            and self.action in {ANY, action}
            and self.key in {"", key}
        )


def _check_header(name: object, value: object) -> None:
    """Refuse a header that HTTP cannot carry."""
    if not (isinstance(name, str) and _HEADER_NAME.fullmatch(name)):
        raise ValueError(f"headers holds the name {name!r}; it may hold A-Z, 0-9 and -")
    if name.lower() in _FRAMING:
        raise ValueError(f"headers holds {name}; the server sets it by itself")
    if not (isinstance(value, str) and _HEADER_VALUE.fullmatch(value)):
        raise ValueError(
            f"headers holds {value!r} as {name}; it may hold text of one line"
        )


@dataclass(frozen=True, kw_only=True)
class Remaining:
    """How much of a fault is still to come.

    Attributes:
        left: How many matching requests will still fail.
        skips_left: How many are let through before that.
    """

    fault: Fault
    left: int
    skips_left: int


@dataclass(kw_only=True)
class _Pending:
    fault: Fault
    skip: int
    left: int


class Faults:
    """The failures still to come, in the order in which they were asked for."""

    def __init__(self, *, check: Callable[[Fault], None] | None = None) -> None:
        """Make it empty; `check` refuses faults that could never be carried out."""
        self._check = check
        self._pending: list[_Pending] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let coming requests fail."""
        if self._check:
            self._check(fault)
        with self._lock:
            waiting = _Pending(fault=fault, skip=fault.skip, left=fault.times)
            self._pending.append(waiting)

    def clear(self) -> None:
        """Forget every failure still to come."""
        with self._lock:
            self._pending.clear()

    def pending(self) -> list[Fault]:
        """Return the faults that have not been used up."""
        with self._lock:
            return [pending.fault for pending in self._pending]

    def remaining(self) -> list[Remaining]:
        """Return how much of each fault is still to come."""
        with self._lock:
            return [
                Remaining(fault=item.fault, left=item.left, skips_left=item.skip)
                for item in self._pending
            ]

    def take(self, *, service: str, action: str, key: str) -> Fault | None:
        """Return the fault that this request meets, and count it."""
        with self._lock:
            for pending in self._pending:
                if not pending.fault.is_about(service=service, action=action, key=key):
                    continue
                if pending.skip:
                    pending.skip -= 1
                    continue
                pending.left -= 1
                if not pending.left:
                    self._pending.remove(pending)
                return pending.fault
        return None


def shown_faults(faults: Faults) -> list[dict[str, object]]:
    """Return the faults still to come, as JSON can show them."""
    return [
        {**asdict(item.fault), "left": item.left, "skips_left": item.skips_left}
        for item in faults.remaining()
    ]
