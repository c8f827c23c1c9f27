"""From the volumes of a disk to what is found out about the system on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from disk_images.blocks.prefetch import LookUp, side_by_side
from disk_images.findings import NO_SYSTEM, Finding, Findings, Scope
from disk_images.guest.boot_entries import SYSTEMD_WANTED, default_entry
from disk_images.guest.boot_mode import FIRST_WANTED as FIRMWARE_WANTED
from disk_images.guest.boot_mode import Bios, Firmware, boot_mode, find_firmware
from disk_images.guest.choose import (
    Hidden,
    SystemChoice,
    Volumes,
    boot_of,
    choose,
    entry_of_firmware,
)
from disk_images.guest.drivers import (
    KernelDrivers,
    nvme_of_configuration,
    nvme_of_initramfs,
)
from disk_images.guest.identifiers import Identifiers
from disk_images.guest.layouts import (
    as_usr,
    booted_deployment,
    candidates_on,
    live_root,
    usr_volumes,
)
from disk_images.guest.linux import CONFIGURATION, FIRST_WANTED, FOR_PLAN, Linux
from disk_images.guest.volume_files import Seen
from disk_images.guest.windows import FIRST_WANTED as WINDOWS_WANTED
from disk_images.guest.windows import Windows

UNKNOWN_LOADER = (
    "is known only to the firmware of the machine that it was installed on; a new one "
    "looks for EFI/BOOT"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DividedDisk:
    """A disk as its partition table and its file systems show it.

    Attributes:
        layout: One line for each volume.
        volumes: Those whose file system could be read.
        unread: Why others could not.
        hidden: Those of them that may hold a system.
        notes: What is worth a line although nothing is hidden by it.
        is_encrypted: Whether one of them is.
        scope: What is to be found out.
        along: What is read of the disk itself, beside its file systems.
    """

    bios: Bios
    layout: Sequence[str]
    volumes: Sequence[Seen]
    unread: Sequence[str] = ()
    hidden: Sequence[Hidden] = ()
    notes: Sequence[str] = ()
    has_lvm: bool = False
    is_encrypted: bool = False
    scope: Scope = field(default_factory=Scope)
    identifiers: Identifiers = field(default_factory=Identifiers)
    along: Sequence[LookUp] = ()


def look(disk: DividedDisk) -> Findings:
    """Return what the volumes tell; what they do not tell says why."""
    esps = _by_esp(v for v in disk.volumes if v.file_system.kind == "vfat")
    others = [v for v in disk.volumes if v.file_system.kind != "vfat"]
    look_ups = _first_look_ups(esps, others, disk.scope)
    side_by_side([*disk.along, *look_ups])
    volumes = Volumes(
        esps=esps,
        others=others,
        bios=disk.bios,
        identifiers=disk.identifiers,
        hidden=disk.hidden,
    )
    candidates = candidates_on(others)
    choice = choose(candidates, volumes)
    found = _of_layout(disk)
    if choice.system is None:
        why = choice.why_not or "; ".join(_unread(disk)) or live_root(disk.volumes)
        found.update(_nothing(why or NO_SYSTEM))
    elif choice.system.is_windows:
        found.update(Windows(choice.system.seen, disk.scope.agents).findings())
    else:
        roots = [candidate.seen for candidate in candidates]
        root = choice.system.seen
        found.update(_of_root(root, choice, volumes, disk, roots))
    found["notes"] = (*choice.notes, *found.pop("notes", ()))
    return _with_boot_mode(found, find_firmware(esps), disk)


def _of_root(
    root: Seen,
    choice: SystemChoice,
    volumes: Volumes,
    disk: DividedDisk,
    roots: Sequence[Seen],
) -> dict[str, Any]:
    """Return what the system tells that a Linux root was chosen for."""
    entry = choice.entry
    is_whole = not disk.scope.names_only
    boot = boot_of(root, volumes, roots) if is_whole else root
    if is_whole or "/ostree/" in root.prefix:
        entry = entry or entry_of_firmware(volumes)
        entry = entry or default_entry(boot_of(root, volumes, roots))
    booted = booted_deployment(root, entry.option("ostree") if entry else "")
    if booted is None:
        several = f"{root.name} has several deployments, and no boot entry names one"
        return {**_nothing(several), "notes": (several,)}
    root = booted
    usr = next((as_usr(v) for v in usr_volumes(volumes.others)), None)
    linux = Linux(root, boot, entry, None if root.mounted_at else usr)
    found = _system_of(linux)
    if is_whole:
        found.update(_of_linux(linux, disk.identifiers))
    elif disk.scope.wants_nvme:
        places = [root, *volumes.others]
        nvme = nvme_of_configuration(places)
        found["nvme"] = nvme or nvme_of_initramfs([*places, *volumes.esps])
    return found


def _first_look_ups(
    esps: Sequence[Seen], others: Sequence[Seen], scope: Scope
) -> list[LookUp]:
    """Return the look-ups on all file systems before the role of each is known."""
    for_esp = list(FIRMWARE_WANTED)
    for_esp += [] if scope.names_only else SYSTEMD_WANTED
    wanted: list[tuple[Seen, Sequence[str]]] = [(s, for_esp) for s in esps]
    for_plan = (*FOR_PLAN, *(CONFIGURATION if scope.wants_nvme else ()))
    for number, seen in enumerate(others):
        if seen.file_system.kind == "ntfs":
            wanted.append((seen, (*WINDOWS_WANTED, *scope.agents)))
        else:
            # The first one, as the largest, is hardly a /boot.
            paths = for_plan if scope.names_only else FIRST_WANTED
            in_boot = [p.removeprefix("/boot") or "/" for p in paths
                       if p.startswith("/boot")]  # fmt: skip
            wanted.append((seen, (*paths, *(in_boot if number else ()))))
    return [each for seen, paths in wanted for each in seen.look_ups(paths)]


def _with_boot_mode(
    found: dict[str, Any], firmware: Firmware, disk: DividedDisk
) -> Findings:
    """Return all findings, with what starts the system among them."""
    unread = "; ".join(_unread(disk))
    architecture = found["architecture"].value
    mode = boot_mode(firmware, disk.bios, unread, architecture=architecture)
    found["boot_mode"] = mode
    loader = firmware.loader("")
    if loader and not architecture:
        where = loader.seen.where(loader.path)
        found["architecture"] = Finding(value=loader.architecture, where=where)
    notes = [*disk.notes, *disk.unread, *found.pop("notes", ())]
    if problem := firmware.problem(architecture):
        notes.append(f"UEFI: {problem}")
    only_vendors = "" if loader else firmware.only_vendors
    if only_vendors:
        notes.append(f"UEFI: {only_vendors} {UNKNOWN_LOADER}")
    return Findings(**found, only_vendors=only_vendors, notes=tuple(notes))


def _unread(disk: DividedDisk) -> list[str]:
    """Return what could not be read so far: volumes, and folders or files on others."""
    failed = [seen.why_not for seen in disk.volumes if seen.why_not]
    return list(dict.fromkeys([*disk.unread, *failed]))


def _by_esp(volumes: Iterable[Seen]) -> list[Seen]:
    return sorted(volumes, key=lambda volume: not volume.is_esp)


def _of_layout(disk: DividedDisk) -> dict[str, Any]:
    lines = "; ".join(disk.layout)
    layout = Finding(value=lines, where=f"{disk.bios.scheme or 'no'} partition table")
    if not lines:
        layout = Finding(why_not="; ".join(disk.unread) or "it has no partitions")
    lvm = Finding(value="yes" if disk.has_lvm else "no", where="partitions")
    if disk.is_encrypted and not disk.has_lvm:
        lvm = Finding(why_not="what is encrypted cannot be read")
    return {
        "layout": layout,
        "lvm": lvm if lines else layout,
    }


def _nothing(why: str) -> dict[str, Finding]:
    names = ("architecture", "os_type", "os_name", "os_version", "root_device",
             "virtio", "initramfs", "nvme", "agent", "ssh", "selinux", "kernel",
             "kernel_file", "lost_devices", "root_file_system", "root_place",
             "elsewhere")  # fmt: skip
    return dict.fromkeys(names, Finding(why_not=why))


def _system_of(linux: Linux) -> dict[str, Any]:
    """Return which system it is, and for which processor."""
    root = linux.root
    root.want(FOR_PLAN)
    found: dict[str, Any] = {
        "os_type": Finding(value="linux", where=root.where("/etc")),
        "root_file_system": Finding(value=root.file_system.kind, where=root.name),
        "architecture": linux.architecture(),
    }
    found.update(linux.named())
    return found


def _of_linux(linux: Linux, identifiers: Identifiers) -> dict[str, Any]:
    linux.root.want(FIRST_WANTED)
    root_device = linux.root_device()
    return {
        "kernel": linux.kernel(),
        "root_device": root_device,
        "root_place": linux.root_place(root_device, identifiers),
        "lost_devices": linux.lost_devices(),
        "elsewhere": linux.elsewhere(identifiers),
        "agent": linux.agent(),
        "ssh": linux.ssh(),
        "selinux": linux.selinux(),
        "kernel_file": linux.kernel_file(),
        **KernelDrivers(
            linux.root, linux.boot, linux.kernel().value, linux.entry
        ).findings(),
    }
