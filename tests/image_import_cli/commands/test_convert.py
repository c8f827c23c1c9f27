"""`image-import convert` from file to file; qemu-img says whether it is the disk."""

import bz2
import gzip
import io
import json
import lzma
import random
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import CliRunner
from disk_images.convert.choose import ConversionOrder
from disk_images.convert.parts import PartLimits
from image_import_cli.commands.convert.conversion import Conversion
from image_import_cli.commands.convert.local_file import FileRoute
from image_import_cli.main import cli
from made_images import run
from made_ovf import ovf
from made_vmdk import stream_optimized

MIB = 1 << 20
SIZES = (
    512, 1024, 4608, 65_024, 65_536, 66_048, 131_072 - 512, 300_032, MIB - 512,
    MIB + 512, 2 * MIB + 1536, 3 * MIB - 1024, 4 * MIB + 66_048, 5 * MIB + 3584,
    7 * MIB + 512, 16 * MIB + 512, 33 * MIB - 512,
)  # fmt: skip
assert len(SIZES) == 17

KINDS = (
    ("vmdk", "subformat=monolithicSparse", "wrap"),
    ("vmdk", "subformat=monolithicSparse,compat6=on", "wrap"),
    ("vmdk", "subformat=monolithicSparse,zeroed_grain=on", "wrap"),
    ("vmdk", "subformat=monolithicFlat", "stream"),
    ("vmdk", "subformat=twoGbMaxExtentSparse", "map"),
    ("vmdk", "subformat=twoGbMaxExtentFlat", "stream"),
    ("vmdk", "subformat=streamOptimized", "map"),
    ("vhdx", "subformat=dynamic,block_size=1M", "wrap"),
    ("vhdx", "subformat=fixed", "wrap"),
    ("vhdx", "block_state_zero=off", "wrap"),
    ("vdi", "static=off", "wrap"),
    ("vdi", "static=on", "wrap"),
    ("vpc", "force_size=on", "map"),
    ("vpc", "subformat=fixed,force_size=on", "stream"),
    ("qcow2", "cluster_size=4096", "map"),
    ("qcow2", "extended_l2=on,cluster_size=128k", "map"),
    ("raw", "preallocation=off", "stream"),
)
"""One for each size, so that all kinds and all sizes are seen."""


def disk_of(size: int) -> bytes:
    """Return a disk with data at both ends, and holes."""
    chance = random.Random(size)  # noqa: S311 - the same each time
    disk = bytearray(size)
    for _ in range(5):
        length = chance.choice([512, 30_000, 150_000])
        at = chance.randrange(0, max(1, size - length), 512)
        disk[at : at + length] = chance.randbytes(length)[: size - at]
    disk[-3:] = b"end"
    return bytes(disk)


def convert(source: Path, target: Path, *options: str) -> dict[str, Any]:
    """Return what the command says of a conversion that it did."""
    arguments = ["convert", str(source), str(target), "--json", *options]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def refusal(source: Path, target: Path, *options: str) -> dict[str, str]:
    """Return why the command refuses a file, of which it leaves nothing behind."""
    arguments = ["convert", str(source), str(target), "--json", *options]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1, result.output
    assert [p.name for p in target.parent.glob(f"{target.name}*")] == []
    said: dict[str, str] = json.loads(result.stdout)["error"]
    return said


