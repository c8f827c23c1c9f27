"""Btrfs on one device, read-only: the default subvolume, or that with the system.

Checksums are not looked at, and the log tree is left aside. RAID profiles cannot be
read.

Source: Btrfs documentation, "On-disk Format" (btrfs.readthedocs.io); Linux,
include/uapi/linux/btrfs_tree.h; read 2026-11.
"""

import struct
import uuid
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from disk_images.blocks.decompress import unpack_zlib_stream, unpack_zstd
from disk_images.blocks.lz import unpack_btrfs_lzo
from disk_images.blocks.prefetch import Steps, exactly
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.filesystems.inode import (
    MAX_FOLDER_BYTES,
    Inodes,
    Key,
    Node,
    kind_of_mode,
)

# Object, type, offset: items stand in this order.
ItemKey: TypeAlias = tuple[int, int, int]

ROOT_ITEM, _CHUNK_ITEM = 132, 228
_CHUNK_TREE_OBJECT = 256
_LAST = (1 << 64) - 1

# A node: 48-55 its own address, 96-99 number of items, 100 level. From byte 101 on, in
# a leaf: key of 17 bytes, 4 offset of the data from byte 101 on, 4 its size; in others:
# key, 8 address of the node below, 8 generation.
_HEADER_BYTES = 101
_KEY = "<QBQ"
_ITEM_BYTES, _POINTER_BYTES = 25, 33
_MAX_LEVEL = 7
_MAX_NODES = 512

# A chunk: 0-7 length, 24-31 profile, 44-45 number of stripes, then of each: 0-7 device,
# 8-15 offset on it, 16-31 UUID.
_CHUNK_BYTES, _STRIPE_BYTES = 48, 32
_STRIPED = 0x8 | 0x40 | 0x80 | 0x100  # RAID0, RAID10, RAID5, RAID6
_MAX_CHUNKS = 65536


class Item(NamedTuple):
    """An item of a tree."""

    key: ItemKey
    data: bytes


class _Chunk(NamedTuple):
    start: int
    length: int
    at: int


class Chunks:
    """Which addresses are where on the disk."""

    def __init__(self, source: Source, node_bytes: int) -> None:
        self.source = source
        self.node_bytes = node_bytes
        self._chunks: dict[int, _Chunk] = {}

    def add_first(self, raw: bytes) -> None:
        """Take up the chunks that the superblock lists."""
        at = 0
        while at + 17 + _CHUNK_BYTES + _STRIPE_BYTES <= len(raw):
            _, _, start = struct.unpack_from(_KEY, raw, at)
            self._add(start, raw[at + 17 :])
            (stripes,) = struct.unpack_from("<H", raw, at + 17 + 44)
            at += 17 + _CHUNK_BYTES + stripes * _STRIPE_BYTES

    def read(self, tree: int) -> Steps[None]:
        """Take up all chunks."""
        low = (_CHUNK_TREE_OBJECT, _CHUNK_ITEM, 0)
        high = (_CHUNK_TREE_OBJECT, _CHUNK_ITEM, _LAST)
        for item in (yield from scan(self, tree, low, high)):
            self._add(item.key[2], item.data)

    def _add(self, start: int, raw: bytes) -> None:
        if len(raw) < _CHUNK_BYTES + _STRIPE_BYTES or len(self._chunks) > _MAX_CHUNKS:
            raise DamagedError("the Btrfs chunks make no sense")
        (length,) = struct.unpack_from("<Q", raw)
        (profile,) = struct.unpack_from("<Q", raw, 24)
        (at,) = struct.unpack_from("<Q", raw, _CHUNK_BYTES + 8)
        if not profile & _STRIPED:
            self._chunks[start] = _Chunk(start, length, at)

    def place(self, address: int, count: int) -> tuple[int, int]:
        """Return the offset on the disk, and the count as it was given."""
        for start, length, at in self._chunks.values():
            if start <= address and address + count <= start + length:
                return at + address - start, count
        raise CannotTellError(f"address {address:,} is in no chunk that can be read")


