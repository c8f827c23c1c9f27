"""A plan carried out, part by part, against any store that takes parts.

A store of objects takes numbered parts and copies ranges on its own side; a file takes
bytes at offsets. Both are a `PartTarget`, and a part that is there is not made again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from disk_images.blocks.source import DamagedError, Source
from disk_images.convert.map_lane import MappedSource
from disk_images.convert.parts import ConversionPlan, PartLimits, TargetPart
from disk_images.convert.stream_lane import NumberedPart, StreamedPlan

Item = TypeVar("Item")


class PartTarget(Protocol):
    """Where the parts go."""

    def parts_there(self) -> frozenset[int]:
        """Return the numbers of the parts that an earlier try has left, whole."""

    def write(self, number: int, offset: int, data: bytes) -> None:
        """Store a part; again is the same as once."""

    def copy(self, number: int, offset: int, source_offset: int, count: int) -> None:
        """Store a part that is a range of the source, on the store's own side."""


class Each(Protocol):
    """Calls a function with each part, in any order or side by side: `map`, for one."""

    def __call__(
        self, work: Callable[[Item], None], items: Iterable[Item], /
    ) -> Iterable[None]:
        """Yield as often as there are parts, and raise what the function raised."""


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that is there now.

    Attributes:
        was_there: An earlier try had left it.
    """

    number: int
    size_bytes: int
    is_copied: bool = False
    was_there: bool = False


OnPart = Callable[[StoredPart], None]


def run(
    plan: ConversionPlan, target: PartTarget, *, on_part: OnPart, each: Each = map
) -> None:
    """Store all parts of a target that is known before.

    Raises:
        CannotTellError: The source cannot be read, or a part is not what was planned.
    """
    there = target.parts_there()

    def store(part: TargetPart) -> None:
        was_there = part.number in there
        if not was_there and part.make:
            data = part.make()
            if len(data) != part.size_bytes:
                raise DamagedError(
                    f"part {part.number} has {len(data):,} bytes, expected"
                    f" {part.size_bytes:,}; the source has changed meanwhile"
                )
            target.write(part.number, part.offset, data)
        elif not was_there:
            target.copy(part.number, part.offset, part.copied_from, part.size_bytes)
        on_part(StoredPart(part.number, part.size_bytes, not part.make, was_there))

    for _ in each(store, plan.parts):
        pass


def run_stream(
    plan: StreamedPlan,
    target: PartTarget,
    limits: PartLimits,
    *,
    on_part: OnPart,
    each: Each = map,
) -> None:
    """Store all parts of a target that one pass makes.

    What an earlier try has left is made again: only the pass tells what comes next.

    Args:
        each: Must not go far ahead, for each part is in memory until it is stored.

    Raises:
        CannotTellError: The source is damaged or ends early.
    """

    def store(made: NumberedPart) -> None:
        number, offset, data = made
        target.write(number, offset, data)
        on_part(StoredPart(number, len(data)))

    for _ in each(store, plan.parts(limits)):
        pass


def compare_samples(
    source: MappedSource, target: Source, *, most: int = 16, count: int = 65536
) -> None:
    """Raise unless a target, opened anew, has the source's bytes in some places.

    Args:
        most: Places to compare, spread over what has data, the first and the last ones
            among them.
        count: Bytes of each.

    Raises:
        DamagedError: They differ.
    """
    starts = list(_data_starts(source))
    step = max(1, len(starts) // most)
    for at in {0, *starts[::step], *starts[-1:]}:
        if source.read(at, count) != target.read(at, count)[: source.size_bytes - at]:
            raise DamagedError(
                f"the target differs from the source at byte {at:,} of the disk; the"
                " source may have changed meanwhile: convert it again"
            )


def _data_starts(source: MappedSource) -> Iterator[int]:
    at = 0
    for piece in source.runs(0, source.size_bytes):
        if piece.at is not None and piece.count:
            yield at
        at += piece.count
