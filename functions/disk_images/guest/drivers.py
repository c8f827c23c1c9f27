"""Whether a Linux, and its initramfs, have the drivers of a virtual machine's disks."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from disk_images.blocks.source import CannotTellError
from disk_images.filesystems.paths import by_numbers
from disk_images.findings import Finding
from disk_images.guest.boot_entries import BootEntry
from disk_images.guest.initramfs import read_initramfs
from disk_images.guest.volume_files import Seen

DRIVERS = {"virtio": ("virtio_blk", "virtio_scsi"), "nvme": ("nvme",)}
"""A disk driver, of which one is enough; most clouds show virtio_blk."""

_NAME = re.compile(
    r"(?:^|/)(\w[\w-]*)\.ko(?:\.(?:xz|zst|gz|bz2))?(?=[:\s]|$)", re.MULTILINE
)


def modules_in(text: str) -> set[str]:
    """Return the modules that modules.dep or modules.builtin lists.

    In modules.dep the names of what a module needs stand on its line, too: those
    modules are there as well.
    """
    return {name.replace("-", "_") for name in _NAME.findall(text)}


def has_driver(modules: Iterable[str], driver: str) -> bool:
    """Whether one of the modules of a driver is among these."""
    return not set(DRIVERS[driver]).isdisjoint(modules)


def initramfs_tools_say(conf: str, modules: str) -> bool | None:
    """Return whether an initramfs of initramfs-tools has virtio, None if unknown.

    Args:
        conf: /etc/initramfs-tools/initramfs.conf.
        modules: /etc/initramfs-tools/modules.
    """
    listed = {
        line.split()[0].replace("-", "_")
        for line in modules.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    }
    if "virtio_blk" in listed:
        return True
    found = re.findall(r"^\s*MODULES\s*=\s*\"?(\w+)", conf, re.MULTILINE)
    return True if found and found[-1] == "most" else None


def dracut_says(configurations: Iterable[str]) -> bool | None:
    """Return whether an initramfs of dracut has virtio, None if unknown.

    Without hostonly="no" and without virtio_blk among the added drivers it has what
    the machine needed that made it.
    """
    for text in configurations:
        lines = [ln for ln in text.splitlines() if not ln.lstrip().startswith("#")]
        for line in lines:
            name, _, value = line.strip().partition("=")
            name, value = name.rstrip("+ "), value.strip("\"' ")
            if name == "hostonly" and value == "no":
                return True
            if name in {"add_drivers", "force_drivers"} and "virtio_blk" in re.split(
                r"[\s\"']+", value.replace("-", "_")
            ):
                return True
    return None


# newc:  0-5 "070701", then thirteen fields of 8 hex digits; the 7th is the file's
#        size, the 12th the name's with its NUL; header and name, and data, are padded
#        to 4 bytes
_CPIO_MAGIC = b"070701"
_CPIO_HEADER = 110


def names_in_cpio(archive: bytes) -> tuple[list[str], bytes]:
    """Return the names at the beginning of an archive, and what follows it.

    What follows an early cpio (microcode) is the compressed main one. Where the bytes
    end in the middle of the archive, nothing follows.
    """
    names: list[str] = []
    at = 0
    while archive.startswith(_CPIO_MAGIC, at) and at + _CPIO_HEADER <= len(archive):
        try:
            size = int(archive[at + 54 : at + 62], 16)
            name_size = int(archive[at + 94 : at + 102], 16)
        except ValueError:
            break
        begin = at + _CPIO_HEADER
        if begin + name_size > len(archive):
            break
        name = archive[begin : begin + max(name_size - 1, 0)].decode("utf-8", "replace")
        at = _padded(_padded(begin + name_size) + size)
        if name == "TRAILER!!!":
            return names, archive[at:].lstrip(b"\0")
        names.append(name)
    return names, b""


def _padded(at: int) -> int:
    return -(-at // 4) * 4


def compression_of(data: bytes) -> str:
    """Return how the main part of an initramfs is packed, "" if it is not told."""
    magics = {
        b"\x1f\x8b": "gzip", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd",
        b"\x02\x21\x4c\x18": "lz4", b"BZh": "bzip2", b"\x5d\x00\x00": "lzma",
        b"\x89LZO": "lzo",
    }  # fmt: skip
    return next((name for magic, name in magics.items() if data.startswith(magic)), "")


MODULES_BYTES = 2 * 1024 * 1024
MOST_CONFIGURATIONS = 8
INITRAMFS_NAMES = (
    "initrd.img-{}", "initramfs-{}.img", "initrd-{}", "initrd-{}.img", "initramfs-{}",
)  # fmt: skip
"""Of Debian, of dracut, of SUSE and of others."""

_NVME = re.compile(r"^CONFIG_BLK_DEV_NVME=([ym])", re.MULTILINE)


def nvme_of_configuration(volumes: Iterable[Seen]) -> Finding:
    """Return whether the newest kernel was made with the driver of NVMe disks.

    Args:
        volumes: The root first, then what may be its /boot.
    """
    for number, seen in enumerate(volumes):
        folder = "/" if number else "/boot"
        configurations = [
            name for name in seen.names(folder) or [] if name.startswith("config-")
        ]
        if configurations:
            name = max(configurations, key=by_numbers)
            path = f"{folder.rstrip('/')}/{name}"
            text = seen.text(path, limit=MODULES_BYTES) or ""
            return seen.found("yes" if _NVME.search(text) else "no", path)
    return Finding(why_not="no kernel's configuration is in /boot")


_NOT_THE_DEFAULT = ("fallback", "kdump", "rescue", ".old", ".bak")


def nvme_of_initramfs(volumes: Iterable[Seen]) -> Finding:
    """Return whether the newest initramfs has the driver of NVMe disks.

    One that lacks it proves nothing: the driver may be part of the kernel.

    Args:
        volumes: The root first, then what may be its /boot.
    """
    for number, seen in enumerate(volumes):
        folder = "/" if number else "/boot"
        names = [
            name
            for name in seen.names(folder) or []
            if name.startswith(("initrd", "initramfs"))
            and not any(word in name for word in _NOT_THE_DEFAULT)
        ]
        if not names:
            continue
        path = f"{folder.rstrip('/')}/{max(names, key=by_numbers)}"
        try:
            found = read_initramfs(seen.file_system.open_file(seen.inside(path)))
        except CannotTellError as exc:
            return Finding(why_not=f"{seen.where(path)}: {exc}")
        if has_driver(modules_in("\n".join(found.names)), "nvme"):
            return seen.found("yes", path)
        return Finding(why_not=f"no nvme was seen in {seen.where(path)}")
    return Finding(why_not="neither a kernel's configuration nor an initramfs is there")


INITRAMFS_TOOLS = "/etc/initramfs-tools/initramfs.conf"

HEAD_BYTES = 4096
LEAST_BYTES = 1024
"""Less is no initramfs, unless it begins like one."""


@dataclass(frozen=True, slots=True)
class KernelDrivers:
    """The drivers of one kernel.

    Attributes:
        root: The root file system.
        boot: Where its /boot is.
        kernel: Its version, "" if there is none.
        entry: What the boot loader starts, if that is known.
    """

    root: Seen
    boot: Seen
    kernel: str
    entry: BootEntry | None = None

    def findings(self) -> dict[str, Finding]:
        """Return whether the default kernel has virtio and NVMe, for Findings."""
        texts = self._lists()
        found = {driver: self._driver(driver, texts) for driver in DRIVERS}
        found["initramfs"] = self._initramfs(self.kernel, texts)
        return found

    def _lists(self) -> dict[str, str | None]:
        """Return the lists of the kernel's modules, None where one is missing."""
        if not self.kernel:
            return {}
        folder = f"/lib/modules/{self.kernel}"
        paths = [f"{folder}/modules.builtin", f"{folder}/modules.dep"]
        self.root.want(paths)
        return {path: self.root.text(path, limit=MODULES_BYTES) for path in paths}

    def _driver(self, driver: str, texts: dict[str, str | None]) -> Finding:
        for path, text in texts.items():
            if text and has_driver(modules_in(text), driver):
                return self.root.found("yes", path)
        listed = [path for path, text in texts.items() if text]
        if any(path.endswith("modules.dep") for path in listed):
            return self.root.found("no", listed[-1])
        return self.root.not_found("there is no list of the kernel's modules")

    def _initramfs(self, kernel: str, texts: dict[str, str | None]) -> Finding:
        for path, text in texts.items():
            is_builtin = path.endswith("modules.builtin")
            if is_builtin and text and "virtio_blk" in modules_in(text):
                return self.root.found("not needed: virtio_blk is built in", path)
        entry = self.entry
        if entry and entry.is_uki:
            return Finding(why_not=f"it is part of {entry.where}")
        if entry and entry.initrd and entry.seen.name != self.boot.name:
            head = entry.seen.read(entry.initrd, limit=HEAD_BYTES)
            if head is not None:
                return self._initramfs_in(entry.initrd, head, entry.seen)
        names = self.boot.names("/boot") or []
        wanted = [name.format(kernel) for name in INITRAMFS_NAMES]
        name = next((name for name in wanted if name in names), "")
        if not name:
            return self._no_initramfs(kernel, names)
        path = f"/boot/{name}"
        head = self.boot.read(path, limit=HEAD_BYTES)
        if head is None:
            return self.boot.not_found(f"{path} is no file")
        return self._initramfs_in(path, head, self.boot)

    def _no_initramfs(self, kernel: str, names: Sequence[str]) -> Finding:
        """Return what a missing initramfs comes to.

        It is told where the kernel stands in /boot and nothing else does that may be
        an initramfs: one in an EFI system partition comes with its kernel.
        """
        is_alone = f"vmlinuz-{kernel}" in names and kernel
        if is_alone and not any(name.startswith("init") for name in names):
            missing = "none: /boot has no initramfs, and virtio_blk is not built in"
            return self.boot.found(missing, "/boot")
        return self.boot.not_found("no initramfs of that kernel is in /boot")

    def _initramfs_in(self, path: str, head: bytes, seen: Seen) -> Finding:
        """Return whether an initramfs has virtio: what it holds, or how it was made."""
        inside, rest = names_in_cpio(head)
        packed = compression_of(rest or head)
        if not (inside or packed) and len(head) < LEAST_BYTES:
            size = f"{len(head):,} bytes" if head else "empty"
            return seen.found(f"none: {path} is no initramfs, but {size}", path)
        if has_driver(modules_in("\n".join(inside)), "virtio"):
            return seen.found("yes", path)
        if configured := self._configured():
            where = f"{seen.where(path)} as {configured} makes it"
            return Finding(value="yes", where=where)
        try:
            file = seen.file_system.open_file(seen.inside(path))
            names, is_whole = read_initramfs(file)
        except CannotTellError:
            names, is_whole = [], False
        if has_driver(modules_in("\n".join(names)), "virtio"):
            return seen.found("yes", path)
        if is_whole and names:
            return seen.not_found(f"{path} has none, unless the kernel has it")
        packed = packed or "a format that is not read here"
        return seen.not_found(f"{path} is packed with {packed}")

    def _configured(self) -> str:
        """Return the file by which an initramfs has virtio; "" if none says so."""
        conf = self.root.text(INITRAMFS_TOOLS)
        if conf is not None:
            if initramfs_tools_say(conf, ""):
                return INITRAMFS_TOOLS
            listed = self.root.text("/etc/initramfs-tools/modules") or ""
            return INITRAMFS_TOOLS if initramfs_tools_say(conf, listed) else ""
        return "/etc/dracut.conf.d" if dracut_says(self._dracut()) else ""

    def _dracut(self) -> Sequence[str]:
        folders = ("/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d")
        paths = [
            f"{folder}/{name}"
            for folder in folders
            for name in (self.root.names(folder) or [])[:MOST_CONFIGURATIONS]
        ]
        return [self.root.text(path) or "" for path in ("/etc/dracut.conf", *paths)]
