"""Lines of ledgers, for tests: one upload, one set, and what is said of them."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from image_import.ledger.entries import LedgerEntry, State
from image_import.model.revision import DiskRevision, ImageRevision

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)
LEASE = timedelta(minutes=5)
ALONE = ImageRevision(
    bucket="images", disks=(DiskRevision(object_key="web.qcow2", etag="A1"),)
)
SET = ImageRevision(
    bucket="images",
    disks=(*ALONE.disks, DiskRevision(object_key="data.qcow2", etag="B1")),
)


def line(state: State, version: ImageRevision = ALONE, **said: Any) -> LedgerEntry:
    """Return a line of the claim c1 at T0, unless said otherwise."""
    known: dict[str, Any] = {
        "state": state,
        "at": T0,
        "claim": "c1",
        "version": version.revision_hash,
        "disks": version.pairs,
        "attempt": version.attempt,
    }
    return LedgerEntry(**{**known, **said})


def later(entry: LedgerEntry, minutes: float) -> LedgerEntry:
    """Return the same line, written so many minutes later."""
    return replace(entry, at=entry.at + timedelta(minutes=minutes))


INTENT = line(State.INTENT, lease_until=T0 + LEASE, image_name="web-1")
SENT = line(
    State.SUBMITTED,
    image_id="m-1",
    task_id="t-1",
    ecs_request_id="R-1",
    image_name="web-1",
)
