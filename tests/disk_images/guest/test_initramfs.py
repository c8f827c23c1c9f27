"""The names in an initramfs that cpio made and each packer packed."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from disk_images.blocks.source import CannotTellError
from disk_images.guest.drivers import nvme_of_initramfs
from disk_images.guest.initramfs import read_initramfs
from disk_images.guest.volume_files import Seen
from made_images import run
from memory_files import BytesSource, MemoryFiles

pytestmark = pytest.mark.needs("cpio")

DRIVER = "usr/lib/modules/6.1/kernel/drivers/nvme/host/nvme.ko.xz"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32),
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": zstandard.compress,
}


def archive(folder: Path, *names: str) -> bytes:
    """Return what cpio makes of files with these names."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number * (70_000 + number))
    listed = "\n".join(names) + "\n"
    command = f"cd {folder} && exec cpio -o -H newc --quiet"
    return run("sh", "-c", command, given=listed)


@pytest.mark.parametrize("packer", PACKERS)
def test_all_names_are_read(tmp_path: Path, packer: str) -> None:
    names = ["bin/sh", *(f"lib/{n}.so" for n in range(9)), DRIVER]
    packed = PACKERS[packer](archive(tmp_path, *names))
    assert read_initramfs(BytesSource(packed)) == (names, True)


@pytest.mark.parametrize("packer", PACKERS)
def test_microcode_ahead_of_it_is_passed_over(tmp_path: Path, packer: str) -> None:
    early = archive(tmp_path / "early", "kernel/x86/microcode/GenuineIntel.bin")
    early += bytes(-len(early) % 512)
    packed = early + PACKERS[packer](archive(tmp_path / "main", DRIVER))
    found = read_initramfs(BytesSource(packed))
    assert found.names == ["kernel/x86/microcode/GenuineIntel.bin", DRIVER]


def told(content: bytes) -> tuple[str, str]:
    files = {"/boot/initramfs-linux.img": content}
    seen = Seen(name="partition 1", file_system=MemoryFiles(files))
    found = nvme_of_initramfs([seen])
    return found.value, found.where or found.why_not


def test_the_driver_in_an_initramfs_counts(tmp_path: Path) -> None:
    packed = gzip.compress(archive(tmp_path, DRIVER))
    where = "partition 1 (ext4): /boot/initramfs-linux.img"
    assert told(packed) == ("yes", where)


@pytest.mark.parametrize("name", ["lib/nvme.so", "etc/nvme.conf", "lib/nvme-core.ko"])
def test_what_only_sounds_like_the_driver_does_not_count(
    tmp_path: Path, name: str
) -> None:
    value, why = told(archive(tmp_path, name))
    assert value == ""
    assert why.startswith("no nvme was seen in")


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"070701",
        b"070701" + b"z" * 200,
        b"070701" + b"f" * 200,
        b"\x1f\x8b" + b"\1" * 100,
        b"\xfd7zXZ\0" + b"\1" * 100,
        b"\x28\xb5\x2f\xfd" + b"\1" * 100,
        b"\x02\x21\x4c\x18" + b"\1" * 100,
        gzip.compress(b"no archive, but long enough to be looked at" * 9),
    ],
    ids=range(9),
)
def test_of_a_damaged_one_nothing_is_told(damaged: bytes) -> None:
    assert told(damaged)[0] == ""


def test_one_that_ends_too_early_is_not_whole(tmp_path: Path) -> None:
    packed = gzip.compress(archive(tmp_path, "a", "b", DRIVER))
    found = read_initramfs(BytesSource(packed[: len(packed) // 2]))
    assert not found.is_whole


def test_a_bomb_is_not_unpacked_to_its_end() -> None:
    head = b"070701" + b"0" * 48 + b"7fffffff" + b"0" * 32 + b"00000002" + b"0" * 8
    packed = gzip.compress((head + b"a\0").ljust(80 << 20, b"\0"), 1)
    assert read_initramfs(BytesSource(packed)) == (["a"], False)


def test_what_is_no_archive_says_so() -> None:
    with pytest.raises(CannotTellError, match="no cpio archive"):
        read_initramfs(BytesSource(gzip.compress(bytes(999))))
