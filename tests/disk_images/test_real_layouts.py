"""Disks as systems and tools lay them out, made by mkfs, sfdisk, parted and debugfs."""

import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from disk_images.findings import Findings
from disk_images.survey import examine
from disk_images.volumes.layout import find_volumes
from made_images import (
    MIB,
    NEEDS,
    TYPES,
    CountingFile,
    Link,
    Part,
    Tree,
    make_disk,
    make_file_system,
    make_partitioned,
    run,
)
from program_bytes import pe
from small_debian import DEBIAN, ELF_X86_64
from specimens import read_file

pytestmark = pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"], *NEEDS["vfat"])

UUID = "1b0f6c6e-3d5a-4c2b-9f0e-2a7d8c9b1e34"
BOOKWORM = b'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n'
USR_A = "5DFBF5F4-2848-4BAC-AA5E-0D9A20B745A6"


def debian(**more: bytes) -> dict[str, bytes | Link | None]:
    """Return a Debian 12 whose fstab has it as /."""
    return {
        "etc/os-release": BOOKWORM,
        "etc/fstab": f"UUID={UUID} / ext4 defaults 0 1\n".encode(),
        "usr/bin/env": ELF_X86_64,
        **more,
    }


def root_of(folder: Path, tree: Tree) -> Path:
    return make_file_system(folder, tree, options=("-U", UUID))


def found_on(disk: Path) -> Findings:
    return examine(CountingFile(disk))


def told(disk: Path) -> tuple[str, str]:
    """Return the ID of the system that is found, or why none is, and its version."""
    found = found_on(disk)
    name = found.release.id or found.release.name if found.release else ""
    return name or found.os_type.why_not, found.os_version.value


def with_mbr_over(disk: Path, line: str) -> Path:
    """Write an MBR over the first sector, as if it had been partitioned again."""
    run("sfdisk", "-q", "--wipe=never", disk, given=f"label: dos\n{line}\n")
    return disk


def test_an_mbr_written_over_a_gpt_counts(tmp_path: Path) -> None:
    old = [Part(content=None, type=TYPES["linux"], size_bytes=4 * MIB)] * 3
    disk = make_partitioned(tmp_path / "disk.raw", old, size_bytes=64 * MIB)
    gpt = disk.read_bytes()[512:2048]
    root = root_of(tmp_path, debian())
    part = Part(content=root, type="83")
    first = Part(content=None, type="83", size_bytes=2 * MIB)
    make_partitioned(disk, [first, part], scheme="mbr")
    with disk.open("r+b") as file:
        file.seek(512)
        file.write(gpt)
    found = found_on(disk)
    assert found.release
    assert found.os_name.where == "partition 2 (ext4): /etc/os-release"
    assert found.layout.where == "MBR partition table"
    assert any("stale GPT" in note for note in found.notes)
    assert not any("could not" in note for note in found.notes)


@pytest.mark.needs("parted")
def test_what_parted_writes_into_an_mbr_is_no_boot_loader(tmp_path: Path) -> None:
    root = root_of(tmp_path, debian())
    disk = tmp_path / "disk.raw"
    disk.write_bytes(bytes(MIB) + root.read_bytes() + bytes(MIB))
    end = f"{root.stat().st_size + MIB - 1}B"
    run("parted", "-s", disk, "mklabel", "msdos", "mkpart", "primary", "1MiB", end)
    assert any(disk.read_bytes()[:440])
    found = found_on(disk)
    assert (found.boot_mode.value, found.release and found.release.id) == (
        "none",
        "debian",
    )
    run("parted", "-s", disk, "set", "1", "boot", "on")
    assert found_on(disk).boot_mode.value == "none"


def gpt_disk(folder: Path, *parts: tuple[Path, str]) -> Path:
    made = [
        Part(content=content, type=TYPES.get(kind, kind)) for content, kind in parts
    ]
    return make_partitioned(folder / "disk.raw", made)


