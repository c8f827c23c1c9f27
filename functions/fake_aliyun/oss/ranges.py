"""Which bytes a Range header means to OSS."""

import re
from typing import NamedTuple

from fake_aliyun.oss.errors import OssError

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Span(NamedTuple):
    """Bytes from `start` up to, without, `stop`."""

    start: int
    stop: int


def read_range(header: str, *, size_bytes: int, standard: bool) -> Span | None:
    """Return the bytes asked for, or None where OSS sends the whole object with 200.

    Args:
        header: The value of `Range`.
        size_bytes: The object's size.
        standard: Whether `x-oss-range-behavior: standard` was sent. Without it a
            range that does not lie within the object is ignored.

    Raises:
        OssError: InvalidRange.

    Source: "How to obtain OSS resources by segmenting HTTP range requests" and "HTTP
    status code 416", OSS documentation, read 2026-11. What happens to several ranges
    differs between the two pages; this follows the second.
    """
    if "," in header:
        raise OssError("InvalidRange")
    found = _RANGE.fullmatch(header)
    if not found or found.groups() == ("", ""):
        return None
    if not found[1]:
        return _suffix(int(found[2]), size_bytes=size_bytes, standard=standard)
    first = int(found[1])
    last = int(found[2]) if found[2] else size_bytes - 1
    if first < size_bytes and first <= last < size_bytes:
        return Span(first, last + 1)
    if not standard or (found[2] and first > last):
        return None
    if first >= size_bytes:
        raise OssError("InvalidRange")
    return Span(first, size_bytes)


def _suffix(count: int, *, size_bytes: int, standard: bool) -> Span | None:
    if 0 < count <= size_bytes:
        return Span(size_bytes - count, size_bytes)
    if not standard:
        return None
    if count == 0 or size_bytes == 0:
        raise OssError("InvalidRange")
    return Span(0, size_bytes)
