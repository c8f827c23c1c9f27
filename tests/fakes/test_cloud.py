"""The cloud as a whole: state, context, events, fixture and decorator."""

import json
import subprocess
import sys
import tracemalloc
from typing import Any

import fake_aliyun
import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun, ManualClock, with_fake_aliyun
from repository import ROOT
from waiting import PATIENCE_SECONDS

pytest_plugins = ["fake_aliyun.pytest_plugin"]
GIB = 1024**3


def test_state_lives_in_the_instance() -> None:
    first, second = FakeAliyun(), FakeAliyun()
    first.oss.put("images", "k", b"")
    assert (list(first.oss.buckets), list(second.oss.buckets)) == (["images"], [])


def test_clouds_can_stand_within_each_other(cloud: FakeAliyun) -> None:
    inner = FakeAliyun()
    url = "https://oss-cn-hangzhou.aliyuncs.com/"
    with cloud:
        with inner:
            requests.get(url, timeout=PATIENCE_SECONDS)
        requests.get(url, timeout=PATIENCE_SECONDS)
    assert (len(inner.requests), len(cloud.requests)) == (1, 1)


def test_the_fixture_is_a_cloud_that_answers(aliyun: FakeAliyun) -> None:
    answer = requests.get(
        "https://oss-cn-hangzhou.aliyuncs.com/", timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 403
    assert aliyun.requests[0].action == "ListBuckets"


def test_loading_the_plugin_imports_nothing_that_a_test_has_not_asked_for() -> None:
    code = "import sys, fake_aliyun.pytest_plugin as p; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {n for n in done.stdout.split() if n.startswith(("fake_", "requests"))}
    assert loaded == {"fake_aliyun", "fake_aliyun.pytest_plugin"}


def test_the_plugin_is_one_that_pytest_finds_by_itself() -> None:
    declared = (ROOT / "pyproject.toml").read_text("utf-8")
    block = declared.partition("[project.entry-points.pytest11]")[2]
    line = '"fake_aliyun.pytest_plugin" = "fake_aliyun.pytest_plugin"'
    assert line in block.partition("\n[")[0].splitlines()


def test_the_package_has_every_name_that_it_offers() -> None:
    assert all(getattr(fake_aliyun, name) for name in fake_aliyun.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = fake_aliyun.Nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [1, 2])
@with_fake_aliyun(region_id="cn-beijing")
def test_the_decorator_hands_in_a_cloud(cloud: FakeAliyun, size: int) -> None:
    cloud.oss.put("images", "k", b"x" * size)
    assert cloud.oss.buckets["images"].region_id == "cn-beijing"
    assert len(cloud.oss.keys("images")) == 1


@pytest.mark.parametrize("size", [1, 2])
@with_fake_aliyun
def test_the_decorator_needs_no_parentheses(cloud: FakeAliyun, size: int) -> None:
    cloud.oss.put("images", "k", b"x" * size)
    answer = requests.get(
        "https://oss-cn-hangzhou.aliyuncs.com/", timeout=PATIENCE_SECONDS
    )
    assert (answer.status_code, cloud.requests[0].action) == (403, "ListBuckets")


def test_the_context_has_the_types_of_the_runtime(cloud: FakeAliyun) -> None:
    context = cloud.context(timeout_seconds=60, retry_count=1)
    assert (context.function.timeout, context.function.memory) == ("60", 512)
    assert (context.retry_count, context.region) == ("1", "cn-hangzhou")
    shown = json.loads(context.to_json())
    assert shown["credentials"]["security_token"] == context.credentials.security_token
    assert context.credentials.access_key_secret not in repr(context)


def test_the_context_has_credentials_that_are_taken(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "k", b"data")
    keys = cloud.context().credentials
    auth = oss2.StsAuth(
        keys.access_key_id,
        keys.access_key_secret,
        keys.security_token,
        auth_version="v4",
    )
    with cloud:
        bucket = oss2.Bucket(
            auth, "https://oss-cn-hangzhou.aliyuncs.com", "images", region="cn-hangzhou"
        )
        assert bucket.get_object("k").read() == b"data"
    assert cloud.requests[-1].principal == "role/fake-function-role"


def test_an_upload_is_announced_as_function_compute_tells_it() -> None:
    clock = ManualClock()
    cloud = FakeAliyun(clock=clock, account_id="1")
    cloud.oss.put("images", "镜像 a+b.raw", b"1234", content_type="text/x")
    cloud.oss.put("images", "镜像 a+b.raw", b"123", content_type="text/x")
    (record,) = json.loads(cloud.oss.event("images", "镜像 a+b.raw"))["events"]
    assert record["eventName"] == "ObjectCreated:PutObject"
    assert record["eventTime"] == f"{clock():%Y-%m-%dT%H:%M:%S}.000Z"
    assert record["oss"]["bucket"]["arn"] == "acs:oss:cn-hangzhou:1:images"
    assert record["oss"]["object"] == {
        "deltaSize": -1,
        "eTag": "202CB962AC59075B964B07152D234B70",
        "key": "镜像 a+b.raw",
        "objectMeta": {"mimeType": "text/x"},
        "size": 3,
    }


def test_an_append_is_announced_with_its_position(images: oss2.Bucket) -> None:
    heard: list[dict[str, Any]] = []
    cloud = FakeAliyun(access_key_id="an-id", access_key_secret="a-secret")
    cloud.on_object_created(heard.append)
    cloud.oss.create_bucket("images")
    with cloud:
        images.append_object("log", 0, b"12")
        images.append_object("log", 2, b"3")
    told = [(e["oss"]["object"]["position"], e["oss"]["object"]["size"]) for e in heard]
    assert told == [(0, 2), (2, 3)]
    assert heard[0]["eventName"] == "ObjectCreated:AppendObject"


def test_a_listener_may_use_the_cloud_itself(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    cloud.on_object_created(
        lambda event: (
            event["oss"]["object"]["key"] == "first"
            and images.put_object("second", b"")
        )
    )
    images.put_object("first", b"")
    assert cloud.oss.keys("images") == ["first", "second"]


def test_the_event_has_the_request_id_of_the_upload(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    result = images.put_object("k", b"")
    told = cloud.oss.events[-1]["responseElements"]["requestId"]
    assert told == result.request_id


def test_an_event_of_what_was_never_made_is_an_error(cloud: FakeAliyun) -> None:
    with pytest.raises(LookupError, match="no object 'k' was ever made in 'images'"):
        cloud.oss.event("images", "k")


def test_a_sparse_object_counts_as_uploaded_in_parts(cloud: FakeAliyun) -> None:
    made = cloud.oss.put("images", "k", head=b"x", size_bytes=40 * GIB)
    same = cloud.oss.put("images", "l", head=b"x", size_bytes=40 * GIB)
    event = cloud.oss.events[-1]
    assert event["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    assert made.etag == same.etag
    assert made.etag.endswith("-4096")


def test_a_reset_forgets_everything_but_the_keys(cloud: FakeAliyun) -> None:
    cloud.oss.put("images", "k", b"")
    cloud.oss.fail_next("InternalError")
    cloud.reset()
    assert (list(cloud.oss.buckets), cloud.oss.events) == ([], [])
    assert cloud.faults.pending() == []
    assert cloud.ram.find("an-id") == cloud.credentials


def test_of_an_object_that_is_deleted_no_byte_is_kept(images: oss2.Bucket) -> None:
    tracemalloc.start()
    try:
        images.put_object("web.raw", bytes(8 << 20))
        images.delete_object("web.raw")
        images.put_object("web.raw", b"")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1 << 20
