"""What a function logs while it runs, line by line as the runtime writes it.

Source: `bootstrap.py` of the Python runtime as found on live instances, read 2026-11:
UTC time with milliseconds, request ID, level, message; level INFO.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

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
