"""What the root file system of a Linux tells.

Room: core.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from image_import.inspection import drivers, root_device
from image_import.inspection.findings import Finding
from image_import.inspection.platforms import platforms_of, system_of
from image_import.inspection.programs import PROGRAM_BYTES, architecture_of
from image_import.inspection.releases import READERS, Release, assignments, read_release
from image_import.inspection.seen import Seen
from image_import.inspection.tree import by_numbers

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
    "/etc/ssh", "/etc/cloud", "/etc/selinux/config", "/etc/initramfs-tools/modules",
    "/etc/initramfs-tools/initramfs.conf", "/etc/dracut.conf.d",
    "/usr/lib/dracut/dracut.conf.d", "/etc/dracut.conf",
    "/lib/modules/*/modules.builtin", "/lib/modules/*/modules.dep", "/lib/modules",
    "/boot", ENTRIES, *LOADERS, *COMMAND_LINES,
)  # fmt: skip
"""All that is looked for first, so that it advances side by side."""

NO_RELEASE_FILES = "it has none of the files that name a release"
MODULES_BYTES = 2 * 1024 * 1024
MOST_CONFIGURATIONS = 8


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
            nothing = f"{there[0]} names no system" if there else NO_RELEASE_FILES
            why = self.root.not_found(nothing)
            return {"os_name": why, "os_version": why}
        system = system_of(release)
        name = release.pretty_name or release.name or release.id
        return {
            "os_name": self.root.found(name, release.where),
            "os_version": self._version(release),
            "platforms": platforms_of(system),
            "os_type": self.root.found(
                "linux" if system.os_type == "linux" else "other", release.where
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
        for seen, path in ((self.boot, p) for p in COMMAND_LINES):
            text = seen.text(path)
            if text and (reference := root_device.root_of_command_line(text)):
                return seen.found(reference, path)
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

    def drivers(self) -> dict[str, Finding]:
        """Return whether the default kernel has virtio and NVMe, for Findings."""
        kernel = self.kernel().value
        folder = f"/lib/modules/{kernel}"
        paths = [f"{folder}/modules.builtin", f"{folder}/modules.dep"]
        if kernel:
            self.root.want(paths)
        texts = {p: self.root.text(p, limit=MODULES_BYTES) for p in paths if kernel}
        found = {}
        for driver in drivers.DRIVERS:
            found[driver] = self._driver(driver, texts)
        found["initramfs"] = self._initramfs(kernel, texts)
        return found

    def _driver(self, driver: str, texts: dict[str, str | None]) -> Finding:
        for path, text in texts.items():
            if text and drivers.has_driver(drivers.modules_in(text), driver):
                return self.root.found("yes", path)
        listed = [path for path, text in texts.items() if text]
        if any(path.endswith("modules.dep") for path in listed):
            return self.root.found("no", listed[-1])
        return self.root.not_found("there is no list of the kernel's modules")

    def _initramfs(self, kernel: str, texts: dict[str, str | None]) -> Finding:
        for path, text in texts.items():
            is_builtin = path.endswith("modules.builtin")
            if is_builtin and text and "virtio_blk" in drivers.modules_in(text):
                return self.root.found("not needed: virtio_blk is built in", path)
        conf = self.root.text("/etc/initramfs-tools/initramfs.conf")
        if conf is not None:
            path = "/etc/initramfs-tools/initramfs.conf"
            listed = self.root.text("/etc/initramfs-tools/modules") or ""
            if drivers.initramfs_tools_say(conf, listed):
                return self.root.found("yes", path)
        elif drivers.dracut_says(self._dracut()):
            return self.root.found("yes", "/etc/dracut.conf.d")
        return self._initramfs_itself(kernel)

    def _dracut(self) -> Sequence[str]:
        folders = ("/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d")
        paths = [
            f"{folder}/{name}"
            for folder in folders
            for name in (self.root.names(folder) or [])[:MOST_CONFIGURATIONS]
        ]
        return [self.root.text(path) or "" for path in ("/etc/dracut.conf", *paths)]

    def _initramfs_itself(self, kernel: str) -> Finding:
        names = self.boot.names("/boot") or []
        wanted = [f"initrd.img-{kernel}", f"initramfs-{kernel}.img", f"initrd-{kernel}"]
        name = next((name for name in wanted if name in names), "")
        if not name:
            return self.boot.not_found("no initramfs of that kernel is in /boot")
        head = self.boot.read(f"/boot/{name}", limit=64 * 1024) or b""
        inside, rest = drivers.names_in_cpio(head)
        if drivers.has_driver(drivers.modules_in("\n".join(inside)), "virtio"):
            return self.boot.found("yes", f"/boot/{name}")
        packed = (
            drivers.compression_of(rest or head) or "a format that is not read here"
        )
        return self.boot.not_found(f"/boot/{name} is packed with {packed}")

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
