"""What the timer's function makes of imports under way: on the fakes, end to end."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fake_aliyun.ecs.images import BySeconds
from image_import.ledger.entries import State
from image_import.ledger.layout import LedgerKeys
from image_import.model.result import Outcome
from stacks import POP, ROUTE
from uploads import BUCKET, LEDGER, QCOW2, Uploads, manifest

PAST_ANY_LEASE = 1000
BROKEN = "InvalidImageFormat.Malformed"


def paced(environ: dict[str, str] | None = None) -> Uploads:
    """Return a cloud whose imports take a minute to begin and ten to be made."""
    uploads = Uploads(environ or {})
    uploads.cloud.ecs.pace = BySeconds(waiting=60, creating=600)
    return uploads


def outcomes(answer: dict[str, Any]) -> list[str]:
    return [change["outcome"] for change in answer["changes"]]


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
    assert [request.action for request in uploads.cloud.requests] == ["ListObjectsV2"]


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


def test_an_abandoned_claim_is_delivered_again() -> None:
    uploads = paced()
    event = uploads.put("web.qcow2")
    uploads.cloud.ecs.fail_next(timeout=True, after_effect=True, times=4)
    assert uploads.handle(event).outcome is Outcome.RETRYING
    uploads.clock.advance(PAST_ANY_LEASE)
    answer = uploads.track()
    assert outcomes(answer) == ["submitted"]
    assert answer["open"] == 1
    assert len(uploads.image_names) == 1
    assert len(uploads.notes) == 1


def test_a_claim_that_is_alive_is_left_alone() -> None:
    uploads = paced()
    event = uploads.put("web.qcow2")
    uploads.handle(event)
    (ledger,) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")
    content = uploads.cloud.oss.get(BUCKET, ledger).content
    intent = content.to_bytes().splitlines(keepends=True)[0]
    uploads.cloud.oss.delete(BUCKET, ledger)
    uploads.cloud.oss.put(BUCKET, ledger, intent)
    assert uploads.track() == {"changes": [], "open": 1}


def test_a_note_whose_claim_never_came_is_nobodys_once_its_upload_is_imported() -> None:
    uploads = paced()
    uploads.upload("web.qcow2")
    etag = uploads.cloud.oss.get(BUCKET, "web.qcow2").etag
    said = {"bucket": BUCKET, "object_key": "web.qcow2", "etag": etag}
    put_note(uploads, json.dumps(said).encode())
    uploads.clock.advance(PAST_ANY_LEASE)
    answer = uploads.track()
    assert outcomes(answer) == ["available", "duplicate"]
    assert (answer["open"], uploads.notes) == (0, [])
    assert uploads.track() == {"changes": [], "open": 0}
    assert len(uploads.image_names) == 1


def test_the_only_note_of_an_import_outlives_a_leftover_beside_it() -> None:
    uploads = paced()
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.pace = BySeconds(waiting=60, creating=10 * PAST_ANY_LEASE)
    (own,) = uploads.notes
    etag = uploads.cloud.oss.get(BUCKET, "web.qcow2").etag
    said = {"bucket": BUCKET, "object_key": "web.qcow2", "etag": etag}
    put_note(uploads, json.dumps(said).encode())
    uploads.clock.advance(PAST_ANY_LEASE)
    answer = uploads.track()
    assert (answer["open"], uploads.notes) == (1, [own])


def put_note(uploads: Uploads, data: bytes) -> None:
    place = LedgerKeys(prefix=LEDGER, bucket=BUCKET, object_key="web.qcow2")
    etag = uploads.cloud.oss.get(BUCKET, "web.qcow2").etag
    uploads.cloud.oss.put(BUCKET, place.open_key(etag, "dead"), data)


def test_a_note_without_a_claim_is_delivered_when_it_must_be_dead() -> None:
    uploads = paced()
    uploads.put("web.qcow2")
    etag = uploads.cloud.oss.get(BUCKET, "web.qcow2").etag
    said = {"bucket": BUCKET, "object_key": "web.qcow2", "etag": etag}
    put_note(uploads, json.dumps(said).encode())
    assert uploads.track() == {"changes": [], "open": 1}
    uploads.clock.advance(PAST_ANY_LEASE)
    assert outcomes(uploads.track()) == ["submitted"]
    assert len(uploads.notes) == 1
    assert "dead" not in uploads.notes[0]


def test_a_note_that_says_nothing_is_an_error_that_names_what_to_do() -> None:
    uploads = paced()
    uploads.put("web.qcow2")
    put_note(uploads, b"[]")
    uploads.clock.advance(PAST_ANY_LEASE)
    answer = uploads.track()
    assert (answer["changes"], answer["open"]) == ([], 1)
    assert "a note under open/ is not one that we write" in answer["errors"][0]


def test_the_leftovers_of_an_upload_that_is_gone_are_cleared_away() -> None:
    uploads = paced()
    event = uploads.put("web.qcow2")
    uploads.cloud.ecs.fail_next("Throttling", http_status=400, times=4)
    assert uploads.handle(event).outcome is Outcome.RETRYING
    uploads.cloud.oss.delete(BUCKET, "web.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    assert outcomes(uploads.track()) == ["ignored"]
    assert uploads.notes == []


def test_throttled_imports_are_handed_back_when_there_is_room() -> None:
    uploads = paced()
    uploads.cloud.ecs.fail_next("Throttling", http_status=400, times=40)
    for number in range(10):
        assert uploads.upload(f"web{number}.qcow2").outcome is Outcome.RETRYING
    uploads.clock.advance(PAST_ANY_LEASE)
    uploads.cloud.ecs.fail_next("Throttling", http_status=400, times=4)
    assert outcomes(uploads.track()) == ["retrying"]
    uploads.clock.advance(PAST_ANY_LEASE)
    answer = uploads.track()
    assert (outcomes(answer), answer["open"]) == (["submitted"] * 10, 10)
    assert len(uploads.notes) == 10
    assert len(uploads.image_names) == 10


def test_imports_over_quota_wait_until_one_gets_through() -> None:
    uploads = paced()
    uploads.cloud.ecs.image_quota = 1
    first = uploads.upload("web0.qcow2")
    for number in (1, 2, 3):
        assert uploads.upload(f"web{number}.qcow2").outcome is Outcome.FAILED
    assert len(uploads.notes) == 4
    uploads.clock.advance(PAST_ANY_LEASE)
    assert outcomes(uploads.track()) == ["available", "failed"]
    uploads.cloud.ecs.delete_image(first.image_name)
    uploads.cloud.ecs.image_quota = 3
    uploads.clock.advance(PAST_ANY_LEASE)
    answer = uploads.track()
    assert outcomes(answer) == ["submitted"] * 3
    assert len(uploads.notes) == 3


def test_a_refusal_for_lack_of_room_is_tried_ever_more_rarely() -> None:
    uploads = paced()
    uploads.cloud.ecs.image_quota = 0
    uploads.upload("web.qcow2")
    for _ in range(60):
        uploads.clock.advance(300)
        uploads.track()
    assert 8 <= uploads.calls("ImportImage") <= 12


SOURCES = ("db-disk1.qcow2", "db-disk2.qcow2")


def set_of_two(environ: dict[str, str]) -> Uploads:
    uploads = paced({"SIDECAR": "required", **environ})
    uploads.put("db-disk2.qcow2", QCOW2 + b"\0" * 512, tags={"team": "db"})
    uploads.put("db-disk1.qcow2")
    assert (
        uploads.upload("db-disk1.qcow2.json", manifest(*SOURCES)).outcome
        is Outcome.SUBMITTED
    )
    return uploads


def sources(uploads: Uploads) -> list[str]:
    return uploads.cloud.oss.keys(BUCKET, "db-disk")


def test_sources_are_kept_unless_the_operator_says_otherwise() -> None:
    uploads = set_of_two({})
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    assert change["reason"] == "the image is Available"
    assert len(sources(uploads)) == 3
    assert uploads.cloud.oss.get(BUCKET, "db-disk1.qcow2").tags == {}


def test_all_disks_are_deleted_only_after_their_image_is_available() -> None:
    uploads = set_of_two({"ON_AVAILABLE": "delete"})
    for _ in range(3):
        uploads.track()
        assert len(sources(uploads)) == 3
        uploads.clock.advance(200)
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    assert change["reason"] == (
        "the image is Available; db-disk1.qcow2 was deleted; db-disk2.qcow2 was deleted"
    )
    assert sources(uploads) == ["db-disk1.qcow2.json"]


def test_a_tag_is_added_to_those_that_are_there() -> None:
    uploads = set_of_two({"ON_AVAILABLE": "tag"})
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    tags = uploads.cloud.oss.get(BUCKET, "db-disk2.qcow2").tags
    assert tags == {"team": "db", "image-import": change["image_id"]}


def test_an_object_with_ten_tags_gets_none() -> None:
    uploads = paced({"ON_AVAILABLE": "tag"})
    uploads.upload("web.qcow2", tags={f"t{n}": "v" for n in range(10)})
    uploads.clock.advance(PAST_ANY_LEASE)
    (change,) = uploads.track()["changes"]
    assert "has 10 tags already" in change["reason"]


@pytest.mark.parametrize("wish", ["tag", "delete"])
def test_an_object_that_was_uploaded_anew_is_left_alone(wish: str) -> None:
    uploads = paced({"ON_AVAILABLE": wish})
    sent = uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    uploads.put("web.qcow2", QCOW2 + b"\0")
    (change,) = uploads.track()["changes"]
    assert change["image_id"] == sent.image_id
    assert "uploaded anew since, and is left alone" in change["reason"]
    kept = uploads.cloud.oss.get(BUCKET, "web.qcow2")
    assert kept.tags == {}


@pytest.mark.parametrize(
    ("action", "wish"),
    [("DeleteObject", "delete"), ("PutObjectTagging", "tag"), ("GetObject", "delete")],
)
def test_a_source_that_could_not_be_settled_is_settled_by_the_next_run(
    action: str, wish: str
) -> None:
    uploads = paced({"ON_AVAILABLE": wish})
    uploads.upload("web.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    uploads.cloud.oss.fail_next(
        "ServiceUnavailable", action=action, key="web.qcow2", times=4
    )
    answer = uploads.track()
    assert (outcomes(answer), answer["open"]) == (["available"], 1)
    assert len(answer["errors"]) == 1
    assert uploads.track() == {"changes": [], "open": 0}
    left = uploads.cloud.oss.keys(BUCKET, "web.qcow2")
    tags = uploads.cloud.oss.get(BUCKET, "web.qcow2").tags if left else {}
    assert bool(tags) == (wish == "tag")
    assert left == ([] if wish == "delete" else ["web.qcow2"])


def test_a_source_that_may_not_be_touched_is_said_and_given_up() -> None:
    uploads = paced({"ON_AVAILABLE": "delete"})
    uploads.upload("web.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    uploads.cloud.oss.fail_next("AccessDenied", action="DeleteObject", key="web.qcow2")
    (change,) = uploads.track()["changes"]
    assert (
        "web.qcow2 is left as it is: OSS DeleteObject: AccessDenied" in change["reason"]
    )
    assert uploads.notes == []


def etags(uploads: Uploads) -> dict[str, str]:
    oss = uploads.cloud.oss
    return {key: oss.get(BUCKET, key).etag for key in oss.keys(BUCKET)}


def test_a_dry_run_says_what_it_would_do_and_writes_nothing() -> None:
    uploads = paced({"ON_AVAILABLE": "delete"})
    uploads.upload("web.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    before = {
        k: uploads.cloud.oss.get(BUCKET, k).etag for k in uploads.cloud.oss.keys(BUCKET)
    }
    uploads.environ = {"DRY_RUN": "true", "ON_AVAILABLE": "delete"}
    (change,) = uploads.track()["changes"]
    assert (change["outcome"], change["reason"]) == (
        "planned",
        "DRY_RUN: nothing was written; the image is Available",
    )
    after = {
        k: uploads.cloud.oss.get(BUCKET, k).etag for k in uploads.cloud.oss.keys(BUCKET)
    }
    assert after == before


def test_what_one_import_lacks_does_not_stop_the_others() -> None:
    uploads = paced()
    uploads.upload("bad.qcow2")
    uploads.upload("web.qcow2")
    ledger = next(k for k in uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/bad"))
    uploads.cloud.oss.put(BUCKET, ledger, b"scribbled over\n")
    answer = uploads.track()
    assert outcomes(answer) == ["progress"]
    assert "line 1 of the ledger is not one that we write" in answer["errors"][0]


def test_a_look_up_that_fails_leaves_the_imports_for_the_next_run() -> None:
    uploads = paced()
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.fail_next("InternalError", action="DescribeTasks", times=4)
    answer = uploads.track()
    assert (answer["changes"], answer["open"]) == ([], 1)
    assert "DescribeTasks: InternalError" in answer["errors"][0]
    assert outcomes(uploads.track()) == ["progress"]


def test_two_runs_at_once_write_and_tell_each_change_once() -> None:
    uploads = paced()
    for number in range(5):
        uploads.upload(f"web{number}.qcow2")
    uploads.clock.advance(PAST_ANY_LEASE)
    with uploads.cloud:
        first, second = uploads.tracker(), uploads.tracker()
        ledgers, _ = second._open_ledgers().read()
        told = first.run()
        sight = second._look(ledgers)
        works = [second._following(o, sight, second._follower()) for o in ledgers]
        for work in works:
            work()
    assert len(told.changes) == 5
    assert second.report.changes == []
    for number in range(5):
        states = [line.state for line in uploads.ledger(f"web{number}.qcow2")]
        assert states.count(State.AVAILABLE) == 1


def test_an_operator_raises_the_attempt_and_the_next_delivery_imports_again() -> None:
    uploads = paced()
    uploads.cloud.ecs.fail_import(BROKEN)
    event = uploads.put("web.qcow2")
    first = uploads.handle(event)
    uploads.clock.advance(PAST_ANY_LEASE)
    uploads.track()
    tracker = uploads.tracker()
    with uploads.cloud:
        (key,) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")
        snapshot = tracker.store.read_unplaced(key, prefix=LEDGER)
        assert snapshot is not None
        ended = snapshot.entries[-1]
        redrive = replace(ended, state=State.REDRIVE, attempt=2, version="")
        tracker.store.write(snapshot, redrive)
    second = uploads.handle(event)
    assert second.outcome is Outcome.SUBMITTED
    assert second.image_name != first.image_name
    assert uploads.ledger("web.qcow2")[-1].attempt == 2
    assert uploads.handle(event).outcome is Outcome.DUPLICATE


def test_the_answer_is_json() -> None:
    uploads = paced()
    uploads.upload("web.qcow2")
    with uploads.cloud:
        report = uploads.tracker().run()
    assert json.loads(report.to_json())["open"] == 1
