"""Virtual disks whose bytes stand somewhere else in a file, or nowhere."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from disk_images.blocks.source import (
    CannotTellError,
    CutOffError,
    DamagedError,
    Source,
)

Range = tuple[int, int]
"""An offset and a count of bytes."""


def joined(places: Iterable[Range]) -> Iterator[Range]:
    """Yield ranges in order, those that touch or overlap as one."""
    start = end = -1
    for offset, count in sorted(places):
        if start >= 0 and offset <= end:
            end = max(end, offset + count)
            continue
        if start >= 0:
            yield start, end - start
        start, end = offset, offset + count
    if start >= 0:
        yield start, end - start


MOST_AT_ONCE = 64 * 1024**2
"""The most that one read may ask for: more is a hostile count, not a file's bytes."""

_MOST_PIECES = 200_000

_RUNS_STEP = 1024**3
"""Of a disk, for which `runs` asks for tables at once."""


def holes(table: bytes, at: int, size: int) -> int:
    """Return how many entries of a table, from one that is a hole on, are the same.

    Args:
        at: Where the hole's entry begins; all its bytes must be alike.
        size: Of an entry, in bytes.
    """
    rest = table[at:]
    return (len(rest) - len(rest.lstrip(rest[:1]))) // size


@dataclass(frozen=True, slots=True)
class MappedRun:
    """Where a run of the disk's bytes is found.

    Attributes:
        count: How many bytes of the disk.
        at: Where in the file they stand; None if they are zeros.
        packed_bytes: How many bytes stand there, if they are compressed.
        skip: How many unpacked bytes come before them.
    """

    count: int
    at: int | None = None
    packed_bytes: int = 0
    skip: int = 0

    @property
    def place(self) -> Range | None:
        """What has to be fetched for it."""
        if self.at is None:
            return None
        return self.at, self.packed_bytes or self.count


class MappedDisk(ABC):
    """A disk that knows where its bytes are.

    Attributes:
        damage: What was wrong with the image file where it was read, "" so far.
    """

    def __init__(self, file: Source, *, size_bytes: int) -> None:
        self._file = file
        self._size_bytes = size_bytes
        self.damage = ""

    @property
    def size_bytes(self) -> int:
        """The number of bytes, as a machine sees the disk."""
        return self._size_bytes

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer only where the disk ends.

        Raises:
            CannotTellError: They cannot be read.
        """
        count = self._within(offset, count)
        if count > MOST_AT_ONCE:
            raise CannotTellError(
                f"{count:,} bytes of a disk are wanted at once, expected at most"
                f" {MOST_AT_ONCE:,}"
            )
        try:
            pieces = list(self._pieces([(offset, count)]))
            places = list(joined(piece.place for piece in pieces if piece.place))
            if len(places) > 1:
                self._file.want(places)
            return b"".join(self._bytes_of(piece) for piece in pieces)
        except DamagedError as exc:
            self.damage = self.damage or str(exc)
            raise

    def runs(self, offset: int, count: int) -> Iterator[MappedRun]:
        """Yield where the bytes of a range are, in order.

        Raises:
            CannotTellError: A table cannot be read.
        """
        count = self._within(offset, count)
        for start in range(offset, offset + count, _RUNS_STEP):
            yield from self._map([(start, min(_RUNS_STEP, offset + count - start))])

    def want(self, ranges: Iterable[Range]) -> None:
        """Get ranges side by side; of those whose tables are not here, the tables."""
        inside = [(offset, self._within(offset, count)) for offset, count in ranges]
        asked = [(offset, n) for offset, n in inside if 0 < n <= MOST_AT_ONCE]
        places: list[Range] = []
        for wanted in asked:
            # One that is damaged must not keep the others from being fetched.
            lacking = self._tables_lacking([wanted])
            places += lacking or self._places(wanted)
        self._file.want(places)

    def lacks(self, ranges: Iterable[Range]) -> bool:
        """Whether tables or bytes of these ranges have not been asked for yet."""
        for offset, count in ranges:
            wanted = offset, self._within(offset, count)
            if not 0 < wanted[1] <= MOST_AT_ONCE:
                continue
            if self._tables_lacking([wanted]) or self._file.lacks(self._places(wanted)):
                return True
        return False

    def _places(self, wanted: Range) -> list[Range]:
        pieces = self._pieces_or_none(wanted)
        return [piece.place for piece in pieces if piece.place]

    def _pieces_or_none(self, wanted: Range) -> list[MappedRun]:
        try:
            return list(self._pieces([wanted]))
        except CannotTellError:
            return []

    def _pieces(self, ranges: list[Range]) -> Iterator[MappedRun]:
        """Yield the pieces of all ranges, in order; not endlessly many."""
        for number, piece in enumerate(self._map(ranges)):
            if number >= _MOST_PIECES:
                raise CannotTellError(
                    f"what is wanted lies in more than {_MOST_PIECES:,} pieces"
                )
            yield piece

    def _within(self, offset: int, count: int) -> int:
        return max(0, min(count, self._size_bytes - offset)) if offset >= 0 else 0

    def _bytes_of(self, piece: MappedRun) -> bytes:
        if piece.at is None:
            return bytes(piece.count)
        if piece.packed_bytes:
            whole = self._unpack(piece.at, piece.packed_bytes)
            return whole[piece.skip : piece.skip + piece.count]
        # The last cluster of a file may be cut where it held nothing any more; a
        # reader such as qemu-img sees zeros there.
        return self._file.read(piece.at, piece.count).ljust(piece.count, b"\0")

    def _must_begin_inside(self, at: int, what: str) -> None:
        if at >= self._file.size_bytes:
            raise CutOffError(
                f"{what} begins at byte {at:,}, but the file has"
                f" {self._file.size_bytes:,}; it is truncated or damaged"
            )

    def _must_lie_inside(self, at: int, count: int, what: str) -> None:
        if at + count > self._file.size_bytes:
            raise CutOffError(
                f"{what} reaches byte {at + count:,}, but the file has"
                f" {self._file.size_bytes:,}; it is truncated or damaged"
            )

    def first_missing(self) -> int | None:
        """Return up to where data should stand that the file ends before, or None.

        Raises:
            CannotTellError: It cannot be found out.
        """
        return None

    def _tables_lacking(self, ranges: list[Range]) -> list[Range]:
        """Return what of the tables is to be fetched next to tell where ranges are."""
        del ranges
        return []

    @abstractmethod
    def _map(self, ranges: list[Range]) -> Iterator[MappedRun]:
        """Yield where these ranges are, after one `want` for all their tables."""

    def _unpack(self, at: int, count: int) -> bytes:
        """Return the cluster that is compressed there."""
        raise NotImplementedError
