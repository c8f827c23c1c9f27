"""The disk in a VHDX: blocks through a table, with a log that may have to be replayed.

The log is replayed in memory: it holds changes of tables that were not yet in place
when whoever wrote the file last stopped. Nothing is written.

Sources: [MS-VHDX] "Virtual Hard Disk v2 (VHDX) File Format", revision 8.0; QEMU,
block/vhdx.c and block/vhdx-log.c; read 2026-12.
"""

import struct
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from disk_images.blocks.mapped import MappedDisk, MappedRun, Range
from disk_images.blocks.prefetch import exactly
from disk_images.blocks.source import CannotTellError, DamagedError, Source

KIB = 1024
MIB = 1024 * KIB

_HEADERS = (64 * KIB, 128 * KIB)
_HEADER_BYTES = 4 * KIB
_REGIONS = (192 * KIB, 256 * KIB)
_REGION_BYTES = 64 * KIB

_BAT = uuid.UUID("2dc27766-f623-4200-9d64-115e9bfd4a08")
_METADATA = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e")
_FILE_PARAMETERS = uuid.UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b")
_SIZE = uuid.UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8")
_SECTOR_SIZE = uuid.UUID("8141bf1d-a96f-4709-ba47-f233a8faab5f")
_PHYSICAL_SECTOR_SIZE = uuid.UUID("cda348c7-445d-4471-9cc9-e9885251c556")
_DISK_ID = uuid.UUID("beca12ab-b2e6-4523-93ef-c309e000c746")
_PARENT = uuid.UUID("a8d35f2d-b30b-454d-abf7-d3d84834ab0c")
_KNOWN_ITEMS = {
    _FILE_PARAMETERS,
    _SIZE,
    _SECTOR_SIZE,
    _PHYSICAL_SECTOR_SIZE,
    _DISK_ID,
    _PARENT,
}

_PRESENT = 6
_PARTLY_PRESENT = 7
_REQUIRED = 0x1
_HAS_PARENT = 0x2

_LOG_SECTOR = 4 * KIB
_LARGEST_LOG = 64 * MIB
_LARGEST_METADATA = MIB


@dataclass(frozen=True, kw_only=True, slots=True)
class VhdxHeader:
    """What a VHDX says of its disk.

    Attributes:
        bat: Where the block allocation table stands.
        is_replayed: The log had changes that were not yet in place.
    """

    size_bytes: int
    block_bytes: int
    sector_bytes: int
    bat: Range
    is_replayed: bool = False


class Overlay:
    """A source of which some sectors read as they will be once a log is replayed."""

    def __init__(self, source: Source, sectors: Mapping[int, bytes]) -> None:
        self._source = source
        self._sectors = sectors

    @property
    def size_bytes(self) -> int:
        """The number of bytes."""
        return self._source.size_bytes

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes, with the sectors of the log in place."""
        data = self._source.read(offset, count)
        if not self._sectors:
            return data
        result = bytearray(data)
        first = offset // _LOG_SECTOR * _LOG_SECTOR
        for at in range(first, offset + len(data), _LOG_SECTOR):
            if sector := self._sectors.get(at):
                start, end = max(at, offset), min(at + _LOG_SECTOR, offset + len(data))
                result[start - offset : end - offset] = sector[start - at : end - at]
        return bytes(result)

    def want(self, ranges: Iterable[Range]) -> None:
        """Get ranges side by side."""
        self._source.want(ranges)

    def lacks(self, ranges: Iterable[Range]) -> bool:
        """Whether something of these ranges has not been asked for yet."""
        return self._source.lacks(ranges)


def open_vhdx(file: Source) -> "VhdxDisk":
    """Return the disk in a VHDX.

    Raises:
        DamagedError: Its headers, its log or its tables contradict themselves.
        CannotTellError: It needs a parent, or something that is not known here.
    """
    head, log = _newest_header(file)
    sectors = replayed_log(file, log) if log.id.int else {}
    if head and log.id.int and not sectors:
        raise DamagedError("it says that its log is in use, and the log has no entry")
    source = Overlay(file, sectors)
    regions = _regions(source)
    items = _metadata(source, regions[_METADATA])
    header = _read_items(source, items, regions[_BAT], is_replayed=bool(sectors))
    return VhdxDisk(source, header)


@dataclass(frozen=True, slots=True)
class Log:
    """Where the log stands, and whose entries count."""

    id: uuid.UUID
    offset: int
    length: int


# Header, little-endian: 0-3 "head", 4-7 CRC-32C with this field as zeros, 8-15 sequence
# number, 16-47 two GUIDs, 48-63 log GUID, 64-65 log version, 66-67 version,
# 68-71 length of the log, 72-79 its place
def _newest_header(file: Source) -> tuple[bytes, Log]:
    file.want([(at, _HEADER_BYTES) for at in _HEADERS])
    found = []
    for at in _HEADERS:
        head = exactly(file, at, _HEADER_BYTES)
        if head[:4] == b"head" and is_sound(head):
            found.append((struct.unpack_from("<Q", head, 8)[0], head))
    if not found:
        raise DamagedError("neither of its two headers is sound")
    _, head = max(found)
    log_version, version = struct.unpack_from("<HH", head, 64)
    if version != 1 or log_version != 0:
        raise CannotTellError(
            f"it is of version {version} with a log of version {log_version},"
            " expected 1 and 0"
        )
    length, offset = struct.unpack_from("<IQ", head, 68)
    return head, Log(_guid(head, 48), offset, length)


def is_sound(block: bytes, at: int = 4) -> bool:
    """Whether a block's checksum is that of its bytes.

    Args:
        at: Where the checksum stands, which counts as zeros.
    """
    (told,) = struct.unpack_from("<I", block, at)
    return crc32c(block[:at] + bytes(4) + block[at + 4 :]) == int(told)


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        register = byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
        table.append(register)
    return tuple(table)


_CRC_TABLE: list[tuple[int, ...]] = []


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of some bytes.

    Source: RFC 3720, appendix B.4.
    """
    if not _CRC_TABLE:
        _CRC_TABLE.append(_crc_table())
    table = _CRC_TABLE[0]
    register = 0xFFFFFFFF
    for byte in data:
        register = register >> 8 ^ table[(register ^ byte) & 0xFF]
    return register ^ 0xFFFFFFFF


