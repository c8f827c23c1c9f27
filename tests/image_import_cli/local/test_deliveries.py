"""How invocations of the function are read back."""

import json
from typing import Any

from fake_aliyun import FakeAliyun, ManualClock
from image_import_cli.local.deliveries import read_delivery


class RetryLater(Exception):  # noqa: N818 - as the handler calls it
    pass


def delivered(handler: Any, payload: bytes = b"{}") -> Any:
    cloud = FakeAliyun(clock=ManualClock())
    function = cloud.fc.create_function("s", "f", handler)
    invocation = cloud.fc.invoke_async(function, payload)
    cloud.fc.drain()
    return invocation


def logging_handler(*records: dict[str, Any], then: Exception | None = None) -> Any:
    def handler(_event: bytes, context: Any) -> str:
        for record in records:
            context.logger.warning("%s", json.dumps(record))
        if then:
            raise then
        return "{}"

    return handler


def test_outcome_and_reason_are_those_that_were_logged() -> None:
    said = {"outcome": "refused", "reason": "not an [image] {really}"}
    delivery = read_delivery(delivered(logging_handler(said)))
    assert (delivery.outcome, delivery.reason) == (said["outcome"], said["reason"])
    assert delivery.tries[0].records == (said,)


def test_other_log_lines_are_kept_and_taken_for_no_record() -> None:
    def handler(_event: bytes, context: Any) -> None:
        context.logger.warning("a list: [] {")
        context.logger.warning('{"other": "JSON"}')

    (attempt,) = read_delivery(delivered(handler)).tries
    assert (len(attempt.log_lines), attempt.records) == (2, ())


def test_a_handler_that_never_succeeds_is_given_up() -> None:
    said = {"outcome": "retrying", "reason": "ECS does not answer"}
    delivery = read_delivery(delivered(logging_handler(said, then=RetryLater("..."))))
    assert (delivery.outcome, delivery.reason) == ("given up", said["reason"])
    assert [attempt.error for attempt in delivery.tries] == [""] * 4


def test_an_error_that_is_no_request_to_retry_is_shown() -> None:
    delivery = read_delivery(delivered(logging_handler(then=KeyError("a bug"))))
    assert delivery.reason == "KeyError: 'a bug'"


def test_a_refusal_of_the_platform_is_shown() -> None:
    cloud = FakeAliyun(clock=ManualClock())
    function = cloud.fc.create_function("s", "f", logging_handler())
    cloud.fc.refuse_attempts("AccessDenied")
    invocation = cloud.fc.invoke_async(function, b"")
    cloud.fc.drain()
    assert read_delivery(invocation).reason.startswith("AccessDenied: ")


def test_what_waits_says_when_it_is_due() -> None:
    cloud = FakeAliyun(clock=ManualClock())
    invocation = cloud.fc.invoke_async(
        cloud.fc.create_function("s", "f", logging_handler(then=RetryLater())), b""
    )
    enqueued = read_delivery(invocation)
    cloud.fc.run_due()
    retrying = read_delivery(invocation)
    assert (enqueued.outcome, retrying.outcome) == ("enqueued", "retrying")
    assert retrying.due > enqueued.due
    cloud.fc.drain()
    assert read_delivery(invocation).due == ""


def test_a_payload_that_is_no_event_of_oss_has_no_event() -> None:
    payloads = (b"", b"[]", b'{"events": []}', b'{"events": [1]}', b'{"events": [{}]}')
    for payload in payloads:
        assert read_delivery(delivered(logging_handler(), payload)).event == {}


def test_the_upload_of_an_event_is_known_by_its_request_id() -> None:
    cloud = FakeAliyun()
    cloud.oss.put("images", "k", b"data")
    payload = cloud.oss.event("images", "k")
    delivery = read_delivery(delivered(logging_handler(), payload))
    upload = json.loads(payload)["events"][0]["responseElements"]["requestId"]
    assert delivery.upload_id == upload
