"""The story of an event, from its records to their results.

    ours? -> gather -> decided? -> wait? -> plan -> claim -> ImportImage -> result

`gatherer` reads the bucket, `planner_run` plans, `claim` writes the ledger, and `call`
alone asks ECS. What is said at the end, `results` has in words.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from disk_images.formats.detect import HEAD_BYTES, LOOK_BYTES

from image_import.aliyun.oss.client import ObjectChanged, ObjectMissing, UploadGone
from image_import.config.settings import Settings
from image_import.errors import (
    EventError,
    EvidenceError,
    ImageImportError,
    PlanError,
    ServiceError,
    ServiceRejected,
)
from image_import.events.parser import (
    EventEntry,
    Ignored,
    ObjectCreated,
    Rejected,
    parse_event,
    why_not_ours,
)
from image_import.filename.vocabulary.companions import companion
from image_import.importing import results
from image_import.importing.bucket_reader import NOTHING_STARTED, BucketReader, Started
from image_import.importing.call import (
    OVERWRITTEN,
    Caller,
    CallResult,
    not_called,
)
from image_import.importing.claim import Claims
from image_import.importing.contents import ContentsReader
from image_import.importing.gatherer import Candidate, Gatherer, what_came
from image_import.importing.planner_run import ChecksumAwaitedError, PlannerRun
from image_import.importing.runtime import Invocation
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import LedgerEntry, Standing, State, last_of
from image_import.ledger.store import LedgerStore, Overtaken, Snapshot
from image_import.model.result import BAD, Outcome, Result
from image_import.model.revision import DiskRevision
from image_import.notification.announcer import Announcer

if TYPE_CHECKING:
    from image_import.importing.conversion.run import ConversionRun

MOST_ROUNDS = 6
"""How often a record is looked at again when others write to its ledger meanwhile."""

log = logging.getLogger("image_import")


class LookAgainError(Exception):
    """What was missing may have come while we wrote that we wait for it."""


def import_event(
    event: bytes, invocation: Invocation
) -> tuple[list[Result], list[Exception]]:
    """Return what became of each record, and the bugs that were met."""
    return for_each_record(event, lambda record: import_record(record, invocation))


def for_each_record(
    event: bytes, work: Callable[[EventEntry], Result]
) -> tuple[list[Result], list[Exception]]:
    """Return what the work on each record came to, and the bugs that were met.

    What we did not foresee is kept until all records were tried.
    """
    ended: list[Result] = []
    bugs: list[Exception] = []
    try:
        records = parse_event(event)
    except EventError as exc:
        return [results.refused(str(exc))], []
    for record in records:
        try:
            ended.append(work(record))
        except Exception as exc:
            log.exception("a fault of ours; the event will be delivered again")
            bugs.append(exc)
    return ended, bugs


def import_record(record: EventEntry, invocation: Invocation) -> Result:
    """Return what became of one record; a transient fault ends as `retrying`."""
    try:
        result = _import_if_ours(record, invocation)
    except ImageImportError as exc:
        result = results.of_error(exc)
    return result.about(
        bucket=record.bucket or "",
        object_key=record.object_key or "",
        etag=record.etag or "",
    )


def _import_if_ours(record: EventEntry, invocation: Invocation) -> Result:
    if isinstance(record, Ignored):
        return results.ignored(record.reason)
    if isinstance(record, Rejected):
        return results.refused(record.reason)
    settings = invocation.settings
    if why := why_not_ours(
        record,
        key_prefix=settings.key_prefix,
        ledger_bucket=settings.ledger_bucket,
        ledger_prefix=settings.ledger_prefix,
    ):
        return results.ignored(why)
    if what_came(record.object_key, settings) == "other":
        return results.ignored(_why_other(record.object_key))
    region_id = settings.region_id or record.region_id or ""
    if why := results.why_not_in(region_id, record):
        return results.refused(why)
    return make_import(record, region_id, invocation).run()


NEITHER = "its name says that it is neither image nor sidecar"


def _why_other(object_key: str) -> str:
    """Return why a key is nobody's image, and what it is where that is known."""
    what = companion(object_key.rpartition("/")[2])
    return f"it is {what}" if what else NEITHER


