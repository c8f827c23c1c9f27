"""The records of an NTFS file table, and the attributes in them.

Source: Linux, fs/ntfs3/ntfs.h (MFT_REC, ATTRIB) and run.c; read 2026-11.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from disk_images.blocks.source import DamagedError

_FIXUP_BYTES = 512
_END = 0xFFFFFFFF


class Attribute(NamedTuple):
    """An attribute, or a piece of one.

    Attributes:
        type: 0x80 for data, and so on.
        name: "" for the main one of its type.
        flags: 0x00FF compressed, 0x4000 encrypted, 0x8000 sparse.
        value: Its bytes if they are in the record.
        first: Its first cluster in the whole attribute, 0 for the first piece.
        runs: Where its clusters are, packed.
        unit_log: log2 of the clusters that are compressed together.
        size_bytes: Of the whole attribute.
        written_bytes: How many of these are valid; the rest reads as zeros.
    """

    type: int
    name: str
    flags: int
    value: bytes | None
    first: int = 0
    runs: bytes = b""
    unit_log: int = 0
    size_bytes: int = 0
    written_bytes: int = 0


def fixed_up(raw: bytes, magic: bytes) -> bytes:
    """Return a record with the last two bytes of each 512 put back.

    4-5 offset of the array, 6-7 its number of words: what stands in place of those
    bytes, and then the bytes.
    """
    if not raw.startswith(magic):
        raise DamagedError(f"expected {magic.decode()}, found {raw[:4].hex()}")
    offset, count = struct.unpack_from("<HH", raw, 4)
    array = raw[offset : offset + 2 * count]
    if not count or len(array) != 2 * count or (count - 1) * _FIXUP_BYTES > len(raw):
        raise DamagedError("a record's update sequence stands outside of it")
    result = bytearray(raw)
    for number in range(1, count):
        end = number * _FIXUP_BYTES
        if result[end - 2 : end] != array[:2]:
            raise DamagedError("a record was written in part only")
        result[end - 2 : end] = array[2 * number : 2 * number + 2]
    return bytes(result)


def attributes(record: bytes) -> list[Attribute]:
    """Return the attributes in a record.

    Each: 0-3 type, 4-7 length, 8 whether it is outside, 9 length of the name, 10-11
    offset of the name, 12-13 flags; inside: 16-19 length, 20-21 offset; outside: 16-23
    first cluster, 32-33 offset of the runs, 34-35 log2 of the compression unit, 48-55
    size, 56-63 valid size.
    """
    (at,) = struct.unpack_from("<H", record, 20)
    found = []
    while at + 24 <= len(record):
        kind, length, is_outside, name_length, name_at, flags = struct.unpack_from(
            "<IIBBHH", record, at
        )
        if kind == _END:
            break
        if length < 24 or at + length > len(record):
            raise DamagedError(f"an attribute has a length of {length:,}")
        raw = record[at : at + length]
        name = raw[name_at : name_at + 2 * name_length].decode("utf-16-le", "replace")
        read = _outside if is_outside else _inside
        found.append(read(raw, kind, name, flags))
        at += length
    return found


def _inside(raw: bytes, kind: int, name: str, flags: int) -> Attribute:
    size, offset = struct.unpack_from("<IH", raw, 16)
    value = raw[offset : offset + size]
    return Attribute(kind, name, flags, value, size_bytes=len(value))


def _outside(raw: bytes, kind: int, name: str, flags: int) -> Attribute:
    if len(raw) < 64:
        raise DamagedError(f"an attribute outside has a length of {len(raw)}")
    first, _, runs_at, unit_log = struct.unpack_from("<QQHH", raw, 16)
    size, written = struct.unpack_from("<QQ", raw, 48)
    return Attribute(
        kind, name, flags, None, first, raw[runs_at:], unit_log, size, written
    )


def runs_of(packed: bytes) -> Iterator[tuple[int | None, int]]:
    """Yield the first cluster (None: zeros) and number of clusters of each run.

    A run: the lower half of a byte tells the length of its number, the upper half that
    of its distance from the run before.
    """
    at, cluster = 0, 0
    while at < len(packed) and packed[at]:
        count_length, distance_length = packed[at] & 15, packed[at] >> 4
        middle = at + 1 + count_length
        end = middle + distance_length
        count = int.from_bytes(packed[at + 1 : middle], "little")
        if end > len(packed) or count_length > 8 or not count:
            raise DamagedError("the runs of an attribute make no sense")
        cluster += int.from_bytes(packed[middle:end], "little", signed=True)
        yield (cluster if distance_length else None), count
        at = end


def listed(raw: bytes) -> Iterator[int]:
    """Yield the records that an attribute list names.

    Each entry: 4-5 its length, 16-23 record (its lower 6 bytes).
    """
    at = 0
    while at + 24 <= len(raw):
        (length,) = struct.unpack_from("<H", raw, at + 4)
        (record,) = struct.unpack_from("<Q", raw, at + 16)
        if length < 24:
            raise DamagedError(f"an attribute list has an entry of {length} bytes")
        yield record & (1 << 48) - 1
        at += length


# A node's header: 0-3 offset of the entries, 4-7 their end, both from the header on.
# An entry: 0-7 record (its lower 6 bytes), 8-9 length, 10-11 length of the key, 12-15
#   flags (1: has a node below, whose number is its last 8 bytes; 2: the last one, with
#   no name); the key: 64 length of the name, 65 its kind, 66- name.
ROOT_HEADER, BLOCK_HEADER = 16, 24
_HAS_BELOW, _LAST = 1, 2
_KEY_AT, _NAME_AT = 16, 66
_DOS_NAME = 2
_RECORD = (1 << 48) - 1
_SMALLEST = 512


class IndexEntry(NamedTuple):
    """An entry of a node.

    Attributes:
        name: "" for the last one, which has none.
        record: Of the file.
        below: The node with the names that come before this one, None if there is none.
        is_dos: Whether the name is only the short one that DOS knows.
    """

    name: str
    record: int
    below: int | None
    is_dos: bool


def entries_of(node: bytes, header: int) -> Iterator[IndexEntry]:
    """Yield the entries of a node, in order."""
    first, end = struct.unpack_from("<II", node, header)
    at, end = header + first, min(header + end, len(node))
    while at + _KEY_AT <= end:
        record, length, key_length, flags = struct.unpack_from("<QHHI", node, at)
        if length < _KEY_AT or at + length > len(node):
            return
        below = None
        if flags & _HAS_BELOW and length >= _KEY_AT + 8:
            (below,) = struct.unpack_from("<Q", node, at + length - 8)
        if flags & _LAST:
            yield IndexEntry("", 0, below, is_dos=False)
            return
        key = node[at + _KEY_AT : at + _KEY_AT + key_length]
        if len(key) > _NAME_AT:
            name = key[_NAME_AT : _NAME_AT + 2 * key[64]].decode("utf-16-le", "replace")
            yield IndexEntry(name, record & _RECORD, below, is_dos=key[65] == _DOS_NAME)
        at += length


def names_of(node: bytes, header: int) -> Iterator[tuple[str, int]]:
    """Yield names and records of a node, without the short names of DOS."""
    for entry in entries_of(node, header):
        if entry.name not in {"", "."} and not entry.is_dos:
            yield entry.name, entry.record


def towards(node: bytes, header: int, name: str) -> IndexEntry | None:
    """Return the entry of a name, or the first one that comes after it.

    Args:
        name: As `upper_case` returns it.
    """
    for entry in entries_of(node, header):
        if not entry.name or upper_case(entry.name) >= name:
            return entry
    return None


def upper_case(name: str) -> str:
    """Return a name as NTFS compares it: letter by letter, no letter becomes two.

    What is not in ASCII comes after what is, as in the volume's own table, which may
    otherwise differ: all that is looked for is in ASCII.
    """
    if name.isascii():
        return name.upper()
    return "".join(_upper(letter) for letter in name)


def _upper(letter: str) -> str:
    upper = letter.upper()
    is_alike = len(upper) == 1 and (upper.isascii() == letter.isascii())
    return upper if is_alike else letter


def block_of(raw: bytes) -> bytes:
    """Return a node that has a block of its own, ready to be read."""
    if len(raw) < _SMALLEST:
        raise DamagedError(f"a node of a folder has {len(raw):,} bytes")
    return fixed_up(raw, b"INDX")
