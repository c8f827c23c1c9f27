"""Every byte of a virtual disk, with qemu-img as the oracle; and hostile ones."""

import random
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from disk_images.blocks.open import open_disk
from disk_images.blocks.remote import Bounded, Budget
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES, read_header
from made_images import run
from memory_files import BytesSource

MIB = 1 << 20
SIZE = 48 * MIB + 512 * 7
OFFSETS = 10_000

FORMATS = {
    "qcow2": ("-O", "qcow2"),
    "qcow2 of version 2": ("-O", "qcow2", "-o", "compat=0.10"),
    "qcow2, clusters of 4 KiB": ("-O", "qcow2", "-o", "cluster_size=4096"),
    "qcow2, clusters of 2 MiB": ("-O", "qcow2", "-o", "cluster_size=2M"),
    "qcow2 packed by zlib": ("-c", "-O", "qcow2"),
    "qcow2 packed, 4 KiB": ("-c", "-O", "qcow2", "-o", "cluster_size=4096"),
    "qcow2 packed by zstd": ("-c", "-O", "qcow2", "-o", "compression_type=zstd"),
    "qcow2 with subclusters": ("-O", "qcow2", "-o", "extended_l2=on,cluster_size=64k"),
    "qcow2 allocated ahead": ("-S", "0", "-O", "qcow2", "-o", "preallocation=metadata"),
    "VHD, dynamic": ("-O", "vpc", "-o", "force_size=on"),
    "VHD, fixed": ("-O", "vpc", "-o", "subformat=fixed,force_size=on"),
    "raw": ("-O", "raw"),
}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk of holes, of text that packs well, and of noise that does not."""
    path = tmp_path_factory.mktemp("disk") / "disk.raw"
    chance = random.Random(7)  # noqa: S311 - the same each time
    with path.open("wb") as file:
        file.truncate(SIZE)
        for _ in range(60):
            file.seek(chance.randrange(0, SIZE - 300_000, 512))
            length = chance.choice([512, 5_000, 70_000, 200_000])
            kind = chance.random()
            text = (b"%d all work and no play " % length) * (length // 20 + 1)
            data = chance.randbytes(length) if kind < 0.4 else text[:length]
            file.write(data)
    return path


def source_of(file: Path) -> Source:
    """Return the disk as an inspection opens it."""
    data = file.read_bytes()
    header = read_header(
        data[:HEAD_BYTES], data[-TAIL_BYTES:], object_size_bytes=len(data)
    )
    bounded = Bounded(
        fetch=lambda offset, count: data[offset : offset + count],
        size_bytes=len(data),
        budget=Budget(seconds=600, most_bytes=1 << 30, most_requests=100_000),
        block_bytes=64 * 1024,
    )
    return open_disk(bounded, header)


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS.keys())
def test_every_byte_is_what_qemu_img_converts_to(
    disk: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    made, back = tmp_path / "made", tmp_path / "back.raw"
    run("qemu-img", "convert", "-f", "raw", *options, disk, made)
    kind = "vpc" if "vpc" in options else options[options.index("-O") + 1]
    run("qemu-img", "convert", "-f", kind, "-O", "raw", made, back)
    expected = back.read_bytes()
    source = source_of(made)
    assert source.size_bytes == len(expected)
    chance = random.Random(11)  # noqa: S311 - the same each time
    for _ in range(OFFSETS):
        offset = chance.randrange(len(expected))
        count = chance.choice([1, 8, 512, 4096, 100_000])
        data = source.read(offset, count)
        assert data == expected[offset : offset + count], (offset, count)


@pytest.mark.needs("qemu-img")
def test_what_was_wanted_is_read_without_another_request(
    disk: Path, tmp_path: Path
) -> None:
    made = tmp_path / "made.qcow2"
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk, made)
    asked: list[int] = []
    data = made.read_bytes()

    def fetch(offset: int, count: int) -> bytes:
        asked.append(offset)
        return data[offset : offset + count]

    budget = Budget(seconds=600, most_bytes=1 << 30)
    bounded = Bounded(fetch=fetch, size_bytes=len(data), budget=budget)
    source = open_disk(bounded)
    ranges = [(n * 5 * MIB, 100_000) for n in range(9)]
    source.want(ranges)
    before = len(asked)
    for offset, count in ranges:
        source.read(offset, count)
    assert len(asked) == before


def qcow2(l1: int = 0x30000, size: int = MIB, bits: int = 16, **said: int) -> bytearray:
    head = struct.pack(
        ">4sIQIIQIIQQI", b"QFI\xfb", 3, said.get("backing", 0),
        said.get("backing_size", 0), bits, size, said.get("crypt", 0),
        said.get("l1_size", 1), l1, 0x10000, 1,
    )  # fmt: skip
    head = head.ljust(72, b"\0") + struct.pack(">Q", said.get("features", 0))
    head = head.ljust(96, b"\0") + struct.pack(">II", 4, 104)
    return bytearray(head.ljust(0x60000, b"\0"))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (qcow2(backing=1024, backing_size=4), "differs from its backing file"),
        (qcow2(crypt=2), "encrypted"),
        (qcow2(features=4), "in another file"),
        (qcow2(features=1 << 40), "not known"),
        (qcow2(bits=63), "cluster_bits is 63"),
        (qcow2(l1_size=0), "l1_size is 0"),
        (qcow2(l1=1 << 50), "L1 table"),
        (bytearray(b"QFI\xfb"), "qcow2 header"),
    ],
)
def test_a_qcow2_that_needs_more_than_itself_says_so(file: bytearray, why: str) -> None:
    with pytest.raises(CannotTellError, match=why):
        open_disk(BytesSource(bytes(file))).read(0, 512)


def test_clusters_that_refer_to_the_tables_themselves_end() -> None:
    file = qcow2()
    file[0x30000:0x30008] = struct.pack(">Q", 0x30000)
    data = open_disk(BytesSource(bytes(file))).read(0, MIB)
    assert len(data) == MIB


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (1 << 62 | 0x50000, "unpacked by zlib"),
        (0x50200, "a multiple of the cluster size"),
        (0x50_0000_0000, "a cluster begins at byte"),
        (1 << 62 | 0x50_0000_0000, "a compressed cluster begins at byte"),
    ],
)
def test_a_cluster_that_is_nowhere_or_nonsense_is_damaged(entry: int, why: str) -> None:
    file = qcow2()
    file[0x30000:0x30008] = struct.pack(">Q", 0x40000)
    file[0x40000:0x40008] = struct.pack(">Q", entry)
    file[0x50000:0x50100] = b"\xff" * 256
    with pytest.raises(DamagedError, match=why):
        open_disk(BytesSource(bytes(file))).read(0, 512)


def test_more_than_a_file_ever_holds_is_not_read_at_once() -> None:
    disk = open_disk(BytesSource(bytes(qcow2(size=512 * MIB))))
    with pytest.raises(CannotTellError, match="expected at most"):
        disk.read(0, 256 * MIB)


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("options", ["", "subformat=fixed"], ids=["dynamic", "fixed"])
def test_a_vhd_cut_or_damaged_anywhere_is_zeros_or_an_answer(
    tmp_path: Path, options: str
) -> None:
    made = tmp_path / "made.vhd"
    run("qemu-img", "create", "-f", "vpc", *(["-o", options] if options else []),
        made, "4M")  # fmt: skip
    whole = made.read_bytes()
    chance = random.Random(3)  # noqa: S311 - the same each time
    answers = 0
    for cut in range(0, 4096, 61):
        damaged = bytearray(whole)
        damaged[cut : cut + 8] = chance.randbytes(8)
        for data in (whole[:cut], bytes(damaged)):
            with suppress(CannotTellError):
                answers += len(open_disk(BytesSource(data)).read(0, 4096)) == 4096
    assert answers


def test_a_qcow2_cut_anywhere_is_zeros_or_an_answer() -> None:
    whole = bytes(qcow2())
    for cut in range(0, 0x60000, 4099):
        with suppress(CannotTellError):
            data = open_disk(BytesSource(whole[:cut])).read(0, 4096)
            assert len(data) <= 4096
