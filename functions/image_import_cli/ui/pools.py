"""Threads that the end of the program does not wait for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Semaphore, Thread
from typing import ParamSpec, TypeVar

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


Answer = TypeVar("Answer")
Given = ParamSpec("Given")


class DaemonPool(Executor):
    """Runs each call in a daemon thread, so many at a time.

    A ThreadPoolExecutor is joined when the program ends: after Ctrl-C that would be as
    long as the slowest answer takes.
    """

    def __init__(self, most: int) -> None:
        self._slots = Semaphore(most)

    def submit(
        self,
        fn: Callable[Given, Answer],
        /,
        *args: Given.args,
        **kwargs: Given.kwargs,
    ) -> "Future[Answer]":
        """Start a call as soon as a slot is free."""
        future: Future[Answer] = Future()

        def run() -> None:
            with self._slots:
                if not future.set_running_or_notify_cancel():
                    return
                try:
                    answer = fn(*args, **kwargs)
                except BaseException as exc:  # noqa: BLE001 - the caller gets it
                    future.set_exception(exc)
                else:
                    future.set_result(answer)

        Thread(target=run, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's
        """Wait for nothing."""
        del wait, cancel_futures
