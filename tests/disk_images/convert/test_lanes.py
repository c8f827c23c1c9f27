"""Each lane's target, held against the source by qemu-img."""

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from disk_images.blocks.mapped import MappedDisk
from disk_images.blocks.open import open_disk
from disk_images.blocks.source import Fetched
from disk_images.convert.map_lane import plan_map
from disk_images.convert.parts import ConversionPlan, PartLimits
from disk_images.convert.stream_lane import StreamedQcow2
from disk_images.convert.wrap_lane import DoesNotFitError, plan_wrap
from made_vmdk import stream_optimized

pytestmark = pytest.mark.needs("qemu-img")

MIB = 1024**2
LIMITS = PartLimits(
    usual_bytes=MIB, smallest_bytes=100 * 1024, largest_copy_bytes=5 * MIB
)
WRAP_LIMITS = PartLimits(usual_bytes=MIB)
SIZES = (512, 65_536, 66_048, 3 * MIB - 512, 33 * MIB + 512, 100 * MIB + 65_536)
BLOCKS = {
    "vmdk": ("vmdk", "subformat=monolithicSparse"),
    "vmdk-zeros": ("vmdk", "subformat=monolithicSparse,zeroed_grain=on"),
    "vhdx": ("vhdx", "subformat=dynamic"),
    "vhdx-fixed": ("vhdx", "subformat=fixed"),
    "vhdx-1M": ("vhdx", "block_size=1048576"),
    "vdi": ("vdi", "static=off"),
    "vdi-static": ("vdi", "static=on"),
}
PACKED = {"vmdk-stream": ("vmdk", "subformat=streamOptimized")}
ALL = {**BLOCKS, **PACKED}


def sample(path: Path, size: int) -> None:
    """Write a sparse disk with a few runs of data, one of them up to its end."""
    chance = random.Random(size)  # noqa: S311 - a plan of bytes
    with path.open("wb") as file:
        file.truncate(size)
        for _ in range(8):
            file.seek(chance.randrange(size))
            file.write(chance.randbytes(chance.randrange(1, 90_000)))
        file.truncate(size)
        file.seek(-min(size, 700), os.SEEK_END)
        file.write(b"end" * 233 + b"!" if size >= 700 else b"end")


def source(path: Path) -> Fetched:
    data = path.read_bytes()
    return Fetched(fetch=lambda at, n: data[at : at + n], size_bytes=len(data))


def write(plan: ConversionPlan, made_of: Path, target: Path) -> None:
    """Write the parts in the wrong order, which must not matter."""
    data = made_of.read_bytes()
    with target.open("wb") as file:
        for part in reversed(plan.parts):
            start = part.copied_from
            made = part.make() if part.make else data[start : start + part.size_bytes]
            assert len(made) == part.size_bytes
            file.seek(part.offset)
            file.write(made)


def qemu_img(*arguments: str) -> None:
    subprocess.run(["qemu-img", *arguments], check=True, capture_output=True)


def is_sound_and_the_same(target: Path, original: Path, driver: str) -> None:
    qemu_img("check", "-q", "-f", "qcow2", str(target))
    qemu_img("compare", "-q", "-f", "qcow2", "-F", driver, str(target), str(original))


