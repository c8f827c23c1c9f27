"""What ECS asks of an image, held against what was found in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from disk_images.findings import NOT_LOOKED_AT, Finding, Findings
from disk_images.formats.detect import Header
from disk_images.guest.boot_mode import NOTHING_STARTS_IT
from disk_images.volumes.gpt_backup import IGNORED, OTHER_SECTORS, TOO_LONG, WHOLE
from image_import.inspection.platform import platform_of
from image_import.model.disk import GIB, DiskFormat
from image_import.model.targets import Target

from image_import_cli.preview.checks.check import (
    BOOT_MODE,
    IMPORT_CHECK,
    IMPORT_IMAGE,
    INITIALIZATION,
    NO_PAGE,
    Check,
    Verdict,
    check_of,
)
from image_import_cli.preview.checks.linux import linux_checks

NO_SIGNATURE = "it has no signature; it is raw if its name or its sidecar says so"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedImage:
    """What is checked.

    Attributes:
        command: What makes of it a file that can be imported; "" if there is none.
    """

    header: Header
    findings: Findings
    command: str = ""


def check(image: CheckedImage, target: Target) -> list[Check]:
    """Return the checklist for a target."""
    found = image.findings
    checks = [
        _format(image),
        _complete(found),
        *_gpt(found),
        _size(image.header, target),
        _platform(found, target),
        _architecture(found, target),
        _boot_mode(found, target),
        _virtio(found),
        _nvme(found),
    ]
    if found.os_type.value != "windows":
        checks += [*linux_checks(found)]
    return [*checks, _agent(found)]


def _format(image: CheckedImage) -> Check:
    header = image.header
    finding = Finding(value=header.detected, where="the file's first and last bytes")
    if header.is_guess and header.is_importable:
        finding = Finding(why_not=NO_SIGNATURE)
    bad = "" if header.is_importable else header.problem or header.detected
    advice = "" if image.command else _how_to_mend(header)
    requirement = "format is RAW, VHD or QCOW2"
    found = check_of(requirement, finding, IMPORT_IMAGE, bad=bad, advice=advice)
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
    return check_of(
        "file holds all of the disk",
        found.complete,
        IMPORT_IMAGE,
        bad="" if value == "yes" else value,
        advice="upload it again, and compare its size with the original",
    )


def _gpt(found: Findings) -> Iterator[Check]:
    """Yield a check of the partition table if it is a GPT."""
    if found.gpt is NOT_LOOKED_AT:
        return
    value = found.gpt.value
    advice = "rewrite it in a raw copy of the image: sgdisk -e"
    if value.startswith(TOO_LONG):
        advice = "make the disk as large as it was: qemu-img resize"
    if value.startswith(OTHER_SECTORS):
        advice = "install the system anew on a disk with sectors of 512 bytes"
    is_ignored = value.startswith(IGNORED) and found.os_type.value in {"linux", ""}
    is_fatal = is_ignored or value.startswith(OTHER_SECTORS)
    yield check_of(
        "GPT is whole, and its backup",
        found.gpt,
        NO_PAGE,
        bad="" if value.startswith(WHOLE) else value,
        advice=advice,
        verdict="fails" if is_fatal else "advice",
    )


def _size(header: Header, target: Target) -> Check:
    _, high = target.system_disk_gib
    requirement = f"system disk has at most {high:,} GiB"
    size = header.virtual_size_bytes
    if size is None:
        finding = Finding(why_not="the header does not tell the disk's size")
        return check_of(requirement, finding, IMPORT_IMAGE)
    gib = -(-size // GIB)
    finding = Finding(value=f"{gib:,} GiB", where="header")
    bad = f"{gib:,} GiB" if gib > high else ""
    advice = "shrink the disk, or import it as a data disk"
    return check_of(requirement, finding, IMPORT_IMAGE, bad=bad, advice=advice)


def _platform(found: Findings, target: Target) -> Check:
    requirement = f"system is one that {target.name} has a Platform for"
    if not found.os_name:
        return check_of(requirement, found.os_name, IMPORT_IMAGE)
    platform = platform_of(found, target)
    name = f"{found.os_name.value} is {platform}" if platform else ""
    finding = Finding(value=name or found.os_name.value, where=found.os_name.where)
    bad = "" if platform in target.platforms else f"{found.os_name.value} has none"
    advice = "say in a sidecar which Platform it is to be taken for"
    return check_of(requirement, finding, IMPORT_IMAGE, bad=bad, advice=advice)


def _architecture(found: Findings, target: Target) -> Check:
    value = found.architecture.value
    bad = "" if value in target.architectures else f"made for {value}"
    return check_of(
        f"processor is {', '.join(target.architectures)}",
        found.architecture,
        IMPORT_IMAGE,
        bad=bad.replace("unsupported", "a processor that ECS does not have"),
        advice="make the image for one of them",
    )


def _boot_mode(found: Findings, target: Target) -> Check:
    mode, architecture = found.boot_mode.value, found.architecture.value
    bad = advice = ""
    verdict: Verdict = "fails"
    is_arm = architecture == "arm64"
    requirement = "arm64 starts by UEFI" if is_arm else "a boot loader for BIOS or UEFI"
    if mode.startswith(NOTHING_STARTS_IT):
        problem = mode.removeprefix(NOTHING_STARTS_IT)
        bad = f"none{problem or ': no boot code for BIOS, no loader for UEFI'}"
        advice = "install one, or make the image of the whole system disk"
    elif is_arm and mode == "BIOS":
        bad = "BIOS alone"
        advice = "install a loader for UEFI: EFI/BOOT/BOOTAA64.EFI in an ESP"
    elif not is_arm and mode == "UEFI" and "BootMode" in target.lacks:
        bad = f"UEFI alone, and {target.name} has no BootMode"
        advice = "install a loader for BIOS, too"
    elif mode == "UEFI" and found.only_vendors:
        bad, verdict = f"only {found.only_vendors}", "advice"
        advice = "copy it to EFI/BOOT, where the firmware of a new machine looks"
    return check_of(
        requirement, found.boot_mode, BOOT_MODE, bad=bad, advice=advice, verdict=verdict
    )  # fmt: skip


def _virtio(found: Findings) -> Check:
    bad = "" if found.virtio.value == "yes" else "no virtio driver for disks"
    bad = found.virtio.value if ":" in found.virtio.value else bad
    advice = "install a kernel, or for Windows the drivers, with virtio"
    return check_of(
        "virtio driver", found.virtio, IMPORT_CHECK, bad=bad, advice=advice
    )  # fmt: skip


def _nvme(found: Findings) -> Check:
    bad = "" if found.nvme.value == "yes" else "no NVMe driver"
    return check_of(
        "NVMe driver, for instance types whose disks are NVMe",
        found.nvme,
        IMPORT_CHECK,
        bad=bad,
        advice="install a kernel with nvme, or use other instance types",
        verdict="advice",
    )


def _agent(found: Findings) -> Check:
    return check_of(
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
