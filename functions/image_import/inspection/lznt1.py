"""LZNT1, with which NTFS compresses files.

Source: Microsoft, [MS-XCA] 2.5, LZNT1 Algorithm Details; read 2026-11.

Room: core.
"""

from image_import.inspection.parts import DamagedError

_CHUNK_BYTES = 4096


def decompress_unit(raw: bytes, most: int) -> bytes:
    """Return what chunks of up to 4 KiB unpack to, at most so many bytes.

    A chunk begins with 2 bytes: its length less 3 in 12 bits, and at the top whether
    it is compressed. A length of zero ends them.
    """
    result = bytearray()
    at = 0
    while at + 2 <= len(raw) and len(result) < most:
        header = int.from_bytes(raw[at : at + 2], "little")
        if not header:
            break
        end = at + 3 + (header & 0xFFF)
        chunk = raw[at + 2 : end]
        plain = _chunk(chunk) if header & 0x8000 else chunk
        # All chunks but the last one stand for 4 KiB.
        result += bytes(-len(result) % _CHUNK_BYTES) + plain
        at = end
    return bytes(result[:most])


def _chunk(raw: bytes) -> bytes:
    result = bytearray()
    at = 0
    while at < len(raw):
        flags = raw[at]
        at += 1
        for bit in range(8):
            if at >= len(raw):
                break
            if not flags >> bit & 1:
                result.append(raw[at])
                at += 1
                continue
            _repeat(result, int.from_bytes(raw[at : at + 2], "little"))
            at += 2
    return bytes(result)


def _repeat(result: bytearray, token: int) -> None:
    """Append what stands some way back; the further on, the more bits that way has."""
    way_bits = max(4, (len(result) - 1).bit_length())
    length_bits = 16 - way_bits
    way = (token >> length_bits) + 1
    length = (token & (1 << length_bits) - 1) + 3
    if way > len(result) or len(result) + length > _CHUNK_BYTES:
        raise DamagedError("an LZNT1 chunk points outside of itself")
    for _ in range(length):
        result.append(result[-way])
