"""Time triggers of the faked Function Compute, through aliyun-fc2 and by themselves."""

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import fc2
import pytest
import requests
from calling_fc import NAMES, PUBLIC, client_at, echo, refusal
from fake_aliyun import FakeAliyun, ManualClock
from fake_aliyun.fc.runtime.context import FcContext
from waiting import PATIENCE_SECONDS

EVERY_5_MINUTES = {"cronExpression": "@every 5m", "enable": True}


@pytest.fixture
def fc(cloud: FakeAliyun) -> Iterator[fc2.Client]:
    """Return a client of a cloud that has the function imports/import."""
    cloud.fc.create_function(*NAMES, echo)
    with cloud:
        yield client_at(cloud, PUBLIC)


def create(fc: fc2.Client, config: Any, name: str = "schedule") -> Any:
    """Return what aliyun-fc2 reads of the answer to CreateTrigger."""
    return fc.create_trigger(*NAMES, name, "timer", config, "", "").data


def test_a_timer_sends_the_documented_event_asynchronously() -> None:
    """Source: "Formats of event for different triggers", read 2026-11."""
    clock = ManualClock(datetime(2023, 12, 26, 7, 49, tzinfo=timezone.utc))
    cloud = FakeAliyun(clock=clock)
    function = cloud.fc.create_function(*NAMES, lambda event, _: event)
    cloud.fc.create_timer(
        function, "@every 5m", name="timer-trigger", payload="awesome-fc"
    )
    (invocation,) = cloud.fc.tick()
    assert (invocation.status, invocation.started_by) == (
        "Enqueued", "timer/timer-trigger",
    )  # fmt: skip
    cloud.fc.drain()
    assert json.loads(invocation.result) == {
        "triggerTime": "2023-12-26T07:49:00Z",
        "triggerName": "timer-trigger",
        "payload": "awesome-fc",
    }


def test_a_timers_function_runs_in_its_own_role(cloud: FakeAliyun) -> None:
    def whoami(_: bytes, context: FcContext) -> str:
        return context.credentials.access_key_id

    function = cloud.fc.create_function(*NAMES, whoami, role="tracker")
    cloud.fc.create_timer(function, "@every 5m")
    cloud.ram.create_role("tracker", service="oss.aliyuncs.com")
    (refused,) = cloud.fc.tick()
    cloud.fc.drain()
    cloud.ram.create_role("tracker", service="fc.aliyuncs.com")
    (allowed,) = cloud.fc.tick()
    cloud.fc.drain()
    assert (refused.status, allowed.status) == ("Failed", "Succeeded")
    assert allowed.result.startswith(b"STS.")
    assert [denied.action for denied in cloud.fc.denied] == ["sts:AssumeRole"]


def test_a_timer_that_fails_is_tried_again_as_its_function_says() -> None:
    cloud = FakeAliyun(clock=ManualClock())

    def fail(*_: object) -> None:
        raise ValueError

    function = cloud.fc.create_function(*NAMES, fail)
    cloud.fc.create_timer(function, "@every 5m")
    (invocation,) = cloud.fc.tick()
    cloud.fc.drain()
    assert (invocation.status, len(invocation.attempts)) == ("Failed", 4)


def test_a_timer_that_is_off_or_gone_does_not_fire(
    cloud: FakeAliyun, fc: fc2.Client
) -> None:
    create(fc, {**EVERY_5_MINUTES, "enable": False}, "off")
    create(fc, EVERY_5_MINUTES, "gone")
    create(fc, EVERY_5_MINUTES, "on")
    fc.delete_trigger(*NAMES, "gone")
    started = [json.loads(invocation.payload) for invocation in cloud.fc.tick()]
    assert [event["triggerName"] for event in started] == ["on"]


def test_a_timer_is_shown_as_it_was_made(fc: fc2.Client) -> None:
    config = {"payload": "my-images", "cronExpression": "0 0 4 * * *", "enable": True}
    create(fc, config)
    shown = fc.get_trigger(*NAMES, "schedule").data
    assert (shown["triggerType"], shown["triggerConfig"]) == ("timer", config)
    assert [t["triggerName"] for t in fc.list_triggers(*NAMES).data["triggers"]] == [
        "schedule"
    ]


def test_uploads_do_not_start_a_timer_nor_a_timer_what_waits_for_uploads(
    cloud: FakeAliyun,
) -> None:
    function = cloud.fc.create_function(*NAMES, echo)
    cloud.fc.create_timer(function, "@every 5m")
    cloud.oss.put("images", "k", b"")
    assert list(cloud.fc.invocations) == []
    cloud.fc.create_trigger(function, "images")
    assert len(cloud.fc.tick()) == 1


