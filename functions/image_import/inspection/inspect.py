"""One look into one image, from its bytes to findings; it never fails."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import BinaryIO

from disk_images.blocks.open import open_disk
from disk_images.blocks.prefetch import LookUp, fetch
from disk_images.blocks.remote import Bounded, Budget
from disk_images.blocks.source import CannotTellError, CutOffError, Source
from disk_images.filesystems.detect import open_file_system
from disk_images.findings import Findings, Inspection
from disk_images.formats.detect import LOOK_BYTES, TAIL_BYTES
from disk_images.guest.boot_mode import Bios
from disk_images.guest.identifiers import identifiers_of
from disk_images.guest.volume_files import Seen
from disk_images.survey import Disk, look
from disk_images.volumes.layout import Layout, Volume, find_volumes
from disk_images.volumes.partition_table import BIOS_BOOT, ESP, MBR_ESP

from image_import.aliyun.oss.client import Oss
from image_import.inspection.checks.gpt_backup import backup_place, gpt_finding
from image_import.inspection.checks.truncation import YES, complete_of, cut_off
from image_import.planning.evidence import Contents, DiskEvidence

ENCRYPTED = {"crypto_LUKS", "BitLocker"}
SCHEMES = {"gpt": "GPT", "mbr": "MBR"}


OnProgress = Callable[[int, int], None]
"""Is told the requests made and the bytes read so far."""


def _quiet(requests: int, bytes_read: int) -> None:
    """Tell nobody."""


def inspect_object(  # noqa: PLR0913 - an object, and how to look into it
    oss: Oss,
    bucket: str,
    disk: DiskEvidence,
    budget: Budget,
    *,
    pool: Executor,
    on_progress: OnProgress = _quiet,
    is_for_plan: bool = False,
) -> Inspection:
    """Return what is found in an object, of this ETag and no other.

    Its first and last bytes, which told its format, count as the first round trip.

    Args:
        is_for_plan: Whether nothing but what a plan takes is to be found out.
    """
    version = disk.version

    def fetch(offset: int, count: int) -> bytes:
        return oss.read_range(
            bucket,
            version.object_key,
            first=offset,
            last=offset + count - 1,
            etag=version.etag,
        ).data

    source = Bounded(
        fetch=fetch,
        size_bytes=disk.object_size_bytes,
        budget=budget,
        pool=pool,
        on_progress=on_progress,
    )
    if disk.head:
        source.know(disk.head, requests=2, bytes_read=len(disk.head) + TAIL_BYTES)
    return inspect_bytes(source, disk, is_for_plan=is_for_plan)


def inspect_file(
    file: BinaryIO,
    disk: DiskEvidence,
    budget: Budget,
    *,
    on_progress: OnProgress = _quiet,
    is_for_plan: bool = False,
) -> Inspection:
    """Return what is found in a local file; its reads are counted as requests."""

    def fetch(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    source = Bounded(
        fetch=fetch,
        size_bytes=disk.object_size_bytes,
        budget=budget,
        on_progress=on_progress,
    )
    return inspect_bytes(source, disk, is_for_plan=is_for_plan)


def inspect_bytes(
    source: Bounded, disk: DiskEvidence, *, is_for_plan: bool = False
) -> Inspection:
    """Return what is found in an image whose bytes come from a bounded source."""
    source.want([(0, LOOK_BYTES)])
    try:
        opened = open_disk(source, disk.header)
        findings = examine(opened, is_for_plan=is_for_plan)
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
        # than ours, and never a reason to fail an import.
        why = f"its structures make no sense ({type(exc).__name__}: {exc})"
        return Inspection(spent=source.spent(), why_not=why)
    return Inspection(findings=findings, spent=source.spent())


def examine(disk: Source, *, is_for_plan: bool = False) -> Findings:
    """Return what a disk's contents tell.

    Raises:
        CannotTellError: Not even its first bytes can be read.
    """
    layout = find_volumes(disk)
    volumes: list[Seen] = []
    unread = list(layout.warnings)
    has_logical = any(volume.type == "lvm" for volume in layout.volumes)
    for volume in sorted(layout.volumes, key=_interest):
        if has_logical and volume.kind == "LVM2_member" and not volume.problem:
            continue  # What is on it are the logical volumes, which are looked at.
        if volume.kind == "swap":
            continue  # There are no files on it.
        if volume.problem:
            unread.append(f"{title(volume)}: {volume.problem}")
        elif volume.kind and (seen := _open(volume, unread)):
            volumes.append(seen)
    found = look(
        Disk(
            bios=_bios(layout),
            layout=[describe(volume) for volume in layout.volumes],
            volumes=volumes,
            unread=unread,
            has_lvm=any(volume.kind == "LVM2_member" for volume in layout.volumes),
            is_encrypted=any(volume.kind in ENCRYPTED for volume in layout.volumes),
            is_for_plan=is_for_plan,
            along=[] if is_for_plan else _along(disk, layout),
            identifiers=identifiers_of(
                layout, {n: title(v) for n, v in enumerate(layout.volumes)}
            ),
        )
    )
    if layout.gpt and not is_for_plan:
        found = replace(found, gpt=gpt_finding(disk, layout.gpt))
    return replace(found, complete=complete_of(disk, layout))


def _along(disk: Source, layout: Layout) -> list[LookUp]:
    """Return what is read beside the file systems: a GPT's backup."""
    if not layout.gpt:
        return []
    return [LookUp(disk, fetch(disk, *backup_place(layout.gpt)))]


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
    if volume.size_bytes >= 10 << 30:
        size = f"{volume.size_bytes / (1 << 30):,.1f} GiB"
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
        complete = inspection.findings.complete
        if complete and complete.value != YES:
            notes.append(f"image contents: it is cut off: {complete.value}")
    return Contents(
        told={name: finding.value for name, finding in told.items()},
        where={name: finding.where for name, finding in told.items()},
        notes=tuple(notes),
    )
