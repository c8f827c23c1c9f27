"""What an operator should do now about an import, in a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_import.aliyun.error_catalogue import explain
from image_import.ledger.entries import LedgerEntry, State, waits_for_room
from image_import.ledger.open_jobs import CONVERSION_STALLS, delivery_due
from image_import.model.image_check import sentence

from image_import_cli.status.model import ImportStatus, moment, refused_late
from image_import_cli.ui.text import shell_word

TRACKER = "see whether the tracker's timer fires and what its log says"
NEEDS_BYTES = frozenset(
    {
        State.REFUSED,
        State.FAILED,
        State.RETRYING,
        State.CREATE_FAILED,
        State.CANCELLED,
        State.GONE,
        State.DELETED,
        State.REDRIVE,
    }
)
"""States whose next step imports the uploaded object, if it is still there."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and the command that does it, if one does."""

    text: str = ""
    command: str = ""


def next_step(status: ImportStatus, *, now: datetime, stuck_after: timedelta) -> Step:
    """Return what to do now; nothing where nothing is to be done.

    Args:
        status: Where the import stands.
        now: By OSS's clock.
        stuck_after: How long the tracker may be silent before something is wrong.
    """
    state, last = status.state, status.last
    if state is State.INTENT:
        is_left = last.lease_until is None or now >= last.lease_until + stuck_after
        return _overdue(status) if is_left else Step()
    if state is State.CONVERTING:
        is_left = now >= last.at + CONVERSION_STALLS + stuck_after
        return _overdue(status) if is_left else Step()
    if state is State.RETRYING or waits_for_room(last):
        return _again(status, now=now, stuck_after=stuck_after)
    make = _STEPS.get(state)
    return make(status) if make else Step()


def without_source(fate: str) -> Step:
    """Return what to do where the uploaded object is no longer what it was.

    Args:
        fate: What became of the object.
    """
    if "anew" in fate:
        return Step(f"Nothing here: {fate}, and that upload has a ledger of its own.")
    return Step(f"Upload it again if it is still wanted: {fate}.")


def place_of(status: ImportStatus) -> str:
    """Return the import's object as a shell takes it."""
    return shell_word(f"oss://{status.bucket or 'BUCKET'}/{status.object_key}")


def _again(status: ImportStatus, *, now: datetime, stuck_after: timedelta) -> Step:
    due = delivery_due(status.lines, status.last)
    if now >= due + stuck_after:
        return _overdue(status, f" at {moment(due)}")
    wait = f"The tracker delivers it again after {moment(due)}."
    known = _explained(status.last)
    is_told = known and waits_for_room(status.last)
    return Step(f"{known} {wait}" if is_told else wait)


def _overdue(status: ImportStatus, when: str = "") -> Step:
    """Return what to do where nobody delivers; a sweep may have been killed there."""
    text = f"It should have been delivered again{when}: {TRACKER}. Without one, run"
    return Step(text, _sweep(status))


def _stuck(status: ImportStatus) -> Step:
    if status.last.state is not State.STUCK:
        return Step(f"{TRACKER[0].upper()}{TRACKER[1:]}.")
    cancel = f"cancel task {status.task_id} or " if status.task_id else ""
    asked = f" with the request ID {status.ecs_request_id}"
    ticket = f"open a ticket{asked if status.ecs_request_id else ''}"
    return Step(f"If the console shows no progress either, {cancel}{ticket}.")


def _waiting(_: ImportStatus) -> Step:
    return Step("Upload what it waits for; that starts the import.")


def _refused(status: ImportStatus) -> Step:
    if refused_late(status.lines) == status.last:
        return Step("Do that if the set is wanted; else nothing.")
    text = "Mend the object or its sidecar and upload that; or mend a setting and run"
    return Step(text, _sweep(status))


def _failed(status: ImportStatus) -> Step:
    if status.last.perhaps_started:
        return Step(f"Look for an image named {status.image_name} in the console.")
    return Step(f"{_explained(status.last)} Then run".strip(), _sweep(status))


def _create_failed(status: ImportStatus) -> Step:
    fix = _explained(status.last) or "Open a ticket with the request ID."
    return Step(f"{fix} Then upload it anew, or run", _redrive(status))


def _ended(status: ImportStatus) -> Step:
    return Step("Nothing, if that was meant; to import it again, run", _redrive(status))


def _unfollowed(status: ImportStatus) -> Step:
    return Step(f"Look for an image named {status.image_name} in the console.")


def _redriven(status: ImportStatus) -> Step:
    text = "It is imported with its next delivery; to make one, run"
    return Step(text, _sweep(status))


def _not_everywhere(status: ImportStatus) -> Step:
    text = "The image is there. Correct what failed, then have it done again: run"
    return Step(text, _redrive(status))


def _ready(status: ImportStatus) -> Step:
    found = "; ".join(map(sentence, status.findings))
    return Step(f"The image check found {found}." if found else "")


def _sweep(status: ImportStatus) -> str:
    return f"image-import sweep {place_of(status)} --again"


def _redrive(status: ImportStatus) -> str:
    return f"image-import redrive {place_of(status)}"


_STEPS: dict[State, Callable[[ImportStatus], Step]] = {
    State.WAITING: _waiting,
    State.REFUSED: _refused,
    State.FAILED: _failed,
    State.STUCK: _stuck,
    State.CREATE_FAILED: _create_failed,
    State.CANCELLED: _ended,
    State.GONE: _ended,
    State.DELETED: _ended,
    State.UNFOLLOWED: _unfollowed,
    State.REDRIVE: _redriven,
    State.DISTRIBUTION_FAILED: _not_everywhere,
    State.AVAILABLE: _ready,
    State.DISTRIBUTED: _ready,
}


def _explained(last: LedgerEntry) -> str:
    """Return what the catalogue says and advises, "" where no service said anything."""
    if not last.error_code:
        return ""
    service = "OSS" if last.error_message.startswith("OSS ") else "ECS"
    known = explain(service, last.error_code, 400)
    return f"{known.cause} {known.fix}"