@pytest.mark.parametrize(
    "schedule",
    [
        "@every 5m",
        "0 0 4 * * *",
        "0 */5 * * * *",
        "0 0 4 ? * MON-FRI",
        "30 10-50/10 1,13 1 JAN,JUL 1-7",
        "CRON_TZ=Asia/Shanghai 0 0 4 1 * *",
    ],
)
def test_documented_schedules_are_taken(fc: fc2.Client, schedule: str) -> None:
    made = create(fc, {**EVERY_5_MINUTES, "cronExpression": schedule})
    assert made["triggerConfig"]["cronExpression"] == schedule


@pytest.mark.parametrize(
    "schedule",
    [
        None,
        "",
        "every five minutes",
        "@every 0m",
        "@every 5",
        "@hourly",
        "0 4 * * *",
        "0 0 4 * * * *",
        "* 0 4 * * *",
        "0 60 4 * * *",
        "0 0 24 * * *",
        "0 0 4 0 * *",
        "0 0 4 * 13 *",
        "0 0 4 * * 0",
        "0 0 4 * ? *",
        "0 0 4- * * *",
        "0 */0 * * * *",
        "0 0 4 * * 1/2",
        "0  0 4 * * *",
        "TZ=Asia/Shanghai 0 0 4 * * *",
    ],
)
def test_other_schedules_are_refused(fc: fc2.Client, schedule: str | None) -> None:
    config = {**EVERY_5_MINUTES, "cronExpression": schedule}
    assert refusal(lambda: create(fc, config)) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    "config",
    [
        None,
        "@every 5m",
        {**EVERY_5_MINUTES, "message": "my-images"},
        {**EVERY_5_MINUTES, "CronExpression": "@every 5m"},
        {**EVERY_5_MINUTES, "enable": "true"},
        {"cronExpression": "@every 5m"},
        {"enable": True},
        {**EVERY_5_MINUTES, "payload": {"buckets": []}},
        {**EVERY_5_MINUTES, "payload": "x" * (128 * 1024 + 1)},
    ],
    ids=[
        "none", "text", "an unknown key", "ROS's spelling", "enable as text",
        "no enable", "no schedule", "payload as an object", "payload too long",
    ],
)  # fmt: skip
def test_other_configurations_are_refused(fc: fc2.Client, config: Any) -> None:
    assert refusal(lambda: create(fc, config)) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    "config",
    [
        {"events": ["oss:ObjectCreated:PutObject"], "prefix": "in/"},
        {"events": ["oss:ObjectCreated:PutObject"], "filter": {"prefix": "in/"}},
        {"events": ["oss:ObjectCreated:PutObject"], "filter": {"key": {"Prefix": ""}}},
    ],
)
def test_an_oss_trigger_has_no_unknown_keys_either(fc: fc2.Client, config: Any) -> None:
    source = "acs:oss:cn-hangzhou:1:images"
    seen = refusal(
        lambda: fc.create_trigger(
            *NAMES, "t", "oss", config, source, "acs:ram::1:role/r"
        )
    )
    assert seen == (400, "InvalidArgument")


@pytest.mark.parametrize("kind", ["log", "Timer", "http"])
def test_other_kinds_of_triggers_are_refused(fc: fc2.Client, kind: str) -> None:
    seen = refusal(
        lambda: fc.create_trigger(*NAMES, "t", kind, EVERY_5_MINUTES, "", "")
    )
    assert seen == (400, "InvalidArgument")


@pytest.mark.parametrize("name", ["", "5m", "-t", "a b", "x" * 129])
def test_a_trigger_has_a_name_of_the_documented_form(fc: fc2.Client, name: str) -> None:
    refused = refusal(lambda: create(fc, EVERY_5_MINUTES, name))
    assert refused == (400, "InvalidArgument")


def test_another_process_lets_timers_fire(
    cloud: FakeAliyun,
) -> None:
    function = cloud.fc.create_function(*NAMES, echo)
    cloud.fc.create_timer(function, "@every 5m")
    with cloud.serve() as server:
        started = requests.post(
            f"{server.url}/_fake/tick", timeout=PATIENCE_SECONDS
        ).json()
    cloud.fc.drain()
    (invocation,) = cloud.fc.invocations
    assert started == [invocation.request_id]
    assert invocation.status == "Succeeded"
