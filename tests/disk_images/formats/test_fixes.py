"""Each command that a refusal offers is run, and what it makes is accepted.

Those of qemu-img on images that qemu-img made are run in test_oracles.
"""

import shutil
import struct
import subprocess
import tarfile
import uuid
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from disk_images.formats.detect import Header, fix_command
from made_images import MIB, Part, make_partitioned, run
from specimens import read_file


def system_disk(folder: Path, size_bytes: int = 0) -> Path:
    """Return a raw disk with a GPT that sfdisk made."""
    disk = folder / "disk.raw"
    part = Part(content=None, type="L", size_bytes=MIB)
    return make_partitioned(disk, [part], size_bytes=size_bytes)


def wrong_mbr(folder: Path) -> Path:
    """Return a disk whose protective entry starts elsewhere: Linux ignores the GPT."""
    disk = system_disk(folder)
    with disk.open("r+b") as file:
        file.seek(446 + 8)
        file.write(struct.pack("<I", 63))
    return disk


def grown(disk: Path) -> Path:
    with disk.open("r+b") as file:
        file.truncate(disk.stat().st_size + MIB)
    return disk


def as_vhd(disk: Path, kind: str) -> Path:
    target = disk.with_name("disk.vhd")
    options = f"subformat={kind},force_size=on"
    run("qemu-img", "convert", "-O", "vpc", "-o", options, disk, target)
    return target


def without_footer(folder: Path, end: bytes) -> Path:
    vhd = as_vhd(system_disk(folder), "dynamic")
    data = vhd.read_bytes()
    vhd.write_bytes(data[:-512] + (end if end != b"short" else data[-512:-1]))
    return vhd


# A log entry, little-endian: 0-3 "loge", 4-7 CRC-32C of the entry, 8-11 its length,
# 12-15 tail, 16-23 sequence, 24-27 number of descriptors, 32-47 the log's GUID, 48-63
# file sizes; a descriptor: 0-3 "zero", 8-15 length, 16-23 offset, 24-31 sequence.
# Source: [MS-VHDX], 2.3, "Log".
def with_log(folder: Path) -> Path:
    """Return a VHDX with a log that has to be replayed."""
    image = folder / "disk.vhdx"
    run("qemu-img", "convert", "-O", "vhdx", system_disk(folder), image)
    data = bytearray(image.read_bytes())
    guid = uuid.uuid4().bytes_le
    log_at = 0
    for header in (0x10000, 0x20000):
        if not data.startswith(b"head", header):
            continue
        data[header + 48 : header + 64] = guid
        (log_at,) = struct.unpack_from("<Q", data, header + 72)
        block = data[header : header + 4096]
        block[4:8] = bytes(4)
        struct.pack_into("<I", data, header + 4, crc32c(bytes(block)))
    size = len(data)
    place = log_at + 65536  # Zeros of the log itself: nothing is lost.
    entry = bytearray(4096)
    struct.pack_into(
        "<4sIIIQI4x16sQQ", entry, 0, b"loge", 0, 4096, 0, 7, 1, guid, size, size
    )
    struct.pack_into("<4s4xQQQ", entry, 64, b"zero", 4096, place, 7)
    struct.pack_into("<I", entry, 4, crc32c(bytes(entry)))
    data[log_at : log_at + 4096] = entry
    image.write_bytes(data)
    return image


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


# cloop: 0-127 a script, 128-131 block size, 132-135 number of blocks, then their
# offsets and the end, 8 bytes each, all big-endian. Source: QEMU, block/cloop.c.
def cloop(folder: Path) -> Path:
    data = system_disk(folder).read_bytes()
    size = 65536
    packed = [zlib.compress(data[at : at + size]) for at in range(0, len(data), size)]
    at = 136 + 8 * (len(packed) + 1)
    offsets = [at + sum(map(len, packed[:n])) for n in range(len(packed) + 1)]
    head = b"#!/bin/sh\n#V2.0 Format\n".ljust(128, b"\0")
    head += struct.pack(f">II{len(offsets)}Q", size, len(packed), *offsets)
    image = folder / "disk.cloop"
    image.write_bytes(head + b"".join(packed))
    return image