def check(target: Path, source: Path, driver: str) -> None:
    run("qemu-img", "check", "-q", "-f", "qcow2", target)
    run("qemu-img", "compare", "-q", "-f", "qcow2", "-F", driver, target, source)


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize(
    ("size", "kind"),
    [*zip(SIZES, KINDS, strict=True), *zip(SIZES[::-1], KINDS, strict=True)],
    ids=str,
)
def test_qemu_img_finds_the_target_sound_and_the_same(
    tmp_path: Path, size: int, kind: tuple[str, str, str]
) -> None:
    driver, options, lane = kind
    raw, source, target = (tmp_path / name for name in ("raw", "source", "t.qcow2"))
    raw.write_bytes(disk_of(size))
    run("qemu-img", "convert", "-f", "raw", "-O", driver, "-o", options, raw, source)
    said = convert(source, target)
    assert said["lane"] == lane
    assert said["reason"]
    check(target, source, driver)
    assert [path.name for path in tmp_path.glob("t.qcow2*")] == ["t.qcow2"]


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("tables", ["at the end", "interleaved"])
def test_a_stream_of_vmware_becomes_the_disk_in_it(tmp_path: Path, tables: str) -> None:
    raw, source, target = (tmp_path / name for name in ("raw", "s", "t.qcow2"))
    disk = disk_of(3 * MIB + 1536)
    raw.write_bytes(disk)
    source.write_bytes(stream_optimized(disk, tables=tables))
    assert convert(source, target)["lane"] == "map"
    check(target, raw, "raw")


def packed_zip(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("disk.img", data)
    return made.getvalue()


def packed_tar(mode: Literal["w", "w:gz"], **members: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        for name, data in members.items():
            about = tarfile.TarInfo(name.replace("_", "."))
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return made.getvalue()


def zstd(data: bytes) -> bytes:
    command = ["zstd", "-q", "-c"]
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip in members": lambda d: gzip.compress(d[:70_000]) + gzip.compress(d[70_000:]),
    "gzip, zeros behind it": lambda data: gzip.compress(data) + bytes(512),
    "xz": lzma.compress,
    "xz in streams": lambda d: lzma.compress(d[:70_000]) + lzma.compress(d[70_000:]),
    "bzip2": bz2.compress,
    "bzip2 in streams": lambda d: bz2.compress(d[:70_000]) + bz2.compress(d[70_000:]),
    "zstd": zstd,
    "zstd in frames": lambda data: zstd(data[:70_000]) + zstd(data[70_000:]),
    "zip": packed_zip,
    "zip, stored": lambda data: packed_zip(data, zipfile.ZIP_STORED),
    "tar": lambda data: packed_tar("w", disk_raw=data),
    "tar.gz": lambda data: packed_tar("w:gz", disk_raw=data, notes_txt=b"hello"),
}


@pytest.mark.needs("qemu-img", "zstd")
@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS.keys())
def test_what_is_packed_becomes_the_disk_in_it(
    tmp_path: Path, packer: Callable[[bytes], bytes]
) -> None:
    raw, source, target = (tmp_path / name for name in ("raw", "s", "t.qcow2"))
    raw.write_bytes(disk_of(2 * MIB + 1536))
    source.write_bytes(packer(raw.read_bytes()))
    assert convert(source, target)["lane"] == "stream"
    check(target, raw, "raw")


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("driver", ["vmdk", "vhdx", "vdi", "qcow2", "vpc"])
def test_a_disk_image_in_gzip_is_unpacked_and_converted(
    tmp_path: Path, driver: str
) -> None:
    raw, image, source, target = (
        tmp_path / name for name in ("raw", "image", "s", "t")
    )
    raw.write_bytes(disk_of(2 * MIB + 512 * 17))
    run("qemu-img", "convert", "-f", "raw", "-O", driver, raw, image)
    source.write_bytes(gzip.compress(image.read_bytes(), 1))
    said = convert(source, target)
    made = {"QCOW2": "qcow2", "VHD": "vpc"}[said["format"].removeprefix("DiskFormat.")]
    run("qemu-img", "compare", "-q", "-f", made, "-F", driver, target, image)
    assert not list(tmp_path.glob("t.*"))


@pytest.mark.needs("qemu-img")
def test_gnu_tar_s_sparse_disk_keeps_its_holes(tmp_path: Path) -> None:
    raw, source, target = (tmp_path / name for name in ("disk.raw", "s", "t.qcow2"))
    with raw.open("wb") as file:
        file.truncate(8 * MIB)
        file.seek(3 * MIB)
        file.write(b"data" * 5000)
    run("tar", "-C", tmp_path, "--format=oldgnu", "-Sczf", source, "disk.raw")
    convert(source, target)
    check(target, raw, "raw")


