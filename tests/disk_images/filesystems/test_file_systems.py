"""Files read from file systems that their own tools made, compared with other readers.

The content is known to the test, the tools of each file system are asked as well.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyfsext
import pyfsfat
import pyfsntfs
import pyfsxfs
import pytest
from disk_images.blocks.source import (
    CannotTellError,
    FileMissingError,
)
from disk_images.filesystems.detect import open_file_system
from disk_images.filesystems.file_system import FileSystem
from made_images import (
    MIB,
    NEEDS,
    CountingFile,
    Link,
    Tree,
    make_file_system,
    run,
)

LARGE = b"".join(b"line %08d of a larger file\n" % n for n in range(20_000))
FILES: dict[str, bytes] = {
    "usr/lib/os-release": b'ID=debian\nVERSION_ID="12"\n',
    "usr/bin/sh": b"\x7fELF" + LARGE,
    "etc/hostname": b"web\n",
    "etc/empty": b"",
    **{f"many/a-rather-long-name-of-number-{n}": b"%d" % n for n in range(150)},
}
LINKS: dict[str, Link] = {
    "etc/os-release": Link("../usr/lib/os-release"),
    "bin": Link("usr/bin"),
    "etc/absolute": Link("/usr/lib/os-release"),
    "etc/long": Link("./" * 100 + "../usr/lib/os-release"),
    "etc/out": Link("../../../../usr/lib/os-release"),
    "loop": Link("loop"),
    "etc/dangling": Link("nowhere"),
}


class Made(NamedTuple):
    """How a file system is made."""

    kind: str
    options: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return "" if self.kind in {"squashfs", "erofs"} else "LABEL"

    @property
    def has_links(self) -> bool:
        return self.kind not in {"vfat", "ntfs"}


MADE = {
    "ext4": Made("ext4"),
    "ext4 with inline data": Made("ext4", ("-O", "inline_data", "-I", "1024")),
    "ext4 with 1 KiB blocks": Made("ext4", ("-b", "1024")),
    "ext4 with meta block groups": Made("ext4", ("-O", "meta_bg,^resize_inode")),
    "ext4 without 64bit": Made("ext4", ("-O", "^64bit,^metadata_csum")),
    "ext3": Made("ext3"),
    "ext2": Made("ext2", ("-b", "1024")),
    "XFS v5": Made("xfs"),
    "XFS v4": Made("xfs", ("-m", "crc=0")),
    "XFS with larger folders": Made("xfs", ("-n", "size=16384")),
    "Btrfs": Made("btrfs"),
    "Btrfs with 4 KiB nodes": Made("btrfs", ("-n", "4096")),
    "FAT16": Made("vfat", ("-F", "16")),
    "FAT32": Made("vfat", ("-F", "32")),
    "FAT12": Made("vfat", ("-F", "12", "-s", "64")),
    "NTFS": Made("ntfs"),
    "squashfs gzip": Made("squashfs", ("-comp", "gzip")),
    "squashfs xz": Made("squashfs", ("-comp", "xz")),
    "squashfs zstd": Made("squashfs", ("-comp", "zstd")),
    "squashfs lzma": Made("squashfs", ("-comp", "lzma")),
    "squashfs without fragments": Made("squashfs", ("-no-fragments", "-noI", "-noD")),
    "EROFS": Made("erofs"),
    "EROFS with long inodes": Made("erofs", ("-Eforce-inode-extended",)),
    "EROFS with chunks": Made("erofs", ("--chunksize=4096",)),
}
MAKEABLE = [
    pytest.param(made, id=name, marks=pytest.mark.needs(*NEEDS[made.kind]))
    for name, made in MADE.items()
]
LINKED = [param for param in MAKEABLE if param.values[0].has_links]  # type: ignore[union-attr]

Make = Callable[[Made], Path]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return the image of a file system, made once."""
    folder = tmp_path_factory.mktemp("made")
    images: dict[Made, Path] = {}

    def image_of(made: Made) -> Path:
        if made not in images:
            tree: Tree = {**FILES, **LINKS} if made.has_links else FILES
            kind, options = made
            images[made] = make_file_system(
                folder, tree, kind=kind, label=made.label, options=options
            )
        return images[made]

    return image_of


def opened(image: Path) -> FileSystem:
    return open_file_system(CountingFile(image))


