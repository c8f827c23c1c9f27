from dataclasses import replace
from typing import Any

import pytest
from disk_images.findings import Finding, Findings, Release
from disk_images.formats.detect import Header
from image_import.model.disk import GIB, DiskFormat
from image_import.model.targets import TARGETS
from image_import_cli.preview.checks.check import Check
from image_import_cli.preview.checks.image import CheckedImage, check, fails

HEADER = Header(
    detected="qcow2-v3", format=DiskFormat.QCOW2, virtual_size_bytes=40 * GIB
)


def read(value: str) -> Finding:
    return Finding(value=value, where="partition 1 (ext4): /etc")


GOOD = Findings(
    complete=read("yes"),
    layout=read("partition 1: ext4"),
    lvm=read("no"),
    root_file_system=read("ext4"),
    os_type=read("linux"),
    os_name=read("Debian GNU/Linux 13 (trixie)"),
    os_version=read("13"),
    architecture=read("x86_64"),
    boot_mode=read("both"),
    kernel=read("6.12.9"),
    kernel_file=read("vmlinuz-6.12.9"),
    root_device=read("LABEL=system"),
    root_place=read("partition 1"),
    lost_devices=read("none"),
    elsewhere=read("none"),
    virtio=read("yes"),
    initramfs=read("yes"),
    nvme=read("yes"),
    agent=read("cloud-init"),
    ssh=read("yes"),
    selinux=read("absent"),
    release=Release(id="debian"),
)


def checked(
    target: str = "public", header: Header = HEADER, **changed: Any
) -> list[Check]:
    findings = replace(GOOD, **changed)
    return check(CheckedImage(header=header, findings=findings), TARGETS[target])


def verdicts(checks: list[Check]) -> set[str]:
    return {entry.verdict for entry in checks}


@pytest.mark.parametrize("target", TARGETS)
def test_a_good_image_passes_everywhere(target: str) -> None:
    assert verdicts(checked(target)) == {"passes"}


def test_nothing_known_is_no_failure() -> None:
    checks = check(CheckedImage(header=HEADER, findings=Findings()), TARGETS["public"])
    assert verdicts(checks) == {"passes", "could not tell"}
    assert not fails(checks)


@pytest.mark.parametrize(
    ("changed", "requirement", "advice"),
    [
        ({"architecture": read("unsupported")}, "processor", "make the image"),
        ({"virtio": read("no")}, "virtio driver", "install a kernel"),
        ({"initramfs": read("none: it is")}, "the initramfs", "update-initramfs -c"),
        ({"boot_mode": read("none")}, "a boot loader", "install one, or make"),
        ({"boot_mode": read("none: it is empty")}, "a boot loader", "install one, or"),
        ({"complete": read("it ends before")}, "file holds all", "upload it again"),
        ({"root_device": read("/dev/sda1")}, "root is not found", "root=UUID="),
        (
            {"lost_devices": read("/dev/sdb1")},
            "devices in /etc/fstab",
            "mount by UUID=",
        ),
        (
            {"architecture": read("arm64"), "boot_mode": read("BIOS")},
            "arm64",
            "BOOTAA64",
        ),
        ({"release": None}, "system is one", "in a sidecar"),
        (
            {"header": replace(HEADER, problem="it is encrypted")},
            "format is",
            "convert",
        ),
        (
            {"header": replace(HEADER, virtual_size_bytes=3000 * GIB)},
            "2,048 GiB",
            "shrink",
        ),
    ],
)
def test_what_would_not_start_fails_with_advice(
    changed: dict[str, Any], requirement: str, advice: str
) -> None:
    bad = [entry for entry in checked(**changed) if entry.verdict == "fails"]
    assert len(bad) == 1
    assert requirement in bad[0].requirement
    assert advice in bad[0].advice


@pytest.mark.parametrize(
    ("changed", "requirement"),
    [
        ({"nvme": read("no")}, "NVMe driver"),
        ({"agent": read("none")}, "cloud-init"),
        ({"ssh": read("no")}, "SSH server"),
        ({"kernel_file": read("none")}, "kernel in /boot"),
        (
            {"boot_mode": read("UEFI"), "only_vendors": "partition 2: grubx64.efi"},
            "a boot loader",
        ),
        ({"selinux": read("enforcing")}, "SELinux"),
        ({"lvm": read("yes")}, "LVM"),
    ],
)
def test_what_is_only_better_so_is_advice(
    changed: dict[str, Any], requirement: str
) -> None:
    checks = checked(**changed)
    advised = [entry for entry in checks if entry.verdict == "advice"]
    assert len(advised) == 1
    assert requirement in advised[0].requirement
    assert advised[0].advice
    assert not fails(checks)


def test_apsara_stack_has_no_arm64_and_no_boot_mode() -> None:
    checks = checked("apsara-pop", architecture=read("arm64"), boot_mode=read("UEFI"))
    assert [c.seen for c in checks if c.verdict == "fails"] == ["made for arm64"]
    checks = checked("apsara-pop", boot_mode=read("UEFI"))
    (bad,) = [c for c in checks if c.verdict == "fails"]
    assert bad.seen == "UEFI alone, and apsara-pop has no BootMode"


def test_a_windows_is_not_asked_about_linux() -> None:
    checks = checked(os_type=read("windows"))
    assert not [c for c in checks if "fstab" in c.requirement]


def test_each_requirement_names_the_page_that_asks_for_it() -> None:
    ours = [c.requirement for c in checked() if not c.source.startswith("https://")]
    assert ours == ["kernel in /boot", "SSH server"]


def test_a_program_is_told_what_a_person_is() -> None:
    (first, *_) = checked()
    assert first.as_dict() == {
        "requirement": "format is RAW, VHD or QCOW2",
        "verdict": "passes",
        "seen": "qcow2-v3",
        "source": "https://www.alibabacloud.com/help/doc-detail/25542.htm",
        "where": "the file's first and last bytes",
    }


def test_raw_that_is_only_a_guess_does_not_pass_as_a_format() -> None:
    guess = Header(detected="unknown", format=DiskFormat.RAW, virtual_size_bytes=GIB)
    first = checked(header=guess)[0]
    assert first.verdict == "could not tell"
    assert "it has no signature" in first.seen
