"""Large folders of NTFS, written by wimlib through libntfs-3g."""

import random
import struct
from pathlib import Path
from typing import Any

import made_images
import pytest
from disk_images.blocks.prefetch import Steps, finish
from disk_images.blocks.source import CannotTellError, DamagedError
from disk_images.filesystems.detect import open_file_system
from disk_images.filesystems.ntfs import LARGE_FOLDER_BYTES, NtfsInodes, NtfsNode
from disk_images.filesystems.ntfs_records import BLOCK_HEADER, entries_of, upper_case
from made_images import MIB, CountingFile, make_disk

pytestmark = pytest.mark.needs(*made_images.NEEDS["ntfs"])

CHANCE = random.Random(4)  # noqa: S311 - the same each time
LETTERS = "abcdefghijklmnopqrstuvwxyz-_.0123456789"
NAMES = [
    "".join(CHANCE.choices(LETTERS, k=CHANCE.choice([3, 60, 120])))
    + f"{CHANCE.choice(['', 'ä', 'ı', 'ſ', 'µ', '中'])}x{n}"
    for n in range(3500)
]
FOLDER = "Windows/System32"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volume whose System32 has as many names as that of a Windows."""
    tree: dict[str, Any] = {f"{FOLDER}/{name}": b"" for name in NAMES}
    tree[f"{FOLDER}/ntoskrnl.exe"] = b"MZ the kernel"
    folder = tmp_path_factory.mktemp("large")
    return make_disk(
        folder, tree, scheme="none", file_system="ntfs", size_bytes=64 * MIB
    )


def large_folder(inodes: NtfsInodes) -> NtfsNode:
    def walk() -> Steps[NtfsNode]:
        node = yield from inodes.load((yield from inodes.root()))
        for name in FOLDER.split("/"):
            entries = yield from inodes.entries(node)
            node = yield from inodes.load(entries[name])
        return node

    return finish(inodes.source, walk())


def test_a_name_in_a_large_folder_is_found_by_its_tree(disk: Path) -> None:
    source = CountingFile(disk, block=4096)
    files = open_file_system(source)
    before = source.bytes_read
    assert files.read_file(f"/{FOLDER}/NTOSKRNL.EXE", limit=99) == b"MZ the kernel"
    assert source.bytes_read - before < LARGE_FOLDER_BYTES / 10
    with pytest.raises(CannotTellError, match="does not exist"):
        files.read_file(f"/{FOLDER}/ntoskrnl.ex", limit=99)


def test_the_tree_leads_to_every_ascii_name_of_a_folder_with_others(disk: Path) -> None:
    inodes = NtfsInodes(CountingFile(disk))
    folder = large_folder(inodes)
    names = finish(inodes.source, inodes.entries(folder))
    assert set(names) == {*NAMES, "ntoskrnl.exe"}
    assert inodes.is_large(folder)
    for name, key in names.items():
        if not name.isascii():
            continue
        assert finish(inodes.source, inodes.find(folder, name)) == key
        assert finish(inodes.source, inodes.find(folder, f"{name}!")) is None


def test_the_tree_of_this_folder_has_several_levels(disk: Path) -> None:
    """Or the tests above would show little."""
    inodes = NtfsInodes(CountingFile(disk))
    blocks = [a for a in large_folder(inodes).attributes if a.type == 0xA0]
    data = finish(inodes.source, inodes._value(blocks, 0, blocks[0].size_bytes))
    nodes = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    below = [entry.below for node in nodes for entry in entries_of(node, BLOCK_HEADER)]
    assert any(number is not None for number in below)


def test_upper_case_keeps_the_number_of_letters_and_ascii_apart() -> None:
    assert upper_case("aßıſé") == "AßıſÉ"


def test_a_tree_that_leads_to_itself_comes_to_an_end(disk: Path) -> None:
    inodes = NtfsInodes(CountingFile(disk))
    folder = large_folder(inodes)
    inodes._value = lambda *_: _loop()  # type: ignore[method-assign]
    with pytest.raises(DamagedError, match="more than 16 levels"):
        finish(inodes.source, inodes.find(folder, "zz"))


def _loop() -> Steps[bytes]:
    """Return a node whose last entry leads to node 0, that is to itself."""
    head = struct.pack("<4sHHQQ", b"INDX", 40, 9, 0, 0)
    node = head + struct.pack("<IIII", 40, 64, 4000, 1)
    node = node.ljust(64, b"\0") + struct.pack("<QHHIQ", 0, 24, 0, 3, 0)
    yield []
    return node.ljust(4096, b"\0")
