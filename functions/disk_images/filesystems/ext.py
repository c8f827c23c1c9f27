"""ext2, ext3 and ext4, read-only.

Checksums are not looked at, and a journal that was not replayed is left aside: a file
may look as it did a moment before a crash.

Source: Linux, Documentation/filesystems/ext4 (super, group_descr, inodes, ifork,
directory, inlinedata), fs/ext4/ext4.h and fs/ext4/ext4_extents.h; which of the three
names applies: util-linux, libblkid/src/superblocks/ext.c; read 2026-11.
"""

import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from disk_images.blocks.prefetch import (
    Ahead,
    Extent,
    Range,
    Steps,
    exactly,
    fetch,
    gather,
)
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.filesystems.inode import (
    MAX_FOLDER_BYTES,
    Inodes,
    Key,
    Node,
    kind_of_mode,
)

_MAP = slice(40, 100)
_EXTRA_AT = 128
_XATTR_MAGIC = 0xEA020000
_SYSTEM = 7

# An extended attribute: 0 length of the name, 1 prefix of the name, 2-3 offset of the
# value from the first attribute, 4-7 inode of the value, 8-11 size of the value,
# 12-15 hash, then the name, padded to 4 bytes.
_ATTRIBUTE = "<BBHII4x"


def inline_data(inode: bytes) -> bytes:
    """Return the content of an inode with inline data: 60 bytes or more."""
    return inode[_MAP] + _attribute(inode, b"data")


