"""Partitions and logical volumes, compared with sfdisk, sgdisk and libvslvm."""

import gzip
import json
import struct
from pathlib import Path

import pytest
import pyvslvm
from disk_images.filesystems.detect import open_file_system
from disk_images.survey import examine
from disk_images.volumes.layout import find_volumes
from disk_images.volumes.lvm import LogicalVolume, PhysicalVolume, logical_volumes
from made_images import (
    MIB,
    TYPES,
    CountingFile,
    Part,
    copy_into,
    make_disk,
    make_file_system,
    make_partitioned,
    run,
)
from memory_files import BytesSource
from repository import DATA

SECTOR = 512
TREE = {"usr/lib/os-release": b"ID=debian\n"}


def made_gpt(folder: Path) -> Path:
    esp = make_file_system(folder, {"EFI/BOOT/BOOTX64.EFI": b"MZ"}, kind="vfat")
    root = make_file_system(folder, TREE, label="cloudimg-rootfs")
    parts = [
        Part(content=None, type=TYPES["bios"], name="bios", is_active=True),
        Part(content=esp, type=TYPES["esp"], name="EFI"),
        Part(content=root, type=TYPES["root"], name="root"),
    ]
    return make_partitioned(folder / "gpt.img", parts)


@pytest.mark.needs("sfdisk", "mkfs.ext4", "mkfs.vfat", "mcopy")
def test_sfdisk_lists_the_same_partitions_of_a_gpt(tmp_path: Path) -> None:
    disk = made_gpt(tmp_path)
    theirs = json.loads(run("sfdisk", "-J", disk))["partitiontable"]["partitions"]
    ours = find_volumes(CountingFile(disk))
    assert ours.scheme == "gpt"
    assert [
        (v.offset, v.size_bytes, v.type, v.name, v.partition_uuid) for v in ours.volumes
    ] == [
        (
            p["start"] * SECTOR,
            p["size"] * SECTOR,
            p["type"],
            p["name"],
            p["uuid"].lower(),
        )
        for p in theirs
    ]


@pytest.mark.needs("sfdisk", "mkfs.ext4", "mkfs.vfat", "mcopy")
def test_what_a_gpt_partition_is_and_holds_is_told(tmp_path: Path) -> None:
    layout = find_volumes(CountingFile(made_gpt(tmp_path)))
    assert layout.warnings == ()
    assert [(v.number, v.type_name, v.flags, v.kind) for v in layout.volumes] == [
        (1, "BIOS boot", ("legacy-bios-bootable",), ""),
        (2, "EFI System", (), "vfat"),
        (3, "Linux root (x86-64)", (), "ext4"),
    ]
    assert layout.volumes[2].label == "cloudimg-rootfs"


@pytest.mark.needs("sfdisk", "mkfs.ext4", "mkfs.vfat", "mcopy")
def test_the_backup_stands_in_for_a_damaged_gpt(tmp_path: Path) -> None:
    disk = made_gpt(tmp_path)
    whole = find_volumes(CountingFile(disk)).volumes
    with disk.open("r+b") as file:
        file.seek(SECTOR + 20)
        file.write(b"\xff\xff")
    layout = find_volumes(CountingFile(disk))
    assert [v.offset for v in layout.volumes] == [v.offset for v in whole]
    assert layout.warnings == (
        "the primary GPT is damaged (the header's checksum is wrong)",
        "its backup at the end of the disk was read instead",
    )


@pytest.mark.needs("sfdisk", "mkfs.ext4", "mkfs.vfat", "mcopy")
def test_a_gpt_without_either_copy_leaves_no_volume(tmp_path: Path) -> None:
    disk = made_gpt(tmp_path)
    with disk.open("r+b") as file:
        file.seek(SECTOR)
        file.write(bytes(SECTOR))
        file.truncate(disk.stat().st_size - MIB)
    layout = find_volumes(CountingFile(disk))
    assert (layout.scheme, layout.volumes) == ("gpt", ())
    assert "cannot be read either" in layout.warnings[-1]


