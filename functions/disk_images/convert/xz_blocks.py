"""The blocks of an xz file, each of which can be unpacked alone, side by side.

An index at the end of each stream says where its blocks are. `xz` of several threads
makes many, and so does every `xz` from 5.6 on. A block is unpacked behind its stream's
header, so that the decompressor checks it as it checks a whole file.

Sources: "The .xz File Format" 1.2.1, sections 2 (stream, padding), 3.1 (block) and 4
(index); XZ Utils 5.6.0, NEWS; read 2026-12.
"""

import lzma
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from disk_images.blocks.source import DamagedError, Source
from disk_images.convert.unpack import LARGEST_WINDOW, READ_BYTES

LARGEST_BLOCK = 64 * 1024**2
"""Unpacked: a file of larger blocks is unpacked as one stream, in little memory."""

_HEADER_BYTES = _FOOTER_BYTES = 12
_HEADER_MAGIC = b"\xfd7zXZ\0"
_FOOTER_MAGIC = b"YZ"
_LARGEST_INDEX = 4 * 1024**2
_MOST_PADDING = 64 * 1024
_MOST_STREAMS = 10_000

Item = TypeVar("Item")
Made = TypeVar("Made")


class OrderedMap(Protocol):
    """Calls a function with each item and yields what it returns in order: `map`."""

    def __call__(
        self, work: Callable[[Item], Made], items: Iterable[Item], /
    ) -> Iterable[Made]:
        """Yield the results; it may work ahead, side by side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class XzBlock:
    """One block.

    Attributes:
        header: Of its stream.
        offset: Where it begins in the file.
        packed_bytes: Its length there, with its padding.
        plain_bytes: What it unpacks to, as the index says.
    """

    header: bytes
    offset: int
    packed_bytes: int
    plain_bytes: int


def read_blocks(file: Source) -> list[XzBlock]:
    """Return the blocks of an xz file, in order.

    Returns:
        None of them where it is not worth it to unpack them alone, or where the file
        is damaged: whoever unpacks it as one stream finds out how.
    """
    found: list[list[XzBlock]] = []
    end = file.size_bytes
    while end > 0:
        end = _without_padding(file, end)
        stream = _read_stream(file, end)
        if stream is None or len(found) >= _MOST_STREAMS:
            return []
        end, blocks = stream
        found.append(blocks)
    blocks = [block for blocks in reversed(found) for block in blocks]
    is_worth_it = len(blocks) > 1 and all(
        block.plain_bytes <= LARGEST_BLOCK for block in blocks
    )
    return blocks if is_worth_it else []


def _without_padding(file: Source, end: int) -> int:
    """Return where a stream ends; of more padding than anybody writes, a part."""
    start = max(0, end - _MOST_PADDING)
    zeros = end - start - len(file.read(start, end - start).rstrip(b"\0"))
    return end - zeros // 4 * 4


# Footer, little-endian: 0-3 CRC-32, 4-7 index's size / 4 - 1, 8-9 flags, 10-11 "YZ"
def _read_stream(file: Source, end: int) -> tuple[int, list[XzBlock]] | None:
    """Return where the stream that ends here begins, and its blocks."""
    footer = file.read(max(0, end - _FOOTER_BYTES), _FOOTER_BYTES)
    if len(footer) < _FOOTER_BYTES or footer[10:] != _FOOTER_MAGIC:
        return None
    index_bytes = 4 * (struct.unpack_from("<I", footer, 4)[0] + 1)
    index_at = end - _FOOTER_BYTES - index_bytes
    if index_bytes > _LARGEST_INDEX or index_at < _HEADER_BYTES:
        return None
    sizes = _read_index(file.read(index_at, index_bytes))
    if sizes is None:
        return None
    start = index_at - sum(-(-packed // 4) * 4 for packed, _ in sizes) - _HEADER_BYTES
    if start < 0:
        return None
    header = file.read(start, _HEADER_BYTES)
    if not header.startswith(_HEADER_MAGIC) or header[6:8] != footer[8:10]:
        return None
    blocks = []
    at = start + _HEADER_BYTES
    for packed, plain in sizes:
        padded = -(-packed // 4) * 4
        blocks.append(
            XzBlock(header=header, offset=at, packed_bytes=padded, plain_bytes=plain)
        )
        at += padded
    return start, blocks


def _read_index(data: bytes) -> list[tuple[int, int]] | None:
    """Return the packed size, without padding, and the plain size of each block."""
    if data[0] or zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        return None
    numbers = _numbers(data[1:-4])
    try:
        count = next(numbers)
        return [(next(numbers), next(numbers)) for _ in range(count)]
    except (StopIteration, RuntimeError):
        return None


def _numbers(data: bytes) -> Iterator[int]:
    """Yield numbers of 7 bits a byte, the lowest first."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield value
            value = shift = 0


def unpacked_blocks(
    file: Source, blocks: list[XzBlock], ahead: OrderedMap
) -> Iterator[bytes]:
    """Yield what the blocks hold, in order.

    Args:
        ahead: Unpacks several side by side; each takes up to LARGEST_BLOCK of memory.

    Raises:
        DamagedError: A block is not what the index says.
    """

    def unpack(block: XzBlock) -> list[bytes]:
        return list(_unpacked(file, block))

    for pieces in ahead(unpack, blocks):
        yield from pieces


def _unpacked(file: Source, block: XzBlock) -> Iterator[bytes]:
    inner = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=LARGEST_WINDOW)
    at, end, left = block.offset, block.offset + block.packed_bytes, block.plain_bytes
    try:
        inner.decompress(block.header)
        while at < end:
            data = file.read(at, min(READ_BYTES, end - at))
            at += max(1, len(data))
            while data or not inner.needs_input:
                # One byte more than there should be, so that it would show.
                piece = inner.decompress(data, left + 1)
                data = b""
                left -= len(piece)
                if left < 0:
                    break
                if piece:
                    yield piece
            if left < 0:
                break
    except lzma.LZMAError as exc:
        raise DamagedError(
            f"a block of the xz stream is damaged: {exc}; upload it again"
        ) from exc
    if left:
        raise DamagedError(
            f"a block of the xz stream does not hold the {block.plain_bytes:,} bytes"
            " that its index says; upload the file again"
        )
