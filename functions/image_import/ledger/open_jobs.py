"""What a ledger says is still to be done about the imports that are open in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from image_import.errors import EvidenceError
from image_import.ledger.entries import (
    LedgerEntry,
    Settled,
    State,
    last_of,
    settle,
    waits_for_room,
)
from image_import.ledger.layout import OpenKey

FIRST_WAIT = timedelta(minutes=1)
"""Source: "API throttling", ECS documentation, read 2026-11: what is throttled in one
minute is refused until the next.
"""
LONGEST_WAIT = timedelta(hours=1)

CONVERSION_STALLS = timedelta(minutes=20)
"""A conversion that says nothing for so long has nobody who works at it."""


class JobStep(Enum):
    """What is to be done about one version of which a note says that it is open."""

    LEAVE = "its claim is alive, or was begun just now"
    FOLLOW = "ask ECS how it is doing"
    FINISH = "it is available; what may be left is its source"
    CLOSE = "it has ended"
    DELIVER = "its claim was abandoned or handed back: deliver it again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """One note under `open/`, and since when it stands."""

    said: OpenKey
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One open version of one upload.

    Attributes:
        last: The ledger's last word on it; None if a note is all there is.
        notes: Keys of its notes; the first stands for it, others are left over.
        due: Before that, it need not be delivered again.
    """

    step: JobStep
    notes: tuple[str, ...]
    last: LedgerEntry | None = None
    due: datetime | None = None

    @property
    def waits_for_room(self) -> bool:
        """Whether a service refused it for now, and another one may tell of room."""
        begun = (State.INTENT, State.CONVERTING)
        return self.last is not None and self.last.state not in begun


def read_note(data: bytes) -> tuple[str, str, str]:
    """Return bucket, object key and ETag of the upload that a note stands for.

    Raises:
        EvidenceError: It is none of ours.
    """
    try:
        told = json.loads(data)
        return str(told["bucket"]), str(told["object_key"]), str(told["etag"])
    except (ValueError, KeyError, TypeError) as exc:
        raise EvidenceError(
            f"a note under open/ is not one that we write ({exc}); delete it"
        ) from exc


def bucket_of(entries: Sequence[LedgerEntry]) -> str:
    """Return the bucket of a ledger's disks, "" if no line tells."""
    return next((e.source_bucket for e in entries if e.source_bucket), "")


def find_jobs(
    entries: Sequence[LedgerEntry],
    notes: Sequence[Note],
    *,
    now: datetime,
    lease: timedelta,
) -> list[Job]:
    """Return what is to be done about each version that has a note.

    Args:
        entries: The whole ledger.
        notes: Those that were listed before it was read.
        now: By OSS's clock.
        lease: After that, a claim that never reached the ledger is dead.
    """
    settled = settle(entries)
    jobs = []
    for version, standing in _by_version(entries, notes).items():
        if version:
            jobs.append(_job(version, entries, standing, settled=settled, now=now))
        else:
            jobs.extend(_unclaimed(note, now=now, lease=lease) for note in standing)
    return jobs


def _by_version(
    entries: Sequence[LedgerEntry], notes: Sequence[Note]
) -> Mapping[str, list[Note]]:
    """Return the notes of each version; under "" those whose claim is unknown."""
    begun = (State.INTENT, State.CONVERTING)
    versions = {e.claim: e.version for e in entries if e.state in begun}
    found: dict[str, list[Note]] = {}
    for note in notes:
        found.setdefault(versions.get(note.said.claim, ""), []).append(note)
    return found


def _unclaimed(note: Note, *, now: datetime, lease: timedelta) -> Job:
    """A note is put beside its claim; one of the two may come first, or alone."""
    is_dead = now - note.since > lease
    return Job(
        step=JobStep.DELIVER if is_dead else JobStep.LEAVE, notes=(note.said.key,)
    )


def _job(
    version: str,
    entries: Sequence[LedgerEntry],
    notes: Sequence[Note],
    *,
    settled: Settled,
    now: datetime,
) -> Job:
    intent = last_of(entries, version, State.INTENT)
    claim = intent.claim if intent else ""
    keys = tuple(n.said.key for n in sorted(notes, key=lambda n: n.said.claim != claim))
    step, last = _step(version, entries, settled=settled, now=now)
    due = delivery_due(entries, last) if step is JobStep.DELIVER else None
    return Job(step=step, notes=keys, last=last, due=due)


def _step(
    version: str, entries: Sequence[LedgerEntry], *, settled: Settled, now: datetime
) -> tuple[JobStep, LedgerEntry]:
    if accepted := settled.accepted.get(version):
        return _step_accepted(accepted, entries)
    if ended := settled.ended.get(version) or settled.doubts.get(version):
        return JobStep.CLOSE, ended
    pending = settled.pending
    if pending and pending.lease_until and now < pending.lease_until:
        return JobStep.LEAVE, pending
    if pending and pending.version == version:
        return JobStep.DELIVER, pending
    last = last_of(entries, version) or entries[-1]
    if last.state is State.CONVERTING:
        is_stalled = now - last.at > CONVERSION_STALLS
        return (JobStep.DELIVER if is_stalled else JobStep.LEAVE), last
    is_handed_back = last.state is State.RETRYING or waits_for_room(last)
    return JobStep.DELIVER if is_handed_back else JobStep.CLOSE, last


def _step_accepted(
    accepted: LedgerEntry, entries: Sequence[LedgerEntry]
) -> tuple[JobStep, LedgerEntry]:
    if accepted.state is State.AVAILABLE:
        return JobStep.FINISH, accepted
    followed = (State.SUBMITTED, State.PROGRESS, State.STUCK, State.UNFOLLOWED)
    last = last_of(entries, accepted.version, *followed) or accepted
    return JobStep.CLOSE if last.state is State.UNFOLLOWED else JobStep.FOLLOW, last


def delivery_due(entries: Sequence[LedgerEntry], last: LedgerEntry) -> datetime:
    """Return when to deliver again: at once, or later after each refusal."""
    if last.state in {State.INTENT, State.CONVERTING}:
        return last.at
    refusals = 0
    for entry in reversed([e for e in entries if e.version == last.version]):
        if entry.state is State.RETRYING or waits_for_room(entry):
            refusals += 1
        elif entry.state is not State.INTENT:
            break
    wait = FIRST_WAIT * (1 << min(refusals - 1, 10))
    return last.at + min(wait, LONGEST_WAIT)
