"""File systems that only a mounted one can be made to hold, recorded once.

`python recorded_images.py` with PYTHONPATH=tests/support, as root on Linux with
btrfs-progs, xfsprogs, ntfs-3g and fdisk, made what is in tests/data/file_systems; what
the files hold is told here, so that a test need not believe the recording.
"""

import json
import lzma
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repository import DATA

MIB = 1 << 20
FOLDER = DATA / "file_systems"

TEXT = b"".join(b"line %08d of a larger file\n" % n for n in range(16_000))
# What does not get smaller, between what does: units of both kinds in one file.
NOISE = b"".join(bytes([n * n % 251, n * 7 % 253]) for n in range(50_000))
MIXED = TEXT[:200_000] + NOISE + bytes(150_000) + TEXT[:99_999]
SMALL = b"a few bytes, often: " * 40
LINK = "./" * 400 + "small"
NAMES = 12_000
PIECES = 3000


def block_of(number: int) -> bytes:
    """Return a piece of a file in many pieces."""
    return b"%08d" % number * 512


def in_pieces(number: int = PIECES) -> bytes:
    """Return what a file holds of which every other 4 KiB are a hole."""
    return b"".join(block_of(n) + bytes(4096) for n in range(number))


FILES = {"text": TEXT, "mixed": MIXED, "small": SMALL}


def recorded(name: str, folder: Path) -> Path:
    """Return a recorded image, unpacked, with holes where it has zeros."""
    image = folder / name
    with lzma.open(FOLDER / f"{name}.xz") as packed, image.open("wb") as file:
        while piece := packed.read(MIB):
            if any(piece):
                file.write(piece)
            else:
                file.seek(len(piece), os.SEEK_CUR)
        file.truncate()
    return image


def _run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, check=True)
    return done.stdout.decode()


@contextmanager
def _mounted(folder: Path, *mount: str | Path) -> Iterator[Path]:
    place = folder / "mounted"
    place.mkdir(exist_ok=True)
    _run(*mount, place)
    try:
        yield place
    finally:
        _run("umount", place)


def _empty(image: Path, mebibytes: int) -> Path:
    with image.open("wb") as file:
        file.truncate(mebibytes * MIB)
    return image


def _write_in_pieces(path: Path) -> None:
    with path.open("wb") as file:
        for number in range(PIECES):
            file.seek(number * 8192)
            file.write(block_of(number))
        file.truncate(PIECES * 8192)


def _record_btrfs(folder: Path) -> Path:
    image = _empty(folder / "btrfs", 128)
    _run("mkfs.btrfs", "-q", "-f", "-U", "0b" * 4 + "-0b0b" * 3 + "-" + "0b" * 6, image)
    with _mounted(folder, "mount", "-o", "loop,max_inline=2048", image) as top:
        _run("btrfs", "subvolume", "create", top / "@")
        _run("btrfs", "subvolume", "create", top / "@/inner")
        for method in ("zlib", "zstd", "lzo", "none"):
            below = top / "@" / method
            below.mkdir()
            _run("btrfs", "property", "set", below, "compression", method)
            for name, content in FILES.items():
                (below / name).write_bytes(content)
        (top / "@/inner/small").write_bytes(SMALL)
        (top / "@/etc").mkdir()
    return image


def _record_ntfs(folder: Path) -> Path:
    image = _empty(folder / "ntfs", 48)
    _run("mkntfs", "-q", "-F", "-Q", image)
    with _mounted(folder, "ntfs-3g", "-o", "compression", image) as top:
        below = top / "lznt1"
        below.mkdir()
        os.setxattr(below, "system.ntfs_attrib", struct.pack("<I", 0x810))
        for name, content in FILES.items():
            (below / name).write_bytes(content)
        _write_in_pieces(top / "pieces")
    return image


def _record_xfs(folder: Path) -> Path:
    image = _empty(folder / "xfs", 320)
    _run("mkfs.xfs", "-q", "-b", "size=1024", image)
    with _mounted(folder, "mount", "-o", "loop", image) as top:
        _write_in_pieces(top / "pieces")
        (top / "small").write_bytes(SMALL)
        (top / "many").mkdir()
        for number in range(NAMES):
            (top / f"many/a-rather-long-name-of-number-{number}").hardlink_to(
                top / "small"
            )
        (top / "link").symlink_to(LINK)
    return image


def _record_gpt(folder: Path) -> Path:
    image = _empty(folder / "gpt4096", 64)
    loop = _run("losetup", "-f", "--show", "--sector-size", "4096", image).strip()
    script = "label: gpt\nsize=8M, type=U, name=ESP\nsize=16M, name=root\n"
    try:
        subprocess.run(["sfdisk", "-q", loop], input=script.encode(), check=True)
        told = json.loads(_run("sfdisk", "-J", loop))["partitiontable"]
    finally:
        _run("losetup", "-d", loop)
    told = {"sectorsize": told["sectorsize"], "partitions": told["partitions"]}
    for number, part in enumerate(told["partitions"], start=1):
        part["node"] = number
    (FOLDER / "gpt4096.json").write_text(json.dumps(told, indent=1) + "\n")
    return image


def main() -> None:
    """Record all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        for record in (_record_btrfs, _record_ntfs, _record_xfs, _record_gpt):
            image = record(Path(name))
            packed = lzma.compress(image.read_bytes(), preset=6)
            (FOLDER / f"{image.name}.xz").write_bytes(packed)
            sys.stdout.write(f"{image.name}: {len(packed):,} bytes\n")


if __name__ == "__main__":
    main()
