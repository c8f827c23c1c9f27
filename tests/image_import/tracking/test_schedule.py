"""The entry that the timer calls: its answer, its log, and what it needs to know."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from image_import.aliyun.error_catalogue import explain
from image_import.errors import ServiceRejected, SettingsError
from image_import.model.result import Result
from image_import.tracking.schedule import handle_schedule, keeping
from uploads import BUCKET, Uploads

TIMER = json.dumps({"triggerTime": "", "triggerName": "t", "payload": BUCKET}).encode()


def fire(uploads: Uploads, event: bytes = TIMER, **environ: str) -> dict[str, Any]:
    with uploads.cloud:
        answer = handle_schedule(
            event, uploads.cloud.context(), environ=environ, runtime=uploads.runtime
        )
    told: dict[str, Any] = json.loads(answer)
    return told


def lines(caplog: pytest.LogCaptureFixture) -> list[Mapping[str, Any]]:
    ours = [r for r in caplog.records if r.name == "image_import"]
    return [json.loads(r.getMessage()) for r in ours]


def test_one_line_is_logged_for_each_change(caplog: pytest.LogCaptureFixture) -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    uploads.upload("db.qcow2")
    with caplog.at_level(logging.INFO, "image_import"):
        answer = fire(uploads)
    *logged, run = lines(caplog)
    assert answer["open"] == run["open"] == 2
    assert (run["run"], run["news_waiting"], run["errors"]) == ("tracker", 0, 0)
    assert sorted(line["object_key"] for line in logged) == ["db.qcow2", "web.qcow2"]
    assert {line["outcome"] for line in logged} == {"progress"}
    assert all(line["fc_request_id"] for line in logged)


def test_what_went_wrong_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.fail_next("Forbidden.RAM", action="DescribeTasks")
    with caplog.at_level(logging.INFO, "image_import"):
        answer = fire(uploads)
    assert answer["changes"] == []
    record, run = [r for r in caplog.records if r.name == "image_import"]
    assert record.levelno == logging.WARNING
    assert json.loads(run.getMessage())["errors"] == 1
    assert "DescribeTasks: Forbidden.RAM" in record.getMessage()
    assert explain("ECS", "Forbidden.RAM").fix in answer["errors"][0]


def test_notes_that_could_not_be_listed_are_told_with_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    uploads.cloud.oss.fail_next("NoSuchBucket", http_status=404, action="ListObjectsV2")
    with pytest.raises(ServiceRejected, match="ListObjectsV2: NoSuchBucket"):
        fire(uploads)
    (line,) = [line for line in lines(caplog) if "error_message" in line]
    assert "Check its name, OSS_ENDPOINT and REGION_ID" in line["error_message"]


def test_failures_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    uploads = Uploads()
    uploads.cloud.ecs.fail_import("InvalidImageSize")
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    with caplog.at_level(logging.INFO, "image_import"):
        fire(uploads)
    record, _ = [r for r in caplog.records if r.name == "image_import"]
    assert record.levelno == logging.WARNING
    assert json.loads(record.getMessage())["error_code"] == "InvalidImageSize"


def test_several_buckets_make_one_answer() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    uploads.cloud.oss.create_bucket("more")
    event = json.dumps({"payload": f"{BUCKET},more"}).encode()
    assert fire(uploads, event)["open"] == 1


def test_the_ledgers_bucket_needs_no_message() -> None:
    uploads = Uploads({"LEDGER_BUCKET": "ledger"})
    uploads.cloud.oss.create_bucket("ledger")
    uploads.upload("web.qcow2")
    assert fire(uploads, b"{}", LEDGER_BUCKET="ledger")["open"] == 1


def test_without_a_region_it_says_what_to_set() -> None:
    keys = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "id",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
    }
    uploads = Uploads()
    with pytest.raises(SettingsError, match="set it to the region of the ledger"):
        handle_schedule(TIMER, None, environ=keys, runtime=uploads.runtime)


def test_a_ledger_that_may_not_be_listed_fails_the_run() -> None:
    uploads = Uploads()
    uploads.cloud.oss.fail_next("AccessDenied", action="ListObjectsV2")
    with pytest.raises(ServiceRejected, match="OSS ListObjectsV2: AccessDenied"):
        fire(uploads)


def test_a_fault_of_ours_in_one_import_leaves_the_others_and_is_raised() -> None:
    uploads = Uploads()
    for name in ("a", "b", "c"):
        uploads.upload(f"{name}.qcow2")
    bugs: list[Exception] = []
    told: list[str] = []

    def tell(result: Result) -> None:
        if result.object_key == "b.qcow2":
            raise ZeroDivisionError
        told.append(result.object_key)

    tracker = uploads.tracker()
    tracker.tell = tell
    tracker.guard = keeping(bugs)
    with uploads.cloud:
        tracker.run()
    assert sorted(told) == ["a.qcow2", "c.qcow2"]
    assert [type(bug) for bug in bugs] == [ZeroDivisionError]


def test_a_tracker_that_nobody_guards_raises_at_once() -> None:
    uploads = Uploads()
    uploads.upload("a.qcow2")
    tracker = uploads.tracker()

    def tell(_: Result) -> None:
        raise ZeroDivisionError

    tracker.tell = tell
    with uploads.cloud, pytest.raises(ZeroDivisionError):
        tracker.run()
