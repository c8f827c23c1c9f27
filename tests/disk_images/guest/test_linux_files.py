"""fstab, boot loaders' files, lists of modules, and the beginning of an initramfs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from disk_images.guest.drivers import (
    compression_of,
    dracut_says,
    has_driver,
    initramfs_tools_say,
    modules_in,
    names_in_cpio,
    nvme_of_configuration,
)
from disk_images.guest.root_device import (
    is_lost_on_virtio,
    lost_in_fstab,
    root_of_command_line,
    root_of_fstab,
)
from disk_images.guest.volume_files import Seen
from memory_files import MemoryFiles

FSTAB = """\
# /etc/fstab: static file system information.
UUID=0f5b-1 /  ext4 errors=remount-ro 0 1
/dev/sda5 none swap sw 0 0
/dev/sdb1 /data xfs defaults,nofail 0 2
/dev/vdb1 /more xfs defaults 0 2
proc /proc
"""


def test_an_fstab_tells_what_is_mounted_as_root() -> None:
    assert root_of_fstab(FSTAB) == "UUID=0f5b-1"
    assert root_of_fstab("#/dev/sda1 / ext4 defaults 0 1\n") is None


def test_devices_that_may_be_absent_are_no_obstacle() -> None:
    assert lost_in_fstab(FSTAB) == ["/dev/sda5", "/dev/vdb1"]


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("\tlinux /boot/vmlinuz-6.1 root=LABEL=system ro quiet\n", "LABEL=system"),
        (
            "set root='hd0,gpt1'\nlinux /vmlinuz root=LABEL=cloudimg-rootfs ro\n",
            "LABEL=cloudimg-rootfs",
        ),
        ("search --no-floppy --fs-uuid --set=root ab-12\n", None),
        ("options root=/dev/mapper/rhel-root ro\n", "/dev/mapper/rhel-root"),
        ("kernelopts=root=UUID=cd-34 ro crashkernel=auto\n", "UUID=cd-34"),
        ('GRUB_CMDLINE_LINUX="root=/dev/sda1"\n', "/dev/sda1"),
        ("# root=/dev/sda1\n", None),
        ("linux /vmlinuz root=$rootdev ro\n", None),
        ("kernel /vmlinuz ro root=/dev/hda2 rhgb\n", "/dev/hda2"),
        ("append vgaroot=1\n", None),
        ("", None),
    ],
)
def test_a_command_line_tells_the_root(text: str, root: str | None) -> None:
    assert root_of_command_line(text) == root


@pytest.mark.parametrize(
    "name",
    ["/dev/sda1", "/dev/hda2", "/dev/xvda1", "/dev/vdb1", "/dev/nvme0n1p1", "/dev/sda"],
)
def test_a_name_that_an_instance_does_not_have_is_lost(name: str) -> None:
    assert is_lost_on_virtio(name)


@pytest.mark.parametrize(
    "name",
    [
        "/dev/vda1",
        "/dev/vda",
        "UUID=x",
        "LABEL=root",
        "",
        "/dev/mapper/vg-root",
        "/dev/disk/by-uuid/x",
    ],
)
def test_a_name_that_an_instance_has_is_found(name: str) -> None:
    assert not is_lost_on_virtio(name)


def test_modules_are_known_by_their_files_whatever_packs_them() -> None:
    dep = (
        "kernel/drivers/block/virtio_blk.ko.xz:"
        " kernel/drivers/virtio/virtio_ring.ko.xz\n"
        "kernel/drivers/nvme/host/nvme.ko.zst:\n"
    )
    assert modules_in(dep) == {"virtio_blk", "virtio_ring", "nvme"}
    assert modules_in("kernel/drivers/nvme/host/nvme-core.ko\n") == {"nvme_core"}
    assert has_driver(modules_in(dep), "virtio")
    assert not has_driver({"nvme_core"}, "nvme")


@pytest.mark.parametrize(
    ("conf", "modules", "said"),
    [
        ("MODULES=most\n", "", True),
        ("MODULES=dep\n", "", None),
        ("MODULES=dep\n", "# a comment\nvirtio_blk\n", True),
        ("#MODULES=most\n", "", None),
    ],
)
def test_initramfs_tools_say_what_they_pack(
    conf: str, modules: str, *, said: bool | None
) -> None:
    assert initramfs_tools_say(conf, modules) is said


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ('hostonly="no"\n', True),
        ('add_drivers+=" virtio_blk virtio_net "\n', True),
        ("#hostonly=no\n", None),
        ("hostonly=yes\n", None),
        ("", None),
    ],
)
def test_dracut_says_what_it_packs(conf: str, *, said: bool | None) -> None:
    assert dracut_says([conf]) is said


@pytest.mark.needs("cpio")
def test_the_names_of_an_archive_by_cpio_and_what_follows_it(tmp_path: Path) -> None:
    inner = tmp_path / "tree" / "kernel" / "drivers"
    inner.mkdir(parents=True)
    (inner / "virtio_blk.ko").write_bytes(b"x" * 1001)
    cpio = shutil.which("cpio")
    assert cpio
    made = subprocess.run(
        [cpio, "-o", "-H", "newc", "--quiet"],
        input=b"kernel\nkernel/drivers\nkernel/drivers/virtio_blk.ko\n",
        cwd=tmp_path / "tree",
        capture_output=True,
        check=True,
    ).stdout
    names, rest = names_in_cpio(made + b"\x28\xb5\x2f\xfd...")
    assert names == ["kernel", "kernel/drivers", "kernel/drivers/virtio_blk.ko"]
    assert compression_of(rest) == "zstd"
    cut = {len(names_in_cpio(made[:n])[0]) for n in range(0, len(made), 7)}
    assert cut <= {0, 1, 2, 3}


def test_nonsense_is_no_archive() -> None:
    assert names_in_cpio(b"070701" + b"z" * 200) == ([], b"")
    assert names_in_cpio(b"") == ([], b"")
    assert names_in_cpio(b"070701" + b"f" * 200)[1] == b""
    assert compression_of(b"???") == ""


@pytest.mark.parametrize(
    ("reference", "is_lost"),
    [
        ("/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part1", True),
        ("/dev/disk/by-id/ata-WDC_WD10-part1", True),
        ("/dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part2", True),
        ("/dev/disk/by-uuid/2f0a7f10-0c1e-4a3b-9c55-0d6a7b8c9d0e", False),
        ("/dev/disk/by-label/root", False),
        ("/dev/mapper/vg-root", False),
    ],
)
def test_a_name_made_of_the_old_machines_hardware_is_lost(
    reference: str, *, is_lost: bool
) -> None:
    assert is_lost_on_virtio(reference) is is_lost


def boot_with(*configurations: tuple[str, str], at: str = "/boot") -> Seen:
    files = {f"{at}/{name}".replace("//", "/"): text for name, text in configurations}
    return Seen(name="partition 1", file_system=MemoryFiles(files))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("CONFIG_BLK_DEV_NVME=y", "yes"),
        ("CONFIG_BLK_DEV_NVME=m", "yes"),
        ("# CONFIG_BLK_DEV_NVME is not set", "no"),
        ("CONFIG_BLK_DEV_NVME_TARGET=y", "no"),
    ],
)
def test_a_kernels_configuration_tells_whether_it_drives_nvme(
    line: str, value: str
) -> None:
    new, old = ("config-6.12.1", f"A=1\n{line}\n"), ("config-6.9", "")
    for volumes in (
        [boot_with(new, old)],
        [boot_with(), boot_with(new, old, at="/")],
    ):
        found = nvme_of_configuration(volumes)
        assert found.value == value
        assert found.where.endswith("/config-6.12.1")


def test_without_a_configuration_nothing_is_told_of_nvme() -> None:
    assert not nvme_of_configuration([boot_with()])
