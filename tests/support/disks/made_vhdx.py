"""A VHDX that was not closed: what it was about to write stands in its log alone.

Source: [MS-VHDX], sections 2.2.2 and 2.3, read 2026-12.
"""

import struct

from disk_images.blocks.vhdx import crc32c

LOG_GUID = bytes(range(1, 17))
SEQUENCE = 7


def summed(data: bytes) -> bytes:
    """Return a structure with its checksum in bytes 4 to 7."""
    plain = data[:4] + bytes(4) + data[8:]
    return plain[:4] + struct.pack("<I", crc32c(plain)) + plain[8:]


def with_log(file: bytes, *, at: int, sector: bytes, tear: bool = False) -> bytes:
    """Return a VHDX whose log writes 4 KiB at an offset.

    Args:
        file: One that was closed; its first header is made the newer one.
        tear: Leave the data's last bytes as they were before.
    """
    made = bytearray(file)
    (log_at,) = struct.unpack_from("<Q", made, 0x10000 + 72)
    head = bytearray(made[0x10000:0x11000])
    struct.pack_into("<Q", head, 8, 1 << 40)
    head[48:64] = LOG_GUID
    made[0x10000:0x11000] = summed(bytes(head))
    descriptor = struct.pack(
        "<4s4s8sQQ", b"desc", sector[-4:], sector[:8], at, SEQUENCE
    )
    entry = struct.pack(
        "<4sIIIQI4x16sQQ", b"loge", 0, 8192, 0, SEQUENCE, 1, LOG_GUID,
        len(file), len(file),
    ) + descriptor  # fmt: skip
    halves = struct.pack("<Q", SEQUENCE)
    data = b"data" + halves[4:] + sector[8:-4] + (b"torn" if tear else halves[:4])
    made[log_at : log_at + 8192] = summed(entry.ljust(4096, b"\0") + data)
    return bytes(made)