@dataclass(kw_only=True, slots=True)
class RecordImport:
    """One record on its way; see `run`.

    Attributes:
        conversion: Makes what converts an image whose format is not taken; loaded only
            then.
        has_waited: That it waits is on record; what it waits for was looked for since.
    """

    settings: Settings
    gatherer: Gatherer
    planner: PlannerRun
    claims: Claims
    caller: Caller
    conversion: "Callable[[], ConversionRun]"
    has_waited: bool = False

    def run(self) -> Result:
        """Return what became of the record.

        Each round reads everything again and ends in one line of the ledger, written
        where the ledger ended when it was read. If somebody else's line is there by
        then, the next round takes it into account.

        Raises:
            ServiceUnavailable: A service did not answer as it should.
        """
        try:
            for _ in range(MOST_ROUNDS):
                with suppress(
                    Overtaken,
                    LookAgainError,
                    ObjectChanged,
                    ObjectMissing,
                    UploadGone,
                ):
                    return self._round()
        except ServiceRejected as exc:
            return self._refused_by_service(exc)
        return Result(
            outcome=Outcome.RETRYING,
            reason="this image's ledger, or its objects, keep changing",
        )

    def _round(self) -> Result:
        """Import each image that the upload could complete; one result tells of all."""
        ended = [
            found if isinstance(found, Result) else self._import(found)
            for found in self.gatherer.gather()
        ]
        moved = [result for result in ended if result.outcome is not Outcome.WAITING]
        bad = [result for result in moved if result.outcome in BAD]
        return (bad or moved or ended)[0]

    def _import(self, found: Candidate) -> Result:
        """Take one image as far as it goes now."""
        standing, entry = self.claims.standing(found.snapshot, found.revision)
        if self.settings.dry_run:
            entry = None
        if found.gone:
            return self._gone(found, standing, entry)
        if entry:
            return self._decided(found, standing, entry)
        if found.waits_for:
            return self._wait(found, found.waits_for)
        if not self.settings.dry_run and (same := self.gatherer.imported_before(found)):
            return results.same_bytes(same)
        return self._plan_and_send(found)

    def _plan_and_send(self, found: Candidate) -> Result:
        """Plan the image and, unless that cannot be or nothing may be, import it."""
        try:
            if found.is_convertible and self.settings.convert != "never":
                brought = self.conversion().bring(found)
                if isinstance(brought, Result):
                    return brought
                found = brought
            if found.waits_for:
                return self._wait(found, found.waits_for)
            planned = self.planner.plan(found)
        except ChecksumAwaitedError as exc:
            return self._wait(found, str(exc))
        except (EvidenceError, PlanError) as exc:
            return self._refuse(found, str(exc))
        plan, parameters = planned.plan, planned.parameters
        notes = (*filter(None, (found.note,)), *plan.notes)
        if self.settings.dry_run:
            return replace(results.planned(plan, parameters), notes=notes)
        intent = self.claims.new_intent(
            found.revision,
            image_name=plan.image_name,
            parameters=parameters,
            sidecar_key=found.sidecar.key,
            checksums=found.checksums,
            has_token=self.caller.has_client_token,
            read_from=_read_from(found),
            wishes=plan.request.wishes,
        )
        sent = self._claim_and_call(
            found.snapshot,
            intent,
            lambda intent: self.caller.call(intent, is_takeover=False),
            notes=found.notes,
        )
        return replace(sent, evidence=results.evidence_of(plan), notes=notes)

    def _claim_and_call(
        self,
        snapshot: Snapshot,
        intent: LedgerEntry,
        ask: Callable[[LedgerEntry], CallResult],
        *,
        is_takeover: bool = False,
        notes: Started = NOTHING_STARTED,
    ) -> Result:
        """Write the intent, ask ECS when all else stands, and write how it ended.

        What cannot be written beside the intent ends it before ECS is asked, and the
        claim is handed back.

        Args:
            snapshot: The ledger as it was read; nobody may have written since.
            is_takeover: An earlier holder may have called already.
            notes: What must stand before ECS is asked.

        Raises:
            Overtaken: Somebody else wrote first; nothing was called.
            ServiceUnavailable: The ledger, or the note of a claim that has not come
                about, is not known to be as it should.
        """
        claim = self.claims.claim(snapshot, intent)
        try:
            claim.noted.result()
            notes.wait()
        except ServiceError as exc:
            called = not_called(exc, perhaps_started=is_takeover)
        else:
            called = ask(intent)
        return self.claims.conclude(claim, called)

    def _gone(
        self, found: Candidate, standing: Standing, entry: LedgerEntry | None
    ) -> Result:
        """Return how this ends whose bytes are gone; a claim on them may be left."""
        if entry and standing is Standing.ABANDONED:
            return self._settle(found.snapshot, entry, OVERWRITTEN)
        last = last_of(found.snapshot.entries, found.revision.revision_hash)
        if last and last.state is State.CONVERTING and not self.settings.dry_run:
            self.conversion().discard(found)
            return self._refuse(found, f"while it was converted: {found.gone}")
        return results.ignored(found.gone)

    def _decided(
        self, found: Candidate, standing: Standing, entry: LedgerEntry
    ) -> Result:
        """Return how this ends, as the ledger does not leave it to us to begin."""
        if standing is Standing.ABANDONED:
            if why := self._why_not_resent(found, entry):
                settled = self._settle(found.snapshot, entry, why)
                if settled.outcome is Outcome.RETRYING:
                    return settled
                raise LookAgainError
            return self._claim_and_call(
                found.snapshot,
                self.claims.take_over(entry),
                lambda intent: self.caller.call(intent, is_takeover=True),
                is_takeover=True,
            )
        if standing is Standing.DONE_ALONE:
            return self._refuse(found, results.too_late(entry))
        return results.of_standing(
            standing,
            entry,
            bucket=found.revision.bucket,
            came=self.gatherer.speaks_as,
        )

    def _why_not_resent(self, found: Candidate, abandoned: LedgerEntry) -> str:
        """Return why an abandoned claim is not sent again, "" if it may be.

        ECS would read whatever stands at the keys today, with the rights of the
        function: so they must be those of the claim, and all that it asks for must be
        ours to ask.
        """
        if abandoned.version != found.revision.revision_hash:
            return OVERWRITTEN
        from image_import.planning.frozen import (  # noqa: PLC0415 - cold start
            why_not_sent_again,
        )

        why = why_not_sent_again(
            abandoned.parameters,
            found.revision,
            settings=self.settings,
            region_id=self.planner.region_id,
            converted=self._converted(found, abandoned),
        )
        return f"a claim that was abandoned is not sent again: {why}" if why else ""

    def _converted(self, found: Candidate, claim: LedgerEntry) -> tuple[str, str]:
        """Return where the targets of a claim's disks may be, if there are any."""
        if not claim.read_from:
            return "", ""
        bucket = self.settings.converted_in(found.revision.bucket)
        return bucket, found.listing.keys.targets_of(claim.version)

    def _settle(
        self, snapshot: Snapshot, abandoned: LedgerEntry, otherwise: str
    ) -> Result:
        """Find out how an abandoned claim ended that is not sent again.

        Args:
            otherwise: Why it failed, if ECS shows no image of it.
        """
        return self._claim_and_call(
            snapshot,
            self.claims.take_over(abandoned),
            lambda intent: self.caller.look_up(
                intent, asked_at=abandoned.at, otherwise=otherwise
            ),
            is_takeover=True,
        )

    def _wait(self, found: Candidate, reason: str) -> Result:
        """Write that we wait, then look once more, so that no wake-up is lost."""
        if self.has_waited or self.settings.dry_run:
            return results.waiting(reason)
        self.claims.write_line(found.snapshot, found.revision, State.WAITING, reason)
        self.has_waited = True
        raise LookAgainError

    def _refuse(self, found: Candidate, reason: str) -> Result:
        """Write why this revision is not sent, and say it."""
        if not self.settings.dry_run:
            self.claims.write_line(
                found.snapshot, found.revision, State.REFUSED, reason
            )
        found.notes.wait()
        return results.refused(reason)

    def _refused_by_service(self, exc: ServiceRejected) -> Result:
        """A service refused us for good: put that on record, where that is allowed."""
        result = results.of_error(exc)
        record = self.gatherer.record
        if self.settings.dry_run or self.gatherer.speaks_as != "image":
            return result
        disk = DiskRevision(object_key=record.object_key, etag=record.etag)
        with suppress(ServiceError, EvidenceError, Overtaken):
            snapshot = self.gatherer.read_ledger(disk)
            revision = self.gatherer.revision(snapshot, disk)
            standing, _ = self.claims.standing(snapshot, revision)
            if standing is Standing.FREE:
                state = State(result.outcome.value)
                self.claims.write_line(snapshot, revision, state, result.reason)
        return result


