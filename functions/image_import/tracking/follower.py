"""Follow one import by one step: a line in its ledger, and at the end no more note."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from image_import.config.settings import Settings
from image_import.errors import ServiceError
from image_import.importing import results
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import FINAL, LedgerEntry, State
from image_import.ledger.open_jobs import Job, JobStep
from image_import.ledger.store import LedgerStore, Overtaken, Snapshot
from image_import.model.image_check import sentence
from image_import.model.result import Outcome, Result
from image_import.notification.announcer import Announcer
from image_import.tracking.batch_lookup import Observations
from image_import.tracking.distribution.steps import end_of
from image_import.tracking.progress import judge, unfollowed
from image_import.tracking.source_cleanup import SourceCleanup

MakeRoom = Callable[[Snapshot, LedgerEntry], None]
"""Takes a new image into its group, and lets older ones of it make room."""

Distribute = Callable[[Snapshot, LedgerEntry], tuple[Snapshot, LedgerEntry | None]]
"""Returns the ledger, and the line by which the distribution has ended, if it has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Follower:
    """Follows imports whose ledgers are in one bucket.

    Attributes:
        claim: Random ID of this run; its lines carry it.
        sources: Makes what settles the sources of a ledger's images.
        distribute: Does what is ready of what is wanted of an available image; None if
            nothing is.
        discard: Deletes what a version was converted to, once nobody needs it.
        make_room: Lets older images make room for one that is distributed; None if
            all are kept.
        change: Hears of each change once it is on record.
    """

    settings: Settings
    store: LedgerStore
    announcer: Announcer
    clock: OssClock
    claim: str
    fc_request_id: str
    sources: Callable[[Snapshot], SourceCleanup]
    distribute: Distribute | None = None
    discard: Callable[[Snapshot, LedgerEntry], None]
    make_room: MakeRoom | None = None
    change: Callable[[Result], None]

    def step(
        self, job: Job, snapshot: Snapshot, sight: Observations
    ) -> tuple[Snapshot, bool]:
        """Do what is to be done about one version.

        Returns:
            The ledger as it is then, and whether the import is still under way.

        Raises:
            ServiceError: Something was left for the next run.
        """
        if job.last is None or job.step not in {
            JobStep.FOLLOW,
            JobStep.FINISH,
            JobStep.CLOSE,
        }:
            return snapshot, True
        if job.step is JobStep.FOLLOW:
            return self._follow(job, snapshot, job.last, sight)
        if job.step is JobStep.FINISH and self.distribute:
            return self._distribute(job, snapshot, job.last, self.distribute)
        if job.step is JobStep.FINISH:
            self._settle_sources(snapshot, job.last)
        self.announcer.announce(job.last, snapshot)
        self._close(job.notes, snapshot, job.last)
        return snapshot, False

    def _close(
        self, notes: Sequence[str], snapshot: Snapshot, last: LedgerEntry
    ) -> None:
        """Leave nothing behind of what has ended; the notes go last."""
        if not self.settings.dry_run:
            self.discard(snapshot, last)
        self.delete_notes(notes)

    def _distribute(
        self, job: Job, snapshot: Snapshot, image: LedgerEntry, distribute: Distribute
    ) -> tuple[Snapshot, bool]:
        """Go on with the distribution; only its good end touches the source."""
        ended = end_of(snapshot.entries, image.version)
        if ended is None and not self.settings.dry_run:
            try:
                snapshot, ended = distribute(snapshot, image)
            except Overtaken as exc:
                return exc.snapshot, True
            if ended is not None:
                self.change(result_of(ended, snapshot))
        if ended is None:
            return snapshot, True
        if ended.state is State.DISTRIBUTED:
            self._settle_sources(snapshot, image)
            if self.make_room and not self.settings.dry_run:
                self.make_room(snapshot, image)
        self.announcer.announce(ended, snapshot)
        self._close(job.notes, snapshot, image)
        return snapshot, False

    def delete_notes(self, keys: Sequence[str]) -> None:
        """Delete notes, in a dry run none."""
        if not self.settings.dry_run:
            for key in keys:
                self.store.delete_note(key)

    def _follow(
        self, job: Job, snapshot: Snapshot, last: LedgerEntry, sight: Observations
    ) -> tuple[Snapshot, bool]:
        self.delete_notes(job.notes[1:])
        line = self._judge(snapshot, last, sight)
        if line is None:
            return snapshot, True
        is_open = line.state not in {*FINAL, State.UNFOLLOWED}
        goes_on = line.state is State.AVAILABLE and self.distribute is not None
        if is_open or goes_on:
            self.announcer.announce(line, snapshot)
        try:
            snapshot = self._write(snapshot, line)
        except Overtaken as exc:  # the next run takes into account what was written
            return exc.snapshot, True
        if goes_on:
            self.change(result_of(line, snapshot))
            return snapshot, True  # the next run begins its distribution
        if line.state is State.AVAILABLE:
            self._conclude(snapshot, line)
        else:
            self.change(result_of(line, snapshot))
        if not is_open:
            self.announcer.announce(line, snapshot)
            self._close(job.notes[:1], snapshot, line)
        return snapshot, is_open

    def _judge(
        self, snapshot: Snapshot, last: LedgerEntry, sight: Observations
    ) -> LedgerEntry | None:
        now = self.clock.earliest()
        if last.version in sight.blind:
            return unfollowed(last, now=now)
        if last.version not in sight.seen:
            return None
        stuck_after = timedelta(seconds=self.settings.stuck_after_seconds)
        seen = sight.seen[last.version]
        return judge(snapshot.entries, last, seen, now=now, stuck_after=stuck_after)

    def _write(self, snapshot: Snapshot, line: LedgerEntry) -> Snapshot:
        if self.settings.dry_run:
            return snapshot
        said = replace(line, claim=self.claim, fc_request_id=self.fc_request_id)
        return self.store.write(snapshot, said)

    def _conclude(self, snapshot: Snapshot, line: LedgerEntry) -> None:
        """Settle the sources of what has become available, and tell both at once.

        Raises:
            ServiceError: They are not settled; the note stays, so that the next
                run does it.
        """
        result = result_of(line, snapshot)
        try:
            done = self._settle_sources(snapshot, line)
        except ServiceError:
            self.change(result)
            raise
        self.change(
            replace(result, reason="; ".join(filter(None, (line.reason, done))))
        )

    def _settle_sources(self, snapshot: Snapshot, line: LedgerEntry) -> str:
        if self.settings.dry_run:
            return ""
        return self.sources(snapshot).settle(self.settings.on_available, line)


def result_of(line: LedgerEntry, snapshot: Snapshot) -> Result:
    """Return what a line of a ledger says, as log and answer say it."""
    object_key, etag = line.disks[0]
    result = results.as_recorded(Outcome(line.state.value), line, line.reason)
    about = result.about(bucket=snapshot.keys.bucket, object_key=object_key, etag=etag)
    notes = tuple(map(sentence, line.findings))
    return replace(about, progress=line.progress, notes=notes)
