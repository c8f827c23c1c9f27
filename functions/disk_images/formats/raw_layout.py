"""How a raw disk is laid out: GPT, MBR, one file system, or nothing that we know.

Sources:
    GPT and protective MBR: UEFI Specification 2.10, section 5.
    MBR: Linux, block/partitions/msdos.c and include/linux/msdos_partition.h.
    Which of the two counts: UEFI Specification 2.10, 5.2.3; Linux,
    block/partitions/efi.c, is_pmbr_valid: an entry of type 0xEE that starts at sector
    1, whatever its CHS and whatever entries stand beside it. Without one the MBR
    counts, and the GPT is what another table left.
    Boot flags: Linux, block/partitions/msdos.c; OpenStack oslo.utils, imageutils. A
    sector with another flag is no table but the start of something that a reader
    may take for another format: the attack on whoever probes it.
    All read 2026-12.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from disk_images.formats.types import SECTOR, BootHint, Ends, FormatError, damaged

BITLOCKER_TO_GO = bytes.fromhex("3bd66749292ed84a8399f6a339e3d001")
"""4967d63b-2e29-4ad8-8399-f6a339e3d001; libyal/libbde, BDE format, read 2026-12."""

_SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("XFS", 0, b"XFSB"),
    ("NTFS", 3, b"NTFS    "),
    ("exFAT", 3, b"EXFAT   "),
    ("BitLocker", 3, b"-FVE-FS-"),
    ("BitLocker To Go", 424, BITLOCKER_TO_GO),
    *(("UDF", 32769, magic) for magic in (b"BEA01", b"NSR02", b"NSR03")),
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
# 56-57 magic 0xEF53, 58-59 state, 60-61 what to do on errors (1 to 3), 96-99 features,
# of which 8 is a journal for another file system.
_EXT_LOG_BLOCK_SIZE = 1024 + 24
_EXT_MAGIC = 1024 + 56
_EXT_ERRORS = 1024 + 60
_EXT_FEATURES = 1024 + 96
_EXT_JOURNAL = 0x08

# FAT's first sector: 16 number of FATs, 21 medium (0xF8: a fixed disk).
_FAT_COUNT, _FAT_MEDIUM = 16, 21


def is_external_journal(head: bytes) -> bool:
    """Whether an ext superblock is that of a journal for another file system."""
    return len(head) > _EXT_FEATURES and bool(head[_EXT_FEATURES] & _EXT_JOURNAL)


def file_system(head: bytes) -> str | None:
    """Return what begins with the disk's first byte, as a noun."""
    for name, offset, magic in _SIGNATURES:
        if head.startswith(magic, offset):
            return name
    if _is_ext(head):
        is_journal = is_external_journal(head)
        return "an external journal of ext4" if is_journal else "ext2, ext3 or ext4"
    return "FAT" if head[510:512] == b"\x55\xaa" and is_fat(head) else None


def is_fat(head: bytes) -> bool:
    """Whether a first sector that ends with 55 AA is a FAT volume's.

    The medium and the sizes tell it from a boot record, which has code there.
    """
    if head[424:440] == BITLOCKER_TO_GO:
        return True
    if head[_FAT_COUNT] == 2 and head[_FAT_MEDIUM] == 0xF8:
        return True
    sector_bytes = int.from_bytes(head[11:13], "little")
    per_cluster, reserved = head[13], int.from_bytes(head[14:16], "little")
    is_sized = (
        sector_bytes in {512, 1024, 2048, 4096}
        and per_cluster.bit_count() == 1
        and reserved > 0
    )
    is_medium = head[_FAT_MEDIUM] == 0xF0 or head[_FAT_MEDIUM] >= 0xF8
    jumps = head[0] in {0xEB, 0xE9}
    return jumps and is_sized and is_medium and head[_FAT_COUNT] in {1, 2}


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
_ENTRY = "<B3xB3xII"
_PROTECTIVE, _MBR_ESP = 0xEE, 0xEF

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

REWRITE_MBR = "sgdisk -e {source}"
"""Writes the table again at both ends of a raw disk, with a protective MBR.

Source: sgdisk(8), and gptfdisk's "Found valid GPT with corrupt MBR; using GPT and will
write new protective MBR on save"; read 2026-12.
"""

HYBRID = "its hybrid MBR lists partitions, too; those of the GPT count"
STALE = "a stale GPT stands behind the MBR, which is the table that counts"


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
    type: int
    first_sector: int
    sectors: int

    @property
    def protects_gpt(self) -> bool:
        """Whether a system looks for a GPT because of it; its flag does not count."""
        return self.type == _PROTECTIVE and self.first_sector == 1


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
    sectors = [at for at in (SECTOR, _LARGE_SECTOR) if head.startswith(_GPT_MAGIC, at)]
    if sectors and not _has_table_of_its_own(head):
        return _read_gpt(ends, sectors[0])
    name = file_system(head)
    if has_boot_signature(head):
        return _read_mbr(ends, name, (STALE,) if sectors else ())
    if name:
        return _without_partitions(name)
    return RawLayout(detected="unknown")


def _has_table_of_its_own(head: bytes) -> bool:
    """Whether the first sector is an MBR that announces no GPT."""
    if not has_boot_signature(head):
        return False
    entries = _mbr_entries(head)
    is_announced = any(entry.type == _PROTECTIVE for entry in entries)
    return not is_announced and _why_not_sound(entries) is None


def _read_mbr(ends: Ends, volume: str | None, notes: tuple[str, ...]) -> RawLayout:
    entries = _mbr_entries(ends.head)
    if problem := _why_not_sound(entries):
        if volume:
            note = f"{volume} on the whole disk, no partitions"
            return RawLayout(detected="raw-filesystem", has_esp=False, notes=(note,))
        return RawLayout(detected="raw-mbr", problem=problem)
    if any(entry.type == _PROTECTIVE for entry in entries):
        return _read_missing_gpt(ends)
    for entry in entries:
        end = (entry.first_sector + entry.sectors) * SECTOR
        ends.must_hold(end, of=f"partition {entry.number} of the MBR")
    has_esp = any(entry.type == _MBR_ESP for entry in entries)
    hint = _boot_hint(ends.head, has_esp=has_esp)
    return RawLayout(detected="raw-mbr", has_esp=has_esp, boot_hint=hint, notes=notes)


def _without_partitions(name: str) -> RawLayout:
    note = f"{name} on the whole disk, no partitions: no system disk boots from it"
    return RawLayout(detected="raw-filesystem", has_esp=False, notes=(note,))


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
    return None


def _is_hybrid(entries: list[_MbrEntry]) -> bool:
    """Whether partitions stand beside the entry that protects a GPT."""
    types = [entry.type for entry in entries if entry.type]
    return _PROTECTIVE in types and len(types) > 1


def _read_gpt(ends: Ends, sector: int) -> RawLayout:
    gpt = _gpt_header(ends, sector)
    _check_gpt(gpt, ends, sector)
    problem = fix = None
    notes: list[str] = []
    if not has_boot_signature(ends.head):
        notes.append("no protective MBR: Linux ignores a GPT without one")
    elif not any(entry.protects_gpt for entry in _mbr_entries(ends.head)):
        problem, fix = _why_not_sound(_mbr_entries(ends.head)), REWRITE_MBR
    elif _is_hybrid(_mbr_entries(ends.head)):
        notes.append(HYBRID)
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
