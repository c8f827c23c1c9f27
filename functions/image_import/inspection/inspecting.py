"""One look into one image, from its bytes to findings; it never fails.

Room: shell.
"""

from image_import.evidence import Contents
from image_import.inspection.boot_mode import Bios
from image_import.inspection.contents import open_file_system
from image_import.inspection.findings import Findings, Inspection
from image_import.inspection.look import Disk, look
from image_import.inspection.partition_types import BIOS_BOOT, ESP
from image_import.inspection.parts import CannotTellError, Source
from image_import.inspection.seen import Seen
from image_import.inspection.volumes import Layout, Volume, find_volumes

MBR_ESP = "0xef"
SCHEMES = {"gpt": "GPT", "mbr": "MBR"}


def examine(disk: Source) -> Findings:
    """Return what a disk's contents tell.

    Raises:
        CannotTellError: Not even its first bytes can be read.
    """
    layout = find_volumes(disk)
    volumes: list[Seen] = []
    unread = list(layout.warnings)
    for volume in sorted(layout.volumes, key=_interest):
        if volume.problem:
            unread.append(f"{title(volume)}: {volume.problem}")
        elif volume.kind and (seen := _open(volume, unread)):
            volumes.append(seen)
    return look(
        Disk(
            bios=_bios(layout),
            layout=[describe(volume) for volume in layout.volumes],
            volumes=volumes,
            unread=unread,
            has_lvm=any(volume.kind == "LVM2_member" for volume in layout.volumes),
        )
    )


def _interest(volume: Volume) -> tuple[bool, int]:
    """Order volumes so that the likely root comes first: it is the largest one."""
    is_esp = volume.type in {ESP, MBR_ESP}
    return is_esp, -volume.size_bytes


def _open(volume: Volume, unread: list[str]) -> Seen | None:
    try:
        file_system = open_file_system(volume)
    except CannotTellError as exc:
        unread.append(f"{title(volume)}: {exc}")
        return None
    return Seen(
        name=title(volume),
        file_system=file_system,
        is_esp=volume.type in {ESP, MBR_ESP},
    )


def title(volume: Volume) -> str:
    """Return what a volume is called in a report."""
    if volume.type == "lvm":
        return f"logical volume {volume.name}"
    return f"partition {volume.number}" if volume.number else "the whole disk"


def describe(volume: Volume) -> str:
    """Return a volume in a few words."""
    size = f"{volume.size_bytes / (1 << 20):,.0f} MiB"
    kind = volume.kind or "no known content"
    named = f" ({volume.type_name})" if volume.type_name else ""
    return f"{title(volume)}{named}: {kind}, {size}"


def _bios(layout: Layout) -> Bios:
    """Return what there is for BIOS to start."""
    boot = next((v for v in layout.volumes if _starts_by_bios(v)), None)
    return Bios(
        boot_code=layout.has_boot_code,
        scheme=SCHEMES.get(layout.scheme, ""),
        boot_partition=title(boot) if boot else "",
    )


def _starts_by_bios(volume: Volume) -> bool:
    flags = {"legacy-bios-bootable", "active"}
    return volume.type == BIOS_BOOT or not flags.isdisjoint(volume.flags)


def contents_of(inspection: Inspection, target_name: str) -> Contents:
    """Return what a plan takes from an inspection."""
    told = inspection.told(target_name)
    notes = [f"image contents: {note}" for note in inspection.findings.notes]
    if inspection.why_not:
        notes = [f"image contents: could not tell: {inspection.why_not}"]
    else:
        answers = dict(inspection.findings.answers())
        notes += [
            f"image contents: could not tell {name}: {answers[name].why_not}"
            for name in ("os_name", "architecture")
            if not answers[name]
        ]
    return Contents(
        told={name: finding.value for name, finding in told.items()},
        where={name: finding.where for name, finding in told.items()},
        notes=tuple(notes),
    )
