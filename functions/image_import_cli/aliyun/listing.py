"""All objects of a bucket in the order of their keys, one page in memory at a time."""

from collections.abc import Iterator

from image_import.aliyun.oss.client import Listed, Oss
from image_import.retry import RetryPolicy

BEHIND_ALL = "\U0010ffff"
"""Sorts behind whatever stands in a folder."""


def list_objects(
    oss: Oss, bucket: str, prefix: str, *, after: str, skip: str, retry: RetryPolicy
) -> Iterator[Listed]:
    """Yield the objects whose keys start with `prefix` and come after `after`.

    Args:
        skip: A folder that is left out without being listed; "" for none.
    """
    while True:
        start = after
        page = retry.repeat(
            lambda: oss.list_page(bucket, prefix, start_after=start)  # noqa: B023 - used at once
        )
        for item in page.objects:
            if skip and item.object_key.startswith(skip):
                after = skip + BEHIND_ALL
                break
            after = item.object_key
            yield item
        else:
            if not page.next_token:
                return
