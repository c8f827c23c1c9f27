"""What ext4 keeps inside an inode: small files and folders.

Source: Linux, Documentation/filesystems/ext4/inlinedata.rst and attributes.rst; read
2026-11.

Room: core.
"""

import struct

from image_import.inspection.parts import DamagedError

_MAP = slice(40, 100)
_EXTRA_AT = 128
_XATTR_MAGIC = 0xEA020000
_SYSTEM = 7

# An extended attribute: 0 length of the name, 1 prefix of the name, 2-3 offset of the
# value from the first attribute, 4-7 inode of the value, 8-11 size of the value,
# 12-15 hash, then the name, padded to 4 bytes.
_ATTRIBUTE = "<BBHII4x"


def inline_data(inode: bytes) -> bytes:
    """Return the content of an inode with inline data: 60 bytes or more."""
    return inode[_MAP] + _attribute(inode, b"data")


def _attribute(inode: bytes, wanted: bytes) -> bytes:
    """Return the value of a "system." attribute, b"" if there is none."""
    if len(inode) < _EXTRA_AT + 4:
        return b""
    (extra,) = struct.unpack_from("<H", inode, _EXTRA_AT)
    first = _EXTRA_AT + extra + 4
    if inode[first - 4 : first] != _XATTR_MAGIC.to_bytes(4, "little"):
        return b""
    at = first
    while at + 16 <= len(inode) and any(inode[at : at + 4]):
        length, prefix, offset, elsewhere, size = struct.unpack_from(
            _ATTRIBUTE, inode, at
        )
        if prefix == _SYSTEM and inode[at + 16 : at + 16 + length] == wanted:
            if elsewhere or first + offset + size > len(inode):
                raise DamagedError("inline data stands outside of its inode")
            return inode[first + offset : first + offset + size]
        at += 16 + -(-length // 4) * 4
    return b""
