"""From a disk to the volumes on it: partitions, LVM2, or the disk as a whole."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from disk_images.blocks.prefetch import BlockView, Range, Slice, get_ready
from disk_images.blocks.source import CannotTellError, Source
from disk_images.filesystems.detect import HEAD_BYTES, VolumeContent, identify
from disk_images.volumes.lvm import (
    LogicalVolume,
    PhysicalVolume,
    logical_volumes,
    read_physical_volume,
)
from disk_images.volumes.partition_table import (
    EXTENDED_TYPES,
    SECTOR,
    WITHOUT_FILES,
    Gpt,
    Partition,
    PartitionTable,
    read_table,
)

# Of more volumes than this, the rest costs a round trip each.
_AT_ONCE = 16
_FIRST_READ_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Volume(BlockView):
    """A stretch of a disk that may hold a file system; a `Source` of its own.

    Attributes:
        number: Of the partition, from 1 on; 0 for the disk as a whole and for a
            logical volume.
        offset: Its first byte on the disk; None for a logical volume.
        size_bytes: Its size.
        type: The GUID in upper case, 0x83 for an MBR, "lvm" or "".
        type_name: In words, e.g. "EFI System"; "unknown" for a type without a name.
        name: Of the partition, or group/volume of a logical volume.
        priority: In which a loader tries it; 0 where there is no such order.
        flags: "legacy-bios-bootable", "active" and others.
        partition_uuid: The partition's own GUID in lower case; in an MBR the disk's
            signature and the number, as Linux has it; or "".
        kind: What it holds as blkid(8) names it, e.g. ext4, LVM2_member; "" if unknown.
        label: Of what it holds, or "".
        uuid: Of what it holds, or "".
        problem: Why its files cannot be read although the kind is known, or "".
        is_empty: Whether nobody has written to its beginning.
        copy_of: The partition that holds the same mirror and comes before it, or 0.
    """

    source: Source
    number: int
    offset: int | None
    size_bytes: int
    type: str = ""
    type_name: str = ""
    name: str = ""
    flags: tuple[str, ...] = ()
    priority: int = 0
    partition_uuid: str = ""
    kind: str = ""
    label: str = ""
    uuid: str = ""
    problem: str = ""
    is_empty: bool = False
    copy_of: int = 0

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the volume ends."""
        return self.source.read(offset, count)

    def below(self, ranges: Iterable[Range]) -> Iterator[tuple[Source, list[Range]]]:
        """Yield where ranges are: on the source."""
        yield self.source, list(ranges)


