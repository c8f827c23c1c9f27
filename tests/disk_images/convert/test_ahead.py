"""What is fetched ahead, and for how long it is kept."""

from disk_images.blocks.source import Fetched
from disk_images.convert.ahead import BLOCK, ReadAhead

MIB = 1024**2


class CountedFile:
    """A file, and what was asked of it."""

    def __init__(self, size: int) -> None:
        self.data = bytes(range(256)) * (size // 256)
        self.asked: list[tuple[int, int]] = []
        source = Fetched(fetch=self._fetch, size_bytes=size)
        self.ahead = ReadAhead(source)

    def _fetch(self, offset: int, count: int) -> bytes:
        self.asked.append((offset, count))
        return self.data[offset : offset + count]


def test_neighbours_that_are_wanted_are_one_request_and_read_once() -> None:
    file = CountedFile(4 * MIB)
    wanted = [(at, 60_000) for at in range(MIB, 2 * MIB, 65_536)]
    file.ahead.want(wanted)
    for at, count in wanted:
        assert file.ahead.read(at, count) == file.data[at : at + count]
    assert file.asked == [(MIB, 15 * 65_536 + 60_000)]


def test_what_was_read_is_kept_no_longer() -> None:
    file = CountedFile(4 * MIB)
    wanted = [(at, BLOCK * 2) for at in (0, 2 * MIB)]
    file.ahead.want(wanted)
    assert not file.ahead.lacks(wanted)
    file.ahead.read(*wanted[0])
    assert file.ahead.lacks(wanted[:1])
    assert not file.ahead.lacks(wanted[1:])
