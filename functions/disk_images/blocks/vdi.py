"""The disk in a VirtualBox VDI, in blocks through a map.

Sources: QEMU, block/vdi.c, and VirtualBox, Storage/VDICore.h, read 2026-12.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from disk_images.blocks.mapped import MappedDisk, MappedRun, Range, holes
from disk_images.blocks.prefetch import exactly
from disk_images.blocks.source import CannotTellError, CutOffError, DamagedError, Source

HEADER_BYTES = 512
VERSION = 0x00010001
KINDS = {1: "dynamic", 2: "fixed", 3: "undo", 4: "differencing"}

_NEVER_WRITTEN = 0xFFFFFFFF
_ZEROS = 0xFFFFFFFE
_LARGEST_BLOCK = 64 * 1024**2


# VDI 1.1, little-endian: 64 u32 0xBEDA107F, 68 version, 76 kind, 340 place of the map,
# 344 place of the blocks, 368 u64 size in bytes, 376 u32 block size, 380 bytes before
# each block, 384 number of blocks, 388 how many stand in the file, 440 UUID of a parent
@dataclass(frozen=True, kw_only=True, slots=True)
class VdiHeader:
    """What the header of a VDI says.

    Attributes:
        extra_bytes: What stands in the file before each block's bytes.
        held: How many blocks the file has.
    """

    kind: str
    map_offset: int
    data_offset: int
    size_bytes: int
    block_bytes: int
    extra_bytes: int
    blocks: int
    held: int


def read_vdi_header(head: bytes) -> VdiHeader:
    """Return what the first 512 bytes of a VDI say.

    Raises:
        DamagedError: They contradict themselves.
        CannotTellError: It is of another version, or needs another file.
    """
    if len(head) < HEADER_BYTES:
        raise CutOffError(f"the file ends within its header of {HEADER_BYTES} bytes")
    (version,) = struct.unpack_from("<I", head, 68)
    if version != VERSION:
        raise CannotTellError(
            f"it is a VDI of version {version >> 16}.{version & 0xFFFF}, expected 1.1"
        )
    (kind,) = struct.unpack_from("<I", head, 76)
    map_offset, data_offset = struct.unpack_from("<II", head, 340)
    size, block, extra, blocks, held = struct.unpack_from("<QIIII", head, 368)
    if kind not in (1, 2) or any(head[440:456]):
        raise CannotTellError(
            f"it is a VDI that is {KINDS.get(kind, f'of kind {kind}')}: its other bytes"
            " are in a parent"
        )
    is_sound = 0 < block <= _LARGEST_BLOCK and block % 512 == 0
    if not is_sound or blocks * block < size or held > blocks:
        raise DamagedError(
            f"a VDI of {size:,} bytes has {blocks:,} blocks of {block:,} bytes, of"
            f" which {held:,} are in the file"
        )
    return VdiHeader(
        kind=KINDS[kind],
        map_offset=map_offset,
        data_offset=data_offset,
        size_bytes=size,
        block_bytes=block,
        extra_bytes=extra,
        blocks=blocks,
        held=held,
    )


class VdiDisk(MappedDisk):
    """A disk of which each block stands somewhere behind the map, or nowhere."""

    def __init__(self, file: Source, header: VdiHeader) -> None:
        super().__init__(file, size_bytes=header.size_bytes)
        self._header = header

    def _tables_lacking(self, ranges: list[Range]) -> list[Range]:
        places = [self._entries_place(*wanted) for wanted in ranges]
        return [place for place in places if self._file.lacks([place])]

    def _map(self, ranges: list[Range]) -> Iterator[MappedRun]:
        self._file.want([self._entries_place(*wanted) for wanted in ranges])
        block = self._header.block_bytes
        for start, length in ranges:
            offset, left = start, length
            entries = exactly(self._file, *self._entries_place(start, length))
            first = start // block
            while left > 0:
                number, skip = divmod(offset, block)
                at = 4 * (number - first)
                (entry,) = struct.unpack_from("<I", entries, at)
                blocks = holes(entries, at, 4) if entry == _NEVER_WRITTEN else 1
                part = min(left, blocks * block - skip)
                yield MappedRun(part, self._place(entry, skip, part))
                offset, left = offset + part, left - part

    def _entries_place(self, offset: int, count: int) -> Range:
        block = self._header.block_bytes
        first, last = offset // block, (offset + max(count, 1) - 1) // block
        return self._header.map_offset + 4 * first, 4 * (last - first + 1)

    def _place(self, entry: int, skip: int, count: int) -> int | None:
        if entry in (_NEVER_WRITTEN, _ZEROS):
            return None
        header = self._header
        if entry >= header.held:
            raise DamagedError(
                f"a block is number {entry:,}, but the file has {header.held:,}"
            )
        stride = header.block_bytes + header.extra_bytes
        at = header.data_offset + entry * stride + header.extra_bytes
        self._must_lie_inside(at + skip, count, "a block")
        return at + skip
