"""How a raw disk is laid out: GPT, MBR, one file system, or nothing that we know.

Sources:
    GPT and protective MBR: UEFI Specification 2.10, section 5.
    MBR: Linux, block/partitions/msdos.c and include/linux/msdos_partition.h.
    What makes an MBR unsafe: OpenStack oslo.utils, imageutils, GPT inspector. That
    includes a protective MBR whose start in CHS is not 0/0/2: older versions of GNU
    parted and fdisk write another one.
    All read 2026-11.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from disk_images.formats.types import SECTOR, BootHint, Ends, FormatError, damaged

_SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("XFS", 0, b"XFSB"),
    ("NTFS", 3, b"NTFS    "),
    ("exFAT", 3, b"EXFAT   "),
    ("BitLocker", 3, b"-FVE-FS-"),
    ("SquashFS", 0, b"hsqs"),
    ("EROFS", 1024, b"\xe2\xe1\xf5\xe0"),
    ("F2FS", 1024, b"\x10\x20\xf5\xf2"),
    ("swap space", 4086, b"SWAPSPACE2"),
    ("swap space", 65526, b"SWAPSPACE2"),
    ("Btrfs", 65536 + 64, b"_BHRfS_M"),
    ("an md RAID member", 4096, b"\xfc\x4e\x2b\xa9"),
    *(("an LVM physical volume", at, b"LABELONE") for at in range(0, 2048, 512)),
)

# ext2/3/4, little-endian from byte 1024: 24-27 log2 of the block size in KiB,
# 56-57 magic 0xEF53, 58-59 state, 60-61 what to do on errors (1 to 3).
_EXT_LOG_BLOCK_SIZE = 1024 + 24
_EXT_MAGIC = 1024 + 56
_EXT_ERRORS = 1024 + 60

# FAT's first sector: 16 number of FATs, 21 medium (0xF8: a fixed disk).
_FAT_COUNT, _FAT_MEDIUM = 16, 21


def file_system(head: bytes) -> str | None:
    """Return what begins with the disk's first byte, as a noun."""
    for name, offset, magic in _SIGNATURES:
        if head.startswith(magic, offset):
            return name
    if _is_ext(head):
        return "ext2, ext3 or ext4"
    return "FAT" if head[510:512] == b"\x55\xaa" and is_fat(head) else None


def is_fat(head: bytes) -> bool:
    """Whether a first sector that ends with 55 AA is a FAT volume's.

    The medium is what tells it from a boot record, which has code there.
    """
    return head[_FAT_COUNT] == 2 and head[_FAT_MEDIUM] == 0xF8


def _is_ext(head: bytes) -> bool:
    """Whether an ext superblock is there: its magic has only two bytes."""
    if len(head) < _EXT_ERRORS + 2 or head[_EXT_MAGIC:][:2] != b"\x53\xef":
        return False
    log_block_size = int.from_bytes(head[_EXT_LOG_BLOCK_SIZE:][:4], "little")
    on_errors = int.from_bytes(head[_EXT_ERRORS:][:2], "little")
    return log_block_size <= 6 and 1 <= on_errors <= 3


BOOT_SIGNATURE = b"\x55\xaa"
_GPT_MAGIC = b"EFI PART"
_LARGE_SECTOR = 4096

# Little-endian.  bytes  field
#                 0-439  boot code
#               446-509  four entries of 16 bytes:
#                        0 boot flag (0x00 or 0x80), 1-3 first CHS, 4 type,
#                        5-7 last CHS, 8-11 first sector, 12-15 number of sectors
#               510-511  55 AA
_BOOT_CODE = slice(0, 440)
_ENTRIES = range(446, 510, 16)
_ENTRY = "<B3sB3xII"
_PROTECTIVE, _MBR_ESP = 0xEE, 0xEF
_SECOND_SECTOR = b"\0\x02\0"

