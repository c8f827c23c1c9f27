"""The disk in a qcow2 file, mapped through its L1 and L2 tables.

Source: QEMU, docs/interop/qcow2.txt ("Cluster mapping"); which entries are corrupt:
block/qcow2-cluster.c and block/qcow2.h, read 2026-11.
"""

import struct
from collections import OrderedDict
from collections.abc import Iterator
from itertools import groupby

from disk_images.blocks.decompress import unpack_zlib, unpack_zstd
from disk_images.blocks.mapped import MappedDisk, MappedRun, Range
from disk_images.blocks.qcow2_truncation import first_missing, want_refcounts
from disk_images.blocks.source import (
    CannotTellError,
    CutOffError,
    DamagedError,
    Source,
)
from disk_images.formats.qcow2 import COMPRESSION, EXTENDED_L2, Qcow2

# An L1 entry, big-endian:        bits 9-55 the offset of an L2 table, 0 if none
# An L2 entry, not compressed:    bit 0 zeros (version 3), 9-55 the cluster's offset,
#                                 62 compressed, 63 used once
# An L2 entry, compressed:        bits 0 to x-1 the offset, x to 61 its further sectors,
#                                 where x is 62 less the cluster_bits above 8
# Extended, 8 more bytes:         bits 0-31 subclusters with data, 32-63 with zeros
_OFFSET = 0x00FFFFFFFFFFFE00
_COMPRESSED = 1 << 62
_ZEROS = 1
_SUBCLUSTERS = 32
_SECTOR = 512
_KEPT_BYTES = 8 * 1024**2
_SHORT_L1 = 512
"""Entries: a disk of 256 GiB in clusters of 64 KiB."""
_FEW_TABLES = 8


