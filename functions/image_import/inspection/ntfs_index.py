"""The index of an NTFS folder: a B-tree of names, each node sorted.

A small folder is read whole; of a large one, such as System32, a name takes one node of
each level.

Source: Linux, fs/ntfs3/ntfs.h (NTFS_DE, INDEX_HDR, INDEX_ROOT, INDEX_BUFFER) and
index.c; the sorting of names: libyal/libfsntfs, documentation/New Technologies File
System (NTFS).asciidoc, "Index"; read 2026-11.

Room: core.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from image_import.inspection.ntfs_records import fixed_up
from image_import.inspection.parts import DamagedError

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


class Entry(NamedTuple):
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


def entries_of(node: bytes, header: int) -> Iterator[Entry]:
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
            yield Entry("", 0, below, is_dos=False)
            return
        key = node[at + _KEY_AT : at + _KEY_AT + key_length]
        if len(key) > _NAME_AT:
            name = key[_NAME_AT : _NAME_AT + 2 * key[64]].decode("utf-16-le", "replace")
            yield Entry(name, record & _RECORD, below, is_dos=key[65] == _DOS_NAME)
        at += length


def names_of(node: bytes, header: int) -> Iterator[tuple[str, int]]:
    """Yield names and records of a node, without the short names of DOS."""
    for entry in entries_of(node, header):
        if entry.name not in {"", "."} and not entry.is_dos:
            yield entry.name, entry.record


def towards(node: bytes, header: int, name: str) -> Entry | None:
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
