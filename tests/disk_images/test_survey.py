"""What a disk's file systems tell together, on file systems in memory."""

from collections.abc import Mapping
from typing import Any

import pytest
from disk_images.findings import Findings
from disk_images.guest.boot_mode import Bios
from disk_images.guest.system import DividedDisk, look
from disk_images.guest.volume_files import Seen
from memory_files import MemoryFiles
from small_debian import DEBIAN, ELF_ARM64, PE_ARM64, PE_X86_64

NO_BIOS = Bios(boot_code=False, scheme="GPT")
MBR = Bios(boot_code=True, scheme="MBR", boot_partition="partition 1")

ESP = {"/EFI/BOOT/BOOTX64.EFI": PE_X86_64, "/EFI/debian/grubx64.efi": PE_X86_64}


def volume(
    files: Mapping[str, bytes | str], kind: str = "ext4", number: int = 1, **said: Any
) -> Seen:
    name = f"partition {number}"
    return Seen(name=name, file_system=MemoryFiles(files, kind=kind, **said))


def esp(files: Mapping[str, bytes | str], number: int = 2) -> Seen:
    seen = volume(files, "vfat", number)
    seen.is_esp = True
    return seen


def found(*volumes: Seen, bios: Bios = NO_BIOS, **said: Any) -> Findings:
    layout = [f"{v.name}: {v.file_system.kind}" for v in volumes]
    return look(DividedDisk(bios=bios, layout=layout, volumes=volumes, **said))


def values(findings: Findings) -> dict[str, str]:
    return {name: answer.value for name, answer in findings.answers() if answer}


def test_a_debian_tells_all_of_it() -> None:
    findings = found(volume(DEBIAN), esp(ESP))
    assert values(findings) == {
        "layout": "partition 1: ext4; partition 2: vfat",
        "lvm": "no",
        "root_file_system": "ext4",
        "os_type": "linux",
        "os_name": "Debian GNU/Linux 13 (trixie)",
        "os_version": "13",
        "architecture": "x86_64",
        "boot_mode": "UEFI",
        "kernel": "6.12.9-amd64",
        "kernel_file": "vmlinuz-6.12.9-amd64",
        "root_device": "LABEL=system",
        "lost_devices": "none",
        "elsewhere": "none",
        "virtio": "yes",
        "initramfs": "yes",
        "nvme": "yes",
        "agent": "cloud-init",
        "ssh": "yes",
        "selinux": "absent",
    }
    assert findings.release
    assert findings.release.id == "debian"


def test_each_answer_says_where_it_was_read() -> None:
    findings = found(volume(DEBIAN), esp(ESP))
    assert findings.os_name.where == "partition 1 (ext4): /etc/os-release"
    assert findings.architecture.where == "partition 1 (ext4): /bin/sh"
    assert findings.boot_mode.where == "partition 2 (vfat): /EFI/BOOT/BOOTX64.EFI"
    assert findings.root_device.where == "partition 1 (ext4): /boot/grub/grub.cfg"
    assert findings.virtio.where.endswith("/lib/modules/6.12.9-amd64/modules.dep")


def test_that_nothing_starts_it_is_said_only_if_all_was_read() -> None:
    assert found(volume(DEBIAN)).boot_mode.value == "none"
    mode = found(volume(DEBIAN), unread=["partition 9: it is damaged"]).boot_mode
    assert (mode.value, mode.why_not) == ("", "partition 9: it is damaged")


def test_a_folder_that_cannot_be_read_is_why_nothing_is_found() -> None:
    findings = found(volume(DEBIAN, damaged=frozenset("/")))
    why_not = "partition 1 (ext4): /: / is damaged"
    assert findings.os_type.why_not == why_not
    assert (findings.boot_mode.value, findings.boot_mode.why_not) == ("", why_not)


def test_what_is_encrypted_may_be_lvm() -> None:
    assert found(volume(DEBIAN), is_encrypted=True).lvm.value == ""
    assert found(volume(DEBIAN), is_encrypted=True, has_lvm=True).lvm.value == "yes"


def test_all_first_look_ups_are_announced_together() -> None:
    seen = volume(DEBIAN)
    found(seen)
    wanted = seen.file_system
    assert isinstance(wanted, MemoryFiles)
    assert {"/etc/os-release", "/bin/sh", "/lib/modules"} <= set(wanted.wanted[:20])


