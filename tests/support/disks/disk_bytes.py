"""Bytes of disks, laid out by hand from the specifications, for tests of parsers."""

import struct
import zlib

from disk_images.formats.detect import HEAD_BYTES, Header, read_header

SECTOR = 512
ESP = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")
LINUX = bytes.fromhex("af3dc60f838472478e793d69d8477de4")
DISK_BYTES = 64 * 1024 * 1024


def read_disk(
    head: bytes, *, tail: bytes = bytes(512), size: int = DISK_BYTES
) -> Header:
    return read_header(head, tail, object_size_bytes=size)


def read_whole(data: bytes) -> Header:
    """Return what a small object is, of which all bytes are given."""
    return read_header(data[:HEAD_BYTES], data[-512:], object_size_bytes=len(data))


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


def mbr_entry(
    kind: int, first: int, count: int, *, flag: int = 0, chs: bytes = b"\0\x02\0"
) -> bytes:
    last = b"\xff\xff\xff"
    return struct.pack("<B3sB3sII", flag, chs, kind, last, first, count)


def mbr(*entries: bytes, boot_code: bytes = b"\xeb\x63\x90") -> bytes:
    table = b"".join(entries).ljust(64, b"\0")
    return boot_code.ljust(446, b"\0") + table + b"\x55\xaa"


PROTECTIVE = mbr_entry(0xEE, 1, 0xFFFFFFFF)


def gpt_header(
    entries: bytes,
    *,
    last_sector: int = DISK_BYTES // SECTOR - 1,
    own_sector: int = 1,
    header_size: int = 92,
    entry_size: int = 128,
) -> bytes:
    count = len(entries) // entry_size if entry_size else 0
    start = struct.pack("<8sIIII", b"EFI PART", 0x10000, header_size, 0, 0)
    sectors = struct.pack("<QQQQ", own_sector, last_sector, 34, last_sector - 33)
    table = struct.pack("<QIII", 2, count, entry_size, zlib.crc32(entries))
    header = start + sectors + bytes(16) + table
    crc = zlib.crc32(header.ljust(header_size, b"\0")[:header_size])
    return patched(header, 16, struct.pack("<I", crc))


def gpt(
    *types: bytes, start: bytes | None = None, sector: int = SECTOR, **fields: int
) -> bytes:
    """Return the first sectors of a disk with these types of partitions."""
    entries = b"".join(kind + bytes(112) for kind in types).ljust(128 * 128, b"\0")
    first = mbr(PROTECTIVE, boot_code=b"") if start is None else start
    header = gpt_header(entries, **fields)
    return first.ljust(sector, b"\0") + header.ljust(sector, b"\0") + entries


def vhd_checked(data: bytes, at: int) -> bytes:
    """Return a VHD footer (64) or dynamic header (36) with its checksum mended."""
    total = sum(data[:at]) + sum(data[at + 4 :])
    return patched(data, at, struct.pack(">I", ~total & 0xFFFFFFFF))
