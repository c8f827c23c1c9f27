"""The bytes of an object, of which long runs of zeros cost nothing.

A 40 GiB disk image of which only the first and the last bytes matter is kept as
those bytes and a number.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from fake_aliyun import crc64

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
                zeros = crc64.of_zeros(len(part))
                checksum = crc64.combine(checksum, zeros, second_size_bytes=len(part))
            else:
                checksum = crc64.of_bytes(part, checksum)
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
