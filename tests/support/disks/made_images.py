"""Disks and file systems made by Debian's tools, without mounting any.

    disk = make_disk(tmp_path, {"etc/os-release": b"ID=debian\n"}, scheme="mbr")

A tree is {path: bytes, Link or None}; None is an empty folder. Folders on the way are
made. Each file system is made by its own tool, so a test needs the marks in NEEDS.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

MIB = 1 << 20

NEEDS: dict[str, tuple[str, ...]] = {
    "ext2": ("mkfs.ext4",),
    "ext3": ("mkfs.ext4",),
    "ext4": ("mkfs.ext4",),
    "xfs": ("mkfs.xfs",),
    "btrfs": ("mkfs.btrfs",),
    "vfat": ("mkfs.vfat", "mcopy"),
    "ntfs": ("mkntfs", "wimlib-imagex"),
    "squashfs": ("mksquashfs",),
    "erofs": ("mkfs.erofs",),
    "gpt": ("sfdisk",),
    "mbr": ("sfdisk",),
}

TYPES = {
    "root": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",  # Linux root (x86-64)
    "linux": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
    "esp": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
    "bios": "21686148-6449-6E6F-744E-656564454649",
    "lvm": "E6D6D379-F507-44C2-A23C-238F2A3DF928",
    "windows": "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7",
}


class Link(NamedTuple):
    """A symbolic link."""

    target: str


Tree: TypeAlias = Mapping[str, bytes | Link | None]
Scheme: TypeAlias = Literal["gpt", "mbr", "none"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One partition: an image of its content, or None for zeros."""

    content: Path | None
    type: str
    size_bytes: int = MIB
    name: str = ""
    is_active: bool = False


