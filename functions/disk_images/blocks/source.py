"""What the parts of an inspection ask of each other.

An image file is a `Source`, near or far; so is the virtual disk in it, a partition of
that disk and a logical volume on it. Each layer is given the one below, so each can be
tried on a local file.
"""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol


class CannotTellError(Exception):
    """Something could not be found out; the message says what and why.

    It never leaves an inspection: whoever asked the question answers it with
    "could not tell".
    """


class BudgetSpentError(CannotTellError):
    """The bytes, requests or time allowed for this inspection are used up."""


class DamagedError(CannotTellError):
    """What stands there contradicts itself or the format, or is of no known kind."""


class CutOffError(DamagedError):
    """The image file ends before what one of its own tables points at."""


class FileMissingError(CannotTellError):
    """The file system was read, and there is no such file in it."""


class Source(Protocol):
    """Bytes that can be read anywhere."""

    @property
    def size_bytes(self) -> int:
        """The number of bytes."""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer only where the source ends.

        Raises:
            CannotTellError: They cannot be read; `BudgetSpentError` if not any more.
        """

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Get ranges of (offset, count) side by side, ahead of their `read`.

        It is a hint: it raises nothing, and bytes that it could not get fail when
        they are read. Where a disk's tables must be read to tell where its bytes are,
        these come first, and the bytes with the next `want`.
        """

    def lacks(self, ranges: Iterable[tuple[int, int]]) -> bool:
        """Whether something of these ranges has not been asked for yet.

        It asks for nothing itself, and raises nothing.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A source of a function that reads; nothing is kept, and nothing counted.

    Attributes:
        fetch: Returns the bytes of an offset and a count that are inside.
    """

    fetch: Callable[[int, int], bytes]
    size_bytes: int

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the source ends."""
        count = min(count, self.size_bytes - offset)
        return self.fetch(offset, count) if count > 0 else b""

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Fetch nothing ahead."""

    def lacks(self, ranges: Iterable[tuple[int, int]]) -> bool:
        """Whether anything is missing: everything is here when it is read."""
        del ranges
        return False


def of_file(file: BinaryIO) -> Fetched:
    """Return an open file as a source, for one thread."""

    def fetch(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    return Fetched(fetch=fetch, size_bytes=file.seek(0, io.SEEK_END))
