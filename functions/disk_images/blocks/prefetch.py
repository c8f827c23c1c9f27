"""Many small look-ups on one source, side by side.

A look-up is a generator: it yields the ranges that it will read next, and reads them
once it goes on. So each can be read from top to bottom, and yet all those under way
wait for the network together. Each goes on for as long as the bytes that are here
carry it, and only then waits: one round trip for each step of the longest that had to
be fetched.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeVar

from disk_images.blocks.source import CannotTellError, DamagedError, Source

Range: TypeAlias = tuple[int, int]
T = TypeVar("T")
Steps: TypeAlias = Generator[list[Range], None, T]

# More than a sound look-up takes: 40 links of 20 folders of 4 steps.
_MAX_STEPS = 4096
# What a read takes at most: two levels of tables of a virtual disk, then its bytes.
_MAX_LEVELS = 3


class Ahead(NamedTuple):
    """A range that may be needed next: fetched along, and not waited for on its own."""

    offset: int
    length: int


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
        get_ready([(source, ranges)])
    steps.close()
    raise CannotTellError(f"it takes more than {_MAX_STEPS:,} steps to look up")


class LookUp:
    """A look-up under way on a source, of which only the effects are wanted.

    What fails in it is silent here: whoever asks for the result is told.
    """

    def __init__(self, source: Source, steps: Steps[object]) -> None:
        self.source = source
        self.wanted: list[Range] = []
        self._needed: list[Range] = []
        self._steps = steps
        self._left = _MAX_STEPS
        self._tries = 0

    def goes_on(self) -> bool:
        """Advance as far as possible; return whether something is still wanted."""
        while self._tries >= _MAX_LEVELS or not self.source.lacks(self._needed):
            try:
                self.wanted = next(self._steps)
            except (StopIteration, CannotTellError):
                return False
            self._needed = [r for r in self.wanted if not isinstance(r, Ahead)]
            self._tries = 0
            self._left -= 1
            if not self._left:
                self._steps.close()
                return False
        self._tries += 1
        return True


def side_by_side(look_ups: Iterable[LookUp]) -> None:
    """Let all of these come to their end, in as few round trips as that takes."""
    going = list(look_ups)
    while going := [look_up for look_up in going if look_up.goes_on()]:
        want_together((look_up.source, look_up.wanted) for look_up in going)


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


class BlockView(ABC):
    """A source whose bytes stand in others."""

    @abstractmethod
    def below(self, ranges: Iterable[Range]) -> Iterator[tuple[Source, list[Range]]]:
        """Yield each source that has some of these ranges, and where they are on it."""

    def want(self, ranges: Iterable[Range]) -> None:
        """Get ranges side by side."""
        want_together(self.below(ranges))

    def lacks(self, ranges: Iterable[Range]) -> bool:
        """Whether something of these ranges is not here, nor on its way."""
        return any(source.lacks(places) for source, places in self.below(ranges))


def get_ready(wanted: Iterable[tuple[Source, list[Range]]]) -> None:
    """Get ranges of several sources side by side, after the tables that this takes."""
    still = list(wanted)
    for _ in range(_MAX_LEVELS):
        still = [(source, ranges) for source, ranges in still if source.lacks(ranges)]
        if not still:
            return
        want_together(still)


def all_of(many: Iterable[Steps[object]]) -> Steps[None]:
    """Be many look-ups as one; what fails in one of them is silent."""
    going = list(many)
    while going:
        ranges: list[Range] = []
        still: list[Steps[object]] = []
        for steps in going:
            try:
                ranges += next(steps)
            except (StopIteration, CannotTellError):
                continue
            still.append(steps)
        if still:
            yield ranges
        going = still


def want_together(wanted: Iterable[tuple[Source, Iterable[Range]]]) -> None:
    """Get ranges of several sources side by side, at once where one disk has them."""
    queue, found = list(wanted), dict[int, tuple[Source, list[Range]]]()
    while queue:
        source, ranges = queue.pop()
        if isinstance(source, BlockView):
            queue += source.below(ranges)
        else:
            found.setdefault(id(source), (source, []))[1].extend(ranges)
    for source, ranges in found.values():
        source.want(ranges)


class Slice(BlockView):
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

    def below(self, ranges: Iterable[Range]) -> Iterator[tuple[Source, list[Range]]]:
        """Yield where ranges are on the source, as far as the stretch goes."""
        inside = [
            (self._offset + offset, min(count, self._size - offset))
            for offset, count in ranges
            if 0 <= offset < self._size
        ]
        if inside:
            yield self._source, inside
