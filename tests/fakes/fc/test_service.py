"""Function Compute through aliyun-fc2, over both transports."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import fc2
import pytest
from calling_fc import NAMES, PUBLIC, client_at, echo, refusal
from fake_aliyun import FakeAliyun, NotImitatedError
from fake_aliyun.fc.runtime.context import FcContext
from fc2.fc_exceptions import FcError


@pytest.fixture(params=["in process", "over HTTP"])
def fc(cloud: FakeAliyun, request: pytest.FixtureRequest) -> Iterator[fc2.Client]:
    if request.param == "in process":
        with cloud:
            yield client_at(cloud, PUBLIC)
    else:
        with cloud.serve() as server:
            yield client_at(cloud, server.url)


def fail(event: bytes, context: FcContext) -> None:
    raise RuntimeError(f"cannot {event.decode()} {context.retry_count}")


def test_a_function_gets_bytes_and_gives_bytes(
    cloud: FakeAliyun, fc: fc2.Client
) -> None:
    cloud.fc.create_function(*NAMES, echo)
    answer = fc.invoke_function(*NAMES, payload=b"an event ")
    assert answer.data == b"an event import"
    assert answer.headers["X-Fc-Request-Id"] == cloud.fc.invocations[0].request_id


def test_what_is_no_text_becomes_json(cloud: FakeAliyun, fc: fc2.Client) -> None:
    cloud.fc.create_function(*NAMES, lambda *_: {"b": 1, "a": [None]})
    answer = fc.invoke_function(*NAMES, payload=b"")
    assert answer.data == b'{\n    "a": [\n        null\n    ],\n    "b": 1\n}'


def test_the_log_comes_back_where_it_is_asked_for(
    cloud: FakeAliyun, fc: fc2.Client
) -> None:
    cloud.fc.create_function(*NAMES, echo)
    answer = fc.invoke_function(*NAMES, payload=b"x", headers={"x-fc-log-type": "Tail"})
    text = base64.b64decode(answer.headers["X-Fc-Log-Result"]).decode()
    assert text.endswith(f"{cloud.fc.invocations[0].request_id} [INFO] got 1 bytes")


def test_an_error_of_the_function_has_status_200_and_a_type(
    cloud: FakeAliyun, fc: fc2.Client
) -> None:
    cloud.fc.create_function(*NAMES, fail)
    with pytest.raises(FcError) as caught:
        fc.invoke_function(*NAMES, payload=b"import")
    said = json.loads(caught.value.message)
    assert (caught.value.status_code, said["errorType"]) == (200, "RuntimeError")
    assert said["errorMessage"] == "cannot import 0"
    assert said["stackTrace"][0][2] == "in fail"


def test_what_does_not_exist_is_refused_by_name(
    cloud: FakeAliyun, fc: fc2.Client
) -> None:
    def invoke(*names: str, **others: str) -> tuple[int, str]:
        return refusal(lambda: fc.invoke_function(*names, payload=b"", **others))

    assert invoke("none", "import") == (404, "ServiceNotFound")
    cloud.fc.create_function(*NAMES, echo)
    assert invoke("imports", "none") == (404, "FunctionNotFound")
    assert invoke(*NAMES, qualifier="prod") == (404, "VersionNotFound")


def test_a_wrong_key_or_secret_is_refused(cloud: FakeAliyun, fc: fc2.Client) -> None:
    cloud.fc.create_function(*NAMES, echo)
    fc.auth.secret = "wrong"
    assert refusal(lambda: fc.get_function(*NAMES)) == (403, "SignatureNotMatch")
    fc.auth.id = "other"
    assert refusal(lambda: fc.get_function(*NAMES)) == (403, "InvalidAccessKeyID")


def test_a_caller_needs_the_right_to_invoke(cloud: FakeAliyun, fc: fc2.Client) -> None:
    cloud.fc.create_function(*NAMES, echo)
    keys = cloud.ram.create_user("ann")
    cloud.ram.attach_policy("user/ann", "AliyunOSSFullAccess")
    fc.auth.id, fc.auth.secret = keys.access_key_id, keys.access_key_secret
    seen = refusal(lambda: fc.invoke_function(*NAMES, payload=b""))
    cloud.ram.attach_policy("user/ann", "AliyunFCInvocationAccess")
    answer = fc.invoke_function(*NAMES, payload=b"")
    assert (seen, answer.data) == ((403, "AccessDenied"), b"import")
    assert cloud.fc.invocations[0].started_by == "user/ann"


def test_services_functions_and_triggers_are_described(
    cloud: FakeAliyun, fc: fc2.Client
) -> None:
    cloud.fc.create_function(*NAMES, echo, timeout_seconds=120)
    trigger = {
        "events": ["oss:ObjectCreated:PutObject"],
        "filter": {"key": {"prefix": "in/", "suffix": ".raw"}},
    }
    source = "acs:oss:cn-hangzhou:1234567890123456:images"
    fc.create_trigger(*NAMES, "t", "oss", trigger, source, "acs:ram::1:role/r")
    assert fc.list_services().data["services"][0]["serviceName"] == "imports"
    assert fc.list_functions("imports").data["functions"][0]["timeout"] == 120
    assert fc.get_trigger(*NAMES, "t").data["triggerConfig"] == trigger
    assert len(fc.list_triggers(*NAMES).data["triggers"]) == 1
    fc.delete_trigger(*NAMES, "t")
    assert refusal(lambda: fc.get_trigger(*NAMES, "t")) == (404, "TriggerNotFound")


def test_how_functions_are_retried_can_be_set(
    cloud: FakeAliyun, fc: fc2.Client
) -> None:
    cloud.fc.create_function(*NAMES, echo)
    names = ("imports", "LATEST", "import")

    def get() -> dict[str, Any]:
        shown: dict[str, Any] = fc.get_function_async_invoke_config(*names).data
        return shown

    assert refusal(get) == (404, "AsyncConfigNotExists")
    config = {
        "maxAsyncRetryAttempts": 1,
        "maxAsyncEventAgeInSeconds": 60,
        "destinationConfig": {
            "onFailure": {"destination": "acs:mns:::/queues/q/messages"}
        },
    }
    fc.put_function_async_invoke_config(*names, config)
    shown = get()
    assert shown["maxAsyncRetryAttempts"] == 1
    assert shown["destinationConfig"] == config["destinationConfig"]
    bad = {"maxAsyncRetryAttempts": 9}
    seen = refusal(lambda: fc.put_function_async_invoke_config(*names, bad))
    assert seen == (400, "InvalidArgument")
    fc.delete_function_async_invoke_config(*names)
    assert refusal(get) == (404, "AsyncConfigNotExists")


def test_creating_a_function_is_not_imitated(cloud: FakeAliyun) -> None:
    with cloud, pytest.raises(NotImitatedError, match="InvokeFunction"):
        client_at(cloud, PUBLIC).create_service("imports")