# Region table: 0-3 "regi", 4-7 CRC-32C, 8-11 number of entries; entries of 32 bytes
# from byte 16 on: 0-15 GUID, 16-23 place, 24-27 length, 28-31 whether it is required
def _regions(source: Source) -> dict[uuid.UUID, Range]:
    source.want([(at, _REGION_BYTES) for at in _REGIONS])
    for at in _REGIONS:
        table = exactly(source, at, _REGION_BYTES)
        if table[:4] == b"regi" and is_sound(table):
            break
    else:
        raise DamagedError("neither of its two region tables is sound")
    found: dict[uuid.UUID, Range] = {}
    (count,) = struct.unpack_from("<I", table, 8)
    for number in range(min(count, 2047)):
        entry = 16 + 32 * number
        guid = _guid(table, entry)
        place, length, required = struct.unpack_from("<QII", table, entry + 16)
        if guid in (_BAT, _METADATA):
            found[guid] = place, length
        elif required & _REQUIRED:
            raise CannotTellError(f"it needs a region {guid}, which is not known here")
    if set(found) != {_BAT, _METADATA}:
        raise DamagedError("it has no block table, or no metadata")
    return found


# Metadata table: 0-7 "metadata", 10-11 number of entries; entries of 32 bytes from byte
# 32 on: 0-15 GUID, 16-19 place in the region, 20-23 length, 24-27 flags (4: required)
def _metadata(source: Source, region: Range) -> dict[uuid.UUID, bytes]:
    place, length = region
    if length > _LARGEST_METADATA * 16:
        raise DamagedError(f"its metadata have {length:,} bytes")
    table = exactly(source, place, min(length, 64 * KIB))
    if table[:8] != b"metadata":
        raise DamagedError("its metadata begin with something else")
    (count,) = struct.unpack_from("<H", table, 10)
    items: dict[uuid.UUID, bytes] = {}
    for number in range(min(count, 2047)):
        entry = 32 + 32 * number
        guid = _guid(table, entry)
        at, size, flags = struct.unpack_from("<III", table, entry + 16)
        if guid in _KNOWN_ITEMS:
            if size > _LARGEST_METADATA or at + size > length:
                raise DamagedError(f"an item of its metadata has {size:,} bytes")
            items[guid] = exactly(source, place + at, size)
        elif flags & 0x4:
            raise CannotTellError(f"it needs an item {guid}, which is not known here")
    return items