def _attribute(inode: bytes, wanted: bytes) -> bytes:
    """Return the value of a "system." attribute, b"" if there is none."""
    if len(inode) < _EXTRA_AT + 4:
        return b""
    (extra,) = struct.unpack_from("<H", inode, _EXTRA_AT)
    first = _EXTRA_AT + extra + 4
    if inode[first - 4 : first] != _XATTR_MAGIC.to_bytes(4, "little"):
        return b""
    at = first
    while at + 16 <= len(inode) and any(inode[at : at + 4]):
        length, prefix, offset, elsewhere, size = struct.unpack_from(
            _ATTRIBUTE, inode, at
        )
        if prefix == _SYSTEM and inode[at + 16 : at + 16 + length] == wanted:
            if elsewhere or first + offset + size > len(inode):
                raise DamagedError("inline data stands outside of its inode")
            return inode[first + offset : first + offset + size]
        at += 16 + -(-length // 4) * 4
    return b""


# First block in the file, first block on the volume, number of blocks.
Run: TypeAlias = tuple[int, int, int]

# A node of an extent tree: 0-1 F30A, 2-3 number of entries, 6-7 depth; from byte 12 on
# entries of 12 bytes.
# An extent: 0-3 first block in the file, 4-5 number of blocks (more than 32,768:
#   reserved, not written), 6-7 and 8-11 first block on the volume, upper half first.
# An index: 0-3 first block in the file, 4-7 and 8-9 block of the node, low first.
_NODE, _NODE_MAGIC = "<HH2xH", 0xF30A
_MAX_DEPTH = 5
_WRITTEN = 0x8000

_DIRECT = 12
_MAX_NODES = 1024


def extent_tree(
    source: Source, root: bytes, wanted: range, size: int
) -> Steps[list[Run]]:
    """Return the runs of blocks that overlap with the wanted ones."""
    runs: list[Run] = []
    nodes = [root]
    depth = _depth(root)
    if depth > _MAX_DEPTH:
        raise DamagedError(f"an extent tree has a depth of {depth}")
    for level in range(depth, 0, -1):
        blocks = [block for node in nodes for block in _below(node, level, wanted)]
        _check_count(len(blocks))
        yield [(block * size, size) for block in blocks]
        nodes = [exactly(source, block * size, size) for block in blocks]
    for node in nodes:
        runs += _leaf(node)
    return [run for run in runs if _overlaps(run[0], run[0] + run[2], wanted)]


def _depth(node: bytes) -> int:
    magic, _, depth = struct.unpack_from(_NODE, node)
    if magic != _NODE_MAGIC:
        raise DamagedError(f"an extent tree's node begins with {magic:04x}")
    return int(depth)


def _entries(node: bytes, level: int) -> list[int]:
    """Return where the entries of a node are."""
    if _depth(node) != level:
        raise DamagedError("an extent tree's node is not on the level it names")
    (count,) = struct.unpack_from("<H", node, 2)
    if 12 + count * 12 > len(node):
        raise DamagedError(f"an extent tree's node claims {count:,} entries")
    return list(range(12, 12 + count * 12, 12))


def _below(node: bytes, level: int, wanted: range) -> list[int]:
    """Return the blocks of the nodes that tell about the wanted blocks."""
    indexes = [struct.unpack_from("<IIH", node, at) for at in _entries(node, level)]
    ends = [first for first, _, _ in indexes[1:]] + [1 << 32]
    return [
        low | high << 32
        for (first, low, high), end in zip(indexes, ends, strict=True)
        if _overlaps(first, end, wanted)
    ]


def _leaf(node: bytes) -> list[Run]:
    runs = []
    for at in _entries(node, 0):
        first, count, high, low = struct.unpack_from("<IHHI", node, at)
        if count <= _WRITTEN:
            runs.append((first, low | high << 32, count))
    return runs


def block_map(
    source: Source, root: bytes, wanted: range, size: int
) -> Steps[list[Run]]:
    """Return the runs of blocks that overlap with the wanted ones."""
    per_block = size // 4
    found = []
    tables = []
    first = 0
    for number, block in enumerate(struct.unpack("<15I", root)):
        level = max(0, number - _DIRECT + 1)
        tables.append((first, block, level))
        first += per_block**level
    while tables:
        tables = [
            (first, block, level)
            for first, block, level in tables
            if block and _overlaps(first, first + per_block**level, wanted)
        ]
        found += [(first, block, 1) for first, block, level in tables if level == 0]
        tables = [table for table in tables if table[2]]
        _check_count(len(tables))
        yield [(block * size, size) for _, block, _ in tables]
        below = []
        for first, block, level in tables:
            step = per_block ** (level - 1)
            data = exactly(source, block * size, size)
            for number, entry in enumerate(struct.unpack(f"<{per_block}I", data)):
                below.append((first + number * step, entry, level - 1))
        tables = below
    return _joined(sorted(found))


def _joined(runs: list[Run]) -> list[Run]:
    """Return the same runs with neighbours as one."""
    joined: list[Run] = []
    for run in runs:
        if joined:
            first, block, count = joined[-1]
            if (first + count, block + count) == run[:2]:
                joined[-1] = first, block, count + run[2]
                continue
        joined.append(run)
    return joined


def _overlaps(first: int, end: int, wanted: range) -> bool:
    return first < wanted.stop and end > wanted.start


def _check_count(count: int) -> None:
    if count > _MAX_NODES:
        raise CannotTellError(f"a file's map has {count:,} blocks of its own")


# The superblock, little-endian, from byte 1024 of the volume:
#          bytes  field
#            0-3  number of inodes
#            4-7  number of blocks, its lower half (upper half: 336-339)
#          20-23  first data block
#          24-27  log2 of the block size in KiB
#          32-35  blocks in a group
#          40-43  inodes in a group
#          56-57  EF53
#          76-79  revision
#          88-89  size of an inode
#         92-103  features: compatible, incompatible, compatible for reading
#        104-119  UUID
#        120-135  label
#        254-255  size of a group descriptor
#        260-263  first meta block group
#            372  log2 of the groups in a flexible group
#        588-595  the two groups with a backup, with sparse_super2
SUPERBLOCK_AT = 1024
_SUPERBLOCK_BYTES = 1024
_MAGIC = 0xEF53

_HAS_JOURNAL, _SPARSE_SUPER2 = 0x4, 0x200
_META_BG, _64BIT, _ENCRYPT = 0x10, 0x80, 0x10000
_NOT_READABLE = 0x1 | 0x8  # compression, a journal device
_EXT3_INCOMPAT = 0x2 | 0x4 | _META_BG
_SPARSE_SUPER, _EXT3_RO_COMPAT = 0x1, 0x7

# A group descriptor: 8-11 and 40-43 first block of the inodes, 28-29 and 50-51 how many
# at the end of the table were never used.
# An inode:
#          bytes  field
#            0-1  mode
#            4-7  size, its lower half (upper half: 108-111)
#          32-35  flags
#          40-99  the map of its blocks, or its content
_ENCRYPTED, _EXTENTS, _INLINE = 0x800, 0x80000, 0x10000000
_MAP = slice(40, 100)
_ROOT = 2

# What is fetched around an inode: those of its folder are near.
_INODES_SPAN = 16 * 1024
# And with the root's: mkfs with a folder to copy fills the first groups, so that most
# of a system's folders are among them. Linux spreads them, and uses few here.
_FIRST_INODES = 4096
_FIRST_INODES_OF_FOLDER = 768
# Of a group whose first folder's block is guessed, with those that follow it.
_FIRST_FOLDERS = 16
_FOLDERS_SPAN = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class ExtNode(Node):
    """An inode, and its bytes."""

    flags: int
    raw: bytes

    @property
    def map(self) -> bytes:
        """The 60 bytes that map its blocks."""
        return self.raw[_MAP]


class ExtInodes(Inodes[ExtNode]):
    """The inodes of ext2, ext3 or ext4."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        source.want([(0, 64 * 1024)])
        raw = exactly(source, SUPERBLOCK_AT, _SUPERBLOCK_BYTES)
        if struct.unpack_from("<H", raw, 56) != (_MAGIC,):
            raise DamagedError("there is no ext superblock")
        self._super = raw
        self._read_sizes()
        self.label = raw[120:136].split(b"\0")[0].decode(errors="replace")
        self.uuid = str(uuid.UUID(bytes=raw[104:120]))

    def _read_sizes(self) -> None:
        raw = self._super
        self._inode_count = int.from_bytes(raw[0:4], "little")
        self._first_data = int.from_bytes(raw[20:24], "little")
        log = int.from_bytes(raw[24:28], "little")
        self._group_blocks = int.from_bytes(raw[32:36], "little")
        self._group_inodes = int.from_bytes(raw[40:44], "little")
        revision, self._inode_bytes = struct.unpack_from("<I8xH", raw, 76)
        self._compat, self._incompat, self._ro = struct.unpack_from("<III", raw, 92)
        if revision == 0:
            self._inode_bytes = 128
        self._descriptor_bytes = 32
        if self._incompat & _64BIT:
            self._descriptor_bytes = int.from_bytes(raw[254:256], "little")
        if log > 6 or not self._group_blocks or not self._group_inodes:
            raise DamagedError("the ext superblock's sizes make no sense")
        self.block_bytes = 1024 << log
        blocks = int.from_bytes(raw[4:8], "little")
        if self._incompat & _64BIT:
            blocks |= int.from_bytes(raw[336:340], "little") << 32
        self.size_bytes = blocks * self.block_bytes
        if not (
            128 <= self._inode_bytes <= min(self.block_bytes, 4096)
            and 32 <= self._descriptor_bytes <= self.block_bytes
        ):
            raise DamagedError("the ext superblock's sizes make no sense")
        if self._incompat & _NOT_READABLE:
            raise CannotTellError("it is compressed, or the journal of another volume")

    @property
    def kind_found(self) -> str:
        """ext2, ext3 or ext4, by its features."""
        if self._incompat & ~_EXT3_INCOMPAT or self._ro & ~_EXT3_RO_COMPAT:
            return "ext4"
        return "ext3" if self._compat & _HAS_JOURNAL else "ext2"

    def root(self) -> Steps[Key]:
        """Return the root folder's number, which is always the same."""
        yield from ()
        return _ROOT

    def load(self, key: Key, *, is_folder: bool = False) -> Steps[ExtNode]:
        """Return the inode of a number."""
        number = key if isinstance(key, int) else 0
        if not 1 <= number <= self._inode_count:
            raise DamagedError(f"there is no inode {number:,}")
        group, index = divmod(number - 1, self._group_inodes)
        table, used = yield from self._inode_table(group)
        at = table + index * self._inode_bytes
        near = Ahead(at - at % _INODES_SPAN, 2 * _INODES_SPAN)
        guessed = self._guessed(number, table, used) if is_folder else []
        yield [(at, self._inode_bytes), near, *guessed]
        raw = exactly(self.source, at, self._inode_bytes)
        mode, low, flags = struct.unpack_from("<H2xI24xI", raw)
        (high,) = struct.unpack_from("<I", raw, 108)
        kind = kind_of_mode(mode)
        return ExtNode(kind=kind, size_bytes=low | high << 32, flags=flags, raw=raw)

    def _inode_table(self, group: int) -> Steps[tuple[int, int]]:
        """Return the byte at which the inodes of a group begin, how many it uses."""
        at = self._descriptor_at(group)
        raw = yield from fetch(self.source, at, self._descriptor_bytes)
        block = int.from_bytes(raw[8:12], "little")
        unused = int.from_bytes(raw[28:30], "little")
        if self._descriptor_bytes >= 64:
            block |= int.from_bytes(raw[40:44], "little") << 32
            unused |= int.from_bytes(raw[50:52], "little") << 16
        used = max(1, self._group_inodes - unused)
        return block * self.block_bytes, used

    def _descriptor_at(self, group: int) -> int:
        per_block = self.block_bytes // self._descriptor_bytes
        meta, index = divmod(group, per_block)
        first_meta = int.from_bytes(self._super[260:264], "little")
        block = self._first_data + 1 + meta
        if self._incompat & _META_BG and meta >= first_meta:
            first_group = meta * per_block
            block = first_group * self._group_blocks + self._first_data
            block += self._has_superblock(first_group)
        return block * self.block_bytes + index * self._descriptor_bytes

    def _has_superblock(self, group: int) -> bool:
        if self._compat & _SPARSE_SUPER2:
            return group in {0, *struct.unpack_from("<II", self._super, 588)}
        if group <= 1 or not self._ro & _SPARSE_SUPER:
            return True
        return any(group == base**n for base in (3, 5, 7) for n in range(1, 21))

    def _guessed(self, number: int, table: int, used: int) -> list[Range]:
        """Return what probably is read after a folder's inode.

        The first folder in a flexible group has the first block behind the group's
        inode tables: mkfs puts the root there, and Linux gives a group of its own to
        each folder in the root (fs/ext4/ialloc.c, find_group_orlov, and
        fs/ext4/inode.c, ext4_inode_to_goal_block). With the root's inode come others.
        """
        blocks = int.from_bytes(self._super[4:8], "little")
        groups = -(-(blocks - self._first_data) // self._group_blocks)
        flexible = 1 << min(self._super[372], 16)
        group, index = divmod(number - 1, self._group_inodes)
        if group % flexible or index >= _FIRST_FOLDERS:
            return []
        near = max(1, min(groups - group, flexible))
        behind = table + near * self._group_inodes * self._inode_bytes
        inodes = _FIRST_INODES if number == _ROOT else _FIRST_INODES_OF_FOLDER
        count = min(inodes, used) * self._inode_bytes
        return [Ahead(behind, _FOLDERS_SPAN), Ahead(table, count)]

    def content(self, node: ExtNode, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file, a link or a folder."""
        if node.flags & _ENCRYPTED:
            raise CannotTellError("it is encrypted")
        if node.flags & _INLINE:
            return inline_data(node.raw)[offset : offset + count].ljust(count, b"\0")
        if node.kind == "link" and node.size_bytes < 60 and not node.flags & _EXTENTS:
            return node.map[offset : offset + count]
        extents = yield from self._extents(node, offset, count)
        return (yield from gather(self.source, extents, offset, count))

    def _extents(self, node: ExtNode, offset: int, count: int) -> Steps[list[Extent]]:
        size = self.block_bytes
        first, end = offset // size, -(-(offset + count) // size)
        read_map = extent_tree if node.flags & _EXTENTS else block_map
        runs = yield from read_map(self.source, node.map, range(first, end), size)
        return [Extent(a * size, b * size, n * size) for a, b, n in runs]

    def entries(self, node: ExtNode) -> Steps[dict[str, Key]]:
        """Return the names in a folder, hashed ones read from end to end as well."""
        if node.flags & _INLINE:
            data = inline_data(node.raw)
            pieces = [data[4:60], data[60:]]
        else:
            if node.size_bytes > MAX_FOLDER_BYTES:
                raise CannotTellError(f"a folder has {node.size_bytes:,} bytes")
            data = yield from self.content(node, 0, node.size_bytes)
            starts = range(0, len(data), self.block_bytes)
            pieces = [data[at : at + self.block_bytes] for at in starts]
        found: dict[str, Key] = {}
        for piece in pieces:
            found.update(_entries_of(piece))
        return found


def _entries_of(block: bytes) -> Iterator[tuple[str, int]]:
    """Yield the names and inodes in a block of a folder.

    0-3 inode, 4-5 length of the entry, 6 length of the name, 7 type, then the name.
    """
    at = 0
    while at + 8 <= len(block):
        inode, length, name_length = struct.unpack_from("<IHB", block, at)
        if length in {0, 0xFFFF}:  # 64 KiB, in blocks of that size
            length = 0x10000
        if length < 8 or length % 4:
            raise DamagedError(f"an entry of a folder has a length of {length}")
        name = block[at + 8 : at + 8 + name_length]
        if inode and name not in {b"", b".", b".."}:
            yield name.decode(errors="replace"), inode
        at += length
