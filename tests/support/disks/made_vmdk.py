"""VMDKs as VMware and VirtualBox stream them, which qemu-img does not write.

Source: VMware, "Virtual Disk Format 5.0", "Stream-Optimized Compressed Sparse Extents";
libyal/libvmdk, "VMWare Virtual Disk Format (VMDK)"; read 2026-12.
"""

import struct
import zlib
from collections.abc import Iterator

GRAIN = 65536
ENTRIES = 512
AT_END = (1 << 64) - 1
_DESCRIPTOR = (
    b"# Disk DescriptorFile\nversion=1\nCID=123a4567\nparentCID=ffffffff\n"
    b'createType="streamOptimized"\nRW %d SPARSE "disk.vmdk"\n'
)


def header(capacity: int, *, directory: int, flags: int = 0x30001) -> bytes:
    """Return the 512 bytes that a stream begins with, and its footer."""
    return struct.pack(
        "<4sIIQQQQIQQQB4sH", b"KDMV", 3, flags, capacity, 128, 1, 20, ENTRIES,
        0, directory, 128, 0, b"\n \r\n", 1,
    ).ljust(512, b"\0")  # fmt: skip


def stream_optimized(disk: bytes, *, tables: str = "at the end") -> bytes:
    """Return a disk as a stream of compressed grains.

    Args:
        disk: Whole sectors; the last grain is as short as the disk.
        tables: `in front`, `at the end`, or `interleaved` with the grains.
    """
    capacity = len(disk) // 512
    count = -(-len(disk) // GRAIN)
    groups = -(-count // ENTRIES)
    file = bytearray(header(capacity, directory=AT_END))
    file += (_DESCRIPTOR % capacity).ljust(20 * 512, b"\0")
    front = len(file)
    in_front = tables == "in front"
    if in_front:
        file += bytes(512 * (-(-groups * 4 // 512) + 4 * groups))
    places: list[list[int]] = []
    table_at: list[int] = []
    for group in range(groups):
        entries = list(
            _grains(file, disk, group, min(count - group * ENTRIES, ENTRIES))
        )
        places.append(entries)
        if tables == "interleaved":
            table_at.append(_table(file, entries))
    if tables == "at the end":
        table_at = [_table(file, entries) for entries in places]
    if in_front:
        at = front + 512 * -(-groups * 4 // 512)
        for group, entries in enumerate(places):
            struct.pack_into("<I", file, front + 4 * group, at // 512)
            struct.pack_into(f"<{len(entries)}I", file, at, *entries)
            at += 2048
        file[:512] = header(capacity, directory=front // 512)
    else:
        _marker(file, 1, 2)
        directory = len(file) // 512
        file += struct.pack(f"<{groups}I", *table_at).ljust(512, b"\0")
        _marker(file, 1, 3)
        file += header(capacity, directory=directory)
    file += bytes(512)
    return bytes(file)


def _grains(file: bytearray, disk: bytes, group: int, count: int) -> Iterator[int]:
    for number in range(group * ENTRIES, group * ENTRIES + count):
        grain = disk[number * GRAIN : (number + 1) * GRAIN]
        if not grain.strip(b"\0"):
            yield 0
            continue
        yield len(file) // 512
        packed = zlib.compress(grain, 1)
        file += struct.pack("<QI", number * 128, len(packed)) + packed
        file += bytes(-len(file) % 512)


def _table(file: bytearray, entries: list[int]) -> int:
    _marker(file, 4, 1)
    at = len(file) // 512
    file += struct.pack(f"<{len(entries)}I", *entries).ljust(2048, b"\0")
    return at


def _marker(file: bytearray, sectors: int, kind: int) -> None:
    file += struct.pack("<QII", sectors, 0, kind).ljust(512, b"\0")
