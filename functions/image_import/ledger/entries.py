"""What happened to one version of an image, as lines that are only ever appended.

The ledger of a version is an appendable object. Each line is one transition, and
AppendObject's position is the compare-and-swap: a line is written at the end that
its writer has read, or not at all. `x-oss-forbid-overwrite` would not do, versioned
buckets ignore it.

Where each object stands, `layout` says.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from enum import Enum
from typing import Any, NamedTuple

from image_import.errors import EvidenceError
from image_import.model.ownership import CheckFinding, Proof
from image_import.model.result import to_json
from image_import.model.revision import MARK_LENGTH, ImageRevision

SYSTEM_DISK_BUCKET = "DiskDeviceMapping.1.OSSBucket"

QUOTA = "quotaexceed"
"""Source: "ImportImage", error codes QuotaExceed.Image and .Snapshot, read 2026-11."""


class State(str, Enum):
    """What a line says has happened.

    From `progress` on it is what became of a submitted import; `redrive` is an
    operator's word that one which failed may be imported again, and
    `notified` tells who was told of it. `converting` tells where the target of a
    conversion lies; it is no claim, for whoever goes on with it stores the same bytes.
    `retiring` to `deleted` is the end of an image that newer ones replace.
    """

    WAITING = "waiting"
    CONVERTING = "converting"
    REFUSED = "refused"
    INTENT = "intent"
    RETRYING = "retrying"
    SUBMITTED = "submitted"
    FAILED = "failed"
    PROGRESS = "progress"
    STUCK = "stuck"
    UNFOLLOWED = "unfollowed"
    AVAILABLE = "available"
    CREATE_FAILED = "create_failed"
    CANCELLED = "cancelled"
    GONE = "gone"
    REDRIVE = "redrive"
    NOTIFIED = "notified"
    DISTRIBUTING = "distributing"
    DISTRIBUTED = "distributed"
    DISTRIBUTION_FAILED = "distribution_failed"
    RETIRING = "retiring"
    DEPRECATED = "deprecated"
    DELETED = "deleted"


IMAGELESS = frozenset({State.CREATE_FAILED, State.CANCELLED, State.GONE, State.DELETED})
"""How a submitted import ends without an image."""

FINAL = IMAGELESS | {State.AVAILABLE}


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerEntry:
    """One line of a ledger.

    Attributes:
        at: When it was written, by OSS's clock.
        claim: Random ID of the invocation that wrote it.
        version: Hash of the image version it speaks of; a set has its own.
        disks: Object key and ETag of each disk of that version.
        bucket: Where those disks are; a claim says so in its parameters.
        lease_until: Until when an intent keeps all others out, by OSS's clock.
        nonce: Random; the image of this claim has it in its description.
        checksums: CRC-64 and size of each disk; "" where OSS did not say them.
        parameters: What ImportImage is called with, frozen, without the token.
        perhaps_started: The service may have begun an import that we cannot see.
        progress: As ECS writes it, such as `32%`.
        targets: Of a conversion: object key, upload ID and lane of each target, and
            the file of an archive that it is made of; without a lane, what lies there
            unpacked meanwhile.
        target_bucket: Where they are.
        read_from: Bucket and object key, with a slash between, that ECS reads the
            system disk from; "" where that is the upload itself.
        wishes: What the sidecar asks to be done with the image once it is available;
            frozen with the parameters.
        findings: The risks that the image check of ECS found.
        step: What is done with an image that is Available, such as `copy cn-beijing`;
            `step_state` says how far it is, `step_image_id` of which copy.
    """

    state: State
    at: datetime
    claim: str = ""
    version: str = ""
    disks: tuple[tuple[str, str], ...] = ()
    bucket: str = ""
    attempt: int = 1
    lease_until: datetime | None = None
    image_name: str = ""
    client_token: str = ""
    nonce: str = ""
    checksums: str = ""
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
    progress: str = ""
    wishes: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[CheckFinding, ...] = ()
    step: str = ""
    step_state: str = ""
    step_image_id: str = ""
    targets: tuple[tuple[str, str, str, str], ...] = ()
    target_bucket: str = ""
    read_from: str = ""

    @property
    def proof(self) -> Proof:
        """What shows that an image is that of this claim."""
        bucket, _, object_key = self.read_from.partition("/")
        return Proof(
            nonce=self.nonce,
            bucket=bucket or self.source_bucket,
            object_key=object_key or (self.disks[0][0] if self.disks else ""),
            mark=self.version[:MARK_LENGTH],
        )

    @property
    def source_bucket(self) -> str:
        """Where the uploads are; "" if this line does not tell."""
        return self.bucket or self.parameters.get(SYSTEM_DISK_BUCKET, "")

    def on_its_image(
        self, state: State, *, at: datetime, claim: str, reason: str = ""
    ) -> "LedgerEntry":
        """Return a line on what is done with the image that this line tells of."""
        return LedgerEntry(
            state=state,
            at=at,
            claim=claim,
            version=self.version,
            disks=self.disks,
            attempt=self.attempt,
            image_name=self.image_name,
            image_id=self.image_id,
            reason=reason,
        )


class Standing(Enum):
    """What a ledger allows its reader to do with one version."""

    FREE = "nothing stands in the way"
    LIVE = "another invocation holds the claim"
    ABANDONED = "a claim's lease ran out, or its holder handed it back, unfinished"
    DONE = "this version was submitted"
    DONE_ALONE = "its system disk was submitted alone, before its manifest came"
    ENDED = "it was submitted, and its import ended without an image"
    DOUBTFUL = "an import may have started, and it cannot be looked up"


class LedgerStanding(NamedTuple):
    """A ledger's standing towards one version, and the line that decides it."""

    standing: Standing
    entry: LedgerEntry | None = None