@pytest.mark.needs("sfdisk")
def test_sfdisk_lists_the_same_logical_partitions(tmp_path: Path) -> None:
    disk = tmp_path / "mbr.img"
    with disk.open("wb") as file:
        file.truncate(64 * MIB)
    script = "label: dos\n,8M,83,*\n,,5\n,4M,82\n,6M,8e\n,,83\n"
    run("sfdisk", "-q", disk, given=script)
    theirs = json.loads(run("sfdisk", "-J", disk))["partitiontable"]["partitions"]
    layout = find_volumes(CountingFile(disk))
    assert layout.scheme == "mbr"
    assert [(v.offset, v.size_bytes, int(v.type, 16)) for v in layout.volumes] == [
        (p["start"] * SECTOR, p["size"] * SECTOR, int(p["type"], 16)) for p in theirs
    ]
    assert [v.number for v in layout.volumes] == [1, 2, 5, 6, 7]
    assert layout.volumes[0].flags == ("active",)


@pytest.mark.needs("sfdisk")
def test_logical_partitions_that_go_round_come_to_an_end(tmp_path: Path) -> None:
    disk = tmp_path / "mbr.img"
    with disk.open("wb") as file:
        file.truncate(64 * MIB)
    run("sfdisk", "-q", disk, given="label: dos\n,,5\n,4M,83\n,4M,83\n")
    first = find_volumes(CountingFile(disk)).volumes[0].offset or 0
    with disk.open("r+b") as file:
        file.seek(first + 462 + 8)
        file.write(bytes(4))  # the first table leads to itself
    layout = find_volumes(CountingFile(disk))
    assert "lead back" in layout.warnings[0]


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "vfat", "ntfs"])
@pytest.mark.parametrize("scheme", ["gpt", "mbr", "none"])
@pytest.mark.needs(
    "sfdisk",
    "mkfs.ext4",
    "mkfs.xfs",
    "mkfs.btrfs",
    "mkfs.vfat",
    "mcopy",
    "mkntfs",
    "wimlib-imagex",
)
def test_a_file_is_read_from_the_volume_of_a_disk(
    scheme: str, kind: str, tmp_path: Path
) -> None:
    disk = make_disk(tmp_path, TREE, scheme=scheme, file_system=kind)  # type: ignore[arg-type]
    layout = find_volumes(CountingFile(disk))
    assert (layout.scheme, layout.warnings) == (scheme, ())
    volume = layout.volumes[-1]
    assert volume.kind == kind
    files = open_file_system(volume)
    assert files.read_file("/usr/lib/os-release", limit=99) == b"ID=debian\n"


@pytest.mark.needs("mkswap", "mksquashfs", "blkid")
@pytest.mark.parametrize("kind", ["swap", "squashfs"])
def test_other_kinds_are_named_as_blkid_names_them(kind: str, tmp_path: Path) -> None:
    image = tmp_path / "volume.img"
    if kind == "squashfs":
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree/file").write_bytes(b"content")
        run("mksquashfs", tmp_path / "tree", image, "-quiet", "-no-progress")
    else:
        image.write_bytes(bytes(MIB))
        run("mkswap", "-L", "SW", image)
    theirs = run("blkid", "-p", "-o", "value", "-s", "TYPE", image).decode().strip()
    (volume,) = find_volumes(CountingFile(image)).volumes
    assert volume.kind == theirs == kind


def test_an_empty_disk_holds_one_volume_of_no_kind(tmp_path: Path) -> None:
    image = tmp_path / "empty.img"
    image.write_bytes(bytes(MIB))
    layout = find_volumes(CountingFile(image))
    assert layout.scheme == "none"
    assert [(v.number, v.kind) for v in layout.volumes] == [(0, "")]


def made_lvm(folder: Path) -> Path:
    """Return a physical volume with an ext4 on its logical volume of two segments."""
    image = folder / "pv.img"
    image.write_bytes(gzip.decompress((DATA / "lvm/linear.gz").read_bytes()))
    with image.open("r+b") as file:
        file.truncate(64 * MIB)
    root = make_file_system(folder, TREE, size_bytes=32 * MIB)
    content = root.read_bytes()
    (folder / "front").write_bytes(content[: 24 * MIB])
    (folder / "back").write_bytes(content[24 * MIB :])
    copy_into(folder / "front", image, MIB)
    copy_into(folder / "back", image, MIB + 32 * MIB)
    return image


