"""Follow one import by one step: a line in its ledger, and at the end no more note."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from image_import.config.settings import Settings
from image_import.errors import ServiceUnavailable
from image_import.importing import results as endings
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import FINAL, Entry, State
from image_import.ledger.open_jobs import Job, Step
from image_import.ledger.store import Book, LedgerStore, Overtaken
from image_import.model.result import Outcome, Result
from image_import.tracking.batch_lookup import Sight
from image_import.tracking.progress import judge, unfollowed
from image_import.tracking.source_cleanup import Sources


@dataclass(frozen=True, kw_only=True, slots=True)
class Follower:
    """Follows imports whose ledgers are in one bucket.

    Attributes:
        claim: Random ID of this run; its lines carry it.
        sources: Makes what settles the sources of a ledger's images.
        change: Hears of each change once it is on record.
    """

    settings: Settings
    store: LedgerStore
    clock: OssClock
    claim: str
    fc_request_id: str
    sources: Callable[[Book], Sources]
    change: Callable[[Result], None]

    def step(self, job: Job, book: Book, sight: Sight) -> tuple[Book, bool]:
        """Do what is to be done about one version.

        Returns:
            The ledger as it is then, and whether the import is still under way.

        Raises:
            ServiceError: Something was left for the next run.
        """
        if job.last is None or job.step not in {Step.FOLLOW, Step.FINISH, Step.CLOSE}:
            return book, True
        if job.step is Step.FOLLOW:
            return self._follow(job, book, job.last, sight)
        if job.step is Step.FINISH:
            self._settle_sources(book, job.last)
        self.delete_notes(job.notes)
        return book, False

    def delete_notes(self, keys: Sequence[str]) -> None:
        """Delete notes, in a dry run none."""
        if not self.settings.dry_run:
            for key in keys:
                self.store.delete_note(key)

    def _follow(
        self, job: Job, book: Book, last: Entry, sight: Sight
    ) -> tuple[Book, bool]:
        self.delete_notes(job.notes[1:])
        line = self._judge(book, last, sight)
        if line is None:
            return book, True
        try:
            book = self._write(book, line)
        except Overtaken as exc:
            return exc.book, True  # the next run takes into account what was written
        if line.state is State.AVAILABLE:
            self._conclude(book, line)
        else:
            self.change(result_of(line, book))
        is_open = line.state not in {*FINAL, State.UNFOLLOWED}
        if not is_open:
            self.delete_notes(job.notes[:1])
        return book, is_open

    def _judge(self, book: Book, last: Entry, sight: Sight) -> Entry | None:
        now = self.clock.earliest()
        if last.version in sight.blind:
            return unfollowed(last, now=now)
        if last.version not in sight.seen:
            return None
        stuck_after = timedelta(seconds=self.settings.stuck_after_seconds)
        seen = sight.seen[last.version]
        return judge(book.entries, last, seen, now=now, stuck_after=stuck_after)

    def _write(self, book: Book, line: Entry) -> Book:
        if self.settings.dry_run:
            return book
        said = replace(line, claim=self.claim, fc_request_id=self.fc_request_id)
        return self.store.write(book, said)

    def _conclude(self, book: Book, line: Entry) -> None:
        """Settle the sources of what has become available, and tell both at once.

        Raises:
            ServiceUnavailable: They are not settled; the note stays, so that the next
                run does it.
        """
        result = result_of(line, book)
        try:
            done = self._settle_sources(book, line)
        except ServiceUnavailable:
            self.change(result)
            raise
        self.change(
            replace(result, reason="; ".join(filter(None, (line.reason, done))))
        )

    def _settle_sources(self, book: Book, line: Entry) -> str:
        if self.settings.dry_run:
            return ""
        return self.sources(book).settle(self.settings.on_available, line)


def result_of(line: Entry, book: Book) -> Result:
    """Return what a line of a ledger says, as log and answer say it."""
    object_key, etag = line.disks[0]
    result = endings.as_recorded(Outcome(line.state.value), line, line.reason)
    about = result.about(bucket=book.place.bucket, object_key=object_key, etag=etag)
    return replace(about, progress=line.progress)
