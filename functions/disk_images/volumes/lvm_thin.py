"""A thin volume of LVM2: where its chunks are is told by a tree in the pool's metadata.

Source: Linux, drivers/md/dm-thin-metadata.c and drivers/md/persistent-data/dm-btree.h;
read 2026-12.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from disk_images.blocks.prefetch import Range, exactly
from disk_images.blocks.source import CannotTellError, DamagedError, Source

# All in blocks of 4 KiB, little-endian. The superblock, block 0: 32-39 magic, 40-43
# version, 320-327 root of the mappings, 336-339 sectors in a chunk.
# A node: 4-7 flags (1: it points at nodes, 2: it has values), 8-15 its own block, 16-19
# number of entries, 20-23 how many it has room for, 24-27 bytes of a value; from byte
# 32 on the keys of 8 bytes, behind the room for them the values.
# The first tree leads from a device's number to the root of its own; that one from a
# chunk of the device to the chunk of the pool, in bits 24-63.
_BLOCK_BYTES, _SECTOR = 4096, 512
_MAGIC, _VERSIONS = 27022010, {1, 2}
_HEADER_BYTES, _VALUE_BYTES = 32, 8
_INNER, _LEAF = 1, 2
_TIME_BITS = 24
_MOST_LEVELS = 9
_MOST_NODES = 4096
_LARGEST_CHUNK = 1 << 30


class _Node(NamedTuple):
    is_leaf: bool
    keys: tuple[int, ...]
    values: tuple[int, ...]


class ThinVolume:
    """A thin volume, as a `Source`; what was never written is zeros.

    Args:
        metadata: The pool's volume of metadata.
        data: The pool's volume of data.
        device: The number of the volume in the pool.

    Raises:
        CannotTellError: The pool is damaged, or has no such volume.
    """

    def __init__(
        self, metadata: Source, data: Source, *, device: int, size_bytes: int
    ) -> None:
        self.size_bytes = size_bytes
        self._metadata = metadata
        self._data = data
        self._nodes: dict[int, _Node] = {}
        raw = exactly(metadata, 0, _BLOCK_BYTES)
        magic, version = struct.unpack_from("<QI", raw, 32)
        (mappings,) = struct.unpack_from("<Q", raw, 320)
        (sectors,) = struct.unpack_from("<I", raw, 336)
        self._chunk_bytes = sectors * _SECTOR
        is_sound = 0 < self._chunk_bytes <= _LARGEST_CHUNK
        if magic != _MAGIC or version not in _VERSIONS or not is_sound:
            raise DamagedError("its pool's metadata make no sense")
        root = self._find(mappings, device)
        if root is None:
            raise CannotTellError(f"its pool has no device {device:,}")
        self._root = root

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the volume ends."""
        return b"".join(
            bytes(length) if at is None else exactly(self._data, at, length)
            for at, length in self._pieces(offset, count)
        )

    def want(self, ranges: Iterable[Range]) -> None:
        """Get ranges side by side, once it is known where they are."""
        places: list[Range] = []
        try:
            for offset, count in ranges:
                pieces = self._pieces(offset, count)
                places += [(at, length) for at, length in pieces if at is not None]
        except CannotTellError:
            return
        self._data.want(places)

    def lacks(self, ranges: Iterable[Range]) -> bool:
        """Whether bytes may have to be fetched: where they are is not known here."""
        return bool(list(ranges))

    def _pieces(self, offset: int, count: int) -> Iterator[tuple[int | None, int]]:
        """Yield where the pieces of a range are on the pool, and their lengths."""
        end = min(offset + count, self.size_bytes)
        while 0 <= offset < end:
            chunk, within = divmod(offset, self._chunk_bytes)
            length = min(end - offset, self._chunk_bytes - within)
            value = self._find(self._root, chunk)
            place = None if value is None else value >> _TIME_BITS
            yield place if place is None else place * self._chunk_bytes + within, length
            offset += length

    def _find(self, block: int, key: int) -> int | None:
        """Return the value of a key in a tree, None if it has none."""
        for _ in range(_MOST_LEVELS):
            node = self._node(block)
            number = bisect_right(node.keys, key) - 1
            if number < 0:
                return None
            if node.is_leaf:
                return node.values[number] if node.keys[number] == key else None
            block = node.values[number]
        raise DamagedError("a tree of its pool has too many levels")

    def _node(self, block: int) -> _Node:
        if block not in self._nodes:
            if len(self._nodes) >= _MOST_NODES:
                self._nodes.clear()
            self._nodes[block] = self._read_node(block)
        return self._nodes[block]

    def _read_node(self, block: int) -> _Node:
        raw = exactly(self._metadata, block * _BLOCK_BYTES, _BLOCK_BYTES)
        flags, own, count, room, width = struct.unpack_from("<IQIII", raw, 4)
        values_at = _HEADER_BYTES + 8 * room
        is_sound = (
            own == block
            and flags in {_INNER, _LEAF}
            and width == _VALUE_BYTES
            and count <= room
            and values_at + width * room <= _BLOCK_BYTES
        )
        if not is_sound:
            raise DamagedError(f"block {block:,} of its pool's metadata is no node")
        keys = struct.unpack_from(f"<{count}Q", raw, _HEADER_BYTES)
        values = struct.unpack_from(f"<{count}Q", raw, values_at)
        return _Node(flags == _LEAF, keys, values)
