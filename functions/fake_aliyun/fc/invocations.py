"""One invocation: its payload, its attempts, and how an attempt is made.

Source: "Error handling" and "Handler", Function Compute documentation; `bootstrap.py`
of the Python runtime as found on live instances; read 2026-11: bytes and text are
passed on, everything else becomes JSON; an escaped exception is an
UnhandledInvocationError with HTTP status 200.
"""

import json
import logging
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from fake_aliyun.fc.models import Function
from fake_aliyun.fc.runtime.context import FcContext
from fake_aliyun.fc.runtime.function import FcFunction
from fake_aliyun.ram.models import KeyPair

_level_lock = threading.Lock()
_running = 0
_level_before = logging.WARNING


class _Lines(logging.Handler):
    def __init__(self, request_id: str) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self._request_id = request_id
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self._thread:
            return
        moment = datetime.fromtimestamp(record.created, tz=timezone.utc)
        stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        self.lines.append(
            f"{stamp} {self._request_id} [{record.levelname}] {record.getMessage()}"
        )


@contextmanager
def logged(request_id: str) -> Iterator[list[str]]:
    """Yield the list that fills with the lines which this thread logs in the block."""
    root = logging.getLogger()
    handler = _Lines(request_id)
    root.addHandler(handler)
    _raise_level(root)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        _restore_level(root)


def _raise_level(root: logging.Logger) -> None:
    global _running, _level_before  # noqa: PLW0603 - the root logger is global too
    with _level_lock:
        if not _running:
            _level_before = root.level
            root.setLevel(min(root.level or logging.INFO, logging.INFO))
        _running += 1


def _restore_level(root: logging.Logger) -> None:
    global _running  # noqa: PLW0603 - the root logger is global too
    with _level_lock:
        _running -= 1
        if not _running:
            root.setLevel(_level_before)


Status = Literal["Enqueued", "Running", "Retrying", "Succeeded", "Failed", "Expired"]
UNHANDLED = "UnhandledInvocationError"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What came of running a function once.

    Attributes:
        http_status: 200 also for an error of the function; else of the platform.
        error_type: UnhandledInvocationError, a platform's error code, or "".
        body: The result, or the description of the error.
    """

    http_status: int
    error_type: str
    body: bytes
    log_lines: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Return whether the function ran to its end."""
        return not self.error_type

    @property
    def is_platform_fault(self) -> bool:
        """Return whether the function was not run at all."""
        return self.http_status >= 400


@dataclass(kw_only=True)
class FcInvocation:
    """One call of a function, with all its attempts.

    Attributes:
        due: When the next attempt is made.
        started_by: `account`, `role/NAME`, `timer/NAME`, or an event source's ARN.
    """

    function: Function
    payload: bytes
    enqueued: datetime
    due: datetime
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    task_id: str = ""
    started_by: str = "account"
    status: Status = "Enqueued"
    attempts: list[Attempt] = field(default_factory=list)
    platform_faults: int = 0

    @property
    def is_open(self) -> bool:
        """Return whether something may still become of it."""
        return self.status in {"Enqueued", "Running", "Retrying"}

    @property
    def result(self) -> bytes:
        """Return what the last attempt gave."""
        return self.attempts[-1].body if self.attempts else b""


def run(
    invocation: FcInvocation, context_of: Callable[[FcInvocation], FcContext]
) -> Attempt:
    """Return what comes of calling a function's handler now."""
    context = context_of(invocation)
    handler = invocation.function.handler
    if isinstance(handler, FcFunction):
        return _run_code(handler, invocation.payload, context)
    with logged(invocation.request_id) as lines:
        try:
            result = handler(invocation.payload, context)
            body, error_type = _as_body(result), ""
        except Exception as error:  # noqa: BLE001 - as the runtime does
            body, error_type = _as_error(error), UNHANDLED
    return Attempt(
        http_status=200, error_type=error_type, body=body, log_lines=tuple(lines)
    )


def _run_code(code: FcFunction, payload: bytes, context: FcContext) -> Attempt:
    """Return what comes of running a code package, in a process of its own."""
    keys = context.credentials
    came = code.invoke(
        payload,
        credentials=KeyPair(
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            security_token=keys.security_token,
        ),
        request_id=context.request_id,
        retry_count=int(context.retry_count),
    )
    return Attempt(
        http_status=200,
        error_type=came.error_type,
        body=came.payload,
        log_lines=tuple(came.log.splitlines()),
    )


def _as_body(result: object) -> bytes:
    if isinstance(result, bytes):
        return result
    if isinstance(result, str):
        return result.encode()
    return json.dumps(result, indent=4, sort_keys=True).encode()


def _as_error(error: Exception) -> bytes:
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return json.dumps(
        {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "stackTrace": [
                [f"File {f.filename}", f"line {f.lineno}", f"in {f.name}", f.line or ""]
                for f in frames
            ],
        }
    ).encode()
