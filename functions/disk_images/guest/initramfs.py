"""The names in an initramfs, which may be packed, as far as a look can pay for them.

Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst and
Documentation/arch/x86/microcode.rst (early, unpacked archives come first); read
2026-12.
"""

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from disk_images.blocks.source import CannotTellError, Source

PACKED_BYTES = 3 << 20
"""More of an initramfs is not read."""

_PIECE_BYTES = 256 * 1024
_UNPACKED_BYTES = 64 << 20
_MOST_MEMBERS = 64
_XZ_MEMORY = 64 << 20

# newc: 0-5 "070701" or "070702", then thirteen fields of 8 hex digits; the 7th is the
# file's size, the 12th the name's with its NUL; header and name, and data, are padded
# to 4 bytes.
_MAGICS = {b"070701", b"070702"}
_HEADER_BYTES = 110
_LONGEST_NAME = 4096
_LAST = "TRAILER!!!"


class InitramfsNames(NamedTuple):
    """What an initramfs holds.

    Attributes:
        names: The paths in it, as far as they were read.
        is_whole: Whether these are all of them.
    """

    names: list[str]
    is_whole: bool


class _Unpacker(Protocol):
    def decompress(self, data: bytes, /) -> bytes:
        """Return what more bytes unpack to."""


class _Plain:
    def decompress(self, data: bytes) -> bytes:
        return data


def read_initramfs(file: Source) -> InitramfsNames:
    """Return the names in an initramfs.

    Raises:
        CannotTellError: It is packed in a way that is not read here, or damaged.
    """
    names, at = _early(file)
    if at >= file.size_bytes:
        return InitramfsNames(names, is_whole=True)
    archive = _Archive()
    try:
        for piece in _unpacked(file, at):
            if archive.feed(piece):
                break
    except (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError) as exc:
        raise CannotTellError(f"its initramfs cannot be unpacked: {exc}") from exc
    return InitramfsNames([*names, *archive.names], archive.is_whole)


def _early(file: Source) -> tuple[list[str], int]:
    """Return the names of archives that are not packed, and where the main one begins.

    The last archive may be plain as well; then all names are here.
    """
    names: list[str] = []
    at = 0
    for _ in range(_MOST_MEMBERS):
        head = file.read(at, _HEADER_BYTES + _LONGEST_NAME)
        blank = len(head) - len(head.lstrip(b"\0"))
        if blank:
            at += blank
            continue
        if head[:6] not in _MAGICS:
            return names, at
        name, _, length = _member(head)
        at += length
        names += [name] if name != _LAST else []
    return [], 0


def _member(head: bytes) -> tuple[str, int, int]:
    """Return the name of a member, where the name ends, and how long the member is."""
    try:
        size, name_size = int(head[54:62], 16), int(head[94:102], 16)
    except ValueError as exc:
        raise CannotTellError("its initramfs is damaged") from exc
    if not 0 < name_size <= _LONGEST_NAME or size < 0:
        raise CannotTellError("its initramfs is damaged")
    name_end = _HEADER_BYTES + name_size
    name = head[_HEADER_BYTES : name_end - 1].decode("utf-8", "replace")
    return name, name_end, -(-name_end // 4) * 4 + -(-size // 4) * 4


def _unpacked(file: Source, at: int) -> Iterator[bytes]:
    """Yield the main archive in pieces, no more than a look can pay for."""
    end = min(file.size_bytes, at + PACKED_BYTES)
    unpacker = _unpacker_of(file.read(at, 6))
    file.want([(at, end - at)])
    left = _UNPACKED_BYTES
    for begin in range(at, end, _PIECE_BYTES):
        piece = unpacker.decompress(file.read(begin, min(_PIECE_BYTES, end - begin)))
        left -= len(piece)
        yield piece
        if left <= 0:
            return


def _unpacker_of(magic: bytes) -> _Unpacker:
    if magic in _MAGICS:
        return _Plain()
    if magic.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(zlib.MAX_WBITS | 16)
    if magic.startswith((b"\xfd7zXZ", b"\x5d\0\0")):
        return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    if magic.startswith(b"BZh"):
        return bz2.BZ2Decompressor()
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd()
    raise CannotTellError("its initramfs is packed in a way that is not read here")


def _zstd() -> _Unpacker:
    try:
        import zstandard  # noqa: PLC0415 - only such an image has to pay for it
    except ImportError as exc:
        raise CannotTellError(
            "its initramfs is packed with zstd; that takes the extra or layer inspect"
        ) from exc

    class Unpacker:
        def __init__(self) -> None:
            limit = 1 << 27
            unpacker = zstandard.ZstdDecompressor(max_window_size=limit)
            self._stream = unpacker.decompressobj()

        def decompress(self, data: bytes) -> bytes:
            try:
                return self._stream.decompress(data)
            except zstandard.ZstdError as exc:
                raise ValueError(str(exc)) from exc

    return Unpacker()


class _Archive:
    """Takes an archive piece by piece, and keeps the names."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.is_whole = False
        self._kept = bytearray()
        self._skip = 0

    def feed(self, piece: bytes) -> bool:
        """Take a piece; return whether the archive ended.

        Raises:
            CannotTellError: It is no archive.
        """
        skipped = min(self._skip, len(piece))
        self._skip -= skipped
        self._kept += piece[skipped:]
        while len(self._kept) >= _HEADER_BYTES:
            if bytes(self._kept[:6]) not in _MAGICS:
                raise CannotTellError("its initramfs holds no cpio archive")
            head = bytes(self._kept[: _HEADER_BYTES + _LONGEST_NAME])
            name, name_end, length = _member(head)
            if len(self._kept) < name_end:
                return False
            if name == _LAST:
                self.is_whole = True
                return True
            self.names.append(name)
            skipped = min(length, len(self._kept))
            del self._kept[:skipped]
            self._skip = length - skipped
        return False
