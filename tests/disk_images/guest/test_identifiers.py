"""Whether the file systems that root= and fstab name are on the disk."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from image_import_cli.preview.inspect import inspect
from made_images import MIB, NEEDS, TYPES, Part, make_file_system, make_partitioned, run
from small_debian import DEBIAN

pytestmark = pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"])

UUID = "1b0f6c6e-3d5a-4c2b-9f0e-2a7d8c9b1e34"
OTHER = "00000000-3d5a-4c2b-9f0e-2a7d8c9b1e34"
ROOT_CHECK = "root is on this disk"
FSTAB_CHECK = "what /etc/fstab waits for is on this disk"


def make(
    folder: Path, root: str, fstab: str = "", *, scheme: str = "gpt", more: bytes = b""
) -> Path:
    """Return a disk whose boot loader names a root; it may have a second partition."""
    tree = {p[1:]: t.encode() if isinstance(t, str) else t for p, t in DEBIAN.items()}
    tree["boot/grub/grub.cfg"] = f"linux /vmlinuz root={root} ro\n".encode()
    tree["etc/fstab"] = fstab.encode()
    content = make_file_system(folder, tree, label="sys", options=("-U", UUID))
    is_gpt = scheme == "gpt"
    kind = TYPES["linux"] if is_gpt else "83"
    parts = [Part(content=content, type=kind, name="Root" if is_gpt else "")]
    if more:
        second = folder / "second"
        second.write_bytes(more.ljust(MIB, b"\0"))
        parts.append(Part(content=second, type=kind))
    return make_partitioned(folder / "disk.raw", parts, scheme=scheme)  # type: ignore[arg-type]


def checks(disk: Path) -> dict[str, Any]:
    answer = CliRunner().invoke(inspect, [str(disk), "--json"])
    told = json.loads(answer.stdout)
    return {c["requirement"]: (c["verdict"], c["seen"]) for c in told["checks"]}


@pytest.mark.parametrize(
    "root",
    [f"UUID={UUID}", f"UUID={UUID.upper()}", f"/dev/disk/by-uuid/{UUID}", "LABEL=sys",
     "PARTLABEL=Root"],
)  # fmt: skip
def test_a_root_that_is_on_the_disk_is_found(tmp_path: Path, root: str) -> None:
    assert checks(make(tmp_path, root))[ROOT_CHECK] == ("passes", "partition 1")


def test_partitions_are_known_by_what_linux_calls_them(tmp_path: Path) -> None:
    disk = make(tmp_path, "PARTUUID=12345678-01", scheme="mbr")
    run("sfdisk", "-q", "--disk-id", disk, "0x12345678")
    assert checks(disk)[ROOT_CHECK] == ("passes", "partition 1")
    disk = make(tmp_path, f"PARTUUID={OTHER}")
    run("sfdisk", "-q", "--part-uuid", disk, "1", OTHER)
    assert checks(disk)[ROOT_CHECK] == ("passes", "partition 1")


@pytest.mark.parametrize(
    "root", [f"UUID={OTHER}", "LABEL=other", "PARTUUID=12345678-01", "PARTLABEL=other"]
)
def test_a_root_that_is_on_no_volume_fails(tmp_path: Path, root: str) -> None:
    said = ("fails", f"{root} is on no volume of it")
    assert checks(make(tmp_path, root))[ROOT_CHECK] == said


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (b"LUKS\xba\xbe\0\1", "partition 2 may have the system that boots"),
        (b"", "what partition 2 holds is not seen"),
        (
            bytes(4096) + b"\xfc\x4e\x2b\xa9",
            "partition 2 may have the system that boots",
        ),
        (bytes(512) + b"LABELONE", "there is no LVM2 label"),
    ],
    ids=["encrypted", "unknown", "RAID", "LVM"],
)
def test_of_a_root_that_may_be_hidden_nobody_can_tell(
    tmp_path: Path, more: bytes, why: str
) -> None:
    disk = make(tmp_path, f"UUID={OTHER}", more=more or b"\1")
    verdict, said = checks(disk)[ROOT_CHECK]
    assert verdict == "could not tell"
    assert why in said


@pytest.mark.parametrize(
    "root",
    ["/dev/mapper/vg-root", "ZFS=rpool", f"PARTUUID={OTHER}/PARTNROFF=1",
     "LABEL=a\\x20b"],
)  # fmt: skip
def test_a_root_of_another_kind_is_not_compared(tmp_path: Path, root: str) -> None:
    assert checks(make(tmp_path, root))[ROOT_CHECK][0] == "could not tell"


FSTAB = f"""
UUID={UUID} / ext4 defaults 0 1
UUID={OTHER} none swap sw 0 0
LABEL=gone /data ext4 nofail 0 2
LABEL=late /late ext4 noauto 0 2
LABEL=lazy /lazy ext4 x-systemd.automount 0 2
/home /srv none bind 0 0
tmpfs /tmp tmpfs defaults 0 0
nas:/x /nas nfs defaults 0 0
/dev/mapper/vg-x /x xfs nofail 0 0
"""


def test_what_boot_does_not_wait_for_is_not_missed(tmp_path: Path) -> None:
    disk = make(tmp_path, f"UUID={UUID}", FSTAB)
    assert checks(disk)[FSTAB_CHECK] == ("passes", "none")


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("LABEL=gone", "what partition 2 holds is not seen"),
        ("/dev/mapper/vg-x", "it is not found by an identifier"),
    ],
)
def test_what_boot_waits_for_and_may_be_hidden_nobody_can_tell(
    tmp_path: Path, device: str, why: str
) -> None:
    fstab = f"{FSTAB}{device} /z ext4 defaults 0 2\n"
    disk = make(tmp_path, f"UUID={UUID}", fstab, more=b"\1")
    verdict, said = checks(disk)[FSTAB_CHECK]
    assert verdict == "could not tell"
    assert f"{device} (/z): {why}" in said


def test_what_boot_waits_for_and_is_elsewhere_is_advice(tmp_path: Path) -> None:
    fstab = f"{FSTAB}UUID={OTHER} /boot ext4 defaults 0 2\n"
    disk = make(tmp_path, f"UUID={UUID}", fstab)
    assert checks(disk)[FSTAB_CHECK] == ("advice", f"UUID={OTHER} (/boot)")
