"""XFS of version 4 and 5, read-only.

Checksums are not looked at, and a log that was not replayed is left aside. Files on a
realtime device are not there.

Source: XFS Algorithms & Data Structures, 3rd edition (kernel.org), and Linux,
fs/xfs/libxfs/xfs_format.h, xfs_da_format.h; read 2026-11.
"""

import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from disk_images.blocks.prefetch import Ahead, Extent, Steps, exactly, gather
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.filesystems.inode import (
    MAX_FOLDER_BYTES,
    Inodes,
    Key,
    Node,
    kind_of_mode,
)

# Block of a folder: how long its header is, and whether a tail of 8 bytes (number of
# leaf entries of 8 bytes, which stand before it) ends it.
_BLOCKS = {
    b"XD2B": (16, True),
    b"XDB3": (64, True),
    b"XD2D": (16, False),
    b"XDD3": (64, False),
}
_UNUSED = 0xFFFF


def short_entries(fork: bytes, *, has_types: bool) -> Iterator[tuple[str, int]]:
    """Yield names and inodes from inside an inode.

    0 number of entries, 1 number of those with long inodes, parent in 4 or 8 bytes;
    an entry: length of the name, 2 bytes to sort by, name, type, inode in 4 or 8 bytes.
    """
    if len(fork) < 6:
        raise DamagedError("a folder inside its inode has no header")
    count, long_count = fork[0], fork[1]
    width = 8 if long_count else 4
    at = 2 + width
    for _ in range(count):
        name_at = at + 3
        inode_at = name_at + (fork[at] if at < len(fork) else 0) + has_types
        if at >= len(fork) or inode_at + width > len(fork):
            raise DamagedError(f"a folder claims {count} entries in {len(fork)} bytes")
        name = fork[name_at : name_at + fork[at]]
        inode = int.from_bytes(fork[inode_at : inode_at + width], "big")
        yield name.decode(errors="replace"), inode
        at = inode_at + width


