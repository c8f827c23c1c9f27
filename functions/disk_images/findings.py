"""What an inspection found, each with where it was read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from disk_images.blocks.remote import Spent


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One answer, or why there is none.

    Attributes:
        value: "" where it could not be told.
        where: What was read, as `partition 2 (ext4): /etc/os-release`.
        why_not: Why it could not be told.
    """

    value: str = ""
    where: str = ""
    why_not: str = ""

    def __bool__(self) -> bool:
        """Whether it could be told."""
        return bool(self.value)

    def as_dict(self) -> dict[str, str]:
        """Return it as a program reads it."""
        said = {"value": self.value, "where": self.where, "why_not": self.why_not}
        return {name: text for name, text in said.items() if text}


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A system's release, as it names itself.

    Attributes:
        id: As in os-release(5); of an older file and of Windows, "".
        name: For people, without the version; ProductName of a Windows.
        version: "" where none is told, as by rolling releases.
        variant: VARIANT_ID of os-release(5).
        build: CurrentBuildNumber of a Windows.
        where: The file that was read.
    """

    id: str = ""
    name: str = ""
    pretty_name: str = ""
    version: str = ""
    variant: str = ""
    build: int | None = None
    where: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What is to be found out.

    Attributes:
        names_only: Nothing but which system it is, for which processor and firmware.
        wants_nvme: Whether its driver for NVMe is to be found even so.
        agents: More agents on a Windows than are known here: what they are called,
            by the folder that each has.
    """

    names_only: bool = False
    wants_nvme: bool = False
    agents: Mapping[str, str] = field(default_factory=dict)


NO_SYSTEM = "there is no file system with a system on it"
"""Why nothing is told of a disk that was read to its end."""

NOT_LOOKED_AT = Finding(why_not="it was not looked at")


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """All answers.

    Attributes:
        complete: Whether the file holds all of its disk, and the disk its partitions.
        gpt: Whether Linux takes the disk's GPT, and whether its backup is sound.
        layout: Partitions and logical volumes with their file systems.
        boot_mode: `BIOS`, `UEFI` or `both`, what the disk has boot loaders for; or
            `none`, after which may follow what is wrong.
        only_vendors: A loader for UEFI that only the machine's own firmware knows.
        release: Which system it is, by the names that it gives itself.
        root_device: How the system looks for its root file system.
        root_place: The volume that is, or `none`.
        lost_devices: Devices in /etc/fstab that a machine with virtio disks lacks.
        elsewhere: What /etc/fstab waits for that is not on this disk, or `none`.
        kernel_file: The newest kernel in /boot, or `none`.
        initramfs: Whether the initramfs of the default kernel has the virtio drivers;
            `none` and why if there is no such file.
        agent: cloud-init, cloudbase-init or one of `Scope.agents`.
    """

    complete: Finding = NOT_LOOKED_AT
    gpt: Finding = NOT_LOOKED_AT
    layout: Finding = NOT_LOOKED_AT
    lvm: Finding = NOT_LOOKED_AT
    root_file_system: Finding = NOT_LOOKED_AT
    os_type: Finding = NOT_LOOKED_AT
    os_name: Finding = NOT_LOOKED_AT
    os_version: Finding = NOT_LOOKED_AT
    architecture: Finding = NOT_LOOKED_AT
    boot_mode: Finding = NOT_LOOKED_AT
    kernel: Finding = NOT_LOOKED_AT
    kernel_file: Finding = NOT_LOOKED_AT
    root_device: Finding = NOT_LOOKED_AT
    root_place: Finding = NOT_LOOKED_AT
    lost_devices: Finding = NOT_LOOKED_AT
    elsewhere: Finding = NOT_LOOKED_AT
    virtio: Finding = NOT_LOOKED_AT
    initramfs: Finding = NOT_LOOKED_AT
    nvme: Finding = NOT_LOOKED_AT
    agent: Finding = NOT_LOOKED_AT
    ssh: Finding = NOT_LOOKED_AT
    selinux: Finding = NOT_LOOKED_AT
    only_vendors: str = ""
    release: Release | None = None
    notes: tuple[str, ...] = ()

    def answers(self) -> Iterator[tuple[str, Finding]]:
        """Yield each question's name and its answer."""
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, Finding):
                yield part.name, value


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What one look into an image came to; never a failure.

    Attributes:
        why_not: Why nothing at all could be found out, or "".
    """

    findings: Findings = field(default_factory=Findings)
    spent: Spent = field(default_factory=Spent)
    why_not: str = ""

    @property
    def error(self) -> str:
        """Why the image could not be looked at, or that no system is told; or ""."""
        os_type = self.findings.os_type
        if self.why_not or os_type or os_type is NOT_LOOKED_AT:
            return self.why_not
        if os_type.why_not == NO_SYSTEM:
            return f"no system was found: {NO_SYSTEM}"
        return f"could not tell which system boots: {os_type.why_not}"

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as a program reads it."""
        return {
            "findings": {name: a.as_dict() for name, a in self.findings.answers()},
            "notes": list(self.findings.notes),
            "requests": self.spent.requests,
            "bytes_read": self.spent.bytes_read,
            "round_trips": self.spent.round_trips,
            **({"error": self.error} if self.error else {}),
        }
