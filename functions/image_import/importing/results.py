"""What a ledger's standing means for the record that meets it."""

from image_import.aliyun.ecs.error_catalogue import Explanation, explain
from image_import.errors import (
    EvidenceError,
    ImageImportError,
    PlanError,
    ServiceError,
    ServiceRejected,
    ServiceUnavailable,
)
from image_import.ledger.entries import LedgerEntry, Standing, State, to_text
from image_import.model.result import Outcome, Result

REFUSED_CODES = {"InvalidObjectState"}
"""What OSS refuses because of the object itself: its uploader can mend it."""


def ignored(reason: str) -> Result:
    """Return the end of a record that is not ours."""
    return Result(outcome=Outcome.IGNORED, reason=reason)


def waiting(reason: str) -> Result:
    """Return the end of a record that waits for another upload."""
    return Result(outcome=Outcome.WAITING, reason=reason)


def refused(reason: str) -> Result:
    """Return the end of a record that we will not send."""
    return Result(outcome=Outcome.REFUSED, reason=reason)


def stands(
    standing: Standing, entry: LedgerEntry, *, bucket: str, is_sidecar: bool
) -> Result:
    """Return the end of a record that the ledger does not leave to us."""
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
    if is_sidecar:
        reason += (
            "; a sidecar that comes after its image changes nothing: upload the image "
            "again, or set SIDECAR=required so that images wait for theirs"
        )
    return as_recorded(Outcome.DUPLICATE, entry, reason)


def _ended(entry: LedgerEntry, bucket: str) -> Result:
    """Return the end of a record whose import came to no image.

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


def too_late(entry: LedgerEntry) -> PlanError:
    """Return why a manifest whose system disk is already an image is refused.

    The same bytes under the same name would be this version again, and refused again.
    """
    image = f" ({entry.image_id})" if entry.image_id else ""
    return PlanError(
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
    return f"{str(exc).rstrip('.')}. {entry.cause} {entry.fix}"


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