def scan(chunks: Chunks, tree: int, low: ItemKey, high: ItemKey) -> Steps[list[Item]]:
    """Return the items of a tree from one key to another, both included."""
    addresses = [tree]
    size = chunks.node_bytes
    level: int | None = None
    while True:
        if len(addresses) > _MAX_NODES:
            raise CannotTellError("a tree has too many nodes to be read")
        places = [chunks.place(address, size) for address in addresses]
        yield places
        nodes = [exactly(chunks.source, *place) for place in places]
        below = nodes[0][100] if level is None else level - 1
        if below > _MAX_LEVEL:
            raise DamagedError(f"a tree has a level {below}")
        level = below
        for node, address in zip(nodes, addresses, strict=True):
            own_address, own_level = struct.unpack_from("<Q44xB", node, 48)
            if (own_address, own_level) != (address, level):
                raise DamagedError(f"there is no tree's node at address {address:,}")
        if level == 0:
            return [item for node in nodes for item in _leaf(node, low, high)]
        addresses = [a for node in nodes for a in _below(node, low, high)]
        if not addresses:
            return []


def _count(node: bytes, width: int) -> int:
    (count,) = struct.unpack_from("<I", node, 96)
    if _HEADER_BYTES + count * width > len(node):
        raise DamagedError(f"a tree's node claims {count:,} items")
    return int(count)


def _leaf(node: bytes, low: ItemKey, high: ItemKey) -> list[Item]:
    items = []
    for number in range(_count(node, _ITEM_BYTES)):
        at = _HEADER_BYTES + number * _ITEM_BYTES
        key: ItemKey = struct.unpack_from(_KEY, node, at)
        if low <= key <= high:
            offset, size = struct.unpack_from("<II", node, at + 17)
            start = _HEADER_BYTES + offset
            items.append(Item(key, node[start : start + size]))
    return items


def _below(node: bytes, low: ItemKey, high: ItemKey) -> list[int]:
    places = range(
        _HEADER_BYTES,
        _HEADER_BYTES + _count(node, _POINTER_BYTES) * _POINTER_BYTES,
        _POINTER_BYTES,
    )
    keys = [struct.unpack_from(_KEY, node, at) for at in places]
    ends = [*keys[1:], (_LAST, 255, _LAST)]
    return [
        struct.unpack_from("<Q", node, at + 17)[0]
        for at, key, end in zip(places, keys, ends, strict=True)
        if key <= high and end >= low
    ]


# A piece: 8-15 unpacked size, 16 compression, 17 encryption, 20 type; then its bytes
# (type 0), or 21-28 address, 29-36 bytes stored there, 37-44 what to skip of these
# once unpacked, 45-52 its length in the file.
_INLINE, _RESERVED = 0, 2
_UNPACK = {1: unpack_zlib_stream, 2: unpack_btrfs_lzo, 3: unpack_zstd}
# Linux compresses 128 KiB at a time.
_MAX_UNPACKED_BYTES = 1 << 20


class DataExtent(NamedTuple):
    """A piece of a file.

    Attributes:
        start: Its first byte in the file.
        end: The byte behind it.
        compression: 0 none, 1 zlib, 2 LZO, 3 zstd.
        inline: Its bytes, if they are in the tree.
        address: Where it is stored, 0 for zeros.
        stored_bytes: How many bytes are stored there.
        skip: How many of them, once unpacked, are not of this piece.
        unpacked_bytes: How many bytes they unpack to.
    """

    start: int
    end: int
    compression: int
    inline: bytes | None = None
    address: int = 0
    stored_bytes: int = 0
    skip: int = 0
    unpacked_bytes: int = 0


def data_extent(item: Item) -> DataExtent:
    """Return the piece that an item tells of."""
    raw, start = item.data, item.key[2]
    if len(raw) < 21:
        raise DamagedError("an extent's item is too short")
    unpacked_size, compression, encryption, kind = struct.unpack_from("<8xQBB2xB", raw)
    if encryption:
        raise CannotTellError("it is encrypted")
    if kind == _INLINE:
        end = start + unpacked_size
        data = raw[21:]
        size = unpacked_size
        return DataExtent(start, end, compression, data, unpacked_bytes=size)
    if len(raw) < 53:
        raise DamagedError("an extent's item is too short")
    address, stored, skip, length = struct.unpack_from("<QQQQ", raw, 21)
    if kind == _RESERVED:
        address = 0
    return DataExtent(
        start=start,
        end=start + length,
        compression=compression,
        address=address,
        stored_bytes=stored,
        skip=skip,
        unpacked_bytes=unpacked_size,
    )


