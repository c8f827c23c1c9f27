"""The bytes of an object, of which long runs of zeros cost nothing.

A 40 GiB disk image of which only the first and the last bytes matter is kept as
those bytes and a number.
"""

import hashlib
import io
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

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


CHUNK_BYTES = 1 << 18
_ZEROS = bytes(CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class Zeros:
    """A run of zero bytes."""

    size_bytes: int

    def __len__(self) -> int:
        return self.size_bytes

    def __getitem__(self, span: slice) -> "Zeros":
        start, stop, _ = span.indices(self.size_bytes)
        return Zeros(max(0, stop - start))


class Content:
    """Bytes and runs of zeros, one after the other; never changed, only replaced."""

    def __init__(self, parts: Iterable[bytes | Zeros] = ()) -> None:
        self._parts = tuple(part for part in parts if len(part))

    @property
    def parts(self) -> tuple[bytes | Zeros, ...]:
        """Return the runs that the content is kept as; none of them is empty."""
        return self._parts

    @classmethod
    def sparse(cls, *, head: bytes, tail: bytes, size_bytes: int) -> "Content":
        """Return `head`, zeros and `tail`, `size_bytes` together."""
        gap = size_bytes - len(head) - len(tail)
        if gap < 0:
            raise ValueError(
                f"size_bytes is {size_bytes}, but head and tail alone have "
                f"{len(head) + len(tail)}"
            )
        return cls([head, Zeros(gap), tail])

    def __add__(self, other: "Content") -> "Content":
        return Content([*self._parts, *other._parts])

    def __len__(self) -> int:
        return self.size_bytes

    @cached_property
    def size_bytes(self) -> int:
        """Return how many bytes there are."""
        return sum(len(part) for part in self._parts)

    @cached_property
    def is_sparse(self) -> bool:
        """Return whether some of the bytes are kept as a number only."""
        return any(isinstance(part, Zeros) for part in self._parts)

    def span(self, start: int, stop: int) -> "Content":
        """Return the bytes from `start` up to, without, `stop`."""
        taken: list[bytes | Zeros] = []
        offset = 0
        for part in self._parts:
            first, last = max(0, start - offset), stop - offset
            if first < len(part) and last > 0:
                taken.append(part[first : min(last, len(part))])
            offset += len(part)
        return Content(taken)

    def to_bytes(self) -> bytes:
        """Return everything in memory; meant for small contents."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes, some hundred KiB at a time."""
        for part in self._parts:
            for offset in range(0, len(part), CHUNK_BYTES):
                piece = part[offset : offset + CHUNK_BYTES]
                yield _ZEROS[: len(piece)] if isinstance(piece, Zeros) else piece

    def open(self) -> io.BufferedReader:
        """Return a file-like reader that makes zeros as they are asked for."""
        return io.BufferedReader(_Reader(self.chunks()), buffer_size=CHUNK_BYTES)

    @cached_property
    def crc64(self) -> int:
        """Return the CRC-64/XZ of the bytes."""
        checksum = 0
        for part in self._parts:
            if isinstance(part, Zeros):
                zeros = of_zeros(len(part))
                checksum = combine(checksum, zeros, second_size_bytes=len(part))
            else:
                checksum = of_bytes(part, checksum)
        return checksum

    @cached_property
    def md5(self) -> bytes:
        """Return the MD5 digest; needs time in proportion to the size."""
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.digest()


class _Reader(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = next(self._chunks, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
