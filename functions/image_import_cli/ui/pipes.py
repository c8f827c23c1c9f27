"""Standard output and error whose reader may go away, as with `| head -1`.

Python ignores SIGPIPE, so that a write fails instead; whoever writes would tell of it,
each in a way of its own: a traceback, "Aborted!", or status 1 as if an import had
failed. Here it ends the program without a word, as it ends git or grep, and with the
status that a shell shows for those.

Source: Python, "signal", note on SIGPIPE; POSIX.1-2024, "2.8.2 Exit Status for
Commands", with the 128 that bash adds; read 2026-11.
"""

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

READER_GONE = 141
"""128 and SIGPIPE's number."""


class _Pipe(io.FileIO):
    """A file descriptor; once nobody reads it, what is written to it is dropped."""

    is_gone = False
    is_told = False

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever is bytes-like
        """Write some bytes.

        Raises:
            SystemExit: Nobody reads them; once, and to the main thread, so that what
                has begun can still be ended in order.
        """
        try:
            if not self.is_gone:
                return super().write(data) or 0
        except BrokenPipeError:
            self.is_gone = True
        if not self.is_told and threading.current_thread() is threading.main_thread():
            self.is_told = True
            raise SystemExit(READER_GONE)
        return len(data)


@contextmanager
def readers_may_go() -> Iterator[None]:
    """Let the program end quietly when nobody reads what it prints any more.

    Raises:
        SystemExit: That was so.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _watched(sys.stdout), _watched(sys.stderr)
    try:
        yield
    finally:
        try:
            if not _is_closed(sys.stdout):
                sys.stdout.flush()
        finally:
            sys.stdout, sys.stderr = before


def _is_closed(stream: TextIO | None) -> bool:
    """Whether the program was started with this stream closed, as by `>&-`."""
    return stream is None


def _watched(stream: TextIO) -> TextIO:
    """Return a stream like this one, onto the same file."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        pipe = _Pipe(stream.fileno(), "wb", closefd=False)
    except (OSError, ValueError):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        pipe if stream.write_through else io.BufferedWriter(pipe),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
