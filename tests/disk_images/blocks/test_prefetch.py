"""How much of an image is read, and how often it waits: the same for every size."""

from pathlib import Path

import pytest
from disk_images.blocks.prefetch import Ahead, LookUp, Slice, Steps, side_by_side
from disk_images.blocks.source import CannotTellError
from disk_images.filesystems.detect import open_file_system
from disk_images.volumes.layout import find_volumes
from made_images import MIB, NEEDS, CountingFile, Link, Tree, make_disk

GIB = 1 << 30
KERNEL = "6.1.0-25-amd64"
# As a system has it: what is asked for stands among a lot that is not.
NOISE: dict[str, bytes | Link] = {
    f"usr/{place}/{folder}/file{n}": b"x" * (n * 700)
    for place in ("bin", "lib/x86_64-linux-gnu", "share/doc", "lib/python3")
    for folder in ("aa", "mm", "zz")
    for n in range(40)
}
TREE: Tree = {
    **NOISE,
    "usr/lib/os-release": b"ID=debian\n",
    "etc/os-release": Link("../usr/lib/os-release"),
    "etc/debian_version": b"12.7\n",
    "etc/cloud/cloud.cfg": b"users:\n",
    "etc/fstab": b"UUID=x / ext4\n",
    "bin": Link("usr/bin"),
    "lib": Link("usr/lib"),
    "usr/bin/sh": b"\x7fELF" + bytes(200_000),
    f"boot/vmlinuz-{KERNEL}": bytes(3 * MIB),
    f"boot/config-{KERNEL}": b"CONFIG_VIRTIO_BLK=m\n" * 4000,
    f"boot/initrd.img-{KERNEL}": bytes(3 * MIB),
    "boot/grub/grub.cfg": b"menuentry\n",
    f"usr/lib/modules/{KERNEL}/modules.builtin": b"kernel/\n",
}
ESP: Tree = {"EFI/BOOT/BOOTX64.EFI": b"MZ" + bytes(MIB)}
WANTED = [
    "/etc/os-release",
    "/usr/lib/os-release",
    "/etc/debian_version",
    "/etc/redhat-release",
    "/bin/sh",
    "/boot",
    f"/boot/config-{KERNEL}",
    "/boot/grub/grub.cfg",
    "/etc/cloud/cloud.cfg",
    "/etc/fstab",
    "/lib/modules",
]


@pytest.mark.parametrize("size", [40 * GIB, 2048 * GIB], ids=["40", "2048"])
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["xfs"], *NEEDS["vfat"], "sfdisk")
def test_the_findings_of_a_plain_image_cost_the_same_whatever_its_size(
    kind: str, size: int, tmp_path: Path
) -> None:
    disk = make_disk(tmp_path, TREE, file_system=kind, size_bytes=size, esp=ESP)
    source = CountingFile(disk, block=256 * 1024)
    system, root = find_volumes(source).volumes
    assert open_file_system(system).list_folder("/EFI/BOOT") == ["BOOTX64.EFI"]
    files = open_file_system(root)
    files.want(WANTED)
    for path in WANTED:
        if path in {"/boot", "/lib/modules"}:
            assert files.list_folder(path)
        elif path != "/etc/redhat-release":
            assert files.read_file(path, limit=64)
    assert files.read_file("/etc/os-release", limit=64) == b"ID=debian\n"
    assert source.trips <= 8
    assert source.requests <= 24
    assert source.bytes_read <= 6_000_000


@pytest.mark.needs(*NEEDS["ext4"])
def test_one_more_path_on_the_way_costs_no_more_round_trips(tmp_path: Path) -> None:
    disk = make_disk(tmp_path, TREE, scheme="none")
    one, many = CountingFile(disk, block=4096), CountingFile(disk, block=4096)
    open_file_system(one).want(["/usr/lib/os-release"])
    open_file_system(many).want(["/usr/lib/os-release", "/etc/fstab", "/boot", "/none"])
    assert many.trips == one.trips


@pytest.mark.needs(*NEEDS["ext4"])
def test_of_a_huge_file_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    disk = make_disk(tmp_path, {"etc/os-release": bytes(9 * MIB)}, size_bytes=64 * MIB)
    source = CountingFile(disk)
    files = open_file_system(find_volumes(source).volumes[0])
    files.want(["/etc/os-release"])
    assert len(files.read_file("/etc/os-release", limit=1000)) == 1000
    assert source.bytes_read < MIB


@pytest.mark.needs(*NEEDS["ext4"])
def test_a_volume_that_ends_too_early_is_damaged(tmp_path: Path) -> None:
    disk = make_disk(tmp_path, TREE, scheme="none", size_bytes=64 * MIB)
    with disk.open("r+b") as file:
        file.truncate(100 * 1024)
    files = open_file_system(CountingFile(disk))
    files.want(["/etc/os-release"])
    with pytest.raises(CannotTellError, match="the volume ends at byte 102,400"):
        files.read_file("/etc/os-release", limit=1)


def walk(*offsets: int) -> Steps[None]:
    """Be a look-up that needs a byte at each of these, one after the other."""
    for offset in offsets:
        yield [(offset, 1)]


def trips_of(tmp_path: Path, *walks: Steps[None]) -> int:
    """Return the round trips of look-ups that run side by side."""
    image = tmp_path / "image"
    image.write_bytes(bytes(8 * MIB))
    source = CountingFile(image)
    side_by_side(LookUp(source, steps) for steps in walks)
    return source.trips


def test_a_look_up_goes_on_with_the_bytes_that_are_here(tmp_path: Path) -> None:
    assert trips_of(tmp_path, walk(0, MIB), walk(0, 1, 2, 3, 2 * MIB)) == 2


def test_what_may_be_needed_next_is_not_waited_for(tmp_path: Path) -> None:
    def ahead() -> Steps[None]:
        yield [(0, 1), Ahead(MIB, 1)]
        yield [(1, 1), Ahead(2 * MIB, 1)]
        yield [(MIB, 1)]

    assert trips_of(tmp_path, ahead()) == 1


def test_look_ups_on_two_partitions_advance_together(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(8 * MIB))
    source = CountingFile(image)
    parts = [Slice(source, at * MIB, 4 * MIB) for at in (0, 4)]
    side_by_side(LookUp(part, walk(0, MIB, 2 * MIB)) for part in parts)
    assert source.trips == 3


def test_a_look_up_that_never_ends_is_ended(tmp_path: Path) -> None:
    def endless() -> Steps[None]:
        while True:
            yield [(0, 1)]

    assert trips_of(tmp_path, endless()) == 1
