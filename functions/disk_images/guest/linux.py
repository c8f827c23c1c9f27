"""What the root file system of a Linux tells."""

from dataclasses import dataclass

from disk_images.filesystems.paths import by_numbers
from disk_images.findings import Finding, Release
from disk_images.guest import root_device
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
)  # fmt: skip
"""Asked one after the other until one tells the architecture."""

LOADERS = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/grub/menu.lst",
           "/boot/grub/grub.conf", "/boot/extlinux/extlinux.conf",
           "/boot/syslinux/syslinux.cfg")  # fmt: skip
ENTRIES = "/boot/loader/entries"
COMMAND_LINES = ("/boot/grub2/grubenv", "/boot/grub/grubenv", "/etc/kernel/cmdline",
                 "/etc/default/grub")  # fmt: skip

FIRST_WANTED = (
    "/etc", "/etc/os-release", "/usr/lib/os-release", "/etc/fstab", "/bin/sh",
    "/etc/ssh", "/etc/cloud", "/etc/selinux/config",
    "/etc/initramfs-tools/initramfs.conf", "/etc/dracut.conf.d/*",
    "/usr/lib/dracut/dracut.conf.d/*", "/etc/dracut.conf",
    "/lib/modules/*/modules.builtin", "/lib/modules/*/modules.dep", "/lib/modules",
    "/boot", "/boot/initrd*", "/boot/initramfs*", f"{ENTRIES}/*", *LOADERS,
    "/boot/grub2/grubenv",
)  # fmt: skip
"""All that is looked for first, so that it advances side by side.

What is asked only where others do not tell is not among it: that may cost more later,
but seldom does.
"""

FOR_PLAN = ("/etc", "/etc/os-release", "/usr/lib/os-release", "/bin/sh")
"""What of it a plan needs: which system it is, and for which processor."""

KERNEL_NAMES = ("vmlinuz", "vmlinux", "kernel", "bzImage", "Image", "linux", "zImage")
"""How the names of kernels begin in /boot, in whatever distribution."""

NOWHERE = "none"
"""Of a root that is on no volume of the disk."""

NO_RELEASE_FILES = "it has none of the files that name a release"
MOST_CONFIGURATIONS = 8


def root_place(root: Finding, identifiers: Identifiers) -> Finding:
    """Return where on the disk the root is that a system looks for, or `none`.

    What another file says than the boot loader's own is not the last word.
    """
    if not root:
        return root
    volume = identifiers.where(root.value)
    if volume:
        return Finding(value=volume, where=root.where)
    paths = tuple(path.removeprefix("/boot") for path in LOADERS)
    is_last_word = root.where.endswith(paths) or "/loader/entries/" in root.where
    if volume is None or not is_last_word:
        said = identifiers.why_not(root.value) or f"{root.where} may not count"
        return Finding(why_not=f"{root.value}: {said}")
    return Finding(value=NOWHERE, where=root.where)


@dataclass(frozen=True, slots=True)
class Linux:
    """A Linux installation.

    Attributes:
        root: Its root file system.
        boot: Where its /boot is, with the prefix that makes paths begin with /boot;
            the root itself where it has no file system of its own.
    """

    root: Seen
    boot: Seen

    def release(self) -> Release | None:
        """Return the release that it names."""
        names = self.root.names("/etc") or []
        paths = [p for p in READERS if p.rpartition("/")[2] in names or "/usr/" in p]
        files = {path: self.root.read(path) or b"" for path in paths[:2]}
        if release := read_release(files):
            return release
        return read_release({path: self.root.read(path) or b"" for path in paths[2:]})

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
            "os_name": self.root.found(name, release.where),
            "os_version": self._version(release),
            "release": release,
            "os_type": self.root.found(
                "linux" if is_linux(release) else "other", release.where
            ),
        }

    def _version(self, release: Release) -> Finding:
        if release.version:
            return self.root.found(release.version, release.where)
        return self.root.not_found(f"{release.where} names no version")

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
        names = self.boot.names("/boot")
        if names is None and self.boot.why_not:
            return self.boot.not_found("/boot could not be read")
        found = [n for n in names or [] if n.startswith(KERNEL_NAMES)]
        newest = max(found, key=by_numbers, default="none")
        return self.boot.found(newest, "/boot")

    def kernel(self) -> Finding:
        """Return the kernel that is started by default, as far as that can be seen."""
        kernels = self.kernels()
        booted = [
            k for k in kernels if f"vmlinuz-{k}" in (self.boot.names("/boot") or [])
        ]
        chosen = booted or kernels
        if not chosen:
            return self.root.not_found("there is no folder in /lib/modules")
        where = "/lib/modules"
        return self.root.found(chosen[0], where)

    def root_device(self) -> Finding:
        """Return how its root is looked for: the kernel's command line, or fstab."""
        for path in (*self._entries(), *LOADERS):
            text = self.boot.text(path)
            if text and (reference := root_device.root_of_command_line(text)):
                return self.boot.found(reference, path)
        self.boot.want(COMMAND_LINES)
        for path in COMMAND_LINES:
            text = self.boot.text(path)
            if text and (reference := root_device.root_of_command_line(text)):
                return self.boot.found(reference, path)
        fstab = self.root.text("/etc/fstab")
        if fstab and (reference := root_device.root_of_fstab(fstab)):
            return self.root.found(reference, "/etc/fstab")
        return self.root.not_found("neither a boot loader's files nor /etc/fstab say")

    def _entries(self) -> list[str]:
        names = [n for n in self.boot.names(ENTRIES) or [] if n.endswith(".conf")]
        newest = sorted(names, key=by_numbers, reverse=True)[:MOST_CONFIGURATIONS]
        return [f"{ENTRIES}/{name}" for name in newest if "rescue" not in name]

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
