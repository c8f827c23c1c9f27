"""What exporters rarely write, and what only a hostile hand does."""

import io
import random
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from disk_images.blocks.source import CannotTellError, DamagedError
from disk_images.convert.choose import ConversionOrder, choose
from made_ovf import ovf
from made_vmdk import stream_optimized
from memory_targets import converted, source_of

MIB = 1024**2
DISK = random.Random(1).randbytes(300_032) + bytes(MIB) + b"end".ljust(512)  # noqa: S311


def qemu_img(*arguments: str | Path) -> None:
    subprocess.run(["qemu-img", *arguments], check=True, capture_output=True)


def written(folder: Path, disk: bytes, driver: str, options: str) -> bytes:
    raw, made = folder / "raw", folder / "made"
    raw.write_bytes(disk)
    qemu_img("convert", "-f", "raw", "-O", driver, "-o", options, raw, made)
    return made.read_bytes()


def same_to_qemu(folder: Path, source: bytes, driver: str) -> None:
    """Convert, and have qemu-img compare the target with the source."""
    made, target = folder / "made", folder / "target.qcow2"
    made.write_bytes(source)
    target.write_bytes(converted(source)[0])
    qemu_img("check", "-q", "-f", "qcow2", target)
    qemu_img("compare", "-q", "-f", "qcow2", "-F", driver, target, made)


def changed(data: bytes, at: int, layout: str, *values: int) -> bytes:
    made = bytearray(data)
    struct.pack_into(layout, made, at, *values)
    return bytes(made)


def refusal(data: bytes, order: ConversionOrder | None = None) -> str:
    with pytest.raises(CannotTellError) as caught:
        converted(data, order)
    return str(caught.value)


@pytest.mark.needs("qemu-img")
def test_a_vdi_block_that_is_zeros_is_what_qemu_img_reads(tmp_path: Path) -> None:
    vdi = written(tmp_path, DISK, "vdi", "static=on")
    (map_at,) = struct.unpack_from("<I", vdi, 340)
    same_to_qemu(tmp_path, changed(vdi, map_at, "<I", 0xFFFFFFFE), "vdi")


@pytest.mark.needs("qemu-img")
def test_a_vdi_with_bytes_before_each_block_is_read_without_them(
    tmp_path: Path,
) -> None:
    vdi = written(tmp_path, DISK, "vdi", "static=on")
    (data_at,) = struct.unpack_from("<I", vdi, 344)
    blocks = [vdi[at : at + MIB] for at in range(data_at, len(vdi), MIB)]
    extra = b"".join(bytes(512) + block for block in blocks)
    made, _ = converted(changed(vdi[:data_at] + extra, 380, "<I", 512))
    target, raw = tmp_path / "target", tmp_path / "raw"
    target.write_bytes(made)
    qemu_img("check", "-q", "-f", "qcow2", target)
    qemu_img("compare", "-q", "-f", "qcow2", "-F", "raw", target, raw)


@pytest.mark.needs("qemu-img")
def test_two_vdi_blocks_at_one_place_are_written_twice(tmp_path: Path) -> None:
    vdi = written(tmp_path, DISK, "vdi", "static=on")
    (map_at,) = struct.unpack_from("<I", vdi, 340)
    twice = changed(vdi, map_at, "<II", 0, 0)
    assert converted(twice)[1] == "map"
    same_to_qemu(tmp_path, twice, "vdi")


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("state", [0, 1, 2, 3])
def test_a_vhdx_block_that_is_not_there_is_zeros(tmp_path: Path, state: int) -> None:
    vhdx = written(tmp_path, DISK, "vhdx", "block_size=1M")
    bat = vhdx_region(vhdx, "2dc27766")
    made, _ = converted(changed(vhdx, bat, "<Q", state))
    target, raw = tmp_path / "target", tmp_path / "raw"
    raw.write_bytes(bytes(MIB) + DISK[MIB:])
    target.write_bytes(made)
    qemu_img("compare", "-q", "-f", "qcow2", "-F", "raw", target, raw)


def vhdx_region(vhdx: bytes, guid: str) -> int:
    """Return where a region begins that the first region table names."""
    wanted = struct.pack("<I", int(guid, 16))
    at = vhdx.index(wanted, 0x30000)
    place: int = struct.unpack_from("<Q", vhdx, at + 16)[0]
    return place