@pytest.mark.parametrize("made", MAKEABLE)
def test_every_file_reads_as_it_was_written(made: Made, make: Make) -> None:
    files = opened(make(made))
    files.want(FILES)
    for path, content in FILES.items():
        assert files.read_file(f"/{path}", limit=1 << 30) == content, path


@pytest.mark.parametrize("made", MAKEABLE)
def test_folders_list_what_is_in_them(made: Made, make: Make) -> None:
    files = opened(make(made))
    assert len(files.list_folder("/many")) == 150
    assert set(files.list_folder("/usr")) == {"bin", "lib"}
    assert len(files.list_folder("/many", limit=7)) == 7


@pytest.mark.parametrize("made", MAKEABLE)
def test_a_limit_cuts_a_file_and_an_open_one_reads_anywhere(
    made: Made, make: Make
) -> None:
    files = opened(make(made))
    content = FILES["usr/bin/sh"]
    assert files.read_file("/usr/bin/sh", limit=70_001) == content[:70_001]
    source = files.open_file("/usr/bin/sh")
    assert source.size_bytes == len(content)
    source.want([(70_000, 10), (5, 10)])
    for offset in (0, 1, 4095, 65_537, len(content) - 5):
        assert source.read(offset, 5000) == content[offset : offset + 5000]
    assert source.read(len(content), 1) == b""


@pytest.mark.parametrize("made", MAKEABLE)
@pytest.mark.parametrize("path", ["/nowhere", "/usr/lib/no", "/etc/hostname/x", "/usr"])
def test_what_is_no_file_is_missing(made: Made, make: Make, path: str) -> None:
    with pytest.raises(FileMissingError):
        opened(make(made)).read_file(path, limit=1)


@pytest.mark.parametrize("made", MAKEABLE)
def test_a_file_is_no_folder(made: Made, make: Make) -> None:
    with pytest.raises(FileMissingError, match="/etc/hostname is no folder"):
        opened(make(made)).list_folder("/etc/hostname")


@pytest.mark.parametrize("made", LINKED)
@pytest.mark.parametrize(
    "path", ["/etc/os-release", "/etc/absolute", "/etc/long", "/etc/out", "/bin/sh"]
)
def test_links_are_followed_inside(made: Made, make: Make, path: str) -> None:
    target = "usr/bin/sh" if path == "/bin/sh" else "usr/lib/os-release"
    assert opened(make(made)).read_file(path, limit=1 << 30) == FILES[target]


@pytest.mark.parametrize("made", LINKED)
def test_a_link_to_itself_comes_to_an_end(made: Made, make: Make) -> None:
    with pytest.raises(CannotTellError, match="/loop leads over too many symbolic"):
        opened(make(made)).read_file("/loop", limit=1)


@pytest.mark.parametrize("made", LINKED)
def test_a_link_to_nowhere_is_missing(made: Made, make: Make) -> None:
    with pytest.raises(FileMissingError, match="there is no nowhere"):
        opened(make(made)).read_file("/etc/dangling", limit=1)


@pytest.mark.parametrize(
    "made",
    [param for param in MAKEABLE if "ntfs" not in str(param.values)],
)
def test_blkid_finds_the_same_kind_label_and_uuid(made: Made, make: Make) -> None:
    image = make(made)
    printed = run("blkid", "-p", "-o", "export", image).decode()
    told = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    files = opened(image)
    assert (files.kind, files.label, files.uuid) == (
        told["TYPE"],
        told.get("LABEL", ""),
        told.get("UUID", ""),
    )


@pytest.mark.needs("ntfsinfo", *NEEDS["ntfs"])
def test_ntfs_has_the_serial_number_that_blkid_finds(make: Make) -> None:
    image = make(MADE["NTFS"])
    printed = run("blkid", "-p", "-o", "value", "-s", "UUID", image).decode()
    assert opened(image).uuid == printed.strip()


@pytest.mark.parametrize("name", ["ext4", "ext4 with inline data", "ext3", "ext2"])
@pytest.mark.needs("debugfs", "mkfs.ext4")
def test_debugfs_reads_the_same(name: str, make: Make) -> None:
    image = make(MADE[name])
    theirs = run("debugfs", "-R", "cat /usr/bin/sh", image)
    assert opened(image).read_file("/usr/bin/sh", limit=1 << 30) == theirs


