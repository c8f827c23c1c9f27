"""Failures on request, as a client of either transport sees them."""

import json
from collections.abc import Iterator
from typing import Any

import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun, Fault, ManualClock, NotImitatedError
from fake_aliyun.core.faults import Faults
from oss2.exceptions import RequestError, ServerError
from waiting import PATIENCE_SECONDS, wait_until


@pytest.fixture(params=["in process", "over HTTP"])
def images(cloud: FakeAliyun, request: pytest.FixtureRequest) -> Iterator[oss2.Bucket]:
    cloud.oss.put("images", "k", b"0123456789")
    auth = oss2.AuthV4("an-id", "a-secret")

    def client(endpoint: str) -> oss2.Bucket:
        bucket = oss2.Bucket(auth, endpoint, "images", region="cn-hangzhou")
        bucket.timeout = PATIENCE_SECONDS
        return bucket

    if request.param == "in process":
        with cloud:
            yield client("https://oss-cn-hangzhou.aliyuncs.com")
    else:
        with cloud.serve() as server:
            yield client(server.url)


def stored(cloud: FakeAliyun) -> bytes:
    return cloud.oss.get("images", "k").content.to_bytes()


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"code": "InternalError"}, 500, "InternalError"),
        ({"http_status": 503}, 503, "ServiceUnavailable"),
        ({"code": "TotalQpsLimitExceeded"}, 503, "TotalQpsLimitExceeded"),
        ({"code": "Odd", "http_status": 418}, 418, "Odd"),
        ({"html": True}, 502, ""),
    ],
    ids=str,
)
def test_an_answer_can_be_replaced(
    cloud: FakeAliyun,
    images: oss2.Bucket,
    fault: dict[str, Any],
    status: int,
    code: str,
) -> None:
    cloud.oss.fail_next(**fault)
    with pytest.raises(ServerError) as caught:
        images.put_object("k", b"new")
    assert (caught.value.status, caught.value.code) == (status, code)
    assert stored(cloud) == b"0123456789"


