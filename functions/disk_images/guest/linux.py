"""What the root file system of a Linux tells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from disk_images.filesystems.paths import by_numbers
from disk_images.findings import Finding, Release
from disk_images.guest import root_device
from disk_images.guest.boot_entries import ENTRIES, LOADERS, BootEntry
from disk_images.guest.executables import PROGRAM_BYTES, architecture_of
from disk_images.guest.identifiers import Identifiers
from disk_images.guest.os_release import (
    READERS,
    assignments,
    is_linux,
    read_release,
)
from disk_images.guest.volume_files import Seen

PROGRAMS = (
    "/bin/sh", "/usr/bin/sh", "/usr/lib/systemd/systemd", "/lib/systemd/systemd",
    "/sbin/init", "/bin/busybox", "/usr/bin/bash", "/usr/bin/env",
    "/sw/bin/bash", "/systemd/lib/systemd/systemd",
)  # fmt: skip
"""Asked one after the other until one tells the architecture; NixOS has the last."""

COMMAND_LINES = ("/boot/grub2/grubenv", "/boot/grub/grubenv", "/etc/kernel/cmdline",
                 "/etc/default/grub")  # fmt: skip

FIRST_WANTED = (
    "/etc", "/etc/os-release", "/usr/lib/os-release", "/etc/fstab", "/bin/sh",
    "/etc/ssh", "/etc/cloud", "/etc/selinux/config",
    "/etc/initramfs-tools/initramfs.conf", "/etc/dracut.conf.d/*",
    "/usr/lib/dracut/dracut.conf.d/*", "/etc/dracut.conf",
    "/lib/modules/*/modules.builtin", "/lib/modules/*/modules.dep", "/lib/modules",
    "/boot", "/boot/initrd*", "/boot/initramfs*", f"/boot{ENTRIES}/*", *LOADERS,
    "/boot/grub2/grubenv",
)  # fmt: skip
"""All that is looked for first, so that it advances side by side.