def unpacked(piece: DataExtent, raw: bytes, first: int, end: int) -> bytes:
    """Return the bytes of a piece from one to another in the file.

    Args:
        piece: The piece.
        raw: Of a compressed one all that is stored, of another just these bytes.
        first: The first byte in the file.
        end: The byte behind the last.
    """
    count = end - first
    if piece.inline is None and (not piece.address or not piece.compression):
        return raw.ljust(count, b"\0")
    data = piece.inline if piece.inline is not None else raw
    if piece.compression:
        data = _unpack(piece, data)
    at = piece.skip + first - piece.start
    return data[at : at + count].ljust(count, b"\0")


def _unpack(piece: DataExtent, raw: bytes) -> bytes:
    size = piece.unpacked_bytes
    if size > _MAX_UNPACKED_BYTES:
        raise DamagedError(f"a compressed piece claims {size:,} bytes")
    if unpack := _UNPACK.get(piece.compression):
        return unpack(raw, size)
    raise CannotTellError(f"it is compressed with method {piece.compression}")


# The superblock, little-endian, from byte 65,536 of the volume:
#          bytes  field
#          32-47  UUID
#          64-71  "_BHRfS_M"
#          80-87  address of the root tree
#          88-95  address of the chunk tree
#        136-143  number of devices
#        148-151  size of a node
#        160-163  size of the list of the first chunks
#        198-199  levels of the root tree and of the chunk tree
#        209-216  bytes of this device
#        299-554  label
#       811-2858  the first chunks
_SUPERBLOCK_AT, _SUPERBLOCK_BYTES = 65536, 4096
_MAGIC = b"_BHRfS_M"

_INODE_ITEM, _DIR_ITEM, _DIR_INDEX, _EXTENT_DATA = 1, 84, 96, 108
_FS_TREE, _ROOT_TREE_FOLDER, _FIRST_INODE = 5, 6, 256
_LAST = (1 << 64) - 1

# Subvolumes in which distributions keep /: Ubuntu and Arch, Fedora, Debian.
_SYSTEM_NAMES = ("@", "root", "@rootfs")
_MAX_EXTENTS = 16384


@dataclass(frozen=True, kw_only=True)
class BtrfsNode(Node):
    """An inode: its tree and its number in that."""

    tree: int
    number: int


