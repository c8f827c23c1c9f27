"""Several sources one behind the other, as one."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from disk_images.blocks.mapped import MappedDisk, MappedRun, Range
from disk_images.blocks.prefetch import BlockView
from disk_images.blocks.source import Source


class Joined(BlockView):
    """Pieces in a row; one without a source is zeros."""

    def __init__(self, pieces: Sequence[tuple[int, Source | None]]) -> None:
        """Keep the pieces.

        Args:
            pieces: How many bytes each has, and where they come from.
        """
        self._pieces = pieces
        self._ends = list(accumulate(size for size, _ in pieces))

    @property
    def size_bytes(self) -> int:
        """The number of bytes of all pieces."""
        return self._ends[-1] if self._ends else 0

    @property
    def is_mapped(self) -> bool:
        """Whether a piece tells where it has data."""
        return any(isinstance(source, MappedDisk) for _, source in self._pieces)

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; what a piece's source lacks at its end is zeros."""
        parts = []
        for source, start, length in self._within(offset, count):
            data = b"" if source is None else source.read(start, length)
            parts.append(data.ljust(length, b"\0"))
        return b"".join(parts)

    def below(self, ranges: Iterable[Range]) -> Iterator[tuple[Source, list[Range]]]:
        """Yield where ranges are on the pieces' sources."""
        for wanted in ranges:
            for source, start, length in self._within(*wanted):
                if source is not None:
                    yield source, [(start, length)]

    def runs(self, offset: int, count: int) -> Iterator[MappedRun]:
        """Yield runs of data and of zeros; where data stand is each piece's matter."""
        for source, start, length in self._within(offset, count):
            if source is None:
                yield MappedRun(length)
            elif isinstance(source, MappedDisk):
                yield from source.runs(start, length)
            else:
                yield MappedRun(length, start)

    def _within(
        self, offset: int, count: int
    ) -> Iterator[tuple[Source | None, int, int]]:
        end = min(offset + count, self.size_bytes)
        number = bisect_right(self._ends, offset)
        while offset < end:
            size, source = self._pieces[number]
            start = offset - (self._ends[number] - size)
            length = min(end - offset, size - start)
            yield source, start, length
            offset, number = offset + length, number + 1
