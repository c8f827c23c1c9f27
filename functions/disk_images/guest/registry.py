"""Keys and values of a Windows registry hive, of which only what is asked for is read.

A hive that Windows did not shut down cleanly has newer values in its log files, which
are left aside.

Source: msuhanov/regf, "Windows registry file format specification"; libyal/libregf,
documentation/Windows NT Registry File (REGF) format.asciidoc; read 2026-11.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from disk_images.blocks.prefetch import exactly
from disk_images.blocks.source import (
    CannotTellError,
    DamagedError,
    FileMissingError,
    Source,
)

# The base block: 0-3 "regf", 36-39 offset of the root key's cell. Cells are counted
# from byte 4,096 on: 0-3 size, negative if in use, then the content.
# A key: 0-1 "nk", 2-3 flags (0x20: name in Latin-1), 20-23 number of subkeys, 28-31
#   their list, 36-39 number of values, 40-43 their list, 72-73 length of the name, 76-.
# A list of subkeys: 0-1 "lf" (8 bytes each: cell, first four letters), "lh" (8 bytes
#   each: cell, hash), "li" (4 bytes each: cell) or "ri" (a list of lists), 2-3 number.
# A value: 0-1 "vk", 2-3 length of the name, 4-7 size (top bit: the data is at 8-11),
#   8-11 cell of the data, 12-15 type, 16-17 flags (1: name in Latin-1), 20-.
# Data of more than 16,344 bytes, in hives since 1.4: 0-1 "db", 2-3 number of pieces,
#   4-7 their list; each piece is a cell of 16,344 bytes, the last one of the rest.
_BINS_AT = 4096
_MAX_CELL_BYTES = 1 << 20
_MAX_KEYS = 65536
_MAX_VALUES = 4096
_MAX_NAME_BYTES = 1024
_LATIN_KEY, _LATIN_VALUE = 0x20, 0x1
_INSIDE = 1 << 31
_PIECE_BYTES = 16344
_LIST_BYTES = 8 * 1024
"""Of a list of a list, as many as are fetched ahead: Windows writes up to 4 KiB."""

_TEXTS, _NUMBER, _BIG_NUMBER, _LIST = {1, 2}, 4, 11, 7

RegistryValue: TypeAlias = str | int | bytes | list[str]


class Hive:
    """A registry hive, such as Windows/System32/config/SOFTWARE.

    Raises:
        CannotTellError: It is no hive.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        head = exactly(source, 0, 512)
        if not head.startswith(b"regf"):
            raise DamagedError(f"a hive begins with {head[:4].hex()}, expected regf")
        (self._root,) = struct.unpack_from("<I", head, 36)

    def value(self, key: str, name: str) -> RegistryValue:
        r"""Return a value, such as CurrentBuild of Microsoft\Windows NT\CurrentVersion.

        Raises:
            FileMissingError: There is no such key or value.
            CannotTellError: It cannot be read.
        """
        for cell in self._value_cells(self._find(key)):
            if _name_of_value(cell).casefold() == name.casefold():
                return self._data_of(cell)
        raise FileMissingError(f"{key} has no value {name}")

    def subkeys(self, key: str) -> list[str]:
        """Return the names of a key's subkeys.

        Raises:
            FileMissingError: There is no such key.
            CannotTellError: It cannot be read.
        """
        cells = self._subkey_cells(self._find(key))
        return [_name_of_key(self._key(cell)) for cell in cells]

    def _find(self, path: str) -> bytes:
        key = self._key(self._root)
        for name in filter(None, path.replace("/", "\\").split("\\")):
            for cell in self._subkey_cells(key, name):
                below = self._key(cell)
                if _name_of_key(below).casefold() == name.casefold():
                    key = below
                    break
            else:
                raise FileMissingError(f"the registry has no key {path}")
        return key

    def _cell(self, offset: int) -> bytes:
        at = _BINS_AT + offset
        (size,) = struct.unpack("<i", exactly(self._source, at, 4))
        if size >= -4 or -size > _MAX_CELL_BYTES:
            raise DamagedError(f"the registry's cell at {at:,} has a size of {-size:,}")
        return exactly(self._source, at + 4, -size - 4)

    def _key(self, offset: int) -> bytes:
        cell = self._cell(offset)
        if cell[:2] != b"nk" or len(cell) < 76:
            raise DamagedError(f"the registry has no key at {offset:,}")
        return cell

    def _subkey_cells(self, key: bytes, name: str = "") -> list[int]:
        """Return the cells of a key's subkeys.

        Args:
            name: Only those that may have this name: their list has a hash of it, so
                that of some thousand keys all over the hive only one is read.
        """
        count, at = struct.unpack_from("<I4xI", key, 20)
        if count > _MAX_KEYS:
            raise DamagedError(f"a registry key claims {count:,} subkeys")
        if not count:
            return []
        listed = [subkey for part in self._lists(at) for subkey in part][:count]
        cells = [cell for cell, hint in listed if not name or hint.may_be(name)]
        self._want(cells, 128)
        return cells

    def _lists(self, at: int) -> Iterator[list["_Subkey"]]:
        raw = self._cell(at)
        if raw[:2] != b"ri":
            yield _subkeys(raw)
            return
        (count,) = struct.unpack_from("<H", raw, 2)
        if 4 + 4 * count > len(raw):
            raise DamagedError(f"a list of the registry claims {count:,} lists")
        total = 0
        offsets = struct.unpack_from(f"<{count}I", raw, 4)
        self._want(offsets, _LIST_BYTES)
        for offset in offsets:
            part = _subkeys(self._cell(offset))
            total += len(part)
            if total > _MAX_KEYS:
                raise DamagedError("a registry key has too many subkeys")
            yield part

    def _want(self, cells: Sequence[int], count: int) -> None:
        """Get cells side by side."""
        self._source.want([(_BINS_AT + cell, count) for cell in cells])

    def _value_cells(self, key: bytes) -> Iterator[bytes]:
        count, at = struct.unpack_from("<II", key, 36)
        if count > _MAX_VALUES:
            raise DamagedError(f"a registry key claims {count:,} values")
        if not count:
            return
        raw = self._cell(at)
        if 4 * count > len(raw):
            raise DamagedError(f"a registry key claims {count:,} values")
        cells = list(struct.unpack_from(f"<{count}I", raw))
        self._want(cells, 128)
        for offset in cells:
            cell = self._cell(offset)
            if cell[:2] != b"vk" or len(cell) < 20:
                raise DamagedError(f"the registry has no value at {offset:,}")
            yield cell

    def _data_of(self, cell: bytes) -> RegistryValue:
        size, at, kind = struct.unpack_from("<III", cell, 4)
        if size & _INSIDE:
            raw = cell[8 : 8 + min(size & ~_INSIDE, 4)]
        else:
            raw = self._stored(at, size)
        return _decoded(raw, kind)

    def _stored(self, at: int, size: int) -> bytes:
        """Return data that stands in a cell of its own, or in several."""
        if not size:
            return b""
        if size > _MAX_CELL_BYTES:
            raise CannotTellError(f"a registry value has {size:,} bytes")
        data = self._cell(at)
        if size > _PIECE_BYTES and data.startswith(b"db"):
            data = self._pieces(data)
        if len(data) < size:
            raise DamagedError(f"of {size:,} bytes of a value {len(data):,} are there")
        return data[:size]

    def _pieces(self, head: bytes) -> bytes:
        count, at = struct.unpack_from("<HI", head.ljust(8, b"\0"), 2)
        if count > _MAX_CELL_BYTES // _PIECE_BYTES + 1:
            raise DamagedError(f"a registry value claims {count:,} pieces")
        raw = self._cell(at)
        if 4 * count > len(raw):
            raise DamagedError(f"a registry value claims {count:,} pieces")
        cells = list(struct.unpack_from(f"<{count}I", raw))
        self._want(cells, _PIECE_BYTES + 4)
        return b"".join(self._cell(cell)[:_PIECE_BYTES] for cell in cells)