# Little-endian, in the second sector:
#                 bytes  field
#                   0-7  "EFI PART"
#                  8-11  revision
#                 12-15  header size
#                 16-19  CRC-32 of the header, with this field zero
#                 24-31  this header's sector
#                 32-39  the other header's sector: the last one of the disk
#                 40-71  first and last usable sector, disk GUID
#                 72-79  sector of the entries
#                 80-83  number of entries
#                 84-87  size of an entry
#                 88-91  CRC-32 of the entries
_GPT = "<8x4xII4xQQ32xQIII"
_GPT_BYTES = 92
_GPT_CRC = slice(16, 20)
# An entry starts with its type: C12A7328-F81F-11D2-BA4B-00A0C93EC93B is the ESP.
_ESP_GUID = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")

_REWRITE_MBR = r"printf 'x\nn\nw\ny\n' | gdisk {source}"


@dataclass(frozen=True, kw_only=True, slots=True)
class RawLayout:
    """How a disk is divided; the fields are those of Header."""

    detected: str
    problem: str | None = None
    fix: str | None = None
    has_esp: bool | None = None
    boot_hint: BootHint | None = None
    notes: tuple[str, ...] = ()


class _MbrEntry(NamedTuple):
    """The fields of an entry of an MBR in order, after its number."""

    number: int
    flag: int
    first_chs: bytes
    type: int
    first_sector: int
    sectors: int


class _Gpt(NamedTuple):
    """The fields of a GPT header, in order."""

    header_size: int
    crc: int
    own_sector: int
    last_sector: int
    entries_sector: int
    entry_count: int
    entry_size: int
    entries_crc: int


def has_boot_signature(head: bytes) -> bool:
    """Whether the first sector is a boot record, and not that of a FAT volume."""
    return head[510:512] == BOOT_SIGNATURE and not is_fat(head)


def read_layout(head: bytes, disk_size_bytes: int) -> RawLayout:
    """Return how a disk is divided.

    Args:
        head: The first bytes of the disk.
        disk_size_bytes: Of the disk itself, without a VHD's footer.

    Raises:
        FormatError: The partition table is damaged, or the disk ends before it does.
    """
    ends = Ends(head, b"", disk_size_bytes)
    for sector in (SECTOR, _LARGE_SECTOR):
        if head.startswith(_GPT_MAGIC, sector):
            return _read_gpt(ends, sector)
    name = file_system(head)
    if has_boot_signature(head):
        return _read_mbr(ends, name)
    if name:
        note = f"{name} on the whole disk, no partitions: no system disk boots from it"
        return RawLayout(detected="raw-filesystem", has_esp=False, notes=(note,))
    return RawLayout(detected="unknown")


def _read_mbr(ends: Ends, volume: str | None) -> RawLayout:
    entries = _mbr_entries(ends.head)
    if problem := _why_not_sound(entries):
        if volume:
            problem = f"it is {volume} on the whole disk, without a partition table"
        return RawLayout(
            detected="raw-filesystem" if volume else "raw-mbr", problem=problem
        )
    if any(entry.type == _PROTECTIVE for entry in entries):
        return _read_missing_gpt(ends)
    for entry in entries:
        end = (entry.first_sector + entry.sectors) * SECTOR
        ends.must_hold(end, of=f"partition {entry.number} of the MBR")
    has_esp = any(entry.type == _MBR_ESP for entry in entries)
    hint = _boot_hint(ends.head, has_esp=has_esp)
    return RawLayout(detected="raw-mbr", has_esp=has_esp, boot_hint=hint)


def _read_missing_gpt(ends: Ends) -> RawLayout:
    """Return what can be said where the MBR announces a GPT that is not there."""
    if len(ends.head) >= _LARGE_SECTOR + len(_GPT_MAGIC):
        raise damaged("the GPT that the MBR announces", "missing", "in sector 1")
    return RawLayout(detected="raw-gpt")


def _mbr_entries(head: bytes) -> list[_MbrEntry]:
    """Return the entries in use, and those with a flag that is none."""
    entries = []
    for number, offset in enumerate(_ENTRIES, start=1):
        entry = _MbrEntry(number, *struct.unpack_from(_ENTRY, head, offset))
        if entry.type or entry.flag not in {0x00, 0x80}:
            entries.append(entry)
    return entries


