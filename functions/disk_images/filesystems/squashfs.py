"""Squashfs 4.0, read-only: the root of appliances and of systems that never change.

Packed with whatever Linux knows: gzip, xz, lzma, zstd, LZO or LZ4.

Source: Linux, fs/squashfs/squashfs_fs.h and Documentation/filesystems/squashfs.rst;
read 2026-12.
"""

import lzma
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from disk_images.blocks.decompress import unpack_zlib_stream, unpack_zstd
from disk_images.blocks.lz import unpack_lz4, unpack_lzo
from disk_images.blocks.prefetch import Steps, exactly, fetch
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.filesystems.inode import MAX_FOLDER_BYTES, Inodes, Key, Node, NodeKind

# Superblock, little-endian: 0-3 "hsqs", 12-15 block size, 20-21 compression, 28-29
# version, 32-39 the root's inode, 64-71 inode table, 72-79 directory table, 80-87
# fragment table.
_SUPERBLOCK_BYTES = 96
_COMPRESSIONS = {1: "gzip", 2: "lzma", 3: "LZO", 4: "xz", 5: "LZ4", 6: "zstd"}

# A piece of metadata: 0-1 its stored bytes, with bit 15 if they are not packed; then up
# to 8 KiB. A reference to it has its place in bits 16-47 and the byte in it below.
_META_BYTES = 8192
_PLAIN_META, _PLAIN_DATA = 1 << 15, 1 << 24
_MOST_KEPT = 128
_MAX_BLOCKS = 65536
_NO_FRAGMENT = 0xFFFFFFFF
_XZ_MEMORY = 64 << 20


def _unpack_lzma(data: bytes, limit: int) -> bytes:
    try:
        unpacker = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        return unpacker.decompress(data, limit)
    except lzma.LZMAError as exc:
        raise DamagedError(f"a block cannot be unpacked by xz: {exc}") from exc


_UNPACK: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": unpack_zlib_stream,
    "LZO": unpack_lzo,
    "LZ4": unpack_lz4,
    "lzma": _unpack_lzma,
    "xz": _unpack_lzma,
    "zstd": unpack_zstd,
}


@dataclass(frozen=True, kw_only=True)
class SquashfsNode(Node):
    """An inode, with what its kind needs.

    Attributes:
        start: Of a file its first byte, of a folder its place in the directory table.
        offset: Of a folder in its piece, of a file's end in its fragment.
        fragment: Its number; none if it is `_NO_FRAGMENT`.
        blocks: How many bytes of each block are stored.
        target: Of a link.
    """

    start: int = 0
    offset: int = 0
    fragment: int = _NO_FRAGMENT
    blocks: tuple[int, ...] = ()
    target: bytes = b""


