"""One piece unpacked: never more than that, whatever the packed bytes say."""

import zlib

from disk_images.blocks.source import CannotTellError, DamagedError

_CHUNK_BYTES = 4096


def decompress_unit(raw: bytes, most: int) -> bytes:
    """Return what chunks of up to 4 KiB unpack to, at most so many bytes.

    A chunk begins with 2 bytes: its length less 3 in 12 bits, and at the top whether
    it is compressed. A length of zero ends them.
    """
    result = bytearray()
    at = 0
    while at + 2 <= len(raw) and len(result) < most:
        header = int.from_bytes(raw[at : at + 2], "little")
        if not header:
            break
        end = at + 3 + (header & 0xFFF)
        chunk = raw[at + 2 : end]
        plain = _chunk(chunk) if header & 0x8000 else chunk
        # All chunks but the last one stand for 4 KiB.
        result += bytes(-len(result) % _CHUNK_BYTES) + plain
        at = end
    return bytes(result[:most])


def _chunk(raw: bytes) -> bytes:
    result = bytearray()
    at = 0
    while at < len(raw):
        flags = raw[at]
        at += 1
        for bit in range(8):
            if at >= len(raw):
                break
            if not flags >> bit & 1:
                result.append(raw[at])
                at += 1
                continue
            _repeat(result, int.from_bytes(raw[at : at + 2], "little"))
            at += 2
    return bytes(result)


def _repeat(result: bytearray, token: int) -> None:
    """Append what stands some way back; the further on, the more bits that way has."""
    way_bits = max(4, (len(result) - 1).bit_length())
    length_bits = 16 - way_bits
    way = (token >> length_bits) + 1
    length = (token & (1 << length_bits) - 1) + 3
    if way > len(result) or len(result) + length > _CHUNK_BYTES:
        raise DamagedError("an LZNT1 chunk points outside of itself")
    for _ in range(length):
        result.append(result[-way])


_WINDOW_BITS = -zlib.MAX_WBITS
"""Without a header. QEMU writes with a window of 4 KiB, and its reader, which inflates
straight into the whole cluster, takes larger ones: so does this one.

Source: QEMU, block/qcow2-threads.c, read 2026-12.
"""
# The largest cluster has 2 MiB, and no writer needs to look further back.
_ZSTD_WINDOW_BYTES = 1 << 22


def unpack_zlib(data: bytes, limit: int) -> bytes:
    """Return what is packed, up to `limit` bytes.

    Raises:
        DamagedError: It is no such data.
    """
    return _unpack_zlib(data, limit, _WINDOW_BITS)


def unpack_zlib_stream(data: bytes, limit: int) -> bytes:
    """Return what is packed with zlib's own header, as Btrfs has it.

    Raises:
        DamagedError: It is no such data.
    """
    return _unpack_zlib(data, limit, zlib.MAX_WBITS)


def unpack_zlib_at_once(data: bytes, expected: int) -> bytes:
    """Return what is packed with zlib's own header, all of it and in one step.

    Where the size is known, that takes a tenth less time than by `limit`.

    Args:
        data: Little enough that a bomb in it does no harm: it unpacks to 1,032 times
            its size at most.
        expected: How many bytes it should be.

    Raises:
        DamagedError: It is no such data, or ends early.

    Source: zlib, "zlib Technical Details", maximum compression factor, read 2026-12.
    """
    try:
        return zlib.decompress(data, bufsize=expected)
    except zlib.error as exc:
        raise DamagedError(f"a piece cannot be unpacked by zlib: {exc}") from exc


def _unpack_zlib(data: bytes, limit: int, window_bits: int) -> bytes:
    try:
        return zlib.decompressobj(window_bits).decompress(data, limit)
    except zlib.error as exc:
        raise DamagedError(f"a piece cannot be unpacked by zlib: {exc}") from exc


def unpack_zstd(data: bytes, limit: int) -> bytes:
    """Return what is packed, up to `limit` bytes.

    Raises:
        DamagedError: It is no such data.
        CannotTellError: Nothing that knows zstd is installed.
    """
    try:
        import zstandard  # noqa: PLC0415 - only such an image has to pay for it
    except ImportError as exc:
        raise CannotTellError(
            "it is packed with zstd; that takes the extra or layer inspect"
        ) from exc
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    try:
        with unpacker.stream_reader(data) as reader:
            return bytes(reader.read(limit))
    except zstandard.ZstdError as exc:
        raise DamagedError(f"a piece cannot be unpacked by zstd: {exc}") from exc