@pytest.fixture(params=SIZES, ids=lambda size: f"{size:,}")
def raw(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    sample(path, request.param)
    return path


@pytest.mark.parametrize("kind", list(ALL))
def test_a_mapped_disk_is_what_qemu_img_reads_in_the_source(
    kind: str, raw: Path, tmp_path: Path
) -> None:
    driver, options = ALL[kind]
    made, target = tmp_path / "source", tmp_path / "target.qcow2"
    qemu_img("convert", "-O", driver, "-o", options, str(raw), str(made))
    disk = open_disk(source(made))
    assert isinstance(disk, MappedDisk)
    write(plan_map(disk, reason="", limits=LIMITS), made, target)
    is_sound_and_the_same(target, made, driver)


@pytest.mark.parametrize("kind", list(BLOCKS))
def test_a_wrapped_disk_is_what_qemu_img_reads_in_the_source(
    kind: str, raw: Path, tmp_path: Path
) -> None:
    driver, options = BLOCKS[kind]
    made, target = tmp_path / "source", tmp_path / "target.qcow2"
    qemu_img("convert", "-O", driver, "-o", options, str(raw), str(made))
    disk = open_disk(source(made))
    assert isinstance(disk, MappedDisk)
    size = made.stat().st_size
    plan = plan_wrap(disk, source_bytes=size, reason="", limits=LIMITS)
    assert plan.copied_bytes == size
    sizes = [part.size_bytes for part in plan.parts]
    assert min(sizes[:-1]) >= LIMITS.smallest_bytes
    write(plan, made, target)
    is_sound_and_the_same(target, made, driver)


@pytest.mark.parametrize("tables", ["of qemu-img", "in front", "at the end"])
def test_wrapped_grains_are_what_qemu_img_reads_in_the_source(
    tables: str, raw: Path, tmp_path: Path
) -> None:
    made, target = tmp_path / "disk.vmdk", tmp_path / "target.qcow2"
    if tables == "of qemu-img":
        driver, options = PACKED["vmdk-stream"]
        qemu_img("convert", "-O", driver, "-o", options, str(raw), str(made))
    else:
        made.write_bytes(stream_optimized(raw.read_bytes(), tables=tables))
    disk = open_disk(source(made))
    assert isinstance(disk, MappedDisk)
    size = made.stat().st_size
    plan = plan_wrap(disk, source_bytes=size, reason="", limits=WRAP_LIMITS)
    assert plan.copied_bytes == size
    write(plan, made, target)
    # The tables by `check`, the data by `compare`: a short last grain passes the first.
    is_sound_and_the_same(target, raw, "raw")
    own = open_disk(source(target))
    data = raw.read_bytes()
    for at in range(0, len(data), 4 * MIB):
        assert own.read(at, 4 * MIB) == data[at : at + 4 * MIB]


def test_grains_at_one_place_are_not_wrapped() -> None:
    data = bytearray(stream_optimized(b"grains!!" * MIB, tables="in front"))
    directory = int.from_bytes(data[56:64], "little") * 512
    table = int.from_bytes(data[directory : directory + 4], "little") * 512
    data[table + 4 : table + 8] = data[table : table + 4]
    disk = open_disk(
        Fetched(fetch=lambda at, n: bytes(data[at : at + n]), size_bytes=len(data))
    )
    assert isinstance(disk, MappedDisk)
    with pytest.raises(DoesNotFitError, match="one place"):
        plan_wrap(disk, source_bytes=len(data), reason="", limits=WRAP_LIMITS)


def pieces(path: Path, count: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(count):
            yield piece


@pytest.mark.parametrize("count", [4096, 100_003, 4 * MIB])
def test_a_streamed_disk_is_what_qemu_img_reads_in_the_source(
    count: int, raw: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target.qcow2"
    growing = StreamedQcow2(largest_bytes=1 << 40)
    numbers = []
    with target.open("wb") as file:
        for number, offset, data in growing.parts(pieces(raw, count), LIMITS):
            numbers.append(number)
            file.seek(offset)
            file.write(data)
    assert numbers[-1] == 1
    assert numbers[:-1] == sorted(numbers[:-1])
    is_sound_and_the_same(target, raw, "raw")


@pytest.mark.parametrize(("driver", "most"), [("vdi", 64), ("vmdk", 2 * 1024)])
def test_what_was_never_written_is_few_runs(
    driver: str, most: int, tmp_path: Path
) -> None:
    made = tmp_path / "source"
    qemu_img("create", "-f", driver, str(made), "64G")
    disk = open_disk(source(made))
    assert isinstance(disk, MappedDisk)
    runs = list(disk.runs(0, disk.size_bytes))
    assert sum(run.count for run in runs) == 64 * 1024 * MIB
    assert all(run.at is None for run in runs)
    assert len(runs) <= most
