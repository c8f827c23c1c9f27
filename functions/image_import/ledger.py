"""What happened to one version of an image, as lines that are only ever appended.

The ledger of a version is an appendable object. Each line is one transition, and
AppendObject's position is the compare-and-swap: a line is written at the end that
its writer has read, or not at all. `x-oss-forbid-overwrite` would not do, versioned
buckets ignore it.

Where each object stands, `place` says.

Room: core.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from image_import.errors import EvidenceError
from image_import.version import ImageVersion


class State(str, Enum):
    """What a line says has happened."""

    WAITING = "waiting"
    REFUSED = "refused"
    INTENT = "intent"
    RETRYING = "retrying"
    SUBMITTED = "submitted"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a ledger.

    Attributes:
        at: When it was written, by OSS's clock.
        claim: Random ID of the invocation that wrote it.
        version: Hash of the image version it speaks of; a set has its own.
        disks: Object key and ETag of each disk of that version.
        lease_until: Until when an intent keeps all others out, by OSS's clock.
        parameters: What ImportImage is called with, frozen, without the token.
        perhaps_started: The service may have begun an import that we cannot see.
    """

    state: State
    at: datetime
    claim: str = ""
    version: str = ""
    disks: tuple[tuple[str, str], ...] = ()
    attempt: int = 1
    lease_until: datetime | None = None
    image_name: str = ""
    client_token: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    sidecar_key: str = ""
    reason: str = ""
    error_code: str = ""
    error_message: str = ""
    perhaps_started: bool = False
    ecs_request_id: str = ""
    image_id: str = ""
    task_id: str = ""
    fc_request_id: str = ""


class Standing(Enum):
    """What a ledger allows its reader to do with one version."""

    FREE = "nothing stands in the way"
    LIVE = "another invocation holds the claim"
    ABANDONED = "a claim's lease ran out, or its holder handed it back, unfinished"
    DONE = "this version was submitted"
    DONE_ALONE = "its system disk was submitted alone, before its manifest came"
    DOUBTFUL = "an import may have started, and nothing can tell"


@dataclass(frozen=True, slots=True)
class View:
    """A ledger's standing towards one version, and the line that decides it."""

    standing: Standing
    entry: Entry | None = None


def view(entries: Iterable[Entry], version: ImageVersion, *, now: datetime) -> View:
    """Return what the ledger allows for `version`.

    Args:
        entries: In the order in which they were appended.
        version: What the reader would import.
        now: By OSS's clock.
    """
    settled = _settle(entries)
    accepted = settled.accepted.get(version.version_hash)
    if accepted:
        return View(Standing.DONE, accepted)
    if settled.accepted:
        alone = [e for e in settled.accepted.values() if len(e.disks) == 1]
        if len(version.disks) == 1:
            return View(Standing.DONE, next(reversed(settled.accepted.values())))
        if alone:
            return View(Standing.DONE_ALONE, alone[-1])
    if settled.pending:
        until = settled.pending.lease_until
        is_live = until is not None and now < until
        return View(Standing.LIVE if is_live else Standing.ABANDONED, settled.pending)
    if doubt := settled.doubts.get(version.version_hash):
        return View(Standing.DOUBTFUL, doubt)
    return View(Standing.FREE)


@dataclass(slots=True)
class _Settled:
    """What remains of a ledger when each line has had its effect."""

    pending: Entry | None = None
    accepted: dict[str, Entry] = field(default_factory=dict)
    doubts: dict[str, Entry] = field(default_factory=dict)


def _settle(entries: Iterable[Entry]) -> _Settled:
    """Replay the lines.

    A holder's own last word ends its claim. So does anybody's `submitted` for the
    same version: it is true whoever says it, even one whose lease ran out.
    """
    settled = _Settled()
    for entry in entries:
        pending = settled.pending
        is_holder = pending is not None and entry.claim == pending.claim
        if entry.state is State.INTENT:
            settled.pending = entry
            settled.doubts.pop(entry.version, None)
        elif entry.state is State.SUBMITTED:
            settled.accepted[entry.version] = entry
            if pending is not None and pending.version == entry.version:
                settled.pending = None
        elif is_holder and entry.state is State.RETRYING and entry.perhaps_started:
            settled.pending = _without_lease(pending)
        elif is_holder:
            settled.pending = None
            if entry.perhaps_started:
                settled.doubts[entry.version] = entry
    return settled


def _without_lease(entry: Entry | None) -> Entry | None:
    """Return an intent that anybody may take over now."""
    if entry is None:
        return None
    values = {f.name: getattr(entry, f.name) for f in fields(entry)}
    return Entry(**{**values, "lease_until": None})


def to_line(entry: Entry) -> bytes:
    """Return the line that says this: JSON without what is empty, and a newline."""
    said = {f.name: getattr(entry, f.name) for f in fields(entry)}
    said = {name: value for name, value in said.items() if value}
    said["state"] = entry.state.value
    for name in ("at", "lease_until"):
        if said.get(name):
            said[name] = to_text(said[name])
    text = json.dumps(said, ensure_ascii=False, separators=(", ", ": "))
    return (text + "\n").encode("utf-8", "backslashreplace")


def read_lines(data: bytes) -> list[Entry]:
    """Return the entries of a ledger.

    Raises:
        EvidenceError: A line is not one of ours; the ledger was tampered with, and
            acting on half of it could import twice.
    """
    return [_entry(line, n) for n, line in enumerate(data.splitlines(), 1) if line]


def _entry(line: bytes, number: int) -> Entry:
    try:
        said: dict[str, Any] = json.loads(line)
        known = {f.name for f in fields(Entry)} & said.keys()
        values = {name: said[name] for name in known}
        values["state"] = State(said["state"])
        values["at"] = from_text(said["at"])
        if "lease_until" in values:
            values["lease_until"] = from_text(said["lease_until"])
        values["disks"] = tuple((key, etag) for key, etag in said.get("disks", ()))
        return Entry(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise EvidenceError(
            f"line {number} of the ledger is not one that we write ({exc}); look at "
            "the object, and delete it only if this image was never imported"
        ) from exc


def to_text(moment: datetime) -> str:
    """Return a time in UTC as ISO 8601, with `Z`."""
    utc = moment.astimezone(timezone.utc)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Return the time that `to_text` wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def to_json_bytes(value: object) -> bytes:
    """Return JSON for an object that a person may open."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
