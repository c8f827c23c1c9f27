"""The names in a folder of XFS.

Source: Linux, fs/xfs/libxfs/xfs_da_format.h (xfs_dir2_sf_hdr, xfs_dir2_data_entry,
xfs_dir2_block_tail); read 2026-11.

Room: core.
"""

import struct
from collections.abc import Iterator

from image_import.inspection.parts import DamagedError

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
