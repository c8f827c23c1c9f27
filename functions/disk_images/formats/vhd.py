"""What a VHD says: fixed, known by its footer alone, or dynamic, with a copy ahead.

Source: "Virtual Hard Disk Image Format Specification", version 1.0, Microsoft, 2006;
which size counts: QEMU, block/vpc.c (table of creator applications); read 2026-11.
"""

import struct
from typing import NamedTuple

from disk_images.formats.raw_layout import REWRITE_MBR, read_layout
from disk_images.formats.types import (
    BLANK,
    SECTOR,
    DiskFormat,
    Ends,
    FormatError,
    Header,
    convert_from,
    damaged,
)

COOKIE = b"conectix"
FIXED, DYNAMIC, DIFFERENCING = 2, 3, 4

# Big-endian.   bytes  field
#                 0-7  cookie "conectix"
#                8-11  features
#               12-15  file format version
#               16-23  data offset: of the dynamic header; all ones if fixed
#               24-27  time stamp
#               28-31  creator application
#               32-39  creator version, creator host OS
#               40-47  original size
#               48-55  current size, in bytes
#               56-59  geometry: cylinders (2), heads, sectors per track
#               60-63  disk type: 2 fixed, 3 dynamic, 4 differencing
#               64-67  checksum: one's complement of the sum of all other bytes
#               68-83  unique ID
#                  84  saved state
_FOOTER_AT_START = 16
_FOOTER = ">Q4x4s16xQHBBII"
FOOTER_BYTES = 512
_FOOTER_CHECKSUM = 64

# Big-endian.   bytes  field
#                 0-7  cookie "cxsparse"
#                8-15  data offset, unused
#               16-23  table offset: of the block allocation table
#               24-27  header version
#               28-31  max table entries, of 4 bytes
#               32-35  block size in bytes
#               36-39  checksum, as in the footer
#               40-59  parent's unique ID and time stamp
#              64-575  parent's name, UTF-16
_SPARSE_COOKIE = b"cxsparse"
_SPARSE = ">8s8xQ4xIII"
_SPARSE_BYTES = 1024
_SPARSE_CHECKSUM = 36
_ABSENT = 0xFFFFFFFF
_PARENT = slice(64, 576)

# Applications whose current size is the disk's; all others speak by geometry. "wa" is
# Azure's: "vpc: Read images exported from Azure correctly", qemu-devel, November 2024.
_SIZE_COUNTS = {b"win ", b"qem2", b"d2v ", b"tap\0", b"CTXS", b"wa\0\0"}
_LARGEST_GEOMETRY = 65535 * 16 * 255
_MAX_SECTORS = 0xFF000000

_MERGE = "merge it where its parent is (Convert-VHD) and upload the whole disk"
_REWRITE = (
    "qemu-img convert -f vpc -O raw {source} {target}.raw && "
    + REWRITE_MBR.replace("{source}", "{target}.raw")
)
"""The table's copy at the end of the disk would overwrite the footer of the VHD."""


class _Footer(NamedTuple):
    """The fields of a footer, in order."""

    data_offset: int
    creator: bytes
    current_size: int
    cylinders: int
    heads: int
    sectors_per_track: int
    disk_type: int
    checksum: int

    @property
    def virtual_size_bytes(self) -> int:
        """The size that QEMU would give the disk."""
        by_geometry = self.cylinders * self.heads * self.sectors_per_track
        if self.creator in _SIZE_COUNTS or by_geometry == _LARGEST_GEOMETRY:
            return self.current_size // SECTOR * SECTOR
        return by_geometry * SECTOR


class Blocks(NamedTuple):
    """Where the blocks of a dynamic VHD are found.

    Attributes:
        table_offset: Of the block table: 4 bytes each, the block's sector.
        block_bytes: How much of the disk a block holds.
        parent: The name of the file that a differencing disk builds on.
    """

    table_offset: int
    block_bytes: int
    parent: str