def block_entries(block: bytes, *, has_types: bool) -> Iterator[tuple[str, int]]:
    """Yield names and inodes from a block of a folder.

    An entry: 0-7 inode, 8 length of the name, name, type, padding, 2 bytes with its own
    offset, so that its length is a multiple of 8. Unused: FF FF, 2-3 length.
    """
    if not any(block[:4]):
        return  # a hole
    if block[:4] not in _BLOCKS:
        raise DamagedError(f"a block of a folder begins with {block[:4].hex()}")
    at, has_tail = _BLOCKS[block[:4]]
    end = len(block)
    if has_tail:
        (leaves,) = struct.unpack_from(">I", block, end - 8)
        end -= 8 + leaves * 8
    while at + 12 <= end:
        unused, length = struct.unpack_from(">HH", block, at)
        if unused == _UNUSED:
            if not length or length % 8:
                raise DamagedError(f"unused {length} bytes in a folder")
            at += length
            continue
        inode, name_length = struct.unpack_from(">QB", block, at)
        name = block[at + 9 : at + 9 + name_length]
        if name not in {b"", b".", b".."}:
            yield name.decode(errors="replace"), inode
        at += -(-(9 + name_length + has_types + 2) // 8) * 8


# First block in the file, number of the first block on the volume, number of blocks.
Run: TypeAlias = tuple[int, int, int]

# A block of the tree: 0-3 "BMAP", or "BMA3" with a longer header; 4-5 level, 6-7
# number of records. Leaves have extents, other nodes keys and then as many pointers,
# both of 8 bytes. The root in the inode begins with level and number alone.
_HEADERS = {b"BMAP": 24, b"BMA3": 72}
_MAX_LEVEL = 8
_MAX_NODES = 1024


def packed_extents(raw: bytes, at: int, count: int) -> list[Run]:
    """Return a list of extents, each packed into 128 bits.

    1 flag (reserved, not written), 54 first block in the file, 52 first on the volume,
    21 number of blocks.
    """
    runs = []
    for place in range(at, at + count * 16, 16):
        upper, lower = struct.unpack_from(">QQ", raw, place)
        if upper >> 63:
            continue
        first = upper >> 9 & (1 << 54) - 1
        block = (upper & 0x1FF) << 43 | lower >> 21
        runs.append((first, block, lower & (1 << 21) - 1))
    return runs


def tree_extents(
    source: Source,
    root: bytes,
    wanted: range,
    size: int,
    byte_of: Callable[[int], int],
) -> Steps[list[Run]]:
    """Return the runs of a tree's leaves that tell about the wanted blocks."""
    level, count = struct.unpack_from(">HH", root)
    if not 1 <= level <= _MAX_LEVEL:
        raise DamagedError(f"a B+tree has {level} levels")
    blocks = _below(root, 4, count, wanted)
    while level:
        if len(blocks) > _MAX_NODES:
            raise CannotTellError(f"a file's map has {len(blocks):,} blocks of its own")
        level -= 1
        places = [byte_of(block) for block in blocks]
        yield [(place, size) for place in places]
        nodes = [exactly(source, place, size) for place in places]
        headers = [_header(node, level) for node in nodes]
        if level:
            blocks = []
            for node, (start, count) in zip(nodes, headers, strict=True):
                blocks += _below(node, start, count, wanted)
    runs = []
    for node, (start, count) in zip(nodes, headers, strict=True):
        if start + count * 16 > size:
            raise DamagedError(f"a leaf claims {count:,} extents")
        runs += packed_extents(node, start, count)
    return runs


def _header(node: bytes, level: int) -> tuple[int, int]:
    """Return where the records of a node begin, and how many there are."""
    own_level, count = struct.unpack_from(">HH", node, 4)
    start = _HEADERS.get(node[:4])
    if start is None or own_level != level:
        raise DamagedError("a B+tree's block is none, or not on the level it names")
    return start, count


def _below(node: bytes, start: int, count: int, wanted: range) -> list[int]:
    """Return the blocks below a node that tell about the wanted blocks."""
    most = (len(node) - start) // 16
    if count > most:
        raise DamagedError(f"a B+tree's node claims {count:,} records")
    keys = struct.unpack_from(f">{count}Q", node, start)
    pointers = struct.unpack_from(f">{count}Q", node, start + most * 8)
    ends = (*keys[1:], 1 << 64)
    return [
        pointer
        for key, end, pointer in zip(keys, ends, pointers, strict=True)
        if key < wanted.stop and end > wanted.start
    ]


# The superblock, big-endian:
#          bytes  field
#            0-3  "XFSB"
#            4-7  block size
#           8-15  number of blocks
#          32-47  UUID
#          56-63  inode of the root folder
#          84-87  blocks in an allocation group
#          88-91  number of groups
#        100-101  version, in its lower four bits
#        104-105  size of an inode
#        108-119  label
#            120  log2: block size; 123: inodes in a block; 124: blocks in a group
#            192  log2 of the blocks in a block of a folder
#        200-203  more features (0x200: types in folders)
#        216-219  features that must be known (1: types in folders)
_SUPERBLOCK_BYTES = 264
_KNOWN_INCOMPAT = 0xFF
_FTYPE4, _FTYPE5 = 0x200, 0x1

# An inode:
#          bytes  field
#            0-1  "IN"
#            2-3  mode
#              4  version
#              5  how its data is kept: 1 inside, 2 a list of extents, 3 a B+tree
#          24-31  number of extents, if flag 4 of the second flags is set
#          56-63  size
#          76-79  number of extents
#             82  size of the data fork in 8 bytes, 0 if it has all the place
#          90-91  flags (1: on the realtime device)
#        120-127  more flags
#           176-  the data fork (100- before version 3)
_INSIDE, _LIST, _TREE = 1, 2, 3
_REALTIME = 1
_MANY_EXTENTS = 1 << 4


_LINK_HEADER_BYTES = 56
_FOLDER_LEAVES_AT = 32 << 30
_INODES_SPAN = 32 * 1024
# A folder's own blocks are often the first free ones behind the inodes around its own:
# Linux, fs/xfs/libxfs/xfs_alloc.c, "near" allocation.
_FOLDER_SPAN = 96 * 1024


@dataclass(frozen=True, kw_only=True)
class XfsNode(Node):
    """An inode: how its data is kept, and the bytes of its data fork."""

    how: int
    fork: bytes
    extent_count: int


class XfsInodes(Inodes[XfsNode]):
    """The inodes of XFS."""

    kind = "xfs"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        source.want([(0, 72 * 1024)])
        raw = exactly(source, 0, _SUPERBLOCK_BYTES)
        if not raw.startswith(b"XFSB"):
            raise DamagedError("there is no XFS superblock")
        self.block_bytes = int.from_bytes(raw[4:8], "big")
        self.size_bytes = int.from_bytes(raw[8:16], "big") * self.block_bytes
        self._root = int.from_bytes(raw[56:64], "big")
        self._group_blocks = int.from_bytes(raw[84:88], "big")
        self._groups = int.from_bytes(raw[88:92], "big")
        version, _, self._inode_bytes = struct.unpack_from(">HHH", raw, 100)
        self._inode_log, self._group_log = raw[123:125]
        self._is_v5 = version & 0xF == 5
        more, incompat = struct.unpack_from(">I12xI", raw, 200)
        self._has_types = bool(incompat & _FTYPE5 if self._is_v5 else more & _FTYPE4)
        self._folder_block = self.block_bytes << min(raw[192], 8)
        self.label = raw[108:120].split(b"\0")[0].decode(errors="replace")
        self.uuid = str(uuid.UUID(bytes=raw[32:48]))
        self._check(version & 0xF, incompat if self._is_v5 else 0)

    def _check(self, version: int, incompat: int) -> None:
        is_sound = (
            512 <= self.block_bytes <= 65536
            and self.block_bytes & (self.block_bytes - 1) == 0
            and 256 <= self._inode_bytes <= min(2048, self.block_bytes)
            and self._inode_bytes << self._inode_log == self.block_bytes
            and self._folder_block <= 65536
            and 1 <= self._group_log <= 31
        )
        if not is_sound or version not in {4, 5}:
            raise DamagedError("the XFS superblock's sizes make no sense")
        if incompat & ~_KNOWN_INCOMPAT:
            raise CannotTellError(f"XFS with features 0x{incompat:x}, not all known")

    def root(self) -> Steps[Key]:
        """Return the root folder's number."""
        yield from ()
        return self._root

    def load(self, key: Key, *, is_folder: bool = False) -> Steps[XfsNode]:
        """Return the inode of a number: its place is in the number."""
        number = key if isinstance(key, int) else 0
        block, index = divmod(number, 1 << self._inode_log)
        at = self._byte_of(block) + index * self._inode_bytes
        span = _FOLDER_SPAN if is_folder else _INODES_SPAN
        yield [(at, self._inode_bytes), Ahead(at - at % _INODES_SPAN, span)]
        raw = exactly(self.source, at, self._inode_bytes)
        magic, mode, version, how = struct.unpack_from(">2sHBB", raw)
        if magic != b"IN":
            raise DamagedError(f"there is no XFS inode {number:,}")
        (size,) = struct.unpack_from(">Q", raw, 56)
        (count,) = struct.unpack_from(">I", raw, 76)
        (flags,) = struct.unpack_from(">H", raw, 90)
        start = 176 if version >= 3 else 100
        if version >= 3 and struct.unpack_from(">Q", raw, 120)[0] & _MANY_EXTENTS:
            (count,) = struct.unpack_from(">Q", raw, 24)
        end = start + raw[82] * 8 if raw[82] else len(raw)
        kind = kind_of_mode(mode)
        if flags & _REALTIME and kind == "file":
            kind = "other"
        return XfsNode(
            kind=kind, size_bytes=size, how=how, fork=raw[start:end], extent_count=count
        )

    def _byte_of(self, block: int) -> int:
        """Return where a block is, whose number starts with that of its group."""
        group, index = block >> self._group_log, block & ((1 << self._group_log) - 1)
        if group >= self._groups or index >= self._group_blocks:
            raise DamagedError(f"there is no XFS block {block:,}")
        return (group * self._group_blocks + index) * self.block_bytes

    def content(self, node: XfsNode, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file, a link or a folder."""
        if node.how == _INSIDE:
            return node.fork[offset : offset + count].ljust(count, b"\0")
        if node.kind == "link" and self._is_v5:
            return (yield from self._long_link(node))[offset : offset + count]
        extents = yield from self._extents(node, offset, count)
        return (yield from gather(self.source, extents, offset, count))

    def _long_link(self, node: XfsNode) -> Steps[bytes]:
        """Return the target of a link: each of its blocks has a header."""
        inside = self.block_bytes - _LINK_HEADER_BYTES
        size = -(-node.size_bytes // inside) * self.block_bytes
        extents = yield from self._extents(node, 0, size)
        raw = yield from gather(self.source, extents, 0, size)
        starts = range(_LINK_HEADER_BYTES, size, self.block_bytes)
        return b"".join(raw[at : at + inside] for at in starts)[: node.size_bytes]

    def _extents(self, node: XfsNode, offset: int, count: int) -> Steps[list[Extent]]:
        size = self.block_bytes
        wanted = range(offset // size, -(-(offset + count) // size))
        if node.how == _LIST:
            if node.extent_count * 16 > len(node.fork):
                raise DamagedError(f"an inode claims {node.extent_count:,} extents")
            runs = packed_extents(node.fork, 0, node.extent_count)
        elif node.how == _TREE:
            runs = yield from tree_extents(
                self.source, node.fork, wanted, size, self._byte_of
            )
        else:
            raise DamagedError(f"an inode keeps its data in way {node.how}")
        return [
            Extent(first * size, self._byte_of(block), length * size)
            for first, block, length in runs
            if first < wanted.stop and first + length > wanted.start
        ]

    def entries(self, node: XfsNode) -> Steps[dict[str, Key]]:
        """Return the names in a folder: only its data blocks are read."""
        if node.how == _INSIDE:
            return dict(short_entries(node.fork, has_types=self._has_types))
        size = min(node.size_bytes, _FOLDER_LEAVES_AT)
        if size > MAX_FOLDER_BYTES:
            raise CannotTellError(f"a folder has {size:,} bytes")
        data = yield from self.content(node, 0, size)
        found: dict[str, Key] = {}
        for at in range(0, size, self._folder_block):
            block = data[at : at + self._folder_block]
            found.update(block_entries(block, has_types=self._has_types))
        return found
