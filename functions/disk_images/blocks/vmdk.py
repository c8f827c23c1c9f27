"""The disk in one VMDK file that has its data in it: grains through two tables.

Sources: VMware, "Virtual Disk Format 5.0"; libvmdk, "VMware Virtual Disk Format (VMDK)
format specification"; QEMU, block/vmdk.c; read 2026-12.
"""

import struct
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from disk_images.blocks.decompress import unpack_zlib_at_once
from disk_images.blocks.mapped import MappedDisk, MappedRun, Range, holes
from disk_images.blocks.prefetch import exactly
from disk_images.blocks.source import CannotTellError, CutOffError, DamagedError, Source

SECTOR = 512
MAGIC = b"KDMV"
AT_END = 0xFFFFFFFFFFFFFFFF
"""Of the grain directory's place: the header at the end of the file tells it."""

USES_REDUNDANT = 0x2
ZERO_GRAINS = 0x4
COMPRESSED = 0x10000

_NEWLINES = b"\n \r\n"
_DEFLATE = 1
_MARKER = struct.Struct("<QI")
"""Before a compressed grain: its first sector on the disk, and its packed bytes."""

GRAIN_HEAD_BYTES = _MARKER.size + 2
"""Before a grain's deflate: its marker, and zlib's header."""

_MOST_ENTRIES_PER_TABLE = 1 << 16
_LARGEST_GRAIN = 2 * 1024**2
_MOST_TABLES = 1 << 20
_KEPT_BYTES = 4 * 1024**2
_MOST_REMEMBERED = 1 << 16


