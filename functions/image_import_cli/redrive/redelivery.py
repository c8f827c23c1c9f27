"""One upload delivered again: what its ledger allows, then the delivery.

Nothing is imported by another way than an event's. What is added is an operator's word
in the ledger: after an import that came to nothing, that the next attempt may begin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from image_import.errors import ServiceUnavailable
from image_import.events.parser import ObjectCreated
from image_import.importing import results
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import (
    LedgerEntry,
    Settled,
    Standing,
    State,
    attempt_of,
    last_of,
    settle,
    to_text,
)
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import LedgerStore, Overtaken, Snapshot
from image_import.model.result import Outcome, Result
from image_import.tracking.distribution.steps import AGAIN, end_of

from image_import_cli.delivery.batch import about

UNFINISHED = {State.REFUSED, State.FAILED, State.RETRYING, State.REDRIVE}

MOST_ROUNDS = 6
"""How often a ledger is read again when others write to it meanwhile."""

DOUBT = (
    "ECS may have begun this import, and nothing here can tell; look in the console "
    "for an image named {name!r}. If there is none: --despite-doubt"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a ledger allows: an end, or a delivery, perhaps after a line.

    Attributes:
        is_distribution: The image is there; what failed is its distribution.
    """

    end: Result | None = None
    line: LedgerEntry | None = None
    is_distribution: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Redriving:
    """Delivers uploads again.

    Attributes:
        store_of: Returns the ledgers of a bucket's images.
        deliver: Imports an upload here, or has the function do it.
        is_dry: Nothing is written or delivered.
        is_sure: What may have been begun without a trace is begun again.
    """

    store_of: Callable[[str], LedgerStore]
    clock: OssClock
    prefix: str
    claim: str
    deliver: Callable[[ObjectCreated], Result]
    is_dry: bool
    is_sure: bool

    def redrive(self, upload: ObjectCreated) -> Result:
        """Return what became of one upload.

        Raises:
            ServiceError: A service did not answer, or refused.
        """
        store = self.store_of(upload.bucket)
        place = LedgerKeys(
            prefix=self.prefix, bucket=upload.bucket, object_key=upload.object_key
        )
        snapshot = store.read(store.list_keys(place), upload.etag)
        for _ in range(MOST_ROUNDS):
            verdict = self._judge(snapshot)
            if verdict.end:
                return about(verdict.end, upload)
            if self.is_dry:
                return about(_planned(verdict), upload)
            try:
                if verdict.line:
                    store.write(snapshot, verdict.line)
            except Overtaken as exc:
                snapshot = exc.snapshot
                continue
            if verdict.is_distribution:
                return about(self._reopen(store, snapshot), upload)
            return self.deliver(upload)
        raise ServiceUnavailable(
            f"the ledger {snapshot.key} keeps changing; try again in a minute",
            service="OSS",
            action="AppendObject",
        )

    def _judge(self, snapshot: Snapshot) -> Verdict:
        """Return what the ledger allows for whatever it last spoke of."""
        settled, now = settle(snapshot.entries), self.clock.earliest()
        if settled.accepted:
            accepted = list(settled.accepted.values())[-1]
            if has_failed_distribution(snapshot.entries, accepted.version):
                return Verdict(line=self._again(accepted), is_distribution=True)
            return _ends(Standing.DONE, accepted, snapshot)
        pending = settled.pending
        if pending:
            until = pending.lease_until
            is_live = until is not None and now < until
            return _ends(Standing.LIVE, pending, snapshot) if is_live else Verdict()
        if doubt := _last(settled.doubts):
            if not self.is_sure:
                reason = f"{doubt.reason.rstrip('.')}. {DOUBT}"
                reason = reason.format(name=doubt.image_name)
                told = Result(outcome=Outcome.FAILED, reason=reason)
                return Verdict(end=replace(told, image_name=doubt.image_name))
            return Verdict(line=self._line(doubt, doubt.attempt, doubt.version))
        return self._after_end(settled, snapshot)

    def _reopen(self, store: LedgerStore, snapshot: Snapshot) -> Result:
        """Put the note by which the tracker finds the distribution again."""
        accepted = list(settle(snapshot.entries).accepted.values())[-1]
        intent = last_of(snapshot.entries, accepted.version, State.INTENT)
        claim = intent.claim if intent else self.claim
        note = snapshot.open_note(claim, image_name=accepted.image_name)
        store.put_note(snapshot.keys.open_key(snapshot.etag, claim), note)
        again = "what failed is done again with the tracker's next run"
        return results.as_recorded(Outcome.DISTRIBUTING, accepted, again)

    def _again(self, accepted: LedgerEntry) -> LedgerEntry:
        line = accepted.on_its_image(
            State.DISTRIBUTING,
            at=self.clock.earliest(),
            claim=self.claim,
            reason="image-import redrive",
        )
        return replace(line, step=AGAIN, step_state="begun")

    def _after_end(self, settled: Settled, snapshot: Snapshot) -> Verdict:
        """Return the line by which the next attempt may begin, if it needs one."""
        ended = _last(settled.ended)
        if ended is None or attempt_of(snapshot.entries, ended.disks) > ended.attempt:
            return Verdict()
        return Verdict(line=self._line(ended, ended.attempt + 1, ""))

    def _line(self, before: LedgerEntry, attempt: int, version: str) -> LedgerEntry:
        ended = f"{before.state.value} at {to_text(before.at)}"
        return LedgerEntry(
            state=State.REDRIVE,
            at=self.clock.earliest(),
            claim=self.claim,
            version=version,
            disks=before.disks,
            attempt=attempt,
            reason=f"image-import redrive, after attempt {before.attempt}: {ended}",
        )


def _ends(standing: Standing, entry: LedgerEntry, snapshot: Snapshot) -> Verdict:
    bucket = snapshot.keys.bucket
    end = results.of_standing(standing, entry, bucket=bucket)
    return Verdict(end=end)


def _last(entries: dict[str, LedgerEntry]) -> LedgerEntry | None:
    return next(reversed(entries.values()), None)


def has_failed_distribution(
    entries: Sequence[LedgerEntry], version: str, *, by_hand: bool = True
) -> bool:
    """Whether an image is there, and not all was done with it that was wanted.

    Args:
        by_hand: Count as well what a person has cancelled.
    """
    ended = end_of(entries, version)
    if ended is None:
        last = last_of(entries, version, State.DISTRIBUTING)
        return last is not None and last.step == AGAIN
    is_meant = ended.reason.startswith("cancelled with") and not by_hand
    return ended.state is State.DISTRIBUTION_FAILED and not is_meant


def _planned(verdict: Verdict) -> Result:
    if verdict.is_distribution:
        reason = "what failed of its distribution would be done again"
        return Result(outcome=Outcome.PLANNED, reason=reason)
    again = "would be delivered again"
    if verdict.line:
        again += f" as attempt {verdict.line.attempt} ({verdict.line.reason})"
    return Result(outcome=Outcome.PLANNED, reason=again)


def wants_redrive(entries: tuple[LedgerEntry, ...]) -> bool:
    """Whether a ledger's upload is one that a redrive of many is for.

    One whose image a person has cancelled or deleted is not: it was meant to end.
    """
    settled = settle(entries)
    if settled.accepted:
        version = next(reversed(settled.accepted))
        return has_failed_distribution(entries, version, by_hand=False)
    if not entries:
        return False
    if settled.pending or settled.doubts:
        return True
    ended = _last(settled.ended)
    if ended and attempt_of(entries, ended.disks) == ended.attempt:
        return ended.state is State.CREATE_FAILED
    return entries[-1].state in UNFINISHED
