"""Lines of ledgers, for tests: one upload, one set, and what is said of them."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from image_import.ledger.entries import Entry, State
from image_import.model.revision import DiskVersion, ImageVersion

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)
LEASE = timedelta(minutes=5)
ALONE = ImageVersion(
    bucket="images", disks=(DiskVersion(object_key="web.qcow2", etag="A1"),)
)
SET = ImageVersion(
    bucket="images",
    disks=(*ALONE.disks, DiskVersion(object_key="data.qcow2", etag="B1")),
)


def line(state: State, version: ImageVersion = ALONE, **said: Any) -> Entry:
    """Return a line of the claim c1 at T0, unless said otherwise."""
    known: dict[str, Any] = {
        "state": state,
        "at": T0,
        "claim": "c1",
        "version": version.version_hash,
        "disks": version.pairs,
        "attempt": version.attempt,
    }
    return Entry(**{**known, **said})


def later(entry: Entry, minutes: float) -> Entry:
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