def _why_not_sound(entries: list[_MbrEntry]) -> str | None:
    """Return why an MBR is not to be trusted."""
    if not entries:
        return "it has a boot record without any partition"
    for entry in entries:
        if entry.flag not in {0x00, 0x80}:
            return (
                f"its MBR is no partition table: entry {entry.number} has the boot flag"
                f" 0x{entry.flag:02x}, expected 0x00 or 0x80"
            )
        if entry.type == _PROTECTIVE and entry.first_sector != 1:
            return (
                f"its protective MBR starts at sector {entry.first_sector:,}, expected"
                " 1: Linux and UEFI then ignore the GPT"
            )
        if entry.type == _PROTECTIVE and entry.first_chs != _SECOND_SECTOR:
            return (
                f"its protective MBR starts at CHS {entry.first_chs.hex()}, expected"
                f" {_SECOND_SECTOR.hex()}, as old partitioning tools wrote it"
            )
    is_protective = any(entry.type == _PROTECTIVE for entry in entries)
    if is_protective and [entry.number for entry in entries] != [1]:
        return "its hybrid MBR lists partitions of its own beside those of its GPT"
    return None


def _read_gpt(ends: Ends, sector: int) -> RawLayout:
    gpt = _gpt_header(ends, sector)
    _check_gpt(gpt, ends, sector)
    problem = fix = None
    notes: list[str] = []
    if not has_boot_signature(ends.head):
        notes.append("no protective MBR: Linux ignores a GPT without one")
    elif problem := _why_not_sound(_mbr_entries(ends.head)):
        fix = _REWRITE_MBR
    if sector != SECTOR:
        notes.append(f"its GPT is made for sectors of {sector:,} bytes, not of 512")
    has_esp = _has_esp(gpt, ends.head, sector)
    return RawLayout(
        detected="raw-gpt",
        problem=problem,
        fix=fix,
        has_esp=has_esp,
        boot_hint=None if has_esp is None else _boot_hint(ends.head, has_esp=has_esp),
        notes=tuple(notes),
    )


def _gpt_header(ends: Ends, sector: int) -> _Gpt:
    return _Gpt(*ends.fields(_GPT, sector, of="the GPT header"))


def _check_gpt(gpt: _Gpt, ends: Ends, sector: int) -> None:
    """Raise unless the header is sound and the disk as long as it says."""
    if not _GPT_BYTES <= gpt.header_size <= sector:
        limits = f"{_GPT_BYTES} to {sector}"
        raise damaged("the GPT header's size", gpt.header_size, limits)
    (header,) = ends.fields(f"{gpt.header_size}s", sector, of="the GPT header")
    crc = zlib.crc32(header[: _GPT_CRC.start] + bytes(4) + header[_GPT_CRC.stop :])
    if crc != gpt.crc:
        limits = f"0x{crc:08x} by its other bytes"
        raise damaged("the GPT header's checksum", f"0x{gpt.crc:08x}", limits)
    if gpt.own_sector != 1:
        raise damaged("the GPT header's own sector", gpt.own_sector, "1")
    if gpt.entry_size < 128 or gpt.entry_size % 8:
        limits = "128 or more, a multiple of 8"
        raise damaged("the size of a GPT entry", gpt.entry_size, limits)
    ends.must_hold((gpt.last_sector + 1) * sector, of="the disk of the GPT")


def _has_esp(gpt: _Gpt, head: bytes, sector: int) -> bool | None:
    """Return whether an ESP is listed; None if not all entries are in the head."""
    start = gpt.entries_sector * sector
    table = head[start : start + gpt.entry_count * gpt.entry_size]
    offsets = range(0, len(table), gpt.entry_size)
    is_whole = len(table) == gpt.entry_count * gpt.entry_size
    if is_whole and zlib.crc32(table) != gpt.entries_crc:
        raise FormatError(
            "the checksum of the GPT's entries is not the one in its header; the image"
            " is damaged, check it where it was made and upload it again"
        )
    if any(table.startswith(_ESP_GUID, offset) for offset in offsets):
        return True
    return False if is_whole else None


def _boot_hint(head: bytes, *, has_esp: bool) -> BootHint | None:
    """Return what starts this disk, as far as its first sector shows."""
    has_boot_code = any(head[_BOOT_CODE])
    if has_boot_code:
        return "either" if has_esp else "BIOS"
    return "UEFI" if has_esp else None
