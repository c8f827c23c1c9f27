"""The partitions of a disk, from its GPT or its MBR.

Sources: UEFI Specification 2.10, section 5; Linux, block/partitions/efi.c and msdos.c;
read 2026-11. The offset tables stand in disk_images.formats.raw_layout, which judges a
table by the disk's first bytes alone; here it is read whole, and what is wrong with
it is a warning.
"""

import struct
import uuid
import zlib
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from disk_images.blocks.prefetch import exactly
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.formats.raw_layout import HYBRID, STALE

ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
MBR_ESP = "0xef"
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
MICROSOFT_RESERVED = "E3C9E316-0B5C-4DB8-817D-F92DF00215AE"

GPT_TYPES = {
    ESP: "EFI System",
    BIOS_BOOT: "BIOS boot",
    "9E1A2D38-C612-4316-AA26-8B49521E5A8B": "PowerPC PReP boot",
    MICROSOFT_RESERVED: "Microsoft reserved",
    "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7": "Microsoft basic data",
    "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC": "Windows recovery environment",
    "5808C8AA-7E8F-42E0-85D2-E1E90434CFB3": "Microsoft LDM metadata",
    "AF9B60A0-1431-4F62-BC68-3311714A69AD": "Microsoft LDM data",
    "0FC63DAF-8483-4772-8E79-3D69D8477DE4": "Linux filesystem",
    "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F": "Linux swap",
    "E6D6D379-F507-44C2-A23C-238F2A3DF928": "Linux LVM",
    "A19D880F-05FC-4D3B-A006-743F0F84911E": "Linux RAID",
    "BC13C2FF-59E6-4262-A352-B275FD6F7172": "Linux extended boot",
    "933AC7E1-2EB4-4F13-B844-0E14E2AEF915": "Linux home",
    "3B8F8425-20E0-4F3B-907F-1A25A76F98E8": "Linux server data",
    "4D21B016-B534-45C2-A9FB-5C16E091FD2D": "Linux variable data",
    "44479540-F297-41B2-9AF7-D131D5F0458A": "Linux root (x86)",
    "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709": "Linux root (x86-64)",
    "69DAD710-2CE4-4E3C-B16C-21A1D49ABED3": "Linux root (ARM)",
    "B921B045-1DF0-41C3-AF44-4C6F280D3FAE": "Linux root (ARM-64)",
    "72EC70A6-CF74-40E6-BD49-4BDA08E8F224": "Linux root (RISC-V-64)",
    "77055800-792C-4F94-B39A-98C91B762BB6": "Linux root (LoongArch-64)",
    "8484680C-9521-48C6-9C11-B0720656F69E": "Linux /usr (x86-64)",
    "B0E01050-EE5F-4390-949A-9101B17104E9": "Linux /usr (ARM-64)",
    "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5": "Linux root verity (x86-64)",
    "DF3300CE-D69F-4C92-978C-9BFB0F38D820": "Linux root verity (ARM-64)",
    "77FF5F63-E7B6-4633-ACF4-1565B864C0E6": "Linux /usr verity (x86-64)",
    "CA7D7CCB-63ED-4C53-861C-1742536059CC": "Linux LUKS",
    "83BD6B9D-7F41-11DC-BE0B-001560B84F0F": "FreeBSD boot",
    "516E7CB6-6ECF-11D6-8FF8-00022D09712B": "FreeBSD UFS",
    "516E7CBA-6ECF-11D6-8FF8-00022D09712B": "FreeBSD ZFS",
    "516E7CB5-6ECF-11D6-8FF8-00022D09712B": "FreeBSD swap",
    "FE3A2A5D-4F32-41A7-B725-ACCC3285A309": "ChromeOS kernel",
    "3CB8E202-3B7E-47DD-8A3C-7FF2A13CFCEC": "ChromeOS root fs",
    "5DFBF5F4-2848-4BAC-AA5E-0D9A20B745A6": "CoreOS usr",
    "3884DD41-8582-4404-B9A8-E9B84F2DF50E": "CoreOS root",
}

EXTENDED_TYPES = {0x05, 0x0F, 0x85}
PROTECTIVE_TYPE = 0xEE

