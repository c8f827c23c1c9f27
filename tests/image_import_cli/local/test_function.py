"""Uploads by real clients end as images, through the function's own handler."""

import json
import threading
from pathlib import Path
from typing import Any

import oss2
import pytest
import yaml
from desks import BUCKET, LEDGER, QCOW2, client, desk_with, wait_for_deliveries
from fake_aliyun.core.http import Request, Response
from fake_aliyun.fc.invocations import FcInvocation
from fake_aliyun.fc.models import Function
from image_import_cli.local.console import News
from image_import_cli.local.deliveries import read_delivery
from image_import_cli.local.desk import Desk
from image_import_cli.local.function import EVENTS, TRACKER
from image_import_cli.local.page_state import PageView
from image_import_cli.local.timer import Timer
from made_vmdk import stream_optimized
from repository import ROOT
from waiting import PATIENCE_SECONDS, wait_until

TEMPLATE = ROOT / "template.yml"


def outcomes(invocations: list[Any]) -> list[str]:
    return [read_delivery(invocation).outcome for invocation in invocations]


@pytest.mark.parametrize("target", ["public", "apsara-pop", "apsara-route"])
def test_a_put_becomes_an_image_on_each_target(target: str) -> None:
    with desk_with(IMPORT_TARGET=target) as desk:
        client(desk).put_object("ubuntu-24.04-amd64.qcow2", QCOW2)
        deliveries = wait_for_deliveries(desk, 1)
        (image,) = desk.cloud.ecs.images.values()
    assert outcomes(deliveries) == ["submitted"]
    assert image.disks[0].object_key == "ubuntu-24.04-amd64.qcow2"
    assert image.platform == "Ubuntu"


def test_what_has_to_pass_through_a_converter_does_so_by_its_own_trigger() -> None:
    vmdk = stream_optimized(bytes(446) + b"\x80" + bytes(63) + b"\x55\xaa" + bytes(512))
    with desk_with() as desk:
        client(desk).put_object("debian-12.vmdk", vmdk)
        deliveries = wait_for_deliveries(desk, 2)
        (image,) = desk.cloud.ecs.images.values()
    assert [d.function.name for d in deliveries] == ["importer", "converter"]
    assert outcomes(deliveries) == ["converting", "submitted"]
    assert image.disks[0].object_key.endswith("-1.qcow2")