@dataclass
class CountingFile:
    """A `Source` on a local file that counts as a view over a network would.

    What was wanted or read is remembered in aligned blocks. A `want` of blocks that
    are not there yet is a round trip, and a `read` of such is one too.
    """

    path: Path
    block: int = 64 * 1024
    trips: int = 0
    bytes_read: int = 0
    requests: int = 0
    _got: set[int] = field(default_factory=set)

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size

    def read(self, offset: int, count: int) -> bytes:
        assert offset >= 0
        assert count >= 0
        self._get([(offset, count)])
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(count)

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._get(ranges)

    def lacks(self, ranges: Iterable[tuple[int, int]]) -> bool:
        return bool(self._missing(ranges))

    def _missing(self, ranges: Iterable[tuple[int, int]]) -> set[int]:
        missing = set()
        for offset, count in ranges:
            end = min(offset + count, self.size_bytes)
            if 0 <= offset < end:
                missing |= set(range(offset // self.block, -(-end // self.block)))
        return missing - self._got

    def _get(self, ranges: Iterable[tuple[int, int]]) -> None:
        missing = self._missing(ranges)
        self._got |= missing
        self.trips += bool(missing)
        self.requests += sum(number - 1 not in missing for number in missing)
        self.bytes_read += len(missing) * self.block


def run(*command: str | Path, given: str | bytes = b"") -> bytes:
    """Return what a tool printed; its complaint is in the error if it failed."""
    data = given.encode() if isinstance(given, str) else given
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    done = subprocess.run(
        [*map(str, command)],
        input=data,
        capture_output=True,
        env={**os.environ, "PATH": path, "MTOOLS_SKIP_CHECK": "1"},
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout[-500:], done.stderr[-2000:])
    return done.stdout


def lay_out(folder: Path, tree: Tree) -> Path:
    """Return a folder that holds the tree."""
    folder.mkdir(parents=True)
    for name, content in tree.items():
        path = folder / name
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        else:
            path.write_bytes(content)
    return folder


def make_file_system(
    folder: Path,
    tree: Tree,
    *,
    kind: str = "ext4",
    size_bytes: int = 0,
    label: str = "",
    options: tuple[str, ...] = (),
) -> Path:
    """Return an image of a file system that holds the tree.

    Args:
        size_bytes: Sparse; 0 is the smallest that the tool likes. All else is as
            file_system_of takes it.
    """
    root = lay_out(folder / f"tree-{uuid.uuid4().hex[:8]}", tree)
    if not any(root.iterdir()) and kind == "xfs":
        (root / "empty").mkdir()
    smallest = {"xfs": 320, "btrfs": 128, "vfat": 40}.get(kind, 16) * MIB
    image = file_system_of(
        folder,
        root,
        kind=kind,
        size_bytes=size_bytes or smallest,
        label=label,
        options=options,
    )
    shutil.rmtree(root)
    return image


def file_system_of(
    folder: Path,
    root: Path,
    *,
    kind: str = "ext4",
    size_bytes: int = 0,
    label: str = "",
    options: tuple[str, ...] = (),
) -> Path:
    """Return an image of a file system that holds what is in a folder.

    Args:
        folder: Where to make it.
        root: Whose content it gets.
        kind: As mount(8) names it.
        size_bytes: Sparse; 0 is 512 MiB.
        label: Its label.
        options: More options of its mkfs.
    """
    image = folder / f"{kind}-{uuid.uuid4().hex[:8]}.img"
    with image.open("wb") as file:
        file.truncate(size_bytes or 512 * MIB)
    _MAKERS[kind](image, root, label, options)
    return image


def _make_ext(
    image: Path, root: Path, label: str, options: tuple[str, ...], *, kind: str
) -> None:
    quick = ("-E", "lazy_itable_init=1,nodiscard", "-m", "0")
    given = () if "-E" in options else quick
    named = ("-L", label) if label else ()
    command = ("mkfs.ext4", "-q", "-F", "-t", kind)
    run(*command, *given, *named, *options, "-d", root, image)


def _make_xfs(image: Path, root: Path, label: str, options: tuple[str, ...]) -> None:
    lines = ["/", "0 0", "d--755 0 0", *_prototype(root), "$", ""]
    prototype = image.with_suffix(".proto")
    prototype.write_text("\n".join(lines))
    named = ("-L", label) if label else ()
    run("mkfs.xfs", "-q", "-f", "-K", *named, *options, "-p", prototype, image)


def _prototype(folder: Path) -> list[str]:
    """Return the lines of a folder in a mkfs.xfs(8) prototype."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            lines.append(f"{path.name} l--777 0 0 {path.readlink()}")
        elif path.is_dir():
            lines += [f"{path.name} d--755 0 0", *_prototype(path), "$"]
        else:
            lines.append(f"{path.name} ---644 0 0 {path}")
    return lines


def _make_btrfs(image: Path, root: Path, label: str, options: tuple[str, ...]) -> None:
    named = ("-L", label) if label else ()
    run("mkfs.btrfs", "-q", "-f", *named, *options, "--rootdir", root, image)


def _make_vfat(image: Path, root: Path, label: str, options: tuple[str, ...]) -> None:
    named = ("-n", label) if label else ()
    run("mkfs.vfat", *named, *options, image)
    for path in sorted(root.iterdir()):
        run("mcopy", "-s", "-Q", "-i", image, path, "::")


def _make_ntfs(image: Path, root: Path, label: str, options: tuple[str, ...]) -> None:
    named = ("-L", label) if label else ()
    run("mkntfs", "-q", "-F", "-Q", *named, *options, image)
    archive = image.with_suffix(".wim")
    run("wimlib-imagex", "capture", root, archive, "--compress=none")
    run("wimlib-imagex", "apply", archive, "1", image)
    archive.unlink()


def _make_squashfs(
    image: Path, root: Path, label: str, options: tuple[str, ...]
) -> None:
    assert not label, "squashfs has no label"
    image.unlink()
    run("mksquashfs", root, image, "-quiet", "-no-progress", *options)


def _make_erofs(image: Path, root: Path, label: str, options: tuple[str, ...]) -> None:
    assert not label, "mkfs.erofs gives none"
    image.unlink()
    run("mkfs.erofs", "-x-1", *options, image, root)


def _ext(kind: str) -> "_Maker":
    def make(image: Path, root: Path, label: str, options: tuple[str, ...]) -> None:
        _make_ext(image, root, label, options, kind=kind)

    return make


_Maker: TypeAlias = Callable[[Path, Path, str, tuple[str, ...]], None]
_MAKERS: dict[str, _Maker] = {
    "ext2": _ext("ext2"),
    "ext3": _ext("ext3"),
    "ext4": _ext("ext4"),
    "xfs": _make_xfs,
    "btrfs": _make_btrfs,
    "vfat": _make_vfat,
    "ntfs": _make_ntfs,
    "squashfs": _make_squashfs,
    "erofs": _make_erofs,
}


def make_partitioned(
    image: Path, parts: Iterable[Part], *, scheme: Scheme = "gpt", size_bytes: int = 0
) -> Path:
    """Return a sparse disk with these partitions, one after the other from 1 MiB on."""
    lines = [f"label: {'dos' if scheme == 'mbr' else 'gpt'}"]
    start = MIB
    places = []
    for part in parts:
        size = part.content.stat().st_size if part.content else part.size_bytes
        size = -(-size // MIB) * MIB
        line = f"start={start // 512}, size={size // 512}, type={part.type}"
        line += f', name="{part.name}"' if part.name else ""
        if part.is_active:
            line += ", bootable" if scheme == "mbr" else ', attrs="LegacyBIOSBootable"'
        lines.append(line)
        places.append((start, part.content))
        start += size
    with image.open("wb") as file:
        file.truncate(max(size_bytes, start + MIB))
    run("sfdisk", "-q", image, given="\n".join(lines) + "\n")
    for offset, content in places:
        if content:
            copy_into(content, image, offset)
    return image


def copy_into(content: Path, image: Path, offset: int) -> None:
    """Copy an image into a larger one; what is a hole stays one, and is not read."""
    with content.open("rb") as source, image.open("r+b") as target:
        for begin, stop in written_places(content):
            source.seek(begin)
            target.seek(offset + begin)
            while (left := stop - source.tell()) > 0:
                target.write(source.read(min(left, 1 << 20)))


def written_places(path: Path) -> Iterator[tuple[int, int]]:
    """Yield where a file has bytes and no holes, as the system tells."""
    with path.open("rb") as file:
        end, stop = os.fstat(file.fileno()).st_size, 0
        while stop < end:
            try:
                begin = os.lseek(file.fileno(), stop, os.SEEK_DATA)
            except OSError:  # ENXIO: holes to the end
                return
            stop = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            yield begin, stop


def make_disk(
    tmp_path: Path,
    tree: Tree,
    *,
    scheme: Scheme = "gpt",
    file_system: str = "ext4",
    esp: Tree | None = None,
    has_bios_boot: bool = False,
    label: str = "",
    size_bytes: int = 0,
    options: tuple[str, ...] = (),
) -> Path:
    """Return a disk whose root file system holds the tree.

    Args:
        tmp_path: Where to make it; several may be made in one folder.
        tree: What the root file system holds.
        scheme: The partition table; "none" puts the file system on the whole disk.
        file_system: The root's, as mount(8) names it.
        esp: What an EFI system partition ahead of it holds; None for no such one.
        has_bios_boot: Whether a GPT has a BIOS boot partition, the first one.
        label: The root's label.
        size_bytes: Of the root file system, sparse; 0 is the tool's smallest.
        options: More options of the root's mkfs.
    """
    content = make_file_system(
        tmp_path,
        tree,
        kind=file_system,
        size_bytes=size_bytes,
        label=label,
        options=options,
    )
    if scheme == "none":
        return content
    is_gpt = scheme == "gpt"
    parts = []
    if has_bios_boot:
        parts.append(Part(content=None, type=TYPES["bios"]))
    if esp is not None:
        image = make_file_system(tmp_path, esp, kind="vfat", label="ESP")
        parts.append(Part(content=image, type=TYPES["esp"] if is_gpt else "ef"))
    kind = TYPES["windows" if file_system == "ntfs" else "root"]
    legacy = "7" if file_system == "ntfs" else "83"
    root = Part(content=content, type=kind if is_gpt else legacy, is_active=not is_gpt)
    disk = tmp_path / f"disk-{content.name}"
    make_partitioned(disk, [*parts, root], scheme=scheme)
    for part in [*parts, root]:
        if part.content:
            part.content.unlink()
    return disk
