"""The pieces of a file on Btrfs, compressed ones unpacked.

Source: Btrfs documentation, "On-disk Format", EXTENT_DATA; Linux,
include/uapi/linux/btrfs_tree.h (btrfs_file_extent_item); read 2026-11.

Room: core.
"""

import struct
import zlib
from typing import NamedTuple

from image_import.inspection.btrfs_trees import Item
from image_import.inspection.parts import CannotTellError, DamagedError

# A piece: 8-15 unpacked size, 16 compression, 17 encryption, 20 type; then its bytes
# (type 0), or 21-28 address, 29-36 bytes stored there, 37-44 what to skip of these
# once unpacked, 45-52 its length in the file.
_INLINE, _RESERVED = 0, 2
_ZLIB, _ZSTD = 1, 3
_NAMES = {2: "LZO"}
# Linux compresses 128 KiB at a time.
_MAX_UNPACKED_BYTES = 1 << 20


class DataExtent(NamedTuple):
    """A piece of a file.

    Attributes:
        start: Its first byte in the file.
        end: The byte behind it.
        compression: 0 none, 1 zlib, 2 LZO, 3 zstd.
        inline: Its bytes, if they are in the tree.
        address: Where it is stored, 0 for zeros.
        stored_bytes: How many bytes are stored there.
        skip: How many of them, once unpacked, are not of this piece.
        unpacked_bytes: How many bytes they unpack to.
    """

    start: int
    end: int
    compression: int
    inline: bytes | None = None
    address: int = 0
    stored_bytes: int = 0
    skip: int = 0
    unpacked_bytes: int = 0


def data_extent(item: Item) -> DataExtent:
    """Return the piece that an item tells of."""
    raw, start = item.data, item.key[2]
    if len(raw) < 21:
        raise DamagedError("an extent's item is too short")
    unpacked_size, compression, encryption, kind = struct.unpack_from("<8xQBB2xB", raw)
    if encryption:
        raise CannotTellError("it is encrypted")
    if kind == _INLINE:
        end = start + unpacked_size
        data = raw[21:]
        size = unpacked_size
        return DataExtent(start, end, compression, data, unpacked_bytes=size)
    if len(raw) < 53:
        raise DamagedError("an extent's item is too short")
    address, stored, skip, length = struct.unpack_from("<QQQQ", raw, 21)
    if kind == _RESERVED:
        address = 0
    return DataExtent(
        start=start,
        end=start + length,
        compression=compression,
        address=address,
        stored_bytes=stored,
        skip=skip,
        unpacked_bytes=unpacked_size,
    )


def unpacked(piece: DataExtent, raw: bytes, first: int, end: int) -> bytes:
    """Return the bytes of a piece from one to another in the file.

    Args:
        piece: The piece.
        raw: Of a compressed one all that is stored, of another just these bytes.
        first: The first byte in the file.
        end: The byte behind the last.
    """
    count = end - first
    if piece.inline is None and (not piece.address or not piece.compression):
        return raw.ljust(count, b"\0")
    data = piece.inline if piece.inline is not None else raw
    if piece.compression:
        data = _unpack(piece, data)
    at = piece.skip + first - piece.start
    return data[at : at + count].ljust(count, b"\0")


def _unpack(piece: DataExtent, raw: bytes) -> bytes:
    size = piece.unpacked_bytes
    if size > _MAX_UNPACKED_BYTES:
        raise DamagedError(f"a compressed piece claims {size:,} bytes")
    if piece.compression == _ZLIB:
        try:
            return zlib.decompressobj().decompress(raw, size)
        except zlib.error as exc:
            raise DamagedError(f"a piece cannot be unpacked: {exc}") from exc
    if piece.compression == _ZSTD:
        return _unpack_zstd(raw, size)
    name = _NAMES.get(piece.compression, f"method {piece.compression}")
    raise CannotTellError(f"it is compressed with {name}, which cannot be read")


def _unpack_zstd(raw: bytes, size: int) -> bytes:
    try:
        import zstandard  # noqa: PLC0415 - 25 ms that only such a file has to pay
    except ImportError as exc:
        raise CannotTellError(
            "it is compressed with zstd; install image-import[inspect] to read it"
        ) from exc
    try:
        unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_UNPACKED_BYTES)
        return bytes(unpacker.stream_reader(raw).read(size))
    except zstandard.ZstdError as exc:
        raise DamagedError(f"a piece cannot be unpacked: {exc}") from exc
