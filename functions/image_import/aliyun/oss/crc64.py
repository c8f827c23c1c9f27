"""The CRC-64 of an object, from those of its parts: no byte is read for it.

OSS says a CRC-64 of each part and of each object; that of the whole follows from the
parts' by linear algebra over single bits.

Sources: "CRC-64 check", OSS documentation, read 2026-12: ECMA-182; Mark Adler,
crc32_combine in zlib, for the method.
"""

from collections.abc import Iterable
from functools import lru_cache

_POLYNOMIAL = 0xC96C5795D7870F42
"""ECMA-182, the lowest bit first."""

_Matrix = tuple[int, ...]


def combined_crc64(parts: Iterable[tuple[int, int]]) -> int:
    """Return the CRC-64 of parts in a row.

    Args:
        parts: CRC-64 and size in bytes of each.
    """
    whole = 0
    for crc, size_bytes in parts:
        whole = _times(_zeros(size_bytes), whole) ^ crc
    return whole


@lru_cache(maxsize=16)
def _zeros(count: int) -> _Matrix:
    """Return what so many bytes of zeros do to a CRC; most parts have one size."""
    wanted: _Matrix = tuple(1 << bit for bit in range(64))
    power = _one_byte()
    while count:
        if count & 1:
            wanted = tuple(_times(power, row) for row in wanted)
        power = tuple(_times(power, row) for row in power)
        count >>= 1
    return wanted


def _one_byte() -> _Matrix:
    bit: _Matrix = (_POLYNOMIAL, *(1 << n for n in range(63)))
    for _ in range(3):
        bit = tuple(_times(bit, row) for row in bit)
    return bit


def _times(matrix: _Matrix, vector: int) -> int:
    product = 0
    for row in matrix:
        if not vector:
            break
        if vector & 1:
            product ^= row
        vector >>= 1
    return product
