"""One claim: the intent is written, ImportImage is called, the outcome is written."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from image_import.aliyun.ecs.import_response import ImportReply
from image_import.errors import ServiceError, ServiceRejected
from image_import.importing import results as endings
from image_import.importing.call import Answer, Caller
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import LedgerEntry, State, to_json_bytes
from image_import.ledger.open_jobs import waits_for_room
from image_import.ledger.store import LedgerStore, Overtaken, Snapshot
from image_import.model.result import Outcome, Result
from image_import.model.revision import ImageRevision


def _nothing() -> None:
    """Stand for what does not have to be waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitter:
    """Carries claims through, for one record of one invocation.

    Attributes:
        attempts: To write an outcome behind what others write.
        claim: Random ID; every line of this record carries it.
        lease: How long an intent keeps others out; longer than the function may run.
        pool: For exchanges that do not depend on each other.
    """

    caller: Caller
    store: LedgerStore
    clock: OssClock
    attempts: int
    pool: Executor
    lease: timedelta
    claim: str
    fc_request_id: str = ""

    def submit(
        self,
        snapshot: Snapshot,
        intent: LedgerEntry,
        *,
        is_takeover: bool,
        beside: Callable[[], None] = _nothing,
    ) -> Result:
        """Claim, call, and write the outcome.

        Args:
            snapshot: The ledger as it was read; nobody may have written since.
            intent: From `new_intent` or `take_over`.
            is_takeover: An earlier holder may have called already.
            beside: Returns when everything stands that must stand before the call.

        Raises:
            Overtaken: Somebody else wrote first; nothing was called.
            ServiceUnavailable: The ledger, or the note of a claim that has not come
                about, is not known to be as it should.
        """
        return self._carry_out(
            snapshot,
            intent,
            lambda: self.caller.call(intent, is_takeover=is_takeover),
            beside=beside,
            was_held=is_takeover,
        )

    def settle(self, snapshot: Snapshot, intent: LedgerEntry) -> Result:
        """Find out how an abandoned claim ended whose bytes are gone by now.

        It cannot be sent again: ECS would read whatever stands at the key today.
        """
        return self._carry_out(
            snapshot, intent, lambda: self.caller.look_up(intent), was_held=True
        )

    def new_intent(
        self,
        version: ImageRevision,
        *,
        image_name: str,
        parameters: Mapping[str, str],
        sidecar_key: str,
    ) -> LedgerEntry:
        """Return the line that freezes what will be sent."""
        token = version.client_token(dict(parameters))
        return LedgerEntry(
            state=State.INTENT,
            at=self.clock.earliest(),
            claim=self.claim,
            version=version.revision_hash,
            disks=version.pairs,
            attempt=version.attempt,
            lease_until=self.clock.latest() + self.lease,
            image_name=image_name,
            client_token=token if self.caller.has_client_token else "",
            parameters=parameters,
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
            claim=self.claim,
            lease_until=self.clock.latest() + self.lease,
            reason=f"takes over from claim {abandoned.claim}",
            fc_request_id=self.fc_request_id,
        )

    def _carry_out(
        self,
        snapshot: Snapshot,
        intent: LedgerEntry,
        act: Callable[[], Answer],
        *,
        was_held: bool,
        beside: Callable[[], None] = _nothing,
    ) -> Result:
        """Write the intent, act when all else stands, and write how it ended.

        What cannot be written beside the intent ends it before ECS is asked, and the
        claim is handed back.
        """
        noted = self._start_note(snapshot, intent)
        try:
            claimed = self.store.write(snapshot, intent)
        except Overtaken as exc:
            self._take_back_note(exc.snapshot, noted)
            raise
        except ServiceError:
            wait([noted])
            raise
        try:
            noted.result()
            beside()
        except ServiceError as exc:
            answer = _not_begun(exc, perhaps_started=was_held)
        else:
            answer = act()
        return self._conclude(claimed, intent, answer)

    def _start_note(self, snapshot: Snapshot, intent: LedgerEntry) -> Future[None]:
        """Start to write the note that an import is under way."""
        key = snapshot.keys.open_key(snapshot.etag, self.claim)
        note = {
            "bucket": snapshot.keys.bucket,
            "object_key": snapshot.keys.object_key,
            "etag": snapshot.etag,
            "image_name": intent.image_name,
            "ledger": snapshot.key,
            "claim": self.claim,
        }
        return self.pool.submit(self.store.put_note, key, to_json_bytes(note))

    def _take_back_note(self, snapshot: Snapshot, noted: Future[None]) -> None:
        """Delete the note of a claim that has not come about.

        It is waited for first, or it could come after its own deletion. It stays if
        this invocation claimed another version in the same ledger before: the note is
        of both. One that is left here, the tracker deletes.

        Raises:
            ServiceUnavailable: It is not known whether it is deleted. This delivery
                must not go on: its next claim would have a note of the same name, and
                a deletion that comes late would take that one.
        """
        is_shared = any(
            entry.claim == self.claim and entry.state is State.INTENT
            for entry in snapshot.entries
        )
        with suppress(ServiceError):
            noted.result()
        if not is_shared:
            with suppress(ServiceRejected):
                self.store.delete_note(
                    snapshot.keys.open_key(snapshot.etag, self.claim)
                )

    def _conclude(
        self, snapshot: Snapshot, intent: LedgerEntry, answer: Answer
    ) -> Result:
        """Write the outcome where the ledger ends now, and say it."""
        if answer.state is State.FAILED and answer.perhaps_started:
            step = f"; if there is none, delete {snapshot.key} and invoke again"
            answer = replace(answer, reason=answer.reason + step)
        entry = self._outcome_entry(intent, answer)
        try:
            self._write_at_end(snapshot, entry)
            if entry.state is State.FAILED and not waits_for_room(entry):
                self.store.delete_note(
                    snapshot.keys.open_key(snapshot.etag, self.claim)
                )
        except ServiceError as exc:
            return _result(intent, entry, unwritten=exc)
        return _result(intent, entry)

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

    def _outcome_entry(self, intent: LedgerEntry, answer: Answer) -> LedgerEntry:
        reply = answer.reply or ImportReply()
        error = answer.error
        return LedgerEntry(
            state=answer.state,
            at=self.clock.earliest(),
            claim=self.claim,
            version=intent.version,
            disks=intent.disks,
            attempt=intent.attempt,
            image_name=intent.image_name,
            reason=answer.reason,
            error_code=error.code if error else "",
            error_message=str(error) if error else "",
            perhaps_started=answer.perhaps_started,
            ecs_request_id=reply.request_id
            or (error.request_id if error else "")
            or "",
            image_id=reply.image_id or "",
            task_id=reply.task_id or "",
            fc_request_id=self.fc_request_id,
        )


def _not_begun(exc: ServiceError, *, perhaps_started: bool) -> Answer:
    """Return the answer of a claim that has not come to ask ECS."""
    ended = endings.of_error(exc)
    return Answer(
        state=State(ended.outcome.value),
        reason=ended.reason,
        error=exc,
        perhaps_started=perhaps_started,
    )


def _result(
    intent: LedgerEntry, entry: LedgerEntry, *, unwritten: ServiceError | None = None
) -> Result:
    reason = entry.reason
    outcome = Outcome(entry.state.value)
    if unwritten:
        outcome = Outcome.RETRYING
        reason = (
            f"ImportImage ended as {entry.state.value!r}, but the ledger could not be "
            f"written: {unwritten}. {entry.reason}".rstrip()
        )
    result = endings.as_recorded(outcome, entry, reason)
    return replace(result, parameters=intent.parameters)