class _Hint(NamedTuple):
    """What a list of subkeys has of a name."""

    kind: bytes
    value: bytes

    def may_be(self, name: str) -> bool:
        """Whether it may be a hint at this name."""
        if self.kind == b"lh":
            return self.value == struct.pack("<I", _hash_of(name))
        if self.kind == b"lf" and all(0 < byte < 0x80 for byte in self.value):
            return self.value.decode().casefold() == name[:4].casefold()
        return True


_Subkey: TypeAlias = tuple[int, _Hint]


def _hash_of(name: str) -> int:
    """Return the hash that a list of the kind lh has of a name."""
    found = 0
    for letter in name.upper():
        found = (found * 37 + ord(letter)) & 0xFFFFFFFF
    return found


def _subkeys(raw: bytes) -> list[_Subkey]:
    """Return the cells that a list names, each with a hint at the key's name."""
    kind = raw[:2]
    step = {b"lf": 8, b"lh": 8, b"li": 4}.get(kind)
    count = int.from_bytes(raw[2:4], "little")
    if step is None or 4 + step * count > len(raw):
        raise DamagedError(f"a list of the registry begins with {raw[:4].hex()}")
    return [
        (
            int.from_bytes(raw[at : at + 4], "little"),
            _Hint(kind, raw[at + 4 : at + step]),
        )
        for at in range(4, 4 + step * count, step)
    ]


def _name_of_key(cell: bytes) -> str:
    flags, length = struct.unpack_from("<H68xH", cell, 2)
    raw = cell[76 : 76 + min(length, _MAX_NAME_BYTES)]
    return raw.decode("latin-1" if flags & _LATIN_KEY else "utf-16-le", "replace")


def _name_of_value(cell: bytes) -> str:
    length, flags = struct.unpack_from("<H12xH", cell, 2)
    raw = cell[20 : 20 + length]
    return raw.decode("latin-1" if flags & _LATIN_VALUE else "utf-16-le", "replace")


def _decoded(raw: bytes, kind: int) -> RegistryValue:
    if kind in _TEXTS:
        return raw.decode("utf-16-le", errors="replace").split("\0")[0]
    if kind == _LIST:
        texts = raw.decode("utf-16-le", errors="replace").split("\0")
        return [text for text in texts if text]
    if kind in {_NUMBER, _BIG_NUMBER}:
        return int.from_bytes(raw, "little")
    return raw
