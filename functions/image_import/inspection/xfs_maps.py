"""Which blocks a file of XFS has: lists of extents and B+trees of such.

Source: Linux, fs/xfs/libxfs/xfs_format.h (xfs_bmbt_rec, xfs_bmdr_block,
xfs_btree_block); read 2026-11.

Room: core.
"""

import struct
from collections.abc import Callable
from typing import TypeAlias

from image_import.inspection.parts import CannotTellError, DamagedError, Source
from image_import.inspection.steps import Steps, exactly

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
