"""How a record ends, in words that say what to do next."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from image_import.aliyun.error_catalogue import Explanation, explain
from image_import.errors import (
    EvidenceError,
    ImageImportError,
    PlanError,
    ServiceError,
    ServiceRejected,
    ServiceUnavailable,
)
from image_import.events.parser import ObjectCreated
from image_import.ledger.entries import LedgerEntry, Standing, State, to_text
from image_import.model.result import Outcome, Result
from image_import.planning.planner import Plan

REFUSED_CODES = {"InvalidObjectState", "SymlinkTargetNotExist"}
"""What OSS refuses because of the object itself: its uploader can fix it."""


_TOO_LATE = {
    "sidecar": (
        "; a sidecar that comes after its image changes nothing: upload the image "
        "again, or set SIDECAR=required so that images wait for theirs"
    ),
    "checksums": (
        "; checksums that come after their image are not compared: set "
        "CHECKSUM=required so that images wait for theirs"
    ),
}


def ignored(reason: str) -> Result:
    """Return the end of a record that is not ours."""
    return Result(outcome=Outcome.IGNORED, reason=reason)


def why_not_in(region_id: str, record: ObjectCreated) -> str:
    """Return why a record cannot be imported in a region, "" if it can.

    Args:
        region_id: Where images are imported; "" if nothing names it.
    """
    if not region_id:
        return (
            "neither the event nor REGION_ID names a region; set REGION_ID to the "
            f"region of the bucket {record.bucket}, as cn-hangzhou"
        )
    if record.region_id and record.region_id != region_id:
        return (
            f"the bucket {record.bucket} is in {record.region_id}, but images are "
            f"imported in {region_id} (REGION_ID), and ECS reads only buckets of its "
            "own region; copy the object to a bucket there, or deploy the function in "
            f"{record.region_id}"
        )
    return ""


def waiting(reason: str) -> Result:
    """Return the end of a record that waits for another upload."""
    return Result(outcome=Outcome.WAITING, reason=reason)


def refused(reason: str) -> Result:
    """Return the end of a record that we will not send."""
    return Result(outcome=Outcome.REFUSED, reason=reason)


def planned(plan: Plan, parameters: Mapping[str, str]) -> Result:
    """Return the end of a dry run."""
    return Result(
        outcome=Outcome.PLANNED,
        reason="DRY_RUN: nothing was called or written",
        image_name=plan.image_name,
        parameters=parameters,
        evidence=evidence_of(plan),
        notes=plan.notes,
    )


def evidence_of(plan: Plan) -> dict[str, Any]:
    """Return where each value of a plan came from, as the log shows it."""
    return {name: choice.as_dict() for name, choice in plan.sources.items()}


def of_standing(
    standing: Standing, entry: LedgerEntry, *, bucket: str, came: str = "image"
) -> Result:
    """Return the end of a record that the ledger does not leave to us.

    Args:
        came: What came: `image`, or a `sidecar` or `checksums` of one.
    """
    if standing is Standing.LIVE:
        until = to_text(entry.lease_until or entry.at)
        return Result(
            outcome=Outcome.RETRYING,
            reason=f"claimed until {until} by another invocation",
            image_name=entry.image_name,
        )
    if standing is Standing.DOUBTFUL:
        return as_recorded(Outcome.FAILED, entry, entry.reason)
    if standing is Standing.ENDED:
        return _ended(entry, bucket)
    verb = "became an image" if entry.state is State.AVAILABLE else "was submitted"
    reason = f"this object version {verb} before, at {to_text(entry.at)}"
    reason += _TOO_LATE.get(came, "")
    return as_recorded(Outcome.DUPLICATE, entry, reason)


def same_bytes(entry: LedgerEntry) -> Result:
    """Return the end of a record whose bytes were imported under another ETag."""
    reason = (
        f"the same bytes were submitted before, at {to_text(entry.at)}, as the upload "
        f"with ETag {entry.disks[0][1]}: CRC-64 and size are equal"
    )
    return as_recorded(Outcome.DUPLICATE, entry, reason)


def _ended(entry: LedgerEntry, bucket: str) -> Result:
    """Return the end of a record whose import ended without an image.

    A failed one is a failure each time that it is delivered. One that a person has
    cancelled or deleted was meant to end.
    """
    is_failed = entry.state is State.CREATE_FAILED
    outcome = Outcome.FAILED if is_failed else Outcome.DUPLICATE
    place = f"oss://{bucket}/{entry.disks[0][0]}"
    again = f"to import it again: image-import redrive {place}"
    at = to_text(entry.at)
    reason = f"{entry.reason.rstrip('.')} (on record since {at}); {again}"
    return as_recorded(outcome, entry, reason)


def too_late(entry: LedgerEntry) -> str:
    """Return why a manifest whose system disk is already an image is refused.

    The same bytes under the same name would be this revision again, and refused again.
    """
    image = f" ({entry.image_id})" if entry.image_id else ""
    return (
        f"the manifest came after its system disk was imported alone as "
        f"{entry.image_name!r}{image}; delete that image, upload that disk and the "
        "manifest under another name, and set SIDECAR=required so that disks wait for "
        "their manifest"
    )


def of_error(exc: ImageImportError) -> Result:
    """Return the end that an error amounts to."""
    if isinstance(exc, ServiceUnavailable):
        return _of_service(Outcome.RETRYING, exc, str(exc))
    if isinstance(exc, ServiceRejected):
        entry = explain(exc.service, exc.code, exc.http_status)
        is_refusal = exc.code in REFUSED_CODES
        outcome = Outcome.REFUSED if is_refusal else Outcome.FAILED
        return _of_service(outcome, exc, explained(exc, entry))
    if isinstance(exc, (EvidenceError, PlanError)):
        return refused(str(exc))
    return Result(outcome=Outcome.FAILED, reason=str(exc))


def explained(exc: ServiceError, entry: Explanation) -> str:
    """Return what the service said, what that means, and what to do."""
    advice = exc.advice or f"{entry.cause} {entry.fix}"
    return f"{str(exc).rstrip('.')}. {advice}"


def _of_service(outcome: Outcome, exc: ServiceError, reason: str) -> Result:
    return Result(
        outcome=outcome,
        reason=reason,
        error_code=exc.code,
        error_message=str(exc),
        ecs_request_id=(exc.request_id or "") if exc.service == "ECS" else "",
    )


def as_recorded(outcome: Outcome, entry: LedgerEntry, reason: str) -> Result:
    """Return a result with all that a line of the ledger says of its import."""
    return Result(
        outcome=outcome,
        reason=reason,
        image_name=entry.image_name,
        ecs_request_id=entry.ecs_request_id,
        image_id=entry.image_id,
        task_id=entry.task_id,
        parameters=entry.parameters,
        error_code=entry.error_code,
        error_message=entry.error_message,
    )


def of_call(
    intent: LedgerEntry, entry: LedgerEntry, *, unwritten: ServiceError | None = None
) -> Result:
    """Return the end of a claim.

    Args:
        entry: The outcome's line.
        unwritten: Why that line could not be written.
    """
    reason = entry.reason
    outcome = Outcome(entry.state.value)
    if unwritten:
        outcome = Outcome.RETRYING
        reason = (
            f"ImportImage ended as {entry.state.value!r}, but the ledger could not be "
            f"written: {unwritten}. {entry.reason}".rstrip()
        )
    result = as_recorded(outcome, entry, reason)
    return replace(result, parameters=intent.parameters)
