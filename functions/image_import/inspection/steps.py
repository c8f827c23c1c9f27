"""Many small look-ups on one source, side by side.

A look-up is a generator: it yields the ranges that it will read next, and reads them
once it goes on. So each can be read from top to bottom, and yet all those under way
wait for the network together: one round trip for each step of the longest.

Room: core.
"""

from collections.abc import Generator, Iterable
from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeVar

from image_import.inspection.parts import CannotTellError, DamagedError, Source

Range: TypeAlias = tuple[int, int]
T = TypeVar("T")
Steps: TypeAlias = Generator[list[Range], None, T]

# More than a sound look-up takes: 40 links of 20 folders of 4 steps.
_MAX_STEPS = 4096


class Extent(NamedTuple):
    """Where a piece of a file stands.

    Attributes:
        start: Its first byte in the file.
        at: Its first byte on the source, None where the file has zeros.
        length: Its number of bytes.
    """

    start: int
    at: int | None
    length: int


def finish(source: Source, steps: Steps[T]) -> T:
    """Return what a look-up comes to, alone."""
    for _ in range(_MAX_STEPS):
        try:
            ranges = next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result
        source.want(ranges)
    steps.close()
    raise CannotTellError(f"it takes more than {_MAX_STEPS:,} steps to look up")


def side_by_side(source: Source, many: Iterable[Steps[object]]) -> None:
    """Let all of these look-ups come to their end; what fails is silent here."""
    going = list(many)
    for _ in range(_MAX_STEPS):
        ranges: list[Range] = []
        still: list[Steps[object]] = []
        for steps in going:
            try:
                ranges += next(steps)
            except (StopIteration, CannotTellError):
                continue
            still.append(steps)
        if not still:
            return
        source.want(ranges)
        going = still


def exactly(source: Source, offset: int, count: int) -> bytes:
    """Return `count` bytes.

    Raises:
        DamagedError: The source ends before.
    """
    if offset < 0 or offset + count > source.size_bytes:
        raise DamagedError(
            f"byte {offset + count:,} is pointed at, but the volume ends at byte"
            f" {source.size_bytes:,}"
        )
    data = source.read(offset, count)
    if len(data) != count:
        raise DamagedError(f"{count:,} bytes expected at {offset:,}, found {len(data)}")
    return data


def fetch(source: Source, offset: int, count: int) -> Steps[bytes]:
    """Return `count` bytes, one step later."""
    yield [(offset, count)]
    return exactly(source, offset, count)


def gather(
    source: Source, extents: Iterable[Extent], offset: int, count: int
) -> Steps[bytes]:
    """Return a piece of a file from its extents; what is in none of them is zeros."""
    pieces = sorted(clipped(extents, offset, count), key=lambda piece: piece.start)
    for before, after in pairwise(pieces):
        if before.start + before.length > after.start:
            raise DamagedError(f"byte {after.start:,} of a file stands in two places")
    yield [(at, length) for _, at, length in pieces if at is not None]
    result = bytearray(count)
    for start, at, length in pieces:
        if at is not None:
            there = start - offset
            result[there : there + length] = exactly(source, at, length)
    return bytes(result)


def clipped(extents: Iterable[Extent], offset: int, count: int) -> list[Extent]:
    """Return the parts of extents that are in a range."""
    found = []
    for start, at, length in extents:
        first, end = max(start, offset), min(start + length, offset + count)
        if first < end:
            place = None if at is None else at + first - start
            found.append(Extent(first, place, end - first))
    return found


class Slice:
    """A stretch of a source, as a `Source`: a partition, for one."""

    def __init__(self, source: Source, offset: int, size_bytes: int) -> None:
        self._source = source
        self._offset = offset
        self._size = max(0, min(size_bytes, source.size_bytes - offset))

    @property
    def size_bytes(self) -> int:
        """The number of bytes, of which none is behind the end of the source."""
        return self._size

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the stretch ends."""
        count = min(count, self._size - offset)
        return self._source.read(self._offset + offset, count) if count > 0 else b""

    def want(self, ranges: Iterable[Range]) -> None:
        """Get ranges side by side."""
        inside = [
            (self._offset + offset, min(count, self._size - offset))
            for offset, count in ranges
            if 0 <= offset < self._size
        ]
        if inside:
            self._source.want(inside)
