r"""What the system volume of a Windows tells.

Sources, read 2026-11:
    Windows registry, SOFTWARE\Microsoft\Windows NT\CurrentVersion: ProductName,
    CurrentBuildNumber (CurrentBuild before), EditionID, DisplayVersion, as read by
    libguestfs, lib/inspect-fs-windows.c.
    virtio-win, viostor.inf: viostor.sys is the driver of a virtio disk.
    "Cloudbase-Init", cloudbase.it: where it is installed.
    "HKLM\SYSTEM\CurrentControlSet\Services Registry Tree", Windows driver
    documentation: Start 0 is a driver that the boot loader loads; SYSTEM\Select tells
    which ControlSet is the current one.
    "PROCESSOR_ARCHITECTURE", WOW64 Implementation Details, Microsoft.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from disk_images.blocks.source import CannotTellError, FileMissingError
from disk_images.findings import Finding, Release
from disk_images.guest.executables import PROGRAM_BYTES, architecture_of
from disk_images.guest.registry import Hive, RegistryValue
from disk_images.guest.volume_files import Seen

SYSTEM32 = "/Windows/System32"
KERNEL = f"{SYSTEM32}/ntoskrnl.exe"
SOFTWARE = f"{SYSTEM32}/config/SOFTWARE"
CURRENT_VERSION = "Microsoft\\Windows NT\\CurrentVersion"
SYSTEM = f"{SYSTEM32}/config/SYSTEM"
DRIVERS = {"virtio": "viostor", "nvme": "stornvme"}
"""Each is a file of this name with .sys, and a service of this name."""

BOOT_START = "0"
PROCESSORS = {"amd64": "x86_64", "arm64": "arm64", "x86": "i386"}
AGENTS = {"/Program Files/Cloudbase Solutions/Cloudbase-Init": "cloudbase-init"}

FIRST_WANTED = (
    KERNEL, SOFTWARE, SYSTEM, f"{SYSTEM32}/drivers", *AGENTS,
)  # fmt: skip

NOT_FOR_WINDOWS = Finding(why_not="it is a question about Linux")
VALUES = ("ProductName", "CurrentBuildNumber", "CurrentBuild", "DisplayVersion",
          "ReleaseId")  # fmt: skip


@dataclass(frozen=True)
class Windows:
    """A Windows installation, by its system volume.

    Attributes:
        agents: As in Scope.
    """

    root: Seen
    agents: Mapping[str, str] = field(default_factory=dict)

    def findings(self) -> dict[str, Any]:
        """Return all of it, for Findings."""
        found: dict[str, Any] = dict.fromkeys(
            (
                "root_device",
                "root_place",
                "lost_devices",
                "elsewhere",
                "initramfs",
                "kernel",
                "ssh",
                "selinux",
            ),
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

    def _of_system(self, key: str, name: str) -> RegistryValue:
        """Return a value below the current ControlSet.

        Raises:
            FileMissingError: There is no such key or value.
            CannotTellError: It cannot be read.
        """
        hive, control_set = self._control_set
        return hive.value(f"{control_set}\\{key}", name)

    @cached_property
    def _control_set(self) -> tuple[Hive, str]:
        try:
            hive = open_hive(self.root, SYSTEM)
            current = hive.value("Select", "Current")
        except FileMissingError as exc:
            raise CannotTellError(str(exc)) from exc
        return hive, f"ControlSet{str(current)[:3]:0>3}"

    def _architecture(self) -> Finding:
        program = self.root.read(KERNEL, limit=PROGRAM_BYTES)
        architecture = architecture_of(program) if program else None
        if architecture:
            return self.root.found(architecture, KERNEL)
        # The kernel may be packed in a way that only Windows knows.
        key = "Control\\Session Manager\\Environment"
        with suppress(CannotTellError):
            said = str(self._of_system(key, "PROCESSOR_ARCHITECTURE")).lower()
            if said in PROCESSORS:
                return self.root.found(PROCESSORS[said], f"{SYSTEM} ({key})")
        return self.root.not_found(f"{KERNEL} does not tell the processor")

    def _agent(self) -> Finding:
        for folder, name in {**AGENTS, **self.agents}.items():
            if self.root.names(folder) is not None:
                return self.root.found(name, folder)
        return self.root.found("none", "/Program Files")

    def _driver(self, driver: str) -> Finding:
        """Return whether a driver is there, and is started before the disk is."""
        folder = f"{SYSTEM32}/drivers"
        names = self.root.names(folder)
        if names is None:
            return self.root.not_found(f"there is no {folder}")
        if f"{driver}.sys" not in {name.lower() for name in names}:
            return self.root.found("no", folder)
        key = f"Services\\{driver}"
        try:
            start = str(self._of_system(key, "Start"))
        except FileMissingError:
            start = "none"
        except CannotTellError:
            return self.root.found("yes", folder)
        if start == BOOT_START:
            return self.root.found("yes", f"{folder}, {SYSTEM} ({key})")
        late = f"no: {driver} has Start {start}, expected {BOOT_START} (at boot)"
        return self.root.found(late, f"{SYSTEM} ({key})")


def is_windows(volume: Seen) -> bool:
    """Whether a volume has a Windows: its registry, or its kernel."""
    return volume.has_file(SOFTWARE) or volume.has_file(KERNEL)


def open_hive(root: Seen, path: str) -> Hive:
    """Return a hive of the registry.

    Raises:
        CannotTellError: There is none, or it cannot be read.
    """
    return Hive(root.file_system.open_file(root.inside(path)))


def named(root: Seen) -> dict[str, Any]:
    """Return what the registry tells of the release, for Findings."""
    try:
        told = _values(open_hive(root, SOFTWARE))
    except CannotTellError as exc:
        why = Finding(why_not=f"{root.where(SOFTWARE)}: {exc}")
        return {"os_name": why, "os_version": why}
    product = told.get("ProductName", "")
    number = told.get("CurrentBuildNumber") or told.get("CurrentBuild") or ""
    build = int(number) if number.isdecimal() and len(number) < 8 else None
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
        "release": Release(name=product, version=version, build=build, where=where),
    }


def _values(hive: Hive) -> dict[str, str]:
    told = {}
    for name in VALUES:
        try:
            told[name] = str(hive.value(CURRENT_VERSION, name))
        except FileMissingError:
            continue
    return told
