"""A local file as the target of a conversion: written aside, renamed when it is whole.

Beside `web.qcow2` stand, until it is whole, `web.qcow2.part` with its bytes and
`web.qcow2.parts` with the number of each part that is in it; so a conversion that was
stopped goes on where it was.
"""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from disk_images.blocks.source import CannotTellError, Fetched, Source
from disk_images.convert.parts import PartLimits

from image_import_cli.commands.convert.conversion import (
    ConversionReport,
    ConversionTarget,
)

_COPY_BYTES = 64 << 20
_PART_BYTES = 8 << 20
_ZEROS = bytes(65536)


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _unpacked(path: Path) -> Path:
    return path.with_name(f"{path.name}.unpacked")


class FileTarget:
    """Parts at their offsets in a file."""

    def __init__(self, path: Path, source: BinaryIO | None, *, plan_id: str) -> None:
        """Keep where it is.

        Args:
            source: What ranges are copied from, if any are.
            plan_id: What has to be the same for parts of an earlier try to count.
        """
        self._path = path
        self._aside = _aside(path)
        self._journal = path.with_name(f"{path.name}.parts")
        self._source = source
        self._lock = threading.Lock()
        self._plan_id = plan_id
        self._there: frozenset[int] = frozenset()
        self._file = -1

    def begin(self) -> None:
        """Begin, or go on where an earlier try of the same plan was stopped."""
        self._there = self._read_journal(self._plan_id)
        if not self._there:
            self._aside.unlink(missing_ok=True)
            self._journal.write_text(f"{self._plan_id}\n", encoding="ascii")
        self._file = os.open(self._aside, os.O_RDWR | os.O_CREAT, 0o644)

    def _read_journal(self, plan_id: str) -> frozenset[int]:
        if not (self._aside.exists() and self._journal.exists()):
            return frozenset()
        first, *lines = self._journal.read_text(encoding="ascii").split("\n")
        if first != plan_id:
            return frozenset()
        # A last line without its end was not written to it.
        return frozenset(int(line) for line in lines[:-1] if line.isdigit())

    def parts_there(self) -> frozenset[int]:
        """Return the numbers of the parts that an earlier try has left, whole."""
        return self._there

    def write(self, number: int, offset: int, data: bytes) -> None:
        """Store a part; whole clusters of zeros stay holes."""
        self._reach(offset + len(data))
        view = memoryview(data)
        start = 0
        for at in range(0, len(data), len(_ZEROS)):
            if data.startswith(_ZEROS, at):
                self._put(view[start:at], offset + start)
                start = at + len(_ZEROS)
        self._put(view[start:], offset + start)
        self._note(number)

    def copy(self, number: int, offset: int, source_offset: int, count: int) -> None:
        """Store a range of the source, which the kernel copies where it can."""
        self._reach(offset + count)
        left = count
        while left > 0:
            done = self._copy_some(offset, source_offset, min(left, _COPY_BYTES))
            if not done:
                raise OSError(f"the source ends at byte {source_offset:,}")
            offset, source_offset, left = (
                offset + done,
                source_offset + done,
                left - done,
            )
        self._note(number)

    def _copy_some(self, offset: int, source_offset: int, count: int) -> int:
        assert self._source, "ranges are copied, and nobody said from where"  # noqa: S101
        source = self._source.fileno()
        try:
            return os.copy_file_range(source, self._file, count, source_offset, offset)
        except (OSError, AttributeError):
            # Another file system, or a system that cannot.
            data = os.pread(source, count, source_offset)
            self._put(memoryview(data), offset)
            return len(data)

    def _reach(self, end: int) -> None:
        """Let the file be this long before anything is written up to there.

        What is set to a size that another thread's bytes lie beyond would lose them.
        """
        with self._lock:
            if os.fstat(self._file).st_size < end:
                os.ftruncate(self._file, end)

    def _put(self, data: memoryview, offset: int) -> None:
        while data:
            written = os.pwrite(self._file, data, offset)
            data, offset = data[written:], offset + written

    def _note(self, number: int) -> None:
        with self._lock, self._journal.open("a", encoding="ascii") as file:
            file.write(f"{number}\n")

    def seal(self, size_bytes: int | None) -> Source:
        """Return the file, which is whole.

        Raises:
            OSError: It is not, as when another program has changed it.
        """
        found = os.fstat(self._file).st_size
        if size_bytes is not None and found != size_bytes:
            raise OSError(f"{self._aside} has {found:,} bytes, expected {size_bytes:,}")
        return opened(self._file, lambda _: None)

    def finish(self) -> None:
        """Give the whole file its name."""
        self._aside.replace(self._path)
        self._journal.unlink(missing_ok=True)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._aside.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def opened(descriptor: int, on_read: Callable[[int], None]) -> Source:
    """Return an open file as a source.

    Args:
        on_read: Is told how many bytes each read has brought.
    """

    def fetch(offset: int, count: int) -> bytes:
        data = os.pread(descriptor, count, offset)
        on_read(len(data))
        return data

    return Fetched(fetch=fetch, size_bytes=os.fstat(descriptor).st_size)