def _read_from(found: Candidate) -> str:
    """Return where ECS reads the system disk, if a disk was converted."""
    if not found.converted:
        return ""
    first = found.converted[0]
    bucket = first.target_bucket or found.revision.bucket
    return f"{bucket}/{first.stored.object_key}"


def make_import(
    record: ObjectCreated, region_id: str, invocation: Invocation
) -> RecordImport:
    """Return the import of one record, with all that it needs."""
    settings, retry, pool = invocation.settings, invocation.retry, invocation.pool
    clock = OssClock(invocation.monotonic)
    oss = invocation.oss(region_id)
    store = LedgerStore(
        oss, bucket=settings.ledger_bucket or record.bucket, clock=clock, retry=retry
    )
    reader = BucketReader(
        oss=oss,
        store=store,
        clock=clock,
        retry=retry,
        pool=pool,
        bucket=record.bucket,
        ledger_prefix=settings.ledger_prefix,
        head_bytes=HEAD_BYTES if settings.inspect == "never" else LOOK_BYTES,
    )
    contents = ContentsReader(
        oss=oss,
        bucket=record.bucket,
        settings=settings,
        remaining=invocation.remaining,
        pool=pool,
    )
    claims = Claims(
        store=store,
        announcer=Announcer(settings=settings, store=store, region_id=region_id),
        clock=clock,
        attempts=retry.attempts,
        pool=pool,
        lease=invocation.lease,
        claim_id=invocation.new_claim(),
        new_nonce=invocation.new_nonce,
        fc_request_id=invocation.fc_request_id,
    )
    runs: list[ConversionRun] = []

    def conversion() -> "ConversionRun":
        from image_import.importing.conversion.run import (  # noqa: PLC0415 - cold start
            ConversionRun,
        )

        if not runs:
            run = ConversionRun(
                oss=oss,
                retry=retry,
                settings=settings,
                claims=claims,
                store=store,
                bucket=record.bucket,
                region_id=region_id,
                remaining=invocation.remaining,
                timeout_seconds=invocation.timeout_seconds,
                job=invocation.job,
            )
            runs.append(run)
        return runs[0]

    return RecordImport(
        settings=settings,
        gatherer=Gatherer(record=record, settings=settings, reader=reader, store=store),
        planner=PlannerRun(
            record=record,
            region_id=region_id,
            settings=settings,
            contents=contents,
            reader=reader,
        ),
        claims=claims,
        conversion=conversion,
        caller=Caller(
            ecs=invocation.ecs(region_id),
            clock=clock,
            retry=retry,
            check_etag=lambda object_key, etag: retry.repeat(
                lambda: oss.check_etag(record.bucket, object_key, etag=etag)
            ),
            on_call=invocation.on_call,
        ),
    )