class Qcow2Disk(MappedDisk):
    """The disk in a qcow2 file that needs no other file."""

    def __init__(self, file: Source, header: Qcow2) -> None:
        super().__init__(file, size_bytes=header.size)
        self._header = header
        self._version = header.version
        self._l1_offset = header.l1_table_offset
        self._cluster_bits = header.cluster_bits
        self._cluster = header.cluster_size
        self._is_extended = bool(header.incompatible_features & EXTENDED_L2)
        self._is_zstd = bool(header.incompatible_features & COMPRESSION)
        self._entry_bytes = 16 if self._is_extended else 8
        self._per_table = self._cluster // self._entry_bytes
        self._unpacked: OrderedDict[Range, bytes] = OrderedDict()
        if self._is_extended and self._cluster < _SECTOR * _SUBCLUSTERS:
            raise DamagedError(
                f"clusters of {self._cluster:,} bytes have subclusters, expected"
                f" clusters of at least {_SECTOR * _SUBCLUSTERS:,}"
            )
        self._want_few_tables(header.l1_size)

    def first_missing(self) -> int | None:
        """Return where a cluster is that the file ends before, None if it has all."""
        return first_missing(self._file, self._header, unpack=self._unpack)

    def _want_few_tables(self, entries: int) -> None:
        """Get the L2 tables side by side, where there are only a few of them."""
        want_refcounts(self._file, self._header)
        if not 0 < entries <= _SHORT_L1:
            return
        words = self._words(self._l1_offset, entries, "the L1 table")
        tables = {word & _OFFSET for word in words} - {0}
        if len(tables) <= _FEW_TABLES:
            self._file.want([(at, self._cluster) for at in tables])

    def _tables_lacking(self, ranges: list[Range]) -> list[Range]:
        """Return the entries of L1 that are not here; if all are, those of L2."""
        spans = [span for wanted in ranges for span in self._by_table(wanted)]
        entries = [(self._l1_offset + 8 * number, 8) for number, _, _ in spans]
        if self._file.lacks(entries):
            return entries
        try:
            places = self._l2_places(spans)
        except CannotTellError:
            return []  # Reading it will tell.
        return [place for place in places if self._file.lacks([place])]

    def _l2_places(self, spans: list[tuple[int, int, int]]) -> list[Range]:
        tables = {number: self._table_offset(number) for number, _, _ in spans}
        return [
            self._entries_place(tables[number], within, count)
            for number, within, count in spans
            if tables[number]
        ]

    def _map(self, ranges: list[Range]) -> Iterator[MappedRun]:
        """Yield where ranges are: one batch of L1 entries, one of L2, then none."""
        spans = [span for wanted in ranges for span in self._by_table(wanted)]
        tables = {number for number, _, _ in spans}
        self._file.want([(self._l1_offset + 8 * number, 8) for number in tables])
        offsets = {number: self._table_offset(number) for number in tables}
        self._file.want(self._l2_places(spans))
        for number, within, count in spans:
            if offsets[number]:
                yield from self._span(offsets[number], within, count)
            else:
                yield MappedRun(count)

    def _by_table(self, wanted: Range) -> Iterator[tuple[int, int, int]]:
        """Yield (L1 index, offset in what that entry covers, count)."""
        offset, count = wanted
        covered = self._per_table * self._cluster
        while count > 0:
            number, within = divmod(offset, covered)
            part = min(count, covered - within)
            yield number, within, part
            offset, count = offset + part, count - part

    def _table_offset(self, number: int) -> int:
        (entry,) = self._words(self._l1_offset + 8 * number, 1, "the L1 table")
        return self._checked(entry & _OFFSET, "an L2 table")

    def _entries_place(self, table: int, within: int, count: int) -> Range:
        first = within >> self._cluster_bits
        last = (within + count - 1) >> self._cluster_bits
        return table + first * self._entry_bytes, (last - first + 1) * self._entry_bytes

    def _span(self, table: int, within: int, count: int) -> Iterator[MappedRun]:
        at, length = self._entries_place(table, within, count)
        words = self._words(at, length // 8, "an L2 table")
        step = self._entry_bytes // 8
        for index in range(0, len(words), step):
            skip = within & (self._cluster - 1)
            part = min(count, self._cluster - skip)
            bitmap = words[index + 1] if self._is_extended else None
            yield from self._cluster_pieces(words[index], bitmap, skip, part)
            within, count = within + part, count - part

    def _cluster_pieces(
        self, entry: int, bitmap: int | None, skip: int, count: int
    ) -> Iterator[MappedRun]:
        if entry & _COMPRESSED:
            yield self._packed(entry, skip, count)
            return
        at = self._checked(entry & _OFFSET, "a cluster")
        if bitmap is not None:
            yield from self._subclusters(at, bitmap, skip, count)
        elif entry & _ZEROS and self._version < 3:
            raise DamagedError(
                "a cluster is marked as zeros, which version 2 of qcow2 does not know"
            )
        elif at and not entry & _ZEROS:
            yield MappedRun(count, at + skip)
        else:
            yield MappedRun(count)

    def _subclusters(
        self, at: int, bitmap: int, skip: int, count: int
    ) -> Iterator[MappedRun]:
        """Yield runs of subclusters that are alike."""
        data, zeros = bitmap & 0xFFFFFFFF, bitmap >> 32
        if data & zeros or (data and not at):
            raise DamagedError(
                f"a cluster's subclusters are 0x{bitmap:016x}, expected each to be"
                " either data or zeros, and data only where the cluster has a place"
            )
        size = self._cluster // _SUBCLUSTERS
        numbers = range(skip // size, (skip + count - 1) // size + 1)
        for has_data, run in groupby(numbers, lambda n: bool(data >> n & 1)):
            *_, last = first, *_ = list(run)
            start, end = max(skip, first * size), min(skip + count, (last + 1) * size)
            yield MappedRun(end - start, at + start if has_data else None)

    def _packed(self, entry: int, skip: int, count: int) -> MappedRun:
        shift = 62 - (self._cluster_bits - 8)
        at = entry & ((1 << shift) - 1)
        sectors = (entry >> shift & ((1 << (self._cluster_bits - 8)) - 1)) + 1
        self._must_begin_inside(at, "a compressed cluster")
        return MappedRun(count, at, sectors * _SECTOR - at % _SECTOR, skip)

    def _checked(self, at: int, what: str) -> int:
        if at % self._cluster:
            raise DamagedError(
                f"{what} begins at byte {at:,}, expected a multiple of the cluster size"
                f" {self._cluster:,}"
            )
        self._must_begin_inside(at, what)
        return at

    def _words(self, at: int, count: int, what: str) -> tuple[int, ...]:
        data = self._file.read(at, 8 * count)
        if len(data) < 8 * count:
            raise CutOffError(f"the file ends within {what}; it is truncated")
        return struct.unpack(f">{count}Q", data)

    def _unpack(self, at: int, count: int) -> bytes:
        """Return a compressed cluster; the last ones are kept."""
        # Several threads may read one disk, so nothing is looked up twice.
        if (kept := self._unpacked.get((at, count))) is not None:
            return kept
        unpack = unpack_zstd if self._is_zstd else unpack_zlib
        data = unpack(self._file.read(at, count), self._cluster)
        if len(data) != self._cluster:
            raise DamagedError(
                f"a compressed cluster holds {len(data):,} bytes, expected"
                f" {self._cluster:,}; the image is damaged"
            )
        self._unpacked[at, count] = data
        if len(self._unpacked) * self._cluster > _KEPT_BYTES:
            self._unpacked.popitem(last=False)
        return data