def test_what_lies_whole_in_a_tar_is_copied_as_it_is(tmp_path: Path) -> None:
    disk = disk_of(MIB)
    source, target = tmp_path / "s.tar", tmp_path / "disk.raw"
    source.write_bytes(packed_tar("w", disk_raw=disk))
    said = convert(source, target)
    assert said["lane"] == "range"
    assert target.read_bytes() == disk


PACKED = gzip.compress(disk_of(200_192))
REFUSED: dict[str, tuple[bytes, str]] = {
    "gzip that was cut short": (PACKED[:-1000], "cut short"),
    "gzip without its checksum": (PACKED[:-8], "cut short"),
    "xz that was cut short": (lzma.compress(disk_of(99_840))[:-40], "cut short"),
    "something behind gzip": (PACKED + b"more data", "something else follows"),
    "an archive in an archive": (gzip.compress(PACKED), "another archive"),
    "two disks": (packed_tar("w", a_raw=b"1" * 512, b_raw=b"2" * 512), "'a.raw', 'b."),
    "no disk": (packed_tar("w", notes_txt=b"hello"), "no disk in it"),
    "a text": (b"hello\n" * 500, "it is text"),
    "a packed text": (gzip.compress(b"hello\n" * 500), "is no disk"),
    "a descriptor of another's file": (
        b'# Disk DescriptorFile\ncreateType="vmfs"\nRW 9 VMFS "../secret"\n',
        "plain name",
    ),
    "an empty file": (b"", "no bytes"),
}