class LocalFile:
    """A source that is a file, with those beside it that it names.

    Attributes:
        marks: Size and time of each that was opened.
    """

    def __init__(self, path: Path, report: ConversionReport) -> None:
        self._path = path
        self._report = report
        self._files = ExitStack()
        self.marks: list[str] = []
        self.main: BinaryIO | None = None

    def open(self) -> Source:
        """Return the file itself.

        Raises:
            OSError: It cannot be read.
        """
        self.main, source = self._open(self._path)
        return source

    def beside(self, name: str) -> Source:
        """Return the file of a plain name beside it.

        Raises:
            CannotTellError: It cannot be read.
        """
        try:
            return self._open(self._path.with_name(name))[1]
        except OSError as exc:
            raise CannotTellError(
                f"{name!r}, which {self._path.name} names, cannot be read:"
                f" {exc.strerror}; put it beside it"
            ) from exc

    def _open(self, path: Path) -> tuple[BinaryIO, Source]:
        file = self._files.enter_context(path.open("rb"))
        stat = os.fstat(file.fileno())
        self.marks.append(f"{stat.st_size} {stat.st_mtime_ns}")
        return file, opened(file.fileno(), self._report.count_read)

    def replace(self, path: Path) -> Source:
        """Return what was unpacked, which is the source from now on."""
        self._path = path
        return self.open()

    def close(self) -> None:
        """Close all files."""
        self._files.close()


class FileRoute:
    """From a local file to another.

    Attributes:
        limits, report, marks: As `Route` has them.
    """

    def __init__(
        self, source: Path, target: Path, limits: PartLimits | None = None
    ) -> None:
        self.limits = limits or PartLimits(usual_bytes=_PART_BYTES)
        self.report = ConversionReport()
        self._source = LocalFile(source, self.report)
        self._target = target
        self.marks = self._source.marks
        self.open, self.beside = self._source.open, self._source.beside

    def close(self) -> None:
        """Close all files, and leave nothing of what was unpacked."""
        self._source.close()
        leave_nothing_unpacked(self._target)

    def target(self, plan_id: str) -> ConversionTarget:
        """Return the target, to which the kernel copies ranges where it can."""
        assert self._source.main  # noqa: S101 - it was opened before
        return FileTarget(self._target, self._source.main, plan_id=plan_id)

    def scratch(self, plan_id: str) -> ConversionTarget:
        """Return a file beside the target."""
        return unpacked_beside(self._target, plan_id)

    def unpacked(self, scratch: ConversionTarget, size_bytes: int) -> Source:
        """Return what was unpacked there, which is the source from now on."""
        scratch.seal(size_bytes)
        return self._source.replace(_aside(_unpacked(self._target)))


def leave_nothing_unpacked(path: Path) -> None:
    """Delete what was unpacked beside a path: another try unpacks it anew."""
    unpacked = _unpacked(path)
    for name in (unpacked.name, f"{unpacked.name}.part", f"{unpacked.name}.parts"):
        path.with_name(name).unlink(missing_ok=True)


def unpacked_beside(path: Path, plan_id: str) -> ConversionTarget:
    """Return the file beside a path in which what is packed is unpacked."""
    return FileTarget(_unpacked(path), None, plan_id=plan_id)
