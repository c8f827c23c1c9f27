"""LZ4 and LZO, for which Python has nothing of its own.

Both are slow here and meant for small files: names, releases, configurations.

Sources, read 2026-12: "LZ4 Block Format Description", lz4.org; Linux,
Documentation/staging/lzo.rst, "LZO stream format as understood by Linux's LZO
decompressor".
"""

from disk_images.blocks.source import DamagedError

# LZ4: a token of two halves (literals, length of a match less 4; 15 goes on in the
# next bytes), the literals, and 2 bytes of how far back the match begins.
_MORE, _LEAST_MATCH = 15, 4


def unpack_lz4(data: bytes, limit: int) -> bytes:
    """Return what a block is packed from, up to `limit` bytes.

    Raises:
        DamagedError: It is no such data.
    """
    result = bytearray()
    at = 0
    try:
        while at < len(data) and len(result) < limit:
            token = data[at]
            count, at = _lz4_length(data, at + 1, token >> 4)
            result += data[at : at + count]
            at += count
            if at >= len(data):
                break
            way = data[at] | data[at + 1] << 8
            count, at = _lz4_length(data, at + 2, token & _MORE)
            _repeat(result, way, count + _LEAST_MATCH, limit)
    except IndexError as exc:
        raise DamagedError("a piece packed by LZ4 ends in the middle") from exc
    return bytes(result[:limit])


def _lz4_length(data: bytes, at: int, count: int) -> tuple[int, int]:
    more = 255 if count == _MORE else 0
    while more == 255:
        more = data[at]
        count += more
        at += 1
    return count, at


# LZO: instructions, of which the last two bits say how many literals follow.
#   0000LLLL                    without literals before: L + 3 literals
#   0000DDSS H                  after up to three literals 2 bytes, D + 4 H + 1 back,
#                               after more 3 bytes, D + 4 H + 2049 back
#   0001HLLL DDDDDDSS D         L + 2 bytes, 16384 H + D + 16384 back; D 0: the end
#   001LLLLL DDDDDDSS D         L + 2 bytes from D + 1 back
#   01LDDDSS H, 1LLDDDSS H      L + 3 or L + 5 bytes from D + 8 H + 1 back
# Where L is zero in the longer ones, it goes on: each zero byte is 255.
_FIRST_LITERALS = 17


def unpack_lzo(data: bytes, limit: int) -> bytes:
    """Return what a stream of LZO1X is packed from, up to `limit` bytes.

    Raises:
        DamagedError: It is no such data.
    """
    result = bytearray()
    try:
        _unpack_lzo(data, limit, result)
    except IndexError as exc:
        raise DamagedError("a piece packed by LZO ends in the middle") from exc
    return bytes(result[:limit])


def _unpack_lzo(data: bytes, limit: int, result: bytearray) -> None:
    at = literals = 0
    if data[0] > _FIRST_LITERALS:
        count = data[0] - _FIRST_LITERALS
        result += data[1 : 1 + count]
        at, literals = 1 + count, min(count, 4)
    while len(result) < limit:
        word = data[at]
        at += 1
        if word < 16 and not literals:
            count, at = _lzo_length(data, at, word, 15)
            result += data[at : at + count + 3]
            at, literals = at + count + 3, 4
            continue
        if word < 32:
            if word < 16:
                far = 2049 if literals == 4 else 1
                way, count = (word >> 2) + (data[at] << 2) + far, 2 + (far > 1)
                at += 1
            else:
                count, at = _lzo_length(data, at, word & 7, 7)
                low = data[at] | data[at + 1] << 8
                way, count = 16384 + ((word & 8) << 11) + (low >> 2), count + 2
                word, at = low, at + 2
                if way == 16384:
                    return
        elif word < 64:
            count, at = _lzo_length(data, at, word & 31, 31)
            low = data[at] | data[at + 1] << 8
            way, count, word, at = (low >> 2) + 1, count + 2, low, at + 2
        else:
            count = (word >> 5) + 1 if word > 127 else (word >> 5 & 1) + 3
            way = (word >> 2 & 7) + (data[at] << 3) + 1
            at += 1
        _repeat(result, way, count, limit)
        literals = word & 3
        result += data[at : at + literals]
        at += literals


def _lzo_length(data: bytes, at: int, count: int, most: int) -> tuple[int, int]:
    if count:
        return count, at
    while not data[at]:
        most += 255
        at += 1
    return most + data[at], at + 1


def _repeat(result: bytearray, way: int, count: int, limit: int) -> None:
    """Append what stands some way back, which may overlap with what is appended."""
    if not 0 < way <= len(result):
        raise DamagedError("a packed piece points before its own start")
    count = min(count, limit + 1 - len(result))
    while count > 0:
        start = len(result) - way
        part = result[start : start + min(count, way)]
        result += part
        count -= len(part)


_SECTOR = 4096


def unpack_btrfs_lzo(data: bytes, limit: int) -> bytes:
    """Return what Btrfs packed with LZO: sectors, each after its packed length.

    4 bytes are the whole length; a length never crosses the end of a sector.
    Source: Linux, fs/btrfs/lzo.c, read 2026-12.
    """
    result = bytearray()
    end = min(int.from_bytes(data[:4], "little"), len(data))
    at = 4
    while at + 4 <= end and len(result) < limit:
        if (left := _SECTOR - at % _SECTOR) < 4:
            at += left
            continue
        count = int.from_bytes(data[at : at + 4], "little")
        at += 4
        result += unpack_lzo(data[at : at + count], _SECTOR)
        at += count
    return bytes(result[:limit])
