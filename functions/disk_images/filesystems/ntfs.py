"""NTFS, read-only.

A journal that was not replayed is left aside. Encrypted files and those that Windows
itself compressed (WOF) cannot be read.

Source: Linux, fs/ntfs3/ntfs.h; libyal/libfsntfs, documentation/New Technologies File
System (NTFS).asciidoc; read 2026-11.
"""

import struct
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from disk_images.blocks.decompress import decompress_unit
from disk_images.blocks.prefetch import Extent, Steps, exactly, fetch, gather
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.filesystems.inode import MAX_FOLDER_BYTES, Inodes, Key, Node, NodeKind
from disk_images.filesystems.ntfs_records import (
    BLOCK_HEADER,
    ROOT_HEADER,
    Attribute,
    attributes,
    block_of,
    fixed_up,
    listed,
    names_of,
    runs_of,
    towards,
    upper_case,
)

# The first sector, little-endian:
#          bytes  field
#          11-12  bytes in a sector
#             13  sectors in a cluster; above 0x80: 256 - log2
#          48-55  first cluster of the file table
#             64  clusters in a record of it; above 0x80: 256 - log2 of the bytes
#          72-79  serial number
_BOOT_BYTES = 512
_ROOT = 5
_IN_USE, _IS_FOLDER = 1, 2

_LIST, _DATA, _INDEX_ROOT, _INDEX, _REPARSE = 0x20, 0x80, 0x90, 0xA0, 0xC0
_COMPRESSED, _ENCRYPTED = 0x00FF, 0x4000
_MAX_RECORDS = 256
_MAX_RUNS = 65536
_MAX_LEVELS = 16
_NODE_SECTOR = 512
LARGE_FOLDER_BYTES = 1024 * 1024
"""Of an index: what is no larger comes in one go, and answers for every name."""


@dataclass(frozen=True, kw_only=True)
class NtfsNode(Node):
    """A record of the file table, as its attributes."""

    attributes: tuple[Attribute, ...]


_MOST_KEPT = 64
_KEPT_BYTES = 8 << 20
"""Of unpacked units: a registry is read in thousands of small pieces."""