def _read_items(
    source: Source, items: Mapping[uuid.UUID, bytes], bat: Range, *, is_replayed: bool
) -> VhdxHeader:
    try:
        block, flags = struct.unpack_from("<II", items[_FILE_PARAMETERS])
        (size,) = struct.unpack_from("<Q", items[_SIZE])
        (sector,) = struct.unpack_from("<I", items[_SECTOR_SIZE])
    except (KeyError, struct.error) as exc:
        raise DamagedError(
            "its metadata lack the size of blocks, disk or sectors"
        ) from exc
    if flags & _HAS_PARENT:
        parent = parent_path(items.get(_PARENT, b""))
        raise CannotTellError(
            "it is a differencing VHDX: its other bytes are in its parent"
            f"{f' {parent!r}' if parent else ''}"
        )
    if not MIB <= block <= 256 * MIB or block & (block - 1):
        raise DamagedError(
            f"its blocks have {block:,} bytes, expected 1 to 256 MiB, a power of two"
        )
    if sector not in (512, 4096):
        raise DamagedError(f"its sectors have {sector:,} bytes, expected 512 or 4,096")
    header = VhdxHeader(
        size_bytes=size,
        block_bytes=block,
        sector_bytes=sector,
        bat=bat,
        is_replayed=is_replayed,
    )
    entries = _entries(header)
    if 8 * entries > bat[1] or bat[0] + bat[1] > source.size_bytes:
        raise DamagedError(
            f"its block table has room for {bat[1] // 8:,} entries, expected"
            f" {entries:,}"
        )
    return header


# Parent locator: 16-17 unused, 18-19 number of pairs; pairs of 12 bytes from byte 20
# on: 0-3 and 4-7 places of key and value, 8-9 and 10-11 their lengths, in UTF-16
def parent_path(locator: bytes) -> str:
    """Return how a differencing disk names its parent, "" if it does not."""
    try:
        (count,) = struct.unpack_from("<H", locator, 18)
        pairs = {}
        for number in range(min(count, 16)):
            key, value, key_length, length = struct.unpack_from(
                "<IIHH", locator, 20 + 12 * number
            )
            name = locator[key : key + key_length].decode("utf-16-le", "replace")
            pairs[name] = locator[value : value + length].decode("utf-16-le", "replace")
    except struct.error:
        return ""
    names = ("relative_path", "absolute_win32_path", "volume_path")
    return next((pairs[name] for name in names if pairs.get(name)), "")


def _ratio(header: VhdxHeader) -> int:
    """Return after how many blocks the table has the entry of a bitmap.

    Source: [MS-VHDX] 2.5, "BAT".
    """
    return (1 << 23) * header.sector_bytes // header.block_bytes


