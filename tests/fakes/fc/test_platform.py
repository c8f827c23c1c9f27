"""Function Compute by itself: retries, destinations, tasks, roles, logs, triggers."""

import json
from typing import Any

import oss2
import pytest
from calling_fc import ASYNC, NAMES, PUBLIC, client_at, echo, refusal
from fake_aliyun import FakeAliyun, ManualClock
from fake_aliyun.fc.models import AsyncConfig, Function
from fake_aliyun.fc.runtime.context import FcContext


class TimedCloud:
    """A cloud whose clock a test moves, with a function that fails a few times."""

    def __init__(self, *, failures: int, config: AsyncConfig, role: str = "") -> None:
        self.clock = ManualClock()
        self.cloud = FakeAliyun(clock=self.clock)
        self.began = self.clock()
        self.seconds: list[float] = []
        self.retry_counts: list[str] = []
        self._failures = failures
        if role:
            self.cloud.ram.create_role(role, service="fc.aliyuncs.com")
        self.function: Function = self.cloud.fc.create_function(
            *NAMES, self.handle, async_config=config, role=role
        )

    def handle(self, event: bytes, context: FcContext) -> str:
        self.seconds.append((self.clock() - self.began).total_seconds())
        self.retry_counts.append(context.retry_count)
        if len(self.seconds) <= self._failures:
            raise ValueError(event.decode())
        return "done"

    def run(self) -> str:
        invocation = self.cloud.fc.invoke_async(self.function, b"event")
        self.cloud.fc.drain()
        return invocation.status


def test_an_asynchronous_call_is_accepted_and_run_later(cloud: FakeAliyun) -> None:
    cloud.fc.create_function(*NAMES, echo)
    with cloud:
        answer = client_at(cloud, PUBLIC).invoke_function(
            *NAMES, payload=b"x", headers=ASYNC
        )
        assert (answer.data, cloud.fc.invocations[0].status) == (b"", "Enqueued")
        cloud.fc.drain()
    assert cloud.fc.invocations[0].result == b"ximport"


def test_a_failing_function_is_retried_with_growing_waits() -> None:
    timed = TimedCloud(failures=2, config=AsyncConfig())
    assert timed.run() == "Succeeded"
    assert timed.seconds == [0, 0.5, 1.5]
    assert timed.retry_counts == ["0", "1", "2"]


def test_retries_end_and_the_failure_is_told() -> None:
    queue = "acs:mns:::/queues/dead/messages"
    config = AsyncConfig(retries=1, on_failure=queue)
    timed = TimedCloud(failures=9, config=config)
    assert timed.run() == "Failed"
    (message,) = timed.cloud.fc.messages
    told = message.document
    assert message.destination == (
        "acs:mns:cn-hangzhou:1234567890123456:/queues/dead/messages"
    )
    assert told["requestContext"]["approximateInvokeCount"] == 2
    assert told["responseContext"] == {
        "statusCode": 200,
        "functionError": "UnhandledInvocationError",
    }
    assert told["requestPayload"] == "event"
    assert json.loads(told["responsePayload"])["errorType"] == "ValueError"


def test_a_success_is_told_to_another_function() -> None:
    config = AsyncConfig(on_success="acs:fc:::services/imports.LATEST/functions/next")
    timed = TimedCloud(failures=0, config=config)
    heard: list[bytes] = []
    timed.cloud.fc.create_function("imports", "next", lambda *got: heard.append(got[0]))
    assert timed.run() == "Succeeded"
    assert json.loads(heard[0])["responsePayload"] == "done"


def test_an_old_event_expires() -> None:
    timed = TimedCloud(failures=9, config=AsyncConfig(retries=8, event_age_seconds=3))
    assert timed.run() == "Expired"
    assert timed.seconds == [0, 0.5, 1.5]


def test_a_platform_that_refuses_is_asked_for_five_hours() -> None:
    timed = TimedCloud(failures=0, config=AsyncConfig(retries=0))
    timed.cloud.fc.refuse_attempts("ResourceExhausted", times=5)
    assert timed.run() == "Succeeded"
    assert timed.seconds == [15.5]
    timed.cloud.fc.refuse_attempts("ResourceThrottled", times=99)
    assert timed.run() == "Failed"


def test_a_platform_refuses_synchronous_calls_too(cloud: FakeAliyun) -> None:
    cloud.fc.create_function(*NAMES, echo)
    cloud.fc.refuse_attempts("ResourceExhausted")
    with cloud:
        fc = client_at(cloud, PUBLIC)
        seen = refusal(lambda: fc.invoke_function(*NAMES, payload=b""))
    assert seen == (429, "ResourceExhausted")