def vfat(folder: Path, tree: Tree) -> Path:
    return make_file_system(folder, tree, kind="vfat", label="ESP")


ENTRY = b"title Debian\nlinux /vmlinuz-6.1\ninitrd /initrd.img-6.1\noptions %s ro\n"


def test_the_entry_of_systemd_boot_decides_how_the_root_is_found(
    tmp_path: Path,
) -> None:
    esp = {
        "EFI/BOOT/BOOTX64.EFI": pe(0x8664),
        "loader/loader.conf": b"default deb*\n",
        "loader/entries/deb-6.1.conf": ENTRY % b"root=/dev/sda3",
        "loader/entries/zzz-9.conf": ENTRY % f"root=UUID={UUID}".encode(),
        "vmlinuz-6.1": b"kernel",
        "initrd.img-6.1": b"\x28\xb5\x2f\xfd".ljust(2048, b"\1"),
    }
    root = root_of(tmp_path, debian(**{"boot/.keep": b""}))
    found = found_on(gpt_disk(tmp_path, (vfat(tmp_path, esp), "esp"), (root, "linux")))
    assert found.root_device.value == "/dev/sda3"
    assert found.root_device.where.endswith("/loader/entries/deb-6.1.conf")
    assert found.kernel_file.value == "vmlinuz-6.1"
    assert found.initramfs.why_not == "/initrd.img-6.1 is packed with zstd"


def test_entries_on_an_extended_boot_partition_count(tmp_path: Path) -> None:
    esp = {"EFI/BOOT/BOOTX64.EFI": pe(0x8664), "loader/loader.conf": b"timeout 3\n"}
    boot = {"loader/entries/a.conf": ENTRY % f"root=UUID={UUID}".encode()}
    disk = gpt_disk(
        tmp_path,
        (vfat(tmp_path, esp), "esp"),
        (vfat(tmp_path, boot), "BC13C2FF-59E6-4262-A352-B275FD6F7172"),
        (root_of(tmp_path, debian()), "linux"),
    )
    found = found_on(disk)
    assert found.root_device.where == "partition 2 (vfat): /loader/entries/a.conf"
    assert found.root_place.value == "partition 3"


def uki(sections: Mapping[str, bytes]) -> bytes:
    """Return a unified kernel image: a PE with these sections and no code."""
    table, data = b"", b""
    first = 1024
    for name, content in sections.items():
        place = first + len(data)
        table += struct.pack(
            "<8sIIII16x", name.encode(), len(content), 0, len(content), place
        )
        data += content
    head = b"MZ" + bytes(58) + struct.pack("<I", 64)
    head += b"PE\0\0" + struct.pack("<HH12xHH", 0x8664, len(sections), 0, 0) + table
    return head.ljust(first, b"\0") + data


@pytest.mark.parametrize("path", ["EFI/Linux/debian.efi", "EFI/BOOT/BOOTX64.EFI"])
def test_a_unified_kernel_image_says_what_it_starts(tmp_path: Path, path: str) -> None:
    image = uki(
        {
            ".osrel": BOOKWORM,
            ".cmdline": f"root=UUID={UUID} quiet".encode(),
            ".uname": b"6.1.0-28-amd64",
            ".linux": b"MZ",
        }
    )
    esp = {"EFI/BOOT/BOOTX64.EFI": pe(0x8664), path: image}
    disk = gpt_disk(
        tmp_path, (vfat(tmp_path, esp), "esp"), (root_of(tmp_path, debian()), "linux")
    )
    found = found_on(disk)
    assert found.root_device.value == f"UUID={UUID}"
    assert found.root_device.where == f"partition 1 (vfat): /{path}"
    assert found.kernel.value == "6.1.0-28-amd64"
    assert found.root_place.value == "partition 2"


