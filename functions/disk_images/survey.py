"""One look into one image, from its bytes to findings; it never fails.

An image is anything that gives its bytes by offset and count: an object in a bucket,
a file at the end of a web server, or a file here.
"""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from disk_images.blocks.open import open_disk
from disk_images.blocks.prefetch import LookUp
from disk_images.blocks.prefetch import fetch as fetch_range
from disk_images.blocks.remote import Bounded, Budget
from disk_images.blocks.source import CannotTellError, CutOffError, Source
from disk_images.filesystems.detect import open_file_system
from disk_images.findings import Findings, Inspection, Scope
from disk_images.formats.detect import LOOK_BYTES
from disk_images.formats.types import Header
from disk_images.guest.boot_mode import Bios
from disk_images.guest.identifiers import identifiers_of
from disk_images.guest.system import DividedDisk, look
from disk_images.guest.volume_files import Seen
from disk_images.volumes.gpt_backup import backup_place, gpt_finding
from disk_images.volumes.layout import Volume, VolumeLayout, find_volumes
from disk_images.volumes.partition_table import BIOS_BOOT, ESP, MBR_ESP
from disk_images.volumes.truncation import complete_of, cut_off

ENCRYPTED = {"crypto_LUKS", "BitLocker"}
SCHEMES = {"gpt": "GPT", "mbr": "MBR"}
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

    def fetch(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    source = Bounded(
        fetch=fetch,
        size_bytes=file.seek(0, io.SEEK_END),
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
        DividedDisk(
            bios=_bios(layout),
            layout=[describe(volume) for volume in layout.volumes],
            volumes=volumes,
            unread=unread,
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


def _bios(layout: VolumeLayout) -> Bios:
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
