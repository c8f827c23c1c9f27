"""What ECS asks of a Linux, held against what was found in it."""

from collections.abc import Iterator

from disk_images.findings import Finding, Findings
from disk_images.guest.linux import NOWHERE
from disk_images.guest.root_device import is_lost_on_virtio

from image_import_cli.preview.checks.check import (
    IMPORT_CHECK,
    LINUX_IMAGES,
    NO_PAGE,
    USAGE_NOTES,
    Check,
    check_of,
)


def linux_checks(found: Findings) -> Iterator[Check]:
    """Yield the checks that only a Linux is asked."""
    yield check_of(
        "virtio driver in the initramfs",
        found.initramfs,
        LINUX_IMAGES,
        bad=found.initramfs.value if found.initramfs.value.startswith("none") else "",
        advice="make it, by update-initramfs -c -k all or dracut --regenerate-all",
    )
    yield check_of(
        "kernel in /boot",
        found.kernel_file,
        NO_PAGE,
        bad="none" if found.kernel_file.value == "none" else "",
        advice="install one, unless the EFI system partition has the kernel",
        verdict="advice",
    )
    yield _root_device(found.root_device)
    yield _root_place(found)
    lost = found.lost_devices
    yield check_of(
        "devices in /etc/fstab exist on ECS",
        lost,
        IMPORT_CHECK,
        bad="" if lost.value == "none" else lost.value,
        advice="mount by UUID= in /etc/fstab",
    )
    elsewhere = found.elsewhere
    yield check_of(
        "what /etc/fstab waits for is on this disk",
        elsewhere,
        IMPORT_CHECK,
        bad="" if elsewhere.value == "none" else elsewhere.value,
        advice="boot stops there unless another disk has it: add nofail, or fix it",
        verdict="advice",
    )
    yield check_of(
        "no LVM",
        found.lvm,
        LINUX_IMAGES,
        bad="" if found.lvm.value == "no" else "LVM is in use",
        advice="partitions without LVM can be grown by cloud-init",
        verdict="advice",
    )
    yield check_of(
        "SELinux is off",
        found.selinux,
        USAGE_NOTES,
        bad=found.selinux.value if found.selinux.value == "enforcing" else "",
        advice="set SELINUX=disabled or permissive in /etc/selinux/config",
        verdict="advice",
    )
    yield check_of(
        "SSH server",
        found.ssh,
        NO_PAGE,
        bad="" if found.ssh.value == "yes" else "none is configured",
        advice="install openssh-server, or nobody can log in",
        verdict="advice",
    )


def _root_place(found: Findings) -> Check:
    place, root = found.root_place, found.root_device
    is_nowhere = place.value == NOWHERE
    return check_of(
        "root is on this disk",
        place,
        IMPORT_CHECK,
        bad=f"{root.value} is on no volume of it" if is_nowhere else "",
        advice="set the file system's identifier, or fix the boot loader's root=",
    )


def _root_device(root: Finding) -> Check:
    bad = root.value if is_lost_on_virtio(root.value) else ""
    return check_of(
        "root is not found by a name such as /dev/sda1",
        root,
        IMPORT_CHECK,
        bad=bad,
        advice="say root=UUID=... in the boot loader's configuration",
    )
