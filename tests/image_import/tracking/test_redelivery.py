"""What was claimed and left, delivered again."""

import json
from dataclasses import replace

from fake_aliyun.ecs.images import BySeconds
from image_import.ledger.layout import LedgerKeys
from image_import.model.result import Outcome
from uploads import BUCKET, LEDGER, PAST_ANY_LEASE, Uploads, outcomes, paced


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


def test_a_time_out_too_short_to_deliver_again_is_told_with_what_to_set() -> None:
    uploads = paced()
    event = uploads.put("web.qcow2")
    uploads.cloud.ecs.fail_next(timeout=True, after_effect=True, times=4)
    assert uploads.handle(event).outcome is Outcome.RETRYING
    uploads.clock.advance(PAST_ANY_LEASE)
    tracker = uploads.tracker()
    tracker.invocation = replace(tracker.invocation, timeout_seconds=59)
    with uploads.cloud:
        report = tracker.run()
    assert (report.changes, report.open_count) == ([], 1)
    assert "to 240 s or more" in report.errors[0]
    answer = uploads.track()
    assert (outcomes(answer), answer.get("errors")) == (["submitted"], None)


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