@dataclass(frozen=True, kw_only=True)
class VolumeLayout:
    """How a disk is divided.

    Attributes:
        scheme: The partition table; "none" for a disk without one.
        volumes: In the order of the table, then logical volumes.
        warnings: What is wrong or could not be told, in sentences.
        notes: What is worth a line although nothing is hidden by it.
        boot_code: What of the first sector a BIOS would run; zeros or b"" if nothing.
        gpt: The state of the GPT, if it is one.
    """

    scheme: Literal["gpt", "mbr", "none"]
    volumes: tuple[Volume, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    boot_code: bytes = b""
    gpt: Gpt | None = None


def find_volumes(disk: Source) -> VolumeLayout:
    """Return the volumes on a disk, and what each holds.

    Raises:
        CannotTellError: The first bytes of the disk cannot be read.
    """
    table = _table_of(disk)
    warnings = list(table.warnings)
    if table.scheme == "none":
        content = identify(disk)
        partitions = [_volume(disk, disk.size_bytes, content, number=0, offset=0)]
    else:
        partitions = _identified(disk, table.partitions, warnings)
    logical = _logical(partitions, warnings)
    return VolumeLayout(
        scheme=table.scheme,
        volumes=(*partitions, *logical),
        warnings=tuple(warnings),
        notes=table.notes,
        boot_code=table.boot_code,
        gpt=table.gpt,
    )


def _table_of(disk: Source) -> PartitionTable:
    """Return the table, none where the first sector is that of a FAT or NTFS volume."""
    content = identify(Slice(disk, 0, _FIRST_READ_BYTES))
    if content.kind in {"vfat", "ntfs", "exfat", "BitLocker", "udf"}:
        return PartitionTable(scheme="none")
    return read_table(disk)


def _identified(
    disk: Source, partitions: tuple[Partition, ...], warnings: list[str]
) -> list[Volume]:
    first = [part for part in partitions if part.type not in WITHOUT_FILES][:_AT_ONCE]
    heads = [(part.offset, min(part.size_bytes, HEAD_BYTES)) for part in first]
    get_ready([(disk, heads)])
    found = []
    arrays: dict[bytes, int] = {}
    for part in partitions:
        if part.offset + part.size_bytes > disk.size_bytes:
            warnings.append(
                f"partition {part.number} ends at byte"
                f" {part.offset + part.size_bytes:,}, behind the end of the disk"
            )
        source: Source = Slice(disk, part.offset, part.size_bytes)
        content = _content_of(source, part)
        copy_of = 0
        if content.kind == "linux_raid_member" and (inside := _member_data(source)):
            array, data = inside
            copy_of = arrays.setdefault(array, part.number) % part.number
            if not copy_of:
                source, content = data, _content_of(data, part)
        found.append(
            _volume(
                source,
                part.size_bytes,
                content,
                number=part.number,
                offset=part.offset,
                type=part.type,
                type_name=part.type_name,
                name=part.name,
                flags=part.flags,
                priority=part.priority,
                partition_uuid=part.uuid,
                copy_of=copy_of,
            )
        )
    return found


def _content_of(source: Source, part: Partition) -> VolumeContent:
    """Return what a partition holds; a failure is its problem."""
    extended = {f"0x{number:02x}" for number in EXTENDED_TYPES}
    if part.type in WITHOUT_FILES | extended:
        return VolumeContent()
    try:
        return _fitting(identify(source), part.size_bytes)
    except CannotTellError as exc:
        return VolumeContent(problem=str(exc))


def _fitting(content: VolumeContent, size_bytes: int) -> VolumeContent:
    """Return what a volume holds; a file system larger than it is no whole one.

    It may be the first member of an array whose own superblock stands at the end.
    """
    if content.size_bytes <= size_bytes:
        return content
    return content._replace(
        problem=f"its {content.kind} has {content.size_bytes:,} bytes, more than the"
        f" {size_bytes:,} here: it is one part of an array, or was cut"
    )


# md's superblock, version 1, little-endian: 0-3 0xA92B4EFC, 4-7 version, 16-31 UUID of
# the array, 72-75 level,
# 92-95 number of disks, 128-135 first sector of the data, 136-143 number of sectors.
# Source: Linux, include/uapi/linux/raid/md_p.h, read 2026-12.
_MD_AT = (4096, 0)
_MD_MAGIC = b"\xfc\x4e\x2b\xa9\1\0\0\0"
_MIRROR, _LINEAR = 1, -1


def _member_data(source: Source) -> tuple[bytes, Source] | None:
    """Return UUID and data of an array that one member holds; None if it takes more."""
    for at in _MD_AT:
        raw = source.read(at, 256)
        if not raw.startswith(_MD_MAGIC) or len(raw) < 256:
            continue
        (level,) = struct.unpack_from("<i", raw, 72)
        (disks,) = struct.unpack_from("<I", raw, 92)
        first, count = struct.unpack_from("<QQ", raw, 128)
        is_whole = level == _MIRROR or (level in {_LINEAR, 0} and disks == 1)
        if is_whole and 0 < first * SECTOR < source.size_bytes:
            return raw[16:32], Slice(source, first * SECTOR, count * SECTOR)
    return None


def _volume(  # noqa: PLR0913 - what a partition has
    source: Source,
    size_bytes: int,
    content: VolumeContent,
    *,
    number: int,
    offset: int | None,
    type: str = "",  # noqa: A002 - the field's name
    type_name: str = "",
    name: str = "",
    flags: tuple[str, ...] = (),
    priority: int = 0,
    partition_uuid: str = "",
    copy_of: int = 0,
) -> Volume:
    return Volume(
        source=source,
        number=number,
        offset=offset,
        size_bytes=size_bytes,
        type=type,
        type_name=type_name,
        name=name,
        flags=flags,
        priority=priority,
        partition_uuid=partition_uuid,
        kind=content.kind,
        label=content.label,
        uuid=content.uuid,
        problem=content.problem,
        is_empty=content.is_empty,
        copy_of=copy_of,
    )


def _logical(partitions: list[Volume], warnings: list[str]) -> list[Volume]:
    """Return the logical volumes on the physical ones among these."""
    physical: list[PhysicalVolume] = []
    for volume in partitions:
        if volume.kind == "LVM2_member":
            try:
                physical.append(read_physical_volume(volume))
            except CannotTellError as exc:
                warnings.append(f"partition {volume.number}: {exc}")
    if not physical:
        return []
    try:
        found = logical_volumes(physical)
    except CannotTellError as exc:
        warnings.append(f"the logical volumes cannot be told: {exc}")
        return []
    sources = [volume.source for volume in found[:_AT_ONCE] if volume.source]
    get_ready((source, [(0, HEAD_BYTES)]) for source in sources)
    return [_logical_volume(volume) for volume in found]


def _logical_volume(volume: LogicalVolume) -> Volume:
    source = volume.source
    content = VolumeContent(problem=volume.problem)
    if source is None:
        source = _NOWHERE
    else:
        try:
            content = _fitting(identify(source), source.size_bytes)
        except CannotTellError as exc:
            content = VolumeContent(problem=str(exc))
    return _volume(
        source,
        volume.size_bytes or source.size_bytes,
        content,
        number=0,
        offset=None,
        type="lvm",
        type_name="LVM2 logical volume",
        name=volume.name,
    )


class _Nothing(BlockView):
    """The bytes of a volume that cannot be read."""

    size_bytes = 0

    def read(self, offset: int, count: int) -> bytes:
        """Return nothing."""
        del offset, count
        return b""

    def below(self, ranges: Iterable[Range]) -> Iterator[tuple[Source, list[Range]]]:
        """Yield nothing."""
        del ranges
        yield from ()


_NOWHERE = _Nothing()
