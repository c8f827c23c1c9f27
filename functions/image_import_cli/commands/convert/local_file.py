"""A local file as the target of a conversion: written aside, renamed when it is whole.

Beside `web.qcow2` stand, until it is whole, `web.qcow2.part` with its bytes and
`web.qcow2.parts` with the number of each part that is in it; so a conversion that was
stopped goes on where it was.
"""

import os
import threading
from pathlib import Path
from typing import BinaryIO

_COPY_BYTES = 64 << 20
_ZEROS = bytes(65536)


class FileTarget:
    """Parts at their offsets in a file."""

    def __init__(self, path: Path, source: BinaryIO, *, plan_id: str) -> None:
        """Begin, or go on.

        Args:
            plan_id: What has to be the same for parts of an earlier try to count.
        """
        self._path = path
        self._aside = path.with_name(f"{path.name}.part")
        self._journal = path.with_name(f"{path.name}.parts")
        self._source = source
        self._lock = threading.Lock()
        self._there = self._read_journal(plan_id)
        if not self._there:
            self._aside.unlink(missing_ok=True)
            self._journal.write_text(f"{plan_id}\n", encoding="ascii")
        self._file = os.open(self._aside, os.O_RDWR | os.O_CREAT, 0o644)

    def _read_journal(self, plan_id: str) -> frozenset[int]:
        if not (self._aside.exists() and self._journal.exists()):
            return frozenset()
        first, *lines = self._journal.read_text(encoding="ascii").split("\n")
        if first != plan_id:
            return frozenset()
        # A last line without its end was not written to it.
        return frozenset(int(line) for line in lines[:-1] if line.isdigit())

    @property
    def aside(self) -> Path:
        """The file as long as it is not whole."""
        return self._aside

    def parts_there(self) -> frozenset[int]:
        """Return the numbers of the parts that an earlier try has left, whole."""
        return self._there

    def write(self, number: int, offset: int, data: bytes) -> None:
        """Store a part; whole clusters of zeros stay holes."""
        view = memoryview(data)
        start = 0
        for at in range(0, len(data), len(_ZEROS)):
            if data.startswith(_ZEROS, at):
                self._put(view[start:at], offset + start)
                start = at + len(_ZEROS)
        self._put(view[start:], offset + start)
        with self._lock:
            end = offset + len(data)
            if os.fstat(self._file).st_size < end:
                os.ftruncate(self._file, end)
        self._note(number)

    def copy(self, number: int, offset: int, source_offset: int, count: int) -> None:
        """Store a range of the source, which the kernel copies where it can."""
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
        source = self._source.fileno()
        try:
            return os.copy_file_range(source, self._file, count, source_offset, offset)
        except (OSError, AttributeError):
            # Another file system, or a system that cannot.
            data = os.pread(source, count, source_offset)
            self._put(memoryview(data), offset)
            return len(data)

    def _put(self, data: memoryview, offset: int) -> None:
        while data:
            written = os.pwrite(self._file, data, offset)
            data, offset = data[written:], offset + written

    def _note(self, number: int) -> None:
        with self._lock, self._journal.open("a", encoding="ascii") as file:
            file.write(f"{number}\n")

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
        os.close(self._file)
