"""CRC-64 of parts in a row, against oss2's of the whole."""

import random

import oss2
import pytest
from image_import.aliyun.oss.crc64 import combined_crc64


def crc64(data: bytes) -> int:
    crc = oss2.utils.Crc64()
    crc.update(data)
    return int(crc.crc)


@pytest.mark.parametrize(
    "sizes", [[], [0], [1], [5, 0, 7], [100_000] * 3 + [17], [1, 2, 3, 65_536]]
)
def test_parts_have_the_crc_that_oss2_finds_of_the_whole(sizes: list[int]) -> None:
    parts = [random.Random(size).randbytes(size) for size in sizes]  # noqa: S311 - bytes
    combined = combined_crc64((crc64(part), len(part)) for part in parts)
    assert combined == crc64(b"".join(parts))