def test_an_upload_in_parts_is_delivered_once_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "debian-12.qcow2"
    file.write_bytes(QCOW2 + bytes(300_000))
    with desk_with() as desk:
        oss2.resumable_upload(
            client(desk),
            "debian-12.qcow2",
            str(file),
            store=oss2.ResumableStore(root=str(tmp_path)),
            multipart_threshold=1,
            part_size=102_400,
        )
        deliveries = wait_for_deliveries(desk, 1)
        (image,) = desk.cloud.ecs.images.values()
    (record,) = json.loads(deliveries[0].payload)["events"]
    assert record["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    assert len(deliveries) == 1
    assert image.disks[0].format == "QCOW2"


def test_a_copy_is_delivered_too() -> None:
    with desk_with() as desk:
        desk.cloud.oss.put("elsewhere", "debian-12.qcow2", QCOW2)
        client(desk).copy_object("elsewhere", "debian-12.qcow2", "debian-12.qcow2")
        assert outcomes(wait_for_deliveries(desk, 1)) == ["submitted"]


def test_an_appended_object_and_a_part_are_not_delivered() -> None:
    with desk_with() as desk:
        bucket = client(desk)
        bucket.append_object("growing.qcow2", 0, QCOW2)
        upload = bucket.init_multipart_upload("whole.qcow2")
        bucket.upload_part("whole.qcow2", upload.upload_id, 1, QCOW2)
        bucket.put_object("last.qcow2", QCOW2)
        (delivery,) = wait_for_deliveries(desk, 1)
    assert read_delivery(delivery).event["oss"]["object"]["key"] == "last.qcow2"


def test_only_what_lies_under_the_prefix_is_delivered() -> None:
    with desk_with(KEY_PREFIX="incoming/") as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        client(desk).put_object("incoming/debian-12.qcow2", QCOW2)
        (delivery,) = wait_for_deliveries(desk, 1)
    key = read_delivery(delivery).event["oss"]["object"]["key"]
    assert key == "incoming/debian-12.qcow2"


def test_the_function_never_hears_of_its_own_ledger() -> None:
    with desk_with() as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        deliveries = wait_for_deliveries(desk, 1)
        assert desk.cloud.oss.keys(LEDGER, ".image-import/images/debian-12")
        assert desk.cloud.oss.keys(BUCKET) == ["debian-12.qcow2"]
    assert len(deliveries) == 1


def test_a_ledger_in_the_images_bucket_stays_unheard_beside_the_prefix() -> None:
    with desk_with(LEDGER_BUCKET=BUCKET, KEY_PREFIX="incoming/") as desk:
        client(desk).put_object("incoming/debian-12.qcow2", QCOW2)
        deliveries = wait_for_deliveries(desk, 1)
        assert desk.cloud.oss.keys(BUCKET, ".image-import/images/")
    assert outcomes(deliveries) == ["submitted"]


def test_a_handler_that_raises_is_called_again_later() -> None:
    with desk_with() as desk:
        # As often as one invocation asks by itself before it gives back.
        desk.cloud.ecs.fail_next("ServiceUnavailable", action="ImportImage", times=4)
        client(desk).put_object("debian-12.qcow2", QCOW2)
        (delivery,) = wait_for_deliveries(desk, 1)
        assert len(desk.cloud.ecs.images) == 1
    tries = read_delivery(delivery).tries
    assert [t.records[0]["outcome"] for t in tries] == ["retrying", "submitted"]
    assert delivery.due > delivery.enqueued


def test_the_handler_gets_its_call_and_its_role_from_function_compute() -> None:
    with desk_with() as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        (delivery,) = wait_for_deliveries(desk, 1)
    (record,) = read_delivery(delivery).records
    assert record["fc_request_id"] == delivery.request_id
    principals = {r.principal for r in desk.cloud.requests if r.action == "ImportImage"}
    assert principals == {"role/image-import-function"}


def test_the_trigger_listens_to_what_the_deployed_one_does() -> None:
    trigger = deployed("ObjectCreated")
    assert tuple(trigger["TriggerConfig"]["events"]) == EVENTS


def deployed(resource: str) -> Any:
    text = TEMPLATE.read_text("utf-8")
    return yaml.safe_load(text)["Resources"][resource]["Properties"]


def ledger_states(desk: Desk) -> list[str]:
    keys = desk.cloud.oss.keys(LEDGER, ".image-import/images/")
    text = desk.cloud.oss.get(LEDGER, keys[0]).content.to_bytes()
    return [json.loads(line)["state"] for line in text.splitlines()]


def runs(desk: Desk) -> list[FcInvocation]:
    return [i for i in desk.cloud.fc.invocations if i.function.name == TRACKER]


def follow(desk: Desk) -> None:
    timer = Timer(desk, import_seconds=0)
    timer.fire_if_due()
    wait_until(lambda: not any(run.is_open for run in runs(desk)))


def test_an_import_is_followed_to_its_end_in_the_ledger() -> None:
    with desk_with(ON_AVAILABLE="delete") as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        follow(desk)
        assert ledger_states(desk)[-1] == "available"
        assert desk.cloud.oss.keys(BUCKET) == []


def test_an_image_is_copied_and_shared_in_the_role_that_is_deployed() -> None:
    with desk_with(COPY_TO_REGIONS="cn-beijing", SHARE_WITH="1000000000000001") as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        for _ in range(3):
            follow(desk)
            desk.cloud.ecs.finish_imports()
        assert ledger_states(desk)[-1] == "distributed"


def test_behind_the_route_an_import_is_followed_where_a_look_up_is_set() -> None:
    given = {"IMPORT_TARGET": "apsara-route", "ECS_LOOKUP": "pop"}
    with desk_with(**given) as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        follow(desk)
        assert ledger_states(desk)[-1] == "available"
    with desk_with(IMPORT_TARGET="apsara-route") as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        follow(desk)
        assert ledger_states(desk)[-1] == "unfollowed"


def test_the_tracker_runs_only_while_something_is_open() -> None:
    with desk_with() as desk:
        follow(desk)
        assert runs(desk) == []
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        follow(desk)
        follow(desk)
        assert len(runs(desk)) == 1


def test_the_tracker_leaves_alone_what_is_being_retried() -> None:
    with desk_with() as desk:
        timer = Timer(desk, import_seconds=0)
        desk.cloud.ecs.fail_next("ServiceUnavailable", action="ImportImage", times=4)
        client(desk).put_object("debian-12.qcow2", QCOW2)
        (delivery,) = desk.cloud.fc.invocations

        def has_ended() -> bool:
            timer.fire_if_due()
            return not delivery.is_open or bool(runs(desk))

        wait_until(has_ended)
        assert not (delivery.is_open and runs(desk))
    tries = read_delivery(delivery).tries
    assert [t.records[0]["outcome"] for t in tries] == ["retrying", "submitted"]


def test_deliveries_keep_the_tracker_from_its_work_for_a_while_only() -> None:
    with desk_with() as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        release = threading.Event()
        desk.cloud.fc.invoke_async(waiting_function(desk, release), b"")
        Timer(desk, import_seconds=0, held_seconds=0).fire_if_due()
        release.set()
        assert len(runs(desk)) == 1


def waiting_function(desk: Desk, release: threading.Event) -> Function:
    return desk.cloud.fc.create_function(
        "s", "f", lambda *_: str(release.wait(PATIENCE_SECONDS))
    )


def upload_and_be_given_up(desk: Desk) -> FcInvocation:
    """Return a delivery whose second attempt the platform does not make."""
    desk.cloud.ecs.fail_next("ServiceUnavailable", action="ImportImage", times=4)
    client(desk).put_object("debian-12.qcow2", QCOW2)
    wait_until(lambda: "ImportImage" in [r.action for r in desk.cloud.requests])
    desk.cloud.fc.refuse_attempts("InvalidArgument")
    (delivery,) = wait_for_deliveries(desk, 1)
    return delivery


def test_what_the_tracker_submits_is_told_and_shown_after_all() -> None:
    with desk_with() as desk:
        news = News(desk)
        assert read_delivery(upload_and_be_given_up(desk)).outcome == "given up"
        (event,) = PageView(desk).overview()["events"]["newest"]
        assert event["outcome"] == "given up"
        follow(desk)
        lines = [line.split(maxsplit=1)[1] for line in news.lines()]
        (event,) = PageView(desk).overview()["events"]["newest"]
    submitted = [line for line in lines if line.startswith("submitted")]
    assert [line.rpartition(" (")[2] for line in submitted] == ["by the tracker)"]
    assert event["outcome"] == "submitted"
    assert event["reason"].endswith("after 2 attempts; the tracker sent it")


def test_an_image_is_told_of_after_the_delivery_that_submitted_it() -> None:
    is_held, may_answer = threading.Event(), threading.Event()
    with desk_with() as desk:
        handle = desk.cloud.handle

        def hold_import_image(request: Request) -> Response:
            answer = handle(request)
            if desk.cloud.ecs.images:
                is_held.set()
                may_answer.wait(PATIENCE_SECONDS)
            return answer

        desk.cloud.handle = hold_import_image  # type: ignore[method-assign]
        news = News(desk)
        client(desk).put_object("debian-12.qcow2", QCOW2)
        assert is_held.wait(PATIENCE_SECONDS)
        assert list(news.lines()) == []
        may_answer.set()
        wait_for_deliveries(desk, 1)
        words = [line.split()[1] for line in news.lines()]
    assert words == ["submitted", "Available"]


def test_runs_of_the_tracker_are_told_of_only_if_they_fail() -> None:
    with desk_with() as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        news = News(desk)
        assert len(list(news.lines())) == 2
        desk.cloud.oss.fail_next("AccessDenied", action="ListObjectsV2", times=20)
        follow(desk)
        (line,) = news.lines()
    assert "not followed" in line
    assert "AccessDenied" in line


def test_the_tracker_is_deployed_with_the_time_out_of_the_template() -> None:
    tracker = deployed("Tracker")
    with desk_with() as desk:
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        follow(desk)
        (run,) = runs(desk)
    assert run.function.timeout_seconds == tracker["Timeout"]
    assert run.function.handler_name == tracker["Handler"]
    events = deployed("TrackerEvents")
    assert run.function.async_config.retries == events["MaxAsyncRetryAttempts"]
