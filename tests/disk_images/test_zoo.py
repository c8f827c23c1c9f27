"""Disks of many kinds, each labelled before it was read: right, or "could not tell".

A wrong value is the worst answer. Each row says which system boots, as os-release
names it, and its version; "" means that nothing may be said of the system, and that a
reason must stand in its place.
"""

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from disk_images.findings import NO_SYSTEM, Findings
from disk_images.survey import examine
from made_images import (
    MIB,
    NEEDS,
    TYPES,
    CountingFile,
    Link,
    Part,
    Tree,
    make_file_system,
    make_partitioned,
    run,
)
from program_bytes import pe
from small_debian import ELF_X86_64

pytestmark = pytest.mark.needs(
    *NEEDS["ext4"], *NEEDS["gpt"], *NEEDS["vfat"], *NEEDS["xfs"], *NEEDS["btrfs"],
    "mkswap",
)  # fmt: skip

ROOT = "1b0f6c6e-3d5a-4c2b-9f0e-2a7d8c9b1e34"
BOOT = "2c1f6c6e-3d5a-4c2b-9f0e-2a7d8c9b1e34"
OTHER = "3d2f6c6e-3d5a-4c2b-9f0e-2a7d8c9b1e34"
GRUB_RECORD = b"\xeb\x63\x90".ljust(380, b"\0") + b"GRUB \0Geom\0Hard Disk\0"
LILO_RECORD = b"\xfa\xeb\x21\x01\xb4\x01LILO\x18\x05".ljust(400, b"\1")
GENERIC_RECORD = b"\x33\xc0\xfa".ljust(300, b"\1") + b"Missing operating system"
XBOOTLDR = "BC13C2FF-59E6-4262-A352-B275FD6F7172"
SOLARIS_ZFS = "6A898CC3-1DD2-11B2-99A6-080020736631"
FREEBSD_BOOT = "83BD6B9D-7F41-11DC-BE0B-001560B84F0F"
FREEBSD_UFS = "516E7CB6-6ECF-11D6-8FF8-00022D09712B"
FREEBSD_ZFS = "516E7CBA-6ECF-11D6-8FF8-00022D09712B"
ESP = {"EFI/BOOT/BOOTX64.EFI": pe(0x8664)}


def linux(release: str = "", more: Tree | None = None, *, uuid: str = ROOT) -> Tree:
    """Return a root; `release` is ID and version of its os-release."""
    name, _, version = release.partition(" ")
    tree: dict[str, bytes | Link | None] = {
        "etc/fstab": f"UUID={uuid} / auto defaults 0 1\n".encode(),
        "usr/bin/env": ELF_X86_64,
        "boot/.keep": b"",
    }
    if name:
        text = f'NAME="{name}"\nID={name}\nVERSION_ID="{version}"\n'
        tree["usr/lib/os-release"] = text.encode()
        tree["etc/os-release"] = Link("../usr/lib/os-release")
    return {**tree, **(more or {})}


def grub(root: str, kernel: str = "/boot/vmlinuz-6.1") -> bytes:
    return f"menuentry 'Linux' {{\n  linux {kernel} root={root} ro\n}}\n".encode()


def with_grub(release: str, uuid: str = ROOT) -> Tree:
    """Return a root with a menu of GRUB that starts it."""
    return linux(
        release,
        {
            "boot/grub/grub.cfg": grub(f"UUID={uuid}"),
            "boot/vmlinuz-6.1": b"kernel",
        },
        uuid=uuid,
    )


