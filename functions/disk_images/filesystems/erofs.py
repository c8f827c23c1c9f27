"""EROFS, read-only: what of it is not compressed.

Names, links and small files mostly are not, so the release is told of most systems;
what is compressed cannot be read.

Source: Linux, fs/erofs/erofs_fs.h and Documentation/filesystems/erofs.rst, 2026-12.
"""

import struct
import uuid
from dataclasses import dataclass

from disk_images.blocks.prefetch import Steps, exactly, fetch
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.filesystems.inode import (
    MAX_FOLDER_BYTES,
    Inodes,
    Key,
    Node,
    kind_of_mode,
)

# Superblock at byte 1024, little-endian: 0-3 magic, 12 log2 of the block size, 14-15
# the root's number, 40-43 first block of inodes, 48-63 UUID, 64-79 label.
_SUPERBLOCK_AT, _SUPERBLOCK_BYTES = 1024, 128
_MAGIC = b"\xe2\xe1\xf5\xe0"

# An inode, every 32 bytes: 0-1 format (bit 0: 64 bytes instead of 32; bits 1-3: how its
# data is laid out), 2-3 number of words of attributes, 4-5 mode, 8 on its size (4 or 8
# bytes), 16-19 first block, or the format of its chunks.
_SLOT_BYTES = 32
_PLAIN, _INLINE, _CHUNKS = 0, 2, 4
_INDEXED = 0x20
_ABSENT = 0xFFFFFFFF
_ENTRY_BYTES = 12
_MAX_CHUNKS = 65536


@dataclass(frozen=True, kw_only=True)
class ErofsNode(Node):
    """An inode.

    Attributes:
        layout: How its data is laid out.
        block: The first one, or the format of its chunks.
        inline_at: Where what stands beside the inode begins.
    """

    layout: int
    block: int
    inline_at: int


class ErofsInodes(Inodes[ErofsNode]):
    """The inodes of EROFS by their numbers."""

    kind = "erofs"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        raw = exactly(source, _SUPERBLOCK_AT, _SUPERBLOCK_BYTES)
        bits = raw[12]
        if raw[:4] != _MAGIC or not 9 <= bits <= 16:
            raise DamagedError("the EROFS superblock makes no sense")
        self._block_bytes = 1 << bits
        (self._root,) = struct.unpack_from("<H", raw, 14)
        (first,) = struct.unpack_from("<I", raw, 40)
        self._inodes_at = first << bits
        self.uuid = str(uuid.UUID(bytes=raw[48:64]))
        self.label = raw[64:80].split(b"\0")[0].decode(errors="replace")

    def root(self) -> Steps[Key]:
        """Return the root's number."""
        yield [(self._inodes_at + self._root * _SLOT_BYTES, 2 * _SLOT_BYTES)]
        number: Key = self._root
        return number

    def load(self, key: Key, *, is_folder: bool = False) -> Steps[ErofsNode]:
        """Return the inode of a number."""
        del is_folder
        number = key if isinstance(key, int) else 0
        at = self._inodes_at + number * _SLOT_BYTES
        count = min(2 * _SLOT_BYTES, self.source.size_bytes - at)
        if count < _SLOT_BYTES:
            raise DamagedError(f"there is no inode {number:,}")
        raw = yield from fetch(self.source, at, count)
        layout, words, mode = struct.unpack_from("<HHH", raw)
        is_long = bool(layout & 1)
        if is_long and count < 2 * _SLOT_BYTES:
            raise DamagedError(f"there is no inode {number:,}")
        (size,) = struct.unpack_from("<Q" if is_long else "<I", raw, 8)
        (block,) = struct.unpack_from("<I", raw, 16)
        inode_bytes = _SLOT_BYTES << is_long
        attributes = 12 + 4 * (words - 1) if words else 0
        return ErofsNode(
            kind=kind_of_mode(mode),
            size_bytes=size,
            layout=layout >> 1 & 7,
            block=block,
            inline_at=at + inode_bytes + attributes,
        )

    def content(self, node: ErofsNode, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file or the target of a link."""
        if node.layout not in {_PLAIN, _INLINE, _CHUNKS}:
            raise CannotTellError("it is compressed by EROFS, which cannot be read")
        if node.layout == _CHUNKS:
            return (yield from self._of_chunks(node, offset, count))
        start = node.block * self._block_bytes
        if node.layout == _PLAIN:
            return (yield from fetch(self.source, start + offset, count))
        whole = node.size_bytes - node.size_bytes % self._block_bytes
        found = b""
        if offset < whole:
            part = min(count, whole - offset)
            found = yield from fetch(self.source, start + offset, part)
        if left := count - len(found):
            at = node.inline_at + offset + len(found) - whole
            found += yield from fetch(self.source, at, left)
        return found

    def _of_chunks(self, node: ErofsNode, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file whose chunks stand anywhere."""
        size = self._block_bytes << (node.block & 0x1F)
        entry = 8 if node.block & _INDEXED else 4
        first, last = offset // size, (offset + count - 1) // size
        if last - first >= _MAX_CHUNKS:
            raise CannotTellError("a file has too many chunks")
        table = -(-node.inline_at // entry) * entry + first * entry
        raw = yield from fetch(self.source, table, (last - first + 1) * entry)
        found = bytearray()
        for number in range(first, last + 1):
            (block,) = struct.unpack_from(
                "<I", raw, (number - first) * entry + entry - 4
            )
            begin = max(offset, number * size)
            end = min(offset + count, (number + 1) * size)
            if block == _ABSENT:
                found += bytes(end - begin)
                continue
            at = block * self._block_bytes + begin - number * size
            found += yield from fetch(self.source, at, end - begin)
        return bytes(found)

    # A block of a folder: of each name 0-7 its inode, 8-9 where in the block the name
    # begins; the first one so tells how many there are.
    def entries(self, node: ErofsNode) -> Steps[dict[str, Key]]:
        """Return the names in a folder."""
        if node.size_bytes > MAX_FOLDER_BYTES:
            raise CannotTellError("a folder has too many names")
        found: dict[str, Key] = {}
        if not node.size_bytes:
            return found
        data = yield from self.content(node, 0, node.size_bytes)
        for at in range(0, len(data), self._block_bytes):
            found.update(_names_in(data[at : at + self._block_bytes]))
        return {n: key for n, key in found.items() if n not in {".", ".."}}


def _names_in(block: bytes) -> dict[str, Key]:
    if len(block) < _ENTRY_BYTES:
        raise DamagedError("a folder ends in the middle")
    (names_at,) = struct.unpack_from("<H", block, 8)
    count = names_at // _ENTRY_BYTES
    if not count or names_at > len(block):
        raise DamagedError(f"the names of a folder begin at byte {names_at:,}")
    starts = [
        struct.unpack_from("<QH", block, number * _ENTRY_BYTES)
        for number in range(count)
    ]
    ends = [*(start for _, start in starts[1:]), len(block)]
    found: dict[str, Key] = {}
    for (inode, start), end in zip(starts, ends, strict=True):
        name = block[start:end].split(b"\0")[0].decode(errors="replace")
        found[name] = inode
    return found
