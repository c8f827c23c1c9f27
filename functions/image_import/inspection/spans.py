"""Ranges of bytes, and what of them to fetch in one go.

Room: core.
"""

from collections.abc import Iterable, Iterator

Range = tuple[int, int]
"""An offset and a count of bytes."""


def joined(places: Iterable[Range]) -> Iterator[Range]:
    """Yield ranges in order, those that touch or overlap as one."""
    start = end = -1
    for offset, count in sorted(places):
        if start >= 0 and offset <= end:
            end = max(end, offset + count)
            continue
        if start >= 0:
            yield start, end - start
        start, end = offset, offset + count
    if start >= 0:
        yield start, end - start
