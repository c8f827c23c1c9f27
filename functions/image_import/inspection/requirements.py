"""What ECS asks of an image, held against what was found in it.

Source: the pages named below, all of Alibaba Cloud's documentation, read 2026-11.

Room: core.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from image_import.disk import GIB, DiskFormat
from image_import.header import Header
from image_import.inspection.findings import Finding, Findings
from image_import.inspection.root_device import is_lost_on_ecs
from image_import.targets import Target

Verdict = Literal["passes", "fails", "advice", "could not tell"]

HELP = "https://www.alibabacloud.com/help/en"
IMPORT_IMAGE = "https://www.alibabacloud.com/help/doc-detail/25542.htm"
IMPORT_CHECK = (
    f"{HELP}/ecs/user-guide/check-whether-an-image-meets-the-import-requirements"
)
INITIALIZATION = (
    f"{HELP}/ecs/user-guide/manage-the-instance-initialization-configuration"
)
BOOT_MODE = "https://help.aliyun.com/en/ecs/user-guide/instance-startup-mode"
USAGE_NOTES = "https://www.alibabacloud.com/help/doc-detail/25430.htm"
NO_PAGE = "advice of ours"
LINUX_IMAGES = f"{HELP}/ecs/user-guide/cloud-marketplace-mirror-specification"

NO_SIGNATURE = "it has no signature; it is raw if its name or its sidecar says so"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One line of the checklist.

    Attributes:
        requirement: What ECS asks for.
        seen: What was found, or why nothing was.
        where: Where that was read.
        source: The page that asks for it.
        advice: What to do; "" if nothing.
        command: What to run for it; "" if nothing.
    """

    requirement: str
    verdict: Verdict
    seen: str
    source: str
    where: str = ""
    advice: str = ""
    command: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it as a program reads it."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """What is checked.

    Attributes:
        command: What makes of it a file that can be imported; "" if there is none.
    """

    header: Header
    findings: Findings
    command: str = ""


def check(image: Image, target: Target) -> list[Check]:
    """Return the checklist for a target."""
    found = image.findings
    checks = [
        _format(image),
        _complete(found),
        _size(image.header, target),
        _platform(found, target),
        _architecture(found, target),
        _boot_mode(found, target),
        _virtio(found),
        _nvme(found),
    ]
    if found.os_type.value != "windows":
        checks += [*_linux(found)]
    return [*checks, _agent(found)]


def _check(
    requirement: str, finding: Finding, source: str, *, bad: str = "", advice: str = "",
    verdict: Verdict = "fails",
) -> Check:  # fmt: skip
    """Return a check of one finding.

    Args:
        bad: Why the value is no good; "" if it is good.
        verdict: On a bad value.
    """
    if not finding:
        seen, verdict, advice = finding.why_not, "could not tell", ""
    elif bad:
        seen = bad
    else:
        seen, verdict, advice = finding.value, "passes", ""
    return Check(
        requirement=requirement,
        verdict=verdict,
        seen=seen,
        source=source,
        where=finding.where,
        advice=advice,
    )


def _format(image: Image) -> Check:
    header = image.header
    finding = Finding(value=header.detected, where="the file's first and last bytes")
    if header.is_guess and header.is_importable:
        finding = Finding(why_not=NO_SIGNATURE)
    bad = "" if header.is_importable else header.problem or header.detected
    advice = "" if image.command else _how_to_mend(header)
    requirement = "format is RAW, VHD or QCOW2"
    found = _check(requirement, finding, IMPORT_IMAGE, bad=bad, advice=advice)
    return replace(found, command=image.command) if bad else found


def _how_to_mend(header: Header) -> str:
    """Return what to do about a file that cannot be imported and has no command."""
    if header.detected in {"damaged", "all-zeros"}:
        return ""  # The problem says it.
    if header.detected in {"empty", "text"}:
        return "upload the disk image itself"
    if header.format is DiskFormat.RAW:
        return "make the image of a whole disk, with its partitions and boot loader"
    return "convert it to qcow2, raw or VHD"


def _complete(found: Findings) -> Check:
    value = found.complete.value
    return _check(
        "file holds all of the disk",
        found.complete,
        IMPORT_IMAGE,
        bad="" if value == "yes" else value,
        advice="upload it again, and compare its size with the original",
    )


def _size(header: Header, target: Target) -> Check:
    _, high = target.system_disk_gib
    requirement = f"system disk has at most {high:,} GiB"
    size = header.virtual_size_bytes
    if size is None:
        finding = Finding(why_not="the header does not tell the disk's size")
        return _check(requirement, finding, IMPORT_IMAGE)
    gib = -(-size // GIB)
    finding = Finding(value=f"{gib:,} GiB", where="header")
    bad = f"{gib:,} GiB" if gib > high else ""
    advice = "shrink the disk, or import it as a data disk"
    return _check(requirement, finding, IMPORT_IMAGE, bad=bad, advice=advice)


def _platform(found: Findings, target: Target) -> Check:
    requirement = f"system is one that {target.name} has a Platform for"
    if not found.os_name:
        return _check(requirement, found.os_name, IMPORT_IMAGE)
    platform = found.platform(target.name)
    name = f"{found.os_name.value} is {platform}" if platform else ""
    finding = Finding(value=name or found.os_name.value, where=found.os_name.where)
    bad = "" if platform in target.platforms else f"{found.os_name.value} has none"
    advice = "say in a sidecar which Platform it is to be taken for"
    return _check(requirement, finding, IMPORT_IMAGE, bad=bad, advice=advice)


def _architecture(found: Findings, target: Target) -> Check:
    value = found.architecture.value
    bad = "" if value in target.architectures else f"made for {value}"
    return _check(
        f"processor is {', '.join(target.architectures)}",
        found.architecture,
        IMPORT_IMAGE,
        bad=bad.replace("unsupported", "a processor that ECS does not have"),
        advice="make the image for one of them",
    )


def _boot_mode(found: Findings, target: Target) -> Check:
    mode, architecture = found.boot_mode.value, found.architecture.value
    if mode == "none":
        bad = "none: no boot code for BIOS, no loader for UEFI"
        advice = "install one, or make the image of the whole system disk"
        requirement = "a boot loader for BIOS or UEFI"
    elif architecture == "arm64":
        bad = "BIOS alone" if mode == "BIOS" else ""
        advice = "install a loader for UEFI: EFI/BOOT/BOOTAA64.EFI in an ESP"
        requirement = "arm64 starts by UEFI"
    else:
        is_lost = mode == "UEFI" and "BootMode" in target.lacks
        bad = f"UEFI alone, and {target.name} has no BootMode" if is_lost else ""
        advice = "install a loader for BIOS, too"
        requirement = "a boot loader for BIOS or UEFI"
    return _check(
        requirement, found.boot_mode, BOOT_MODE, bad=bad, advice=advice
    )  # fmt: skip


def _virtio(found: Findings) -> Check:
    bad = "" if found.virtio.value == "yes" else "no virtio driver for disks"
    bad = found.virtio.value if ":" in found.virtio.value else bad
    advice = "install a kernel, or for Windows the drivers, with virtio"
    return _check(
        "virtio driver", found.virtio, IMPORT_CHECK, bad=bad, advice=advice
    )  # fmt: skip


def _nvme(found: Findings) -> Check:
    bad = "" if found.nvme.value == "yes" else "no NVMe driver"
    return _check(
        "NVMe driver, for instance types whose disks are NVMe",
        found.nvme,
        IMPORT_CHECK,
        bad=bad,
        advice="install a kernel with nvme, or use other instance types",
        verdict="advice",
    )


def _linux(found: Findings) -> Iterator[Check]:
    yield _check(
        "virtio driver in the initramfs",
        found.initramfs,
        LINUX_IMAGES,
        advice="",
    )
    yield _root_device(found.root_device)
    lost = found.lost_devices
    yield _check(
        "devices in /etc/fstab exist on ECS",
        lost,
        IMPORT_CHECK,
        bad="" if lost.value == "none" else lost.value,
        advice="mount by UUID= in /etc/fstab",
    )
    yield _check(
        "no LVM",
        found.lvm,
        LINUX_IMAGES,
        bad="" if found.lvm.value == "no" else "LVM is in use",
        advice="partitions without LVM can be grown by cloud-init",
        verdict="advice",
    )
    yield _check(
        "SELinux is off",
        found.selinux,
        USAGE_NOTES,
        bad=found.selinux.value if found.selinux.value == "enforcing" else "",
        advice="set SELINUX=disabled or permissive in /etc/selinux/config",
        verdict="advice",
    )
    yield _check(
        "SSH server",
        found.ssh,
        NO_PAGE,
        bad="" if found.ssh.value == "yes" else "none is configured",
        advice="install openssh-server, or nobody can log in",
        verdict="advice",
    )


def _root_device(root: Finding) -> Check:
    bad = root.value if is_lost_on_ecs(root.value) else ""
    return _check(
        "root is not found by a name such as /dev/sda1",
        root,
        IMPORT_CHECK,
        bad=bad,
        advice="say root=UUID=... in the boot loader's configuration",
    )


def _agent(found: Findings) -> Check:
    return _check(
        "cloud-init, or for Windows Vminit or cloudbase-init",
        found.agent,
        INITIALIZATION,
        bad="" if found.agent.value != "none" else "none is installed",
        advice="install it, or keys, passwords and host names are not set",
        verdict="advice",
    )


def fails(checks: list[Check]) -> bool:
    """Whether ECS would not import it, or it would not start."""
    return any(entry.verdict == "fails" for entry in checks)