MBR_TYPES = {
    0x01: "FAT12",
    0x04: "FAT16 <32M",
    0x05: "Extended",
    0x06: "FAT16",
    0x07: "HPFS/NTFS/exFAT",
    0x0B: "W95 FAT32",
    0x0C: "W95 FAT32 (LBA)",
    0x0E: "W95 FAT16 (LBA)",
    0x0F: "W95 Ext'd (LBA)",
    0x11: "Hidden FAT12",
    0x27: "Hidden NTFS WinRE",
    0x41: "PPC PReP Boot",
    0x42: "SFS",
    0x82: "Linux swap / Solaris",
    0x83: "Linux",
    0x85: "Linux extended",
    0x8E: "Linux LVM",
    0xA5: "FreeBSD",
    0xA6: "OpenBSD",
    0xA9: "NetBSD",
    0xBF: "Solaris",
    0xEA: "Linux extended boot",
    0xEE: "GPT",
    0xEF: "EFI (FAT-12/16/32)",
    0xFD: "Linux raid autodetect",
}

# Nothing is looked for in these.
WITHOUT_FILES = {BIOS_BOOT, MICROSOFT_RESERVED}


SECTOR = 512
_SECTORS = (512, 4096)
_SIGNATURE = slice(440, 444)
_BOOT_SIGNATURE = b"\x55\xaa"
_GPT_MAGIC = b"EFI PART"
_GPT = "<8x4xII4xQQQQ16sQIII"
_GPT_BYTES = 92
_GPT_CRC = slice(16, 20)
_MAX_TABLE_BYTES = 1 << 20
_MAX_PARTITIONS = 256
_MAX_LOGICAL = 60

# Attributes: UEFI Specification 2.10, table 5.8.
# Of ChromeOS' and CoreOS' partitions: bits 48-51 the priority in which a loader tries
# them. Source: ChromiumOS, "Disk Format", read 2026-12.
_PRIORITY_BIT = 48
BOOTED_BY_PRIORITY = {
    "5DFBF5F4-2848-4BAC-AA5E-0D9A20B745A6",
    "FE3A2A5D-4F32-41A7-B725-ACCC3285A309",
    "6B636168-7420-6568-2070-6C616E657421",
}
"""The types of CoreOS' /usr, ChromeOS' kernel and Bottlerocket's root."""

_GPT_FLAGS = {0: "required", 1: "no-block-io", 2: "legacy-bios-bootable"}


@dataclass(frozen=True, kw_only=True)
class Partition:
    """An entry of a partition table; places and sizes are in bytes."""

    number: int
    offset: int
    size_bytes: int
    type: str
    type_name: str
    name: str = ""
    flags: tuple[str, ...] = ()
    priority: int = 0
    uuid: str = ""


