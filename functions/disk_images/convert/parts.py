"""What a target is made of: parts in a row, of bytes or copied from the source."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from disk_images.blocks.source import CannotTellError


class RefusedError(CannotTellError):
    """This file is not converted; the message says why, `fix` what makes it so."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetPart:
    """One part of a target.

    Attributes:
        number: From 1 on, ascending; there may be gaps.
        offset: Where it begins in the target.
        make: Returns its bytes, the same each time; None where they are copied.
        copied_from: Where they begin in the source.
    """

    number: int
    offset: int
    size_bytes: int
    make: Callable[[], bytes] | None = None
    copied_from: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversionPlan:
    """A target, as it will be.

    Attributes:
        lane: `range`, `wrap`, `map` or `stream`.
        reason: Why this lane.
        target_format: As clouds call it.
        disk_bytes: The size of the disk in it.
        parts: In order; they fill the target without a gap.
        notes: What a person should know of it.
    """

    lane: str
    reason: str
    target_format: str
    disk_bytes: int
    parts: Sequence[TargetPart]
    notes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """The size of the target."""
        last = self.parts[-1]
        return last.offset + last.size_bytes

    @property
    def copied_bytes(self) -> int:
        """How much of it is copied without passing through us."""
        return sum(part.size_bytes for part in self.parts if part.make is None)


@dataclass(frozen=True, kw_only=True, slots=True)
class PartLimits:
    """What a store of objects takes as parts of one object.

    Attributes:
        usual_bytes: What we send at once.
        smallest_bytes: What every part but the last must have.
        largest_copy_bytes: What one copy of a range may have at most.
        most: How many parts there may be.
    """

    usual_bytes: int = 16 * 1024**2
    smallest_bytes: int = 0
    largest_copy_bytes: int = 1 << 62
    most: int = 10_000

    def part_bytes(self, size_bytes: int, *, multiple_of: int) -> int:
        """Return how large the parts of an object are, so that they are few enough."""
        wanted = max(self.usual_bytes, -(-size_bytes // self.most))
        return -(-wanted // multiple_of) * multiple_of


def cut(
    size_bytes: int, part_bytes: int, *, least: int = 0
) -> Iterator[tuple[int, int]]:
    """Yield offset and size of the parts of a run of bytes.

    Args:
        part_bytes: Of each but the last.
        least: What the last must have, or it becomes part of the one before.
    """
    offset = 0
    while offset < size_bytes:
        left = size_bytes - offset
        count = left if left < part_bytes + least else part_bytes
        yield offset, count
        offset += count
