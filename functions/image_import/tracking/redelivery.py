"""Deliver again what was claimed and left, as if its event came once more.

Nothing here imports by another way: it is the handler's own, with the ledger between
whoever tries at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from image_import.events.parser import ObjectCreated
from image_import.importing.pipeline import import_record
from image_import.importing.runtime import Invocation
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import QUOTA
from image_import.ledger.open_jobs import Job, read_note
from image_import.ledger.store import LedgerStore, Snapshot
from image_import.model.result import Outcome, Result

RESERVE_SECONDS = 60.0
"""What must be left of the function's time to begin another delivery."""

UNDECIDED = {Outcome.RETRYING, Outcome.PLANNED, Outcome.CONVERTING}
"""After these a note may still be the only one of an import."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingDelivery:
    """What is to be delivered again; without a snapshot no claim reached it."""

    job: Job
    snapshot: Snapshot | None


@dataclass(kw_only=True, slots=True)
class Redelivery:
    """Delivers again, one after the other.

    What ECS refused for lack of room is tried one at a time, later after each refusal.
    Once one of them is accepted there is room, and the others follow at once.

    Attributes:
        delete_notes: Takes keys.
        has_room: One was accepted in this run, after a refusal earlier.
        is_full: One was refused in this run.
    """

    invocation: Invocation
    store: LedgerStore
    clock: OssClock
    region_id: str
    delete_notes: Callable[[Sequence[str]], None]
    change: Callable[[Result], None]
    has_room: bool = field(default=False)
    is_full: bool = field(default=False)

    def deliver(self, delivery: PendingDelivery) -> bool:
        """Deliver one, unless it has to wait; return whether it is still open."""
        job = delivery.job
        self.delete_notes(job.notes[1:])
        if not self._may(job):
            return True
        record = self._record(delivery)
        if record is None:
            return False
        result = import_record(record, self.invocation)
        self._learn(job, result)
        self.change(result)
        is_undecided = _is_undecided(job, result)
        if not is_undecided:
            self.delete_notes(job.notes[:1])
        is_submitted = result.outcome is Outcome.SUBMITTED
        return is_submitted or is_undecided or _is_full(result)

    def lacks_time(self) -> bool:
        """Whether too little of the function's time is left to begin one."""
        return self.invocation.remaining() < RESERVE_SECONDS

    def _may(self, job: Job) -> bool:
        if self.lacks_time():
            return False
        if not job.waits_for_room:
            return True
        is_due = job.due is not None and job.due <= self.clock.earliest()
        return not self.is_full and (is_due or self.has_room)

    def _learn(self, job: Job, result: Result) -> None:
        if _is_full(result):
            self.is_full = True
        elif result.outcome is Outcome.SUBMITTED and job.waits_for_room:
            self.has_room = True

    def _record(self, delivery: PendingDelivery) -> ObjectCreated | None:
        """Return the event that is delivered again; None if its note is gone."""
        job, snapshot = delivery.job, delivery.snapshot
        if job.last and snapshot:
            object_key, etag = job.last.disks[0]
            return self._created(snapshot.keys.bucket, object_key, etag)
        note = self.store.read_note(job.notes[0])
        if note is None:
            return None
        return self._created(*read_note(note))

    def _created(self, bucket: str, object_key: str, etag: str) -> ObjectCreated:
        return ObjectCreated(
            bucket=bucket,
            object_key=object_key,
            etag=etag,
            object_size_bytes=None,
            event_name="ObjectCreated:DeliveredAgain",
            region_id=self.region_id,
        )


def in_order(deliveries: Sequence[PendingDelivery]) -> list[PendingDelivery]:
    """Return deliveries in the order in which to try them.

    Abandoned claims come first: most have their import already, and only lack an end.
    """

    def rank(delivery: PendingDelivery) -> tuple[bool, float]:
        job = delivery.job
        return job.waits_for_room, job.due.timestamp() if job.due else 0

    return sorted(deliveries, key=rank)


def _is_undecided(job: Job, result: Result) -> bool:
    """Whether a note may still be the only one of an import.

    After a duplicate it may, if its own claim is in the ledger: the holder may have
    come back and gone on. A note whose claim never came there is nobody's; whoever
    has imported this upload has put a note of their own.
    """
    if result.outcome is Outcome.DUPLICATE:
        return job.last is not None
    return result.outcome in UNDECIDED


def _is_full(result: Result) -> bool:
    """Whether ECS has no room for another import just now."""
    code = result.error_code.lower()
    is_throttled = result.outcome is Outcome.RETRYING and "throttling" in code
    return is_throttled or code.startswith(QUOTA)
