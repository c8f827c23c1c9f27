"""A packed file as one stream: whole, or an error, never a shorter image.

A decompressor that is fed a file that was cut short returns what it has and says
nothing; one that meets a second member stops at the first. So the end is asked for
explicitly, and members are followed until the file ends.

Sources: RFC 1952 (gzip, members), "The .xz File Format" 1.2.1 (streams and padding),
RFC 8878 (zstd, frames and skippable frames), Python's zlib, lzma and bz2; read 2026-12.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from disk_images.blocks.source import DamagedError, Source
from disk_images.convert.parts import RefusedError

READ_BYTES = 4 * 1024**2
"""Of the packed file, at once."""

OUT_BYTES = 4 * 1024**2
"""Of the plain stream, at once: a bomb fills no more memory than that."""

LARGEST_WINDOW = 256 * 1024**2
"""Of a decompressor's memory; `xz -9` and `zstd --ultra` stay below it."""

MAGICS = {
    "gzip": (b"\x1f\x8b",),
    "xz": (b"\xfd7zXZ\0",),
    "bzip2": (b"BZh",),
    "zstd": (b"\x28\xb5\x2f\xfd",),
}


class Decompressor(Protocol):
    """What unpacks one member of a file."""

    @property
    def eof(self) -> bool:
        """Whether the member has come to its end."""

    @property
    def unused_data(self) -> bytes:
        """What was given behind that end."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out without more going in."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most so many bytes."""


class _Zlib:
    """zlib's decompressor with the manners of lzma's."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _new_xz() -> Decompressor:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=LARGEST_WINDOW)


_DECOMPRESSORS: dict[str, Callable[[], Decompressor]] = {
    "gzip": _Zlib,
    "xz": _new_xz,
    "bzip2": bz2.BZ2Decompressor,
}
_ERRORS = (zlib.error, lzma.LZMAError, OSError, EOFError)


def unpacked(source: Source, kind: str) -> Iterator[bytes]:
    """Yield what a packed file holds, piece by piece.

    Args:
        kind: `gzip`, `xz`, `bzip2` or `zstd`.

    Raises:
        DamagedError: It is cut short, damaged, or something else follows it.
        RefusedError: It takes more memory than we give it, or a library that is not
            installed.
    """
    if kind == "zstd":
        yield from _unpacked_zstd(source)
        return
    data, at = b"", 0
    while at < source.size_bytes or data:
        if not data:
            data = source.read(at, READ_BYTES)
            at += len(data)
        if not data.startswith(MAGICS[kind]):
            # A member's magic may be cut in two by our own reading.
            if len(data) < 6 and at < source.size_bytes:
                more = source.read(at, READ_BYTES)
                data, at = data + more, at + len(more)
                continue
            data = _padding(data, kind)
            continue
        member = _DECOMPRESSORS[kind]()
        while not member.eof:
            if member.needs_input and not data:
                data = source.read(at, READ_BYTES)
                at += len(data)
                if not data:
                    raise DamagedError(
                        f"the {kind} stream ends early: the file was cut short; upload"
                        " it again"
                    )
            yield from _step(member, data, kind)
            data = b""
        data = member.unused_data


def _step(member: Decompressor, data: bytes, kind: str) -> Iterator[bytes]:
    try:
        piece = member.decompress(data, OUT_BYTES)
        if piece:
            yield piece
        while not member.eof and not member.needs_input:
            piece = member.decompress(b"", OUT_BYTES)
            if piece:
                yield piece
    except _ERRORS as exc:
        if "memory" in str(exc).lower():
            raise RefusedError(
                f"unpacking it takes more than {LARGEST_WINDOW // 1024**2} MiB of"
                f" memory; pack it again with a smaller window, as `{kind}` does by"
                " itself"
            ) from exc
        raise DamagedError(
            f"the {kind} stream is damaged: {exc}; upload it again"
        ) from exc


def _padding(data: bytes, kind: str) -> bytes:
    """Return what follows zeros behind a member, which tapes and xz may leave there."""
    rest = data.lstrip(b"\0")
    if rest and not rest.startswith(MAGICS[kind]):
        raise DamagedError(
            f"something else follows the {kind} stream: {rest[:16]!r}; upload the file"
            " as it was made"
        )
    return rest


def _unpacked_zstd(source: Source) -> Iterator[bytes]:
    try:
        import zstandard  # noqa: PLC0415 - only such a file has to pay for it
    except ImportError as exc:
        raise RefusedError(
            "it is packed with zstd; that takes the extra or layer inspect"
        ) from exc
    at = 0
    decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
    frame = decompressor.decompressobj()
    is_open = False
    while at < source.size_bytes:
        data = source.read(at, READ_BYTES // 8)
        at += len(data)
        while data:
            try:
                piece = frame.decompress(data)
            except zstandard.ZstdError as exc:
                raise _zstd_error(exc) from exc
            is_open = not frame.eof
            data = frame.unused_data if frame.eof else b""
            for start in range(0, len(piece), OUT_BYTES):
                yield piece[start : start + OUT_BYTES]
            if frame.eof:
                frame = decompressor.decompressobj()
    if is_open:
        raise DamagedError(
            "the zstd stream ends early: the file was cut short; upload it again"
        )


def _zstd_error(exc: Exception) -> Exception:
    if "memory" in str(exc).lower() or "window" in str(exc).lower():
        return RefusedError(
            f"unpacking it takes a window of more than {LARGEST_WINDOW // 1024**2} MiB;"
            " pack it again without --long, or with --long=27"
        )
    return DamagedError(f"the zstd stream is damaged: {exc}; upload it again")