def test_a_task_is_taken_once() -> None:
    timed = TimedCloud(failures=0, config=AsyncConfig(is_stateful=True))
    headers = {**ASYNC, "x-fc-stateful-async-invocation-id": "import-1"}
    with timed.cloud:
        fc = client_at(timed.cloud, PUBLIC)
        answer = fc.invoke_function(*NAMES, payload=b"", headers=headers)
        again = refusal(
            lambda: fc.invoke_function(*NAMES, payload=b"", headers=headers)
        )
        timed.cloud.fc.drain()
    assert answer.headers["X-Fc-Stateful-Async-Invocation-Id"] == "import-1"
    assert again == (409, "StatefulAsyncInvocationAlreadyExists")
    assert len(timed.seconds) == 1


@pytest.mark.parametrize("task_id", ["1st", "a b", "x" * 129])
def test_a_task_id_has_a_form(task_id: str) -> None:
    timed = TimedCloud(failures=0, config=AsyncConfig(is_stateful=True))
    headers = {**ASYNC, "x-fc-stateful-async-invocation-id": task_id}
    with timed.cloud:
        fc = client_at(timed.cloud, PUBLIC)
        seen = refusal(lambda: fc.invoke_function(*NAMES, payload=b"", headers=headers))
    assert seen == (400, "InvalidArgument")


def test_too_large_an_event_is_refused(cloud: FakeAliyun) -> None:
    cloud.fc.create_function(*NAMES, echo)
    with cloud:
        fc = client_at(cloud, PUBLIC)
        payload = bytes(128 * 1024 + 1)
        seen = refusal(
            lambda: fc.invoke_function(*NAMES, payload=payload, headers=ASYNC)
        )
    assert seen == (400, "EntityTooLarge")