class NtfsInodes(Inodes[NtfsNode]):
    """The records of an NTFS volume's file table."""

    kind = "ntfs"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        raw = exactly(source, 0, _BOOT_BYTES)
        if raw[3:11] != b"NTFS    ":
            raise DamagedError("there is no NTFS boot sector")
        sector, per_cluster = struct.unpack_from("<HB", raw, 11)
        if per_cluster > 0x80:
            per_cluster = 1 << min(256 - per_cluster, 16)
        self.cluster_bytes = sector * per_cluster
        (self._table,) = struct.unpack_from("<Q", raw, 48)
        per_record = raw[64]
        self._record_bytes = per_record * self.cluster_bytes
        if per_record > 0x80:
            self._record_bytes = 1 << min(256 - per_record, 31)
        is_sound = (
            sector in {512, 1024, 2048, 4096}
            and 512 <= self.cluster_bytes <= 2 << 20
            and 512 <= self._record_bytes <= 65536
        )
        if not is_sound:
            raise DamagedError("the NTFS volume's sizes make no sense")
        self.uuid = raw[72:80][::-1].hex().upper()
        self._table_extents: list[Extent] = []
        self._places: dict[tuple[tuple[int, bytes], ...], list[Extent]] = {}
        self._units: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    def fold(self, name: str) -> str:
        """Return the name in upper case."""
        return upper_case(name)

    def root(self) -> Steps[Key]:
        """Return the root folder's record."""
        if not self._table_extents:
            at = self._table * self.cluster_bytes
            first = yield from fetch(self.source, at, self._record_bytes)
            self._table_extents = [Extent(0, at, 32 * self._record_bytes)]
            found = yield from self._attributes(attributes(fixed_up(first, b"FILE")))
            table = [each for each in found if each.type == _DATA and not each.name]
            self._table_extents = self._extents(table)
        return _ROOT

    def load(self, key: Key, *, is_folder: bool = False) -> Steps[NtfsNode]:
        """Return the record of a number."""
        del is_folder
        record = yield from self._record(key if isinstance(key, int) else 0)
        (flags,) = struct.unpack_from("<H", record, 22)
        if not flags & _IN_USE:
            raise DamagedError(f"file record {key} is not in use")
        found = yield from self._attributes(attributes(record))
        kind: NodeKind = "folder" if flags & _IS_FOLDER else "file"
        data = [each for each in found if each.type == _DATA and not each.name]
        size = data[0].size_bytes if data and kind == "file" else 0
        if kind == "file" and any(each.type == _REPARSE for each in found):
            return NtfsNode(kind="other", size_bytes=size, attributes=tuple(found))
        return NtfsNode(kind=kind, size_bytes=size, attributes=tuple(found))

    def _record(self, number: int) -> Steps[bytes]:
        at, size = number * self._record_bytes, self._record_bytes
        if at + size > sum(extent.length for extent in self._table_extents):
            raise DamagedError(f"there is no file record {number:,}")
        raw = yield from gather(self.source, self._table_extents, at, size)
        return fixed_up(raw, b"FILE")

    def _attributes(self, own: list[Attribute]) -> Steps[list[Attribute]]:
        """Return all attributes, those in other records too."""
        lists = [each for each in own if each.type == _LIST]
        if not lists:
            return own
        raw = yield from self._value(lists, 0, min(lists[0].size_bytes, 1 << 18))
        found = [each for each in own if each.type != _LIST]
        records = sorted(set(listed(raw)))
        if len(records) > _MAX_RECORDS:
            raise CannotTellError(f"a file is spread over {len(records):,} records")
        for number in records:
            record = yield from self._record(number)
            found += [
                each
                for each in attributes(record)
                if each not in found and each.type != _LIST
            ]
        return sorted(found, key=lambda each: (each.type, each.name, each.first))

    def _extents(self, pieces: list[Attribute]) -> list[Extent]:
        """Return where an attribute stands, in order; the last ones are kept."""
        key = tuple((piece.first, piece.runs) for piece in pieces)
        if key not in self._places:
            if len(self._places) >= _MOST_KEPT:
                self._places.clear()
            self._places[key] = self._found_extents(pieces)
        return self._places[key]

    def _found_extents(self, pieces: list[Attribute]) -> list[Extent]:
        size = self.cluster_bytes
        found: list[Extent] = []
        for piece in pieces:
            start = piece.first * size
            for cluster, count in runs_of(piece.runs):
                at = None if cluster is None else cluster * size
                found.append(Extent(start, at, count * size))
                start += count * size
                if len(found) > _MAX_RUNS:
                    raise CannotTellError("a file is in too many pieces")
        return found

    def _value(self, pieces: list[Attribute], offset: int, count: int) -> Steps[bytes]:
        """Return bytes of an attribute."""
        first = pieces[0]
        if first.value is not None:
            return first.value[offset : offset + count].ljust(count, b"\0")
        if first.flags & _ENCRYPTED:
            raise CannotTellError("it is encrypted")
        extents = self._extents(pieces)
        if first.flags & _COMPRESSED and first.unit_log:
            return (yield from self._unpacked(extents, first, offset, count))
        count_written = max(0, min(count, first.written_bytes - offset))
        data = yield from gather(self.source, extents, offset, count_written)
        return data.ljust(count, b"\0")

    def _unpacked(
        self, extents: list[Extent], first: Attribute, offset: int, count: int
    ) -> Steps[bytes]:
        """Return bytes of a compressed attribute, unit by unit."""
        unit = self.cluster_bytes << min(first.unit_log, 8)
        start = offset - offset % unit
        end = -(-(offset + count) // unit) * unit
        data = bytearray()
        for at in range(start, end, unit):
            data += yield from self._unit(extents, at, unit)
        return bytes(data[offset - start :][:count])

    def _unit(self, extents: list[Extent], at: int, unit: int) -> Steps[bytes]:
        """Return one unit, unpacked; small reads come back to the same ones."""
        here = _overlapping(extents, at, unit)
        kept = _stored_in(here, at, unit)
        key = next((e.at + at - e.start for e in here if e.at is not None), -1), at
        if key not in self._units:
            raw = yield from gather(self.source, here, at, kept)
            plain = raw if kept in {0, unit} else decompress_unit(raw, unit)
            self._units[key] = plain.ljust(unit, b"\0")
            if len(self._units) * unit > _KEPT_BYTES:
                self._units.popitem(last=False)
        return self._units[key]

    def content(self, node: NtfsNode, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file."""
        data = [
            each for each in node.attributes if each.type == _DATA and not each.name
        ]
        if not data:
            return bytes(count)
        return (yield from self._value(data, offset, count))

    def entries(self, node: NtfsNode) -> Steps[dict[str, Key]]:
        """Return the names in a folder, its index read from end to end."""
        index = _index_of(node)
        found: dict[str, Key] = dict(names_of(index.root, ROOT_HEADER))
        if index.size_bytes > MAX_FOLDER_BYTES:
            raise CannotTellError(f"a folder has {index.size_bytes:,} bytes")
        if not index.size_bytes:
            return found
        data = yield from self._value(index.blocks, 0, index.size_bytes)
        for at in range(0, index.size_bytes, index.block_bytes):
            if data.startswith(b"INDX", at):
                block = block_of(data[at : at + index.block_bytes])
                found.update(names_of(block, BLOCK_HEADER))
        return found

    def find(self, node: NtfsNode, name: str) -> Steps[Key | None]:
        """Return the key of a name in a large folder, by one node of each level."""
        index = _index_of(node)
        wanted = upper_case(name)
        entry = towards(index.root, ROOT_HEADER, wanted)
        for _ in range(_MAX_LEVELS):
            if entry is None or upper_case(entry.name) == wanted:
                return entry and entry.record
            if entry.below is None:
                return None
            at = entry.below * self._block_unit(index)
            if at + index.block_bytes > index.size_bytes:
                raise DamagedError(f"a folder has no node at byte {at:,}")
            raw = yield from self._value(index.blocks, at, index.block_bytes)
            entry = towards(block_of(raw), BLOCK_HEADER, wanted)
        raise DamagedError(f"a folder has more than {_MAX_LEVELS} levels")

    def is_large(self, node: NtfsNode) -> bool:
        """Whether a name is looked for in a folder alone, and not all of it read."""
        return _index_of(node).size_bytes > LARGE_FOLDER_BYTES

    def _block_unit(self, index: "_Index") -> int:
        """Return what the numbers of nodes count: clusters, or sectors if smaller."""
        is_whole = self.cluster_bytes <= index.block_bytes
        return self.cluster_bytes if is_whole else _NODE_SECTOR


class _Index(NamedTuple):
    """The index of a folder.

    Attributes:
        blocks: The pieces of its other nodes.
        size_bytes: Of these, 0 if there are none.
        block_bytes: Of one of them.
    """

    root: bytes
    blocks: list[Attribute]
    size_bytes: int
    block_bytes: int


def _index_of(node: NtfsNode) -> _Index:
    own = [each for each in node.attributes if each.name == "$I30"]
    roots = [each.value for each in own if each.type == _INDEX_ROOT]
    if not roots or roots[0] is None or len(roots[0]) < 32:
        raise DamagedError("a folder has no index")
    (block_bytes,) = struct.unpack_from("<I", roots[0], 8)
    blocks = [each for each in own if each.type == _INDEX]
    size = blocks[0].size_bytes if blocks else 0
    if size and not 512 <= block_bytes <= 65536:
        raise DamagedError(f"the nodes of a folder have {block_bytes:,} bytes")
    return _Index(roots[0], blocks, size, block_bytes)


def _overlapping(extents: list[Extent], at: int, unit: int) -> list[Extent]:
    """Return the extents that a unit has a part of, of all that are in order."""
    first = max(0, bisect_right(extents, at, key=lambda extent: extent.start) - 1)
    found = []
    for extent in extents[first:]:
        if extent.start >= at + unit:
            break
        found.append(extent)
    return found


def _stored_in(extents: list[Extent], at: int, unit: int) -> int:
    """Return how many bytes of a unit are stored; they stand at its beginning."""
    kept = 0
    for extent in extents:
        first = max(extent.start, at)
        end = min(extent.start + extent.length, at + unit)
        if first < end and extent.at is not None:
            kept += end - first
    return kept
