"""Which blocks a file of ext2, ext3 or ext4 has: extent trees and block maps.

Source: Linux, Documentation/filesystems/ext4/ifork.rst, fs/ext4/ext4_extents.h; read
2026-11.

Room: core.
"""

import struct
from typing import TypeAlias

from image_import.inspection.parts import CannotTellError, DamagedError, Source
from image_import.inspection.steps import Steps, exactly

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
