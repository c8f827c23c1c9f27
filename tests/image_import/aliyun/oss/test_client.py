"""What is done to an uploaded object once its image is there, against the fakes."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fake_aliyun import FakeAliyun, ManualClock
from image_import.aliyun.oss.client import (
    ObjectChanged,
    ObjectMissing,
    Oss,
    make_session,
)
from image_import.config.credentials import Credentials

BUCKET = "images"


@pytest.fixture
def cloud() -> Iterator[FakeAliyun]:
    with FakeAliyun(clock=ManualClock()) as made:
        made.oss.create_bucket(BUCKET)
        yield made


@pytest.fixture
def oss(cloud: FakeAliyun) -> Oss:
    return Oss(
        make_session(2),
        Credentials(
            access_key_id=cloud.credentials.access_key_id,
            access_key_secret=cloud.credentials.access_key_secret,
        ),
        endpoint="https://oss-cn-hangzhou.aliyuncs.com",
        region_id="cn-hangzhou",
        signature_version="v4",
        addressing="auto",
    )


def test_tags_are_read_and_replaced(cloud: FakeAliyun, oss: Oss) -> None:
    cloud.oss.put(BUCKET, "网站 1.qcow2", b"x", tags={"team": "web"})
    assert oss.read_tags(BUCKET, "网站 1.qcow2") == {"team": "web"}
    oss.put_tags(BUCKET, "网站 1.qcow2", {"team": "web", "image-import": "m-1"})
    tags = cloud.oss.get(BUCKET, "网站 1.qcow2").tags
    assert tags == {"team": "web", "image-import": "m-1"}


def test_an_upload_is_told_from_the_one_that_replaced_it(
    cloud: FakeAliyun, oss: Oss
) -> None:
    first = cloud.oss.put(BUCKET, "web.qcow2", b"first")
    oss.check_etag(BUCKET, "web.qcow2", etag=first.etag)
    cloud.oss.put(BUCKET, "web.qcow2", b"second")
    with pytest.raises(ObjectChanged):
        oss.check_etag(BUCKET, "web.qcow2", etag=first.etag)
    with pytest.raises(ObjectMissing):
        oss.check_etag(BUCKET, "gone.qcow2", etag=first.etag)


@pytest.mark.parametrize("data", [b"", b"four"], ids=["empty", "not empty"])
def test_a_head_tells_what_the_headers_say_of_any_object(
    cloud: FakeAliyun, oss: Oss, data: bytes
) -> None:
    put = cloud.oss.put(BUCKET, "web.qcow2", data, metadata={"platform": "größer"})
    seen = oss.head(BUCKET, "web.qcow2")
    assert (seen.data, seen.object_size_bytes) == (b"", len(data))
    assert (seen.etag, seen.object_type) == (put.etag, "Normal")
    assert seen.user_metadata == {"platform": "größer"}
    assert seen.modified is not None
    assert abs(seen.modified - cloud.clock()) < timedelta(seconds=1)


def test_a_head_of_what_is_not_there_is_a_missing_object(oss: Oss) -> None:
    with pytest.raises(ObjectMissing, match="OSS HeadObject: "):
        oss.head(BUCKET, "gone.qcow2")


def test_a_listing_tells_when_an_object_was_put(cloud: FakeAliyun, oss: Oss) -> None:
    cloud.oss.put(BUCKET, "web.qcow2", b"x")
    (listed,) = oss.list_page(BUCKET, "web").objects
    assert abs(listed.last_modified - cloud.clock()) < timedelta(seconds=1)
