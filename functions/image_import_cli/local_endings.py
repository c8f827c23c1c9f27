"""What became of an upload after its own event had come to its end.

Function Compute gives an event up after a few attempts; the tracker then delivers it
again by itself, and only the ledger tells how that went.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from image_import.ledger import FINAL, State
from image_import.place import Place

from image_import_cli.local_deliveries import Delivery
from image_import_cli.local_desk import Desk
from image_import_cli.local_shown import ledger_lines

SUBMITTED = {
    state.value
    for state in {
        State.SUBMITTED,
        State.PROGRESS,
        State.STUCK,
        State.UNFOLLOWED,
        *FINAL,
    }
}
"""After these an import was accepted, whatever became of the image."""

ENDED = {State.REFUSED.value, State.FAILED.value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The word for what became of an upload, and why."""

    outcome: str
    reason: str


def find_ending(desk: Desk, delivery: Delivery) -> Ending:
    """Return what became of a delivery: in its own words, or in those of the ledger."""
    own = Ending(outcome=delivery.outcome, reason=delivery.reason)
    if not _is_unfinished(delivery):
        return own
    lines = _lines(desk, delivery.event)
    last = str(lines[-1].get("state", "")) if lines else ""
    given_up = f"given up by Function Compute after {len(delivery.tries)} attempts"
    if last in SUBMITTED:
        return Ending(outcome="submitted", reason=f"{given_up}; the tracker sent it")
    if last in ENDED:
        why = str(lines[-1].get("reason", ""))
        return Ending(outcome=last, reason=f"{given_up}; then {why}")
    return own


def _is_unfinished(delivery: Delivery) -> bool:
    """Return whether somebody else may have done what these attempts did not."""
    return bool(delivery.event) and delivery.outcome == "given up"


def _lines(desk: Desk, event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the ledger of an event's object; [] if there is none."""
    told, bucket = event["oss"]["object"], desk.ledger_bucket
    place = Place(
        prefix=desk.settings.ledger_prefix,
        bucket=event["oss"]["bucket"]["name"],
        object_key=told["key"],
    )
    key = place.ledger_key(str(told.get("eTag", "")))
    with desk.cloud.at_rest():
        oss = desk.cloud.oss
        is_there = bucket in oss.buckets and oss.buckets[bucket].versions.current(key)
        return ledger_lines(oss.get(bucket, key)) if is_there else []
