"""Files that Linux itself compressed on Btrfs, in a subvolume; see tests/data/btrfs."""

import lzma
from pathlib import Path

import pytest
from image_import.inspection.contents import open_file_system
from image_import.inspection.parts import CannotTellError, FileSystem
from image_import.inspection.volumes import find_volumes
from memory_files import BytesSource

IMAGE = Path(__file__).parent.parent / "data" / "btrfs" / "packed.img.xz"
TEXT = b"".join(
    b"line %06d of a text that packs well, and %d\n" % (n, n * n % 977)
    for n in range(3200)
)
MIB = 1 << 20


@pytest.fixture(scope="module")
def file_system() -> FileSystem:
    (volume,) = find_volumes(BytesSource(lzma.decompress(IMAGE.read_bytes()))).volumes
    return open_file_system(volume)


@pytest.mark.parametrize("method", ["zlib", "zstd", "plain"])
def test_a_file_that_linux_wrote_is_read_whole(
    file_system: FileSystem, method: str
) -> None:
    assert file_system.read_file(f"/{method}", limit=MIB) == TEXT


@pytest.mark.parametrize("limit", [1, 4095, 131_072, 131_073])
def test_the_begin_of_a_packed_file_is_that_of_its_text(
    file_system: FileSystem, limit: int
) -> None:
    assert file_system.read_file("/zstd", limit=limit) == TEXT[:limit]


def test_a_short_file_stands_in_the_tree(file_system: FileSystem) -> None:
    assert file_system.read_file("/short", limit=MIB) == TEXT[:900]


def test_the_root_is_the_subvolume_that_holds_the_system(
    file_system: FileSystem,
) -> None:
    told = file_system.read_file("/etc/os-release", limit=MIB)
    assert told.startswith(b"ID=debian\n")


def test_what_is_packed_by_lzo_cannot_be_told(file_system: FileSystem) -> None:
    with pytest.raises(CannotTellError, match="LZO"):
        file_system.read_file("/lzo", limit=MIB)
