"""Imports under way, followed to their end."""

from collections.abc import Callable

import pytest
from fake_aliyun.ecs.images import BySeconds
from image_import.ledger.entries import State
from image_import.model.result import Outcome
from stacks import POP, ROUTE
from uploads import BUCKET, PAST_ANY_LEASE, Uploads, outcomes, paced

BROKEN = "InvalidImageFormat.Malformed"


@pytest.mark.parametrize("environ", [{}, POP], ids=["public", "apsara-pop"])
def test_an_import_is_followed_until_its_image_is_available(
    environ: dict[str, str],
) -> None:
    uploads = paced(environ)
    sent = uploads.upload("web.qcow2")
    answers = []
    for _ in range(4):
        answers.append(uploads.track())
        uploads.clock.advance(300)
    assert [outcomes(answer) for answer in answers] == [
        ["progress"],
        ["progress"],
        ["progress"],
        ["available"],
    ]
    assert [answer["open"] for answer in answers] == [1, 1, 1, 0]
    (available,) = answers[-1]["changes"]
    assert available["image_id"] == sent.image_id
    assert uploads.notes == []
    assert [(e.state, e.progress) for e in uploads.ledger("web.qcow2")][2:] == [
        (State.PROGRESS, "0%"),
        (State.PROGRESS, "40%"),
        (State.PROGRESS, "90%"),
        (State.AVAILABLE, "100%"),
    ]


def test_a_change_has_the_fields_of_a_result() -> None:
    uploads = paced()
    sent = uploads.upload("web.qcow2")
    (change,) = uploads.track()["changes"]
    assert change == {
        "bucket": BUCKET,
        "object_key": "web.qcow2",
        "etag": sent.etag,
        "outcome": "progress",
        "reason": "Waiting",
        "image_name": sent.image_name,
        "ecs_request_id": sent.ecs_request_id,
        "image_id": sent.image_id,
        "task_id": sent.task_id,
        "progress": "0%",
    }


def test_what_is_over_costs_nothing_and_changes_nothing() -> None:
    uploads = paced()
    uploads.upload("web.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    uploads.track()
    uploads.cloud.requests.clear()
    assert uploads.track() == {"changes": [], "open": 0}
    asked = [request.action for request in uploads.cloud.requests]
    assert asked == ["ListObjectsV2", "PutObject"]


def test_an_available_image_stays_a_duplicate() -> None:
    uploads = paced()
    sent = uploads.upload("web.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    uploads.track()
    again = uploads.upload("web.qcow2")
    assert again.outcome is Outcome.DUPLICATE
    assert again.reason.startswith("this object version became an image before, at ")
    assert again.image_id == sent.image_id


def test_a_failed_import_tells_the_tasks_own_error_each_time_it_is_delivered() -> None:
    uploads = paced()
    uploads.cloud.ecs.fail_import(BROKEN, "The block table is damaged.")
    event = uploads.put("web.qcow2")
    uploads.handle(event)
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    assert change["outcome"] == "create_failed"
    assert (change["error_code"], change["error_message"]) == (
        BROKEN,
        "The block table is damaged.",
    )
    assert uploads.notes == []
    again = uploads.handle(event)
    assert again.outcome is Outcome.FAILED
    assert again.error_code == BROKEN
    assert (
        "to import it again: image-import redrive oss://images/web.qcow2"
        in again.reason
    )
    assert uploads.calls("ImportImage") == 1


def delete(uploads: Uploads, name: str) -> None:
    uploads.cloud.ecs.delete_image(name)


def cancel(uploads: Uploads, name: str) -> None:
    image = uploads.cloud.ecs.images[name]
    uploads.cloud.ecs._backend.cancel_task(image)


@pytest.mark.parametrize(
    ("meddle", "outcome"), [(delete, "gone"), (cancel, "cancelled")]
)
def test_what_a_person_ended_is_told_and_not_begun_again(
    meddle: Callable[[Uploads, str], None], outcome: str
) -> None:
    uploads = paced()
    event = uploads.put("web.qcow2")
    meddle(uploads, uploads.handle(event).image_name)
    uploads.clock.advance(PAST_ANY_LEASE)
    assert outcomes(uploads.track()) == [outcome]
    assert uploads.notes == []
    again = uploads.handle(event)
    assert again.outcome is Outcome.DUPLICATE
    assert "image-import redrive oss://images/web.qcow2" in again.reason
    assert uploads.calls("ImportImage") == 1


def test_an_import_without_progress_is_called_stuck_once() -> None:
    uploads = paced({"STUCK_AFTER_SECONDS": "3600"})
    uploads.cloud.ecs.pace = BySeconds(waiting=60, creating=10_000_000)
    uploads.upload("web.qcow2")
    said = []
    for _ in range(6):
        uploads.clock.advance(1200)
        said += outcomes(uploads.track())
    assert said == ["progress", "stuck"]
    assert uploads.last_state("web.qcow2") is State.STUCK
    assert uploads.ledger("web.qcow2")[-1].reason.startswith("no progress since 20")
    uploads.cloud.ecs.finish_imports()
    assert outcomes(uploads.track()) == ["available"]


def test_where_nothing_can_be_looked_up_it_says_so_once() -> None:
    uploads = paced(ROUTE)
    uploads.upload("web.qcow2")
    answer = uploads.track()
    assert (outcomes(answer), answer["open"]) == (["unfollowed"], 0)
    assert "no look-up" in answer["changes"][0]["reason"]
    assert uploads.track() == {"changes": [], "open": 0}
    assert uploads.upload("web.qcow2").outcome is Outcome.DUPLICATE
