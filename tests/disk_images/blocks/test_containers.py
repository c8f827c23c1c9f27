"""VMDK, VHDX and VDI, every byte; qemu-img is the oracle where it writes them."""

import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from disk_images.blocks.open import open_disk
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.blocks.vhdx import open_vhdx
from made_images import run
from made_vhdx import with_log
from made_vmdk import stream_optimized
from memory_files import BytesSource

MIB = 1 << 20
SIZE = 5 * MIB + 512 * 7

WRITTEN_BY_QEMU = {
    "VMDK": ("vmdk",),
    "VMDK of version 6": ("vmdk", "compat6=on"),
    "VMDK with zero grains": ("vmdk", "zeroed_grain=on"),
    "VMDK, flat": ("vmdk", "subformat=monolithicFlat"),
    "VMDK in several flat extents": ("vmdk", "subformat=twoGbMaxExtentFlat"),
    "VMDK in several sparse extents": ("vmdk", "subformat=twoGbMaxExtentSparse"),
    "VMDK, streamOptimized": ("vmdk", "subformat=streamOptimized"),
    "VHDX": ("vhdx", "block_size=1M"),
    "VHDX, fixed": ("vhdx", "subformat=fixed,block_size=1M"),
    "VHDX, zero blocks": ("vhdx", "block_state_zero=off,block_size=2M"),
    "VDI": ("vdi",),
    "VDI, fixed": ("vdi", "static=on"),
}


def patchy(size: int) -> bytes:
    """Return a disk of zeros, text and noise."""
    chance = random.Random(size)  # noqa: S311 - the same each time
    disk = bytearray(size)
    for _ in range(8):
        length = chance.choice([512, 70_000, 200_000])
        at = chance.randrange(0, max(1, size - length), 512)
        text = b"%d all work and no play " % length
        noise = chance.randbytes(length)
        piece = noise if chance.random() < 0.5 else (text * length)[:length]
        disk[at : at + length] = piece[: size - at]
    return bytes(disk)


def beside(folder: Path) -> Callable[[str], Source]:
    return lambda name: BytesSource((folder / name).read_bytes())


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize(
    "options", WRITTEN_BY_QEMU.values(), ids=WRITTEN_BY_QEMU.keys()
)
def test_every_byte_is_what_qemu_img_was_given(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    disk = patchy(SIZE)
    (tmp_path / "disk.raw").write_bytes(disk)
    kind, *more = options
    arguments = [word for option in more for word in ("-o", option)]
    made = tmp_path / "made.image"
    run(
        "qemu-img", "convert", "-f", "raw", "-O", kind, *arguments,
        tmp_path / "disk.raw", made,
    )  # fmt: skip
    opened = open_disk(BytesSource(made.read_bytes()), open_beside=beside(tmp_path))
    assert opened.size_bytes >= len(disk)
    assert opened.read(0, opened.size_bytes) == disk.ljust(opened.size_bytes, b"\0")
    assert opened.read(123_457, 300_001) == disk[123_457 : 123_457 + 300_001]


@pytest.mark.parametrize("tables", ["in front", "at the end", "interleaved"])
def test_a_stream_is_read_wherever_its_tables_stand(tables: str) -> None:
    disk = patchy(SIZE)
    opened = open_disk(BytesSource(stream_optimized(disk, tables=tables)))
    assert opened.read(0, len(disk)) == disk


def test_a_grain_that_is_marked_as_another_is_damage() -> None:
    disk = b"x" * 65536 * 3
    file = bytearray(stream_optimized(disk, tables="in front"))
    at = file.index(struct.pack("<Q", 128), 512)
    file[at : at + 8] = struct.pack("<Q", 256)
    opened = open_disk(BytesSource(bytes(file)))
    with pytest.raises(DamagedError, match="a grain says that it begins at sector"):
        opened.read(0, len(disk))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('RW 8 FLAT "../../etc/shadow" 0', "plain name"),
        ('RW 8 FLAT "/etc/shadow" 0', "plain name"),
        ('RW 8 FLAT "http://web/disk" 0', "plain name"),
        ('RW 8 FLAT "nbd:host:1" 0', "plain name"),
        ('RW 8 FLAT ".." 0', "plain name"),
        ('RW 8 SESPARSE "a-sesparse.vmdk"', "snapshot"),
        ('RW 8 VMFSSPARSE "a-delta.vmdk"', "snapshot"),
        ('RW 8 VMFSRDM "a-rdm.vmdk"', "a device"),
        ('parentCID=12345678\nparentFileNameHint="base.vmdk"\nRW 8 ZERO', "base.vmdk"),
        ('encryption.keySafe = "vmware:key/list"\nRW 8 ZERO', "encrypted"),
        ("", "names no extent"),
        ('RW 8 FLAT "there-is-none.vmdk" 0', "another file"),
    ],
)
def test_a_descriptor_that_points_elsewhere_is_refused(text: str, why: str) -> None:
    file = f'# Disk DescriptorFile\ncreateType="monolithicFlat"\n{text}\n'.encode()
    with pytest.raises(CannotTellError, match=why):
        open_disk(BytesSource(file))


