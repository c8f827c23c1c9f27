"""What Function Compute sees: two arguments in, text out or an exception, and a log."""

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from fake_aliyun import FakeAliyun
from image_import import handler
from image_import.errors import SettingsError
from image_import.importing.runtime import Runtime
from uploads import BUCKET, QCOW2

KEY = "noble-server-cloudimg-amd64.img"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMPORT_TARGET", "DRY_RUN", "REGION_ID", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


def uploaded(cloud: FakeAliyun, key: str = KEY) -> bytes:
    cloud.oss.put(BUCKET, key, QCOW2)
    return cloud.oss.event(BUCKET, key)


def log_lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    ours = [record for record in caplog.records if record.name == "image_import"]
    return [json.loads(record.getMessage()) for record in ours]


def test_the_answer_is_json_with_one_object_per_record() -> None:
    with FakeAliyun() as cloud:
        answer = handler.on_object_created(uploaded(cloud), cloud.context())
    (record,) = json.loads(answer)["records"]
    assert record["outcome"] == "submitted"
    assert set(record) == {
        "bucket", "object_key", "etag", "outcome", "image_name", "ecs_request_id",
        "image_id", "task_id", "parameters",
    }  # fmt: skip


def test_one_log_line_per_record_says_where_each_value_came_from(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with FakeAliyun() as cloud:
        context = cloud.context()
        handler.on_object_created(uploaded(cloud), context)
    (line,) = log_lines(caplog)
    assert line["fc_request_id"] == context.request_id
    assert line["evidence"]["Platform"] == {"value": "Ubuntu", "source": "object key"}


def test_a_setting_with_which_nothing_can_be_sent_fails_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OSS_ENDPOINT", "https://127.0.0.1:1")
    monkeypatch.setenv("CA_FILE", "/nowhere")
    cloud = FakeAliyun()
    answer = handler.on_object_created(uploaded(cloud), cloud.context())
    (record,) = json.loads(answer)["records"]
    assert record["outcome"] == "failed"
    assert "CA_FILE" in record["reason"]


def test_a_time_out_that_is_near_ends_in_a_line_before_the_platform_kills(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with FakeAliyun() as cloud:
        context = cloud.context(timeout_seconds=2)
        with pytest.raises(handler.RetryLater):
            handler.on_object_created(uploaded(cloud), context)
        assert [r.action for r in cloud.requests] == []
    (line,) = log_lines(caplog)
    assert (line["outcome"], line["error_code"]) == ("retrying", "FunctionTimeout")
    assert "raise the function's time-out" in line["reason"]


def test_what_may_succeed_later_is_raised_with_the_result_as_message() -> None:
    with FakeAliyun() as cloud:
        event = uploaded(cloud)
        cloud.ecs.fail_next("Throttling", http_status=400, times=99)
        with pytest.raises(handler.RetryLater) as caught:
            handler.on_object_created(event, cloud.context(timeout_seconds=12))
    (record,) = json.loads(str(caught.value))["records"]
    assert record["outcome"] == "retrying"
    assert "Throttling" in record["reason"]


def test_a_final_no_is_an_answer_and_no_exception() -> None:
    with FakeAliyun() as cloud:
        event = uploaded(cloud)
        cloud.ecs.fail_next("InvalidPlatform.Malformed")
        answer = handler.on_object_created(event, cloud.context())
    (record,) = json.loads(answer)["records"]
    assert record["outcome"] == "failed"
    assert "Choose another Platform in the sidecar" in record["reason"]


@pytest.mark.parametrize("event", [b"", b"not json", b"\xff", b"[]", b"{}"])
def test_what_is_no_event_is_refused_without_an_exception(event: bytes) -> None:
    with FakeAliyun() as cloud:
        answer = handler.on_object_created(event, cloud.context())
        assert cloud.requests == []
    assert {r["outcome"] for r in json.loads(answer)["records"]} <= {
        "refused",
        "ignored",
    }


def test_a_bad_setting_stops_the_function_at_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMPORT_TARGET", "aws")
    with pytest.raises(SettingsError, match="IMPORT_TARGET holds 'aws'; it may hold"):
        handler.initialize(None)


def test_credentials_of_the_environment_do_where_the_context_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FakeAliyun() as cloud:
        keys = cloud.credentials
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", keys.access_key_id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", keys.access_key_secret)
        monkeypatch.delenv("ALIBABA_CLOUD_SECURITY_TOKEN", raising=False)
        context = SimpleNamespace(request_id="r-1", region="cn-hangzhou")
        answer = handler.on_object_created(uploaded(cloud), context)
    assert json.loads(answer)["records"][0]["outcome"] == "submitted"


def test_no_secret_is_logged_whatever_goes_wrong(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with FakeAliyun() as cloud:
        event = uploaded(cloud)
        context = cloud.context(timeout_seconds=12)
        cloud.oss.fail_next("SignatureDoesNotMatch", action="GetObject")
        handler.on_object_created(event, context)
        cloud.ecs.fail_next(html=True, times=99)
        with pytest.raises(handler.RetryLater):
            handler.on_object_created(event, context)
    said = "\n".join(record.getMessage() for record in caplog.records)
    secrets = (
        context.credentials.access_key_secret,
        context.credentials.security_token,
    )
    assert said
    assert not [secret for secret in secrets if secret in said]
    assert "Signature=" not in said


def test_a_fault_of_ours_is_raised_after_every_record_was_tried() -> None:
    class Broken:
        def oss(self, *_: object, **__: object) -> None:
            raise ZeroDivisionError

        ecs = oss

    with FakeAliyun() as cloud:
        event = uploaded(cloud)
        runtime = Runtime()
        runtime.clients = Broken()  # type: ignore[assignment]
        context = cloud.context()
        with pytest.raises(ZeroDivisionError):
            handler.handle(event, context, environ={}, runtime=runtime)


@pytest.mark.parametrize("timeout", [None, "", "soon", "60", 60])
def test_any_time_out_that_a_context_may_tell_will_do(timeout: object) -> None:
    with FakeAliyun() as cloud:
        context = cloud.context()
        strange = SimpleNamespace(
            credentials=context.credentials,
            request_id="r-1",
            function=SimpleNamespace(timeout=timeout),
        )
        answer = handler.on_object_created(uploaded(cloud), strange)
    assert json.loads(answer)["records"][0]["outcome"] == "submitted"
