"""Whether a qcow2 file ends before the last of its clusters.

The refcounts tell the last cluster in use without a look at every table. A writer that
crashed may leave one counted that nothing points at, so where that cluster is missing
the L1 and L2 tables have the last word.

Source: QEMU, docs/interop/qcow2.txt ("Host cluster management"); a cluster that begins
behind the end of the file is corrupt: block/qcow2-refcount.c,
qcow2_inc_refcounts_imrt; read 2026-11.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from disk_images.blocks.prefetch import exactly
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.formats.qcow2 import EXTENDED_L2, Qcow2

# A refcount table entry, big-endian: bits 9-63 the offset of a refcount block, or 0
# A refcount block: counts of 1 << refcount_order bits each; those of less than a byte
# begin with its lowest bits.
_BLOCK = 0xFFFFFFFFFFFFFE00
_OFFSET = 0x00FFFFFFFFFFFE00
_COMPRESSED = 1 << 62
_ZEROS = 1
_SUBCLUSTERS_WITH_DATA = 0xFFFFFFFF
_SUBCLUSTERS = 32
_SECTOR = 512
_MAX_TABLE_BYTES = 2 << 20
_MAX_COUNTS_BYTES = 1 << 16


class _Place(NamedTuple):
    """Where a cluster's data stands in the file: offset and number of bytes."""

    at: int
    length: int
    is_packed: bool = False


def want_refcounts(file: Source, header: Qcow2) -> None:
    """Get what `first_missing` reads of a sound file, side by side with other reads."""
    with suppress(CannotTellError):
        at, count, _ = _counts_behind_end(file, header)
        file.want([(at, count)])


def first_missing(
    file: Source, header: Qcow2, *, unpack: Callable[[int, int], bytes]
) -> int | None:
    """Return up to where data should stand that the file ends before; None if none.

    Args:
        unpack: Returns the compressed cluster of an offset and a number of bytes.

    Raises:
        CannotTellError: The tables are too large for a look, or cannot be read.
    """
    if _has_count_behind_end(file, header):
        missing = next(_missing(file, header), None)
        if missing is not None:
            return missing
    if file.size_bytes % header.cluster_size == 0:
        return None
    return _missing_of_last(file, header, unpack)


def _has_count_behind_end(file: Source, header: Qcow2) -> bool:
    """Whether a cluster behind the end of the file has a refcount."""
    at, count, skipped_bits = _counts_behind_end(file, header)
    if at >= file.size_bytes:
        return True
    counts = exactly(file, at, min(count, file.size_bytes - at))
    return any(counts[1:]) or bool(counts and counts[0] >> skipped_bits)