# Bochs: 0-31 magic, 32-47 type, 48-63 subtype, then little-endian 64-67 version, 68-71
# header, 72-75 catalogue entries, 76-79 bitmap, 80-83 extent, 88-95 size of the disk.
# Source: QEMU, block/bochs.c.
def bochs(folder: Path) -> Path:
    extent = 2 * MIB
    disk = system_disk(folder, 4 * MIB).read_bytes()
    count = len(disk) // extent
    head = struct.pack(
        "<32s16s16sIIIII4xQ", b"Bochs Virtual HD Image", b"Redolog", b"Growing",
        0x00020000, 512, count, 512, extent, len(disk),
    ).ljust(512, b"\0")  # fmt: skip
    body = struct.pack(f"<{count}I", *range(count)).ljust(4 * count, b"\0")
    for number in range(count):
        body += b"\xff" * 512 + disk[number * extent : (number + 1) * extent]
    image = folder / "disk.bochs"
    image.write_bytes(head + body)
    return image


def tar_gz(folder: Path) -> Path:
    image = folder / "disk.tar.gz"
    with tarfile.open(image, "w:gz") as archive:
        archive.add(system_disk(folder), "disk.raw")
    (folder / "disk.raw").unlink()
    return image


def zipped(folder: Path) -> Path:
    image = folder / "disk.zip"
    with zipfile.ZipFile(image, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(system_disk(folder), "disk.raw")
    (folder / "disk.raw").unlink()
    return image


def packed(*command: str, ending: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        disk = system_disk(folder)
        image = folder / f"disk.raw.{ending}"
        with image.open("wb") as file:
            subprocess.run([*command, str(disk)], stdout=file, check=True)
        disk.unlink()
        return image

    return make


def seven_zip(folder: Path) -> Path:
    image = folder / "disk.7z"
    run("7z", "a", image, system_disk(folder))
    (folder / "disk.raw").unlink()
    return image


def android(folder: Path) -> Path:
    image = folder / "disk.simg"
    run("img2simg", system_disk(folder), image)
    return image


def case(
    name: str, make: Callable[[Path], Path], *tools: str, made: str = "disk.raw"
) -> object:
    marks = pytest.mark.needs("sfdisk", *tools)
    return pytest.param(make, made, id=name, marks=marks)


QCOW2 = "disk.qcow2"
CASES = [
    case("a protective MBR elsewhere", wrong_mbr, "sgdisk"),
    case("the same, grown", lambda f: grown(wrong_mbr(f)), "sgdisk"),
    case("the same in a fixed VHD",
         lambda f: as_vhd(wrong_mbr(f), "fixed"), "sgdisk", "qemu-img"),
    case("a VHDX with a log", with_log, "qemu-img", made=QCOW2),
    case("a dynamic VHD without its footer", lambda f: without_footer(f, b""),
         "qemu-img", made=QCOW2),
    case("one with a newline instead", lambda f: without_footer(f, b"\n"),
         "qemu-img", made=QCOW2),
    case("one with a sector behind", lambda f: without_footer(f, bytes(1024)),
         "qemu-img", made=QCOW2),
    case("one with a footer of 511 bytes", lambda f: without_footer(f, b"short"),
         "qemu-img", made=QCOW2),
    case("cloop", cloop, "qemu-img", made=QCOW2),
    case("Bochs", bochs, "qemu-img", made=QCOW2),
    case("tar.gz", tar_gz, "tar"),
    case("zip", zipped, "unzip"),
    case("7z", seven_zip, "7z"),
    case("Android sparse", android, "img2simg", "simg2img"),
    *(case(tool, packed(tool, "-c", ending=ending), tool)
      for tool, ending in (("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"),
                           ("zstd", "zst"), ("lz4", "lz4"), ("lzip", "lz"),
                           ("lzop", "lzo"))),
    case("lzma", packed("xz", "--format=lzma", "-c", ending="lzma"), "xz"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "made"), CASES)
def test_the_offered_command_makes_a_file_that_is_accepted(
    tmp_path: Path, make: Callable[[Path], Path], made: str
) -> None:
    refused = make(tmp_path)
    header = read_file(refused)
    assert not header.is_importable
    assert header.fix
    others = tmp_path / made
    if others != refused and others.exists():
        others.unlink()
    command = fix_command(header.fix, refused.name)
    shell = shutil.which("sh") or "sh"
    subprocess.run([shell, "-ec", command], cwd=tmp_path, check=True)
    accepted: Header = read_file(others)
    assert accepted.is_importable, accepted
    assert accepted.detected in {"raw-gpt", "qcow2-v3"}


@pytest.mark.needs("sfdisk", "qemu-img")
def test_qemu_img_does_not_convert_a_vhdx_before_its_log_is_replayed(
    tmp_path: Path,
) -> None:
    image = with_log(tmp_path)
    command = ["qemu-img", "convert", "-O", "qcow2", str(image), str(tmp_path / "x")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "log that needs to be replayed" in done.stderr