# Sparse extent, little-endian: 0-3 "KDMV", 4 u32 version, 8 u32 flags, 12 u64 capacity
# in sectors, 20 u64 grain size in sectors, 28 and 36 u64 place and size of the
# descriptor in sectors, 44 u32 entries of a grain table, 48 u64 redundant grain
# directory, 56 u64 grain directory, 64 u64 overhead, 72 u8 unclean shutdown, 73-76
# newline test, 77 u16 compression
@dataclass(frozen=True, kw_only=True, slots=True)
class VmdkHeader:
    """What the header of a sparse extent says.

    Attributes:
        directory_offset: Where the grain directory stands, in bytes.
        table_entries: Grains of each grain table.
        is_unclean: Whoever wrote it last did not close it.
    """

    capacity_bytes: int
    grain_bytes: int
    table_entries: int
    directory_offset: int
    descriptor: Range
    has_zero_grains: bool
    is_compressed: bool
    is_unclean: bool

    @property
    def tables(self) -> int:
        """How many grain tables there are."""
        return -(-self.capacity_bytes // (self.grain_bytes * self.table_entries))


def read_vmdk_header(file: Source) -> VmdkHeader:
    """Return the header that counts: the first, or the one at the end.

    Raises:
        DamagedError: It contradicts itself.
        CannotTellError: It is of a kind that is not known here.
    """
    head = exactly(file, 0, SECTOR)
    if struct.unpack_from("<Q", head, 56)[0] == AT_END:
        place = max(0, file.size_bytes - 2 * SECTOR)
        head = exactly(file, place, SECTOR)
        if head[:4] != MAGIC:
            raise DamagedError(
                "the header says that the true one is at the end of the file, and"
                " there is none; the file is truncated, upload it again"
            )
    return _read_header(head)


def _read_header(head: bytes) -> VmdkHeader:
    version, flags = struct.unpack_from("<II", head, 4)
    if version not in (1, 2, 3):
        raise CannotTellError(f"it is a VMDK of version {version}, expected 1 to 3")
    if head[73:77] != _NEWLINES:
        raise DamagedError(
            "its newline test is broken: a transfer as text has changed line ends;"
            " transfer it again as binary"
        )
    capacity, grain, place, length = struct.unpack_from("<QQQQ", head, 12)
    (entries,) = struct.unpack_from("<I", head, 44)
    redundant, directory = struct.unpack_from("<QQ", head, 48)
    (compression,) = struct.unpack_from("<H", head, 77)
    is_compressed = bool(flags & COMPRESSED)
    if is_compressed and compression != _DEFLATE:
        raise CannotTellError(f"its grains are compressed by method {compression}")
    is_power = grain > 0 and grain & (grain - 1) == 0
    if not is_power or not 8 <= grain <= _LARGEST_GRAIN // SECTOR:
        raise DamagedError(
            f"its grains have {grain:,} sectors, expected a power of two of at least 8"
        )
    if not 0 < entries <= _MOST_ENTRIES_PER_TABLE:
        raise DamagedError(f"its grain tables have {entries:,} entries, expected 512")
    header = VmdkHeader(
        capacity_bytes=capacity * SECTOR,
        grain_bytes=grain * SECTOR,
        table_entries=entries,
        directory_offset=(redundant if flags & USES_REDUNDANT else directory) * SECTOR,
        descriptor=(place * SECTOR, length * SECTOR),
        has_zero_grains=bool(flags & ZERO_GRAINS),
        is_compressed=is_compressed,
        is_unclean=bool(head[72]),
    )
    if header.tables > _MOST_TABLES:
        raise DamagedError(f"it has {header.tables:,} grain tables")
    return header


class SparseVmdkDisk(MappedDisk):
    """A disk in grains; one that no table points at is zeros."""

    def __init__(self, file: Source, header: VmdkHeader) -> None:
        super().__init__(file, size_bytes=header.capacity_bytes)
        self.header = header
        self._grain = header.grain_bytes
        self._tables: OrderedDict[int, GrainTable] = OrderedDict()
        self._unpacked: OrderedDict[int, bytes] = OrderedDict()
        self._numbers: dict[int, int] = {}

    @property
    def grain_bytes(self) -> int:
        """The size of a grain."""
        return self._grain

    def _tables_lacking(self, ranges: list[Range]) -> list[Range]:
        places = [self._directory_place(*wanted) for wanted in ranges]
        lacking = [place for place in places if self._file.lacks([place])]
        if lacking:
            return lacking
        tables = self._table_places(ranges)
        return [place for place in tables if self._file.lacks([place])]

    def _directory_place(self, offset: int, count: int) -> Range:
        span = self._grain * self.header.table_entries
        first, last = offset // span, (offset + max(count, 1) - 1) // span
        return self.header.directory_offset + 4 * first, 4 * (last - first + 1)

    def _table_places(self, ranges: list[Range]) -> list[Range]:
        found = []
        for offset, count in ranges:
            data = self._file.read(*self._directory_place(offset, count))
            sectors = [s for (s,) in struct.iter_unpack("<I", data[: len(data) & ~3])]
            size = 4 * self.header.table_entries
            found += [(sector * SECTOR, size) for sector in sectors if sector]
        return found

    def _map(self, ranges: list[Range]) -> Iterator[MappedRun]:
        self._file.want([self._directory_place(*wanted) for wanted in ranges])
        self._file.want(self._table_places(ranges))
        for start, length in ranges:
            offset, left = start, length
            while left > 0:
                run = self._run_at(offset, left)
                yield run
                offset, left = offset + run.count, left - run.count

    def _run_at(self, offset: int, left: int) -> MappedRun:
        number, skip = divmod(offset, self._grain)
        count = min(left, self._grain - skip)
        table = self._table(number // self.header.table_entries)
        if table is None:
            span = self._grain * self.header.table_entries
            return MappedRun(min(left, span - offset % span))
        entry = number % self.header.table_entries
        sector = table.sectors[entry]
        if sector == 0:
            return MappedRun(min(left, table.holes(entry) * self._grain - skip))
        if sector == 1 and self.header.has_zero_grains:
            return MappedRun(count)
        at = sector * SECTOR
        self._must_begin_inside(at, "a grain")
        if not self.header.is_compressed:
            return MappedRun(count, at + skip)
        if len(self._numbers) > _MOST_REMEMBERED:
            self._numbers.clear()
        self._numbers[at] = number
        most = _MARKER.size + self._grain + self._grain // 8 + SECTOR
        most = min(most, self._file.size_bytes - at)
        return MappedRun(count, at, min(most, table.room(at)), skip)

    def _table(self, number: int) -> "GrainTable | None":
        if (kept := self._tables.get(number)) is not None:
            return kept
        place = self.header.directory_offset + 4 * number
        (sector,) = struct.unpack("<I", exactly(self._file, place, 4))
        if not sector:
            return None
        size = 4 * self.header.table_entries
        table = GrainTable(exactly(self._file, sector * SECTOR, size))
        self._tables[number] = table
        if len(self._tables) * size > _KEPT_BYTES:
            self._tables.popitem(last=False)
        return table

    def _unpack(self, at: int, count: int) -> bytes:
        """Return the grain that is compressed there; the last ones are kept."""
        # Several threads may read one disk, so nothing is looked up twice.
        if (kept := self._unpacked.get(at)) is not None:
            return kept
        packed = exactly(self._file, at, count)
        number = self._numbers.get(at)
        lba = (number or 0) * (self._grain // SECTOR)
        if number is not None and grain_lba(packed) != lba:
            raise DamagedError(
                f"a grain says that it begins at sector {grain_lba(packed):,} of the"
                f" disk, its table says {lba:,}"
            )
        data = unpack_grain(packed, self._grain)
        data = data.ljust(self._grain, b"\0")
        self._unpacked[at] = data
        if len(self._unpacked) * self._grain > _KEPT_BYTES:
            self._unpacked.popitem(last=False)
        return data


class GrainTable:
    """The places of some grains, in sectors."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.sectors = struct.unpack(f"<{len(data) // 4}I", data)
        self._sorted: list[int] = []

    def holes(self, entry: int) -> int:
        """Return how many grains, from one that was never written on, were not."""
        return holes(self._data, 4 * entry, 4)

    def room(self, at: int) -> int:
        """Return how many bytes there are up to the next grain of this table."""
        if not self._sorted:
            self._sorted = sorted({sector * SECTOR for sector in self.sectors})
        after = bisect_right(self._sorted, at)
        return self._sorted[after] - at if after < len(self._sorted) else 1 << 62


def unpack_grain(data: bytes, grain_bytes: int) -> bytes:
    """Return what a compressed grain holds, at most one grain.

    Args:
        data: From its marker on; what follows it does no harm.

    Raises:
        DamagedError: It is none, or it holds more than a grain.
    """
    if len(data) < _MARKER.size:
        raise CutOffError("the file ends within the marker of a grain")
    _, packed = _MARKER.unpack_from(data)
    if not packed:
        raise DamagedError("a table points at a marker that is not a grain's")
    end = _MARKER.size + packed
    if end > len(data):
        raise DamagedError(
            f"a grain has {packed:,} packed bytes, but the next one begins after"
            f" {len(data) - _MARKER.size:,}"
        )
    plain = unpack_zlib_at_once(data[_MARKER.size : end], grain_bytes)
    if len(plain) > grain_bytes:
        raise DamagedError(f"a grain holds more than its {grain_bytes:,} bytes")
    return plain


def grain_lba(data: bytes) -> int:
    """Return which sector of the disk a grain's marker names."""
    lba: int = _MARKER.unpack_from(data)[0]
    return lba
