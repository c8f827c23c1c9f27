"""An image of which the end is missing is told from one that is all there."""

import json
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from disk_images.blocks.mapped import MappedDisk
from disk_images.blocks.open import open_disk
from disk_images.blocks.source import CannotTellError
from image_import_cli.preview.inspect import inspect
from made_images import MIB, NEEDS, make_disk, run
from memory_files import BytesSource

FORMATS = {
    "qcow2": ("-O", "qcow2"),
    "clusters of 4 KiB": ("-O", "qcow2", "-o", "cluster_size=4096"),
    "clusters of 512 bytes": ("-O", "qcow2", "-o", "cluster_size=512"),
    "clusters of 2 MiB": ("-O", "qcow2", "-o", "cluster_size=2M"),
    "refcounts of 1 bit": ("-O", "qcow2", "-o", "refcount_bits=1"),
    "refcounts of 64 bits": ("-O", "qcow2", "-o", "refcount_bits=64"),
    "packed": ("-c", "-O", "qcow2"),
    "subclusters": ("-O", "qcow2", "-o", "extended_l2=on"),
    "allocated ahead": ("-S", "0", "-O", "qcow2", "-o", "preallocation=metadata"),
    "VHD, dynamic": ("-O", "vpc", "-o", "force_size=on"),
}
pytestmark = pytest.mark.needs("qemu-img")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk of 24 MiB with noise at both of its ends and in the middle."""
    path = tmp_path_factory.mktemp("disk") / "disk.raw"
    chance = random.Random(5)  # noqa: S311 - the same each time
    with path.open("wb") as file:
        file.truncate(24 * MIB)
        for at in (0, 11, 23):
            file.seek(at * MIB)
            file.write(chance.randbytes(MIB - 512))
    return path


def made(disk: Path, options: tuple[str, ...]) -> bytes:
    image = disk.parent / "made"
    run("qemu-img", "convert", "-f", "raw", *options, disk, image)
    return image.read_bytes()


def opened(data: bytes) -> MappedDisk:
    found = open_disk(BytesSource(data))
    assert isinstance(found, MappedDisk)
    return found


@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS.keys())
def test_a_whole_image_misses_nothing(disk: Path, options: tuple[str, ...]) -> None:
    assert opened(made(disk, options)).first_missing() is None


@pytest.mark.parametrize("kept", [0.4, 0.7])
@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS.keys())
def test_of_an_image_that_was_cut_off_something_is_missing(
    disk: Path, options: tuple[str, ...], kept: float
) -> None:
    whole = made(disk, options)
    data = whole[: int(len(whole) * kept)]
    if "vpc" in options:
        data = data[: len(data) // 512 * 512] + whole[-512:]
    missing = opened(data).first_missing()
    assert missing is not None
    assert len(data) <= missing <= len(whole)


def test_a_cluster_that_is_counted_but_not_used_is_not_missed(disk: Path) -> None:
    data = bytearray(made(disk, FORMATS["qcow2"]))
    (table,) = struct.unpack_from(">Q", data, 48)
    (block,) = struct.unpack_from(">Q", data, table)
    behind = len(data) // 65536 + 3
    data[block + 2 * behind : block + 2 * behind + 2] = b"\0\1"
    assert opened(bytes(data)).first_missing() is None


@pytest.mark.parametrize("cut", [512, 4096])
@pytest.mark.parametrize("packed_by", ["zlib", "zstd"])
def test_a_packed_cluster_without_its_end_is_missed(
    tmp_path: Path, packed_by: str, cut: int
) -> None:
    disk = tmp_path / "digits.raw"
    chance = random.Random(5)  # noqa: S311 - the same each time
    disk.write_bytes(chance.randbytes(MIB).hex().encode())
    options = ("-c", "-O", "qcow2", "-o", f"compression_type={packed_by}")
    whole = made(disk, options)
    assert opened(whole).first_missing() is None
    assert opened(whole[:-cut]).first_missing() == len(whole)


def test_a_packed_cluster_may_lack_what_its_stream_does_not_need(disk: Path) -> None:
    whole = made(disk, FORMATS["packed"])
    used = len(whole.rstrip(b"\0"))
    assert opened(whole[:used]).first_missing() is None
    assert opened(whole[: used - 40]).first_missing() == len(whole)


@pytest.mark.parametrize("cut", [1, 40_000, 65_535])
def test_a_last_cluster_that_ends_within_a_sector_is_cut(disk: Path, cut: int) -> None:
    whole = made(disk, FORMATS["qcow2"])
    assert opened(whole[:-cut]).first_missing() == len(whole)


@pytest.mark.parametrize("cut", [512, 4096, 65_024])
def test_qemu_img_check_passes_a_last_cluster_that_ends_with_a_sector(
    disk: Path, tmp_path: Path, cut: int
) -> None:
    image = tmp_path / "cut.qcow2"
    image.write_bytes(made(disk, FORMATS["qcow2"])[:-cut])
    assert b"No errors were found" in run("qemu-img", "check", image)


@pytest.mark.parametrize("cut", [512, 4096, 65_024])
def test_of_a_last_cluster_that_is_cut_nobody_can_tell(disk: Path, cut: int) -> None:
    whole = made(disk, FORMATS["qcow2"])
    why = f"the last cluster is cut {cut:,} bytes short; what stood there is read as"
    with pytest.raises(CannotTellError, match=why):
        opened(whole[:-cut]).first_missing()


@pytest.mark.parametrize("size", [24 * MIB + 512, 24 * MIB - 65024])
@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS.keys())
def test_a_disk_that_ends_within_a_cluster_misses_nothing(
    disk: Path, tmp_path: Path, options: tuple[str, ...], size: int
) -> None:
    odd = tmp_path / "odd.raw"
    odd.write_bytes(disk.read_bytes().ljust(size, b"\x5a")[:size])
    assert opened(made(odd, options)).first_missing() is None


def checklist(image: Path, **environ: str) -> dict[str, Any]:
    answer = CliRunner().invoke(inspect, [str(image), "--json"], env=environ)
    told: dict[str, Any] = json.loads(answer.stdout)
    checks = {check["requirement"]: check for check in told["checks"]}
    return {**checks["file holds all of the disk"], "exit": answer.exit_code}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with a partition of noise."""
    folder = tmp_path_factory.mktemp("system")
    chance = random.Random(5)  # noqa: S311 - the same each time
    tree = {"etc/os-release": b"ID=debian\n", "noise": chance.randbytes(4 * MIB)}
    return make_disk(folder, tree)


