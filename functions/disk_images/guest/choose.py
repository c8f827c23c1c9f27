"""Which of the systems on a disk boots.

A disk may hold a second system: a backup, a rescue system, a Windows that was left. The
one that boots is the one that the first boot loader starts. Where no loader says, it is
the one whose own fstab has it as /. Where several remain, or where a volume that may be
the root cannot be read, nothing is said: a wrong name costs more than none.

Sources, read 2026-12: UEFI Specification 2.10, 3.5.1.1 (EFI/BOOT); GNU GRUB Manual
2.12, "BIOS installation"; crypttab(5) and fstab(5); Microsoft, "Boot Configuration
Data".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from disk_images.guest.boot_entries import (
    ENTRIES,
    SYSTEMD_WANTED,
    UKIS,
    WINDOWS_FOLDER,
    BootEntry,
    default_entry,
    grub_entry_of,
    removable_loader,
    searched_volumes,
    systemd_entry,
)
from disk_images.guest.boot_mode import Bios
from disk_images.guest.identifiers import Identifiers
from disk_images.guest.layouts import SystemRoot, top_of
from disk_images.guest.root_device import fstab_entries
from disk_images.guest.volume_files import Seen

BOOT_NAMES = {"grub", "grub2", "loader", "extlinux", "syslinux", "extlinux.conf"}
BOOT_FILES = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/grub/grubenv",
              "/boot/grub2/grubenv", "/boot/extlinux/extlinux.conf",
              "/boot/loader/entries/*", "/boot", "/etc/fstab", "/etc/crypttab",
              "/bootmgr")  # fmt: skip
WINDOWS_BOOT = {"bootmgr", "ntldr"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """A volume that may hold a system and cannot be read.

    Attributes:
        name: Of the volume, as `partition 2`.
        why: Why it cannot be read.
        names: By which an fstab or crypttab may speak of it, in lower case.
    """

    name: str
    why: str
    size_bytes: int = 0
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Volumes:
    """What a choice is made from.

    Attributes:
        esps: File systems of type vfat, EFI system partitions first.
        others: All others.
        hidden: As in Hidden.
    """

    esps: Sequence[Seen]
    others: Sequence[Seen]
    bios: Bios
    identifiers: Identifiers
    hidden: Sequence[Hidden] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemChoice:
    """The system that boots, or why none can be named.

    Attributes:
        entry: What the boot loader says of it, None if no loader does.
    """

    system: SystemRoot | None = None
    entry: BootEntry | None = None
    why_not: str = ""
    notes: tuple[str, ...] = ()


@dataclass
class _Evidence:
    """What speaks for a candidate.

    Attributes:
        entry: Of a boot loader that starts it.
        is_first: Whether that loader is the one that firmware starts.
        is_started: Whether any loader starts it.
        says_so: Whether its own fstab has it as /.
    """

    entry: BootEntry | None = None
    is_first: bool = False
    is_started: bool = False
    says_so: bool = False


def boot_of(root: Seen, volumes: Volumes, roots: Sequence[Seen] = ()) -> Seen:
    """Return where a system's /boot is: a file system of its own, or in the root.

    Args:
        roots: Those of other systems, which are nobody's /boot.
    """
    by_name = {seen.name: seen for seen in (*volumes.others, *volumes.esps)}
    fstab = root.text("/etc/fstab") or ""
    for mount in fstab_entries(fstab):
        if mount.folder == "/boot":
            found = by_name.get(volumes.identifiers.where(mount.device) or "")
            if found is not None and found.name != root.name:
                return _as_boot(found)
    taken = {root.name, *(other.name for other in roots)}
    for seen in volumes.others:
        if seen.name in taken or seen.file_system.kind == "ntfs":
            continue
        names = seen.names("/") or []
        has_kernel = any(name.startswith("vmlinuz") for name in names)
        if has_kernel or BOOT_NAMES.intersection(names):
            return _as_boot(seen)
    return top_of(root)


def _as_boot(seen: Seen) -> Seen:
    return Seen(
        name=seen.name,
        file_system=seen.file_system,
        mounted_at="/boot",
        size_bytes=seen.size_bytes,
    )


def entry_of_firmware(volumes: Volumes) -> BootEntry | None:
    """Return what files of the EFI system partition start; None without them."""
    extended = [seen for seen in volumes.others if seen.is_extended_boot]
    extended += [seen for seen in volumes.esps if not seen.is_esp]
    for esp in volumes.esps:
        if not esp.is_esp:
            continue
        if entry := grub_entry_of(esp):
            return entry
        loader = removable_loader(esp)
        kind = loader[1] if loader else ""
        if kind in {"grub", "shim", "windows"} or searched_volumes(esp):
            continue
        has_entries = any(seen.names(p) for seen in (esp, *extended)
                          for p in (ENTRIES, UKIS))  # fmt: skip
        if (kind or has_entries) and (entry := systemd_entry(esp, extended)):
            return entry
    return None


def choose(candidates: Sequence[SystemRoot], volumes: Volumes) -> SystemChoice:
    """Return the candidate that boots."""
    if not candidates:
        return SystemChoice()
    if len(candidates) == 1 and not volumes.hidden:
        return SystemChoice(system=candidates[0])
    _want(volumes)
    evidence = _evidence(candidates, volumes)
    chosen, why = _decided(candidates, evidence)
    if chosen is not None:
        found = evidence[candidates.index(chosen)]
        why = _hidden_instead(chosen, found, candidates, volumes)
        if not why:
            others = tuple(_note(c, chosen) for c in candidates if c is not chosen)
            return SystemChoice(system=chosen, entry=found.entry, notes=others)
    return SystemChoice(why_not=why, notes=(why,))


def _note(other: SystemRoot, chosen: SystemRoot) -> str:
    return (
        f"{other.seen.name} has a system, too; what is told here is of"
        f" {chosen.seen.name}, which boots"
    )


def _want(volumes: Volumes) -> None:
    for seen in volumes.others:
        if seen.file_system.kind != "ntfs":
            seen.want([*BOOT_FILES, *(p.removeprefix("/boot") for p in BOOT_FILES
                                      if p.startswith("/boot/"))])  # fmt: skip
    for esp in volumes.esps:
        esp.want([*SYSTEMD_WANTED, "/EFI", WINDOWS_FOLDER])


def _evidence(candidates: Sequence[SystemRoot], volumes: Volumes) -> list[_Evidence]:
    """Return what speaks for each candidate, in their order."""
    found = [_Evidence() for _ in candidates]
    entries = list(_entries(candidates, volumes))
    has_windows = _has_windows_loader(volumes)
    first = _first(entries, candidates, volumes)
    for number, candidate in enumerate(candidates):
        mine = found[number]
        mine.says_so = _names_itself(candidate, volumes)
        if candidate.is_windows:
            mine.is_started = has_windows
            mine.is_first = first == "windows"
            continue
        for holder, entry in entries:
            if _starts(entry, candidate, volumes, holder=holder):
                mine.is_started = True
                mine.is_first = mine.is_first or entry is first
                mine.entry = entry if entry is first else mine.entry or entry
    return found


def _entries(
    candidates: Sequence[SystemRoot], volumes: Volumes
) -> Iterator[tuple[str, BootEntry]]:
    """Yield what each loader starts by default, by the volume that has its files."""
    if entry := entry_of_firmware(volumes):
        yield entry.seen.name, entry
    roots = [c.seen for c in candidates if not c.is_windows]
    root_names = {root.name for root in roots}
    for root in roots:
        if entry := default_entry(top_of(root)):
            yield root.name, entry
    for seen in volumes.others:
        if seen.name in root_names or seen.file_system.kind == "ntfs":
            continue
        if entry := default_entry(_as_boot(seen)):
            yield seen.name, entry
    for esp in volumes.esps:
        if entry := default_entry(_as_boot(esp)):
            yield esp.name, entry


def _starts(
    entry: BootEntry, candidate: SystemRoot, volumes: Volumes, *, holder: str
) -> bool:
    """Whether an entry starts a candidate."""
    if entry.chains or (not entry.kernel and not entry.root):
        return False
    if entry.option("ostree") and "/ostree/" not in candidate.seen.prefix:
        return False
    if not entry.root:
        return holder == candidate.seen.name
    place = volumes.identifiers.where(entry.root) or _by_number(entry.root)
    if place != candidate.seen.name:
        return False
    subvolume = _subvolume(entry)
    prefix = candidate.seen.prefix.strip("/")
    is_named = subvolume == prefix or subvolume.endswith(f"/{prefix}")
    return not (subvolume and prefix) or is_named


def _subvolume(entry: BootEntry) -> str:
    flags = entry.option("rootflags").split(",")
    found = [f.partition("=")[2] for f in flags if f.startswith("subvol=")]
    return found[0].strip("/") if found else ""


def _by_number(reference: str) -> str:
    """Return the partition that a plain device name means on the only disk."""
    digits = reference[len(reference.rstrip("0123456789")) :]
    is_plain = reference.startswith("/dev/") and digits and "/mapper/" not in reference
    return f"partition {int(digits)}" if is_plain and len(digits) < 4 else ""


def _names_itself(candidate: SystemRoot, volumes: Volumes) -> bool:
    """Whether a candidate's own fstab has it as /."""
    if candidate.is_windows:
        return False
    text = candidate.seen.text("/etc/fstab") or ""
    for mount in fstab_entries(text):
        if mount.folder == "/":
            place = volumes.identifiers.where(mount.device) or _by_number(mount.device)
            return place == candidate.seen.name
    return False


