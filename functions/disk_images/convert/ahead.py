"""A source that is read in few and large requests, whatever is asked of it.

A disk in blocks is read a grain at a time, and its tables four bytes at a time; each
would be a request of its own. What `want` names is fetched in long runs and kept for
a while; what is small is fetched with its neighbours.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from disk_images.blocks.mapped import Range, joined
from disk_images.blocks.source import Source

BLOCK = 128 * 1024
"""Of small reads, such as those of tables."""

LARGEST = 16 * 1024**2
"""Of one request."""

_MOST_BLOCKS = 64
_MOST_RUNS_BYTES = 40 * 1024**2


class _Run:
    """Bytes that were fetched because they are wanted.

    Attributes:
        left: How many bytes of it are still to be read, as far as was said.
    """

    __slots__ = ("data", "left", "start")

    def __init__(self, start: int, data: bytes, left: int) -> None:
        self.start = start
        self.data = data
        self.left = left

    def holds(self, offset: int, count: int) -> bool:
        """Whether it has all of a range."""
        return self.start <= offset and offset + count <= self.start + len(self.data)


class ReadAhead:
    """Keeps what was read last; several threads may read it.

    They share what is kept without a lock, each step on it being a single one; what
    another one has dropped meanwhile is read again. What was wanted is dropped once it
    has been read.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._runs: list[_Run] = []

    @property
    def size_bytes(self) -> int:
        """The number of bytes."""
        return self._source.size_bytes

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the source ends."""
        count = max(0, min(count, self.size_bytes - offset))
        for run in reversed(tuple(self._runs)):
            if run.holds(offset, count):
                data = run.data[offset - run.start : offset - run.start + count]
                run.left -= count
                if run.left <= 0:
                    self._runs = [other for other in self._runs if other is not run]
                return data
        if count > BLOCK:
            return self._source.read(offset, count)
        first, last = offset // BLOCK, (offset + max(count, 1) - 1) // BLOCK
        data = b"".join(self._block(number) for number in range(first, last + 1))
        return data[offset - first * BLOCK :][:count]

    def want(self, ranges: Iterable[Range]) -> None:
        """Fetch ranges, those that are near each other at once."""
        inside = ((at, min(n, self.size_bytes - at)) for at, n in ranges)
        lacking = [(at, n) for at, n in inside if n > 0 and not self._has(at, n)]
        for at, count in _runs(lacking):
            if count <= BLOCK:
                self.read(at, count)
                continue
            left = sum(n for start, n in lacking if at <= start < at + count)
            # Of more than is kept, the rest is fetched where it is read.
            for start in range(at, at + min(count, _MOST_RUNS_BYTES // 2), LARGEST):
                length = min(LARGEST, at + count - start)
                data = self._source.read(start, length)
                self._runs = [*self._runs, _Run(start, data, min(left, length))]
        while sum(len(run.data) for run in self._runs) > _MOST_RUNS_BYTES:
            self._runs = self._runs[1:]

    def lacks(self, ranges: Iterable[Range]) -> bool:
        """Whether anything of these ranges has not been fetched, or is not kept."""
        return not all(self._has(at, count) for at, count in ranges)

    def _has(self, offset: int, count: int) -> bool:
        if any(run.holds(offset, count) for run in self._runs):
            return True
        blocks = range(offset // BLOCK, (offset + max(count, 1) - 1) // BLOCK + 1)
        return all(number in self._blocks for number in blocks)

    def _block(self, number: int) -> bytes:
        kept = self._blocks.get(number)
        if kept is None:
            kept = self._source.read(number * BLOCK, BLOCK)
            self._blocks[number] = kept
            if len(self._blocks) > _MOST_BLOCKS:
                try:
                    self._blocks.popitem(last=False)
                except KeyError:
                    return kept
        return kept


def _runs(ranges: Iterable[Range]) -> Iterator[Range]:
    """Yield ranges in order; what lies near each other as one, up to the largest."""
    start = end = -1
    for at, count in joined(ranges):
        if start >= 0 and at - end <= BLOCK and at + count - start <= LARGEST:
            end = at + count
            continue
        if start >= 0:
            yield start, end - start
        start, end = at, at + count
    if start >= 0:
        yield start, end - start
