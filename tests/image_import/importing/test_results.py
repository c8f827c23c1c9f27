"""How a record ends, in words."""

from dataclasses import replace

import pytest
from image_import.errors import (
    EventError,
    EvidenceError,
    ImageImportError,
    PlanError,
    ServiceRejected,
    ServiceUnavailable,
)
from image_import.events.parser import ObjectCreated
from image_import.importing import results
from image_import.ledger.entries import Standing, State
from image_import.model.result import Outcome
from ledger_lines import INTENT, SENT, line

RECORD = ObjectCreated(
    bucket="images",
    object_key="web.qcow2",
    etag="A1",
    object_size_bytes=5,
    event_name="ObjectCreated:PutObject",
    region_id="cn-hangzhou",
)


def rejected(code: str, service: str = "ECS") -> ServiceRejected:
    return ServiceRejected(
        f"{service}: {code}", service=service, action="", code=code, http_status=400
    )


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (EvidenceError("bad file"), Outcome.REFUSED),
        (PlanError("18 disks"), Outcome.REFUSED),
        (rejected("InvalidObjectState", "OSS"), Outcome.REFUSED),
        (rejected("Forbidden.RAM"), Outcome.FAILED),
        (EventError("odd"), Outcome.FAILED),
        (
            ServiceUnavailable("no answer", service="ECS", action=""),
            Outcome.RETRYING,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_ends_as_a_retry_would_help(
    error: ImageImportError, outcome: Outcome
) -> None:
    assert results.of_error(error).outcome is outcome


def test_what_a_service_said_comes_with_what_to_do() -> None:
    result = results.of_error(rejected("NoSetRoletoECSServiceAcount"))
    assert result.error_code == "NoSetRoletoECSServiceAcount"
    assert result.reason.startswith("ECS: NoSetRoletoECSServiceAcount. ")
    assert "role" in result.reason


@pytest.mark.parametrize(
    ("standing", "entry", "outcome", "said"),
    [
        (Standing.LIVE, INTENT, Outcome.RETRYING, "claimed until 2026-11-23T03:05"),
        (Standing.DONE, SENT, Outcome.DUPLICATE, "was submitted before"),
        (
            Standing.DONE,
            replace(SENT, state=State.AVAILABLE),
            Outcome.DUPLICATE,
            "became an image before",
        ),
        (
            Standing.DOUBTFUL,
            line(State.FAILED, reason="perhaps already started"),
            Outcome.FAILED,
            "perhaps already started",
        ),
        (
            Standing.ENDED,
            line(State.CREATE_FAILED, reason="the import failed."),
            Outcome.FAILED,
            "image-import redrive oss://images/web.qcow2",
        ),
        (
            Standing.ENDED,
            line(State.CANCELLED, reason="its task was cancelled"),
            Outcome.DUPLICATE,
            "image-import redrive oss://images/web.qcow2",
        ),
    ],
    ids=["live", "submitted", "available", "doubtful", "failed", "cancelled"],
)
def test_a_ledger_that_decides_is_told(
    standing: Standing, entry: object, outcome: Outcome, said: str
) -> None:
    result = results.of_standing(
        standing,
        entry,  # type: ignore[arg-type]
        bucket="images",
        came="image",
    )
    assert result.outcome is outcome
    assert said in result.reason


def test_a_sidecar_that_comes_too_late_hears_so() -> None:
    late = results.of_standing(Standing.DONE, SENT, bucket="images", came="sidecar")
    assert "changes nothing" in late.reason


@pytest.mark.parametrize(
    ("region_id", "said"),
    [("", "set REGION_ID"), ("us-west-1", "is in cn-hangzhou"), ("cn-hangzhou", "")],
)
def test_a_region_is_that_of_the_bucket_and_known(region_id: str, said: str) -> None:
    why = results.why_not_in(region_id, RECORD)
    assert said in why
    assert bool(why) is bool(said)


def test_the_same_bytes_name_the_upload_that_they_came_with() -> None:
    result = results.same_bytes(SENT)
    assert (result.outcome, result.image_id) == (Outcome.DUPLICATE, "m-1")
    assert "ETag A1" in result.reason
