"""An import that is stopped: its task is found, cancelled, and its end written down.

Sources: "CancelTask" and "DescribeTaskAttribute", ECS API 2014-05-26, read 2026-11: a
cancelled task ends as Deleted; one that has ended cannot be cancelled.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from image_import.errors import ImageImportError
from image_import.ledger import Entry, State, settle, to_text
from image_import.ledger_store import Book, LedgerStore, Overtaken
from image_import.lookups import Lookup
from image_import.place import OPEN, Place, read_open_key

POLL_SECONDS = 2.0
MOST_ROUNDS = 6
ENDED = {"Finished", "Failed", "Deleted"}
BY_HAND = "cancelled with image-import cancel"


class NothingToCancelError(ImageImportError):
    """There is no import under way; the message says what there is instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """An import task, with the ledger that knows it, if one does."""

    task_id: str
    book: Book | None = None
    last: Entry | None = None

    @property
    def name(self) -> str:
        """What is imported, for a person."""
        if not self.book:
            return self.task_id
        return f"oss://{self.book.place.bucket}/{self.book.place.object_key}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelling:
    """Cancels tasks of one region.

    Attributes:
        store: The ledgers; None where nothing names their bucket.
        now: By OSS's clock.
    """

    store: LedgerStore | None
    prefix: str
    ecs: Lookup
    claim: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]

    def of_object(self, bucket: str, object_key: str) -> Task:
        """Return the task of an object's import.

        Raises:
            NothingToCancelError: None is under way, or several are.
        """
        place = Place(prefix=self.prefix, bucket=bucket, object_key=object_key)
        books = list(self._books_at(place))
        found = [task for book in books for task in _tasks(book)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(task.task_id for task in found)
            raise NothingToCancelError(
                f"several uploads of {object_key} are being imported; name the task: "
                f"{ids}"
            )
        raise NothingToCancelError(_instead(f"oss://{bucket}/{object_key}", books))

    def of_task(self, task_id: str) -> Task:
        """Return a task, with its ledger if that has a note of it."""
        for book in self._open_books():
            for task in _tasks(book):
                if task.task_id == task_id:
                    return task
        return Task(task_id=task_id)

    def cancel(self, task: Task, *, wait_seconds: float) -> tuple[str, str]:
        """Return how a task ended, as its state and a sentence.

        Raises:
            ServiceError: ECS refused, or did not answer.
        """
        status = self._status(task)
        if status in ENDED - {"Deleted"}:
            return "too_late", f"the task has ended as {status}; nothing was cancelled"
        if status != "Deleted":
            self.ecs.cancel_task(task.task_id)
            status = self._wait(task, self.monotonic() + wait_seconds)
        if status == "Deleted":
            return "cancelled", self._record(task)
        if status in ENDED:
            return "too_late", f"the task ended as {status} before it was cancelled"
        told = f"ECS took the request; the task is still {status}"
        return "cancelling", f"{told}, and the timer's next run writes its end down"

    def _status(self, task: Task) -> str:
        return self.ecs.describe_task(task.task_id).status

    def _wait(self, task: Task, until: float) -> str:
        status = self._status(task)
        while status not in ENDED and self.monotonic() < until:
            self.sleep(POLL_SECONDS)
            status = self._status(task)
        return status

    def _record(self, task: Task) -> str:
        """Write the end into the ledger, and delete the notes that it is open."""
        store, book, last = self.store, task.book, task.last
        if not store:
            return "the timer's next run writes it into the ledger"
        if not book or not last:
            return "no import that is open in the ledger has this task"
        for _ in range(MOST_ROUNDS):
            ended = settle(book.entries).ended.get(last.version)
            try:
                if ended is None:
                    store.write(book, self._line(last))
            except Overtaken as exc:
                book = exc.book
                continue
            for entry in book.entries:
                if entry.state is State.INTENT and entry.version == last.version:
                    store.delete_note(book.place.open_key(book.etag, entry.claim))
            return "its ledger says so; the uploaded object is still there"
        return "its ledger keeps changing; the timer's next run writes it down"

    def _line(self, last: Entry) -> Entry:
        line = replace(last, state=State.CANCELLED, at=self.now(), claim=self.claim)
        return replace(line, reason=BY_HAND, progress="", fc_request_id="")

    def _books_at(self, place: Place) -> Iterator[Book]:
        if self.store:
            keys = [item.object_key for item in self.store.list_all(place.folder)]
            yield from self._read(k for k in keys if "~" not in k)

    def _open_books(self) -> Iterator[Book]:
        if self.store:
            listed = self.store.list_all(f"{self.prefix}{OPEN}")
            notes = [read_open_key(i.object_key, prefix=self.prefix) for i in listed]
            yield from self._read({note.ledger_key for note in notes if note})

    def _read(self, keys: Iterable[str]) -> Iterator[Book]:
        for key in keys:
            if self.store and key.endswith(".jsonl"):
                book = self.store.read_unplaced(key, prefix=self.prefix)
                if book:
                    yield book


def _instead(place: str, books: Sequence[Book]) -> str:
    """Return why there is nothing to cancel: what the latest ledger says."""
    lines = [book.entries[-1] for book in books if book.entries]
    if not lines:
        return f"the ledger knows of no import of {place} that has begun"
    last = max(lines, key=lambda line: line.at)
    said = "claimed, not sent yet" if last.state is State.INTENT else last.state.value
    image = f", image {last.image_id}" if last.image_id else ""
    return (
        f"no import of {place} is under way that has a task; its ledger says: {said} "
        f"at {to_text(last.at)}{image}"
    )


def _tasks(book: Book) -> Iterator[Task]:
    """Yield the tasks of a ledger's imports that have not ended."""
    for entry in settle(book.entries).accepted.values():
        if entry.task_id and entry.state is not State.AVAILABLE:
            yield Task(task_id=entry.task_id, book=book, last=entry)
