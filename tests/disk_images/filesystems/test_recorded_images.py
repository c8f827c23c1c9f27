"""Files from recorded file systems: compressed, in thousands of pieces, in subvolumes.

What they hold is known to the test; their own tools confirm what they are.
"""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from disk_images.blocks.source import DamagedError
from disk_images.filesystems.btrfs import DataExtent, unpacked
from disk_images.filesystems.detect import open_file_system
from disk_images.volumes.layout import find_volumes
from made_images import MIB, CountingFile, run
from recorded_images import FILES, FOLDER, NAMES, PIECES, SMALL, in_pieces, recorded

ZSTD = 3
Unpack = Callable[[str], Path]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Unpack:
    """Return a recorded image, unpacked once."""
    folder = tmp_path_factory.mktemp("recorded")

    def image_of(name: str) -> Path:
        path = folder / name
        return path if path.exists() else recorded(name, folder)

    return image_of


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("name", "folder"),
    [("btrfs", "zlib"), ("btrfs", "zstd"), ("btrfs", "none"), ("ntfs", "lznt1")],
    ids=["Btrfs zlib", "Btrfs zstd", "Btrfs", "NTFS LZNT1"],
)
def test_a_compressed_file_reads_as_it_was_written(
    name: str, folder: str, file: str, image: Unpack
) -> None:
    files = open_file_system(CountingFile(image(name)))
    content, path = FILES[file], f"/{folder}/{file}"
    assert files.read_file(path, limit=1 << 30) == content
    source = files.open_file(path)
    for offset in (0, 1, 65_530, 131_071, 199_990, len(content) - 9):
        assert source.read(offset, 7000) == content[offset : offset + 7000]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_btrfs_packed_with_lzo_is_read(image: Unpack, name: str) -> None:
    files = open_file_system(CountingFile(image("btrfs")))
    content = FILES[name]
    assert files.read_file(f"/lzo/{name}", limit=1 << 30) == content
    source = files.open_file(f"/lzo/{name}")
    middle = len(content) // 2
    assert source.read(middle, 7000) == content[middle : middle + 7000]


def test_the_system_is_found_in_the_subvolume_of_ubuntu(image: Unpack) -> None:
    files = open_file_system(CountingFile(image("btrfs")))
    assert {"etc", "inner", "zlib"} <= set(files.list_folder("/"))
    assert files.read_file("/inner/small", limit=9999) == SMALL


@pytest.mark.needs("btrfs")
def test_btrfs_says_that_the_recorded_files_are_compressed(image: Unpack) -> None:
    dump = run("btrfs", "inspect-internal", "dump-tree", image("btrfs")).decode()
    for method in ("zlib", "zstd", "lzo"):
        code = {"zlib": 1, "lzo": 2, "zstd": 3}[method]
        assert f"extent compression {code} ({method})" in dump


@pytest.mark.parametrize("name", ["ntfs", "xfs"])
def test_a_file_in_thousands_of_pieces_reads_as_it_was_written(
    name: str, image: Unpack
) -> None:
    files = open_file_system(CountingFile(image(name)))
    content = in_pieces()
    assert files.read_file("/pieces", limit=1 << 30) == content
    source = files.open_file("/pieces")
    for number in (0, 1, PIECES // 2, PIECES - 1):
        at = number * 8192 - 5 if number else 0
        assert source.read(at, 9000) == content[at : at + 9000]


@pytest.mark.needs("ntfsinfo", "ntfscat")
def test_ntfscat_reads_the_same_from_its_attribute_list(image: Unpack) -> None:
    told = run("ntfsinfo", "-F", "/pieces", image("ntfs")).decode()
    assert "$ATTRIBUTE_LIST" in told
    assert run("ntfscat", image("ntfs"), "/pieces") == in_pieces()
    assert run("ntfscat", image("ntfs"), "/lznt1/mixed") == FILES["mixed"]


@pytest.mark.needs("xfs_db")
def test_xfs_db_finds_trees_of_the_recorded_file_and_folder(image: Unpack) -> None:
    for path in ("/pieces", "/many"):
        look = ("-c", f"path {path}", "-c", "print core.format")
        assert b"3 (btree)" in run("xfs_db", "-r", *look, image("xfs")), path
    look = ("-c", "path /link", "-c", "print core.format")
    assert b"2 (extents)" in run("xfs_db", "-r", *look, image("xfs"))


def test_a_folder_of_xfs_with_a_tree_is_read_whole(image: Unpack) -> None:
    files = open_file_system(CountingFile(image("xfs")))
    found = set(files.list_folder("/many", limit=1 << 20))
    assert found == {f"a-rather-long-name-of-number-{n}" for n in range(NAMES)}


def test_a_link_outside_of_its_inode_is_followed(image: Unpack) -> None:
    files = open_file_system(CountingFile(image("xfs")))
    assert files.read_file("/link", limit=9999) == SMALL


def test_sfdisk_listed_the_same_with_sectors_of_4096_bytes(
    image: Unpack,
) -> None:
    told = json.loads((FOLDER / "gpt4096.json").read_text())
    assert told["sectorsize"] == 4096
    layout = find_volumes(CountingFile(image("gpt4096")))
    assert (layout.scheme, layout.warnings) == ("gpt", ())
    ours = [(v.offset, v.size_bytes, v.type, v.name) for v in layout.volumes]
    assert ours == [
        (p["start"] * 4096, p["size"] * 4096, p["type"], p["name"])
        for p in told["partitions"]
    ]


def test_the_backup_of_a_gpt_with_sectors_of_4096_bytes_stands_in(
    image: Unpack, tmp_path: Path
) -> None:
    whole = find_volumes(CountingFile(image("gpt4096"))).volumes
    damaged = tmp_path / "damaged"
    data = bytearray(image("gpt4096").read_bytes())
    data[4096 + 20 : 4096 + 24] = b"\xff\xff\xff\xff"
    damaged.write_bytes(data)
    layout = find_volumes(CountingFile(damaged))
    assert [v.offset for v in layout.volumes] == [v.offset for v in whole]
    assert "its backup at the end of the disk was read instead" in layout.warnings


def zstd_piece(raw: bytes, size: int) -> bytes:
    piece = DataExtent(
        start=0,
        end=size,
        compression=ZSTD,
        address=1,
        stored_bytes=len(raw),
        unpacked_bytes=size,
    )
    return unpacked(piece, raw, 0, size)


def test_a_zstd_bomb_takes_no_more_memory_than_it_claims() -> None:
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=17)
    ).compressobj()
    bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(256)) + packer.flush()
    assert len(bomb) < 256 * 1024
    tracemalloc.start()
    try:
        assert zstd_piece(bomb, 131_072) == bytes(131_072)
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


def test_zstd_with_a_huge_window_is_damaged() -> None:
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27)
    ).compressobj()
    raw = packer.compress(b"x" * 5000) + packer.flush()
    with pytest.raises(DamagedError, match="cannot be unpacked"):
        zstd_piece(raw, 4096)