@pytest.mark.parametrize(("data", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_whole_is_refused_and_leaves_nothing(
    tmp_path: Path, data: bytes, why: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(data)
    assert why in refusal(source, tmp_path / "t.qcow2")["message"]


def test_a_bomb_ends_at_the_largest_disk(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(gzip.compress(bytes(8 * MIB)) * 140)
    assert "more than" in refusal(source, tmp_path / "t", "--max-gib", "1")["message"]


def test_a_member_can_be_named_where_there_are_several(tmp_path: Path) -> None:
    source, target = tmp_path / "s", tmp_path / "t"
    source.write_bytes(packed_tar("w", a_raw=disk_of(MIB), b_raw=disk_of(5120)))
    convert(source, target, "--member", "b.raw")
    assert target.read_bytes() == disk_of(5120)


def test_a_disk_of_large_sectors_is_refused(tmp_path: Path) -> None:
    disk = bytearray(16 * MIB)
    disk[446:462] = struct.pack("<B3sB3sII", 0, b"", 0xEE, b"", 1, 4095)
    disk[510:512] = b"\x55\xaa"
    header = struct.pack(
        "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, 4095, 6, 4090,
        b"a disk, by GUID!", 2, 128, 128, zlib.crc32(bytes(16384)),
    )  # fmt: skip
    header = header[:16] + struct.pack("<I", zlib.crc32(header)) + header[20:]
    disk[4096 : 4096 + 92] = header
    source = tmp_path / "source"
    source.write_bytes(disk)
    assert "4,096 bytes" in refusal(source, tmp_path / "t.qcow2")["message"]


@pytest.mark.needs("qemu-img")
def test_damaged_packed_files_end_in_an_answer(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - the same each time
    source, target = tmp_path / "source", tmp_path / "t.qcow2"
    disk = disk_of(200_192)
    for make in (gzip.compress, lzma.compress, packed_zip, PACKERS["tar.gz"]):
        whole = make(disk)
        for _ in range(12):
            broken = bytearray(whole)
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            source.write_bytes(broken)
            arguments = ["convert", str(source), str(target), "--force", "--json"]
            result = CliRunner().invoke(cli, arguments)
            assert result.exit_code in {0, 1}, result.exception
            if result.exit_code == 0:
                back = tmp_path / "back"
                run("qemu-img", "convert", "-O", "raw", target, back)
                assert back.read_bytes() == disk


SMALL_PARTS = PartLimits(usual_bytes=65536)
COMPACT = ConversionOrder(can_copy=False)


def quiet(done: int, total: int | None) -> None:
    """Show no progress."""


@pytest.mark.needs("qemu-img")
def test_a_conversion_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    raw, source, target = (tmp_path / name for name in ("raw", "s", "t.qcow2"))
    raw.write_bytes(disk_of(5 * MIB))
    run("qemu-img", "convert", "-O", "vmdk", raw, source)
    route = FileRoute(source, target, SMALL_PARTS)
    with pytest.raises(KeyboardInterrupt):
        Conversion(route, COMPACT, stop_after(9), threads=1).convert()
    assert not target.exists()
    again = Conversion(FileRoute(source, target, SMALL_PARTS), COMPACT, quiet)
    assert again.convert().resumed_bytes == 9 * 65536
    check(target, source, "vmdk")


@pytest.mark.needs("qemu-img")
def test_a_source_that_has_changed_meanwhile_is_begun_anew(tmp_path: Path) -> None:
    raw, source, target = (tmp_path / name for name in ("raw", "s", "t.qcow2"))
    for size in (5 * MIB, 4 * MIB):
        raw.write_bytes(disk_of(size))
        run("qemu-img", "convert", "-O", "vmdk", raw, source)
        route = FileRoute(source, target, SMALL_PARTS)
        if size == 5 * MIB:
            with pytest.raises(KeyboardInterrupt):
                Conversion(route, COMPACT, stop_after(9), threads=1).convert()
    report = Conversion(route, COMPACT, quiet).convert()
    assert report.resumed_bytes == 0
    check(target, source, "vmdk")


def stop_after(parts: int) -> Callable[[int, int | None], None]:
    """Return what presses Ctrl-C once so many parts are there."""
    seen: list[int] = []

    def on_progress(done: int, total: int | None) -> None:
        del total
        seen.append(done)
        if len(seen) == parts:
            raise KeyboardInterrupt

    return on_progress


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("pack", [bytes, lambda data: gzip.compress(data, 1)])
def test_the_disk_of_an_ova_is_the_one_that_its_ovf_names(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    raw, target, source = (tmp_path / n for n in ("raw", "t.qcow2", "s.ova"))
    disk = disk_of(2 * MIB + 512)
    raw.write_bytes(disk)
    file = pack(stream_optimized(disk))
    with tarfile.open(source, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (
            ("web.ovf", ovf(("d1", "first", 0), ("d2", "", 1))),
            ("._first", b"of another system"),
            ("first", file),
            ("other.vmdk", b"not of this machine"),
        ):
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    convert(source, target)
    check(target, raw, "raw")


def test_the_disks_of_an_ova_are_told_in_the_order_of_their_slots(
    tmp_path: Path,
) -> None:
    text = ovf(("d1", "b.vmdk", 10), ("d2", "a.vmdk", 2))
    source = tmp_path / "s.ova"
    source.write_bytes(packed_tar("w", w_ovf=text, a_vmdk=b"1", b_vmdk=b"2"))
    message = refusal(source, tmp_path / "t.qcow2")["message"]
    assert "'a.vmdk', 'b.vmdk'" in message


@pytest.mark.needs("qemu-img")
@pytest.mark.parametrize("options", ["-O vmdk -o subformat=streamOptimized", "-O vdi"])
def test_a_mapped_disk_takes_few_requests(tmp_path: Path, options: str) -> None:
    raw, source, target = (tmp_path / name for name in ("raw", "s", "t.qcow2"))
    raw.write_bytes(random.Random(8).randbytes(24 * MIB))  # noqa: S311 - no secret
    run("qemu-img", "convert", "-f", "raw", *options.split(), raw, source)
    said = convert(source, target, "--compact")
    check(target, raw, "raw")
    assert said["lane"] == "map"
    # 32 reads for the comparison of samples, and tables of the source and the target.
    assert said["requests"] < 80
    assert said["bytes_in"] < 2 * source.stat().st_size