def read_blocks(ends: Ends) -> Blocks:
    """Return where the blocks of a dynamic VHD are found.

    Raises:
        FormatError: It is truncated or damaged.
    """
    return _check_sparse(_read_footer(ends.head, of="the VHD header"), ends)


def read_vhd(ends: Ends) -> Header:
    """Return what a VHD says.

    Raises:
        FormatError: It is truncated, damaged, or its two ends disagree.
    """
    if not ends.head.startswith(COOKIE):
        return _read_fixed(ends)
    footer = _read_footer(ends.head, of="the VHD header")
    if footer.disk_type not in {DYNAMIC, DIFFERENCING}:
        limits = "3 (dynamic) or 4 (differencing) where it stands at the start"
        raise damaged("the VHD disk type", footer.disk_type, limits)
    if not ends.tail.startswith(COOKIE):
        return _read_without_footer(footer, ends)
    last = _read_footer(ends.tail, of="the VHD footer")
    if (last.current_size, last.disk_type) != (footer.current_size, footer.disk_type):
        raise damaged("the VHD footer", "unlike its copy at the start", "the same")
    return _read_dynamic(footer, ends)


def _read_without_footer(footer: _Footer, ends: Ends) -> Header:
    """Return what a dynamic VHD says that does not end with its footer.

    Where its blocks are all there, nothing is lost: the copy at the start is enough for
    a reader like qemu-img, though not for those that look at the end.
    """
    blocks = _check_sparse(footer, ends)
    count = -(-footer.virtual_size_bytes // blocks.block_bytes)
    table = ends.head[blocks.table_offset :][: 4 * count]
    sectors = struct.unpack(f">{len(table) // 4}I", table[: len(table) // 4 * 4])
    bitmap = -(-blocks.block_bytes // SECTOR // 8 // SECTOR) * SECTOR
    last = max((sector for sector in sectors if sector != _ABSENT), default=0)
    ends.must_hold(
        last * SECTOR + (bitmap + blocks.block_bytes if last else 0),
        of="the last block of the dynamic VHD, whose footer is missing,",
    )
    return Header(
        detected="vhd-dynamic",
        format=DiskFormat.VHD,
        virtual_size_bytes=footer.virtual_size_bytes,
        problem=(
            "the footer that a dynamic VHD ends with is missing or is not its last 512"
            " bytes, though its blocks are there"
        ),
        fix=convert_from("vpc"),
    )


def _read_fixed(ends: Ends) -> Header:
    """Return what a VHD says whose disk starts with the object's first byte."""
    footer = _read_footer(ends.tail, of="the VHD footer")
    if footer.disk_type != FIXED:
        limits = "2 (fixed), since no copy of the footer stands at the start"
        raise damaged("the VHD disk type", footer.disk_type, limits)
    expected = footer.current_size + FOOTER_BYTES
    if ends.object_size_bytes != expected:
        raise FormatError(
            f"the fixed VHD's footer speaks of {footer.current_size:,} bytes, so"
            f" {expected:,} were expected, but the object has"
            f" {ends.object_size_bytes:,}; upload it again or make the VHD anew"
        )
    layout = read_layout(ends.head[: footer.current_size], footer.current_size)
    is_blank = not any(ends.head[: footer.current_size])
    return Header(
        detected="vhd-fixed",
        format=DiskFormat.VHD,
        virtual_size_bytes=footer.virtual_size_bytes,
        problem=layout.problem or _why_empty(footer),
        fix=_REWRITE if layout.fix else None,
        has_esp=layout.has_esp,
        boot_hint=layout.boot_hint,
        notes=layout.notes + _size_notes(footer) + ((BLANK,) if is_blank else ()),
    )


def _read_dynamic(footer: _Footer, ends: Ends) -> Header:
    """Return what a VHD says that has a dynamic header and a block table."""
    is_differencing = footer.disk_type == DIFFERENCING
    blocks = _check_sparse(footer, ends)
    parent, first = blocks.parent, ends.head[blocks.table_offset :][:4]
    is_blank = not is_differencing and first == struct.pack(">I", _ABSENT)
    what = f"it holds only what differs from its parent {parent!r} (differencing)"
    return Header(
        detected="vhd-differencing" if is_differencing else "vhd-dynamic",
        format=DiskFormat.VHD,
        virtual_size_bytes=footer.virtual_size_bytes,
        problem=f"{what}; {_MERGE}" if is_differencing else _why_empty(footer),
        notes=_size_notes(footer) + ((BLANK,) if is_blank else ()),
    )


def _read_footer(data: bytes, *, of: str) -> _Footer:
    """Return a footer whose checksum is right."""
    ends = Ends(data[:FOOTER_BYTES], b"", len(data))
    footer = _Footer(*ends.fields(_FOOTER, _FOOTER_AT_START, of=of))
    _check_sum(ends, FOOTER_BYTES, _FOOTER_CHECKSUM, of=of)
    if footer.virtual_size_bytes > _MAX_SECTORS * SECTOR:
        found = f"{footer.virtual_size_bytes:,} bytes"
        raise damaged("the VHD's disk size", found, "at most 2,040 GiB")
    return footer


def _check_sparse(footer: _Footer, ends: Ends) -> Blocks:
    """Return where the blocks are, once the dynamic header was found to be sound."""
    of = "the VHD's dynamic header"
    ends.must_hold(footer.data_offset + _SPARSE_BYTES, of=of)
    if footer.data_offset + _SPARSE_BYTES > len(ends.head):
        limits = f"within the first {len(ends.head):,} bytes"
        raise damaged(f"the place of {of}", f"byte {footer.data_offset:,}", limits)
    cookie, table, entries, block, _ = ends.fields(_SPARSE, footer.data_offset, of=of)
    if cookie != _SPARSE_COOKIE:
        raise damaged(of, f"without its cookie ({cookie!r})", repr(_SPARSE_COOKIE))
    data = ends.head[footer.data_offset :][:_SPARSE_BYTES]
    sparse = Ends(data, b"", len(data))
    _check_sum(sparse, _SPARSE_BYTES, _SPARSE_CHECKSUM, of=of)
    if block < SECTOR or block & (block - 1):
        raise damaged(
            "the VHD's block size", f"{block:,}", "a power of two, 512 or more"
        )
    if entries * block < footer.virtual_size_bytes:
        limits = f"enough for {footer.virtual_size_bytes:,} bytes"
        raise damaged("the VHD's block table", f"{entries:,} x {block:,} bytes", limits)
    ends.must_hold(table + 4 * entries, of="the VHD's block table")
    parent = data[_PARENT].decode("utf-16-be", "replace").partition("\0")[0]
    return Blocks(table, block, parent)


def _check_sum(ends: Ends, length: int, at: int, *, of: str) -> None:
    (data,) = ends.fields(f">{length}s", 0, of=of)
    (found,) = ends.fields(">I", at, of=of)
    expected = ~(sum(data) - sum(data[at : at + 4])) & 0xFFFFFFFF
    if found != expected:
        limits = f"0x{expected:08x} by its other bytes"
        raise damaged(f"the checksum of {of}", f"0x{found:08x}", limits)


def _why_empty(footer: _Footer) -> str | None:
    return None if footer.virtual_size_bytes else "it holds a disk of 0 bytes"


def _size_notes(footer: _Footer) -> tuple[str, ...]:
    """Return a note where the two sizes that a VHD declares differ."""
    if footer.virtual_size_bytes == footer.current_size:
        return ()
    note = (
        f"its geometry means {footer.virtual_size_bytes:,} bytes, its current size is"
        f" {footer.current_size:,}; tools differ in which one counts"
    )
    return (note,)
