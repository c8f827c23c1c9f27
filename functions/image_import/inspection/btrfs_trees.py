"""The trees of Btrfs, and where its addresses are on the disk.

Source: Btrfs documentation, "On-disk Format"; Linux,
include/uapi/linux/btrfs_tree.h; read 2026-11.

Room: core.
"""

import struct
from typing import NamedTuple, TypeAlias

from image_import.inspection.parts import CannotTellError, DamagedError, Source
from image_import.inspection.steps import Steps, exactly

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
