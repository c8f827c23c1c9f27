"""Where on a file system a system's / may be: not always at its top.

Sources, read 2026-12:
    libostree, "Deployments": /ostree/deploy/NAME/deploy/CHECKSUM.SERIAL.
    Flatcar, "Disk layout": /usr is a partition of its own, / is filled at first boot.
    NixOS manual, "What happens during a system switch": the system profile.
    "The Discoverable Partitions Specification" (UAPI.2): partitions with /usr.
    snapper(8) and openSUSE's Btrfs layout: @/.snapshots/NUMBER/snapshot.
    live-boot(7); casper(7); dracut, dmsquash-live; archiso: a root that is a file.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from disk_images.guest.volume_files import Seen
from disk_images.guest.windows import is_windows

SUBVOLUMES = ("", "/@", "/@rootfs", "/root", "/rootfs")
"""Where a Btrfs may have the system's /, if its default subvolume is not that."""

SNAPSHOTS = "/.snapshots"
DEPLOYMENTS = "/ostree/deploy"
NIX_PROFILE = "/nix/var/nix/profiles/system"

_LIVE = (
    "/live/filesystem.squashfs",
    "/casper/filesystem.squashfs",
    "/casper/minimal.squashfs",
    "/LiveOS/squashfs.img",
    "/arch/x86_64/airootfs.sfs",
)
_MOST_NAMES = 8


class SystemRoot(NamedTuple):
    """A system on a disk: the file system as seen from its /."""

    seen: Seen
    is_windows: bool = False


def candidates_on(volumes: Sequence[Seen]) -> list[SystemRoot]:
    """Return the systems on file systems, in their order."""
    found: list[SystemRoot] = []
    for seen in volumes:
        if seen.file_system.kind == "ntfs":
            if is_windows(seen):
                found.append(SystemRoot(seen, is_windows=True))
            continue
        found += [SystemRoot(root) for root in _roots_on(seen)]
    return found or [SystemRoot(as_usr(seen)) for seen in usr_volumes(volumes)]


def _by_priority(volumes: list[Seen]) -> list[Seen]:
    """Return the volume that a loader tries first, or all where none comes first."""
    best = sorted(volumes, key=lambda seen: -seen.priority)[:2]
    is_first = len(best) == 2 and best[0].priority > best[1].priority
    return best[:1] if is_first else volumes


def _roots_on(seen: Seen) -> Iterator[Seen]:
    """Yield the folders of a file system that are a system's /."""
    is_btrfs = seen.file_system.kind == "btrfs"
    for prefix in SUBVOLUMES if is_btrfs else [""]:
        candidate = with_prefix(seen, prefix)
        names = set(candidate.names("/") or [])
        if deployment := _deployment(candidate, names):
            yield deployment
            return
        if is_root(names):
            yield candidate
            return
        if "nix" in names and candidate.names(NIX_PROFILE) is not None:
            yield with_prefix(seen, f"{prefix}{NIX_PROFILE}")
            return
        seen.why_not = seen.why_not or candidate.why_not
    if is_btrfs:
        yield from _snapshots(seen)


def _snapshots(seen: Seen) -> Iterator[Seen]:
    """Yield the snapshots of snapper where no default says which one is the system."""
    numbers = [name for name in seen.names(SNAPSHOTS) or [] if name.isdecimal()]
    for number in numbers[:_MOST_NAMES]:
        snapshot = with_prefix(seen, f"{SNAPSHOTS}/{number}/snapshot")
        if is_root(set(snapshot.names("/") or [])):
            yield snapshot


def _deployment(seen: Seen, names: set[str]) -> Seen | None:
    """Return one of an ostree's deployments: which one boots is the loader's word."""
    found = deployments(seen) if "ostree" in names else []
    return found[0] if found else None


def deployments(seen: Seen) -> list[Seen]:
    """Return all deployments of an ostree, in the order of their names."""
    found = []
    for name in (seen.names(DEPLOYMENTS) or [])[:_MOST_NAMES]:
        folder = f"{DEPLOYMENTS}/{name}/deploy"
        found += [
            with_prefix(seen, f"{seen.prefix}{folder}/{each}")
            for each in seen.names(folder) or []
            if not each.endswith(".origin")
        ]
    return found


def live_root(volumes: Iterable[Seen]) -> str:
    """Return where a root is that is only a file of a volume, or ""."""
    places = ((seen, path) for seen in volumes for path in _LIVE)
    found = next((s.where(path) for s, path in places if s.has_file(path)), "")
    return found and f"{found} has a system, and no file in a volume is looked into"


def top_of(root: Seen) -> Seen:
    """Return where a system's own /boot is: beside its deployments, if it has such."""
    top, is_deployed, _ = root.prefix.partition(DEPLOYMENTS)
    return with_prefix(root, top) if is_deployed else root


def booted_deployment(root: Seen, ostree: str) -> Seen | None:
    """Return the deployment that a boot entry's ostree= leads to, over a link.

    Without such an entry it is the only one; None where there are several.

    Args:
        root: Any deployment on the same file system.
        ostree: As /ostree/boot.1/NAME/CHECKSUM/0.
    """
    if DEPLOYMENTS not in root.prefix:
        return root
    top = top_of(root)
    booted = with_prefix(root, f"{top.prefix}{ostree.rstrip('/')}")
    if ostree and booted.names("/etc"):
        return booted
    return root if len(deployments(top)) == 1 else None


def is_root(names: set[str]) -> bool:
    """Whether a folder with these names is a system's /."""
    return "etc" in names and bool(names & {"usr", "lib", "bin"})


def usr_volumes(volumes: Sequence[Seen]) -> list[Seen]:
    """Return the file systems that are mounted at /usr."""
    found = []
    for seen in volumes:
        names = set(seen.names("/") or [])
        if {"bin", "lib"} <= names and names & {"share", "sbin", "lib64"}:
            is_release = seen.file_system.kind != "ntfs" and "etc" not in names
            if is_release and "os-release" in (seen.names("/lib") or []):
                found.append(seen)
    return _by_priority(found)


def as_usr(seen: Seen) -> Seen:
    """Return a file system whose paths begin with /usr."""
    return Seen(
        name=seen.name,
        file_system=seen.file_system,
        mounted_at="/usr",
        size_bytes=seen.size_bytes,
    )


def with_prefix(seen: Seen, prefix: str) -> Seen:
    """Return the file system as seen from one of its folders."""
    return Seen(
        name=seen.name,
        file_system=seen.file_system,
        is_esp=seen.is_esp,
        prefix=prefix,
        size_bytes=seen.size_bytes,
    )
