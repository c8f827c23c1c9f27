"""The disk in a VHD: in one piece, or in blocks through a table."""

import struct
from collections.abc import Iterator

from disk_images.blocks.mapped import MappedDisk, MappedRun, Range
from disk_images.blocks.prefetch import exactly
from disk_images.blocks.source import CannotTellError, CutOffError, Source
from disk_images.formats.vhd import FOOTER_BYTES, Blocks

_SECTOR = 512
_ABSENT = 0xFFFFFFFF
_MAX_TABLE_BYTES = 1 << 20
"""Of a disk of 512 GiB in blocks of 2 MiB."""


class FixedVhdDisk(MappedDisk):
    """A disk whose bytes stand in the file as they are, a footer behind them."""

    def __init__(self, file: Source, *, size_bytes: int) -> None:
        size = min(size_bytes, file.size_bytes - FOOTER_BYTES)
        super().__init__(file, size_bytes=size)

    def _map(self, ranges: list[Range]) -> Iterator[MappedRun]:
        for offset, count in ranges:
            yield MappedRun(count, offset)


class DynamicVhdDisk(MappedDisk):
    """A disk in blocks, each behind a bitmap of its sectors.

    The bitmaps are not read: the sectors that they leave out were never written and
    are zeros, and qemu-img takes a block's bytes as they are, too.

    Source: QEMU, block/vpc.c, get_image_offset and vpc_co_preadv, read 2026-11.
    """

    def __init__(self, file: Source, blocks: Blocks, *, size_bytes: int) -> None:
        super().__init__(file, size_bytes=size_bytes)
        self._table_offset = blocks.table_offset
        self._block = blocks.block_bytes
        sectors = self._block // _SECTOR
        self._bitmap = -(-sectors // 8 // _SECTOR) * _SECTOR

    def first_missing(self) -> int | None:
        """Return where a block ends that the file ends before, None if it has all."""
        if not self.size_bytes:
            return None
        place, length = self._entries_place(0, self.size_bytes)
        if length > _MAX_TABLE_BYTES:
            raise CannotTellError(f"the block table has {length:,} bytes")
        sectors = struct.unpack(f">{length // 4}I", exactly(self._file, place, length))
        length = self._bitmap + self._block
        ends = (sector * _SECTOR + length for sector in sectors if sector != _ABSENT)
        return next((end for end in ends if end > self._file.size_bytes), None)

    def _tables_lacking(self, ranges: list[Range]) -> list[Range]:
        places = [self._entries_place(*wanted) for wanted in ranges]
        return [place for place in places if self._file.lacks([place])]

    def _map(self, ranges: list[Range]) -> Iterator[MappedRun]:
        self._file.want([self._entries_place(*wanted) for wanted in ranges])
        for offset, count in ranges:
            yield from self._span(offset, count)

    def _entries_place(self, offset: int, count: int) -> Range:
        first, last = offset // self._block, (offset + count - 1) // self._block
        return self._table_offset + 4 * first, 4 * (last - first + 1)

    def _span(self, offset: int, count: int) -> Iterator[MappedRun]:
        if count <= 0:
            return
        at, length = self._entries_place(offset, count)
        data = self._file.read(at, length)
        if len(data) < length:
            raise CutOffError("the file ends within its block table; it is truncated")
        for sector in struct.unpack(f">{length // 4}I", data):
            skip = offset % self._block
            part = min(count, self._block - skip)
            yield MappedRun(part, self._place(sector, skip))
            offset, count = offset + part, count - part

    def _place(self, sector: int, skip: int) -> int | None:
        if sector == _ABSENT:
            return None
        self._must_begin_inside(sector * _SECTOR, "a block")
        return sector * _SECTOR + self._bitmap + skip