def _counts_behind_end(file: Source, header: Qcow2) -> tuple[int, int, int]:
    """Return where the refcounts stand of the clusters behind the end of the file.

    Returns:
        Offset, number of bytes, and how many bits of the first byte are of clusters
        ahead of the end. Where a later refcount block is announced, its place, which
        is behind the end itself; without any refcount block, no bytes.
    """
    length = header.refcount_table_clusters * header.cluster_size
    words = _words(file, header.refcount_table_offset, length, "the refcount table")
    bits = 1 << header.refcount_order
    first = -(-file.size_bytes // header.cluster_size)
    number, within = divmod(first, header.cluster_size * 8 // bits)
    if any(words[number + 1 :]):
        return file.size_bytes, 0, 0
    at = words[number] & _BLOCK if number < len(words) else 0
    if not at:
        return 0, 0, 0
    start, skipped_bits = divmod(within * bits, 8)
    return at + start, min(header.cluster_size - start, _MAX_COUNTS_BYTES), skipped_bits


def _words(file: Source, at: int, count: int, what: str) -> tuple[int, ...]:
    if count > _MAX_TABLE_BYTES:
        raise CannotTellError(
            f"{what} has {count:,} bytes, expected at most {_MAX_TABLE_BYTES:,}"
        )
    return struct.unpack(f">{count // 8}Q", exactly(file, at, count // 8 * 8))


def _missing(file: Source, header: Qcow2) -> Iterator[int]:
    """Yield where L2 tables and clusters begin that are behind the end of the file."""
    tables = _tables(file, header)
    yield from (at for at in tables if at >= file.size_bytes)
    for table in tables:
        places = _places(_table(file, header, table), header)
        yield from (place.at for place in places if place.at >= file.size_bytes)


def _missing_of_last(
    file: Source, header: Qcow2, unpack: Callable[[int, int], bytes]
) -> int | None:
    """Return up to where the cluster should stand in which the file ends.

    QEMU writes clusters of data and tables whole, and of a compressed one all sectors
    but the rest of the last. Other writers may leave out zeros at the end of the last
    cluster of data, and QEMU reads zeros there without a word: that one is no proof
    where the file ends with a sector. No writer of disks ends within one.

    Source: QEMU, block/qcow2.c, qcow2_co_pwritev_compressed_part ("align end of file to
    a sector boundary"), read 2026-11.
    """
    size = file.size_bytes
    tables = _tables(file, header)
    few = tables[: max(1, _MAX_TABLE_BYTES // header.cluster_size)]
    file.want([(at, header.cluster_size) for at in few])
    last = size - size % header.cluster_size
    ends = {
        place
        for table in few
        for place in _places(_table(file, header, table), header)
        if _end(place) > last
    }
    ends |= {_Place(at, header.cluster_size) for at in tables[:1] if at >= last}
    short = sorted((p for p in ends if _end(p) > size), key=_end, reverse=True)
    for place in short:
        if place.is_packed and _is_cut(place, size, unpack):
            return _end(place)
    if any(not place.is_packed for place in short):
        if size % _SECTOR:
            return _end(short[0])
        raise CannotTellError(
            f"the last cluster is cut {_end(short[0]) - size:,} bytes short; what"
            " stood there is read as zeros"
        )
    if not ends and len(few) < len(tables):
        raise CannotTellError(
            f"which data is the last was looked for in {len(few):,} of {len(tables):,}"
            " L2 tables only"
        )
    return None


def _end(place: _Place) -> int:
    return place.at + place.length


def _is_cut(place: _Place, size: int, unpack: Callable[[int, int], bytes]) -> bool:
    """Whether bytes of a compressed cluster are missing that its stream needs."""
    if _end(place) - size >= _SECTOR:
        return True
    try:
        unpack(place.at, place.length)
    except DamagedError:
        return True
    return False


def _tables(file: Source, header: Qcow2) -> list[int]:
    """Return where the L2 tables are; what was written last, which may be cut, first.

    Raises:
        CannotTellError: The L1 table cannot be read.
    """
    entries = _words(file, header.l1_table_offset, 8 * header.l1_size, "the L1 table")
    return sorted({entry & _OFFSET for entry in entries} - {0}, reverse=True)


def _table(file: Source, header: Qcow2, at: int) -> tuple[int, ...]:
    count = max(0, min(header.cluster_size, file.size_bytes - at))
    return _words(file, at, count, "an L2 table")


def _places(words: tuple[int, ...], header: Qcow2) -> Iterator[_Place]:
    """Yield where the data is that an L2 table points at."""
    is_extended = bool(header.incompatible_features & EXTENDED_L2)
    shift = 62 - (header.cluster_bits - 8)
    for number in range(0, len(words) - is_extended, 1 + is_extended):
        entry = words[number]
        if entry & _COMPRESSED:
            at = entry & ((1 << shift) - 1)
            sectors = (entry & (_COMPRESSED - 1)) >> shift
            count = (sectors + 1) * _SECTOR - at % _SECTOR
            yield _Place(at, count, is_packed=True)
        elif is_extended:
            if data := words[number + 1] & _SUBCLUSTERS_WITH_DATA:
                count = header.cluster_size // _SUBCLUSTERS * data.bit_length()
                yield _Place(entry & _OFFSET, count)
        elif entry & _OFFSET and not entry & _ZEROS:
            yield _Place(entry & _OFFSET, header.cluster_size)
