"""What the vendor's own suites assert of the real OSS, one fact a test.

Learned by running the suites of github.com/aliyun/aliyun-oss-python-sdk (tests/) and
github.com/aliyun/alibabacloud-oss-python-sdk-v2 (tests/integration/) against the fake,
2026-12. Each test names the suite's test that states the fact.
"""

import base64
import hashlib
import logging
from collections.abc import Callable
from urllib.parse import quote

import oss2
import pytest
import requests
from bucket_clients import KEY_ID, PUBLIC, SECRET
from fake_aliyun import FakeAliyun
from oss2.exceptions import OssError
from oss2.models import (
    BatchDeleteObjectVersion,
    BatchDeleteObjectVersionList,
    BucketVersioningConfig,
    RestoreConfiguration,
    RestoreJobParameters,
)
from waiting import PATIENCE_SECONDS


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(OssError) as caught:
        call()
    return str(caught.value.code)


def put_cold(bucket: oss2.Bucket, storage_class: str) -> None:
    bucket.put_object("cold", b"1", headers={"x-oss-storage-class": storage_class})


def restore(bucket: oss2.Bucket, tier: str) -> str:
    job = RestoreJobParameters(tier)
    asked = RestoreConfiguration(days=5, job_parameters=job)
    answer = bucket.restore_object("cold", input=asked)
    return str(answer.resp.headers["x-oss-object-restore-priority"])


def test_tags_may_be_of_any_script_oss2_test_copy_object_with_tagging(
    images: oss2.Bucket,
) -> None:
    tags = f"{quote(' +/ ')}={quote('中文')}"
    images.put_object("k", b"", headers={"x-oss-tagging": tags})
    found = images.get_object_tagging("k").tag_set.tagging_rule
    assert found == {" +/ ": "中文"}


@pytest.mark.parametrize("tags", ["=a", f"{129 * 'a'}=b"], ids=["no key", "long key"])
def test_an_upload_with_wrong_tags_does_not_begin_oss2_test_init_multipart(
    images: oss2.Bucket, tags: str
) -> None:
    headers = {"x-oss-tagging": tags}
    code = code_of(lambda: images.init_multipart_upload("k", headers=headers))
    assert code == "InvalidTag"


def test_keys_with_control_characters_are_deleted_oss2_test_batch_delete_objects(
    bucket: oss2.Bucket,
) -> None:
    key = "文件\x0c-2.txt"
    bucket.put_object(key, b"")
    assert bucket.batch_delete_objects([key]).deleted_keys == [key]
    assert not bucket.object_exists(key)


def test_a_reference_to_a_control_character_is_taken_too_v2_test_delete_multiple(
    images: oss2.Bucket,
) -> None:
    images.put_object("a\x0cb", b"")
    body = b"<Delete><Object><Key>a&#x0C;b</Key></Object></Delete>"
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest())
    headers = {"Content-MD5": md5.decode()}
    images._do("POST", "images", "", params={"delete": ""}, data=body, headers=headers)
    assert not images.object_exists("a\x0cb")


