"""The wrap lane: a qcow2's tables in front of the source as it is, pointing into it.

A qcow2 cluster may stand anywhere in the file, so a VHDX, a VDI or a VMDK becomes one
by what is put before it; whoever stores it copies the source on its own side. A
compressed grain of a VMDK becomes a compressed cluster, which begins at any byte. Of
the data, only what is no whole cluster is written anew, behind the copy::

    tables, padded | the source, copied | clusters made anew

Source: QEMU, docs/interop/qcow2.txt, "Cluster mapping": a standard cluster begins at a
multiple of the cluster size, and bytes that nothing points at do no harm; "Compressed
Clusters Descriptor": deflate without a header, and "decompression stops when it has
produced a cluster of data"; read 2026-12.
"""

from array import array
from collections.abc import Iterator
from functools import partial
from typing import Protocol

from disk_images.blocks.mapped import MappedRun
from disk_images.blocks.vmdk import GRAIN_HEAD_BYTES, SECTOR, SparseVmdkDisk
from disk_images.convert.map_lane import MappedSource
from disk_images.convert.parts import (
    ConversionPlan,
    PartLimits,
    RefusedError,
    TargetPart,
)
from disk_images.convert.qcow2_layout import (
    CLUSTER,
    CLUSTER_BITS,
    COMPRESSED,
    COPIED,
    L2_ENTRIES,
    LARGEST_BYTES,
    REFCOUNTS,
    Tables,
    clusters_for,
)

MOST_ANEW = 256
"""Clusters that do not fit; more of them, and the map lane is as good."""

_ANEW = 0xFFFFFFFF
"""In the table of places: this cluster is made anew."""

_SECTORS_SHIFT = 62 - (CLUSTER_BITS - 8)
"""Of the number of further sectors in the entry of a compressed cluster."""

_MOST_IN_CLUSTER = CLUSTER // SECTOR + 1
"""Grains that touch one cluster, if they do not overlap."""


class DoesNotFitError(RefusedError):
    """The source's blocks cannot be clusters of a qcow2: take another lane."""


class Places(Protocol):
    """Where the source has the clusters of the disk.

    Attributes:
        shift: What has to be in front of the source, beyond whole clusters.
        stretches: For each stretch of the disk that an L2 table maps and that has
            data, one number a cluster; 0 where the disk has zeros.
        anew: The clusters that no place in the source can stand for.
    """

    shift: int
    stretches: "dict[int, array[int]]"
    anew: list[int]

    def entry(self, stretch: int, number: int, front: int) -> int:
        """Return the L2 entry of a cluster of a stretch.

        Args:
            front: How many clusters are in front of the source, its shift left out.
        """

    def count(self, used: bytearray, front: int) -> None:
        """Add to each cluster of the target how many entries point at it.

        Raises:
            DoesNotFitError: Blocks of the source overlap.
        """


