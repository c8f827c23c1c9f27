"""One piece unpacked: never more than that, whatever the packed bytes say.

Room: core.
"""

import zlib

from image_import.inspection.parts import CannotTellError, DamagedError

_WINDOW_BITS = -12
"""Without a header, window of 4 KiB; QEMU, block/qcow2-threads.c, read 2026-11."""
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