class Gpt(NamedTuple):
    """What tells whether a system takes a GPT.

    Attributes:
        is_protected: Whether the MBR announces it.
        problem: Why the primary one is not sound, or "".
        last_usable: The last sector for partitions.
        backup_sector: Where the header of the backup is.
        table_bytes: Of the entries.
    """

    is_protected: bool
    problem: str = ""
    last_usable: int = 0
    backup_sector: int = 0
    sector_bytes: int = SECTOR
    table_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class PartitionTable:
    """A partition table, what is wrong with it, and what is only worth a note."""

    scheme: Literal["gpt", "mbr", "none"]
    partitions: tuple[Partition, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    boot_code: bytes = b""
    gpt: Gpt | None = None


class _Header(NamedTuple):
    """The fields of a GPT header, in order."""

    header_size: int
    crc: int
    own_sector: int
    other_sector: int
    first_usable: int
    last_usable: int
    disk_guid: bytes
    entries_sector: int
    entry_count: int
    entry_size: int
    entries_crc: int


class _PartitionEntry(NamedTuple):
    """The fields of an entry of an MBR that count."""

    flag: int
    type: int
    first: int
    sectors: int


def read_table(disk: Source) -> PartitionTable:
    """Return the partition table; its scheme is "none" where there is no such.

    Raises:
        CannotTellError: The disk cannot be read.
    """
    head = disk.read(0, 2 * _SECTORS[1])
    entries = _mbr_entries(head)
    code = head[:440] if head[510:512] == _BOOT_SIGNATURE else b""
    is_announced = _is_protective(head)
    has_gpt = any(head.startswith(_GPT_MAGIC, size) for size in _SECTORS)
    is_in_mbr = any(entry.type == PROTECTIVE_TYPE for entry in entries)
    if is_announced or is_in_mbr or (has_gpt and not entries):
        table = _read_gpt(disk, code=code, is_announced=is_announced)
        is_hybrid = is_announced and sum(entry.type != 0 for entry in entries) > 1
        return replace(table, notes=(HYBRID,)) if is_hybrid else table
    if not entries:
        return PartitionTable(scheme="none", boot_code=code)
    partitions, warnings = _read_mbr(disk, entries)
    signature = int.from_bytes(head[_SIGNATURE], "little")
    return PartitionTable(
        scheme="mbr",
        partitions=tuple(_with_uuid(part, signature) for part in partitions),
        warnings=tuple(warnings),
        notes=(STALE,) if has_gpt else (),
        boot_code=code,
    )


def _is_protective(head: bytes) -> bool:
    """Whether a system looks for a GPT; as in Linux, flags and CHS do not count."""
    if head[510:512] != _BOOT_SIGNATURE:
        return False
    return any(
        entry.type == PROTECTIVE_TYPE and entry.first == 1
        for entry in _four_entries(head)
    )


def _read_gpt(disk: Source, *, code: bytes, is_announced: bool) -> PartitionTable:
    warnings = []
    if not is_announced:
        warnings.append("the GPT has no protective MBR: Linux ignores such a GPT")
    partitions: list[Partition] = []
    gpt = Gpt(is_protected=is_announced)
    try:
        partitions, gpt = _first_gpt(disk, gpt)
    except DamagedError as exc:
        gpt = gpt._replace(problem=f"the primary GPT is damaged ({exc})")
        warnings.append(gpt.problem)
        partitions, more = _backup_gpt(disk)
        warnings += more
    return PartitionTable(
        scheme="gpt",
        partitions=tuple(partitions),
        warnings=tuple(warnings),
        boot_code=code,
        gpt=gpt,
    )


def _first_gpt(disk: Source, gpt: Gpt) -> tuple[list[Partition], Gpt]:
    head = disk.read(0, 2 * _SECTORS[1])
    sizes = [size for size in _SECTORS if head.startswith(_GPT_MAGIC, size)]
    size = sizes[0] if sizes else SECTOR
    header, table = check_gpt(disk, 1, size)
    gpt = gpt._replace(
        last_usable=header.last_usable,
        backup_sector=header.other_sector,
        sector_bytes=size,
        table_bytes=len(table),
    )
    return _partitions(header, table, size), gpt


def _backup_gpt(disk: Source) -> tuple[list[Partition], list[str]]:
    """Return what the GPT at the end of the disk says, and the warnings."""
    disk.want([(max(0, disk.size_bytes - 33 * SECTOR), 33 * SECTOR)])
    problem = "it is missing"
    for size in _SECTORS:
        try:
            header, table = check_gpt(disk, disk.size_bytes // size - 1, size)
        except DamagedError as exc:
            problem = str(exc)
        else:
            found = _partitions(header, table, size)
            return found, ["its backup at the end of the disk was read instead"]
    return [], [f"its backup at the end of the disk cannot be read either ({problem})"]


def check_gpt(disk: Source, sector: int, size: int) -> tuple[_Header, bytes]:
    """Return the header of a GPT that stands in a sector, and the entries.

    Raises:
        DamagedError: There is none, or a checksum is wrong.
    """
    raw = exactly(disk, sector * size, size)
    header = _Header(*struct.unpack_from(_GPT, raw))
    if not raw.startswith(_GPT_MAGIC):
        raise DamagedError(f"sector {sector:,} does not begin with EFI PART")
    if not _GPT_BYTES <= header.header_size <= size:
        raise DamagedError(f"the header has a size of {header.header_size:,}")
    clean = raw[: _GPT_CRC.start] + bytes(4) + raw[_GPT_CRC.stop : header.header_size]
    if zlib.crc32(clean) != header.crc:
        raise DamagedError("the header's checksum is wrong")
    table_bytes = header.entry_count * header.entry_size
    if header.entry_size < 128 or table_bytes > _MAX_TABLE_BYTES:
        raise DamagedError(
            f"{header.entry_count:,} entries of {header.entry_size:,} bytes"
        )
    table = exactly(disk, header.entries_sector * size, table_bytes)
    if zlib.crc32(table) != header.entries_crc:
        raise DamagedError("the entries' checksum is wrong")
    return header, table


def _partitions(header: _Header, table: bytes, size: int) -> list[Partition]:
    starts = range(0, len(table), header.entry_size)
    found = [_gpt_entry(n, table[at:], size) for n, at in enumerate(starts, start=1)]
    return [entry for entry in found if entry is not None][:_MAX_PARTITIONS]


def _gpt_entry(number: int, raw: bytes, sector: int) -> Partition | None:
    """Return an entry, None if it is not in use.

    0-15 type, 16-31 GUID, 32-39 first and 40-47 last sector, 48-55 attributes, 56-127
    name in UTF-16.
    """
    if not any(raw[:16]):
        return None
    first, last, attributes = struct.unpack_from("<QQQ", raw, 32)
    kind = str(uuid.UUID(bytes_le=raw[:16])).upper()
    name = raw[56:128].decode("utf-16-le", errors="replace").split("\0")[0]
    flags = tuple(word for bit, word in _GPT_FLAGS.items() if attributes >> bit & 1)
    priority = attributes >> _PRIORITY_BIT & 0xF if kind in BOOTED_BY_PRIORITY else 0
    return Partition(
        number=number,
        offset=first * sector,
        size_bytes=max(0, last + 1 - first) * sector,
        type=kind,
        type_name=GPT_TYPES.get(kind, "unknown"),
        name=name,
        flags=flags,
        priority=priority,
        uuid=str(uuid.UUID(bytes_le=raw[16:32])),
    )


def _mbr_entries(head: bytes) -> list[_PartitionEntry]:
    """Return the four entries if the sector is a partition table, else none."""
    if head[510:512] != _BOOT_SIGNATURE:
        return []
    entries = _four_entries(head)
    used = [entry for entry in entries if entry.type and entry.sectors]
    is_table = all(entry.flag in {0x00, 0x80} for entry in entries)
    return entries if used and is_table else []


def _four_entries(sector: bytes) -> list[_PartitionEntry]:
    places = range(446, 510, 16)
    return [
        _PartitionEntry(*struct.unpack_from("<B3xB3xII", sector, at)) for at in places
    ]


def _read_mbr(
    disk: Source, entries: list[_PartitionEntry]
) -> tuple[list[Partition], list[str]]:
    partitions, warnings = [], []
    for number, entry in enumerate(entries, start=1):
        if not entry.type or not entry.sectors:
            continue
        partitions.append(_mbr_partition(number, entry, 0))
        if entry.type in EXTENDED_TYPES:
            try:
                _add_logical(disk, entry.first, partitions)
            except CannotTellError as exc:
                warnings.append(f"not all logical partitions can be read: {exc}")
    return partitions, warnings


def _add_logical(disk: Source, extended: int, found: list[Partition]) -> None:
    """Add the logical partitions: the table of each leads to the next."""
    sector, seen = extended, set[int]()
    number = 5
    while sector not in seen:
        seen.add(sector)
        raw = exactly(disk, sector * SECTOR, SECTOR)
        if raw[510:512] != _BOOT_SIGNATURE:
            raise DamagedError(f"sector {sector:,} is no table of a logical partition")
        own, following, *_ = _four_entries(raw)
        if own.type and own.sectors:
            found.append(_mbr_partition(number, own, sector))
            number += 1
        if following.type not in EXTENDED_TYPES or not following.sectors:
            return
        if number > _MAX_LOGICAL:
            raise DamagedError(f"there are more than {_MAX_LOGICAL}")
        sector = extended + following.first
    raise DamagedError(f"their tables lead back to sector {sector:,}")


def _with_uuid(part: Partition, signature: int) -> Partition:
    """Return a partition with what Linux takes for its UUID."""
    uuid = f"{signature:08x}-{part.number:02x}" if signature else ""
    return replace(part, uuid=uuid)


def _mbr_partition(number: int, entry: _PartitionEntry, base: int) -> Partition:
    return Partition(
        number=number,
        offset=(base + entry.first) * SECTOR,
        size_bytes=entry.sectors * SECTOR,
        type=f"0x{entry.type:02x}",
        type_name=MBR_TYPES.get(entry.type, "unknown"),
        flags=("active",) if entry.flag == 0x80 else (),
    )