class Bench:
    """Makes the parts of one disk in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def path(self, name: str) -> Path:
        self._made += 1
        return self.folder / f"{self._made}-{name}"

    def ext4(self, tree: Tree, uuid: str = ROOT, *options: str, mib: int = 16) -> Path:
        return make_file_system(
            self.folder, tree, options=("-U", uuid, *options), size_bytes=mib * MIB
        )

    def xfs(self, tree: Tree, uuid: str = ROOT, *options: str) -> Path:
        given = ("-m", f"uuid={uuid}", *options)
        return make_file_system(self.folder, tree, kind="xfs", options=given)

    def btrfs(self, tree: Tree, uuid: str = ROOT) -> Path:
        return make_file_system(self.folder, tree, kind="btrfs", options=("-U", uuid))

    def esp(self, **more: bytes) -> Path:
        return make_file_system(self.folder, {**ESP, **more}, kind="vfat", label="ESP")

    def vfat(self, tree: Tree) -> Path:
        return make_file_system(self.folder, tree, kind="vfat")

    def swap(self) -> Path:
        image = self.path("swap")
        image.write_bytes(bytes(MIB))
        run("mkswap", "-q", image)
        return image

    def raw(self, data: bytes, mib: int = 2) -> Path:
        image = self.path("raw")
        with image.open("wb") as file:
            file.write(data)
            file.truncate(mib * MIB)
        return image

    def luks(self, mib: int = 32) -> Path:
        head = b"LUKS\xba\xbe\0\2".ljust(168, b"\0") + OTHER.encode()
        return self.raw(head, mib)

    def gpt(self, *parts: tuple[Path | None, str], record: bytes = b"") -> Path:
        made = [Part(content=c, type=TYPES.get(kind, kind)) for c, kind in parts]
        return self._disk(made, "gpt", record)

    def mbr(self, *parts: tuple[Path | None, str], record: bytes = b"",
            active: int = 1) -> Path:  # fmt: skip
        made = [
            Part(content=content, type=kind, is_active=number == active)
            for number, (content, kind) in enumerate(parts, start=1)
        ]
        return self._disk(made, "mbr", record)

    def _disk(self, parts: list[Part], scheme: str, record: bytes) -> Path:
        disk = make_partitioned(self.path("disk"), parts, scheme=scheme)  # type: ignore[arg-type]
        with disk.open("r+b") as file:
            file.write(record)
        return disk


def patched(image: Path, *patches: tuple[int, bytes]) -> Path:
    with image.open("r+b") as file:
        for at, data in patches:
            file.seek(at)
            file.write(data)
    return image


def behind(image: Path, data: bytes) -> Path:
    with image.open("ab") as file:
        file.write(data)
    return image


def member(content: Path, version: str, level: int = 1, disks: int = 2,
           role: int = 0) -> Path:  # fmt: skip
    """Return a member of an md array whose data are these; by md_p.h's layout."""
    data = content.read_bytes()
    if version == "0.90":
        block = struct.pack("<IIIIIIIIIII", 0xA92B4EFC, 0, 90, 0, 0, 7, 0, level,
                            len(data) // 1024, disks, disks)  # fmt: skip
        size = -(-len(data) // 65536) * 65536 + 65536
        whole = bytearray(size)
        whole[: len(data)] = data
        whole[size - 65536 : size - 65536 + len(block)] = block
    else:
        first = {"1.2": 2048, "1.1": 2048, "1.0": 0}[version]
        sectors = len(data) // 512
        whole = bytearray(first * 512 + len(data) + (16384 if version == "1.0" else 0))
        at = {"1.2": 4096, "1.1": 0, "1.0": len(whole) - 8192}[version]
        block = struct.pack(
            "<III4x16s32sQiiQIIII",
            0xA92B4EFC,
            1,
            0,
            b"0123456789abcdef",
            b"host:0",
            0,
            level,
            0,
            sectors,
            128,
            disks,
            0,
            0,
        )
        block = block.ljust(128, b"\0") + struct.pack(
            "<QQQQII", first, sectors, at // 512, 0, role, 0)  # fmt: skip
        whole[first * 512 : first * 512 + len(data)] = data
        whole[at : at + len(block)] = block
    content.write_bytes(whole)
    return content


def zpool() -> bytes:
    """Return the beginning of a ZFS vdev: its label's list, and an uberblock."""
    names = (
        b"\1\1\0\0" + bytes(8) + b"\0\0\0\1" + b"\0\0\0\x24\0\0\0\x20\0\0\0\7version"
    )
    names += b"\0\0\0\4name\0\0\0\5rpool\0\0\0\0\0\0\x09pool_guid"
    uber = struct.pack("<QQQ", 0x00BAB10C, 5000, 7)
    return bytes(16384) + names.ljust(131072 - 16384, b"\0") + uber


def extended(bench: Bench) -> Path:
    """Return an MBR with a /boot, and the root in the second logical partition."""
    boot = bench.ext4({"vmlinuz-6.1": b"k", "grub/grub.cfg": grub(f"UUID={ROOT}",
                       "/vmlinuz-6.1")}, BOOT)  # fmt: skip
    root = bench.ext4(linux("debian 12"))
    disk = bench.raw(b"", 64)
    lines = ["label: dos", "start=2048, size=32768, type=83, bootable",
             "start=36864, size=90000, type=5", "start=38912, size=2048, type=82",
             "start=43008, size=32768, type=83"]  # fmt: skip
    run("sfdisk", "-q", disk, given="\n".join(lines) + "\n")
    return patched(disk, (0, GRUB_RECORD), (2048 * 512, boot.read_bytes()),
                   (43008 * 512, root.read_bytes()))  # fmt: skip


def entry_130(bench: Bench) -> Path:
    """Return a GPT of 256 entries whose root is the 130th."""
    root = bench.ext4(with_grub("ubuntu 22.04"))
    disk = bench.raw(b"", 40)
    lines = ["label: gpt", "table-length: 256", "first-lba: 2048",
             f"130: start=20480, size=32768, type={TYPES['linux']}"]  # fmt: skip
    run("sfdisk", "-q", disk, given="\n".join(lines) + "\n")
    return patched(disk, (20480 * 512, root.read_bytes()))


def lilo(bench: Bench) -> Path:
    tree = linux("", {"etc/slackware-version": b"Slackware 14.2\n",
                    "etc/lilo.conf": b"image=/boot/vmlinuz\n root=/dev/sda1\n",
                    "etc/fstab": b"/dev/sda1 / ext4 defaults 1 1\n"})  # fmt: skip
    return bench.mbr((bench.ext4(tree), "83"), record=LILO_RECORD)


def cut(disk: Path, left: int) -> Path:
    with disk.open("r+b") as file:
        file.truncate(left)
    return disk


def mirrored(bench: Bench, version: str) -> Path:
    return bench.gpt((member(bench.ext4(with_grub("debian 12")), version), "linux"))


def both_legs(bench: Bench) -> Path:
    first = bench.ext4(with_grub("debian 12"))
    second = bench.folder / "leg"
    second.write_bytes(first.read_bytes())
    return bench.gpt(
        (member(first, "1.2"), TYPES["linux"]),
        (member(second, "1.2", role=1), TYPES["linux"]),
    )


CENTOS5: Tree = {
    "etc/redhat-release": b"CentOS release 5.11 (Final)\n",
    "etc/fstab": b"LABEL=/ / ext3 defaults 1 1\n",
    "bin/sh": ELF_X86_64,
    "usr/x": b"",
}
LEGACY = (b"default=0\ntitle CentOS (2.6.18-398.el5)\n root (hd0,0)\n"
          b" kernel /vmlinuz-2.6.18-398.el5 ro root=LABEL=/\n"
          b" initrd /initrd-2.6.18-398.el5.img\n")  # fmt: skip


def deployments(*versions: str, os: str = "fedora-coreos") -> Tree:
    tree: dict[str, bytes | Link | None] = {}
    for number, version in enumerate(versions):
        top = f"ostree/deploy/{os}/deploy/{'ab'[number] * 8}.0"
        text = f'ID=fedora\nNAME=Fedora\nVARIANT_ID=coreos\nVERSION_ID="{version}"\n'
        tree[f"{top}/etc/hostname"] = b""
        tree[f"{top}/usr/lib/os-release"] = text.encode()
        tree[f"{top}/usr/bin/env"] = ELF_X86_64
    return tree


EXTLINUX = f"LABEL l\n LINUX vmlinuz-lts\n APPEND root=UUID={ROOT} modules=ext4\n"
USR_OF_ITS_OWN = f"UUID={ROOT} / ext4\nUUID={OTHER} /usr ext4\n"
RED_HAT_6 = b"Red Hat Enterprise Linux Server release 6.10 (Santiago)\n"
SUSE_11 = b"SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n"
SYSTEMD = b"title X\nlinux /vmlinuz-6.1\ninitrd /initrd\noptions root=UUID=%s rw\n"

NOTHING = "nothing"
"""In place of a version: it is said that there is no system."""

Row = tuple[Callable[[Bench], Path], str, str]
ZOO: dict[str, Row] = {
    # RAID
    **{
        f"a mirror's member, metadata {version}": (
            partial(mirrored, version=version),
            "debian",
            "12",
        )
        for version in ("0.90", "1.0", "1.1", "1.2")
    },
    "both legs of one mirror on one disk": (both_legs, "debian", "12"),
    "a leg of RAID 0 beside a plain /boot": (
        lambda b: b.gpt(
            (
                b.ext4({"vmlinuz-6.1": b"k", "grub/grub.cfg": grub("/dev/md0")}, BOOT),
                "linux",
            ),
            (member(b.ext4(linux("debian 12")), "1.2", level=0), "linux"),
        ),
        "",
        "",
    ),
    "a leg of RAID 5": (
        lambda b: b.gpt(
            (member(b.ext4(linux("debian 12")), "1.2", level=5, disks=3), "linux")
        ),
        "",
        "",
    ),
    "the first leg of RAID 5, metadata 0.90": (
        lambda b: b.gpt(
            (
                member(
                    cut(b.ext4(linux("debian 12")), 8 * MIB), "0.90", level=5, disks=3
                ),
                "linux",
            )
        ),
        "",
        "",
    ),
    "the first leg of RAID 0, metadata 1.0": (
        lambda b: b.gpt(
            (member(cut(b.xfs(linux("debian 12")), 160 * MIB), "1.0", level=0), "linux")
        ),
        "",
        "",
    ),
    "the first leg of RAID 10 of Btrfs, metadata 1.0": (
        lambda b: b.gpt(
            (
                member(cut(b.btrfs(linux("debian 12")), 64 * MIB), "1.0", level=10),
                "linux",
            )
        ),
        "",
        "",
    ),
    # two systems
    "a dd copy of the root with the same UUID and another system's release": (
        lambda b: b.gpt(
            (b.esp(), "esp"),
            (b.ext4(with_grub("debian 12")), "linux"),
            (b.ext4(with_grub("centos 7")), "linux"),
        ),
        "",
        "",
    ),
    "a Debian on XFS, a larger Ubuntu on ext4 that GRUB's stub does not name": (
        lambda b: b.gpt(
            (
                b.esp(
                    **{"EFI/debian/grub.cfg": f"search.fs_uuid {ROOT} root\n".encode()}
                ),
                "esp",
            ),
            (b.ext4(with_grub("debian 12")), "linux"),
            (b.ext4(with_grub("ubuntu 24.04", OTHER), OTHER, mib=64), "linux"),
        ),
        "debian",
        "12",
    ),
    "two systems that share one /boot, whose default is the second": (
        lambda b: b.mbr(
            (
                b.ext4(
                    {
                        "vmlinuz-6.1": b"k",
                        "grub/grub.cfg": b'set default="1"\n'
                        + grub(f"UUID={ROOT}")
                        + grub(f"UUID={OTHER}"),
                    },
                    BOOT,
                ),
                "83",
            ),
            (b.ext4(linux("debian 12")), "83"),
            (b.ext4(linux("rocky 9.4", uuid=OTHER), OTHER), "83"),
            record=GRUB_RECORD,
        ),
        "rocky",
        "9.4",
    ),
    "a rescue system's partition beside a root on LVM that cannot be read": (
        lambda b: b.gpt(
            (b.esp(), "esp"),
            (b.ext4(linux("alpine 3.20")), "linux"),
            (b.raw(b"\0" * 512 + b"LABELONE" + bytes(16) + b"LVM2 001", 64), "lvm"),
        ),
        "",
        "",
    ),
    "a chroot of another system in a folder": (
        lambda b: b.gpt(
            (
                b.ext4(
                    {
                        **with_grub("debian 12"),
                        "srv/chroot/etc/os-release": b"ID=alpine\n",
                        "srv/chroot/bin/sh": ELF_X86_64,
                    }
                ),
                "linux",
            )
        ),
        "debian",
        "12",
    ),
    "a data partition with folders etc and lib, and no release": (
        lambda b: b.gpt(
            (b.ext4(with_grub("debian 12")), "linux"),
            (b.ext4({"etc/x": b"", "lib/y": b""}, OTHER, mib=64), "linux"),
        ),
        "debian",
        "12",
    ),
    "a /home larger than the root": (
        lambda b: b.gpt(
            (b.ext4(with_grub("debian 12")), "linux"),
            (b.ext4({"user/.bashrc": b""}, OTHER, mib=64), "linux"),
        ),
        "debian",
        "12",
    ),
    "a /usr of its own beside a root that has etc alone": (
        lambda b: b.gpt(
            (
                b.ext4(
                    {
                        "etc/fstab": USR_OF_ITS_OWN.encode(),
                        "bin": Link("usr/bin"),
                        "lib": Link("usr/lib"),
                        "usr": None,
                    }
                ),
                "linux",
            ),
            (
                b.ext4(
                    {
                        "lib/os-release": b'ID=debian\nVERSION_ID="12"\n',
                        "bin/env": ELF_X86_64,
                        "sbin/x": b"",
                        "share/y": b"",
                    },
                    OTHER,
                ),
                "linux",
            ),
        ),
        "debian",
        "12",
    ),
    # unread roots
    "LUKS beside a plain /boot": (
        lambda b: b.gpt(
            (b.esp(), "esp"),
            (
                b.ext4(
                    {"vmlinuz-6.1": b"k", "grub/grub.cfg": grub("/dev/mapper/luks")},
                    BOOT,
                ),
                "linux",
            ),
            (b.luks(), "linux"),
        ),
        "",
        "",
    ),
    "ZFS beside an ext4 /boot, type of Solaris": (
        lambda b: b.gpt(
            (b.esp(), "esp"),
            (b.ext4({"vmlinuz-6.8": b"k"}, BOOT), "linux"),
            (b.raw(zpool(), 8), SOLARIS_ZFS),
        ),
        "",
        "",
    ),
    "ZFS in a plain Linux partition": (
        lambda b: b.gpt((b.esp(), "esp"), (b.raw(zpool(), 8), "linux")),
        "",
        "",
    ),
    "ReiserFS beside an ext2 /boot": (
        lambda b: b.mbr(
            (b.ext4({"vmlinuz-2.6": b"k", "grub/menu.lst": LEGACY}, BOOT), "83"),
            (b.raw(bytes(65536 + 52) + b"ReIsEr2Fs", 40), "83"),
            record=GRUB_RECORD,
        ),
        "",
        "",
    ),
    "F2FS as root": (
        lambda b: b.gpt(
            (b.esp(), "esp"), (b.raw(bytes(1024) + b"\x10\x20\xf5\xf2", 40), "linux")
        ),
        "",
        "",
    ),
    "bcachefs as root": (
        lambda b: b.gpt(
            (b.esp(), "esp"),
            (
                b.raw(
                    bytes(4096 + 24)
                    + bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81"),
                    40,
                ),
                "linux",
            ),
        ),
        "",
        "",
    ),
    "noise in a Linux partition beside an ESP": (
        lambda b: b.gpt(
            (b.esp(), "esp"), (b.raw(bytes(range(1, 256)) * 999, 40), "linux")
        ),
        "",
        "",
    ),
    "FreeBSD on UFS": (
        lambda b: b.gpt(
            (b.raw(b"\xeb", 1), FREEBSD_BOOT),
            (b.raw(bytes(65536 + 1372) + b"\x19\x01\x54\x19", 20), FREEBSD_UFS),
        ),
        "",
        "",
    ),
    "FreeBSD on ZFS": (
        lambda b: b.gpt(
            (b.raw(b"\xeb", 1), FREEBSD_BOOT), (b.raw(zpool(), 20), FREEBSD_ZFS)
        ),
        "",
        "",
    ),
    "FreeBSD in a slice of an MBR": (
        lambda b: b.mbr(
            (b.raw(bytes(512) + b"\x57\x45\x56\x82", 20), "a5"), record=GENERIC_RECORD
        ),
        "",
        "",
    ),
    "an ESP alone": (lambda b: b.gpt((b.esp(), "esp")), "", NOTHING),
    "a live system: its root is a file on FAT": (
        lambda b: b.mbr(
            (
                b.vfat(
                    {
                        "live/filesystem.squashfs": b"hsqs",
                        "syslinux.cfg": b"LABEL live\n LINUX /vmlinuz\n",
                    }
                ),
                "0c",
            )
        ),
        "",
        "",
    ),
    # boot loaders
    "GRUB 1 with a /boot of its own": (
        lambda b: b.mbr(
            (
                b.ext4(
                    {"grub/menu.lst": LEGACY, "vmlinuz-2.6.18-398.el5": b"k"},
                    BOOT,
                    "-O",
                    "^extents,^64bit",
                ),
                "83",
            ),
            (b.ext4(CENTOS5, ROOT, "-L", "/"), "83"),
            record=GRUB_RECORD,
        ),
        "CentOS",
        "5.11",
    ),
    "extlinux on a /boot of its own": (
        lambda b: b.mbr(
            (
                b.ext4(
                    {
                        "extlinux.conf": EXTLINUX.encode(),
                        "vmlinuz-lts": b"k",
                    },
                    BOOT,
                ),
                "83",
            ),
            (
                b.ext4({**linux("alpine 3.20.3"), "etc/alpine-release": b"3.20.3\n"}),
                "83",
            ),
            record=GENERIC_RECORD,
        ),
        "alpine",
        "3.20.3",
    ),
    "LILO": (lilo, "Slackware", "14.2"),
    "systemd-boot on an Arch whose ESP is /boot": (
        lambda b: b.gpt(
            (
                b.esp(
                    **{
                        "loader/entries/arch.conf": SYSTEMD % ROOT.encode(),
                        "vmlinuz-6.1": b"k",
                        "initrd": b"\x1f\x8b",
                    }
                ),
                "esp",
            ),
            (b.ext4({**linux("arch "), "etc/arch-release": b""}), "root"),
        ),
        "arch",
        "",
    ),
    "entries on an extended boot partition of ext4": (
        lambda b: b.gpt(
            (b.esp(), "esp"),
            (
                b.ext4(
                    {
                        "loader/entries/a.conf": SYSTEMD % ROOT.encode(),
                        "vmlinuz-6.1": b"k",
                    },
                    BOOT,
                ),
                XBOOTLDR,
            ),
            (b.xfs(linux("rhel 9.4")), "root"),
        ),
        "rhel",
        "9.4",
    ),
    "loaders for BIOS and for UEFI": (
        lambda b: b.gpt(
            (b.raw(b"\1", 1), "bios"),
            (b.esp(), "esp"),
            (b.ext4(with_grub("ubuntu 24.04")), "linux"),
            record=GRUB_RECORD,
        ),
        "ubuntu",
        "24.04",
    ),
    # layouts
    "an ostree of two deployments, no entry": (
        lambda b: b.gpt((b.ext4(deployments("40", "41")), "linux")),
        "",
        "",
    ),
    "an ostree of one deployment on XFS with a /boot of its own": (
        lambda b: b.gpt(
            (b.esp(), "esp"),
            (b.ext4({"vmlinuz": b""}, BOOT), "linux"),
            (b.xfs(deployments("41")), "linux"),
        ),
        "fedora",
        "41",
    ),
    "the root in a logical partition of an MBR": (extended, "debian", "12"),
    "the 130th entry of a GPT": (entry_130, "ubuntu", "22.04"),
    "a file system on the whole disk": (
        lambda b: b.ext4(with_grub("debian 12")),
        "debian",
        "12",
    ),
    "trailing bytes behind the backup GPT": (
        lambda b: behind(b.gpt((b.ext4(with_grub("debian 12")), "linux")), b"\nend\n"),
        "debian",
        "12",
    ),
    "a disk cut off behind the root's first half": (
        lambda b: cut(
            b.gpt((b.ext4(with_grub("debian 12"), mib=64), "linux")), 40 * MIB
        ),
        "debian",
        "12",
    ),
    "os-release as a link from the top": (
        lambda b: b.gpt(
            (
                b.ext4(
                    {
                        **linux("openEuler 22.03"),
                        "etc/os-release": Link("/usr/lib/os-release"),
                    }
                ),
                "linux",
            )
        ),
        "openeuler",
        "22.03",
    ),
    "only a release file, as of Red Hat 6": (
        lambda b: b.gpt(
            (
                b.ext4(
                    linux(
                        "",
                        {"etc/redhat-release": RED_HAT_6},
                    )
                ),
                "linux",
            )
        ),
        "Red Hat Enterprise Linux Server",
        "6.10",
    ),
    "a SUSE of SuSE-release": (
        lambda b: b.gpt(
            (
                b.ext4(
                    linux(
                        "",
                        {"etc/SuSE-release": SUSE_11},
                    )
                ),
                "linux",
            )
        ),
        "SUSE Linux Enterprise Server",
        "11.4",
    ),
    "Btrfs without subvolumes": (
        lambda b: b.gpt((b.btrfs(with_grub("opensuse-leap 15.6")), "linux")),
        "opensuse-leap",
        "15.6",
    ),
    "XFS of version 4 with blocks of 1 KiB": (
        lambda b: b.gpt(
            (
                b.xfs(with_grub("centos 7"), ROOT, "-m", "crc=0", "-b", "size=1024"),
                "linux",
            )
        ),
        "centos",
        "7",
    ),
    "XFS with sectors of 4 KiB": (
        lambda b: b.gpt(
            (b.xfs(with_grub("rocky 9.4"), ROOT, "-s", "size=4096"), "linux")
        ),
        "rocky",
        "9.4",
    ),
    "ext4 with inline data": (
        lambda b: b.gpt(
            (
                b.ext4(with_grub("debian 13"), ROOT, "-O", "inline_data", "-I", "512"),
                "linux",
            )
        ),
        "debian",
        "13",
    ),
    "a swap first and a root behind": (
        lambda b: b.mbr(
            (b.swap(), "82"),
            (b.ext4(with_grub("debian 11")), "83"),
            record=GRUB_RECORD,
            active=2,
        ),
        "debian",
        "11",
    ),
}


def told(found: Findings) -> tuple[str, str]:
    name = found.release.id or found.release.name if found.release else ""
    return name, found.os_version.value


@pytest.mark.parametrize(("make", "name", "version"), ZOO.values(), ids=list(ZOO))
def test_the_system_is_told_as_labelled(
    tmp_path: Path, make: Callable[[Bench], Path], name: str, version: str
) -> None:
    found = examine(CountingFile(make(Bench(tmp_path))))
    assert told(found) == (name, version.replace(NOTHING, ""))
    if not name:
        assert found.os_name.why_not
        assert (found.os_name.why_not == NO_SYSTEM) == (version == NOTHING)


def test_a_hybrid_mbr_is_noted_in_every_container(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    disk = bench.gpt((bench.ext4(with_grub("debian 12")), "linux"))
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0x83, b"\xff" * 3, 2048, 32768)
    found = examine(CountingFile(patched(disk, (462, entry))))
    assert found.notes == (
        "its hybrid MBR lists partitions, too; those of the GPT count",
    )
    assert told(found) == ("debian", "12")
