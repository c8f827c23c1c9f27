"""CRC-64/XZ, the checksum of `x-oss-hash-crc64ecma`, also of very long zero runs.

A checksum is a polynomial over GF(2), kept with its lowest power in the top bit. The
checksum of A followed by B is that of A, multiplied by x to the number of B's bits,
plus that of B; so neither runs of zeros nor appended parts are ever computed anew.

Source: ECMA-182, annex B (the polynomial); "CRC-64/XZ" in the CRC RevEng catalogue
(reflection and inversion); "Definitions of common HTTP headers", OSS documentation
(that OSS uses it); read 2026-11.
"""

import struct
from collections.abc import Callable
from functools import cache

POLYNOMIAL = 0xC96C5795D7870F42
ALL_ONES = 0xFFFFFFFFFFFFFFFF
TOP_BIT = 1 << 63
BLOCK_BYTES = 1 << 16
ZERO_BLOCK = bytes(BLOCK_BYTES)


def combine(first: int, second: int, *, second_size_bytes: int) -> int:
    """Return the checksum of two runs of bytes, one after the other."""
    return _multiply(first, _x_to_bytes(second_size_bytes)) ^ second


def of_zeros(size_bytes: int) -> int:
    """Return the checksum of `size_bytes` zero bytes, in logarithmic time."""
    return _multiply(ALL_ONES, _x_to_bytes(size_bytes)) ^ ALL_ONES


def of_bytes(data: bytes, start: int = 0) -> int:
    """Return the checksum of what `start` is the checksum of, followed by `data`."""
    checksum = start
    for offset in range(0, len(data), BLOCK_BYTES):
        block = data[offset : offset + BLOCK_BYTES]
        if block == ZERO_BLOCK:
            zeros = of_zeros(BLOCK_BYTES)
            checksum = combine(checksum, zeros, second_size_bytes=BLOCK_BYTES)
        else:
            checksum = _engine()(block, checksum)
    return checksum


def _in_python(data: bytes, start: int) -> int:
    table = _table()
    register = start ^ ALL_ONES
    for byte in data:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ ALL_ONES


@cache
def _engine() -> Callable[[bytes, int], int]:
    """Return crcmod's compiled loop where some client brought it, else our own."""
    try:
        from crcmod import _crcfunext  # noqa: PLC0415 - optional, and 50 times faster
    except ImportError:
        return _in_python
    table = struct.pack("256Q", *_table())
    return lambda data, start: int(
        _crcfunext._crc64r(data, start ^ ALL_ONES, table) ^ ALL_ONES  # noqa: SLF001 - has no other name
    )


@cache
def _table() -> tuple[int, ...]:
    return tuple(_shifted_out(byte) for byte in range(256))


def _shifted_out(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ (POLYNOMIAL if register & 1 else 0)
    return register


def _multiply(left: int, right: int) -> int:
    """Return the product of two polynomials modulo the one of CRC-64."""
    product = 0
    while left:
        if left & TOP_BIT:
            product ^= right
        left = (left << 1) & ALL_ONES
        right = (right >> 1) ^ (POLYNOMIAL if right & 1 else 0)
    return product


@cache
def _x_to_bytes(size_bytes: int) -> int:
    return _power_of_x(8 * size_bytes)


def _power_of_x(exponent: int) -> int:
    power, base = TOP_BIT, TOP_BIT >> 1
    while exponent:
        if exponent & 1:
            power = _multiply(power, base)
        base = _multiply(base, base)
        exponent >>= 1
    return power
