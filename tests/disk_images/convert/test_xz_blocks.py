"""Blocks of xz files, unpacked alone; `xz` has made them."""

import lzma
import random
import subprocess
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import pytest
from disk_images.blocks.source import DamagedError, Fetched
from disk_images.convert.xz_blocks import read_blocks, unpacked_blocks

Item = TypeVar("Item")
Made = TypeVar("Made")

PLAIN = random.Random(5).randbytes(100_000) + bytes(250_000) + b"end"  # noqa: S311


def xz(data: bytes, *options: str) -> bytes:
    command = ["xz", "-c", "-T1", *options]
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def file_of(data: bytes) -> Fetched:
    return Fetched(fetch=lambda at, n: data[at : at + n], size_bytes=len(data))


def whole(data: bytes) -> bytes:
    return b"".join(unpacked_blocks(file_of(data), read_blocks(file_of(data)), map))


@pytest.mark.needs("xz")
@pytest.mark.parametrize("check", ["none", "crc32", "crc64", "sha256"])
def test_blocks_of_xz_hold_in_order_what_was_packed(check: str) -> None:
    packed = xz(PLAIN, "--block-size=65536", f"--check={check}")
    assert len(read_blocks(file_of(packed))) == 6
    assert whole(packed) == PLAIN


@pytest.mark.needs("xz")
def test_blocks_of_several_streams_with_padding_between_are_one_row() -> None:
    first = xz(PLAIN[:200_000], "--block-size=65536")
    second = xz(PLAIN[200_000:], "--block-size=100000", "--check=crc32")
    assert whole(first + bytes(8) + second + bytes(4)) == PLAIN


@pytest.mark.needs("xz")
def test_the_last_block_can_be_unpacked_first() -> None:
    file = file_of(xz(PLAIN, "--block-size=65536"))

    def backwards(
        work: Callable[[Item], Made], items: Iterable[Item], /
    ) -> Iterator[Made]:
        made = [work(item) for item in reversed(list(items))]
        return reversed(made)

    assert b"".join(unpacked_blocks(file, read_blocks(file), backwards)) == PLAIN


@pytest.mark.needs("xz")
def test_one_block_is_not_worth_it() -> None:
    assert read_blocks(file_of(xz(PLAIN))) == []


@pytest.mark.needs("xz")
def test_a_byte_that_is_not_what_it_was_is_never_a_shorter_disk() -> None:
    packed = xz(PLAIN, "--block-size=65536")
    chance = random.Random(7)  # noqa: S311 - the same each time
    for _ in range(60):
        broken = bytearray(packed)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        file = file_of(bytes(broken))
        blocks = read_blocks(file)
        if blocks:
            # Whatever the blocks do not hold, such as their own padding, is harmless.
            try:
                assert b"".join(unpacked_blocks(file, blocks, map)) == PLAIN
            except DamagedError:
                continue


@pytest.mark.needs("xz")
def test_an_index_that_promises_other_sizes_is_damage() -> None:
    packed = bytearray(xz(PLAIN, "--block-size=65536"))
    blocks = read_blocks(file_of(bytes(packed)))
    for wrong in (blocks[0].plain_bytes - 1, blocks[0].plain_bytes + 1):
        lying = [type(b)(header=b.header, offset=b.offset, packed_bytes=b.packed_bytes,
                         plain_bytes=wrong) for b in blocks[:1]]  # fmt: skip
        with pytest.raises(DamagedError, match="does not hold"):
            list(unpacked_blocks(file_of(bytes(packed)), lying, map))


@pytest.mark.parametrize("count", [0, 3, 11, 12, 31, 32])
def test_what_is_cut_short_has_no_blocks(count: int) -> None:
    assert read_blocks(file_of(lzma.compress(PLAIN)[:count])) == []
