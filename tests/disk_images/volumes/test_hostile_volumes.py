"""Damaged and hostile volumes: an answer or "cannot tell", in bounded memory and steps.

Each image is damaged at random places near what is not zero, with a fixed seed. The
source gives out no more than a budget, as the view of an object does.
"""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from disk_images.blocks.source import (
    BudgetSpentError,
    CannotTellError,
)
from disk_images.filesystems.detect import open_file_system
from disk_images.volumes.layout import find_volumes
from made_images import NEEDS, Link, Tree, make_disk

LINKS: Tree = {"etc/os-release": Link("../usr/lib/os-release"), "loop": Link("loop")}
FILES: Tree = {
    "usr/lib/os-release": b"ID=debian\n" * 900,
    **{f"many/number-{n}": b"%d" % n for n in range(90)},
}
PATHS = ("/etc/os-release", "/usr/lib/os-release", "/many/number-7", "/loop")
BUDGET_BYTES = 16 << 20
DAMAGES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\0", b"\0\0\0\x80")


class Damaged:
    """A source in memory with a budget, as the view of an object has one."""

    def __init__(self, data: bytes, damages: Iterable[tuple[int, bytes]] = ()) -> None:
        self._data = data
        self._damages = list(damages)
        self.left = BUDGET_BYTES

    @property
    def size_bytes(self) -> int:
        return len(self._data)

    def read(self, offset: int, count: int) -> bytes:
        assert offset >= 0
        assert count >= 0
        data = bytearray(self._data[offset : offset + count])
        for at, damage in self._damages:
            if offset <= at and at + len(damage) <= offset + len(data):
                data[at - offset : at - offset + len(damage)] = damage
        self.left -= len(data)
        if self.left < 0:
            raise BudgetSpentError("the bytes allowed are used up")
        return bytes(data)

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        for offset, count in ranges:
            assert isinstance(offset, int)
            assert isinstance(count, int)

    def lacks(self, ranges: Iterable[tuple[int, int]]) -> bool:
        return bool(list(ranges)) and self.left < 0


def places_worth_damaging(data: bytes) -> list[int]:
    """Return places in the blocks that are not empty."""
    empty = bytes(512)
    starts = range(0, len(data), 512)
    return [at for at in starts if data[at : at + 512] != empty][:400]


def look_through(source: Damaged) -> int:
    """Ask all there is to ask, and return how much was answered."""
    answers = 0
    for volume in find_volumes(source).volumes:
        try:
            files = open_file_system(volume)
        except CannotTellError:
            continue
        files.want(PATHS)
        for path in PATHS:
            try:
                answers += len(files.read_file(path, limit=1 << 16)) >= 0
                files.open_file(path).read(3, 5000)
            except CannotTellError:
                continue
        try:
            answers += len(files.list_folder("/many"))
        except CannotTellError:
            continue
    return answers


HOSTILE = ("ext2", "ext4", "xfs", "btrfs", "vfat", "ntfs", "squashfs", "erofs")


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.needs(*NEEDS[kind], *NEEDS["gpt"]))
        for kind in HOSTILE
    ],
)
def test_damaged_volumes_raise_nothing_but_cannot_tell(
    kind: str, tmp_path: Path
) -> None:
    tree = FILES if kind in {"vfat", "ntfs"} else {**FILES, **LINKS}
    disk = make_disk(tmp_path, tree, file_system=kind, scheme="none")
    data = disk.read_bytes()
    assert look_through(Damaged(data)) >= 90
    blocks = places_worth_damaging(data)
    chance = random.Random(kind)  # noqa: S311 - the same damage each time
    for _ in range(60):
        damages = [
            (
                chance.choice(blocks) + chance.randrange(508),
                chance.choice((*DAMAGES, chance.randbytes(4))),
            )
            for _ in range(chance.choice((1, 3, 12)))
        ]
        try:
            look_through(Damaged(data, damages))
        except CannotTellError:
            continue


@pytest.mark.parametrize("scheme", ["gpt", "mbr"])
@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"])
def test_damaged_tables_raise_nothing_but_cannot_tell(
    scheme: str, tmp_path: Path
) -> None:
    disk = make_disk(tmp_path, {**FILES, **LINKS}, scheme=scheme)  # type: ignore[arg-type]
    data = disk.read_bytes()
    chance = random.Random(scheme)  # noqa: S311 - the same damage each time
    for _ in range(100):
        at = chance.choice((446, 462, 510, 512, 592, 1024, 1056)) + chance.randrange(16)
        damage = chance.choice((*DAMAGES, chance.randbytes(4)))
        try:
            look_through(Damaged(data, [(at, damage)]))
        except CannotTellError:
            continue


@pytest.mark.parametrize("size", [0, 1, 511, 512, 1080, 4096, 65600, 70000])
@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\x55\xaa"])
def test_short_disks_raise_nothing_but_cannot_tell(size: int, filling: bytes) -> None:
    data = (filling * size)[:size]
    try:
        assert look_through(Damaged(data)) == 0
    except CannotTellError as exc:
        assert str(exc)  # noqa: PT017 - either end is fine, and it says why
