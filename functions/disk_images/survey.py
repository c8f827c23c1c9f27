"""One look into one image, from its bytes to findings; it never fails.

An image is anything that gives its bytes by offset and count: an object in a bucket,
a file at the end of a web server, or a file here.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from disk_images.blocks.open import open_disk
from disk_images.blocks.prefetch import LookUp
from disk_images.blocks.prefetch import fetch as fetch_range
from disk_images.blocks.remote import Bounded, Budget
from disk_images.blocks.source import CannotTellError, CutOffError, Source, of_file
from disk_images.filesystems.detect import open_file_system
from disk_images.findings import Findings, Inspection, Scope
from disk_images.formats.detect import LOOK_BYTES
from disk_images.formats.types import BLANK, Header
from disk_images.guest.boot_entries import is_grubs_record
from disk_images.guest.boot_mode import Bios, has_code, is_generic_code
from disk_images.guest.choose import Hidden
from disk_images.guest.identifiers import identifiers_of, mapped_name
from disk_images.guest.system import DividedDisk, look
from disk_images.guest.volume_files import Seen
from disk_images.volumes.gpt_backup import backup_place, gpt_finding
from disk_images.volumes.layout import Volume, VolumeLayout, find_volumes
from disk_images.volumes.partition_table import (
    BIOS_BOOT,
    ESP,
    EXTENDED_TYPES,
    MBR_ESP,
    WITHOUT_FILES,
)
from disk_images.volumes.truncation import complete_of, cut_off

ENCRYPTED = {"crypto_LUKS", "BitLocker"}
WITHOUT_A_FILE = {"swap", "jbd", "DM_verity_hash"}
SCHEMES = {"gpt": "GPT", "mbr": "MBR"}
EXTENDED_BOOT = {"BC13C2FF-59E6-4262-A352-B275FD6F7172", "0xea"}
OF_A_SYSTEM = {
    "516E7CB6-6ECF-11D6-8FF8-00022D09712B",
    "516E7CBA-6ECF-11D6-8FF8-00022D09712B",
    "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
    "B921B045-1DF0-41C3-AF44-4C6F280D3FAE",
    "8484680C-9521-48C6-9C11-B0720656F69E",
    "B0E01050-EE5F-4390-949A-9101B17104E9",
    "0xa5", "0xa6", "0xa9", "0xbf",
}  # fmt: skip
"""Types of partitions with a system, so that unknown content is not nothing."""

UNFORMATTED = (
    WITHOUT_FILES
    | {f"0x{number:02x}" for number in EXTENDED_TYPES}
    | {
        "9E1A2D38-C612-4316-AA26-8B49521E5A8B",
        "83BD6B9D-7F41-11DC-BE0B-001560B84F0F",
        "FE3A2A5D-4F32-41A7-B725-ACCC3285A309",
        "0x41",
    }
)
"""Boot code, kernels and tables that stand in a partition as they are."""

NEVER_A_SYSTEM = {
    "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
    "933AC7E1-2EB4-4F13-B844-0E14E2AEF915",
    "3B8F8425-20E0-4F3B-907F-1A25A76F98E8",
    "4D21B016-B534-45C2-A9FB-5C16E091FD2D",
    "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC",
    "0x82", "0x27",
}  # fmt: skip
"""Swap, /home, /srv, /var and Windows' recovery."""

WHOLE = Scope()
GENEROUS = Budget(seconds=60, most_bytes=256 << 20)
"""What a look into a file that is here may cost."""

OnProgress = Callable[[int, int], None]
"""Is told the requests made and the bytes read so far."""


def quiet(requests: int, bytes_read: int) -> None:
    """Tell nobody."""


def inspect_file(
    file: BinaryIO,
    header: Header | None = None,
    scope: Scope = WHOLE,
    *,
    budget: Budget = GENEROUS,
    on_progress: OnProgress = quiet,
) -> Inspection:
    """Return what is found in a local file; its reads are counted as requests.

    Args:
        header: What its ends say, where that is known already.
    """
    whole = of_file(file)
    source = Bounded(
        fetch=whole.fetch,
        size_bytes=whole.size_bytes,
        budget=budget,
        on_progress=on_progress,
    )
    return inspect_bytes(source, header, scope)


def inspect_bytes(
    source: Bounded, header: Header | None = None, scope: Scope = WHOLE
) -> Inspection:
    """Return what is found in an image whose bytes come from a bounded source.

    Args:
        header: What its ends say, where that is known already.
    """
    source.want([(0, LOOK_BYTES)])
    try:
        opened = open_disk(source, header)
        findings = examine(opened, scope)
    except CutOffError as exc:
        return Inspection(findings=cut_off(exc), spent=source.spent(), why_not=str(exc))
    except CannotTellError as exc:
        return Inspection(spent=source.spent(), why_not=str(exc))
    except (
        RecursionError,
        MemoryError,
        ArithmeticError,
        LookupError,
        ValueError,
    ) as exc:
        # A parser met what it did not expect: that is the image's fault more often
        # than ours.
        why = f"its structures make no sense ({type(exc).__name__}: {exc})"
        return Inspection(spent=source.spent(), why_not=why)
    return Inspection(findings=findings, spent=source.spent())