def test_a_boot_partition_of_its_own_is_read_as_boot() -> None:
    root: dict[str, bytes | str] = {
        path: text for path, text in DEBIAN.items() if "/boot/" not in path
    }
    boot: dict[str, bytes | str] = {
        "/vmlinuz-6.1.0-amd64": "",
        "/initramfs-6.1.0-amd64.img": b"\x28\xb5\x2f\xfd",
        "/loader/entries/1-6.1.0.conf": "options root=/dev/sda3 ro\n",
    }
    findings = found(volume(root, number=2), volume(boot, "xfs"))
    assert findings.kernel.value == "6.1.0-amd64"
    assert findings.root_device.value == "/dev/sda3"
    where = "partition 1 (xfs): /loader/entries/1-6.1.0.conf"
    assert findings.root_device.where == where


def test_a_btrfs_is_searched_for_the_subvolume_of_the_system() -> None:
    files = {f"/@{path}": text for path, text in DEBIAN.items()}
    findings = found(volume(files, "btrfs"))
    assert findings.os_version.value == "13"
    assert findings.os_version.where == "partition 1 (btrfs): /@/etc/os-release"


@pytest.mark.parametrize(
    ("loader", "bios", "mode"),
    [
        (ESP, MBR, "both"),
        (ESP, NO_BIOS, "UEFI"),
        ({}, MBR, "BIOS"),
        (ESP, Bios(boot_code=True, scheme="GPT"), "UEFI"),
        ({}, Bios(boot_code=True, scheme="GPT", boot_partition="1"), "BIOS"),
        ({}, Bios(boot_code=True, scheme="GPT"), ""),
        ({}, NO_BIOS, "none"),
    ],
)
def test_the_boot_mode_is_what_there_are_loaders_for(
    loader: dict[str, bytes], bios: Bios, mode: str
) -> None:
    assert found(volume(DEBIAN), esp(loader), bios=bios).boot_mode.value == mode


def test_a_loader_in_a_vendors_folder_alone_is_noted() -> None:
    findings = found(volume(DEBIAN), esp({"/EFI/debian/grubx64.efi": PE_X86_64}))
    assert findings.boot_mode.value == "UEFI"
    assert "a new one looks for EFI/BOOT" in findings.notes[0]


@pytest.mark.parametrize(
    ("program", "is_what"),
    [
        (b"", "empty, expected one for x86_64"),
        (b"a text", "no program, expected one for x86_64"),
        (PE_ARM64, "a program for arm64, expected one for x86_64"),
    ],
)
def test_what_only_has_a_loaders_name_starts_nothing(
    program: bytes, is_what: str
) -> None:
    loader = {"/EFI/BOOT/BOOTX64.EFI": program}
    problem = f"partition 2 (vfat): /EFI/BOOT/BOOTX64.EFI is {is_what}"
    findings = found(volume(DEBIAN), esp(loader))
    assert findings.boot_mode.value == f"none: {problem}"
    findings = found(volume(DEBIAN), esp(loader), bios=MBR)
    assert (findings.boot_mode.value, findings.notes) == ("BIOS", (f"UEFI: {problem}",))


def test_a_loader_for_another_processor_than_the_systems_starts_nothing() -> None:
    findings = found(volume(DEBIAN), esp({"/EFI/BOOT/BOOTAA64.EFI": PE_ARM64}))
    path = "partition 2 (vfat): /EFI/BOOT/BOOTAA64.EFI"
    said = f"none: {path} is for arm64, the system for x86_64"
    assert findings.boot_mode.value == said
    both = {**ESP, "/EFI/BOOT/BOOTAA64.EFI": PE_ARM64}
    mode = found(volume(DEBIAN), esp(both)).boot_mode
    assert mode.where == "partition 2 (vfat): /EFI/BOOT/BOOTX64.EFI"


def test_a_loader_that_cannot_be_read_is_no_failure() -> None:
    loader = esp(ESP)
    assert isinstance(loader.file_system, MemoryFiles)
    loader.file_system.damaged = frozenset({"/EFI/BOOT/BOOTX64.EFI"})
    mode = found(volume(DEBIAN), loader).boot_mode
    assert mode.value in {"", "UEFI"}


def test_a_loader_tells_the_processor_where_no_program_does() -> None:
    empty = {"/etc/os-release": "ID=debian\n", "/usr/x": ""}
    findings = found(volume(empty), esp({"/EFI/BOOT/BOOTAA64.EFI": PE_ARM64}))
    assert findings.architecture.value == "arm64"
    assert findings.architecture.where.endswith("/EFI/BOOT/BOOTAA64.EFI")


def test_a_missing_shell_is_replaced_by_another_program() -> None:
    files = {**DEBIAN, "/bin/sh": "#!", "/usr/lib/systemd/systemd": ELF_ARM64}
    findings = found(volume(files))
    assert findings.architecture.value == "arm64"
    assert findings.architecture.where.endswith("/usr/lib/systemd/systemd")