def test_extlinux_and_grubs_saved_entry_are_read(tmp_path: Path) -> None:
    extlinux = (
        b"DEFAULT one\nLABEL two\n LINUX /boot/b\n APPEND root=/dev/sdb1\n"
        b"LABEL one\n LINUX /boot/a\n APPEND root=/dev/vda1 ro\n"
    )
    disk = gpt_disk(
        tmp_path,
        (
            root_of(tmp_path, debian(**{"boot/extlinux/extlinux.conf": extlinux})),
            "linux",
        ),
    )
    assert found_on(disk).root_device.value == "/dev/vda1"
    grub = (
        b'set default="${saved_entry}"\n'
        b"menuentry 'A' --id a {\n linux /v root=/dev/sda1\n}\n"
        b"submenu 'More' {\n menuentry 'B' --id b {\n  linux /v root=/dev/vda2\n }\n}\n"
    )
    env = b"# GRUB Environment Block\nsaved_entry=More>b\n".ljust(1024, b"#")
    more = {"boot/grub/grub.cfg": grub, "boot/grub/grubenv": env}
    disk = gpt_disk(tmp_path, (root_of(tmp_path, debian(**more)), "linux"))
    assert found_on(disk).root_device.value == "/dev/vda2"


def test_the_deployment_that_the_boot_entry_names_is_the_system(tmp_path: Path) -> None:
    def deployment(name: str, version: str) -> dict[str, bytes | Link | None]:
        top = f"ostree/deploy/fedora-coreos/deploy/{name}.0"
        text = f"ID=fedora\nVARIANT_ID=coreos\nVERSION_ID={version}\n".encode()
        return {
            f"{top}/etc/hostname": b"",
            f"{top}/usr/lib/os-release": text,
            f"{top}/usr/bin/env": ELF_X86_64,
        }

    new = "ostree/boot.1/fedora-coreos/cafe/0"
    where = "../../../deploy/fedora-coreos/deploy/bbbb.0"
    boot = ENTRY % f"root=UUID={UUID} ostree=/{new}".encode()
    tree: dict[str, bytes | Link | None] = {
        **deployment("aaaa", "40"),
        **deployment("bbbb", "41"),
        new: Link(where),
        "boot/loader/entries/ostree-1.conf": boot,
    }
    assert told(gpt_disk(tmp_path, (root_of(tmp_path, tree), "linux"))) == (
        "fedora",
        "41",
    )
    alone = deployment("aaaa", "40")
    disk = gpt_disk(tmp_path, (root_of(tmp_path, alone), "linux"))
    assert told(disk) == ("fedora", "40")


USR: Tree = {
    "lib/os-release": b"ID=flatcar\nNAME=Flatcar\nVERSION_ID=4081.2.0\n",
    "bin/env": ELF_X86_64,
    "share/x": b"",
    "sbin": Link("bin"),
}


def test_a_usr_of_its_own_names_the_system(tmp_path: Path) -> None:
    usr = make_file_system(tmp_path, USR)
    empty = make_file_system(tmp_path, {}, label="ROOT")
    disk = gpt_disk(tmp_path, (usr, USR_A), (empty, "linux"))
    assert told(disk) == ("flatcar", "4081.2.0")
    assert found_on(disk).architecture.value == "x86_64"
    etc: Tree = {"etc/hostname": b"", "bin": Link("usr/bin"), "usr": None}
    root = make_file_system(tmp_path, etc)
    disk = gpt_disk(tmp_path, (make_file_system(tmp_path, USR), USR_A), (root, "linux"))
    assert told(disk) == ("flatcar", "4081.2.0")


