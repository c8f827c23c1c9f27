"""Rules for one disk: its format and size, as its own bytes decide them."""

from dataclasses import dataclass

from disk_images.formats.detect import fix_command

from image_import.errors import ConflictError, HeaderError, PlanError
from image_import.filename.reader import read_key
from image_import.model.declaration import DeclaredDisk
from image_import.model.disk import GIB, DiskDeviceMapping, DiskFormat
from image_import.model.targets import Target
from image_import.planning.evidence import (
    HEADER,
    KEY,
    SIDECAR,
    Choice,
    DiskEvidence,
    Evidence,
)

UNSUPPORTED = "unsupported"
"""As KeyClues has it: a name of a format that is not taken."""

TAKEN = "ImportImage takes RAW, VHD and QCOW2"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedDisk:
    """One disk device mapping, and why it is so.

    Attributes:
        sources: By parameter name as on the wire.
    """

    mapping: DiskDeviceMapping
    sources: dict[str, Choice]
    notes: tuple[str, ...]


def plan_disk(evidence: Evidence, number: int, target: Target) -> PlannedDisk:
    """Return the mapping of disk `number`; 1 is the system disk.

    Raises:
        HeaderError: Its bytes cannot be imported; the message has the fix.
        ConflictError: The sidecar contradicts the bytes.
        PlanError: It is too large for the target.
    """
    disk = evidence.disks[number - 1]
    _refuse_unusable(disk, is_system=number == 1)
    declared = _declared_disk(evidence, disk.object_key)
    image_format = _format(disk, declared)
    size = _disk_image_size_gib(disk, declared, target, is_system=number == 1)
    prefix = f"DiskDeviceMapping.{number}."
    sources = {f"{prefix}Format": image_format}
    if size:
        sources[f"{prefix}DiskImageSize"] = size
    return PlannedDisk(
        mapping=DiskDeviceMapping(
            bucket=disk.target_bucket or evidence.revision.bucket,
            object_key=disk.stored.object_key,
            format=image_format.value,
            disk_image_size_gib=size.value if size else None,
        ),
        sources=sources,
        notes=_notes(disk, image_format),
    )


def _notes(disk: DiskEvidence, image_format: Choice) -> tuple[str, ...]:
    notes = [f"{disk.object_key}: {note}" for note in disk.header.notes]
    if named := image_format.overrode.get(KEY):
        notes.append(named_note(disk, named))
    return tuple(notes)


def named_note(disk: DiskEvidence, named: str) -> str:
    """Return what is noted of a name that says another format than the bytes."""
    return (
        f"{disk.object_key} is named as {named} but its bytes say"
        f" {disk.header.detected}; the bytes count"
    )


def _format(disk: DiskEvidence, declared: DeclaredDisk | None) -> Choice:
    """Return the format that the bytes show; for bare raw, who says that it is.

    Raises:
        ConflictError: The sidecar says another format than the bytes.
        HeaderError: It is unknown what this is.
    """
    seen = disk.header.format
    told = declared.format if declared else None
    by_name = read_key(disk.stored.object_key).format
    if disk.header.is_guess:
        return _bare_raw(disk, told, by_name)
    if told and told != seen:
        raise ConflictError(
            f"the bytes of {disk.object_key} say {disk.header.detected}, but the "
            f"sidecar says {told.value}; correct Format in the sidecar, or upload the "
            "right file"
        )
    is_misnamed = (
        by_name in {"raw", "vhd", "qcow2", UNSUPPORTED}
        and by_name != str(seen.value if seen else "").lower()
    )
    if by_name == UNSUPPORTED:
        by_name = disk.object_key.rpartition(".")[2].lower()
    overrode = {KEY: by_name} if is_misnamed else {}
    return Choice(value=seen, source=HEADER, overrode=overrode)


def _bare_raw(disk: DiskEvidence, told: DiskFormat | None, by_name: str) -> Choice:
    """A file without any signature is raw only if somebody says so."""
    if told is DiskFormat.RAW:
        return Choice(value=DiskFormat.RAW, source=SIDECAR)
    if told is None and by_name == "raw":
        return Choice(value=DiskFormat.RAW, source=KEY)
    said = f"and the sidecar says {told.value}" if told else "and nothing says RAW"
    raise HeaderError(
        f"no disk image signature, partition table or known format in "
        f"{disk.object_key}, {said}; if it is a raw image, name it *.raw or put "
        f'"Format": "RAW" into its sidecar; otherwise upload the right file'
    )


def _refuse_unusable(disk: DiskEvidence, *, is_system: bool) -> None:
    if disk.encryption:
        raise HeaderError(
            f"{disk.object_key} is stored encrypted ({disk.encryption}) and ECS does "
            "not import from encrypted buckets; copy it to a bucket without "
            "server-side encryption and let the import start from there"
        )
    is_empty_data_disk = disk.header.is_blank and not is_system
    if disk.header.problem and not is_empty_data_disk:
        fix = disk.header.fix and fix_command(disk.header.fix, disk.object_key)
        taken = f"; {TAKEN}" if disk.header.format is None else ""
        hint = f"; to fix it: {fix}" if fix else taken and "; upload one of these"
        raise HeaderError(f"{disk.object_key}: {disk.header.problem}{taken}{hint}")


def _disk_image_size_gib(
    disk: DiskEvidence,
    declared: DeclaredDisk | None,
    target: Target,
    *,
    is_system: bool,
) -> Choice | None:
    """Return DiskImageSize in GiB: the virtual size, rounded up, or what was asked.

    A larger size than the virtual one is allowed, a smaller one would cut the disk.
    """
    virtual = disk.header.virtual_size_bytes
    told = declared.disk_image_size_gib if declared else None
    if virtual is None:
        return Choice(value=told, source=SIDECAR) if told else None
    lowest, highest = target.system_disk_gib if is_system else target.data_disk_gib
    needed = max(-(-virtual // GIB), lowest)
    if needed > highest:
        raise PlanError(
            f"{disk.object_key} is a disk of {needed} GiB; {target.name} takes at most "
            f"{highest} GiB for a {'system' if is_system else 'data'} disk; shrink it, "
            "or split it into data disks"
        )
    if told is None:
        return Choice(value=needed, source=HEADER)
    if told * GIB < virtual:
        raise ConflictError(
            f"the sidecar gives {disk.object_key} {told} GiB, but its virtual size is "
            f"{virtual} bytes, that is {needed} GiB; correct DiskImageSize, or leave "
            "it out"
        )
    overrode = {HEADER: needed} if needed != told else {}
    return Choice(value=told, source=SIDECAR, overrode=overrode)


def _declared_disk(evidence: Evidence, object_key: str) -> DeclaredDisk | None:
    declared = evidence.sidecar.disks if evidence.sidecar else ()
    return next((d for d in declared if d.object_key == object_key), None)
