"""What an archive has in it, read by ranges: members of tar and zip, where they are.

Names in an archive are labels and nothing else: no file is ever written by them.

Sources: POSIX.1-2017 pax, GNU tar "Storing Sparse Files", APPNOTE.TXT 6.3.10 (zip),
read 2026-12.
"""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO

from disk_images.blocks.source import DamagedError, Source
from disk_images.convert.parts import RefusedError
from disk_images.convert.unpack import OUT_BYTES

MOST_MEMBERS = 2_000
"""Of a tar that is walked by ranges: one read each."""

METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
DEFLATE64 = 9
_LOCAL_HEADER_BYTES = 30
DISK_ENDINGS = (
    ".img", ".qcow2", ".raw", ".vdi", ".vhd", ".vhdx", ".vmdk",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A file in an archive.

    Attributes:
        offset: Where its bytes begin in the archive.
        packed_bytes: How many stand there.
        size_bytes: How many it has.
        is_plain: They stand there as they are.
        is_disk_by_ovf: The machine's descriptor beside it names it as a disk.
        crc: The CRC-32 of its bytes, None where the archive has none.
    """

    name: str
    offset: int
    packed_bytes: int
    size_bytes: int
    is_plain: bool = True
    is_disk_by_ovf: bool = False
    crc: int | None = None

    @property
    def base_name(self) -> str:
        """The last part of its name."""
        return self.name.replace("\\", "/").rpartition("/")[2]

    @property
    def is_disk(self) -> bool:
        """Whether its name says that it is a disk."""
        return self.base_name.lower().endswith(DISK_ENDINGS)


class RangedFile(io.RawIOBase):
    """A source as a file, for libraries that want one; read in pieces of 64 KiB."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._at = 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether it can be read anywhere."""
        return True

    def tell(self) -> int:
        """Return where it is read next."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere."""
        base = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._at,
            io.SEEK_END: self._source.size_bytes,
        }[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a buffer."""
        data = self._source.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def ranged_file(source: Source) -> BinaryIO:
    """Return a source as a file."""
    return io.BufferedReader(RangedFile(source), buffer_size=64 * 1024)


def tar_members(source: Source) -> list[Member]:
    """Return the regular files of a tar, in order; the last one of a name counts.

    Raises:
        RefusedError: It has a sparse file, or more members than are worth a walk.
        DamagedError: It is cut short or damaged.
    """
    found: dict[str, Member] = {}
    try:
        with tarfile.open(fileobj=ranged_file(source), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= MOST_MEMBERS:
                    raise RefusedError(
                        f"the archive has more than {MOST_MEMBERS:,} members; upload"
                        " the disk alone"
                    )
                base = member.name.rpartition("/")[2]
                if not member.isreg() or base.startswith("._"):
                    continue
                end = member.offset_data + member.size
                if member.sparse is None and end > source.size_bytes:
                    raise DamagedError(
                        f"{member.name!r} in the archive ends at byte {end:,}, but the"
                        f" file has {source.size_bytes:,}: it was cut short; upload it"
                        " again"
                    )
                found.pop(member.name, None)
                found[member.name] = Member(
                    name=member.name,
                    offset=member.offset_data,
                    packed_bytes=member.size,
                    size_bytes=member.size,
                    is_plain=member.sparse is None,
                )
    except tarfile.TarError as exc:
        raise DamagedError(f"the tar archive is damaged: {exc}") from exc
    return list(found.values())


def tar_stream(chunks: Iterator[bytes]) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Yield the regular files of a tar that comes as a stream, each to be read at once.

    Sparse files come with their holes.

    Raises:
        DamagedError: It is cut short or damaged.
    """
    file = _Piped(chunks)
    try:
        with tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                base = member.name.rpartition("/")[2]
                if not member.isreg() or base.startswith("._"):
                    continue
                reader = archive.extractfile(member)
                if reader is not None:
                    about = Member(
                        name=member.name,
                        offset=0,
                        packed_bytes=member.size,
                        size_bytes=member.size,
                    )
                    yield about, _whole(reader, member.size)
        # What stands behind the archive's end has to be whole, too.
        while file.read(OUT_BYTES):
            pass
    except tarfile.TarError as exc:
        raise DamagedError(f"the tar archive is damaged: {exc}") from exc


def _whole(reader: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = reader.read(min(OUT_BYTES, left))
        if not piece:
            raise DamagedError("a file in the archive ends early; upload it again")
        left -= len(piece)
        yield piece


class _Piped(io.RawIOBase):
    """An iterator of bytes as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return bytes; none only at the end."""
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return b""
            self._rest = piece
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken


def zip_members(source: Source) -> list[Member]:
    """Return the files of a zip.

    Raises:
        RefusedError: One of them is encrypted or packed by a method that is not known.
        DamagedError: It is cut short or damaged.
    """
    try:
        with zipfile.ZipFile(ranged_file(source)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as exc:
        raise DamagedError(
            f"the zip archive is damaged or was cut short ({exc}); upload it again"
        ) from exc
    if len(infos) > MOST_MEMBERS:
        raise RefusedError(
            f"the archive has more than {MOST_MEMBERS:,} members; upload the disk alone"
        )
    return [_zip_member(source, info) for info in infos]


def _zip_member(source: Source, info: zipfile.ZipInfo) -> Member:
    if info.flag_bits & 0x1:
        raise RefusedError(
            f"{info.filename!r} in the zip is encrypted; unpack it and upload the disk"
        )
    if info.compress_type not in METHODS:
        method = "Deflate64" if info.compress_type == DEFLATE64 else "another method"
        raise RefusedError(
            f"{info.filename!r} in the zip is packed by {method}, which Windows"
            " Explorer uses above 2 GiB; pack it with 7-Zip by Deflate, or upload the"
            " disk",
            fix="unzip {source}",
        )
    # Local header: 0-3 "PK\3\4", 26-27 length of the name, 28-29 of the extra field
    local = source.read(info.header_offset, _LOCAL_HEADER_BYTES)
    if len(local) < _LOCAL_HEADER_BYTES or local[:4] != b"PK\x03\x04":
        raise DamagedError(f"{info.filename!r} in the zip is not where it should be")
    lengths = int.from_bytes(local[26:28], "little") + int.from_bytes(
        local[28:30], "little"
    )
    offset = info.header_offset + _LOCAL_HEADER_BYTES + lengths
    if offset + info.compress_size > source.size_bytes:
        raise DamagedError(
            f"{info.filename!r} in the zip is cut short; upload it again"
        )
    return Member(
        name=info.filename,
        offset=offset,
        packed_bytes=info.compress_size,
        size_bytes=info.file_size,
        is_plain=info.compress_type == zipfile.ZIP_STORED,
        crc=info.CRC,
    )


def inflated(source: Source, member: Member) -> Iterator[bytes]:
    """Yield the bytes of a deflated member of a zip.

    Raises:
        DamagedError: It is not what the zip says.
    """
    inflater = zlib.decompressobj(wbits=-15)
    at, end, out = member.offset, member.offset + member.packed_bytes, 0
    crc = 0
    try:
        while at < end and not inflater.eof:
            data = source.read(at, min(OUT_BYTES, end - at))
            at += len(data)
            if not data:
                break
            while data and not inflater.eof:
                piece = inflater.decompress(data, OUT_BYTES)
                data = inflater.unconsumed_tail
                out += len(piece)
                crc = zlib.crc32(piece, crc)
                if piece:
                    yield piece
    except zlib.error as exc:
        raise DamagedError(f"{member.name!r} in the zip is damaged: {exc}") from exc
    if not inflater.eof or out != member.size_bytes:
        raise DamagedError(
            f"{member.name!r} in the zip has {out:,} bytes, its directory says"
            f" {member.size_bytes:,}; upload it again"
        )
    if crc != member.crc:
        raise DamagedError(
            f"{member.name!r} in the zip has not the checksum that its directory says;"
            " upload it again"
        )
