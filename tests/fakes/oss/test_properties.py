"""Tags, links, ACLs, archives and buckets through oss2."""

import re
from typing import Any
from urllib.parse import urlencode

import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun, ManualClock
from fake_aliyun.oss.errors import OssError
from oss2.exceptions import ServerError
from oss2.models import ServerSideEncryptionRule, Tagging, TaggingRule
from waiting import PATIENCE_SECONDS


def tagging(**tags: str) -> Tagging:
    rule = TaggingRule()
    for key, value in tags.items():
        rule.add(key, value)
    return Tagging(rule)


def tags_of(bucket: oss2.Bucket, key: str) -> dict[str, str]:
    return dict(bucket.get_object_tagging(key).tag_set.tagging_rule)


def test_tags_are_replaced_as_a_whole(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", b"", headers={"x-oss-tagging": "a=1&b=x%20y"})
    assert tags_of(bucket, "k") == {"a": "1", "b": "x y"}
    assert bucket.head_object("k").headers["x-oss-tagging-count"] == "2"
    bucket.put_object_tagging("k", tagging(c="3"))
    assert tags_of(bucket, "k") == {"c": "3"}
    bucket.delete_object_tagging("k")
    assert tags_of(bucket, "k") == {}


@pytest.mark.parametrize(
    "tags",
    [
        {f"k{n}": "" for n in range(11)},
        {"k" * 129: ""},
        {"k": "v" * 257},
        {"k!": ""},
    ],
    ids=["eleven", "long key", "long value", "odd character"],
)
def test_tags_have_limits(images: oss2.Bucket, tags: dict[str, str]) -> None:
    with pytest.raises(ServerError) as caught:
        images.put_object("k", b"", headers={"x-oss-tagging": urlencode(tags)})
    assert (caught.value.status, caught.value.code) == (400, "InvalidTag")


def test_a_link_shows_the_bytes_of_its_target(bucket: oss2.Bucket) -> None:
    bucket.put_object("ziel ü", b"data")
    bucket.put_symlink("ziel ü", "link", headers={"x-oss-meta-m": "of the link"})
    found = bucket.get_object("link")
    assert (found.read(), found.object_type) == (b"data", "Symlink")
    assert found.headers["x-oss-meta-m"] == "of the link"
    assert bucket.get_symlink("link").target_key == "ziel ü"


def test_a_link_to_nothing_or_to_a_link_leads_nowhere(images: oss2.Bucket) -> None:
    images.put_symlink("none", "dangling")
    images.put_symlink("dangling", "second")
    codes = []
    for key in ("dangling", "second"):
        with pytest.raises(ServerError) as caught:
            images.get_object(key)
        codes.append(caught.value.code)
    assert codes == ["SymlinkTargetNotExist", "InvalidTargetType"]


def test_what_is_no_link_has_no_target(images: oss2.Bucket) -> None:
    images.put_object("k", b"")
    with pytest.raises(ServerError) as caught:
        images.get_symlink("k")
    assert caught.value.code == "NotSymlink"


def test_an_archived_object_is_read_only_after_its_restore() -> None:
    clock = ManualClock()
    with FakeAliyun(clock=clock) as cloud:
        cloud.oss.put("images", "k", b"data", storage_class="Archive")
        keys = cloud.credentials
        auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
        bucket = oss2.Bucket(
            auth, "https://oss-cn-hangzhou.aliyuncs.com", "images", region="cn-hangzhou"
        )
        with pytest.raises(ServerError) as caught:
            bucket.get_object("k")
        assert (caught.value.status, caught.value.code) == (403, "InvalidObjectState")
        assert bucket.restore_object("k").status == 202
        ongoing = bucket.head_object("k").headers["x-oss-restore"]
        with pytest.raises(ServerError) as caught:
            bucket.restore_object("k")
        assert caught.value.code == "RestoreAlreadyInProgress"
        clock.advance(cloud.oss.restore_seconds)
        restored = bucket.head_object("k").headers["x-oss-restore"]
        assert bucket.get_object("k").read() == b"data"
    assert ongoing == 'ongoing-request="true"'
    assert restored.startswith('ongoing-request="false", expiry-date="')


def test_a_standard_object_cannot_be_restored(images: oss2.Bucket) -> None:
    images.put_object("k", b"")
    with pytest.raises(ServerError) as caught:
        images.restore_object("k")
    assert (caught.value.status, caught.value.code) == (400, "OperationNotSupported")


def test_a_public_object_is_read_without_a_key(images: oss2.Bucket) -> None:
    images.put_object("k", b"data")
    url = "https://images.oss-cn-hangzhou.aliyuncs.com/k"
    assert requests.get(url, timeout=PATIENCE_SECONDS).status_code == 403
    images.put_object_acl("k", oss2.OBJECT_ACL_PUBLIC_READ)
    assert requests.get(url, timeout=PATIENCE_SECONDS).content == b"data"
    assert requests.put(url, data=b"", timeout=PATIENCE_SECONDS).status_code == 403


def test_a_bucket_says_what_it_is(bucket: oss2.Bucket) -> None:
    info = bucket.get_bucket_info()
    assert (info.name, info.location) == ("images", "oss-cn-hangzhou")
    assert info.intranet_endpoint == "oss-cn-hangzhou-internal.aliyuncs.com"
    assert bucket.get_bucket_location().location == "oss-cn-hangzhou"
    assert bucket.get_bucket_stat().object_count == 0


def test_a_bucket_may_encrypt_what_is_put(bucket: oss2.Bucket) -> None:
    bucket.put_bucket_encryption(ServerSideEncryptionRule("AES256"))
    bucket.put_object("k", b"")
    found = bucket.head_object("k").headers["x-oss-server-side-encryption"]
    rule = bucket.get_bucket_encryption()
    bucket.delete_bucket_encryption()
    assert (found, rule.sse_algorithm) == ("AES256", "AES256")
    with pytest.raises(oss2.exceptions.NoSuchServerSideEncryptionRule):
        bucket.get_bucket_encryption()


def test_a_bucket_is_made_listed_and_removed(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    other = oss2.Bucket(images.auth, images.endpoint, "other", region="cn-hangzhou")
    other.create_bucket(oss2.BUCKET_ACL_PUBLIC_READ)
    service = oss2.Service(images.auth, images.endpoint, region="cn-hangzhou")
    names = [found.name for found in oss2.BucketIterator(service, max_keys=1)]
    assert names == ["images", "other"]
    assert other.get_bucket_acl().acl == "public-read"
    other.delete_bucket()
    assert list(cloud.oss.buckets) == ["images"]


@pytest.mark.parametrize("name", ["ab-", "ab", "Abc", "a_b", "a" * 64])
def test_a_bad_bucket_name_is_refused(cloud: FakeAliyun, name: str) -> None:
    with pytest.raises(OssError) as caught:
        cloud.oss.create_bucket(name)
    assert (caught.value.status, caught.value.code) == (400, "InvalidBucketName")
    assert f"{name!r} is no name of a bucket: it has 3 to 63" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"data": "text"}, "data is of type str; it takes bytes, such as text.encode"),
        ({"head": "text", "size_bytes": 9}, "head is of type str; it takes bytes"),
        ({"data": None}, "put needs data, b'' for an empty object, or size_bytes"),
        ({}, "put needs data"),
    ],
    ids=str,
)
def test_an_object_is_put_with_bytes_or_not_at_all(
    cloud: FakeAliyun, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        cloud.oss.put("images", "k", **given)
    assert "images" not in cloud.oss.buckets


@pytest.mark.parametrize("key", ["/k", "\\k", "k" * 1024], ids=["/", "\\", "long"])
def test_a_bad_object_name_is_refused(images: oss2.Bucket, key: str) -> None:
    with pytest.raises(ServerError) as caught:
        images.put_object(key, b"")
    assert (caught.value.status, caught.value.code) == (400, "InvalidObjectName")