def standing_of(
    entries: Iterable[LedgerEntry], version: ImageRevision, *, now: datetime
) -> LedgerStanding:
    """Return what the ledger allows for `version`.

    Args:
        entries: In the order in which they were appended.
        version: What the reader would import, with the attempt that the ledger is at.
        now: By OSS's clock.
    """
    settled = settle(entries)
    if accepted := _accepted(settled, version):
        return accepted
    if settled.pending:
        until = settled.pending.lease_until
        is_live = until is not None and now < until
        return LedgerStanding(
            Standing.LIVE if is_live else Standing.ABANDONED, settled.pending
        )
    if ended := _ended(settled, version):
        return LedgerStanding(Standing.ENDED, ended)
    if doubt := settled.doubts.get(version.revision_hash):
        return LedgerStanding(Standing.DOUBTFUL, doubt)
    return LedgerStanding(Standing.FREE)


def last_of(
    entries: Sequence[LedgerEntry], version: str, *states: State
) -> LedgerEntry | None:
    """Return the last line that says one of these of a version."""
    said = (e for e in reversed(entries) if e.version == version)
    return next((e for e in said if not states or e.state in states), None)


def imported_before(
    entries: Sequence[LedgerEntry], checksums: str
) -> LedgerEntry | None:
    """Return the import of the same bytes, if one was accepted.

    Args:
        checksums: As in an intent; "" is never the same.
    """
    same = {e.version for e in entries if checksums and e.checksums == checksums}
    accepted = settle(entries).accepted
    return next((accepted[v] for v in reversed(accepted) if v in same), None)


def attempt_of(
    entries: Iterable[LedgerEntry], disks: tuple[tuple[str, str], ...]
) -> int:
    """Return the attempt that the ledger is at with these disks, 1 if with none."""
    return max((entry.attempt for entry in entries if entry.disks == disks), default=1)


def _accepted(settled: "Settled", version: ImageRevision) -> LedgerStanding | None:
    if accepted := settled.accepted.get(version.revision_hash):
        return LedgerStanding(Standing.DONE, accepted)
    if settled.accepted:
        alone = [e for e in settled.accepted.values() if len(e.disks) == 1]
        if len(version.disks) == 1:
            return LedgerStanding(
                Standing.DONE, next(reversed(settled.accepted.values()))
            )
        if alone:
            return LedgerStanding(Standing.DONE_ALONE, alone[-1])
    return None


def _ended(settled: "Settled", version: ImageRevision) -> LedgerEntry | None:
    """Return how this version ended, or the set that this disk was sent with."""
    if own := settled.ended.get(version.revision_hash):
        return own
    is_first_alone = len(version.disks) == 1 and version.attempt == 1
    sets = [e for e in settled.ended.values() if len(e.disks) > 1]
    return sets[-1] if sets and is_first_alone else None