def allow(action: str, resource: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {"Version": "1", "Statement": [statement]}


def test_a_destination_needs_a_right_of_the_functions_role() -> None:
    config = AsyncConfig(on_success="acs:mns:::/topics/done/messages")
    timed = TimedCloud(failures=0, config=config, role="importer")
    ram = timed.cloud.ram
    ram.attach_policy("role/importer", allow("mns:SendMessage", "*"))
    timed.run()
    assert timed.cloud.fc.messages == []
    assert timed.cloud.fc.denied[0].action == "mns:PublishMessage"
    ram.attach_policy("role/importer", allow("mns:PublishMessage", "acs:mns:*:*:*"))
    timed.run()
    assert len(timed.cloud.fc.messages) == 1


def test_a_role_that_does_not_trust_fc_runs_nothing(cloud: FakeAliyun) -> None:
    cloud.ram.create_role("importer", service="ecs.aliyuncs.com")
    function = cloud.fc.create_function(*NAMES, echo, role="importer")
    with cloud:
        fc = client_at(cloud, PUBLIC)
        seen = refusal(lambda: fc.invoke_function(*NAMES, payload=b""))
    assert seen == (403, "AccessDenied")
    waiting = cloud.fc.invoke_async(function, b"")
    cloud.fc.drain()
    assert (waiting.status, len(waiting.attempts)) == ("Failed", 1)


def test_logs_are_delivered_in_the_name_of_the_functions_role(
    cloud: FakeAliyun,
) -> None:
    cloud.ram.create_role("importer", service="fc.aliyuncs.com")
    cloud.ram.attach_policy("role/importer", allow("oss:*", "*"))
    function = cloud.fc.create_function(
        *NAMES, echo, role="importer", log_store="logs/imports"
    )
    cloud.fc.invoke_async(function, b"")
    cloud.fc.drain()
    assert (dict(cloud.fc.log_lines), cloud.fc.denied[0].action) == (
        {},
        "log:PostLogStoreLogs",
    )
    store = "acs:log:*:*:project/logs/logstore/imports"
    cloud.ram.attach_policy("role/importer", allow("log:PostLogStoreLogs", store))
    cloud.fc.invoke_async(function, b"")
    cloud.fc.drain()
    assert cloud.fc.log_lines["logs/imports"][0].endswith("got 0 bytes")


def heard_by(cloud: FakeAliyun) -> tuple[Function, list[dict[str, Any]]]:
    """Return a function that keeps the records of its events, and where."""
    records: list[dict[str, Any]] = []

    def keep(event: bytes, context: FcContext) -> None:
        assert context.credentials.security_token
        records.extend(json.loads(event)["events"])

    return cloud.fc.create_function(*NAMES, keep), records


def test_an_upload_that_fits_the_filter_reaches_the_function(
    cloud: FakeAliyun,
) -> None:
    function, records = heard_by(cloud)
    cloud.fc.create_trigger(function, "images", prefix="in/", suffix=".raw")
    for key in ("in/a.raw", "out/a.raw", "in/a.txt"):
        cloud.oss.put("images", key, b"")
    cloud.oss.put("others", "in/a.raw", b"")
    cloud.fc.drain()
    assert [record["oss"]["object"]["key"] for record in records] == ["in/a.raw"]


def test_a_star_hears_the_parts_of_an_upload_too(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    function, records = heard_by(cloud)
    cloud.fc.create_trigger(function, "images", events=["oss:ObjectCreated:*"])
    upload_id = images.init_multipart_upload("k").upload_id
    etag = images.upload_part("k", upload_id, 1, b"x").etag
    images.complete_multipart_upload("k", upload_id, [oss2.models.PartInfo(1, etag)])
    cloud.fc.drain()
    names = [record["eventName"].rpartition(":")[2] for record in records]
    assert names == [
        "InitiateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
    ]


def test_oss_invokes_in_the_name_of_the_triggers_role(cloud: FakeAliyun) -> None:
    function, records = heard_by(cloud)
    cloud.fc.create_trigger(function, "images", invocation_role="notifier")
    cloud.oss.put("images", "1", b"")
    cloud.ram.create_role("notifier", service="oss.aliyuncs.com")
    cloud.ram.attach_policy("role/notifier", allow("fc:GetFunction", "*"))
    cloud.oss.put("images", "2", b"")
    right = "acs:fc:*:*:services/imports.*/functions/*"
    cloud.ram.attach_policy("role/notifier", allow("fc:InvokeFunction", right))
    cloud.oss.put("images", "3", b"")
    cloud.fc.drain()
    assert [record["oss"]["object"]["key"] for record in records] == ["3"]
    assert [denied.action for denied in cloud.fc.denied] == [
        "sts:AssumeRole",
        "fc:InvokeFunction",
    ]


@pytest.mark.parametrize(
    ("prefix", "suffix", "events", "fits"),
    [
        ("source", "zip", ["oss:ObjectCreated:*"], False),
        ("source1", "zip", ["oss:ObjectCreated:PutObject"], False),
        ("source", "1zip", ["oss:ObjectCreated:PutObject"], False),
        ("", "", ["oss:ObjectCreated:PutObject"], False),
        ("source1", "zip1", ["oss:ObjectCreated:PutObject"], True),
        ("1source", "1zip", ["oss:ObjectCreated:PutObject"], True),
        ("source", "zip", ["oss:ObjectCreated:PostObject"], True),
    ],
)
def test_two_triggers_may_not_listen_to_the_same(
    cloud: FakeAliyun,
    prefix: str,
    suffix: str,
    events: list[str],
    fits: bool,
) -> None:
    """Source: "Overview of OSS triggers", conflict examples, read 2026-11."""
    function, _ = heard_by(cloud)
    put = ["oss:ObjectCreated:PutObject"]
    cloud.fc.create_trigger(
        function, "images", prefix="source", suffix="zip", events=put
    )
    try:
        cloud.fc.create_trigger(
            function, "images", prefix=prefix, suffix=suffix, events=events
        )
        fitted = True
    except Exception as error:  # noqa: BLE001 - its message is what counts
        fitted = "listens to the same objects" not in str(error)
    assert fitted is fits


def test_a_bucket_has_at_most_ten_triggers(cloud: FakeAliyun) -> None:
    function, _ = heard_by(cloud)
    for number in range(10):
        cloud.fc.create_trigger(function, "images", prefix=f"{number}/")
    with pytest.raises(Exception, match="at most 10 triggers"):
        cloud.fc.create_trigger(function, "images", prefix="x/")


def test_in_server_mode_a_worker_runs_what_triggers_start(cloud: FakeAliyun) -> None:
    function, records = heard_by(cloud)
    cloud.fc.create_trigger(function, "images")
    with cloud.serve():
        cloud.oss.put("images", "k", b"")
    cloud.fc.drain()
    assert [record["oss"]["object"]["key"] for record in records] == ["k"]