@pytest.mark.needs("sfdisk", "mkfs.ext4")
def test_libvslvm_reads_the_same_logical_volume(tmp_path: Path) -> None:
    """Of one segment: libvslvm 20260901 opens none of two ("already set")."""
    image = made_lvm(tmp_path)
    with image.open("r+b") as file:
        file.seek(MIB + 24 * MIB + 4096)
        file.write(b"swapped")
    handle = pyvslvm.handle()
    handle.open(str(image))
    with image.open("rb") as file:
        handle.open_physical_volume_files_as_file_objects([file])
        theirs = handle.get_volume_group().get_logical_volume(1)
        layout = find_volumes(CountingFile(image))
        ours = next(v for v in layout.volumes if v.name == "vg0/swap")
        assert theirs.get_size() == ours.size_bytes == 8 * MIB
        theirs.seek(4000)
        assert ours.read(4000, 4096) == theirs.read(4096)
        assert b"swapped" in ours.read(4000, 4096)


@pytest.mark.needs("mkfs.ext4", "e2fsck")
def test_e2fsck_is_content_with_a_volume_of_two_segments(tmp_path: Path) -> None:
    layout = find_volumes(CountingFile(made_lvm(tmp_path)))
    ours = next(v for v in layout.volumes if v.name == "vg0/root")
    copy = tmp_path / "copy.img"
    copy.write_bytes(ours.read(0, ours.size_bytes))
    assert copy.stat().st_size == 32 * MIB
    run("e2fsck", "-f", "-n", copy)


@pytest.mark.needs("sfdisk", "mkfs.ext4")
def test_files_are_read_from_a_logical_volume_in_a_partition(tmp_path: Path) -> None:
    part = Part(content=made_lvm(tmp_path), type=TYPES["lvm"])
    disk = make_partitioned(tmp_path / "disk.img", [part])
    layout = find_volumes(CountingFile(disk))
    assert [(v.name, v.kind) for v in layout.volumes] == [
        ("", "LVM2_member"),
        ("vg0/root", "ext4"),
        ("vg0/swap", ""),
    ]
    files = open_file_system(layout.volumes[1])
    assert files.read_file("/usr/lib/os-release", limit=99) == b"ID=debian\n"
    assert examine(CountingFile(disk)).notes == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b'"striped"', b'"thinned"', "of type thinned, and only linear, striped"),
        (b"start_extent = 6", b"start_extent = 5", "do not follow each other"),
        (b'"pv0", 0', b'"pv1", 0', "is on pv1, which is not on this disk"),
        (b"segment_count = 2", b"segment_count = x", "as segment_count"),
    ],
    ids=["another type", "a gap", "another disk", "no number"],
)
def test_a_logical_volume_that_cannot_be_read_is_named(
    old: bytes, new: bytes, problem: str, tmp_path: Path
) -> None:
    raw = gzip.decompress((DATA / "lvm/linear.gz").read_bytes())
    assert old in raw
    image = tmp_path / "pv.img"
    image.write_bytes(raw.replace(old, new) + bytes(63 * MIB))
    layout = find_volumes(CountingFile(image))
    root = next(v for v in layout.volumes if v.name == "vg0/root")
    assert problem in root.problem
    notes = examine(CountingFile(image)).notes
    assert len([note for note in notes if "vg0/root" in note]) == 1


LINEAR = b'"striped"'


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (LINEAR, b'"thin"   ', "LVM2 metadata has None as thin_pool"),
        (LINEAR, b'"cache"  ', "of type cache, and only linear"),
        (LINEAR, b'"raid1"  ', "of type raid1, and only linear"),
        (LINEAR, b'"mirror" ', "no pairs as mirrors"),
        (b"stripe_count = 1", b"stripe_count = 2", "it has 1 stripes"),
        (b'"pv0", 0', b'"pv1", 0', "is on pv1, which is not on this disk"),
    ],
    ids=["thin", "cached", "RAID", "mirrored", "striped", "on two disks"],
)
def test_of_a_root_on_another_kind_of_lvm_nothing_is_told(
    old: bytes, new: bytes, problem: str, tmp_path: Path
) -> None:
    raw = gzip.decompress((DATA / "lvm/linear.gz").read_bytes())
    assert old in raw
    image = tmp_path / "pv.img"
    image.write_bytes(raw.replace(old, new) + bytes(63 * MIB))
    found = examine(CountingFile(image))
    for answer in (found.os_type, found.architecture, found.root_place, found.virtio):
        assert not answer
        assert problem in answer.why_not
    assert found.lvm.value == "yes"


# As vgcfgbackup(8) writes it: extents of 4 sectors, data from sector 8 on.
GROUP = """vg {
id = "VG"
seqno = 1
extent_size = 4
physical_volumes {
pv0 {
id = "PV-0"
pe_start = 8
}
}
logical_volumes {
%s
}
}
"""


