"""A bucket listed from end to end: each key once, a page in memory at a time."""

import tracemalloc
from datetime import datetime, timezone
from typing import Any, cast

from image_import.aliyun.oss.client import Listed, Listing, Oss
from image_import.retry import RetryPolicy
from image_import_cli.aliyun.listing import list_objects

PAGE = 1000
MILLION = 1_000_000
MOST_BYTES = 4 * 1024 * 1024
NOW = datetime(2026, 11, 26, tzinfo=timezone.utc)


class Endless:
    """An OSS whose one bucket has so many objects, made up page by page.

    Most of a page is one object again and again, which is fast; who kept them all
    would still need eight bytes for each.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.pages = 0

    def list_page(self, bucket: str, prefix: str, **asked: Any) -> Listing:
        del bucket
        self.pages += 1
        after = str(asked["start_after"]).removeprefix(f"{prefix}web-")
        first = int(after) + 1 if after else 0
        last = min(first + PAGE, self.count) - 1
        others = (self._object(prefix, first),) * (last - first)
        return Listing(
            objects=(*others, self._object(prefix, last)),
            next_token="more" if last + 1 < self.count else "",
            date=NOW,
        )

    def _object(self, prefix: str, number: int) -> Listed:
        return Listed(
            object_key=f"{prefix}web-{number:07}",
            etag="A",
            object_size_bytes=1,
            object_type="Normal",
            last_modified=NOW,
        )


def test_a_million_keys_are_listed_with_a_page_in_memory() -> None:
    oss = Endless(MILLION)
    retry = RetryPolicy(remaining=lambda: 1.0, sleep=lambda _: None, random=lambda: 0.5)
    listed = list_objects(
        cast("Oss", oss), "images", "old/", after="", skip="", retry=retry
    )
    tracemalloc.start()
    try:
        count = sum(1 for _ in listed)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (count, oss.pages) == (MILLION, MILLION // PAGE)
    assert peak < MOST_BYTES