WINDOWS: Mapping[str, bytes | str] = {
    "/Windows/System32/ntoskrnl.exe": PE_X86_64,
    "/Windows/System32/drivers/VIOSTOR.SYS": "",
    "/Program Files/Cloudbase Solutions/Cloudbase-Init/conf": "",
}


def test_a_windows_tells_processor_drivers_and_agent() -> None:
    loader: dict[str, bytes | str] = {
        "/EFI/Microsoft/Boot/x": "",
        "/EFI/Boot/bootx64.efi": PE_X86_64,
    }
    told = values(found(volume(WINDOWS, "ntfs"), esp(loader)))
    expected = {
        "os_type": "windows",
        "architecture": "x86_64",
        "virtio": "yes",
        "nvme": "no",
        "agent": "cloudbase-init",
        "boot_mode": "UEFI",
    }
    assert {name: told[name] for name in expected} == expected


def test_a_disk_without_a_system_says_why_for_each_question() -> None:
    findings = found(volume({"/lost+found/x": ""}))
    assert not findings.os_type
    assert "no file system with a system" in findings.os_name.why_not
    unread = ["partition 1: LUKS is encrypted"]
    findings = found(unread=unread)
    assert findings.os_type.why_not == findings.boot_mode.why_not == unread[0]


@pytest.mark.parametrize("path", ["/etc/os-release", "/etc", "/", "/bin/sh"])
def test_what_is_damaged_is_said_and_the_rest_is_told(path: str) -> None:
    findings = found(volume(DEBIAN, damaged=frozenset({path})), esp(ESP))
    assert findings.boot_mode.value == "UEFI"
    assert all(bool(a) != bool(a.why_not) for _, a in findings.answers())


def test_the_newest_kernel_that_boot_has_is_the_default() -> None:
    files = {
        **DEBIAN,
        "/lib/modules/6.12.10-amd64/modules.dep": "",
        "/boot/vmlinuz-6.1.0-amd64": "",
    }
    assert found(volume(files)).kernel.value == "6.12.9-amd64"


def test_a_packed_initramfs_cannot_tell_what_is_in_it() -> None:
    files = {
        **DEBIAN,
        "/etc/initramfs-tools/initramfs.conf": "MODULES=dep\n",
        "/boot/initrd.img-6.12.9-amd64": b"\x28\xb5\x2f\xfd",
    }
    answer = found(volume(files)).initramfs
    assert answer.why_not == "/boot/initrd.img-6.12.9-amd64 is packed with zstd"


def without(*names: str) -> dict[str, bytes | str]:
    """The Debian, less files of its /boot."""
    return {p: text for p, text in DEBIAN.items() if p.rpartition("/")[2] not in names}


INITRD, KERNEL = "initrd.img-6.12.9-amd64", "vmlinuz-6.12.9-amd64"


def test_a_configuration_alone_is_no_initramfs() -> None:
    answer = found(volume(without(INITRD))).initramfs
    assert (
        answer.value == "none: /boot has no initramfs, and virtio_blk is not built in"
    )


@pytest.mark.parametrize(
    ("data", "is_what"), [(b"", "empty"), (b"abc", "3 bytes")], ids=["empty", "short"]
)
def test_a_file_of_a_few_bytes_is_no_initramfs(data: bytes, is_what: str) -> None:
    answer = found(volume({**DEBIAN, f"/boot/{INITRD}": data})).initramfs
    assert answer.value == f"none: /boot/{INITRD} is no initramfs, but {is_what}"


def test_an_initramfs_of_another_kernel_tells_nothing() -> None:
    files = {**without(INITRD), "/boot/initramfs-linux.img": b"\x28\xb5\x2f\xfd"}
    answer = found(volume(files)).initramfs
    assert answer.why_not == "no initramfs of that kernel is in /boot"


def test_without_a_kernel_in_boot_an_initramfs_may_be_elsewhere_too() -> None:
    findings = found(volume(without(INITRD, KERNEL)))
    assert findings.kernel_file.value == "none"
    assert not findings.initramfs


def test_a_file_system_without_a_system_is_no_second_one() -> None:
    assert found(volume(DEBIAN), volume({"/home/x": ""}, number=2)).notes == ()


def test_a_release_file_that_says_nothing_is_named() -> None:
    files = {**DEBIAN, "/etc/os-release": bytes(9), "/usr/lib/os-release": b""}
    why_not = found(volume(files)).os_name.why_not
    assert why_not == "/etc/os-release names no system"


@pytest.mark.parametrize("path", ["/etc/os-release", "/etc/os-release/x"])
def test_a_release_file_that_is_empty_or_a_folder_is_there(path: str) -> None:
    files = {p: text for p, text in DEBIAN.items() if "os-release" not in p}
    why_not = found(volume({**files, path: ""})).os_name.why_not
    assert why_not == "/etc/os-release names no system"
