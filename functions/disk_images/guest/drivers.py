"""Whether the kernel of a Linux, and its initramfs, have an instance's drivers.

Room: core.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from image_import.inspection import drivers
from image_import.inspection.findings import Finding
from image_import.inspection.seen import Seen

MODULES_BYTES = 2 * 1024 * 1024
MOST_CONFIGURATIONS = 8
INITRAMFS_NAMES = (
    "initrd.img-{}", "initramfs-{}.img", "initrd-{}", "initrd-{}.img", "initramfs-{}",
)  # fmt: skip
"""Of Debian, of dracut, of SUSE and of others."""

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
    """

    root: Seen
    boot: Seen
    kernel: str

    def findings(self) -> dict[str, Finding]:
        """Return whether the default kernel has virtio and NVMe, for Findings."""
        kernel = self.kernel
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
        names = self.boot.names("/boot") or []
        wanted = [name.format(kernel) for name in INITRAMFS_NAMES]
        name = next((name for name in wanted if name in names), "")
        if not name:
            return self._no_initramfs(kernel, names)
        path = f"/boot/{name}"
        head = self.boot.read(path, limit=HEAD_BYTES)
        if head is None:
            return self.boot.not_found(f"{path} is no file")
        return self._initramfs_in(path, head)

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

    def _initramfs_in(self, path: str, head: bytes) -> Finding:
        """Return whether an initramfs has virtio: what it holds, or how it was made."""
        inside, rest = drivers.names_in_cpio(head)
        packed = drivers.compression_of(rest or head)
        if not (inside or packed) and len(head) < LEAST_BYTES:
            size = f"{len(head):,} bytes" if head else "empty"
            return self.boot.found(f"none: {path} is no initramfs, but {size}", path)
        if drivers.has_driver(drivers.modules_in("\n".join(inside)), "virtio"):
            return self.boot.found("yes", path)
        if configured := self._configured():
            where = f"{self.boot.where(path)} as {configured} makes it"
            return Finding(value="yes", where=where)
        packed = packed or "a format that is not read here"
        return self.boot.not_found(f"{path} is packed with {packed}")

    def _configured(self) -> str:
        """Return the file by which an initramfs has virtio; "" if none says so."""
        conf = self.root.text(INITRAMFS_TOOLS)
        if conf is not None:
            if drivers.initramfs_tools_say(conf, ""):
                return INITRAMFS_TOOLS
            listed = self.root.text("/etc/initramfs-tools/modules") or ""
            return INITRAMFS_TOOLS if drivers.initramfs_tools_say(conf, listed) else ""
        return "/etc/dracut.conf.d" if drivers.dracut_says(self._dracut()) else ""

    def _dracut(self) -> Sequence[str]:
        folders = ("/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d")
        paths = [
            f"{folder}/{name}"
            for folder in folders
            for name in (self.root.names(folder) or [])[:MOST_CONFIGURATIONS]
        ]
        return [self.root.text(path) or "" for path in ("/etc/dracut.conf", *paths)]