def logical(name: str, segment: str, *, is_visible: bool = True) -> str:
    status = '"READ", "WRITE"' + (', "VISIBLE"' if is_visible else "")
    return (
        f'{name} {{\nid = "{name}"\nstatus = [{status}]\nsegment_count = 1\n'
        f"segment1 {{\nstart_extent = 0\nextent_count = 4\n{segment}\n}}\n}}\n"
    )


def linear(at: int) -> str:
    return f'type = "striped"\nstripe_count = 1\nstripes = ["pv0", {at}]'


def volumes_of(text: str) -> dict[str, LogicalVolume]:
    data = b"".join(bytes([number]) * 512 for number in range(64))
    source = BytesSource(data)
    physical = PhysicalVolume(source=source, uuid="PV0", text=GROUP % text)
    return {volume.name: volume for volume in logical_volumes([physical])}


def sectors(volume: LogicalVolume) -> list[int]:
    assert volume.source, volume.problem
    data = volume.source.read(0, volume.size_bytes)
    return [data[at] for at in range(0, len(data), 512)]


def test_a_striped_volume_is_read_in_turns() -> None:
    stripes = (
        'type = "striped"\nstripe_count = 2\nstripe_size = 2\n'
        'stripes = ["pv0", 0, "pv0", 4]'
    )
    found = volumes_of(logical("root", stripes))["vg/root"]
    first, second = range(8, 16), range(24, 32)
    pairs = [(8 + n, 9 + n, 24 + n, 25 + n) for n in range(0, 8, 2)]
    assert sectors(found) == [number for pair in pairs for number in pair]
    assert set(sectors(found)) == {*first, *second}
    assert found.source
    assert found.source.read(3 * 512, 2 * 512) == bytes([25]) * 512 + bytes([10]) * 512


@pytest.mark.parametrize(
    "legs",
    [
        'type = "mirror"\nmirrors = ["leg_0", 0, "leg_1", 0]',
        'type = "raid1"\nraids = ["meta_0", "leg_0", "meta_1", "leg_1"]',
    ],
    ids=["mirror", "raid1"],
)
def test_a_mirror_is_read_by_the_leg_that_is_here(legs: str) -> None:
    elsewhere = linear(0).replace("pv0", "pv1")
    text = (
        logical("root", legs)
        + logical("leg_0", elsewhere, is_visible=False)
        + logical("leg_1", linear(2), is_visible=False)
    )
    (found,) = volumes_of(text).values()
    assert sectors(found) == list(range(16, 32))


def test_a_snapshot_is_known_by_the_name_that_its_user_gave_it() -> None:
    inner = 'type = "snapshot"\norigin = "root"\ncow_store = "before"'
    text = (
        logical("root", linear(0))
        + logical("before", linear(4))
        + logical("snapshot0", inner)
    )
    found = volumes_of(text)
    assert set(found) == {"vg/root", "vg/before"}
    assert found["vg/before"].problem.startswith("it is a snapshot of root")
    assert sectors(found["vg/root"]) == list(range(8, 24))


@pytest.mark.parametrize(
    ("level", "disks", "kind"),
    [
        (1, 2, "ext4"),
        (0, 1, "ext4"),
        (0, 2, "linux_raid_member"),
        (5, 3, "linux_raid_member"),
    ],
)
def test_an_array_that_one_member_holds_alone_is_read(
    level: int, disks: int, kind: str, tmp_path: Path
) -> None:
    files = make_file_system(tmp_path, {"etc/hostname": b"md\n"})
    data = files.read_bytes()
    head = bytearray(MIB)
    struct.pack_into("<II", head, 4096, 0xA92B4EFC, 1)
    struct.pack_into("<i", head, 4096 + 72, level)
    struct.pack_into("<I", head, 4096 + 92, disks)
    struct.pack_into("<QQ", head, 4096 + 128, MIB // 512, len(data) // 512)
    member = tmp_path / "member"
    member.write_bytes(bytes(head) + data)
    disk = tmp_path / "disk.raw"
    make_partitioned(disk, [Part(content=member, type=TYPES["linux"])])
    (volume,) = find_volumes(CountingFile(disk)).volumes
    assert volume.kind == kind
    if kind == "ext4":
        read = open_file_system(volume).read_file("/etc/hostname", limit=9)
        assert read == b"md\n"