class WholePlaces:
    """Places of blocks that are whole clusters as they are.

    Attributes:
        shift: What has to be in front of the source, beyond whole clusters, so that
            its blocks begin at whole clusters.
        stretches: For each stretch of the disk that an L2 table maps and that has
            data, one number a cluster: its place in the shifted source, in clusters
            and counted from 1; 0 where the disk has zeros.
        anew: The clusters that no place in the source can stand for.
    """

    def __init__(self, disk: MappedSource, *, source_bytes: int) -> None:
        """Look where all clusters are.

        Raises:
            DoesNotFitError: Too many of them are no whole clusters in the source.
            CannotTellError: The source's tables cannot be read.
        """
        self.shift = -1
        self.stretches: dict[int, array[int]] = {}
        self.anew: list[int] = []
        self._source_bytes = source_bytes
        offset = 0
        for run in disk.runs(0, disk.size_bytes):
            if run.at is not None and run.count:
                self._add(offset, run, run.at)
            offset += run.count
        self.shift = max(0, self.shift)

    def _add(self, offset: int, run: MappedRun, at: int) -> None:
        """Note where the clusters of one run are."""
        if self.shift < 0:
            self.shift = -(at - offset % CLUSTER) % CLUSTER
        fits = (at - offset + self.shift) % CLUSTER == 0
        end = offset + run.count
        for number in range(offset // CLUSTER, (end - 1) // CLUSTER + 1):
            start = number * CLUSTER
            place = at + start - offset
            is_whole = start >= offset and start + CLUSTER <= end
            is_inside = place + CLUSTER <= self._source_bytes
            self._set(
                number,
                1 + (place + self.shift) // CLUSTER
                if fits and is_whole and is_inside
                else _ANEW,
            )

    def _set(self, number: int, place: int) -> None:
        stretch, entry = divmod(number, L2_ENTRIES)
        if stretch not in self.stretches:
            self.stretches[stretch] = array("I", bytes(4 * L2_ENTRIES))
        if self.stretches[stretch][entry] == _ANEW:
            return
        self.stretches[stretch][entry] = place
        if place == _ANEW:
            self.anew.append(number)
            if len(self.anew) > MOST_ANEW:
                raise DoesNotFitError("its blocks do not stand at whole clusters")

    def entry(self, stretch: int, number: int, front: int) -> int:
        """Return the L2 entry of a cluster of a stretch."""
        return COPIED | (front + self.stretches[stretch][number] - 1) * CLUSTER

    def count(self, used: bytearray, front: int) -> None:
        """Add to each cluster of the target how many entries point at it."""
        for stretch in self.stretches.values():
            for place in stretch:
                if place and place != _ANEW:
                    if used[front + place - 1]:
                        raise DoesNotFitError("two of its blocks stand at one place")
                    used[front + place - 1] = 1


class PackedPlaces:
    """Places of compressed grains, each of which has one cluster.

    Attributes:
        stretches: The number is the sector at which the grain's marker begins.
    """

    def __init__(self, disk: SparseVmdkDisk) -> None:
        """Look where all grains are.

        Raises:
            DoesNotFitError: A grain is no cluster.
            CannotTellError: The source's tables cannot be read.
        """
        if disk.grain_bytes != CLUSTER:
            raise DoesNotFitError(f"its grains have {disk.grain_bytes:,} bytes")
        self.shift = 0
        self.stretches: dict[int, array[int]] = {}
        self.anew: list[int] = []
        self._lengths: dict[int, array[int]] = {}
        offset = 0
        for run in disk.runs(0, disk.size_bytes):
            if run.at is not None and run.count:
                stretch, number = divmod(offset // CLUSTER, L2_ENTRIES)
                if stretch not in self.stretches:
                    self.stretches[stretch] = array("I", bytes(4 * L2_ENTRIES))
                    self._lengths[stretch] = array("I", bytes(4 * L2_ENTRIES))
                is_whole = run.count == CLUSTER
                self.stretches[stretch][number] = (
                    run.at // SECTOR if is_whole else _ANEW
                )
                self._lengths[stretch][number] = run.packed_bytes
                if not is_whole:
                    # What a reader inflates of it is too short to be a cluster.
                    self.anew.append(offset // CLUSTER)
            offset += run.count

    def entry(self, stretch: int, number: int, front: int) -> int:
        """Return the L2 entry of a cluster of a stretch."""
        start, sectors = self._span(stretch, number, front)
        return COMPRESSED | (sectors - 1) << _SECTORS_SHIFT | start

    def _span(self, stretch: int, number: int, front: int) -> tuple[int, int]:
        """Return where a grain's deflate begins, and over how many sectors it goes."""
        at = self.stretches[stretch][number] * SECTOR
        place = front * CLUSTER + at
        end = place + self._lengths[stretch][number]
        start = place + GRAIN_HEAD_BYTES
        return start, -(-end // SECTOR) - start // SECTOR

    def count(self, used: bytearray, front: int) -> None:
        """Add to each cluster of the target how many entries point at it."""
        for stretch, places in self.stretches.items():
            at_places = [place for place in places if place and place != _ANEW]
            if len(set(at_places)) < len(at_places):
                raise DoesNotFitError("two of its grains stand at one place")
            for number, place in enumerate(places):
                if place and place != _ANEW:
                    start, sectors = self._span(stretch, number, front)
                    last = (start // SECTOR + sectors) * SECTOR - 1
                    for cluster in range(start // CLUSTER, last // CLUSTER + 1):
                        if used[cluster] > _MOST_IN_CLUSTER:
                            raise DoesNotFitError("its grains overlap")
                        used[cluster] += 1


def places_of(disk: MappedSource, source_bytes: int) -> Places:
    """Return where the source has the clusters of the disk.

    Args:
        source_bytes: The size of the source's file.

    Raises:
        DoesNotFitError: Its blocks cannot be clusters of a qcow2.
        CannotTellError: The source's tables cannot be read.
    """
    if isinstance(disk, SparseVmdkDisk) and disk.header.is_compressed:
        return PackedPlaces(disk)
    return WholePlaces(disk, source_bytes=source_bytes)


def plan_wrap(
    disk: MappedSource, *, source_bytes: int, reason: str, limits: PartLimits
) -> ConversionPlan:
    """Return the qcow2 that has the source in it.

    Args:
        source_bytes: The size of the source's file.
        limits: Of the parts that the target is written in.

    Raises:
        DoesNotFitError: Its blocks cannot be clusters of a qcow2.
        CannotTellError: The source's tables cannot be read.
        RefusedError: The disk is larger than a qcow2 may be.
    """
    size = -(-disk.size_bytes // 512) * 512
    if not 0 < size <= LARGEST_BYTES:
        raise RefusedError(f"the disk has {size:,} bytes")
    if source_bytes <= limits.smallest_bytes:
        raise DoesNotFitError(f"a file of {source_bytes:,} bytes is not worth a copy")
    places = places_of(disk, source_bytes)
    layout = WrappedQcow2(places, disk_bytes=size, source_bytes=source_bytes)
    front = b"".join(layout.tables()).ljust(layout.copy_offset, b"\0")
    parts = [TargetPart(number=1, offset=0, size_bytes=len(front), make=lambda: front)]
    for offset, count in copies(source_bytes, limits):
        place = layout.copy_offset + offset
        parts.append(
            TargetPart(
                number=len(parts) + 1,
                offset=place,
                size_bytes=count,
                copied_from=offset,
            )
        )
    if layout.anew:
        # A cluster that is made anew begins at the first multiple behind the copy.
        end = layout.copy_offset + source_bytes
        gap = layout.anew_offset - end
        parts.append(
            TargetPart(
                number=len(parts) + 1,
                offset=end,
                size_bytes=gap + len(layout.anew) * CLUSTER,
                make=partial(_made_anew, disk, layout.anew, gap),
            )
        )
    return ConversionPlan(
        lane="wrap",
        reason=reason,
        target_format="QCOW2",
        disk_bytes=size,
        parts=parts,
    )


def copies(size_bytes: int, limits: PartLimits) -> Iterator[tuple[int, int]]:
    """Yield the ranges in which a source is copied; none is too small to be a part."""
    offset = 0
    while offset < size_bytes:
        left = size_bytes - offset
        count = min(left, limits.largest_copy_bytes)
        if 0 < left - count < limits.smallest_bytes:
            count -= limits.smallest_bytes
        yield offset, count
        offset += count


def _made_anew(disk: MappedSource, clusters: list[int], gap: int) -> bytes:
    made = [disk.read(n * CLUSTER, CLUSTER).ljust(CLUSTER, b"\0") for n in clusters]
    return bytes(gap) + b"".join(made)


class WrappedQcow2:
    """Tables that point into a copy of the source behind them.

    Attributes:
        copy_offset: Where the copy begins: its places, shifted, are multiples.
        anew_offset: Where the clusters begin that are made anew.
    """

    def __init__(self, places: Places, *, disk_bytes: int, source_bytes: int) -> None:
        self.anew = sorted(places.anew)
        self._places = places
        shifted = clusters_for(places.shift + source_bytes)
        self._tables = Tables(
            disk_bytes=disk_bytes,
            l2_tables=sorted(places.stretches),
            more_clusters=shifted + len(self.anew) + 1,
        )
        # Two clusters at least: stores take no first part under 100 KiB.
        self._front = max(clusters_for(self._tables.size_bytes), 2)
        self.copy_offset = self._front * CLUSTER + places.shift
        self.anew_offset = (self._front + shifted) * CLUSTER

    def tables(self) -> Iterator[bytes]:
        """Yield all that stands in front of the copy."""
        yield from self._tables.front(self._refcounts())
        made = {number: place for place, number in enumerate(self.anew)}
        for stretch in self._tables.l2_tables:
            entries = array("Q", bytes(CLUSTER))
            first = stretch * L2_ENTRIES
            for number, place in enumerate(self._places.stretches[stretch]):
                if place == _ANEW:
                    at = self.anew_offset + made[first + number] * CLUSTER
                    entries[number] = COPIED | at
                elif place:
                    entries[number] = self._places.entry(stretch, number, self._front)
            entries.byteswap()
            yield entries.tobytes()

    def _refcounts(self) -> Iterator[bytes]:
        """Yield refcount blocks: what nothing points at is used by nobody."""
        tables = self._tables
        used = bytearray(tables.blocks * REFCOUNTS)
        own = tables.size_bytes // CLUSTER
        used[:own] = b"\1" * own
        self._places.count(used, self._front)
        made = self.anew_offset // CLUSTER
        used[made : made + len(self.anew)] = b"\1" * len(self.anew)
        for number in range(tables.blocks):
            block = bytearray(2 * REFCOUNTS)
            block[1::2] = used[number * REFCOUNTS : (number + 1) * REFCOUNTS]
            yield bytes(block)
