"""Checksums: known answers, long zero runs, and agreement with crcmod."""

import crcmod
import pytest
from fake_aliyun.core import content as crc64
from fake_aliyun.core.content import Content, Zeros
from hypothesis import given
from hypothesis import strategies as st

ECMA = 0x142F0E1EBA9EA3693


def as_crcmod_says(data: bytes) -> int:
    checksum = crcmod.mkCrcFun(ECMA, initCrc=0, rev=True, xorOut=0xFFFFFFFFFFFFFFFF)
    return int(checksum(data))


def test_the_check_value_of_the_catalogue_comes_out() -> None:
    assert crc64.of_bytes(b"123456789") == 0x995DC9BBDF1939FA


def test_the_loop_of_our_own_agrees_as_crcmod_says() -> None:
    data = bytes(range(256)) * 3
    assert crc64._in_python(data, 0) == as_crcmod_says(data)


@given(st.binary(max_size=300), st.integers(0, 400))
def test_a_zero_run_counts_as_crcmod_says(data: bytes, zeros: int) -> None:
    content = Content([data, Zeros(zeros), data])
    assert content.crc64 == as_crcmod_says(data + bytes(zeros) + data)


@pytest.mark.parametrize("size", [1, 65536, 200_000], ids=str)
def test_zero_blocks_in_plain_bytes_count_as_crcmod_says(size: int) -> None:
    data = b"head" + bytes(size)
    assert crc64.of_bytes(data) == as_crcmod_says(data)


def test_forty_gib_of_zeros_are_the_same_in_one_run_and_in_two() -> None:
    size, part = 40 * 1024**3, 7 * 1024**3 + 5
    halves = crc64.combine(
        crc64.of_zeros(part), crc64.of_zeros(size - part), second_size_bytes=size - part
    )
    assert crc64.of_zeros(size) == halves