@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"])
def test_inspect_fails_an_image_that_was_cut_off(system: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", system, image)
    assert checklist(image)["verdict"] == "passes"
    image.write_bytes(image.read_bytes()[: 2 * MIB])
    check = checklist(image)
    assert (check["verdict"], check["exit"]) == ("fails", 1)
    assert check["seen"].endswith("the file has 2,097,152; it is truncated or damaged")


@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"])
def test_inspect_fails_a_disk_that_was_made_smaller_than_its_partitions(
    system: Path, tmp_path: Path
) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", system, image)
    run("qemu-img", "resize", "-q", "--shrink", image, "9M")
    check = checklist(image)
    assert (check["verdict"], check["exit"]) == ("fails", 1)
    assert check["seen"].startswith("partition 1 ends at byte 17,825,792 of the disk")


@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"])
def test_a_packed_cluster_that_is_damaged_fails_an_image_of_full_length(
    system: Path, tmp_path: Path
) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", system, image)
    data = bytearray(image.read_bytes())
    (table,) = struct.unpack_from(">Q", data, struct.unpack_from(">Q", data, 40)[0])
    # The partition's superblock is behind the first MiB, in the 17th cluster.
    (entry,) = struct.unpack_from(">Q", data, (table & (1 << 56) - 1) + 16 * 8)
    at = entry & (1 << 54) - 1
    data[at : at + 8] = b"\xff" * 8
    image.write_bytes(data)
    check = checklist(image)
    assert (check["verdict"], check["exit"]) == ("fails", 1)
    assert check["seen"].startswith("a piece cannot be unpacked by zlib")


@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"])
def test_an_image_that_is_too_short_for_a_look_fails_as_cut_off(
    system: Path, tmp_path: Path
) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", system, image)
    image.write_bytes(image.read_bytes()[: 4 * 65536])
    check = checklist(image)
    assert (check["verdict"], check["exit"]) == ("fails", 1)
    assert check["seen"].startswith("an L2 table begins at byte 262,144, but the file")


@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"])
@pytest.mark.parametrize("cut", [512, 300], ids=["footer", "part of it"])
def test_a_fixed_vhd_without_its_footer_does_not_pass_as_raw(
    system: Path, tmp_path: Path, cut: int
) -> None:
    image = tmp_path / "disk.vhd"
    options = ("-O", "vpc", "-o", "subformat=fixed,force_size=on")
    run("qemu-img", "convert", "-f", "raw", *options, system, image)
    assert checklist(image)["verdict"] == "passes"
    image.write_bytes(image.read_bytes()[:-cut])
    check = checklist(image)
    assert check["verdict"] == "could not tell"
    assert check["seen"].startswith("it is named as a VHD and has no footer")
    report = CliRunner().invoke(inspect, [str(image)], env={"COLUMNS": "150"}).stdout
    note = "disk.vhd is named as vhd but its bytes say raw-gpt; the bytes count"
    assert f"note: {note}" in report
