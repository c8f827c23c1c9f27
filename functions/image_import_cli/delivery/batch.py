"""A sweep's work: several images at once, reported in the order of their keys."""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from image_import.errors import ImageImportError, ServiceError
from image_import.events.parser import ObjectCreated
from image_import.importing import results
from image_import.model.result import Outcome, Result

from image_import_cli.ui import interrupt as interrupted
from image_import_cli.ui.errors import IN_CATALOGUE

WINDOW = 4
"""Images begun per worker before the oldest has to be done."""

INTERRUPTED = "interrupted; the same command goes on where it stopped"

MOST_FAILURES = 20
"""So many in a row have one cause, and the next ones would fail of it as well."""


Answer = TypeVar("Answer")

Swept = tuple[Result, bool]
"""What became of an image, and whether a later sweep may pass it over."""


class _Begun(NamedTuple):
    """An image that is worked on; `is_import` is set once it is no mere look."""

    object_key: str
    work: Future[Swept]
    is_import: threading.Event

    def end(self) -> Swept | None:
        """Wait for its end, None if it did not come to import anything.

        What only looks for its ledger so far is not waited for.
        """
        if not (self.is_import.is_set() or self.work.done()):
            return None
        try:
            return self.work.result()
        except StoppedError:
            return None


class StoppedError(Exception):
    """The sweep ends before this image was begun."""


class TooManyFailuresError(Exception):
    """One after the other failed; `last` is the latest of them."""

    def __init__(self, last: Result) -> None:
        super().__init__(last.reason)
        self.last = last


