"""The map lane: read where the source has data, and write just that as a qcow2.

Where the disk has data is known before the first byte is written, so each part of the
target is a function of the source: parts may be made in any order, side by side, or
twice.
"""

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from itertools import groupby
from typing import Protocol

from disk_images.blocks.mapped import MappedRun
from disk_images.blocks.source import Source
from disk_images.convert.parts import (
    ConversionPlan,
    PartLimits,
    RefusedError,
    TargetPart,
    cut,
)
from disk_images.convert.qcow2_layout import (
    CLUSTER,
    LARGEST_BYTES,
    PackedQcow2,
    clusters_for,
)

_STEP_BYTES = 1024**2
"""What is read of a disk at once: the part itself is all that takes memory."""


class MappedSource(Source, Protocol):
    """A disk that tells where it has data."""

    def runs(self, offset: int, count: int) -> Iterator[MappedRun]:
        """Yield where the bytes of a range are, in order."""


def allocation(disk: MappedSource) -> bytearray:
    """Return a byte for each cluster of the disk, 0 where nothing was ever written."""
    allocated = bytearray(clusters_for(disk.size_bytes))
    at = 0
    for run in disk.runs(0, disk.size_bytes):
        if run.at is not None and run.count:
            first, last = at // CLUSTER, (at + run.count - 1) // CLUSTER
            allocated[first : last + 1] = b"\1" * (last + 1 - first)
        at += run.count
    return allocated


def plan_map(disk: MappedSource, *, reason: str, limits: PartLimits) -> ConversionPlan:
    """Return the qcow2 that a disk becomes.

    Args:
        limits: Of the parts that the target is written in.

    Raises:
        CannotTellError: The source's tables cannot be read.
        RefusedError: The disk is larger than a qcow2 may be.
    """
    size = -(-disk.size_bytes // 512) * 512
    if not 0 < size <= LARGEST_BYTES:
        raise RefusedError(f"the disk has {size:,} bytes")
    layout = PackedQcow2(disk_bytes=size, allocated=allocation(disk))
    front = b"".join(layout.tables())
    part_bytes = limits.part_bytes(layout.size_bytes, multiple_of=CLUSTER)
    parts = [
        TargetPart(
            number=number,
            offset=offset,
            size_bytes=count,
            make=partial(_part, disk, layout, front, offset, count),
        )
        for number, (offset, count) in enumerate(
            cut(layout.size_bytes, part_bytes, least=limits.smallest_bytes), 1
        )
    ]
    return ConversionPlan(
        lane="map",
        reason=reason,
        target_format="QCOW2",
        disk_bytes=size,
        parts=parts,
    )


def _part(
    disk: Source, layout: PackedQcow2, front: bytes, offset: int, count: int
) -> bytes:
    """Return some bytes of the target; both ends are on a cluster's."""
    made = BytesIO()
    made.write(front[offset : offset + count])
    start = max(offset, layout.data_offset)
    if (end := offset + count) > start:
        first = (start - layout.data_offset) // CLUSTER
        wanted = layout.disk_clusters(first, (end - start) // CLUSTER)
        # Neighbours on the disk are read together.
        runs = groupby(enumerate(wanted), lambda pair: pair[1] - pair[0])
        spans = [[cluster for _, cluster in run] for _, run in runs]
        ranges = [(span[0] * CLUSTER, len(span) * CLUSTER) for span in spans]
        disk.want(ranges)
        for at, length in ranges:
            for place in range(at, at + length, _STEP_BYTES):
                step = min(_STEP_BYTES, at + length - place)
                made.write(disk.read(place, step).ljust(step, b"\0"))
    return made.getvalue()
