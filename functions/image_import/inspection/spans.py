"""Runs of whole blocks: which ones to fetch, and what to fetch in one go.

Room: core.
"""

from collections.abc import Collection, Iterable, Iterator

Range = tuple[int, int]
"""An offset and a count of bytes."""


def blocks_of(wanted: Range, block_bytes: int, size_bytes: int) -> range:
    """Return the numbers of the blocks in which a range lies, cut at the end."""
    offset, count = wanted
    end = min(offset + count, size_bytes)
    if offset < 0 or end <= offset:
        return range(0)
    return range(offset // block_bytes, -(-end // block_bytes))


def runs(blocks: Iterable[int], held: Collection[int], *, gap: int) -> list[range]:
    """Return the runs that hold these blocks, without those that are held.

    Args:
        blocks: In any order.
        held: What need not be fetched again.
        gap: So many blocks between two runs are fetched with them: a few more bytes
            cost less than one more request.
    """
    found: list[range] = []
    for block in sorted(set(blocks) - set(held)):
        last = found[-1].stop if found else None
        between = range(last, block) if last is not None else range(0)
        if (
            last is not None
            and len(between) <= gap
            and not any(number in held for number in between)
        ):
            found[-1] = range(found[-1].start, block + 1)
        else:
            found.append(range(block, block + 1))
    return found


def joined(places: Iterable[Range], *, gap: int = 0) -> Iterator[Range]:
    """Yield ranges in order, those that touch or overlap as one."""
    start = end = -1
    for offset, count in sorted(places):
        if start >= 0 and offset <= end + gap:
            end = max(end, offset + count)
            continue
        if start >= 0:
            yield start, end - start
        start, end = offset, offset + count
    if start >= 0:
        yield start, end - start
