"""Copies: what they keep, what they may not be of, and copies over themselves."""

import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun
from oss2.exceptions import ServerError
from oss2.models import BucketVersioningConfig as Config
from waiting import PATIENCE_SECONDS

GIB = 1024**3


def refusal(bucket: oss2.Bucket, key: str, **headers: str) -> tuple[int, str]:
    named = {f"x-oss-{name.replace('_', '-')}": held for name, held in headers.items()}
    with pytest.raises(ServerError) as caught:
        bucket.copy_object("images", key, "copy", headers=named)
    return int(caught.value.status), str(caught.value.code)


@pytest.fixture
def versioned(images: oss2.Bucket) -> oss2.Bucket:
    images.put_bucket_versioning(Config(oss2.BUCKET_VERSIONING_ENABLE))
    return images


@pytest.mark.parametrize("directive", ["COPY", "REPLACE"])
def test_over_itself_the_metadata_given_counts_always(
    images: oss2.Bucket, directive: str
) -> None:
    images.put_object("k", b"x", headers={"x-oss-meta-a": "1", "x-oss-meta-b": "1"})
    given = {"x-oss-metadata-directive": directive, "x-oss-meta-a": "2"}
    images.copy_object("images", "k", "k", headers=given)
    found = images.head_object("k").headers
    assert (found["x-oss-meta-a"], "x-oss-meta-b" in found) == ("2", False)


def test_over_itself_in_a_versioned_bucket_it_is_a_copy_like_any_other(
    versioned: oss2.Bucket,
) -> None:
    versioned.put_object("k", b"x", headers={"x-oss-meta-a": "1"})
    versioned.copy_object("images", "k", "k", headers={"x-oss-meta-a": "2"})
    assert versioned.head_object("k").headers["x-oss-meta-a"] == "1"


def test_over_itself_an_object_keeps_its_kind(images: oss2.Bucket) -> None:
    images.append_object("log", 0, b"x")
    images.copy_object("images", "log", "log", headers={"x-oss-meta-a": "1"})
    images.append_object("log", 1, b"y")
    images.copy_object("images", "log", "other")
    types = [images.head_object(key).object_type for key in ("log", "other")]
    assert types == ["Appendable", "Normal"]


def test_of_a_link_the_link_is_copied(images: oss2.Bucket) -> None:
    images.put_object("target", b"x")
    images.put_symlink("target", "link")
    images.copy_object("images", "link", "copy")
    assert images.get_symlink("copy").target_key == "target"


def test_nothing_appendable_is_copied_in_a_versioned_bucket(
    versioned: oss2.Bucket,
) -> None:
    versioned.append_object("log", 0, b"x")
    assert refusal(versioned, "log") == (400, "OperationNotSupported")


@pytest.mark.parametrize(
    ("size_gib", "bucket", "headers", "status"),
    [
        (6, "images", {}, 200),
        (6, "other", {}, 400),
        (5, "other", {}, 200),
        (2, "images", {"x-oss-storage-class": "IA"}, 400),
        (1, "images", {"x-oss-storage-class": "IA"}, 200),
        (2, "images", {"x-oss-server-side-encryption": "AES256"}, 400),
        (2, "images", {"x-oss-storage-class": "Standard"}, 200),
    ],
)
def test_how_large_a_copy_may_be(
    cloud: FakeAliyun,
    images: oss2.Bucket,
    size_gib: int,
    bucket: str,
    headers: dict[str, str],
    status: int,
) -> None:
    cloud.oss.put(bucket, "huge", size_bytes=size_gib * GIB)
    source = f"/{bucket}/huge"
    answer = requests.put(
        images.sign_url("PUT", "copy", 60, {"x-oss-copy-source": source, **headers}),
        headers={"x-oss-copy-source": source, **headers},
        timeout=PATIENCE_SECONDS,
    )
    assert answer.status_code == status
    assert ("EntityTooLarge" in answer.text) is (status == 400)


def test_a_marker_is_nothing_to_copy(versioned: oss2.Bucket) -> None:
    versioned.put_object("k", b"x")
    marker = versioned.delete_object("k").versionid
    with pytest.raises(ServerError) as caught:
        versioned.copy_object("images", "k", "c", params={"versionId": marker})
    assert (caught.value.status, caught.value.code) == (404, "NoSuchKey")
    upload_id = versioned.init_multipart_upload("c").upload_id
    with pytest.raises(ServerError) as caught:
        versioned.upload_part_copy(
            "images", "k", None, "c", upload_id, 1, params={"versionId": marker}
        )
    assert caught.value.status == 400


def test_a_part_tells_which_version_it_is_of(versioned: oss2.Bucket) -> None:
    version = versioned.put_object("k", b"1").versionid
    versioned.put_object("k", b"2")
    upload_id = versioned.init_multipart_upload("c").upload_id
    part = versioned.upload_part_copy(
        "images", "k", None, "c", upload_id, 1, params={"versionId": version}
    )
    assert part.headers["x-oss-copy-source-version-id"] == version


def test_nothing_is_copied_from_another_region(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    cloud.oss.create_bucket("far", region_id="cn-beijing")
    cloud.oss.put("far", "k", b"x")
    with pytest.raises(ServerError) as caught:
        images.copy_object("far", "k", "k")
    assert (caught.value.status, caught.value.code) == (403, "AccessDenied")
    assert "same data center" in caught.value.message
