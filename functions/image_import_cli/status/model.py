"""What a ledger says about its imports, as an operator wants to see it.

One ledger may tell of several versions: a disk alone, the set that it belongs to, a
later attempt. Those are shown that count: what is submitted or became an image, what
is claimed or in doubt, whatever the last line speaks of, and a set that was refused
because its system disk is on its way alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from image_import.ledger.entries import (
    LedgerEntry,
    Settled,
    State,
    last_of,
    settle,
    to_text,
)
from image_import.model.image_check import advice_on
from image_import.model.ownership import CheckFinding
from image_import.model.result import Outcome

FOLLOWED = (State.SUBMITTED, State.PROGRESS, State.STUCK, State.UNFOLLOWED)
MOVING = frozenset({State.SUBMITTED, State.PROGRESS})
UNDER_WAY = MOVING | {
    State.INTENT,
    State.RETRYING,
    State.STUCK,
    State.REDRIVE,
    State.DISTRIBUTING,
}
AFTER_AVAILABLE = (
    State.DISTRIBUTING,
    State.DISTRIBUTED,
    State.DISTRIBUTION_FAILED,
    State.RETIRING,
    State.DEPRECATED,
)
"""What a ledger says of an image that is there."""
TROUBLE = (
    State.FAILED,
    State.CREATE_FAILED,
    State.REFUSED,
    State.DISTRIBUTION_FAILED,
    State.STUCK,
    State.GONE,
    State.UNFOLLOWED,
    State.RETRYING,
    State.CANCELLED,
)
"""What somebody may have to act on, the most urgent first."""

BAD = frozenset(TROUBLE[:6])
"""What makes the exit status 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportStatus:
    """One import as its ledger tells of it.

    Attributes:
        last: The line that says where it stands.
        lines: All lines of its ledger.
        state: As `last` says, unless it is stuck and nobody has written so.
        reason: Likewise.
        since: When its first line was written.
        progress: Such as `32%`, as ECS wrote it last.
        findings: The risks that the image check of ECS found.
        next_step: What an operator should do now, "" if nothing.
        next_command: A command that does it, "" if none does.
    """

    bucket: str
    object_key: str
    etag: str
    ledger_key: str
    last: LedgerEntry
    lines: tuple[LedgerEntry, ...]
    state: State
    reason: str
    since: datetime
    image_name: str = ""
    ecs_request_id: str = ""
    image_id: str = ""
    task_id: str = ""
    parameters: Mapping[str, str]
    progress: str = ""
    findings: tuple[CheckFinding, ...] = ()
    next_step: str = ""
    next_command: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """What stays the same while the import goes on."""
        return self.ledger_key, self.last.version

    @property
    def changed(self) -> datetime:
        """When its last line was written."""
        return self.last.at

    @property
    def outcome(self) -> Outcome:
        """The handler's word for it: a claim at work is what it calls retrying."""
        is_claim = self.state in {State.INTENT, State.REDRIVE}
        return Outcome.RETRYING if is_claim else Outcome(self.state.value)

    @property
    def error(self) -> str:
        """What went wrong in the service's own words, else the reason."""
        code, message = self.last.error_code, self.last.error_message
        if not code:
            return self.reason if self.state in TROUBLE or self.is_waiting else ""
        return message if code in message else f"{code}: {message}".rstrip(": ")

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for another upload."""
        return self.state is State.WAITING

    @property
    def fraction(self) -> float | None:
        """How far it is, from 0 to 1; None where that is unknown or no question."""
        if self.state in {State.AVAILABLE, *AFTER_AVAILABLE}:
            return 1.0
        if self.state not in {*MOVING, State.STUCK}:
            return None
        if self.state is not State.PROGRESS and not self.progress:
            return None
        digits = self.progress.rstrip("% ")
        percent = float(digits) if digits.replace(".", "", 1).isdigit() else 0.0
        return min(percent, 100.0) / 100


def statuses_of(
    entries: Sequence[LedgerEntry],
    *,
    bucket: str,
    ledger_key: str,
    now: datetime,
    stuck_after: timedelta,
) -> list[ImportStatus]:
    """Return what is to be shown of one ledger, in the order of its lines.

    Args:
        entries: The whole ledger.
        bucket: Of the image's disks, "" if unknown.
        ledger_key: Of its first part.
        now: By OSS's clock.
        stuck_after: From which time without a line an import is stuck.
    """
    settled = settle(entries)
    moving = [e for e in entries if e.state is not State.NOTIFIED]
    found = []
    for version in _shown(moving, settled):
        last = _last(version, moving, settled)
        lines = [e for e in moving if e.version == version] or [last]
        status = _status(last, lines, entries, bucket=bucket, ledger_key=ledger_key)
        found.append(_by_now(status, now=now, stuck_after=stuck_after))
    return found


def _shown(entries: Sequence[LedgerEntry], settled: Settled) -> Iterable[str]:
    """Return the versions that count."""
    pending = [settled.pending.version] if settled.pending else []
    last = [entries[-1].version] if entries else []
    late = [refused.version] if (refused := refused_late(entries)) else []
    counting = {*settled.accepted, *settled.doubts, *pending, *last, *late}
    return [v for v in dict.fromkeys(e.version for e in entries) if v in counting]


def refused_late(entries: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """Return the refusal of a set after its system disk was submitted alone, if any.

    Nothing delivers that set again, and nothing but this line tells of it.
    """
    is_alone = False
    late = None
    for entry in entries:
        if len(entry.disks) > 1:
            late = entry if is_alone and entry.state is State.REFUSED else None
        elif entry.state is State.SUBMITTED:
            is_alone = True
    return late


def _last(
    version: str, entries: Sequence[LedgerEntry], settled: Settled
) -> LedgerEntry:
    """Return the line that says where a version stands."""
    own = last_of(entries, version) or entries[-1]
    if accepted := settled.accepted.get(version):
        is_image = accepted.state is State.AVAILABLE
        followed = last_of(entries, version, *FOLLOWED)
        distributed = last_of(entries, version, *AFTER_AVAILABLE)
        return (distributed or accepted) if is_image else (followed or accepted)
    if own.state is State.REDRIVE:
        return own
    ended = settled.ended.get(version) or settled.doubts.get(version)
    return ended or own


def _status(
    last: LedgerEntry,
    lines: Sequence[LedgerEntry],
    entries: Sequence[LedgerEntry],
    *,
    bucket: str,
    ledger_key: str,
) -> ImportStatus:
    object_key, etag = last.disks[0] if last.disks else ("", "")
    return ImportStatus(
        bucket=bucket,
        object_key=object_key,
        etag=etag,
        ledger_key=ledger_key,
        last=last,
        lines=tuple(entries),
        state=last.state,
        reason=last.reason,
        since=lines[0].at,
        image_name=_latest(lines, "image_name"),
        ecs_request_id=last.ecs_request_id or _latest(lines, "ecs_request_id"),
        image_id=_latest(lines, "image_id"),
        task_id=_latest(lines, "task_id"),
        parameters=next((e.parameters for e in reversed(lines) if e.parameters), {}),
        progress=_latest(lines, "progress"),
        findings=next((e.findings for e in reversed(lines) if e.findings), ()),
    )


def _latest(lines: Sequence[LedgerEntry], name: str) -> str:
    told = (str(getattr(line, name)) for line in reversed(lines))
    return next((text for text in told if text), "")


def _by_now(
    status: ImportStatus, *, now: datetime, stuck_after: timedelta
) -> ImportStatus:
    """Return the same import with what the time since its last line says of it."""
    last = status.last
    if last.state in MOVING and now - last.at >= stuck_after:
        reason = f"nothing on record since {moment(last.at)}"
        return replace(status, state=State.STUCK, reason=reason)
    if last.state is State.INTENT and last.lease_until:
        is_live = now < last.lease_until
        word = "claimed until" if is_live else "its claim ran out unfinished at"
        return replace(status, reason=f"{word} {moment(last.lease_until)}")
    return status


def said(status: ImportStatus) -> dict[str, Any]:
    """Return an import as JSON, with the field names of the handler's result."""
    values = {
        "bucket": status.bucket,
        "object_key": status.object_key,
        "etag": status.etag,
        "outcome": status.outcome.value,
        "reason": status.reason,
        "image_name": status.image_name,
        "ecs_request_id": status.ecs_request_id,
        "image_id": status.image_id,
        "task_id": status.task_id,
        "parameters": dict(status.parameters),
        "progress": status.progress,
        "error_code": status.last.error_code,
        "error_message": status.last.error_message,
        "state": status.state.value,
        "attempt": status.last.attempt,
        "since": to_text(status.since),
        "changed": to_text(status.changed),
        "findings": [
            {**one._asdict(), "what_to_do": advice_on(one)} for one in status.findings
        ],
        "next_step": status.next_step,
        "next_command": status.next_command,
        "ledger": status.ledger_key,
    }
    return {name: value for name, value in values.items() if value}


BY_URGENCY = (
    *TROUBLE,
    State.WAITING,
    State.REDRIVE,
    State.INTENT,
    State.CONVERTING,
    State.SUBMITTED,
    State.PROGRESS,
    State.DISTRIBUTING,
    State.AVAILABLE,
    State.DISTRIBUTED,
    State.RETIRING,
    State.DEPRECATED,
    State.DELETED,
)
"""All states, trouble first."""


def moment(at: datetime) -> str:
    """Return a time as a person reads it, in UTC like everything in the ledger."""
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}Z"
