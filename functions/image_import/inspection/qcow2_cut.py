"""Whether a qcow2 file ends before the last of its clusters.

The refcounts tell the last cluster in use without a look at every table. A writer that
crashed may leave one counted that nothing points at, so where that cluster is missing
the L1 and L2 tables have the last word.

Source: QEMU, docs/interop/qcow2.txt ("Host cluster management"); a cluster that begins
behind the end of the file is corrupt: block/qcow2-refcount.c,
qcow2_inc_refcounts_imrt; read 2026-11.

Room: core.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress

from image_import.inspection.parts import CannotTellError, Source
from image_import.inspection.steps import exactly
from image_import.qcow2 import EXTENDED_L2, Qcow2

# A refcount table entry, big-endian: bits 9-63 the offset of a refcount block, or 0
# A refcount block: counts of 1 << refcount_order bits each; those of less than a byte
# begin with its lowest bits.
_BLOCK = 0xFFFFFFFFFFFFFE00
_OFFSET = 0x00FFFFFFFFFFFE00
_COMPRESSED = 1 << 62
_ZEROS = 1
_SUBCLUSTERS_WITH_DATA = 0xFFFFFFFF
_MAX_TABLE_BYTES = 2 << 20
_MAX_COUNTS_BYTES = 1 << 16


def want_refcounts(file: Source, header: Qcow2) -> None:
    """Get what `first_missing` reads of a sound file, side by side with other reads."""
    with suppress(CannotTellError):
        at, count, _ = _counts_behind_end(file, header)
        file.want([(at, count)])


def first_missing(file: Source, header: Qcow2) -> int | None:
    """Return where a cluster begins that the file ends before; None if it has all.

    Raises:
        CannotTellError: The tables are too large for a look, or cannot be read.
    """
    if not _has_count_behind_end(file, header):
        return None
    return next(_missing(file, header), None)


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
    entries = _words(file, header.l1_table_offset, 8 * header.l1_size, "the L1 table")
    tables = {entry & _OFFSET for entry in entries} - {0}
    yield from (at for at in tables if at >= file.size_bytes)
    # What was written last is missing first.
    for table in sorted(tables, reverse=True):
        count = min(header.cluster_size, file.size_bytes - table)
        words = _words(file, table, count, "an L2 table")
        yield from (at for at in _places(words, header) if at >= file.size_bytes)


def _places(words: tuple[int, ...], header: Qcow2) -> Iterator[int]:
    """Yield where the clusters with data are that an L2 table points at."""
    is_extended = bool(header.incompatible_features & EXTENDED_L2)
    packed = (1 << (62 - (header.cluster_bits - 8))) - 1
    for number in range(0, len(words) - is_extended, 1 + is_extended):
        entry = words[number]
        if entry & _COMPRESSED:
            yield entry & packed
        elif is_extended:
            if words[number + 1] & _SUBCLUSTERS_WITH_DATA:
                yield entry & _OFFSET
        elif not entry & _ZEROS:
            yield entry & _OFFSET
