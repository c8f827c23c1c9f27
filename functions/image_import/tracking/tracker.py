"""Follow open imports to their end, whoever began them.

Each run lists the notes under `open/`, reads each ledger that has one, asks ECS about
all of them together, and appends what has changed. Two runs at once do no harm: a
change is written where the ledger ended when it was read, or not at all.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from image_import.errors import ImageImportError, ServiceError
from image_import.importing.results import of_error
from image_import.importing.runtime import Invocation
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import (
    LedgerEntry,
    State,
    last_of,
    to_json_bytes,
    to_text,
)
from image_import.ledger.layout import TRACKER
from image_import.ledger.open_jobs import JobStep
from image_import.ledger.open_ledgers import OpenLedger, OpenLedgers
from image_import.ledger.store import LedgerStore, Snapshot
from image_import.model.result import CHANGE_FIELDS, Outcome, Result, said, to_json
from image_import.notification.announcer import Announcer
from image_import.notification.delivery import NewsRound, TellsNews
from image_import.notification.outbox import Outbox
from image_import.retry import RetryPolicy
from image_import.tracking.batch_lookup import (
    BatchLookup,
    LookupApi,
    Observations,
    batches,
    look_up_regions,
)
from image_import.tracking.distribution.distributor import Copies, Distributor, ImageApi
from image_import.tracking.distribution.steps import DistributionProgress
from image_import.tracking.distribution.wishes import wishes_for
from image_import.tracking.follower import Distribute, Follower, result_of
from image_import.tracking.redelivery import (
    RESERVE_SECONDS,
    PendingDelivery,
    Redelivery,
    in_order,
)
from image_import.tracking.retention.decide import RetentionApi
from image_import.tracking.retention.retention import Retention
from image_import.tracking.source_cleanup import SourceCleanup

if TYPE_CHECKING:
    from image_import.model.ownership import ExistingImage

Work = Callable[[], int]


class TrackerApi(LookupApi, ImageApi, RetentionApi, Protocol):
    """What the tracker asks of ECS in one region."""

    def cancel_copy(self, image_id: str) -> None:
        """End a copy that is under way."""


def unguarded(work: Work) -> int:
    """Return what a piece of work returns."""
    return work()


@dataclass(kw_only=True, slots=True)
class Report:
    """What one run came to.

    Attributes:
        open_count: Imports that are still under way.
        news_waiting: Messages that a receiver has not taken yet.
        errors: What could not be done; the next run tries again.
    """

    changes: list[Result] = field(default_factory=list)
    open_count: int = 0
    news_waiting: int = 0
    errors: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Add what another run came to."""
        self.changes += other.changes
        self.open_count += other.open_count
        self.news_waiting += other.news_waiting
        self.errors += other.errors

    def to_json(self) -> str:
        """Return the handler's answer."""
        told: dict[str, object] = {
            "changes": [said(result, CHANGE_FIELDS) for result in self.changes],
            "open": self.open_count,
        }
        if self.errors:
            told["errors"] = self.errors
        return to_json(told)

    def log_json(self, fc_request_id: str) -> str:
        """Return the one log line of a run, which is there also if nothing changed."""
        told = {
            "run": "tracker",
            "open": self.open_count,
            "news_waiting": self.news_waiting,
            "errors": len(self.errors),
            "fc_request_id": fc_request_id,
        }
        return to_json(told)


