"""Work on many things at once, in their order and with few in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


def side_by_side(
    work: Callable[[Item], Found],
    items: Iterable[Item],
    *,
    pool: ThreadPoolExecutor,
    most: int,
) -> Iterator[Found]:
    """Yield the results in the order of the items, at most so many under way."""
    begun: deque[Future[Found]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) >= most:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
