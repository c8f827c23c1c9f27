"""One run of the timer over a ledger's bucket."""

import json
from dataclasses import replace

from image_import.ledger.entries import State
from image_import.model.result import Outcome
from uploads import BUCKET, LEDGER, PAST_ANY_LEASE, outcomes, paced

BROKEN = "InvalidImageFormat.Malformed"


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
        snapshot = tracker.store.read_by_key(key, prefix=LEDGER)
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
