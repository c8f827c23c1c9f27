"""The records of an NTFS file table, and the attributes in them.

Source: Linux, fs/ntfs3/ntfs.h (MFT_REC, ATTRIB) and run.c; read 2026-11.

Room: core.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from image_import.inspection.parts import DamagedError

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