@pytest.mark.needs("sgdisk")
@pytest.mark.parametrize(("first", "version"), [(1, "4081.2.0"), (2, "4152.0.0")])
def test_of_two_usr_partitions_the_one_with_priority_boots(
    tmp_path: Path, first: int, version: str
) -> None:
    newer = {**USR, "lib/os-release": b"ID=flatcar\nVERSION_ID=4152.0.0\n"}
    usr_a, usr_b = make_file_system(tmp_path, USR), make_file_system(tmp_path, newer)
    disk = gpt_disk(tmp_path, (usr_a, USR_A), (usr_b, USR_A))
    assert "nothing says which" in told(disk)[0]
    run("sgdisk", "-A", f"{first}:set:48", disk)
    assert told(disk) == ("flatcar", version)


def test_a_nixos_before_its_first_boot_is_known_by_its_profile(tmp_path: Path) -> None:
    store = "nix/store/abc-nixos-system"
    tree: Tree = {
        "etc/NIXOS": b"",
        "nix/var/nix/profiles/system": Link("system-1-link"),
        "nix/var/nix/profiles/system-1-link": Link(f"/{store}"),
        f"{store}/etc": Link("/nix/store/def-etc/etc"),
        "nix/store/def-etc/etc/os-release": b'ID=nixos\nVERSION_ID="24.11"\n',
        f"{store}/sw/bin/bash": ELF_X86_64,
    }
    disk = make_disk(tmp_path, tree)
    assert told(disk) == ("nixos", "24.11")
    assert found_on(disk).architecture.value == "x86_64"


def test_an_empty_arch_release_names_arch(tmp_path: Path) -> None:
    disk = make_disk(tmp_path, {"etc/arch-release": b"", "usr/bin/env": ELF_X86_64})
    assert told(disk)[0] == "Arch Linux"


@pytest.mark.needs("mksquashfs")
def test_a_system_that_cannot_be_read_is_never_said_to_be_missing(
    tmp_path: Path,
) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "etc").mkdir()
    squashed = tmp_path / "root.squashfs"
    run("mksquashfs", tmp_path / "tree", squashed, "-quiet")
    raw = bytearray(squashed.read_bytes())
    raw[20] = 9
    squashed.write_bytes(raw)
    found = found_on(gpt_disk(tmp_path, (squashed, "linux")))
    assert found.os_type.why_not == (
        "partition 1: it is packed with method 9, which cannot be read"
    )


def test_a_whole_debian_on_disk_is_told_by_its_own_loader(tmp_path: Path) -> None:
    tree = {p[1:]: t if isinstance(t, bytes) else t.encode() for p, t in DEBIAN.items()}
    found = found_on(make_disk(tmp_path, tree, label="system"))
    assert found.root_place.value == "partition 1"
    assert found.notes == ()


@pytest.mark.needs("mkudffs", "blkid", "mkfs.ext4")
@pytest.mark.parametrize(
    ("command", "kind", "name"),
    [
        (("mkudffs", "--blocksize=512"), "udf", "UDF"),
        (("mkudffs", "--blocksize=2048"), "udf", "UDF"),
        (("mkfs.ext4", "-q", "-F", "-O", "journal_dev"), "jbd", "an external journal"),
        (("mkfs.vfat", "-F", "12", "-M", "0xf0"), "vfat", "FAT"),
        (("mkfs.vfat", "-F", "16", "-s", "1"), "vfat", "FAT"),
    ],
    ids=["UDF 512", "UDF 2048", "ext journal", "FAT12 0xF0", "FAT16"],
)
def test_what_is_on_a_whole_disk_is_called_as_blkid_calls_it(
    tmp_path: Path, command: tuple[str, ...], kind: str, name: str
) -> None:
    disk = tmp_path / "disk.raw"
    disk.write_bytes(bytes(8 * MIB))
    run(*command, disk)
    assert (
        run("blkid", "-p", "-o", "value", "-s", "TYPE", disk).decode().strip() == kind
    )
    (volume,) = find_volumes(CountingFile(disk)).volumes
    assert (volume.number, volume.kind) == (0, kind)
    header = read_file(disk)
    assert (header.detected, header.problem) == ("raw-filesystem", None)
    assert header.notes[0].startswith(name)
