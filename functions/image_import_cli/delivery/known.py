"""What a sweep passes over, as an image's ledger has it already."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from image_import.ledger.entries import LedgerEntry, State, settle
from image_import.model.result import Outcome, Result

UNFINISHED = {State.RETRYING, State.REDRIVE, State.CONVERTING}
"""After these as its last line an image is imported by whoever comes next."""

WITHOUT_IMAGE = (
    State.REFUSED,
    State.FAILED,
    State.WAITING,
    State.CREATE_FAILED,
    State.CANCELLED,
    State.GONE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known(Result):
    """An image that is passed over.

    Attributes:
        state: What its ledger says; None of a sidecar, whose image has one.
    """

    state: State | None = None


def known(state: State | None = None) -> Known:
    """Return the result of an image that is passed over."""
    reason = f"its ledger says {state.value}" if state else "its image has a ledger"
    return Known(outcome=Outcome.DUPLICATE, reason=reason, state=state)


def state_of(entries: Sequence[LedgerEntry], *, now: datetime) -> State | None:
    """Return where an upload stands, None if it is to be imported.

    That is so where nobody came to an end with it: a claim was abandoned or handed
    back. The ledger lets it be taken over, so that it is imported once all the same.

    Args:
        entries: Its ledger.
        now: By OSS's clock.
    """
    settled = settle(entries)
    if settled.accepted:
        return State.SUBMITTED
    if pending := settled.pending:
        is_live = pending.lease_until is not None and now < pending.lease_until
        return State.INTENT if is_live else None
    if settled.ended:
        return next(reversed(settled.ended.values())).state
    if settled.doubts:
        return State.FAILED
    last = entries[-1].state if entries else None
    return None if last in UNFINISHED else last


def told(before: Counter[State]) -> str:
    """Return how many of those passed over have no image, "" if none."""
    counted = [f"{n:,} {s.value}" for s in WITHOUT_IMAGE if (n := before[s])]
    return f" ({', '.join(counted)} before: see --again)" if counted else ""