class SquashfsInodes(Inodes[SquashfsNode]):
    """The inodes of squashfs; a key is a reference to one."""

    kind = "squashfs"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        raw = exactly(source, 0, _SUPERBLOCK_BYTES)
        (self._block_bytes,) = struct.unpack_from("<I", raw, 12)
        (number,) = struct.unpack_from("<H", raw, 20)
        (major,) = struct.unpack_from("<H", raw, 28)
        (self._root,) = struct.unpack_from("<Q", raw, 32)
        self._inodes_at, self._folders_at, self._fragments_at = struct.unpack_from(
            "<QQQ", raw, 64
        )
        if raw[:4] != b"hsqs" or major != 4 or not 4096 <= self._block_bytes <= 1 << 20:
            raise DamagedError("the squashfs superblock makes no sense")
        name = _COMPRESSIONS.get(number, f"method {number}")
        if name not in _UNPACK:
            raise CannotTellError(f"it is packed with {name}, which cannot be read")
        self._unpack = _UNPACK[name]
        self._pieces: OrderedDict[int, tuple[bytes, int]] = OrderedDict()

    def root(self) -> Steps[Key]:
        """Return the root's reference."""
        yield [(self._inodes_at, 2)]
        reference: Key = self._root
        return reference

    def _piece(self, at: int) -> Steps[tuple[bytes, int]]:
        """Return a piece of metadata, unpacked, and where the next one stands."""
        if at not in self._pieces:
            most = min(2 + _META_BYTES, self.source.size_bytes - at)
            if most < 3:
                raise DamagedError(f"metadata is looked for at byte {at:,}")
            raw = yield from fetch(self.source, at, most)
            (header,) = struct.unpack_from("<H", raw)
            stored = header & (_PLAIN_META - 1)
            if not 0 < stored <= min(_META_BYTES, most - 2):
                raise DamagedError(f"a piece of metadata has {stored:,} bytes")
            data = raw[2 : 2 + stored]
            if not header & _PLAIN_META:
                data = self._unpack(data, _META_BYTES)
            self._pieces[at] = data, at + 2 + stored
            if len(self._pieces) > _MOST_KEPT:
                self._pieces.popitem(last=False)
        return self._pieces[at]

    def _metadata(self, at: int, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of metadata, which may go on in the next pieces."""
        found = bytearray()
        while len(found) < count:
            data, at = yield from self._piece(at)
            part = data[offset : offset + count - len(found)]
            if not part:
                raise DamagedError("metadata ends in the middle")
            found += part
            offset = 0
        return bytes(found)

    # An inode: 0-1 kind (1 folder, 2 file, 3 link; 8, 9, 10 with more), 2-3 mode, then
    # from byte 16 on what its kind has.
    def load(self, key: Key, *, is_folder: bool = False) -> Steps[SquashfsNode]:
        """Return the inode of a reference."""
        del is_folder
        reference = key if isinstance(key, int) else 0
        at, offset = self._inodes_at + (reference >> 16), reference & 0xFFFF
        (kind,) = struct.unpack("<H", (yield from self._metadata(at, offset, 2)))
        readers = {1: _FOLDER, 8: _LARGE_FOLDER, 2: _FILE, 9: _LARGE_FILE,
                   3: _LINK, 10: _LINK}  # fmt: skip
        if kind not in readers:
            return SquashfsNode(kind="other", size_bytes=0)
        layout = readers[kind]
        count = 16 + struct.calcsize(layout)
        raw = yield from self._metadata(at, offset, count)
        values = struct.unpack_from(layout, raw, 16)
        if kind in {1, 8}:
            first, second, inside = values
            start, size = (first, second) if kind == 1 else (second, first)
            return _folder_node(size, start, inside)
        if kind in {3, 10}:
            (size,) = values
            if size > 65536:
                raise DamagedError(f"a link has {size:,} bytes")
            more = yield from self._metadata(at, offset, count + size)
            return SquashfsNode(kind="link", size_bytes=size, target=more[count:])
        if kind == 2:
            start, fragment, inside, size = values
        else:
            start, size, fragment, inside = values
        blocks = size // self._block_bytes
        if fragment == _NO_FRAGMENT:
            blocks = -(-size // self._block_bytes)
        if blocks > _MAX_BLOCKS:
            raise CannotTellError(f"a file has {blocks:,} blocks")
        raw = yield from self._metadata(at, offset, count + 4 * blocks)
        return SquashfsNode(
            kind="file",
            size_bytes=size,
            start=start,
            offset=inside,
            fragment=fragment,
            blocks=struct.unpack_from(f"<{blocks}I", raw, count),
        )

    def content(self, node: SquashfsNode, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file or the target of a link."""
        if node.kind == "link":
            return node.target[offset : offset + count]
        size = self._block_bytes
        found = bytearray()
        for number in range(offset // size, (offset + count - 1) // size + 1):
            found += yield from self._block(node, number)
        first = offset - offset % size
        return bytes(found[offset - first : offset - first + count])

    def _block(self, node: SquashfsNode, number: int) -> Steps[bytes]:
        """Return a block of a file; its end may stand in a fragment with others."""
        length = min(self._block_bytes, node.size_bytes - number * self._block_bytes)
        if number >= len(node.blocks):
            start, stored = yield from self._fragment(node.fragment)
            data = yield from self._data(start, stored)
            return data[node.offset : node.offset + length].ljust(length, b"\0")
        before = sum(n & (_PLAIN_DATA - 1) for n in node.blocks[:number])
        data = yield from self._data(node.start + before, node.blocks[number])
        return data[:length].ljust(length, b"\0")

    def _data(self, at: int, stored: int) -> Steps[bytes]:
        count = stored & (_PLAIN_DATA - 1)
        if not count:
            return b""
        if count > self._block_bytes:
            raise DamagedError(f"a block has {count:,} bytes")
        raw = yield from fetch(self.source, at, count)
        return raw if stored & _PLAIN_DATA else self._unpack(raw, self._block_bytes)

    def _fragment(self, number: int) -> Steps[tuple[int, int]]:
        """Return where a fragment is, and its stored bytes: 512 stand in each piece."""
        if number == _NO_FRAGMENT:
            return 0, 0
        piece, within = divmod(number, 512)
        raw = yield from fetch(self.source, self._fragments_at + 8 * piece, 8)
        (at,) = struct.unpack("<Q", raw)
        entry = yield from self._metadata(at, 16 * within, 16)
        start, stored = struct.unpack_from("<QI", entry)
        return start, stored

    # A folder: runs of 0-3 how many less one, 4-7 the piece of their inodes, and of
    # each: 0-1 its inode in the piece, 6-7 bytes of the name less one, then the name.
    def entries(self, node: SquashfsNode) -> Steps[dict[str, Key]]:
        """Return the names in a folder."""
        if node.size_bytes > MAX_FOLDER_BYTES:
            raise CannotTellError("a folder has too many names")
        found: dict[str, Key] = {}
        if not node.size_bytes:
            return found
        place = self._folders_at + node.start
        raw = yield from self._metadata(place, node.offset, node.size_bytes)
        at = 0
        while at + 12 <= len(raw):
            count, piece = struct.unpack_from("<II", raw, at)
            at += 12
            for _ in range(count + 1):
                if at + 8 > len(raw):
                    raise DamagedError("a folder ends in the middle")
                inside, length = struct.unpack_from("<H4xH", raw, at)
                name = raw[at + 8 : at + 9 + length].decode(errors="replace")
                found[name] = piece << 16 | inside
                at += 9 + length
        return found


# What inodes have from byte 16 on. A folder: place and size, or size and place; of
# either the size is its bytes plus 3. A file: place, fragment, byte in it and size, or
# place, size, fragment and byte in it. A link: bytes of its target.
_FOLDER = "<I4xHH4x"
_LARGE_FOLDER = "<4xII4x2xH4x"
_FILE = "<IIII"
_LARGE_FILE = "<QQ8x4xII4x"
_LINK = "<4xI"


def _folder_node(size: int, start: int, inside: int) -> SquashfsNode:
    kind: NodeKind = "folder"
    return SquashfsNode(
        kind=kind, size_bytes=max(0, size - 3), start=start, offset=inside
    )