@pytest.mark.parametrize("name", ["FAT12", "FAT16", "FAT32"])
@pytest.mark.needs("mtype", *NEEDS["vfat"])
def test_mtools_reads_the_same(name: str, make: Make) -> None:
    image = make(MADE[name])
    theirs = run("mtype", "-i", image, "::/usr/bin/sh")
    assert opened(image).read_file("/usr/bin/sh", limit=1 << 30) == theirs


@pytest.mark.needs("ntfscat", *NEEDS["ntfs"])
def test_ntfscat_reads_the_same(make: Make) -> None:
    image = make(MADE["NTFS"])
    theirs = run("ntfscat", image, "/usr/bin/sh")
    assert opened(image).read_file("/usr/bin/sh", limit=1 << 30) == theirs


@pytest.mark.needs("btrfs", *NEEDS["btrfs"])
def test_btrfs_restore_reads_the_same(make: Make, tmp_path: Path) -> None:
    image = make(MADE["Btrfs"])
    run("btrfs", "restore", image, tmp_path)
    theirs = (tmp_path / "usr/bin/sh").read_bytes()
    assert opened(image).read_file("/usr/bin/sh", limit=1 << 30) == theirs


LIBYAL = {
    "ext4": pyfsext,
    "ext3": pyfsext,
    "XFS v5": pyfsxfs,
    "XFS v4": pyfsxfs,
    "FAT16": pyfsfat,
    "FAT32": pyfsfat,
    "NTFS": pyfsntfs,
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.needs(*NEEDS[MADE[name].kind]))
        for name in LIBYAL
    ],
)
def test_libyal_reads_the_same(name: str, make: Make) -> None:
    image = make(MADE[name])
    volume = LIBYAL[name].volume()
    volume.open(str(image))
    separator = "\\" if name.startswith(("FAT", "NTFS")) else "/"
    files = opened(image)
    for path in ("usr/bin/sh", "usr/lib/os-release"):
        entry = volume.get_file_entry_by_path(separator + path.replace("/", separator))
        theirs = entry.read_buffer(entry.get_size())
        assert files.read_file(f"/{path}", limit=1 << 30) == theirs
    volume.close()


@pytest.mark.parametrize("made", [m for m in MAKEABLE if "xfs" in str(m.values)])
def test_a_folder_of_xfs_with_leaves_is_read_whole(made: Made, tmp_path: Path) -> None:
    files = [f"d/{'x' * 40}{n}" for n in range(2000)]
    image = make_file_system(
        tmp_path, dict.fromkeys(files, b""), kind="xfs", options=made.options
    )
    found = opened(image).list_folder("/d")
    assert {f"d/{name}" for name in found} == set(files)


@pytest.mark.needs("mkfs.ext4", "e2fsck", "debugfs")
def test_a_hashed_folder_of_ext4_is_read_whole(tmp_path: Path) -> None:
    tree = dict.fromkeys([f"d/{'x' * 40}{n}" for n in range(1200)], b"")
    image = make_file_system(tmp_path, tree)
    run("e2fsck", "-f", "-y", "-D", image)
    assert b"Root node dump" in run("debugfs", "-R", "htree /d", image)
    found = opened(image).list_folder("/d")
    assert {f"d/{name}" for name in found} == set(tree)


@pytest.mark.parametrize("block", [1024, 4096])
@pytest.mark.parametrize("kind", ["ext2", "ext4"])
@pytest.mark.needs("mkfs.ext4", "debugfs")
def test_holes_read_as_zeros(kind: str, block: int, tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        for offset in (0, 300_000, 5 * MIB, 9 * MIB):
            file.seek(offset)
            file.write(b"here")
    image = make_file_system(
        tmp_path, {"a": b""}, kind=kind, options=("-b", str(block))
    )
    run("debugfs", "-w", "-R", f"write {sparse} sparse", image)
    ours = opened(image).read_file("/sparse", limit=1 << 30)
    assert ours == sparse.read_bytes()


@pytest.mark.needs("mkntfs", "ntfscp")
def test_ntfs_opens_a_file_whatever_its_case(make: Make) -> None:
    files = opened(make(MADE["NTFS"]))
    assert files.read_file("/ETC/HostName", limit=9) == b"web\n"


@pytest.mark.needs(*NEEDS["vfat"])
def test_fat_opens_a_file_whatever_its_case(make: Make) -> None:
    assert opened(make(MADE["FAT32"])).read_file("/ETC/HostName", limit=9) == b"web\n"