def test_an_answer_can_be_lost_after_its_effect(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    cloud.oss.fail_next(reset=True, after_effect=True)
    with pytest.raises(RequestError):
        images.put_object("k", b"new")
    assert stored(cloud) == b"new"


def test_a_request_can_be_lost_before_its_effect(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    cloud.oss.fail_next(reset=True)
    with pytest.raises(RequestError) as caught:
        images.put_object("k", b"new")
    assert isinstance(caught.value.exception, requests.ConnectionError)
    assert stored(cloud) == b"0123456789"
    assert cloud.requests[-1].status is None


def test_an_answer_may_never_come(cloud: FakeAliyun, images: oss2.Bucket) -> None:
    cloud.oss.fail_next(timeout=True)
    images.timeout = 0.3
    with pytest.raises(RequestError) as caught:
        images.get_object("k")
    assert isinstance(caught.value.exception, requests.Timeout)


def test_a_slow_answer_is_a_time_out_if_it_is_too_slow(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    cloud.oss.fail_next(delay_seconds=0.05)
    assert images.get_object("k").read() == b"0123456789"
    cloud.oss.fail_next(delay_seconds=0.6)
    images.timeout = 0.3
    with pytest.raises(RequestError) as caught:
        images.put_object("k", b"new")
    assert isinstance(caught.value.exception, requests.Timeout)
    wait_until(lambda: stored(cloud) == b"new")


def test_a_body_can_be_cut(cloud: FakeAliyun, images: oss2.Bucket) -> None:
    cloud.oss.fail_next(cut_at=4)
    found = images.get_object("k")
    assert found.content_length == 10
    with pytest.raises(
        (RequestError, requests.RequestException, oss2.exceptions.OssError)
    ):
        found.read()


def test_a_fault_hits_only_what_it_is_about(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    cloud.oss.put("images", "other", b"")
    cloud.oss.fail_next("InternalError", action="GetObject", key="k", skip=1, times=2)

    def status(key: str) -> int:
        try:
            return int(images.get_object(key).status)
        except ServerError as error:
            return int(error.status)

    seen = [status(key) for key in ("other", "k", "k", "k", "k")]
    assert seen == [200, 200, 500, 500, 200]


def test_headers_can_be_added(cloud: FakeAliyun, images: oss2.Bucket) -> None:
    wait = {"x-oss-qos-delay-time": "200"}
    cloud.oss.fail_next("ServiceUnavailable", headers=wait)
    with pytest.raises(ServerError) as caught:
        images.get_object("k")
    assert caught.value.headers["x-oss-qos-delay-time"] == "200"


def test_a_time_out_moves_a_manual_clock() -> None:
    clock = ManualClock()
    began = clock()
    with FakeAliyun(clock=clock) as cloud:
        cloud.oss.fail_next(timeout=True)
        with pytest.raises(requests.ReadTimeout):
            requests.get("https://oss-cn-hangzhou.aliyuncs.com/", timeout=7)
    assert (clock() - began).total_seconds() == 7


@pytest.mark.parametrize(
    "options",
    [{}, {"code": "X", "reset": True}, {"html": True, "timeout": True}],
    ids=str,
)
def test_a_fault_is_one_thing(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a fault"):
        Fault(**options)


def test_an_unknown_option_or_code_lists_the_known(cloud: FakeAliyun) -> None:
    with pytest.raises(NotImitatedError, match="- delay_seconds"):
        cloud.oss.fail_next("InternalError", tmies=2)
    with pytest.raises(NotImitatedError, match=r"'Throtling' without http_status"):
        cloud.ecs.fail_next("Throtling")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"code": "InternalError", "times": "2"}, "times holds '2'"),
        ({"code": "InternalError", "times": 0}, "times holds 0; it may hold 1 to "),
        ({"code": "InternalError", "times": True}, "times holds True"),
        ({"code": "InternalError", "skip": -1}, "skip holds -1"),
        ({"delay_seconds": "1"}, "delay_seconds holds '1'; it may hold int or float"),
        ({"http_status": "503"}, "http_status holds '503'"),
        ({"cut_at": -1}, "cut_at holds -1"),
        ({"html": 1}, "html holds 1; it may hold bool"),
        ({"code": "Throttling", "headers": []}, "headers holds []"),
        ([], "a fault is a JSON object"),
        ({"http_status": 99_999}, "http_status holds 99999; it may hold 200 to 599"),
        ({"http_status": 101}, "http_status holds 101; it may hold 200 to 599"),
        ({"delay_seconds": 1e9}, "holds 1000000000.0; it may hold 0 to 86400"),
        ({"code": "Throttling", "headers": {"a": 1}}, "headers holds 1 as a; it may"),
        ({"code": "Throttling", "headers": {"a": "b\r\nc: d"}}, "text of one line"),
        ({"code": "Throttling", "headers": {"a": "\ud800"}}, "text of one line"),
        ({"code": "Throttling", "headers": {"a b": ""}}, "holds the name 'a b'"),
        ({"code": "Throttling", "headers": {"Content-Length": "9"}}, "by itself"),
        ({"service": "ec2", "reset": True}, "does not imitate the service 'ec2'"),
        ({"service": "ecs", "action": "Import", "reset": True}, "- ImportImage"),
        ({"service": "oss", "action": "ImportImage", "reset": True}, "- PutObject"),
    ],
    ids=str,
)
def test_a_fault_that_could_never_be_met_is_refused(
    cloud: FakeAliyun, fault: object, said: str
) -> None:
    with cloud.serve() as server:
        answer = requests.post(
            f"{server.url}/_fake/faults", json=fault, timeout=PATIENCE_SECONDS
        )
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert cloud.faults.pending() == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-Infinity"])
def test_a_delay_that_is_no_number_is_refused(cloud: FakeAliyun, number: str) -> None:
    fault = f'{{"service": "ecs", "delay_seconds": {number}}}'
    with cloud.serve() as server:
        answer = requests.post(
            f"{server.url}/_fake/faults", data=fault, timeout=PATIENCE_SECONDS
        )
    assert answer.status_code == 400
    assert "it may hold 0 to 86400" in answer.json()["error"]
    with pytest.raises(ValueError, match="it may hold 0 to 86400"):
        cloud.ecs.fail_next(delay_seconds=float(number))


def test_used_up_faults_are_gone() -> None:
    faults = Faults()
    faults.add(Fault(service="oss", code="InternalError", times=2))
    asked = {"service": "oss", "action": "GetObject", "key": ""}
    taken = [faults.take(**asked) is not None for _ in range(3)]
    assert (taken, faults.pending()) == ([True, True, False], [])


def test_faults_are_asked_for_over_http(cloud: FakeAliyun) -> None:
    with cloud.serve() as server:
        url = f"{server.url}/_fake/faults"
        fault = {"service": "ecs", "code": "Throttling", "times": 2}
        requests.post(url, json=fault, timeout=PATIENCE_SECONDS)
        pending = requests.get(url, timeout=PATIENCE_SECONDS).json()
        bad = requests.post(url, json={"cod": 1}, timeout=PATIENCE_SECONDS)
        requests.delete(url, timeout=PATIENCE_SECONDS)
        none = requests.get(url, timeout=PATIENCE_SECONDS).json()
    assert [entry["code"] for entry in pending] == ["Throttling"]
    assert (bad.status_code, none) == (400, [])
    assert "a fault with ['cod']" in json.dumps(bad.json())


def test_what_is_left_of_a_fault_is_told_over_http(cloud: FakeAliyun) -> None:
    cloud.oss.fail_next("InternalError", action="ListBuckets", skip=2, times=5)
    told = []
    with cloud.serve() as server:
        for _ in range(4):
            (fault,) = requests.get(
                f"{server.url}/_fake/faults", timeout=PATIENCE_SECONDS
            ).json()
            told.append((fault["times"], fault["skips_left"], fault["left"]))
            requests.get(server.url, timeout=PATIENCE_SECONDS)
        state = requests.get(
            f"{server.url}/_fake/state", timeout=PATIENCE_SECONDS
        ).json()
    assert told == [(5, 2, 5), (5, 1, 5), (5, 0, 5), (5, 0, 4)]
    assert [fault["left"] for fault in state["faults"]] == [3]