What is asked only where others do not tell is not among it: that may cost more later,
but seldom does.
"""

FOR_PLAN = ("/etc", "/etc/os-release", "/usr/lib/os-release", "/bin/sh")
"""What of it a plan needs: which system it is, and for which processor."""

CONFIGURATION = ("/boot/config-*",)
"""What tells the drivers of the kernel at the least cost."""

KERNEL_NAMES = ("vmlinuz", "vmlinux", "kernel", "bzImage", "Image", "linux", "zImage")
"""How the names of kernels begin in /boot, in whatever distribution."""

NOWHERE = "none"
"""Of a root that is on no volume of the disk."""

NO_RELEASE_FILES = "it has none of the files that name a release"


@dataclass(frozen=True, slots=True)
class Linux:
    """A Linux installation.

    Attributes:
        root: Its root file system.
        boot: Where its /boot is, with the prefix that makes paths begin with /boot;
            the root itself where it has no file system of its own.
        entry: What the boot loader starts, if one was found.
        usr: A file system of its own for /usr, if there is one.
    """

    root: Seen
    boot: Seen
    entry: BootEntry | None = None
    usr: Seen | None = None

    def release(self) -> Release | None:
        """Return the release that it names."""
        names = self.root.names("/etc") or []
        paths = [p for p in READERS if p.rpartition("/")[2] in names or "/usr/" in p]
        files = {path: self.root.read(path) or b"" for path in paths[:2]}
        if release := read_release(files):
            return release
        more = ((path, self.root.read(path)) for path in paths[2:])
        found = read_release({p: data for p, data in more if data is not None})
        return found or self._of_usr() or self._of_uki()

    def _of_usr(self) -> Release | None:
        """Return what a /usr on a volume of its own names."""
        if self.usr is None:
            return None
        path = "/usr/lib/os-release"
        release = read_release({path: self.usr.read(path) or b""})
        return replace(release, where=self.usr.where(path)) if release else None

    def _of_uki(self) -> Release | None:
        """Return what a unified kernel image names that starts this root."""
        if self.entry is None or not self.entry.release:
            return None
        release = read_release({"/etc/os-release": self.entry.release.encode()})
        return replace(release, where=self.entry.where) if release else None

    def named(self) -> dict[str, object]:
        """Return what the release tells, for Findings."""
        release = self.release()
        if release is None:
            there = [path for path in READERS if self.root.read(path)]
            names = self.root.names("/etc") or []
            there += ["/etc/os-release"] if "os-release" in names else []
            nothing = f"{there[0]} names no system" if there else NO_RELEASE_FILES
            why = self.root.not_found(nothing)
            return {"os_name": why, "os_version": why}
        name = release.pretty_name or release.name or release.id
        return {
            "os_name": Finding(value=name, where=self._where(release)),
            "os_version": self._version(release),
            "release": release,
            "os_type": Finding(
                value="linux" if is_linux(release) else "other",
                where=self._where(release),
            ),
        }

    def _version(self, release: Release) -> Finding:
        if release.version:
            return Finding(value=release.version, where=self._where(release))
        return self.root.not_found(f"{release.where} names no version")

    def _where(self, release: Release) -> str:
        """Return where a release was read, which may be on another volume."""
        is_path = release.where.startswith("/")
        return self.root.where(release.where) if is_path else release.where

    def architecture(self) -> Finding:
        """Return for which processor its shell is made."""
        for path in PROGRAMS:
            program = self.root.read(path, limit=PROGRAM_BYTES)
            if program and (architecture := architecture_of(program)):
                return self.root.found(architecture, path)
        return self.root.not_found("no program was found that tells the processor")

    def kernels(self) -> list[str]:
        """Return the versions of the kernels with modules, the newest first."""
        names = self.root.names("/lib/modules") or self.root.names("/usr/lib/modules")
        return sorted(names or [], key=by_numbers, reverse=True)

    def kernel_file(self) -> Finding:
        """Return a kernel that a boot loader could start, or `none`."""
        entry = self.entry
        is_elsewhere = entry and entry.kernel and self.boot.name != entry.seen.name
        if entry and is_elsewhere and entry.seen.has_file(entry.kernel):
            name = entry.kernel.rpartition("/")[2]
            return Finding(value=name, where=entry.where)
        names = self.boot.names("/boot")
        if names is None and self.boot.why_not:
            return self.boot.not_found("/boot could not be read")
        found = [n for n in names or [] if n.startswith(KERNEL_NAMES)]
        newest = max(found, key=by_numbers, default="none")
        return self.boot.found(newest, "/boot")

    def kernel(self) -> Finding:
        """Return the kernel that is started by default, as far as that can be seen."""
        kernels = self.kernels()
        if started := self._started(kernels):
            return started
        booted = [
            k for k in kernels if f"vmlinuz-{k}" in (self.boot.names("/boot") or [])
        ]
        chosen = booted or kernels
        if not chosen:
            return self.root.not_found("there is no folder in /lib/modules")
        where = "/lib/modules"
        return self.root.found(chosen[0], where)

    def _started(self, kernels: Sequence[str]) -> Finding | None:
        """Return the kernel that the boot entry names, None if it names none."""
        entry = self.entry
        if entry is None:
            return None
        if entry.is_uki and entry.version:
            return Finding(value=entry.version, where=entry.where)
        parts = entry.kernel.split("/")
        for kernel in kernels:
            if kernel in parts or parts[-1] == f"vmlinuz-{kernel}":
                return Finding(value=kernel, where=entry.where)
        return None

    def root_device(self) -> Finding:
        """Return how its root is looked for: the kernel's command line, or fstab."""
        if self.entry and self.entry.root:
            return Finding(value=self.entry.root, where=self.entry.where)
        self.boot.want(COMMAND_LINES)
        for path in COMMAND_LINES:
            text = self.boot.text(path)
            if text and (reference := root_device.root_of_command_line(text)):
                return self.boot.found(reference, path)
        fstab = self.root.text("/etc/fstab")
        if fstab and (reference := root_device.root_of_fstab(fstab)):
            return self.root.found(reference, "/etc/fstab")
        return self.root.not_found("neither a boot loader's files nor /etc/fstab say")

    def root_place(self, root: Finding, identifiers: Identifiers) -> Finding:
        """Return where on the disk the root is that a system looks for, or `none`.

        What another file says than the boot loader's own is not the last word.
        """
        if not root:
            return root
        volume = identifiers.where(root.value)
        if volume:
            return Finding(value=volume, where=root.where)
        is_last_word = self.entry is not None and root.where == self.entry.where
        if volume is None or not is_last_word:
            said = identifiers.why_not(root.value) or f"{root.where} may not count"
            return Finding(why_not=f"{root.value}: {said}")
        return Finding(value=NOWHERE, where=root.where)

    def lost_devices(self) -> Finding:
        """Return the devices in fstab that an instance does not have, or `none`."""
        fstab = self.root.text("/etc/fstab")
        if fstab is None:
            return self.root.not_found("there is no /etc/fstab")
        lost = root_device.lost_in_fstab(fstab)
        return self.root.found(", ".join(lost) or "none", "/etc/fstab")

    def elsewhere(self, identifiers: Identifiers) -> Finding:
        """Return what fstab waits for that is not on this disk, or `none`."""
        fstab = self.root.text("/etc/fstab")
        if fstab is None:
            return self.root.not_found("there is no /etc/fstab")
        entries = list(root_device.fstab_entries(fstab))
        found = identifiers.elsewhere(entries)
        if lost := ", ".join(f"{entry.device} ({entry.folder})" for entry in found):
            return self.root.found(lost, "/etc/fstab")
        if untold := next(identifiers.untold(entries), None):
            why = identifiers.why_not(untold.device)
            return self.root.not_found(f"{untold.device} ({untold.folder}): {why}")
        return self.root.found("none", "/etc/fstab")

    def agent(self) -> Finding:
        """Return whether cloud-init is there."""
        names = self.root.names("/etc/cloud")
        if names and "cloud.cfg" in names:
            return self.root.found("cloud-init", "/etc/cloud/cloud.cfg")
        if names is not None or self.root.names("/etc") is not None:
            return self.root.found("none", "/etc")
        return self.root.not_found("/etc could not be read")

    def ssh(self) -> Finding:
        """Return whether an SSH server is configured."""
        names = self.root.names("/etc/ssh")
        if names and "sshd_config" in names:
            return self.root.found("yes", "/etc/ssh/sshd_config")
        if "dropbear" in (self.root.names("/etc") or []):
            return self.root.found("yes", "/etc/dropbear")
        if self.root.names("/etc") is not None:
            return self.root.found("no", "/etc")
        return self.root.not_found("/etc could not be read")

    def selinux(self) -> Finding:
        """Return what SELinux is set to; `absent` without a configuration."""
        text = self.root.text("/etc/selinux/config")
        if text is not None:
            mode = assignments(text).get("SELINUX", "").lower()
            return self.root.found(mode or "not set", "/etc/selinux/config")
        if self.root.names("/etc") is not None:
            return self.root.found("absent", "/etc")
        return self.root.not_found("/etc could not be read")
