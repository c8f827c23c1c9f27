"""The disks that a sidecar lists."""

from collections.abc import Mapping
from dataclasses import dataclass

from image_import.errors import SidecarError
from image_import.model.checksum import CHECKSUM_FIELDS
from image_import.model.declaration import DeclaredDisk
from image_import.model.disk import MAX_DISKS, DiskFormat
from image_import.model.targets import Target
from image_import.sidecar.documents import in_words
from image_import.sidecar.fields import (
    as_list,
    as_object,
    as_text,
    check_known,
    join,
    read_checksums,
)

DISK_FIELDS = frozenset(
    {
        "Device",
        "DiskImSize",
        "DiskImageSize",
        "Format",
        "OSSBucket",
        "OSSObject",
        *CHECKSUM_FIELDS,
    }
)
LONGEST_KEY_BYTES = 1023
"""Source: "Naming conventions", Object, OSS documentation, read 2026-11."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Where a sidecar stands, which bounds what it may point to."""

    bucket: str
    sidecar_key: str
    image_key: str
    target: Target


def read_disks(
    value: object, around: Surroundings
) -> tuple[tuple[DeclaredDisk, ...], tuple[str, ...]]:
    """Return the disks, the system disk first, and notes on what has no effect.

    Raises:
        SidecarError: There are too many, one is listed twice, the first is not the
            image that the sidecar stands beside, or one is not described well.
    """
    listed = as_list(value, field="DiskDeviceMapping")
    if len(listed) > MAX_DISKS:
        raise SidecarError(
            f"lists {len(listed)} disks; ECS takes 1 system disk and up to "
            f"{MAX_DISKS - 1} data disks",
            field="DiskDeviceMapping",
        )
    disks: list[DeclaredDisk] = []
    notes: list[str] = []
    for index, item in enumerate(listed):
        field = f"DiskDeviceMapping[{index}]"
        said = as_object(item, field=field)
        disks.append(_read_disk(said, index, around, field=field))
        notes += _notes(said, field)
    _check_order(disks, around)
    return tuple(disks), tuple(notes)


def _read_disk(
    said: Mapping[str, object], index: int, around: Surroundings, *, field: str
) -> DeclaredDisk:
    check_known(said, DISK_FIELDS, within=field)
    _check_bucket(said, around, field=join(field, "OSSBucket"))
    return DeclaredDisk(
        object_key=_object_key(said, index, around, field=join(field, "OSSObject")),
        format=_format(said, field=join(field, "Format")),
        disk_image_size_gib=_size(said, index, around.target, field=field),
        checksums=read_checksums(said, within=field),
    )


def _check_bucket(
    said: Mapping[str, object], around: Surroundings, *, field: str
) -> None:
    if said.get("OSSBucket", around.bucket) != around.bucket:
        raise SidecarError(
            "is another bucket; a sidecar speaks of its own bucket only, so remove it",
            field=field,
        )


def _object_key(
    said: Mapping[str, object], index: int, around: Surroundings, *, field: str
) -> str:
    """Return the whole key of a disk, which is given relative to the sidecar."""
    if index == 0 and "OSSObject" not in said:
        return around.image_key
    if "OSSObject" not in said:
        raise SidecarError(
            "is missing; name the disk's object, relative to the sidecar's folder",
            field=field,
        )
    relative = as_text(said["OSSObject"], field=field)
    if {"", ".", ".."} & set(relative.split("/")) or relative.startswith("\\"):
        raise SidecarError(
            f"is {relative[:200]!r}; it must name an object in the sidecar's own "
            "folder or below it, without '/' in front, '//', '.' or '..'",
            field=field,
        )
    folder, slash, _ = around.sidecar_key.rpartition("/")
    object_key = f"{folder}{slash}{relative}"
    if len(object_key.encode()) > LONGEST_KEY_BYTES:
        raise SidecarError(
            f"makes a key of more than {LONGEST_KEY_BYTES} bytes, which OSS does not "
            "have",
            field=field,
        )
    return object_key


def _format(said: Mapping[str, object], *, field: str) -> DiskFormat | None:
    if "Format" not in said:
        return None
    text = as_text(said["Format"], field=field)
    try:
        return DiskFormat(text.upper())
    except ValueError as exc:
        raise SidecarError(
            f"is {text[:80]!r}; use RAW, VHD or QCOW2", field=field
        ) from exc


def _size(
    said: Mapping[str, object], index: int, target: Target, *, field: str
) -> int | None:
    """Return the disk image size, which has an old name too."""
    given = {
        name: _gib(said[name], index, target, field=join(field, name))
        for name in ("DiskImageSize", "DiskImSize")
        if name in said
    }
    if len(set(given.values())) > 1:
        raise SidecarError(
            f"is {given['DiskImSize']}, but DiskImageSize is {given['DiskImageSize']}; "
            "DiskImSize is its old name, so remove it",
            field=join(field, "DiskImSize"),
        )
    return next(iter(given.values()), None)


def _gib(value: object, index: int, target: Target, *, field: str) -> int:
    lowest, highest = target.data_disk_gib if index else target.system_disk_gib
    kind = "data" if index else "system"
    allowed = (
        f"target {target.name} takes a whole number of GiB from {lowest} to {highest} "
        f"for a {kind} disk"
    )
    if not isinstance(value, int) or isinstance(value, bool):
        unit = ", without a unit or quotes" if isinstance(value, str) else ""
        raise SidecarError(
            f"is {in_words(value)}, not a whole number; {allowed}{unit}", field=field
        )
    if not lowest <= value <= highest:
        shown = value if abs(value) < 10**9 else "far too much"
        raise SidecarError(f"is {shown}; {allowed}", field=field)
    return value


def _notes(said: Mapping[str, object], field: str) -> list[str]:
    notes = []
    if "Device" in said:
        notes.append(f"{field}.Device has no effect: ECS is about to drop it")
    if "DiskImSize" in said:
        notes.append(f"{field}.DiskImSize is sent as DiskImageSize, its new name")
    return notes


def _check_order(disks: list[DeclaredDisk], around: Surroundings) -> None:
    keys = [disk.object_key for disk in disks]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise SidecarError(
                f"is {key}, which is listed already",
                field=f"DiskDeviceMapping[{index}].OSSObject",
            )
    if keys[0] != around.image_key:
        raise SidecarError(
            f"is {keys[0]}; the first disk is the system disk, and a sidecar stands "
            f"beside it, which here is {around.image_key} (names are relative to the "
            "sidecar's folder)",
            field="DiskDeviceMapping[0].OSSObject",
        )