def examine(disk: Source, scope: Scope = WHOLE) -> Findings:
    """Return what a disk's contents tell.

    Raises:
        CannotTellError: Not even its first bytes can be read.
    """
    layout = find_volumes(disk)
    volumes: list[Seen] = []
    hidden: list[Hidden] = []
    unread = list(layout.warnings)
    has_logical = any(volume.type == "lvm" for volume in layout.volumes)
    for volume in sorted(layout.volumes, key=_interest):
        if has_logical and volume.kind == "LVM2_member" and not volume.problem:
            continue  # What is on it are the logical volumes, which are looked at.
        if volume.kind in WITHOUT_A_FILE or volume.copy_of:
            continue
        seen, why = _open(volume)
        if volume.kind == "LVM2_member":
            said = (w for w in layout.warnings if w.startswith(f"{title(volume)}:"))
            why = next(said, f"{title(volume)}: no logical volume on it was found")
        if seen:
            volumes.append(seen)
        elif why:
            unread.append(why)
            is_known = volume.kind or volume.problem or volume.type in OF_A_SYSTEM
            if is_known and may_hold_a_system(volume):
                hidden.append(_hidden(volume, why))
    found = look(
        DividedDisk(
            bios=_bios(layout),
            layout=[describe(volume) for volume in layout.volumes],
            volumes=volumes,
            unread=list(dict.fromkeys(unread)),
            hidden=hidden,
            notes=layout.notes,
            has_lvm=any(volume.kind == "LVM2_member" for volume in layout.volumes),
            is_encrypted=any(volume.kind in ENCRYPTED for volume in layout.volumes),
            scope=scope,
            along=[] if scope.names_only else _along(disk, layout),
            identifiers=identifiers_of(
                layout, {n: title(v) for n, v in enumerate(layout.volumes)}
            ),
        )
    )
    if layout.gpt and not scope.names_only:
        found = replace(found, gpt=gpt_finding(disk, layout.gpt))
    return replace(found, complete=complete_of(disk, layout))


def _along(disk: Source, layout: VolumeLayout) -> list[LookUp]:
    """Return what is read beside the file systems: a GPT's backup."""
    if not layout.gpt:
        return []
    return [LookUp(disk, fetch_range(disk, *backup_place(layout.gpt)))]


def _interest(volume: Volume) -> tuple[bool, int]:
    """Order volumes so that the likely root comes first: it is the largest one."""
    is_esp = volume.type in {ESP, MBR_ESP}
    return is_esp, -volume.size_bytes


def _open(volume: Volume) -> tuple[Seen | None, str]:
    """Return the files on a volume, or why they are not read; neither without any."""
    if volume.problem:
        return None, f"{title(volume)}: {volume.problem}"
    if volume.is_empty and volume.offset == 0:
        return None, BLANK
    if not volume.kind:
        unknown = f"{title(volume)}: what it holds is not known"
        is_nothing = volume.is_empty or volume.type in UNFORMATTED
        is_nothing = is_nothing and volume.type not in OF_A_SYSTEM
        return None, "" if is_nothing else unknown
    try:
        file_system = open_file_system(volume)
    except CannotTellError as exc:
        return None, f"{title(volume)}: {exc}"
    seen = Seen(
        name=title(volume),
        file_system=file_system,
        is_esp=volume.type in {ESP, MBR_ESP},
        is_extended_boot=volume.type in EXTENDED_BOOT,
        size_bytes=volume.size_bytes,
        priority=volume.priority,
    )
    return seen, ""


def may_hold_a_system(volume: Volume) -> bool:
    """Whether a volume that cannot be read may be the one that boots."""
    is_special = volume.type in {ESP, MBR_ESP} or volume.type in NEVER_A_SYSTEM
    return not is_special and volume.kind not in {"exfat", "iso9660", "udf", "vfat"}


def _hidden(volume: Volume, why: str) -> Hidden:
    names = {volume.uuid, volume.label, volume.name, volume.partition_uuid}
    if volume.type == "lvm":
        names |= {f"/dev/{volume.name}", f"/dev/mapper/{mapped_name(volume.name)}"}
        names -= {volume.name}
    return Hidden(
        name=title(volume),
        why=why,
        size_bytes=volume.size_bytes,
        names=frozenset(name.lower() for name in names if name),
    )


def title(volume: Volume) -> str:
    """Return what a volume is called in a report."""
    if volume.type == "lvm":
        return f"logical volume {volume.name}"
    return f"partition {volume.number}" if volume.number else "the whole disk"


def describe(volume: Volume) -> str:
    """Return a volume in a few words."""
    size = f"{volume.size_bytes / (1 << 20):,.0f} MiB"
    if volume.size_bytes >= 10 << 30:
        size = f"{volume.size_bytes / (1 << 30):,.1f} GiB"
    kind = volume.kind or "no known content"
    named = f" ({volume.type_name})" if volume.type_name else ""
    return f"{title(volume)}{named}: {kind}, {size}"


def _bios(layout: VolumeLayout) -> Bios:
    """Return what there is for BIOS to start.

    Code that is not GRUB's own may be that which just starts the active partition.
    """
    boot = next((v for v in layout.volumes if _starts_by_bios(v)), None)
    active = next((v for v in layout.volumes if _is_active(v)), None)
    starts_nothing = is_generic_code(layout.boot_code) and (
        active is None or not has_code(active)
    )
    return Bios(
        boot_code=any(layout.boot_code) and not starts_nothing,
        scheme=SCHEMES.get(layout.scheme, ""),
        boot_partition=title(boot) if boot else "",
        is_grub=is_grubs_record(layout.boot_code),
    )


def _starts_by_bios(volume: Volume) -> bool:
    return volume.type == BIOS_BOOT or _is_active(volume)


def _is_active(volume: Volume) -> bool:
    return not {"legacy-bios-bootable", "active"}.isdisjoint(volume.flags)