def _entries(header: VhdxHeader) -> int:
    blocks = -(-header.size_bytes // header.block_bytes)
    return blocks + max(0, blocks - 1) // _ratio(header) if blocks else 0


class VhdxDisk(MappedDisk):
    """A disk in blocks of a mebibyte or more."""

    def __init__(self, file: Source, header: VhdxHeader) -> None:
        super().__init__(file, size_bytes=header.size_bytes)
        self.header = header
        self._ratio = _ratio(header)

    def _tables_lacking(self, ranges: list[Range]) -> list[Range]:
        places = [self._entries_place(*wanted) for wanted in ranges]
        return [place for place in places if self._file.lacks([place])]

    def _map(self, ranges: list[Range]) -> Iterator[MappedRun]:
        self._file.want([self._entries_place(*wanted) for wanted in ranges])
        block = self.header.block_bytes
        for start, length in ranges:
            offset, left = start, length
            place, size = self._entries_place(start, length)
            data = exactly(self._file, place, size)
            first = self._index(start // block)
            while left > 0:
                number, skip = divmod(offset, block)
                at = 8 * (self._index(number) - first)
                (entry,) = struct.unpack_from("<Q", data, at)
                part = min(left, block - skip)
                yield MappedRun(part, self._place(entry, skip))
                offset, left = offset + part, left - part

    def _index(self, block: int) -> int:
        """Return which entry of the table is a block's: bitmaps have entries, too."""
        return block + block // self._ratio

    def _entries_place(self, offset: int, count: int) -> Range:
        block = self.header.block_bytes
        first = self._index(offset // block)
        last = self._index((offset + max(count, 1) - 1) // block)
        return self.header.bat[0] + 8 * first, 8 * (last - first + 1)

    def _place(self, entry: int, skip: int) -> int | None:
        state, at = entry & 0x7, (entry >> 20) * MIB
        if state == _PARTLY_PRESENT:
            raise DamagedError("a block is only partly here, and there is no parent")
        if state != _PRESENT:
            return None
        # The format keeps whole blocks, so that one that ends early was cut short.
        self._must_lie_inside(at, self.header.block_bytes, "a block")
        return at + skip


@dataclass(slots=True)
class LogEntry:
    """One entry of the log: sectors that belong elsewhere in the file."""

    sequence: int
    tail: int
    length: int
    sectors: dict[int, bytes] = field(default_factory=dict)


def replayed_log(file: Source, log: Log) -> dict[int, bytes]:
    """Return the sectors of 4 KiB that the log puts in place, by their offset.

    The active sequence is the longest run of entries, one behind the other, that ends
    with the highest number.

    Source: [MS-VHDX] 2.3, "Log", and 2.3.3, "Log Replay".
    """
    if not 0 < log.length <= _LARGEST_LOG or log.offset % MIB:
        raise DamagedError(f"its log has {log.length:,} bytes at byte {log.offset:,}")
    data = exactly(file, log.offset, log.length)
    best: list[LogEntry] = []
    at = 0
    while at < len(data):
        run = _sequence(data, at, log.id)
        if run and (not best or run[-1].sequence > best[-1].sequence):
            best = run
        at += run[0].length if run else _LOG_SECTOR
    result: dict[int, bytes] = {}
    for entry in best:
        result.update(entry.sectors)
    return result


def _sequence(data: bytes, start: int, log_id: uuid.UUID) -> list[LogEntry]:
    """Return the entries from here on, each with the number after the one before."""
    found: list[LogEntry] = []
    at, passed = start, 0
    while passed < len(data):
        entry = _log_entry(data, at, log_id)
        if entry is None or (found and entry.sequence != found[-1].sequence + 1):
            break
        found.append(entry)
        passed += entry.length
        at = (at + entry.length) % len(data)
    # The last entry names the first one that is still needed.
    while found and found[-1].tail != start:
        wanted = found[-1].tail
        tail_at = start
        for kept, entry in enumerate(found):
            if tail_at == wanted:
                return found[kept:]
            tail_at = (tail_at + entry.length) % len(data)
        found.pop()
    return found


# Log entry: 0-3 "loge", 4-7 CRC-32C, 8-11 length, 12-15 tail, 16-23 sequence number,
# 24-27 number of descriptors, 32-47 log GUID, 48-55 and 56-63 sizes of the file;
# descriptors of 32 bytes from byte 64 on: "desc": 4-7 last 4 bytes, 8-15 first 8 bytes,
# 16-23 place, 24-31 sequence number; "zero": 8-15 length, 16-23 place, 24-31 the same.
# Data sectors follow: 0-3 "data", 4-7 high half of the number, 8-4091 bytes, 4092- low
def _log_entry(data: bytes, at: int, log_id: uuid.UUID) -> LogEntry | None:
    """Return the entry that begins there, None if none that counts does."""
    head = _wrapped(data, at, _LOG_SECTOR)
    if head[:4] != b"loge" or _guid(head, 32) != log_id:
        return None
    length, tail, sequence, count = struct.unpack_from("<IIQI", head, 8)
    is_whole = 0 < length <= len(data) and length % _LOG_SECTOR == 0
    described = -(-(64 + 32 * count) // _LOG_SECTOR) * _LOG_SECTOR
    if not is_whole or not sequence or described > length:
        return None
    whole = _wrapped(data, at, length)
    if not is_sound(whole):
        return None
    entry = LogEntry(sequence=sequence, tail=tail, length=length)
    try:
        entry.sectors.update(_described(whole, count, described, sequence))
    except _TornError:
        return None
    return entry


class _TornError(Exception):
    """A log entry was not written to its end."""


def _described(
    whole: bytes, count: int, first: int, sequence: int
) -> Iterator[tuple[int, bytes]]:
    """Yield the sectors that an entry puts in place, by their offset."""
    at = first
    for number in range(count):
        kind, trailing, leading, place, told = struct.unpack_from(
            "<4s4s8sQQ", whole, 64 + 32 * number
        )
        if told != sequence or place % _LOG_SECTOR:
            raise _TornError
        if kind == b"zero":
            size = int.from_bytes(leading, "little")
            if size > _LARGEST_LOG:
                raise _TornError
            yield from (
                (n, bytes(_LOG_SECTOR)) for n in range(place, place + size, _LOG_SECTOR)
            )
        else:
            held = whole[at : at + _LOG_SECTOR]
            at += _LOG_SECTOR
            halves = struct.pack("<Q", sequence)
            is_whole = held[4:8] == halves[4:] and held[4092:] == halves[:4]
            if kind != b"desc" or held[:4] != b"data" or not is_whole:
                raise _TornError
            yield place, leading + held[8:4092] + trailing


def _wrapped(data: bytes, at: int, count: int) -> bytes:
    """Return bytes of the log, which goes on at its start where it ends."""
    piece = data[at : at + count]
    return piece + data[: count - len(piece)]


def _guid(data: bytes, at: int) -> uuid.UUID:
    return uuid.UUID(bytes_le=data[at : at + 16])