def _has_windows_loader(volumes: Volumes) -> bool:
    for esp in volumes.esps:
        names = {name.lower() for name in esp.names(WINDOWS_FOLDER) or []}
        if "bootmgfw.efi" in names:
            return True
    for seen in volumes.others:
        if seen.file_system.kind == "ntfs":
            names = {name.lower() for name in seen.names("/") or []}
            if WINDOWS_BOOT & names and volumes.bios.is_possible:
                return True
    return False


def _first(
    entries: Sequence[tuple[str, BootEntry]],
    candidates: Sequence[SystemRoot],
    volumes: Volumes,
) -> BootEntry | str | None:
    """Return what firmware comes to first: an entry, "windows", or None if unknown."""
    by_holder = dict(reversed(entries))
    for esp in volumes.esps:
        if not (loader := removable_loader(esp)):
            continue
        if loader[1] == "windows":
            return "windows"
        for identifier in searched_volumes(esp):
            holder = volumes.identifiers.where(f"UUID={identifier}")
            if holder in by_holder:
                return _or_windows(by_holder[holder])
        own = next((e for h, e in entries if h == esp.name), None)
        if own or loader[1] in {"uki", "systemd-boot"}:
            return own
    if not volumes.bios.is_possible or any(removable_loader(e) for e in volumes.esps):
        return None
    if volumes.bios.is_grub:
        of_grub = [e for _, e in entries if "grub" in e.path or "loader" in e.path]
        return _or_windows(of_grub[0]) if len(of_grub) == 1 else None
    active = volumes.bios.boot_partition
    is_windows = any(
        c.is_windows and active and volumes.bios.scheme == "MBR" for c in candidates
    ) and any(
        seen.name == active and seen.file_system.kind == "ntfs"
        for seen in volumes.others
    )
    return "windows" if is_windows else by_holder.get(active)


