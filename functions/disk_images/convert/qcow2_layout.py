"""A qcow2 whose every byte is known before the first is written.

Version 3, clusters of 64 KiB, no feature bits, no backing file: all readers take it.
Header, refcounts and tables come first, then the data clusters in order::

    header | refcount table | refcount blocks | L1 | L2 tables | data

Source: QEMU, docs/interop/qcow2.txt ("Header", "Host cluster management", "Cluster
mapping"), read 2026-12.
"""

import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

CLUSTER = 64 * 1024
CLUSTER_BITS = 16
L2_ENTRIES = CLUSTER // 8
L2_SPAN = L2_ENTRIES * CLUSTER
"""How much of the disk one L2 table maps: 512 MiB."""

REFCOUNTS = CLUSTER // 2
"""Refcounts of 16 bits in one block."""

COPIED = 1 << 63
COMPRESSED = 1 << 62
HEADER_BYTES = 112
"""With one header extension, which ends the list."""

LARGEST_BYTES = 1 << 50


def clusters_for(count_bytes: int) -> int:
    """Return how many clusters hold so many bytes."""
    return -(-count_bytes // CLUSTER)


# Header, big-endian: 0-3 "QFI\xfb", 4-7 version, 8-19 no backing file, 20-23 cluster
# bits, 24-31 size, 32-35 no encryption, 36-39 L1 entries, 40-47 L1, 48-55 refcount
# table, 56-59 its clusters, 60-71 no snapshots, 72-95 no features, 96-99 refcount
# order, 100-103 header length, 104-111 the end of its extensions
def header(
    *,
    disk_bytes: int,
    l1_entries: int,
    l1_offset: int,
    refcounts_offset: int,
    refcounts_clusters: int,
) -> bytes:
    """Return the header of a qcow2."""
    return struct.pack(
        ">4sI12xIQ4xIQQI12x24xII8x",
        b"QFI\xfb",
        3,
        CLUSTER_BITS,
        disk_bytes,
        l1_entries,
        l1_offset,
        refcounts_offset,
        refcounts_clusters,
        4,
        104,
    )


class Tables:
    """The tables in front of the data, once it is known how many clusters follow.

    Attributes:
        size_bytes: Of everything in front of the data: a multiple of a cluster.
    """

    def __init__(
        self, *, disk_bytes: int, l2_tables: Sequence[int], more_clusters: int
    ) -> None:
        """Lay out the tables.

        Args:
            disk_bytes: The size of the disk as a machine sees it.
            l2_tables: Which stretches of 512 MiB have an L2 table, in order.
            more_clusters: How many clusters follow.
        """
        self.disk_bytes = disk_bytes
        self.l2_tables = l2_tables
        self.l1_entries = max(1, -(-disk_bytes // L2_SPAN))
        self.l1_clusters = clusters_for(8 * self.l1_entries)
        fixed = 1 + self.l1_clusters + len(l2_tables) + more_clusters
        self.blocks = self.table_clusters = 1
        while True:
            total = fixed + self.blocks + self.table_clusters
            blocks = -(-total // REFCOUNTS)
            table_clusters = clusters_for(8 * blocks)
            if (blocks, table_clusters) == (self.blocks, self.table_clusters):
                break
            self.blocks, self.table_clusters = blocks, table_clusters
        self.clusters = total
        self.l1_offset = (1 + self.table_clusters + self.blocks) * CLUSTER
        self.l2_offset = self.l1_offset + self.l1_clusters * CLUSTER
        self.size_bytes = self.l2_offset + len(l2_tables) * CLUSTER

    def front(self, counted: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the file up to its L2 tables.

        Args:
            counted: The refcount blocks, each a cluster.
        """
        yield header(
            disk_bytes=self.disk_bytes,
            l1_entries=self.l1_entries,
            l1_offset=self.l1_offset,
            refcounts_offset=CLUSTER,
            refcounts_clusters=self.table_clusters,
        ).ljust(CLUSTER, b"\0")
        places = ((1 + self.table_clusters + n) * CLUSTER for n in range(self.blocks))
        yield _words(places, self.table_clusters)
        yield from counted
        yield self._l1()

    def _l1(self) -> bytes:
        entries = array("Q", bytes(8 * self.l1_entries))
        for number, stretch in enumerate(self.l2_tables):
            entries[stretch] = COPIED | (self.l2_offset + number * CLUSTER)
        return _words(entries, self.l1_clusters)


def _words(values: Sequence[int] | Iterator[int], clusters: int) -> bytes:
    words = array("Q", values)
    words.byteswap()
    return words.tobytes().ljust(clusters * CLUSTER, b"\0")


def all_used_once(clusters: int, blocks: int) -> Iterator[bytes]:
    """Yield refcount blocks by which each of the first clusters is used once."""
    full = b"\0\1" * REFCOUNTS
    for number in range(blocks):
        used = min(REFCOUNTS, max(0, clusters - number * REFCOUNTS))
        yield full[: 2 * used].ljust(CLUSTER, b"\0")


class PackedQcow2:
    """A qcow2 that has the allocated clusters of a disk, one behind the other.

    Attributes:
        size_bytes: Of the file.
        data_offset: Where its first data cluster begins.
    """

    def __init__(self, *, disk_bytes: int, allocated: bytes | bytearray) -> None:
        """Lay out the file.

        Args:
            disk_bytes: The size of the disk.
            allocated: A byte for each cluster of the disk, 0 where it is zeros.
        """
        self._allocated = allocated
        spans = range(0, len(allocated), L2_ENTRIES)
        counts = [len(allocated[s : s + L2_ENTRIES].replace(b"\0", b"")) for s in spans]
        self._before = [0, *accumulate(counts)]
        stretches = [number for number, count in enumerate(counts) if count]
        self._tables = Tables(
            disk_bytes=disk_bytes,
            l2_tables=stretches,
            more_clusters=self._before[-1],
        )
        self.data_offset = self._tables.size_bytes
        self.data_clusters = self._before[-1]
        self.size_bytes = self.data_offset + self.data_clusters * CLUSTER

    def tables(self) -> Iterator[bytes]:
        """Yield all that stands in front of the data."""
        tables = self._tables
        yield from tables.front(all_used_once(tables.clusters, tables.blocks))
        at = self.data_offset
        for stretch in tables.l2_tables:
            entries = array("Q", bytes(CLUSTER))
            start = stretch * L2_ENTRIES
            used = self._allocated[start : start + L2_ENTRIES]
            for number, is_used in enumerate(used):
                if is_used:
                    entries[number] = COPIED | at
                    at += CLUSTER
            yield _words(entries, 1)

    def disk_clusters(self, first: int, count: int) -> list[int]:
        """Return which clusters of the disk the data clusters are, in order."""
        found: list[int] = []
        stretch = bisect_right(self._before, first) - 1
        while len(found) < count:
            start = stretch * L2_ENTRIES
            used = self._allocated[start : start + L2_ENTRIES]
            here = [start + n for n, is_used in enumerate(used) if is_used]
            skip = max(0, first - self._before[stretch])
            found += here[skip : skip + count - len(found)]
            stretch += 1
        return found
