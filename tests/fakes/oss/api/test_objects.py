"""Objects through oss2, over both transports, signatures and addressings."""

import base64
import hashlib
import io

import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun, NotImitatedError
from oss2.exceptions import NoSuchKey, NotFound, PreconditionFailed, ServerError
from waiting import PATIENCE_SECONDS

AWKWARD = ["plain.qcow2", "dir/a b+c%20d.raw", "镜像/ü~!*'()&=?.vhd", "a//b/", "?x"]
GIB = 1024**3


@pytest.mark.parametrize("key", AWKWARD)
def test_any_key_comes_back_as_it_was_put(bucket: oss2.Bucket, key: str) -> None:
    bucket.put_object(key, b"data")
    assert bucket.get_object(key).read() == b"data"
    assert [found.key for found in oss2.ObjectIteratorV2(bucket)] == [key]


def test_a_put_answers_with_md5_and_crc64(bucket: oss2.Bucket) -> None:
    result = bucket.put_object("k", b"hello")
    assert result.etag == hashlib.md5(b"hello").hexdigest().upper()
    assert result.headers["ETag"] == f'"{result.etag}"'
    assert result.crc == 11177612005948864433


def test_every_answer_has_date_and_request_id(bucket: oss2.Bucket) -> None:
    result = bucket.put_object("k", b"")
    assert result.headers["Date"].endswith("GMT")
    assert len(result.request_id) == 24


def test_metadata_and_headers_come_back(bucket: oss2.Bucket) -> None:
    headers = {
        "x-oss-meta-Image-Name": "web",
        "Content-Type": "text/x",
        "Cache-Control": "no-store",
    }
    bucket.put_object("k", b"", headers=headers)
    found = bucket.head_object("k").headers
    assert found["x-oss-meta-image-name"] == "web"
    assert (found["Content-Type"], found["Cache-Control"]) == ("text/x", "no-store")


def test_a_header_beyond_latin_1_does_not_leave_the_client(
    bucket: oss2.Bucket,
) -> None:
    with pytest.raises(UnicodeEncodeError):
        bucket.put_object("k", b"", headers={"x-oss-meta-name": "镜像"})


def test_a_streamed_body_arrives_whole(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", iter([b"ab", b"cd"]))
    bucket.put_object("f", io.BytesIO(b"file"))
    assert bucket.get_object("k").read() + bucket.get_object("f").read() == b"abcdfile"


def test_head_of_a_missing_key_has_its_code_in_a_header(bucket: oss2.Bucket) -> None:
    with pytest.raises(NotFound) as caught:
        bucket.head_object("none")
    assert (caught.value.code, caught.value.ec) == ("NoSuchKey", "0026-00000001")


def test_get_of_a_missing_key_is_nosuchkey(bucket: oss2.Bucket) -> None:
    with pytest.raises(NoSuchKey) as caught:
        bucket.get_object("none")
    assert caught.value.message == "The specified key does not exist."
    assert caught.value.details["Key"] == "none"


def test_a_missing_bucket_is_nosuchbucket(images: oss2.Bucket) -> None:
    images.bucket_name = "others"
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        images.get_object("k")


def test_a_wrong_content_md5_is_refused(bucket: oss2.Bucket) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    with pytest.raises(ServerError) as caught:
        bucket.put_object("k", b"data", headers={"Content-MD5": wrong})
    assert (caught.value.status, caught.value.code) == (400, "InvalidDigest")


def test_forbid_overwrite_refuses_the_second_put(bucket: oss2.Bucket) -> None:
    headers = {"x-oss-forbid-overwrite": "true"}
    bucket.put_object("k", b"1", headers=headers)
    with pytest.raises(ServerError) as caught:
        bucket.put_object("k", b"2", headers=headers)
    assert (caught.value.status, caught.value.code) == (409, "FileAlreadyExists")
    assert bucket.get_object("k").read() == b"1"


def test_a_sparse_object_is_ranged_and_streamed(
    cloud: FakeAliyun, bucket: oss2.Bucket
) -> None:
    cloud.oss.put("images", "big", head=b"HEAD", tail=b"TAIL", size_bytes=40 * GIB)
    assert bucket.get_object("big", byte_range=(0, 7)).read() == b"HEAD\0\0\0\0"
    assert bucket.get_object("big", byte_range=(None, 6)).read() == b"\0\0TAIL"
    whole = bucket.get_object("big")
    assert (whole.content_length, whole.read(6)) == (40 * GIB, b"HEAD\0\0")
    whole.resp.response.close()


def test_delete_is_no_error_twice(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", b"")
    assert [bucket.delete_object("k").status for _ in range(2)] == [204, 204]
    assert not bucket.object_exists("k")


def test_many_objects_are_deleted_at_once(bucket: oss2.Bucket) -> None:
    for key in ("a", "b&", "c"):
        bucket.put_object(key, b"")
    deleted = bucket.batch_delete_objects(["a", "b&", "never"])
    assert sorted(deleted.deleted_keys) == ["a", "b&", "never"]
    assert [found.key for found in oss2.ObjectIterator(bucket)] == ["c"]


def test_a_copy_keeps_metadata_unless_told(bucket: oss2.Bucket) -> None:
    bucket.put_object("a b", b"x", headers={"x-oss-meta-m": "1"})
    bucket.copy_object("images", "a b", "copy")
    headers = {"x-oss-metadata-directive": "REPLACE", "x-oss-meta-m": "2"}
    bucket.copy_object("images", "a b", "changed", headers=headers)
    found = [bucket.head_object(k).headers["x-oss-meta-m"] for k in ("copy", "changed")]
    assert found == ["1", "2"]


def test_a_copy_may_require_an_etag(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"x")
    with pytest.raises(PreconditionFailed):
        bucket.copy_object(
            "images", "a", "b", headers={"x-oss-copy-source-if-match": "0"}
        )


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If-Match", '"5D41402ABC4B2A76B9719D911017C592"', 200),
        ("If-Match", "5D41402ABC4B2A76B9719D911017C592", 200),
        ("If-Match", "0", 412),
        ("If-None-Match", "5D41402ABC4B2A76B9719D911017C592", 304),
        ("If-None-Match", "0", 200),
        ("If-Modified-Since", "Wed, 01 Jan 2020 00:00:00 GMT", 200),
        ("If-Modified-Since", "Wed, 01 Jan 2070 00:00:00 GMT", 304),
        ("If-Unmodified-Since", "Wed, 01 Jan 2020 00:00:00 GMT", 412),
        ("If-Unmodified-Since", "Wed, 01 Jan 2070 00:00:00 GMT", 200),
    ],
)
def test_a_condition_decides_the_status(
    images: oss2.Bucket, header: str, value: str, status: int
) -> None:
    images.put_object("k", b"hello")
    try:
        seen = images.get_object("k", headers={header: value}).status
    except ServerError as error:
        seen = error.status
    assert seen == status


