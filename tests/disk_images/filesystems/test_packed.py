"""Squashfs of each compressor, as mksquashfs 4.5.1 packs it, and streams by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
from disk_images.blocks.lz import unpack_btrfs_lzo, unpack_lz4, unpack_lzo
from disk_images.blocks.source import DamagedError
from disk_images.filesystems.detect import open_file_system
from made_images import CountingFile, Tree, make_file_system

FILES: Tree = {
    "etc/os-release": b"ID=alpine\n",
    "text": b"".join(b"line %07d\n" % (n * n) for n in range(30_000)),
    "same": b"abc" * 90_000,
    "bytes": bytes(n * n % 251 ^ n % 7 for n in range(150_000)),
    "holes": bytes(140_000) + b"x" + bytes(10_000),
}


@pytest.mark.needs("mksquashfs")
@pytest.mark.parametrize("method", ["gzip", "lzo", "lz4", "xz", "zstd"])
def test_every_file_of_a_squashfs_is_read(tmp_path: Path, method: str) -> None:
    options = ("-comp", method)
    image = make_file_system(tmp_path, FILES, kind="squashfs", options=options)
    files = open_file_system(CountingFile(image))
    for path, content in FILES.items():
        assert files.read_file(f"/{path}", limit=1 << 20) == content


# From Linux, fs/btrfs/lzo.c: the length of all, then of each piece.
ONE_LITERAL_RUN = b"\x15abcd\x11\0\0"


def test_a_sector_of_btrfs_follows_its_length() -> None:
    piece = len(ONE_LITERAL_RUN).to_bytes(4, "little") + ONE_LITERAL_RUN
    whole = (4 + 2 * len(piece)).to_bytes(4, "little") + piece * 2
    assert unpack_btrfs_lzo(whole + b"more", 100) == b"abcdabcd"


@pytest.mark.parametrize(
    ("unpack", "data"),
    [
        (unpack_lz4, b"\xf0"),
        (unpack_lz4, b"\x10a\x09\0\0"),
        (unpack_lzo, b""),
        (unpack_lzo, b"\x15abcd\x20\0"),
        (unpack_lzo, b"\x15abcd\x40\xff\x11\0\0"),
    ],
)
def test_what_is_damaged_is_said_to_be(
    unpack: Callable[[bytes, int], bytes], data: bytes
) -> None:
    with pytest.raises(DamagedError):
        unpack(data, 100)


@pytest.mark.parametrize("limit", [1, 5, 1000])
def test_no_more_is_unpacked_than_allowed(limit: int) -> None:
    bomb = b"\x1fa\x01\0" + b"\xff" * 5000 + b"\0"
    assert unpack_lz4(bomb, limit) == b"a" * limit
