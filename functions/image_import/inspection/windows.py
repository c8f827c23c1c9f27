r"""What the system volume of a Windows tells.

Sources, read 2026-11:
    Windows registry, SOFTWARE\Microsoft\Windows NT\CurrentVersion: ProductName,
    CurrentBuildNumber (CurrentBuild before), EditionID, DisplayVersion, as read by
    libguestfs, lib/inspect-fs-windows.c.
    "Install the virtio driver", ECS documentation: viostor.sys and netkvm.sys.
    "Cloudbase-Init", cloudbase.it: where it is installed.

Room: core.
"""

from dataclasses import dataclass
from typing import Any

from image_import.inspection.findings import Finding
from image_import.inspection.parts import CannotTellError, FileMissingError
from image_import.inspection.platforms import platforms_of, windows_system
from image_import.inspection.programs import PROGRAM_BYTES, architecture_of
from image_import.inspection.registry import Hive
from image_import.inspection.seen import Seen

SYSTEM32 = "/Windows/System32"
KERNEL = f"{SYSTEM32}/ntoskrnl.exe"
SOFTWARE = f"{SYSTEM32}/config/SOFTWARE"
CURRENT_VERSION = "Microsoft\\Windows NT\\CurrentVersion"
DRIVERS = {"virtio": "viostor.sys", "nvme": "stornvme.sys"}
AGENTS = {
    "/Program Files/Cloudbase Solutions/Cloudbase-Init": "cloudbase-init",
    "/ProgramData/aliyun": "Alibaba Cloud's agent",
}

FIRST_WANTED = (
    KERNEL, SOFTWARE, f"{SYSTEM32}/drivers", *AGENTS,
)  # fmt: skip

NOT_FOR_WINDOWS = Finding(why_not="it is a question about Linux")
VALUES = ("ProductName", "CurrentBuildNumber", "CurrentBuild", "DisplayVersion",
          "ReleaseId")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Windows:
    """A Windows installation, by its system volume."""

    root: Seen

    def findings(self) -> dict[str, Any]:
        """Return all of it, for Findings."""
        found: dict[str, Any] = dict.fromkeys(
            ("root_device", "lost_devices", "initramfs", "kernel", "ssh", "selinux"),
            NOT_FOR_WINDOWS,
        )
        found["os_type"] = self.root.found("windows", SYSTEM32)
        found["root_file_system"] = Finding(
            value=self.root.file_system.kind, where=self.root.name
        )
        found["architecture"] = self._architecture()
        found["agent"] = self._agent()
        for driver, file in DRIVERS.items():
            found[driver] = self._driver(file)
        return {**found, **named(self.root)}

    def _architecture(self) -> Finding:
        program = self.root.read(KERNEL, limit=PROGRAM_BYTES)
        architecture = architecture_of(program) if program else None
        if architecture:
            return self.root.found(architecture, KERNEL)
        return self.root.not_found(f"{KERNEL} does not tell the processor")

    def _agent(self) -> Finding:
        for folder, name in AGENTS.items():
            if self.root.names(folder) is not None:
                return self.root.found(name, folder)
        return self.root.found("none", "/Program Files")

    def _driver(self, file: str) -> Finding:
        folder = f"{SYSTEM32}/drivers"
        names = self.root.names(folder)
        if names is None:
            return self.root.not_found(f"there is no {folder}")
        has = file in {name.lower() for name in names}
        return self.root.found("yes" if has else "no", folder)


def is_windows(volume: Seen) -> bool:
    """Whether a volume has a Windows: its registry, or its kernel."""
    return volume.has_file(SOFTWARE) or volume.has_file(KERNEL)


def named(root: Seen) -> dict[str, Any]:
    """Return what the registry tells of the release, for Findings."""
    try:
        told = _values(Hive(root.file_system.open_file(root.inside(SOFTWARE))))
    except CannotTellError as exc:
        why = Finding(why_not=f"{root.where(SOFTWARE)}: {exc}")
        return {"os_name": why, "os_version": why}
    product = told.get("ProductName", "")
    number = told.get("CurrentBuildNumber") or told.get("CurrentBuild") or ""
    build = int(number) if number.isdecimal() and len(number) < 8 else None
    system = windows_system(product, build)
    where = f"{SOFTWARE} ({CURRENT_VERSION})"
    version = told.get("DisplayVersion") or told.get("ReleaseId") or ""
    full = " ".join(
        part for part in (version, f"build {number}" if number else "") if part
    )
    return {
        "os_name": root.found(product, where)
        if product
        else root.not_found("the registry names no product"),
        "os_version": root.found(full, where)
        if full
        else root.not_found("the registry names no build"),
        "platforms": platforms_of(system) if system else None,
    }


def _values(hive: Hive) -> dict[str, str]:
    told = {}
    for name in VALUES:
        try:
            told[name] = str(hive.value(CURRENT_VERSION, name))
        except FileMissingError:
            continue
    return told