@dataclass(kw_only=True, slots=True)
class Tracker:
    """One run over the ledgers of one bucket.

    Attributes:
        lookups: Makes the ECS client of a region.
        region_id: Of the ledger's bucket, and of imports that name none.
        bucket: The ledger's.
        make_sender: Makes what sends messages; asked only if somebody is to be told.
        tell: Hears of each change when it is on record.
        guard: Does a piece of work and keeps what we did not foresee from the others;
            it returns how many imports of that piece are still open.
    """

    invocation: Invocation
    lookups: Callable[[str], TrackerApi]
    region_id: str
    bucket: str
    make_sender: Callable[[], TellsNews]
    tell: Callable[[Result], None] = lambda _: None
    guard: Callable[[Work], int] = unguarded
    claim: str = field(default_factory=lambda: secrets.token_hex(8))
    report: Report = field(default_factory=Report)
    clock: OssClock = field(init=False)
    retry: RetryPolicy = field(init=False)
    store: LedgerStore = field(init=False)

    def __post_init__(self) -> None:
        """Make what all imports share."""
        invocation = self.invocation
        self.clock = OssClock(invocation.monotonic)
        self.retry = RetryPolicy(
            remaining=invocation.remaining,
            sleep=invocation.sleep,
            random=invocation.random,
        )
        self.store = LedgerStore(
            invocation.oss(self.region_id),
            bucket=self.bucket,
            clock=self.clock,
            retry=self.retry,
        )

    def run(self) -> Report:
        """Follow what was submitted, then deliver again what was left.

        Raises:
            ServiceError: The notes could not be listed.
        """
        ledgers, errors = self._open_ledgers().read()
        self._note(errors)
        sight = self._look(ledgers)
        follower = self._follower(self._distribution(ledgers))
        works = [self._following(ledger, sight, follower) for ledger in ledgers]
        self.report.open_count += sum(self.invocation.pool.map(self._do, works))
        redelivery = self._redelivery(follower)
        deliveries = in_order(_deliveries(ledgers))
        if deliveries and redelivery.lacks_time():
            self._note([self._too_little_time(len(deliveries))])
        for delivery in deliveries:
            work = _redelivering(delivery, redelivery)
            self.report.open_count += self._do(work)
        settings = self.invocation.settings
        if settings.delete_deprecated_after and not settings.dry_run:
            self._do(self._delete_due)
        if settings.notify and not settings.dry_run:
            self.report.news_waiting = self._do(self._tell_news)
        if not settings.dry_run:
            self._do(self._note_run)
        return self.report

    def _note_run(self) -> int:
        """Note when this run was: without it nobody sees that the timer is silent."""
        note = {"at": to_text(self.clock.earliest()), "open": self.report.open_count}
        key = f"{self.invocation.settings.ledger_prefix}{TRACKER}"
        self.store.put_note(key, to_json_bytes(note))
        return 0

    def _delete_due(self) -> int:
        """Delete images that have been deprecated for long enough."""
        self.retention().delete_due()
        return 0

    def retention(self) -> Retention:
        """Return what lets older images make room for newer ones."""
        return Retention(
            settings=self.invocation.settings,
            api=self.lookups,
            store=self.store,
            clock=self.clock,
            retry=self.retry,
            region_id=self.region_id,
            claim=self.claim,
            fc_request_id=self.invocation.fc_request_id,
            failed=lambda exc: self._note([exc]),
            change=lambda line, snapshot: self.change(result_of(line, snapshot)),
        )

    def _tell_news(self) -> int:
        """Tell what waits in the outbox."""
        settings, invocation = self.invocation.settings, self.invocation
        told = NewsRound(
            outbox=Outbox(store=self.store, prefix=settings.ledger_prefix),
            store=self.store,
            sender=self.make_sender(),
            receivers=settings.notify,
            pool=invocation.pool,
            now=self.clock.earliest,
            remaining=invocation.remaining,
            claim=self.claim,
            fc_request_id=invocation.fc_request_id,
        )
        waiting = told.run()
        self._note(told.errors)
        return waiting

    def _do(self, work: Work) -> int:
        """Do a piece of work; what fails is noted, and left for the next run."""
        try:
            return self.guard(work)
        except ImageImportError as exc:
            self._note([exc])
            return 1

    def _following(
        self, ledger: OpenLedger, sight: Observations, follower: Follower
    ) -> Work:
        def work() -> int:
            snapshot, still_open = ledger.snapshot, 0
            for job in ledger.jobs:
                if job.step is JobStep.DELIVER:
                    continue
                is_open = True
                if snapshot is not None:
                    snapshot, is_open = follower.step(job, snapshot, sight)
                still_open += is_open
            return still_open

        return work

    def _open_ledgers(self) -> OpenLedgers:
        return OpenLedgers(
            store=self.store,
            clock=self.clock,
            pool=self.invocation.pool,
            prefix=self.invocation.settings.ledger_prefix,
            lease=self.invocation.lease,
        )

    def _follower(self, distribute: Distribute | None = None) -> Follower:
        invocation = self.invocation
        return Follower(
            settings=invocation.settings,
            store=self.store,
            announcer=Announcer(
                settings=invocation.settings,
                store=self.store,
                region_id=self.region_id,
            ),
            clock=self.clock,
            claim=self.claim,
            fc_request_id=invocation.fc_request_id,
            sources=self._sources,
            distribute=distribute,
            discard=self._discard,
            make_room=self.retention().make_room
            if invocation.settings.keep_last
            else None,
            change=self.change,
        )

    def _distribution(self, ledgers: Sequence[OpenLedger]) -> Distribute | None:
        """Return what distributes available images, None if nothing is wanted."""
        settings, invocation = self.invocation.settings, self.invocation
        if not settings.distributes:
            return None
        distributor = Distributor(
            api=self.lookups,
            store=self.store,
            clock=self.clock,
            retry=self.retry,
            copies=self._copies(ledgers),
            claim=self.claim,
            fc_request_id=invocation.fc_request_id,
            failed=lambda exc: self._note([exc]),
        )

        def distribute(
            snapshot: Snapshot, image: LedgerEntry
        ) -> tuple[Snapshot, LedgerEntry | None]:
            region_id = self._region_of(snapshot)
            wishes = wishes_for(settings, snapshot.entries, image, region=region_id)
            return distributor.advance(snapshot, image, wishes)

        return distribute

    def _copies(self, ledgers: Sequence[OpenLedger]) -> Copies:
        """Return what ECS shows of copies under way, a hundred at each look."""
        wanted: dict[str, list[str]] = {}
        for ledger in ledgers:
            entries = ledger.snapshot.entries if ledger.snapshot else ()
            for job in ledger.jobs:
                if job.step is JobStep.FINISH and job.last:
                    progress = DistributionProgress(entries, version=job.last.version)
                    for region_id, image_id in progress.copies().items():
                        wanted.setdefault(region_id, []).append(image_id)
        found: dict[str, dict[str, ExistingImage]] = {}
        for region_id, ids in wanted.items():
            look = self.lookups(region_id).find_images_by_id
            try:
                found[region_id] = {
                    image.image_id: image
                    for some in batches(ids)
                    for image in self.retry.repeat(partial(look, some))
                }
            except ServiceError as exc:
                self._note([exc])
        return found

    def _sources(self, snapshot: Snapshot) -> SourceCleanup:
        return SourceCleanup(
            oss=self.invocation.oss(self._region_of(snapshot)),
            bucket=snapshot.keys.bucket,
            retry=self.retry,
        )

    def _discard(self, snapshot: Snapshot, last: LedgerEntry) -> None:
        """Delete what a version was converted to, once ECS has no more use for it."""
        entries = snapshot.entries
        if last_of(entries, last.version, State.CONVERTING) is None:
            return
        from image_import.tracking.target_cleanup import (  # noqa: PLC0415 - seldom
            discard_targets,
        )

        discard_targets(
            self.invocation.oss(self._region_of(snapshot)),
            self.retry,
            entries,
            last,
            keep=self.invocation.settings.convert_keep,
        )

    def _redelivery(self, follower: Follower) -> Redelivery:
        return Redelivery(
            invocation=self.invocation,
            store=self.store,
            clock=self.clock,
            region_id=self.region_id,
            delete_notes=follower.delete_notes,
            change=self.change,
        )

    def _too_little_time(self, count: int) -> ImageImportError:
        left, whole = self.invocation.remaining(), self.invocation.timeout_seconds
        return ImageImportError(
            f"imports that wait to be delivered again: {count:,}; one needs "
            f"{RESERVE_SECONDS:.0f} s, and of the function's time-out of {whole:.0f} s "
            f"{max(0, left):.0f} s are left. Set the time-out of the function that "
            f"follows imports to 240 s or more"
        )

    def _look(self, ledgers: Iterable[OpenLedger]) -> Observations:
        sight, errors = look_up_regions(self._followed(ledgers), self._look_in)
        self._note(errors)
        return sight

    def _followed(self, ledgers: Iterable[OpenLedger]) -> dict[str, list[LedgerEntry]]:
        """Return the ledgers' last word on each import that is followed, by region."""
        found: dict[str, list[LedgerEntry]] = {}
        for ledger in ledgers:
            for job in ledger.jobs:
                if ledger.snapshot and job.last and job.step is JobStep.FOLLOW:
                    region_id = self._region_of(ledger.snapshot)
                    found.setdefault(region_id, []).append(job.last)
        return found

    def _look_in(self, region_id: str) -> BatchLookup | None:
        """Return what looks at a region's imports, None where nothing can."""
        ecs = self.lookups(region_id)
        if not ecs.has_lookup:
            return None
        return BatchLookup(
            ecs=ecs,
            retry=self.retry,
            pool=self.invocation.pool,
            by_id=not self.invocation.settings.target.is_apsara_stack,
        )

    def _region_of(self, snapshot: Snapshot) -> str:
        told = (entry.parameters.get("RegionId") for entry in snapshot.entries)
        return next((region for region in told if region), self.region_id)

    def change(self, result: Result) -> None:
        """Keep a change for the report, and tell it."""
        is_delivery = result.outcome is Outcome.PLANNED
        if self.invocation.settings.dry_run and not is_delivery:
            reason = f"DRY_RUN: nothing was written; {result.reason}"
            result = replace(result, outcome=Outcome.PLANNED, reason=reason)
        self.report.changes.append(result)
        self.tell(result)

    def _note(self, errors: Iterable[ImageImportError]) -> None:
        self.report.errors.extend(of_error(exc).reason for exc in errors)


def _deliveries(ledgers: Iterable[OpenLedger]) -> list[PendingDelivery]:
    return [
        PendingDelivery(job=job, snapshot=ledger.snapshot)
        for ledger in ledgers
        for job in ledger.jobs
        if job.step is JobStep.DELIVER
    ]


def _redelivering(delivery: PendingDelivery, redelivery: Redelivery) -> Work:
    return lambda: int(redelivery.deliver(delivery))