def test_a_flat_extent_shorter_than_its_descriptor_is_truncated() -> None:
    text = b'# Disk DescriptorFile\ncreateType="vmfs"\nRW 9 VMFS "a-flat.vmdk"\n'
    with pytest.raises(DamagedError, match="cut short"):
        open_disk(BytesSource(text), open_beside=lambda _: BytesSource(bytes(8 * 512)))


@pytest.mark.needs("qemu-img")
def test_the_newer_header_of_a_vhdx_counts(tmp_path: Path) -> None:
    file = small_vhdx(tmp_path)
    for at in (0x10000, 0x20000):
        broken = bytearray(file)
        broken[at + 100] ^= 1
        assert open_vhdx(BytesSource(bytes(broken))).size_bytes == MIB
    both = bytearray(file)
    both[0x10000 + 100] ^= 1
    both[0x20000 + 100] ^= 1
    with pytest.raises(DamagedError, match="neither of its two headers"):
        open_vhdx(BytesSource(bytes(both)))


def small_vhdx(folder: Path) -> bytes:
    made = folder / "small.vhdx"
    run(
        "qemu-img",
        "create",
        "-f",
        "vhdx",
        "-o",
        "block_size=1M,log_size=1M",
        made,
        "1M",
    )
    return made.read_bytes()


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("kind", ["vmdk", "vhdx", "vdi"])
def test_a_container_cut_anywhere_is_damage_or_another_format(
    tmp_path: Path, kind: str
) -> None:
    disk = patchy(MIB)
    (tmp_path / "disk.raw").write_bytes(disk)
    made = tmp_path / "made"
    run("qemu-img", "convert", "-f", "raw", "-O", kind, tmp_path / "disk.raw", made)
    whole = made.read_bytes()
    chance = random.Random(5)  # noqa: S311 - the same each time
    for _ in range(60):
        cut = whole[: chance.randrange(600, len(whole) - MIB // 2)]
        with pytest.raises(CannotTellError):
            _read_all(cut, len(disk))


def _read_all(file: bytes, size: int) -> None:
    opened = open_disk(BytesSource(file))
    if opened.size_bytes != size or not opened.read(0, size).strip(b"\0"):
        raise CannotTellError("it is another disk")


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("kind", ["vmdk", "vhdx", "vdi"])
def test_a_damaged_table_ends_in_an_answer(tmp_path: Path, kind: str) -> None:
    (tmp_path / "disk.raw").write_bytes(patchy(MIB))
    made = tmp_path / "made"
    run("qemu-img", "convert", "-f", "raw", "-O", kind, tmp_path / "disk.raw", made)
    whole = made.read_bytes()
    chance = random.Random(6)  # noqa: S311 - the same each time
    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(chance.choice([1, 4, 16])):
            broken[chance.randrange(min(4096, len(broken)))] = chance.randrange(256)
        try:
            opened = open_disk(BytesSource(bytes(broken)))
            opened.read(0, min(MIB, opened.size_bytes))
        except CannotTellError:
            continue


@pytest.mark.needs("qemu-img")
def test_the_log_of_a_vhdx_is_replayed_as_qemu_img_repairs_it(tmp_path: Path) -> None:
    file = written_vhdx(tmp_path)
    table = 0x200000
    bat = bytearray(file[table : table + 4096])
    assert bat[:8] != bytes(8)
    bat[:8] = struct.pack("<Q", 2)
    dirty = with_log(file, at=table, sector=bytes(bat))
    opened = open_disk(BytesSource(dirty))
    seen = opened.read(0, 2 * MIB)
    (tmp_path / "dirty.vhdx").write_bytes(dirty)
    run("qemu-img", "check", "-q", "-r", "all", tmp_path / "dirty.vhdx")
    run(
        "qemu-img", "convert", "-O", "raw", tmp_path / "dirty.vhdx", tmp_path / "back",
    )  # fmt: skip
    assert seen == (tmp_path / "back").read_bytes()
    assert not any(seen[:MIB])
    assert any(seen[MIB:])


@pytest.mark.needs("qemu-img")
def test_a_torn_log_of_a_vhdx_is_never_left_out(tmp_path: Path) -> None:
    file = written_vhdx(tmp_path)
    torn = with_log(file, at=0x200000, sector=bytes(4096), tear=True)
    with pytest.raises(DamagedError, match="the log has no entry"):
        open_disk(BytesSource(torn))


def written_vhdx(folder: Path) -> bytes:
    (folder / "disk.raw").write_bytes(b"first".ljust(MIB, b".") + b"second" * 1000)
    made = folder / "made.vhdx"
    run(
        "qemu-img", "convert", "-f", "raw", "-O", "vhdx", "-o", "block_size=1M",
        folder / "disk.raw", made,
    )  # fmt: skip
    return made.read_bytes()