def test_what_oss_ignores_is_ignored_and_said_oss2_test_multipart_yes(
    images: oss2.Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    upload_id = images.init_multipart_upload("k").upload_id
    headers = {"x-oss-object-acl": "private"}
    with caplog.at_level(logging.WARNING, logger="fake_aliyun"):
        images.upload_part("k", upload_id, 1, b"x", headers=headers)
    assert "ignores the header x-oss-object-acl of UploadPart" in caplog.text


@pytest.mark.parametrize("name", ["x-oss-user", "x-oss-auth", "x-oss-request-payer"])
def test_a_header_that_means_nothing_is_ignored_oss2_test_sign(
    images: oss2.Bucket, name: str
) -> None:
    images.put_object("k", b"x", headers={name: "somebody"})
    assert images.get_object("k").read() == b"x"


def test_an_unknown_key_learns_that_a_bucket_is_missing_v2_test_get_bucket_acl_fail(
    cloud: FakeAliyun,
) -> None:
    cloud.oss.create_bucket("images")
    auth = oss2.AuthV4("unknown", "unknown")
    with cloud:
        seen = [
            code_of(oss2.Bucket(auth, PUBLIC, n, region="cn-hangzhou").get_bucket_acl)
            for n in ("missing", "images")
        ]
    assert seen == ["NoSuchBucket", "InvalidAccessKeyId"]


def test_a_part_is_answered_with_its_md5_v2_test_multipart_upload_object(
    images: oss2.Bucket,
) -> None:
    upload_id = images.init_multipart_upload("k").upload_id
    answer = images.upload_part("k", upload_id, 1, b"x")
    assert answer.headers["Content-MD5"] == "ndTkYSaMgDT1yFZOFVxnpg=="


def test_completing_an_upload_may_set_the_acl_v2_test_mutilpart_object_acl(
    images: oss2.Bucket,
) -> None:
    upload_id = images.init_multipart_upload("k").upload_id
    images.upload_part("k", upload_id, 1, b"x")
    headers = {"x-oss-object-acl": "private", "x-oss-complete-all": "yes"}
    images.complete_multipart_upload("k", upload_id, None, headers=headers)
    assert images.get_object_acl("k").acl == "private"


@pytest.mark.parametrize("tier", ["Expedited", "Standard", "Bulk"])
def test_a_cold_object_comes_back_by_priority_oss2_test_restore_object_with_config(
    images: oss2.Bucket, tier: str
) -> None:
    put_cold(images, "ColdArchive")
    assert restore(images, tier) == tier


def test_an_unknown_priority_is_refused_oss2_test_restore_object_with_wrong_request(
    images: oss2.Bucket,
) -> None:
    put_cold(images, "ColdArchive")
    assert code_of(lambda: restore(images, "wrong-tier")) == "InvalidArgument"


def test_an_archive_has_no_priority_oss2_test_restore_archive_object_with_job(
    images: oss2.Bucket,
) -> None:
    put_cold(images, "Archive")
    assert code_of(lambda: restore(images, "Bulk")) == "MalformedXML"


def test_listings_say_what_is_being_restored_oss2_test_list_objects(
    images: oss2.Bucket,
) -> None:
    put_cold(images, "Archive")
    images.restore_object("cold")
    (found,) = images.list_objects().object_list
    assert found.restore_info == 'ongoing-request="true"'


def test_a_text_is_packed_for_who_takes_gzip_oss2_test_gzip_get(
    bucket: oss2.Bucket,
) -> None:
    bucket.put_object("k.txt", b"a" * 1024)
    found = bucket.get_object("k.txt", headers={"Accept-Encoding": "gzip"})
    assert found.read() == b"a" * 1024
    headers = found.headers
    assert (headers["Content-Encoding"], found.content_length) == ("gzip", None)


@pytest.mark.parametrize(
    ("key", "size", "extra"),
    [("k.txt", 1023, {}), ("k.raw", 1024, {}), ("k.txt", 1024, {"Range": "bytes=0-9"})],
    ids=["short", "no text", "a range"],
)
def test_nothing_else_is_packed_oss2_test_gzip_get(
    images: oss2.Bucket, key: str, size: int, extra: dict[str, str]
) -> None:
    images.put_object(key, b"a" * size)
    found = images.get_object(key, headers={"Accept-Encoding": "gzip", **extra})
    assert "Content-Encoding" not in found.headers


def test_a_copy_onto_itself_keeps_its_type_oss2_test_update_metadata_versioning(
    images: oss2.Bucket,
) -> None:
    images.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    images.put_object("k", b"x", headers={"Content-Type": "text/plain"})
    images.update_object_meta("k", None)
    assert images.head_object("k").content_type == "text/plain"


def test_a_version_that_is_none_is_not_deleted_oss2_test_delete_object_versions(
    images: oss2.Bucket,
) -> None:
    images.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    wanted = BatchDeleteObjectVersionList([BatchDeleteObjectVersion("k", "234")])
    assert code_of(lambda: images.delete_object_versions(wanted)) == "InvalidArgument"


def test_a_copy_names_no_empty_version_oss2_test_copy_object_with_version(
    images: oss2.Bucket,
) -> None:
    images.put_object("k", b"x")
    source = {"x-oss-copy-source": "/images/k?versionId="}
    call = code_of(lambda: images.put_object("copy", b"", headers=source))
    assert call == "InvalidArgument"


@pytest.mark.parametrize(
    "name", ["prefix", "key_marker", "versionid_marker", "delimiter"]
)
def test_a_listing_takes_1024_characters_oss2_test_list_object_versions_wrong(
    images: oss2.Bucket, name: str
) -> None:
    asked = {name: 1025 * "a"}
    assert code_of(lambda: images.list_object_versions(**asked)) == "InvalidArgument"


def test_a_version_of_a_link_is_deleted_oss2_test_put_symlink_with_version(
    images: oss2.Bucket,
) -> None:
    images.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    version_id = images.put_symlink("target", "link").versionid
    images.delete_object("link", params={"symlink": "", "versionId": version_id})
    assert not images.list_object_versions().versions


def test_signatures_of_version_2_are_checked_oss2_test_sign_v2(
    cloud: FakeAliyun,
) -> None:
    cloud.oss.put("images", "a/ü b", b"bytes")
    with cloud:
        bucket = oss2.Bucket(oss2.AuthV2(KEY_ID, SECRET), PUBLIC, "images")
        assert bucket.get_object("a/ü b").read() == b"bytes"
        url = bucket.sign_url("GET", "a/ü b", 60)
        assert requests.get(url, timeout=PATIENCE_SECONDS).content == b"bytes"
        wrong = oss2.Bucket(oss2.AuthV2(KEY_ID, "other"), PUBLIC, "images")
        seen = code_of(lambda: wrong.get_object("a/ü b"))
        late = requests.get(bucket.sign_url("GET", "k", -1), timeout=PATIENCE_SECONDS)
    assert (seen, late.status_code) == ("SignatureDoesNotMatch", 403)


def test_a_length_without_a_body_keeps_no_read_waiting_oss2_test_sign_v4_additional(
    cloud: FakeAliyun,
) -> None:
    cloud.oss.put("images", "k", b"bytes")
    with cloud.serve() as server:
        auth = oss2.AuthV4(KEY_ID, SECRET)
        bucket = oss2.Bucket(auth, server.url, "images", region="cn-hangzhou")
        for _ in range(3):  # the second finds no connection that is closed
            found = bucket.get_object("k", headers={"Content-Length": "9"})
            assert found.read() == b"bytes"


def test_directives_are_taken_in_small_letters_v2_test_different_bucket_single(
    images: oss2.Bucket,
) -> None:
    images.put_object("k", b"x", headers={"x-oss-meta-a": "1"})
    headers = {"x-oss-metadata-directive": "replace", "x-oss-meta-b": "2"}
    images.copy_object("images", "k", "copy", headers=headers)
    found = images.head_object("copy").headers
    assert ("x-oss-meta-a" in found, found["x-oss-meta-b"]) == (False, "2")
