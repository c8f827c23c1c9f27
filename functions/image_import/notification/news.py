"""One piece of news about an import: what happened, to which image, and what to do."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from image_import.errors import EvidenceError
from image_import.ledger.entries import LedgerEntry, State, from_text, to_text
from image_import.model.image_check import advice_on
from image_import.model.ownership import CheckFinding

REGION = "RegionId"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportNews:
    """What is told.

    Attributes:
        id: The same each time that the same change is told.
        kind: One of `NEWS_KINDS`.
        at: When it happened, by OSS's clock.
        started: When ImportImage was accepted; None if it never was.
        findings: The risks that the image check of ECS found.
        copies: Region and image ID of each copy that is Available.
        next_step: What a person does now; "" if nothing.
    """

    id: str
    kind: str
    at: datetime
    bucket: str
    object_key: str
    etag: str = ""
    region_id: str = ""
    image_name: str = ""
    image_id: str = ""
    reason: str = ""
    error_code: str = ""
    next_step: str = ""
    started: datetime | None = None
    findings: tuple[CheckFinding, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()

    @property
    def source(self) -> str:
        """The uploaded object, as every command takes it."""
        return f"oss://{self.bucket}/{self.object_key}"


def news_of(
    line: LedgerEntry,
    *,
    bucket: str,
    region_id: str,
    started: datetime | None = None,
    next_step: str = "",
    findings: tuple[CheckFinding, ...] = (),
) -> ImportNews:
    """Return the news of a line of the ledger, whose state is one of `NEWS_KINDS`.

    Args:
        bucket: Where the uploaded objects are.
        region_id: Where the image is, unless the line's parameters say so.
        started: When ImportImage was accepted.
        findings: Of the image, where the line itself has none.
    """
    object_key, etag = line.disks[0]
    return ImportNews(
        id=_id(line, bucket),
        kind=line.state.value,
        at=line.at,
        bucket=bucket,
        object_key=object_key,
        etag=etag,
        region_id=line.parameters.get(REGION) or region_id,
        image_name=line.image_name,
        image_id=line.image_id,
        reason=line.reason,
        error_code=line.error_code,
        next_step=next_step,
        started=started,
        findings=line.findings or findings,
    )


def copies_of(
    entries: Iterable[LedgerEntry], version: str
) -> tuple[tuple[str, str], ...]:
    """Return region and image ID of each copy that a ledger says is done."""
    made: dict[str, str] = {}
    done: dict[str, bool] = {}
    for entry in entries:
        kind, _, region_id = entry.step.partition(" ")
        if entry.version == version and kind == "copy":
            made[region_id] = entry.step_image_id or made.get(region_id, "")
            done[region_id] = entry.step_state == "done"
    return tuple(copy for copy in made.items() if done[copy[0]])


def _id(line: LedgerEntry, bucket: str) -> str:
    """Return what tells this change from every other; of `stuck`, each one is one."""
    said = [bucket, line.disks, line.version, line.attempt, line.state.value]
    if line.state is State.STUCK:
        said.append(to_text(line.at))
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def to_json(news: ImportNews) -> dict[str, Any]:
    """Return the news as JSON says it; what is empty is left out."""
    told = {f.name: getattr(news, f.name) for f in fields(news)}
    told = {name: value for name, value in told.items() if value}
    for name in ("at", "started"):
        if name in told:
            told[name] = to_text(told[name])
    if news.copies:
        told["copies"] = [
            {"region_id": where, "image_id": made} for where, made in news.copies
        ]
    if news.findings:
        told["findings"] = [
            {**one._asdict(), "what_to_do": advice_on(one)} for one in news.findings
        ]
    return told


def from_json(told: Mapping[str, Any]) -> ImportNews:
    """Return the news that `to_json` wrote.

    Raises:
        EvidenceError: It is none of ours.
    """
    try:
        known = {f.name: told[f.name] for f in fields(ImportNews) if f.name in told}
        for name in ("at", "started"):
            if name in known:
                known[name] = from_text(known[name])
        if "findings" in known:
            known["findings"] = tuple(
                CheckFinding(**{name: one[name] for name in CheckFinding._fields})
                for one in known["findings"]
            )
        if "copies" in known:
            known["copies"] = tuple(
                (str(one["region_id"]), str(one["image_id"])) for one in known["copies"]
            )
        return ImportNews(**known)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise EvidenceError(f"it is not news that we wrote ({exc})") from exc
