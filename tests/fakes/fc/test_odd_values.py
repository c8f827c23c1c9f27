"""Values of the wrong kind, and more than a page: aliyun-fc2 sends what it is given."""

from collections.abc import Callable, Iterator
from typing import Any

import fc2
import pytest
from fake_aliyun import FakeAliyun, NotImitatedError

NAMES = ("imports", "import")
CONFIG = ("imports", "LATEST", "import")
SOURCE = "acs:oss:cn-hangzhou:1234567890123456:images"
PUT = "oss:ObjectCreated:PutObject"


@pytest.fixture
def fc(cloud: FakeAliyun) -> Iterator[fc2.Client]:
    cloud.fc.create_function(*NAMES, lambda event, _: event)
    with cloud:
        yield fc2.Client(
            endpoint="https://1234567890123456.cn-hangzhou.fc.aliyuncs.com",
            accessKeyID="an-id",
            accessKeySecret="a-secret",
        )


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(fc2.FcError) as caught:
        call()
    return caught.value.status_code, caught.value.err_code


@pytest.mark.parametrize(
    "config",
    [
        {"events": PUT},
        {"events": [[PUT]]},
        {"events": [1]},
        {"events": {PUT: 1}},
        {"events": [PUT], "filter": ["in/"]},
        {"events": [PUT], "filter": {"key": "in/"}},
        {"events": [PUT], "filter": {"key": {"prefix": 1}}},
        {"events": [PUT], "filter": {"key": {"suffix": [".raw"]}}},
    ],
    ids=str,
)
def test_an_oss_trigger_of_odd_values_is_refused(
    fc: fc2.Client, config: dict[str, Any]
) -> None:
    seen = refusal(lambda: fc.create_trigger(*NAMES, "t", "oss", config, SOURCE, ""))
    assert seen == (400, "InvalidArgument")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "images",
        "acs:oss:cn-hangzhou:1:",
        "acs:log:cn-hangzhou:1:images",
        "acs:oss:cn-beijing:1:images",
    ],
)
def test_an_oss_trigger_needs_a_bucket_of_its_region(
    fc: fc2.Client, source: str
) -> None:
    config = {"events": [PUT]}
    seen = refusal(lambda: fc.create_trigger(*NAMES, "t", "oss", config, source, ""))
    assert seen == (400, "InvalidArgument")


def test_a_trigger_is_shown_with_its_role_as_it_was_made(fc: fc2.Client) -> None:
    role = "acs:ram::1234567890123456:role/notifier"
    fc.create_trigger(*NAMES, "t", "oss", {"events": [PUT]}, SOURCE, role)
    assert fc.get_trigger(*NAMES, "t").data["invocationRole"] == role


@pytest.mark.parametrize(
    "config",
    [
        {"maxAsyncRetryAttempts": "1"},
        {"maxAsyncRetryAttempts": True},
        {"maxAsyncRetryAttempts": 1.0},
        {"maxAsyncEventAgeInSeconds": 0},
        {"maxAsyncEventAgeInSeconds": "60"},
        {"statefulInvocation": "true"},
        {"destinationConfig": []},
        {"destinationConfig": {"onEnd": {}}},
        {"destinationConfig": {"onSuccess": "acs:mns:::/queues/q/messages"}},
        {"destinationConfig": {"onFailure": {"destination": 1}}},
    ],
    ids=str,
)
def test_an_asynchronous_configuration_of_odd_values_is_refused(
    fc: fc2.Client, config: dict[str, Any]
) -> None:
    seen = refusal(lambda: fc.put_function_async_invoke_config(*CONFIG, config))
    assert seen == (400, "InvalidArgument")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "²"])
def test_a_page_has_one_to_a_hundred_entries(fc: fc2.Client, limit: str) -> None:
    assert refusal(lambda: fc.list_services(limit=limit)) == (400, "InvalidArgument")


def test_pages_lead_to_each_other(cloud: FakeAliyun, fc: fc2.Client) -> None:
    for number in range(24):
        cloud.fc.create_function("many", f"f{number:02}", lambda event, _: event)
    first = fc.list_functions("many").data
    second = fc.list_functions("many", nextToken=first["nextToken"]).data
    names = [f["functionName"] for f in first["functions"] + second["functions"]]
    assert names == [f"f{number:02}" for number in range(24)]
    assert len(first["functions"]) == 20
    assert "nextToken" not in second


def test_what_a_header_asks_for_is_not_ignored(fc: fc2.Client) -> None:
    later = {"x-fc-invocation-type": "Async", "x-fc-async-delay": "10"}
    with pytest.raises(NotImitatedError, match="x-fc-log-type"):
        fc.invoke_function(*NAMES, payload=b"", headers=later)
    traced = fc.invoke_function(*NAMES, payload=b"x", headers={"x-fc-trace-id": "1"})
    assert traced.data == b"x"