@pytest.mark.needs("qemu-img")
def test_a_vhdx_of_large_sectors_is_refused(tmp_path: Path) -> None:
    vhdx = written(tmp_path, DISK, "vhdx", "block_size=1M")
    metadata = vhdx_region(vhdx, "8b7ca206")
    entry = vhdx.index(struct.pack("<I", 0x8141BF1D), metadata)
    (place,) = struct.unpack_from("<I", vhdx, entry + 16)
    large = changed(vhdx, metadata + place, "<I", 4096)
    assert "sectors of 4,096 bytes" in refusal(large)


@pytest.mark.needs("qemu-img")
def test_a_vhdx_with_a_parent_is_refused(tmp_path: Path) -> None:
    vhdx = written(tmp_path, DISK, "vhdx", "block_size=1M")
    metadata = vhdx_region(vhdx, "8b7ca206")
    entry = vhdx.index(struct.pack("<I", 0xCAA16737), metadata)
    (place,) = struct.unpack_from("<I", vhdx, entry + 16)
    assert "parent" in refusal(changed(vhdx, metadata + place + 4, "<I", 2))


@pytest.mark.needs("qemu-img")
def test_the_directory_that_the_flags_of_a_vmdk_name_is_read(tmp_path: Path) -> None:
    vmdk = written(tmp_path, DISK, "vmdk", "subformat=monolithicSparse")
    flags, first = struct.unpack_from("<I", vmdk, 8)[0], 56
    (redundant,) = struct.unpack_from("<Q", vmdk, 48)
    assert redundant
    # The other one leads to nowhere.
    broken = changed(changed(vmdk, first, "<Q", 1 << 40), 8, "<I", flags | 2)
    target, raw = tmp_path / "target", tmp_path / "raw"
    target.write_bytes(converted(broken)[0])
    qemu_img("compare", "-q", "-f", "qcow2", "-F", "raw", target, raw)


def test_a_vmdk_that_was_not_closed_is_converted_and_says_so() -> None:
    vmdk = changed(stream_optimized(DISK, tables="in front"), 72, "B", 1)
    plan = choose(source_of(vmdk), ConversionOrder())
    assert any("did not close it" in note for note in plan.notes)


@pytest.mark.parametrize("sector", [1 << 31, 0xFFFFFFFF])
def test_a_grain_behind_the_end_of_the_file_is_damage(sector: int) -> None:
    vmdk = stream_optimized(DISK, tables="in front")
    directory = int.from_bytes(vmdk[56:64], "little") * 512
    table = int.from_bytes(vmdk[directory : directory + 4], "little") * 512
    with pytest.raises(DamagedError, match="truncated or damaged"):
        converted(changed(vmdk, table, "<I", sector))


def test_a_grain_that_is_a_bomb_is_damage() -> None:
    vmdk = bytearray(stream_optimized(b"x" * MIB, tables="in front"))
    directory = int.from_bytes(vmdk[56:64], "little") * 512
    table = int.from_bytes(vmdk[directory : directory + 4], "little") * 512
    grain = int.from_bytes(vmdk[table : table + 4], "little") * 512
    bomb = __import__("zlib").compress(bytes(64 * MIB), 9)
    made = struct.pack("<QI", 0, len(bomb)) + bomb
    vmdk[table : table + 4] = struct.pack("<I", len(vmdk) // 512)
    assert grain
    with pytest.raises(DamagedError, match="holds more than"):
        converted(bytes(vmdk) + made + bytes(-len(made) % 512))


def tar_of(
    *members: tuple[str, bytes],
    format: int = tarfile.PAX_FORMAT,  # noqa: A002
) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=format) as archive:
        for name, data in members:
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return made.getvalue()


LONG = "folder/" * 30 + "disk.raw"


@pytest.mark.parametrize(
    "format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"]
)
@pytest.mark.parametrize("name", [LONG, "../../etc/disk.raw", "/etc/disk.raw"])
def test_a_name_in_a_tar_is_a_label_however_long_it_is(
    name: str,
    format: int,  # noqa: A002
) -> None:
    data = tar_of(("._disk.raw", b"mac"), (name, DISK), format=format)
    assert converted(data) == (DISK, "range")


