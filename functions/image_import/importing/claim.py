"""The claim on one image in its ledger: the intent, and in the end the outcome.

Nothing here asks ECS. Between `claim` and `conclude` whoever holds the claim does.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from image_import.aliyun.ecs.import_response import ImportReply
from image_import.errors import ServiceError, ServiceRejected
from image_import.importing import results
from image_import.importing.call import CallResult
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import (
    LedgerEntry,
    LedgerStanding,
    State,
    last_of,
    standing_of,
    waits_for_room,
)
from image_import.ledger.store import LedgerStore, Overtaken, Snapshot
from image_import.model.ownership import with_nonce
from image_import.model.result import Result
from image_import.model.revision import ImageRevision
from image_import.notification.announcer import Announcer


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A claim that stands in the ledger.

    Attributes:
        snapshot: The ledger with our intent as its last line.
        noted: The note under `open/`, on its way.
    """

    snapshot: Snapshot
    intent: LedgerEntry
    noted: Future[None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """Claims images for one record of one invocation, and writes their ledgers.

    Attributes:
        attempts: To write an outcome behind what others write.
        lease: How long an intent keeps others out; longer than the function may run.
        claim_id: Random; every line of this record carries it.
        new_nonce: Makes what shows that an image is that of one claim.
        pool: For exchanges that do not depend on each other.
    """

    store: LedgerStore
    announcer: Announcer
    clock: OssClock
    attempts: int
    pool: Executor
    lease: timedelta
    claim_id: str
    new_nonce: Callable[[], str]
    fc_request_id: str = ""

    def standing(self, snapshot: Snapshot, revision: ImageRevision) -> LedgerStanding:
        """Return what the ledger allows now."""
        return standing_of(snapshot.entries, revision, now=self.clock.earliest())

    def new_intent(  # noqa: PLR0913 - the columns of a line, all but one by name
        self,
        revision: ImageRevision,
        *,
        image_name: str,
        parameters: Mapping[str, str],
        sidecar_key: str,
        checksums: str,
        has_token: bool,
        read_from: str = "",
        wishes: Mapping[str, str] | None = None,
    ) -> LedgerEntry:
        """Return the line that freezes what will be sent.

        Args:
            read_from, wishes: As in the line.
            has_token: Whether ECS knows a repeated call by its token.
        """
        nonce = self.new_nonce()
        marked = with_nonce(parameters["Description"], nonce)
        frozen = {**parameters, "Description": marked}
        return LedgerEntry(
            state=State.INTENT,
            at=self.clock.earliest(),
            claim=self.claim_id,
            version=revision.revision_hash,
            disks=revision.pairs,
            attempt=revision.attempt,
            lease_until=self.clock.latest() + self.lease,
            image_name=image_name,
            client_token=revision.client_token(frozen) if has_token else "",
            nonce=nonce,
            checksums=checksums,
            parameters=frozen,
            bucket=revision.bucket if read_from else "",
            read_from=read_from,
            wishes=wishes or {},
            sidecar_key=sidecar_key,
            fc_request_id=self.fc_request_id,
        )

    def take_over(self, abandoned: LedgerEntry) -> LedgerEntry:
        """Return the line by which this invocation goes on with another's claim.

        What was frozen stays frozen: a newly planned request could be another one.
        """
        return replace(
            abandoned,
            at=self.clock.earliest(),
            claim=self.claim_id,
            lease_until=self.clock.latest() + self.lease,
            reason=f"takes over from claim {abandoned.claim}",
            fc_request_id=self.fc_request_id,
        )

    def note_conversion(self, snapshot: Snapshot) -> Future[None]:
        """Start to write the note that a conversion is under way."""
        return self._start_note(snapshot, image_name="")

    def write_conversion(
        self,
        snapshot: Snapshot,
        revision: ImageRevision,
        *,
        targets: tuple[tuple[str, str, str, str], ...],
        target_bucket: str,
        reason: str,
        progress: str,
    ) -> Snapshot:
        """Write where the targets of a conversion lie, and how much there is to do.

        Raises:
            Overtaken: Somebody else wrote first.
        """
        entry = self._line(revision, State.CONVERTING, reason)
        entry = replace(
            entry, targets=targets, target_bucket=target_bucket, progress=progress
        )
        self.announcer.announce(entry, snapshot)
        return self.store.write(snapshot, entry)

    def tell_conversion(
        self, snapshot: Snapshot, revision: ImageRevision, *, progress: str
    ) -> None:
        """Write how far a conversion is, whatever others have written meanwhile."""
        begun = last_of(snapshot.entries, revision.revision_hash, State.CONVERTING)
        if begun is None:
            return
        entry = replace(
            begun,
            at=self.clock.earliest(),
            claim=self.claim_id,
            fc_request_id=self.fc_request_id,
            progress=progress,
        )
        with suppress(ServiceError):
            self._write_at_end(snapshot, entry)

    def claim(self, snapshot: Snapshot, intent: LedgerEntry) -> Claim:
        """Write the intent where the ledger ended, and start its note.

        Raises:
            Overtaken: Somebody else wrote first; there is no claim.
            ServiceUnavailable: It is not known whether the ledger, or the note of a
                claim that has not come about, is as it should be.
        """
        noted = self._start_note(snapshot, intent.image_name)
        try:
            claimed = self.store.write(snapshot, intent)
        except Overtaken as exc:
            self._take_back_note(exc.snapshot, noted)
            raise
        except ServiceError:
            wait([noted])
            raise
        return Claim(snapshot=claimed, intent=intent, noted=noted)

    def conclude(self, claim: Claim, called: CallResult) -> Result:
        """Write the outcome where the ledger ends now, and say it."""
        snapshot, intent = claim.snapshot, claim.intent
        if called.state is State.FAILED and called.perhaps_started:
            step = f"; if there is none, delete {snapshot.key} and invoke again"
            called = replace(called, reason=called.reason + step)
        entry = self._outcome_entry(intent, called)
        untold = None
        try:
            # Before the line: who is killed in between has told of it all the same.
            try:
                self.announcer.announce(entry, snapshot)
            except ServiceError as exc:
                untold = exc
            self._write_at_end(snapshot, entry)
            if untold:
                raise untold
            # What was made for it, the tracker deletes, and then the note.
            is_over = entry.state is State.FAILED and not entry.read_from
            if is_over and not waits_for_room(entry):
                self.store.delete_note(self._note_key(snapshot))
        except ServiceError as exc:
            return results.of_call(intent, entry, unwritten=exc)
        return results.of_call(intent, entry)

    def write_line(
        self, snapshot: Snapshot, revision: ImageRevision, state: State, reason: str
    ) -> None:
        """Write a line without a claim, unless the last one says the same already.

        Raises:
            Overtaken: Somebody else wrote first.
        """
        last = snapshot.entries[-1] if snapshot.entries else None
        if last and (last.state, last.reason) == (state, reason):
            return
        entry = self._line(revision, state, reason)
        self.announcer.announce(entry, snapshot)
        self.store.write(snapshot, entry)

    def _line(self, revision: ImageRevision, state: State, reason: str) -> LedgerEntry:
        return LedgerEntry(
            state=state,
            at=self.clock.earliest(),
            claim=self.claim_id,
            version=revision.revision_hash,
            disks=revision.pairs,
            bucket=revision.bucket,
            attempt=revision.attempt,
            reason=reason,
            fc_request_id=self.fc_request_id,
        )

    def _note_key(self, snapshot: Snapshot) -> str:
        return snapshot.keys.open_key(snapshot.etag, self.claim_id)

    def _start_note(self, snapshot: Snapshot, image_name: str) -> Future[None]:
        """Start to write the note that an import is under way."""
        data = snapshot.open_note(self.claim_id, image_name=image_name)
        return self.pool.submit(self.store.put_note, self._note_key(snapshot), data)

    def _take_back_note(self, snapshot: Snapshot, noted: Future[None]) -> None:
        """Delete the note of a claim that has not come about.

        It is waited for first, or it could come after its own deletion. It stays if
        this invocation claimed another revision in the same ledger before: the note
        is of both. One that is left here, the tracker deletes.

        Raises:
            ServiceUnavailable: It is not known whether it is deleted. This delivery
                must not go on: its next claim would have a note of the same name, and
                a deletion that comes late would take that one.
        """
        is_shared = any(
            entry.claim == self.claim_id
            and entry.state in {State.INTENT, State.CONVERTING}
            for entry in snapshot.entries
        )
        with suppress(ServiceError):
            noted.result()
        if not is_shared:
            with suppress(ServiceRejected):
                self.store.delete_note(self._note_key(snapshot))

    def _write_at_end(self, snapshot: Snapshot, entry: LedgerEntry) -> None:
        """Append even behind another's line: what has happened stays true."""
        for _ in range(self.attempts):
            try:
                self.store.write(snapshot, entry)
            except Overtaken as exc:
                snapshot = exc.snapshot
            else:
                return
        self.store.write(snapshot, entry)

    def _outcome_entry(self, intent: LedgerEntry, called: CallResult) -> LedgerEntry:
        reply = called.reply or ImportReply()
        error = called.error
        return LedgerEntry(
            state=called.state,
            at=self.clock.earliest(),
            claim=self.claim_id,
            version=intent.version,
            disks=intent.disks,
            bucket=intent.source_bucket,
            read_from=intent.read_from,
            attempt=intent.attempt,
            nonce=intent.nonce,
            image_name=intent.image_name,
            reason=called.reason,
            error_code=error.code if error else "",
            error_message=str(error) if error else "",
            perhaps_started=called.perhaps_started,
            ecs_request_id=reply.request_id
            or (error.request_id if error else "")
            or "",
            image_id=reply.image_id or "",
            task_id=reply.task_id or "",
            fc_request_id=self.fc_request_id,
        )