class BtrfsInodes(Inodes[BtrfsNode]):
    """The inodes of Btrfs; a key is a subvolume and a number in it."""

    kind = "btrfs"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        source.want([(_SUPERBLOCK_AT, _SUPERBLOCK_BYTES)])
        raw = exactly(source, _SUPERBLOCK_AT, _SUPERBLOCK_BYTES)
        if raw[64:72] != _MAGIC:
            raise DamagedError("there is no Btrfs superblock")
        self._roots_at, self._chunks_at = struct.unpack_from("<QQ", raw, 80)
        (devices,) = struct.unpack_from("<Q", raw, 136)
        (node_bytes,) = struct.unpack_from("<I", raw, 148)
        (first_bytes,) = struct.unpack_from("<I", raw, 160)
        if devices != 1:
            raise CannotTellError(f"it is spread over {devices:,} devices")
        if node_bytes not in {4096, 8192, 16384, 32768, 65536} or first_bytes > 2048:
            raise DamagedError("the Btrfs superblock's sizes make no sense")
        self._chunks = Chunks(source, node_bytes)
        self._chunks.add_first(raw[811 : 811 + first_bytes])
        (self.size_bytes,) = struct.unpack_from("<Q", raw, 209)
        self.label = raw[299:555].split(b"\0")[0].decode(errors="replace")
        self.uuid = str(uuid.UUID(bytes=raw[32:48]))
        self._trees: dict[int, int] = {}
        self._root: tuple[int, int] | None = None

    def root(self) -> Steps[Key]:
        """Return the folder that becomes /."""
        if self._root is None:
            yield from self._chunks.read(self._chunks_at)
            self._root = yield from self._find_root()
        return self._root

    def _find_root(self) -> Steps[tuple[int, int]]:
        low = (_ROOT_TREE_FOLDER, _DIR_ITEM, 0)
        high = (_ROOT_TREE_FOLDER, _DIR_ITEM, _LAST)
        items = yield from scan(self._chunks, self._roots_at, low, high)
        names = {name: key for item in items for name, key in _names(item)}
        location = names.get("default", (_FS_TREE, ROOT_ITEM, 0))
        top = (location[0], _FIRST_INODE)
        there = yield from self._folder(top)
        if not {"etc", "usr"} & set(there):
            for name in _SYSTEM_NAMES:
                if name in there:
                    return there[name]
        return top

    def _tree(self, number: int) -> Steps[int]:
        """Return the address of a subvolume's tree."""
        if number not in self._trees:
            low, high = (number, ROOT_ITEM, 0), (number, ROOT_ITEM, _LAST)
            items = yield from scan(self._chunks, self._roots_at, low, high)
            if not items or len(items[-1].data) < 184:
                raise DamagedError(f"there is no subvolume {number}")
            (self._trees[number],) = struct.unpack_from("<Q", items[-1].data, 176)
        return self._trees[number]

    def _items(self, tree: int, low: ItemKey, high: ItemKey) -> Steps[list[Item]]:
        at = yield from self._tree(tree)
        return (yield from scan(self._chunks, at, low, high))

    def load(self, key: Key, *, is_folder: bool = False) -> Steps[BtrfsNode]:
        """Return the inode of a key."""
        tree, number = key if isinstance(key, tuple) else (0, 0)
        place = (number, _INODE_ITEM, 0)
        # The names in a folder come soon after its inode.
        end = (number, _DIR_INDEX, _LAST) if is_folder else place
        items = yield from self._items(tree, place, end)
        if not items or items[0].key != place or len(items[0].data) < 56:
            raise DamagedError(f"there is no inode {number:,}")
        (size,) = struct.unpack_from("<Q", items[0].data, 16)
        (mode,) = struct.unpack_from("<I", items[0].data, 52)
        kind = kind_of_mode(mode)
        return BtrfsNode(kind=kind, size_bytes=size, tree=tree, number=number)

    def entries(self, node: BtrfsNode) -> Steps[dict[str, Key]]:
        """Return the names in a folder, subvolumes among them."""
        found = yield from self._folder((node.tree, node.number))
        return dict(found)

    def _folder(self, key: tuple[int, int]) -> Steps[dict[str, tuple[int, int]]]:
        tree, number = key
        low, high = (number, _DIR_INDEX, 0), (number, _DIR_INDEX, _LAST)
        items = yield from self._items(tree, low, high)
        if sum(len(item.data) for item in items) > MAX_FOLDER_BYTES:
            raise CannotTellError("a folder has too many names")
        found = {}
        for item in items:
            for name, (target, kind, _) in _names(item):
                is_volume = kind == ROOT_ITEM
                found[name] = (target, _FIRST_INODE) if is_volume else (tree, target)
        return found

    def content(self, node: BtrfsNode, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file or a link."""
        # An extent begins at most 128 MiB before the byte that is asked for.
        low = (node.number, _EXTENT_DATA, max(0, offset - (128 << 20)))
        high = (node.number, _EXTENT_DATA, offset + count - 1)
        items = yield from self._items(node.tree, low, high)
        if len(items) > _MAX_EXTENTS:
            raise CannotTellError("a file is in too many pieces")
        result = bytearray(count)
        extents = [data_extent(item) for item in items]
        pieces = [e for e in extents if e.start < offset + count and e.end > offset]
        places = [self._place(piece, offset, count) for piece in pieces]
        yield [place for place in places if place]
        for piece, place in zip(pieces, places, strict=True):
            first, end = max(piece.start, offset), min(piece.end, offset + count)
            raw = exactly(self.source, *place) if place else b""
            data = unpacked(piece, raw, first, end)
            result[first - offset : end - offset] = data
        return bytes(result)

    def _place(
        self, piece: DataExtent, offset: int, count: int
    ) -> tuple[int, int] | None:
        """Return what to read of an extent, None if its bytes are not on the disk."""
        if piece.inline is not None or not piece.address:
            return None
        if piece.compression:
            return self._chunks.place(piece.address, piece.stored_bytes)
        first = max(piece.start, offset)
        length = min(piece.end, offset + count) - first
        at = piece.address + piece.skip + first - piece.start
        return self._chunks.place(at, length)


def _names(item: Item) -> list[tuple[str, ItemKey]]:
    """Return the names in a folder's item.

    0-16 key of the inode, 25-26 length of the data, 27-28 length of the name, 29 type,
    then the name.
    """
    found, at, raw = [], 0, item.data
    while at + 30 <= len(raw):
        target, kind, offset = struct.unpack_from("<QBQ", raw, at)
        data_length, name_length = struct.unpack_from("<HH", raw, at + 25)
        name = raw[at + 30 : at + 30 + name_length].decode(errors="replace")
        found.append((name, (target, kind, offset)))
        at += 30 + name_length + data_length
    return found