@dataclass(slots=True)
class Settled:
    """What remains of a ledger when each line has had its effect.

    Attributes:
        pending: The intent whose holder has not had its last word.
        accepted: By version hash, what was submitted or is available.
        ended: By version hash, what was submitted and ended without an image.
        doubts: By version hash, what may have been submitted.
    """

    pending: LedgerEntry | None = None
    accepted: dict[str, LedgerEntry] = field(default_factory=dict)
    ended: dict[str, LedgerEntry] = field(default_factory=dict)
    doubts: dict[str, LedgerEntry] = field(default_factory=dict)

    def add(self, entry: LedgerEntry) -> None:
        """Let one line have its effect.

        A holder's own last word ends its claim. So does anybody's `submitted` for
        the same version: it is true whoever says it, even one whose lease ran out.
        What became of the import is later news and stands above a late `submitted`.
        """
        if entry.state is State.INTENT:
            self.pending = entry
            self.doubts.pop(entry.version, None)
        elif entry.state is State.SUBMITTED or entry.state in FINAL:
            self._end(entry)
        elif entry.state is State.REDRIVE:
            self.doubts.pop(entry.version, None)
        elif self.pending is not None and entry.claim == self.pending.claim:
            self._hand_back(self.pending, entry)

    def _end(self, entry: LedgerEntry) -> None:
        version = entry.version
        if self.pending is not None and self.pending.version == version:
            self.pending = None
        known = self.ended.get(version) or self.accepted.get(version)
        if entry.state is State.SUBMITTED and known and known.state in FINAL:
            return
        self.accepted.pop(version, None)
        (self.ended if entry.state in IMAGELESS else self.accepted)[version] = entry

    def _hand_back(self, pending: LedgerEntry, entry: LedgerEntry) -> None:
        is_lost = entry.state is State.RETRYING and entry.perhaps_started
        self.pending = replace(pending, lease_until=None) if is_lost else None
        if entry.perhaps_started and not is_lost:
            self.doubts[entry.version] = entry


def waits_for_room(entry: LedgerEntry) -> bool:
    """Whether ECS refused an import only because there is no room for it now."""
    is_quota = entry.error_code.lower().startswith(QUOTA)
    return entry.state is State.FAILED and is_quota


def settle(entries: Iterable[LedgerEntry]) -> Settled:
    """Return what remains of a ledger when each line has had its effect."""
    settled = Settled()
    for entry in entries:
        settled.add(entry)
    return settled


def to_line(entry: LedgerEntry) -> bytes:
    """Return the line that says this: JSON without what is empty, and a newline."""
    said = {f.name: getattr(entry, f.name) for f in fields(entry)}
    said = {name: value for name, value in said.items() if value}
    said["state"] = entry.state.value
    if entry.findings:
        said["findings"] = [one._asdict() for one in entry.findings]
    for name in ("at", "lease_until"):
        if said.get(name):
            said[name] = to_text(said[name])
    return f"{to_json(said)}\n".encode()


def read_lines(data: bytes) -> list[LedgerEntry]:
    """Return the entries of a ledger.

    Raises:
        EvidenceError: A line is not one of ours; the ledger was tampered with, and
            acting on half of it could import twice.
    """
    return [_entry(line, n) for n, line in enumerate(data.splitlines(), 1) if line]


def _entry(line: bytes, number: int) -> LedgerEntry:
    try:
        said: dict[str, Any] = json.loads(line)
        known = {f.name for f in fields(LedgerEntry)} & said.keys()
        values = {name: said[name] for name in known}
        values["state"] = State(said["state"])
        values["at"] = from_text(said["at"])
        if "lease_until" in values:
            values["lease_until"] = from_text(said["lease_until"])
        values["disks"] = tuple((key, etag) for key, etag in said.get("disks", ()))
        values["targets"] = tuple(
            (key, upload_id, lane, member)
            for key, upload_id, lane, member in said.get("targets", ())
        )
        if "findings" in values:
            found = said["findings"]
            values["findings"] = tuple(CheckFinding(**one) for one in found)
        return LedgerEntry(**values)
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
    """Return the time that `to_text` wrote.

    Raises:
        ValueError: It is none, or of no time zone.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment


def to_json_bytes(value: object) -> bytes:
    """Return JSON for an object that a person may open."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