def test_a_condition_on_a_write_is_not_ignored(images: oss2.Bucket) -> None:
    with pytest.raises(NotImitatedError, match="the header 'if-none-match' of PutObj"):
        images.put_object("k", b"", headers={"If-None-Match": "*"})


def test_an_unknown_header_or_parameter_lists_what_there_is(
    images: oss2.Bucket,
) -> None:
    with pytest.raises(NotImitatedError, match="x-oss-forbid-overwrite"):
        images.put_object("k", b"", headers={"x-oss-forbid-overwrit": "true"})
    with pytest.raises(NotImitatedError, match="- versionId"):
        images.get_object("k", params={"version": "1"})


def test_an_unknown_operation_answers_501_over_http(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("images")
    with cloud.serve() as server:
        answer = requests.get(f"{server.url}/images?website", timeout=PATIENCE_SECONDS)
    assert answer.status_code == 501
    assert "ListObjectsV2: GET bucket?list-type" in answer.text


def test_a_listing_pages_through_prefixes_and_keys(bucket: oss2.Bucket) -> None:
    for key in ("a/1", "a/2", "b", "c/", "c/3", "d"):
        bucket.put_object(key, b"")
    pages = oss2.ObjectIterator(bucket, delimiter="/", max_keys=2)
    assert [found.key for found in pages] == ["a/", "b", "c/", "d"]
    inside = oss2.ObjectIteratorV2(bucket, prefix="a/", max_keys=1)
    assert [found.key for found in inside] == ["a/1", "a/2"]
    after = bucket.list_objects_v2(start_after="b")
    assert [found.key for found in after.object_list] == ["c/", "c/3", "d"]


def test_a_listing_shows_type_size_and_etag(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", b"hello")
    found = next(oss2.ObjectIteratorV2(bucket))
    assert (found.type, found.size) == ("Normal", 5)
    assert found.etag == hashlib.md5(b"hello").hexdigest().upper()


def test_too_large_a_page_is_refused(images: oss2.Bucket) -> None:
    with pytest.raises(ServerError) as caught:
        images.list_objects_v2(max_keys=1001)
    assert caught.value.code == "InvalidArgument"


def test_what_was_asked_is_recorded_without_secrets(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    images.put_object("k", b"")
    url = images.sign_url("GET", "k", 60)
    requests.get(url, timeout=PATIENCE_SECONDS)
    seen = [(r.action, r.key, r.status, r.principal) for r in cloud.requests]
    assert seen == [
        ("PutObject", "k", 200, "account"),
        ("GetObject", "k", 200, "account"),
    ]
    assert "x-oss-signature" not in cloud.requests[1].parameters