def test_the_last_one_of_a_name_in_a_tar_counts() -> None:
    data = tar_of(("disk.raw", bytes(1024)), ("disk.raw", DISK))
    assert converted(data)[0] == DISK


def test_a_size_in_base_256_is_read() -> None:
    data = bytearray(tar_of(("disk.raw", DISK), format=tarfile.GNU_FORMAT))
    data[124:136] = b"\x80" + len(DISK).to_bytes(11, "big")
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert converted(bytes(data))[0] == DISK


def test_a_member_that_is_longer_than_its_tar_is_damage() -> None:
    data = bytearray(tar_of(("disk.raw", DISK), format=tarfile.GNU_FORMAT))
    data[124:136] = b"\x80" + (1 << 40).to_bytes(11, "big")
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert "cut short" in refusal(bytes(data))


@pytest.mark.needs("tar", "qemu-img")
@pytest.mark.parametrize("kind", ["gnu", "posix"])
def test_a_sparse_member_of_tar_keeps_its_holes(tmp_path: Path, kind: str) -> None:
    with (tmp_path / "disk.raw").open("wb") as file:
        file.write(bytes(range(1, 251)) * 40)
        file.seek(3 * MIB)
        file.write(bytes(range(250, 0, -1)) * 40)
        file.truncate(5 * MIB)
    command = ["tar", f"--format={kind}", "-S", "-cf", "disk.tar", "disk.raw"]
    subprocess.run(command, cwd=tmp_path, check=True)
    made, lane = converted((tmp_path / "disk.tar").read_bytes())
    assert lane == "stream"
    target = tmp_path / "target"
    target.write_bytes(made)
    qemu_img("compare", "-q", "-F", "raw", target, tmp_path / "disk.raw")


def test_an_ova_in_chunks_is_refused() -> None:
    text = ovf(("d1", "disk.vmdk", 0), file_says='ovf:chunkSize="1048576"')
    data = tar_of(("web.ovf", text), ("disk.vmdk.000000000", DISK))
    assert "chunks" in refusal(data)


def test_an_ova_whose_digests_nobody_compared_says_so() -> None:
    vmdk = stream_optimized(DISK, tables="in front")
    data = tar_of(
        ("web.ovf", ovf(("d1", "disk.vmdk", 0))),
        ("web.mf", b"SHA1(disk.vmdk)= " + b"0" * 40 + b"\r\n"),
        ("disk.vmdk", vmdk),
    )
    plan = choose(source_of(data), ConversionOrder())
    assert any("'web.mf' were not compared" in note for note in plan.notes)


def zipped(change: Callable[[bytes], bytes] = bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("disk.raw", DISK)
    return change(made.getvalue())


def in_directory(offset: int, layout: str, value: int) -> Callable[[bytes], bytes]:
    """Return what changes a field of the only entry of a zip's directory."""
    return lambda data: changed(data, data.rindex(b"PK\1\2") + offset, layout, value)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (in_directory(10, "<H", 9), "Deflate64"),
        (in_directory(8, "<H", 1), "encrypted"),
        (in_directory(24, "<I", len(DISK) + 1), "its directory says"),
        (in_directory(24, "<I", 512), "its directory says"),
        (in_directory(16, "<I", 1), "checksum"),
        (in_directory(42, "<I", 7), "not where it should be"),
        (lambda data: data[:-30], "damaged or was cut short"),
    ],
    ids=["deflate64", "encrypted", "longer", "shorter", "crc", "place", "cut"],
)
def test_a_zip_that_lies_is_refused(change: Callable[[bytes], bytes], why: str) -> None:
    assert why in refusal(zipped(change))


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("size", [512, 65_536, 3 * MIB + 512])
@pytest.mark.parametrize("driver", ["vmdk", "vhdx", "vdi"])
def test_an_empty_disk_has_no_data(tmp_path: Path, size: int, driver: str) -> None:
    made, target = tmp_path / "made", tmp_path / "target.qcow2"
    qemu_img("create", "-f", driver, made, str(size))
    order = ConversionOrder(can_copy=False, only_qcow2=True)
    target.write_bytes(converted(made.read_bytes(), order)[0])
    qemu_img("check", "-q", "-f", "qcow2", target)
    qemu_img("compare", "-q", "-f", "qcow2", "-F", driver, target, made)