@contextmanager
def interruptible(
    stopping: threading.Event, *, on_first: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Let the first Ctrl-C set `stopping`, so that it cuts no line in two.

    Args:
        stopping: Whoever works looks at it.
        on_first: Called by the first one wherever the program then is; it may tell
            of it, or end what is under way by raising KeyboardInterrupt itself.

    Raises:
        KeyboardInterrupt: At the end after the first, at once after the second.
    """
    is_pressed = False

    def press(*_: object) -> None:
        nonlocal is_pressed
        if is_pressed:
            raise KeyboardInterrupt
        is_pressed = True
        stopping.set()
        on_first()

    before = signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if is_pressed:
        raise KeyboardInterrupt


class DeliveryPace:
    """Lets so many begin each second, evenly; 0 is as fast as it goes."""

    def __init__(
        self, per_second: float, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._monotonic = monotonic
        self._next = monotonic()
        self._lock = threading.Lock()

    def delay(self) -> float:
        """Take the next turn and return how many seconds away it is."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
            return turn - now


@dataclass(kw_only=True, slots=True)
class Sweep:
    """One sweep.

    Attributes:
        known: Returns how an image stands that need not be looked at any more.
        import_one: Imports an image here, or has it imported elsewhere.
        on_result: Told of each image, in the order of the keys.
        after: Everything up to this key is done; it stays before the first image that
            is not, whatever becomes of those behind it.
        undone: How many images somebody has to begin again.
    """

    known: Callable[[ObjectCreated], Result | None]
    import_one: Callable[[ObjectCreated], Result]
    on_result: Callable[[Result], None]
    pool: ThreadPoolExecutor
    workers: int
    pace: DeliveryPace
    after: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    undone: int = 0
    _is_waiting: bool = False
    _begun: deque[_Begun] = field(default_factory=deque)
    _failures: int = 0
    _is_held: bool = False

    def run(self, records: Iterable[ObjectCreated]) -> None:
        """Import what is new among the records, in whatever order it gets done.

        Whatever ends it early, the imports that have begun are finished and reported;
        where `stopping` is set, it ends without an error.

        Raises:
            TooManyFailuresError: One after the other failed.
            KeyboardInterrupt: Nothing was waited for any more.
        """
        try:
            self._go_through(records)
        except StoppedError:
            pass
        except KeyboardInterrupt:
            self.stopping.set()
            raise
        except BaseException:
            self._finish_begun()
            raise
        self._finish_begun()

    @property
    def under_way(self) -> int:
        """How many imports have begun that were not waited for."""
        return sum(b.is_import.is_set() and not b.work.done() for b in self._begun)

    def wait_for(self, answer: Callable[[], Answer]) -> Answer:
        """Return an answer that `stop_waiting` may cut short."""
        self._is_waiting = True
        try:
            return answer()
        finally:
            self._is_waiting = False

    def stop_waiting(self) -> None:
        """Begin nothing more, and wait for nothing but what imports.

        Raises:
            StoppedError: Something was waited for at this moment; a line that is being
                printed is not cut in two.
        """
        self.stopping.set()
        if self._is_waiting:
            raise StoppedError

    def _go_through(self, records: Iterable[ObjectCreated]) -> None:
        for record in records:
            if self.stopping.is_set():
                return
            is_import = threading.Event()
            work = self.pool.submit(self._work, record, is_import)
            self._begun.append(_Begun(record.object_key, work, is_import))
            if len(self._begun) > WINDOW * self.workers:
                self._finish_oldest()
        while self._begun:
            self._finish_oldest()

    def _work(self, record: ObjectCreated, is_import: threading.Event) -> Swept:
        result = self._import(record, is_import)
        return result, self._is_done(result, record)

    def _import(self, record: ObjectCreated, is_import: threading.Event) -> Result:
        if self.stopping.is_set():
            raise StoppedError
        try:
            if known := self.known(record):
                return about(known, record)
            if self.stopping.wait(self.pace.delay()):
                raise StoppedError
            is_import.set()
            if self.stopping.is_set():
                raise StoppedError
            return self.import_one(record)
        except ImageImportError as exc:
            return about(_failed(exc), record)

    def _is_done(self, result: Result, record: ObjectCreated) -> bool:
        """Whether an image has come to an end that is on record.

        A failure that came before the ledger was reached is known to nobody but us.
        """
        if result.outcome is not Outcome.FAILED:
            return result.outcome is not Outcome.RETRYING
        try:
            return self.known(record) is not None
        except ImageImportError:
            return False

    def _finish_oldest(self) -> None:
        key, work, _ = self._begun[0]
        result, is_done = self.wait_for(work.result)
        self._begun.popleft()
        self._report(key, result, is_done=is_done)
        has_failed = result.outcome in {Outcome.FAILED, Outcome.RETRYING}
        self._failures = self._failures + 1 if has_failed else 0
        if self._failures == MOST_FAILURES:
            raise TooManyFailuresError(result)

    def _finish_begun(self) -> None:
        """Report what still gets done; the first that does not is where we are."""
        self.stopping.set()
        while self._begun:
            if swept := self._begun[0].end():
                result, is_done = swept
                self._report(self._begun[0].object_key, result, is_done=is_done)
            else:
                self._is_held = True
            self._begun.popleft()

    def _report(self, key: str, result: Result, *, is_done: bool) -> None:
        self.undone += not is_done
        self._is_held = self._is_held or not is_done
        if not self._is_held:
            self.after = key
        self.on_result(result)


def run_to_the_end(
    sweep: Sweep,
    records: Iterable[ObjectCreated],
    *,
    on_ctrl_c: Callable[[], None],
) -> str:
    """Run a sweep and return why it ended early, "" if it is through.

    The first Ctrl-C lets end what has begun to be imported, the second nothing.
    """

    def stop() -> None:
        on_ctrl_c()
        sweep.stop_waiting()

    try:
        with interruptible(sweep.stopping, on_first=stop):
            sweep.run(records)
    except KeyboardInterrupt:
        return f"{INTERRUPTED}{_left(sweep.under_way)}"
    except TooManyFailuresError as exc:
        return f"stopped, as one image failed after the other: {exc.last.reason}"
    return ""


def status_of(ended: str, *, has_bad: bool) -> int:
    """Return the exit status of what ended so; see `run_to_the_end`."""
    if ended.startswith(INTERRUPTED):
        return interrupted.STATUS
    return int(has_bad or bool(ended))


def _failed(exc: ImageImportError) -> Result:
    """Return what an error comes to; only OSS and ECS are in the catalogue."""
    result = results.of_error(exc)
    is_known = not isinstance(exc, ServiceError) or exc.service in IN_CATALOGUE
    return result if is_known else replace(result, reason=str(exc))


def _left(under_way: int) -> str:
    if not under_way:
        return ""
    images = "1 image was" if under_way == 1 else f"{under_way:,} images were"
    return (
        f"; {images} being imported, which the tracker takes up again, or a sweep "
        "once LEASE_SECONDS have passed"
    )


def about(result: Result, record: ObjectCreated) -> Result:
    """Return a result with the upload that it is the result of."""
    return result.about(
        bucket=record.bucket, object_key=record.object_key, etag=record.etag
    )
