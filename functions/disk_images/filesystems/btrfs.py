"""Btrfs on one device, read-only: the default subvolume, or that with the system.

Checksums are not looked at, and the log tree is left aside. Data compressed with LZO,
and RAID profiles, cannot be read.

Source: Btrfs documentation, "On-disk Format" (btrfs.readthedocs.io); Linux,
include/uapi/linux/btrfs_tree.h; read 2026-11.

Room: core.
"""

import struct
import uuid
from dataclasses import dataclass

from image_import.inspection.btrfs_data import DataExtent, data_extent, unpacked
from image_import.inspection.btrfs_trees import (
    ROOT_ITEM,
    Chunks,
    Item,
    ItemKey,
    scan,
)
from image_import.inspection.inodes import (
    MAX_FOLDER_BYTES,
    Inodes,
    Key,
    Node,
    kind_of_mode,
)
from image_import.inspection.parts import CannotTellError, DamagedError, Source
from image_import.inspection.steps import Steps, exactly

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