def _or_windows(entry: BootEntry) -> BootEntry | str:
    return "windows" if entry.chains else entry


def _decided(
    candidates: Sequence[SystemRoot], evidence: Sequence[_Evidence]
) -> tuple[SystemRoot | None, str]:
    """Return the candidate that the best evidence speaks for, or why there is none."""
    for level in ("is_first", "is_started", "says_so"):
        found = [
            c for c, e in zip(candidates, evidence, strict=True) if getattr(e, level)
        ]
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, _several(found)
    if len(candidates) == 1:
        return candidates[0], ""
    return None, _several(candidates)


def _several(candidates: Sequence[SystemRoot]) -> str:
    names = " and ".join(f"{c.seen.name}{c.seen.prefix}" for c in candidates)
    return f"{names} have a system each, and nothing says which of them boots"


def _hidden_instead(
    chosen: SystemRoot,
    evidence: _Evidence,
    candidates: Sequence[SystemRoot],
    volumes: Volumes,
) -> str:
    """Return which volume may be the root instead and cannot be read, "" if none."""
    if not volumes.hidden:
        return ""
    told = "" if chosen.is_windows else _own_tables(chosen.seen)
    entries = [entry for _, entry in _entries(candidates, volumes) if entry.root]
    starts_others = any(
        not any(
            _starts(e, c, volumes, holder=e.seen.name)
            for c in candidates
            if not c.is_windows
        )
        for e in entries
    )
    for hidden in volumes.hidden:
        if any(name and name in told for name in hidden.names):
            continue
        is_smaller = hidden.size_bytes < chosen.seen.size_bytes
        if evidence.is_started and is_smaller and not starts_others:
            continue
        return f"{hidden.name} may have the system that boots: {hidden.why}"
    return ""


def _own_tables(root: Seen) -> str:
    texts = (root.text(path) or "" for path in ("/etc/crypttab", "/etc/fstab"))
    return "\n".join(texts).lower()
