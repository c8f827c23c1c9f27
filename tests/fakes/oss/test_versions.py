"""Versioned buckets through oss2."""

import oss2
import pytest
from oss2.exceptions import NoSuchKey, ServerError
from oss2.models import BatchDeleteObjectVersion, BatchDeleteObjectVersionList
from oss2.models import BucketVersioningConfig as Config


@pytest.fixture
def versioned(bucket: oss2.Bucket) -> oss2.Bucket:
    bucket.put_bucket_versioning(Config(oss2.BUCKET_VERSIONING_ENABLE))
    return bucket


def suspend(bucket: oss2.Bucket) -> None:
    bucket.put_bucket_versioning(Config(oss2.BUCKET_VERSIONING_SUSPEND))


def body(bucket: oss2.Bucket, key: str, version_id: str) -> bytes:
    found = bucket.get_object(key, params={"versionId": version_id})
    return bytes(found.read())


def test_each_put_is_a_version_of_its_own(versioned: oss2.Bucket) -> None:
    first, second = (versioned.put_object("k", data).versionid for data in (b"1", b"2"))
    assert first != second
    assert versioned.get_object("k").read() == b"2"
    assert (body(versioned, "k", first), body(versioned, "k", second)) == (b"1", b"2")


def test_the_object_from_before_is_the_null_version(bucket: oss2.Bucket) -> None:
    assert bucket.put_object("k", b"0").versionid is None
    bucket.put_bucket_versioning(Config(oss2.BUCKET_VERSIONING_ENABLE))
    bucket.put_object("k", b"1")
    assert body(bucket, "k", "null") == b"0"


def test_a_suspended_bucket_overwrites_its_null_version(versioned: oss2.Bucket) -> None:
    kept = versioned.put_object("k", b"1").versionid
    suspend(versioned)
    versioned.put_object("k", b"2")
    assert versioned.put_object("k", b"3").versionid == "null"
    assert body(versioned, "k", kept) == b"1"
    listed = versioned.list_object_versions().versions
    assert [entry.versionid for entry in listed] == ["null", kept]


def test_a_delete_leaves_a_marker_that_can_be_deleted(versioned: oss2.Bucket) -> None:
    versioned.put_object("k", b"1")
    gone = versioned.delete_object("k")
    assert gone.delete_marker
    with pytest.raises(NoSuchKey):
        versioned.get_object("k")
    versioned.delete_object("k", params={"versionId": gone.versionid})
    assert versioned.get_object("k").read() == b"1"


def test_a_marker_cannot_be_read(versioned: oss2.Bucket) -> None:
    versioned.put_object("k", b"1")
    marker = versioned.delete_object("k").versionid
    with pytest.raises(ServerError) as caught:
        body(versioned, "k", marker)
    assert (caught.value.status, caught.value.code) == (405, "MethodNotAllowed")


def test_an_unknown_version_is_nosuchversion(images: oss2.Bucket) -> None:
    images.put_object("k", b"")
    with pytest.raises(ServerError) as caught:
        body(images, "k", "CAEQ0")
    assert (caught.value.status, caught.value.code) == (404, "NoSuchVersion")


def test_forbid_overwrite_has_no_effect(versioned: oss2.Bucket) -> None:
    for _ in range(2):
        versioned.put_object("k", b"", headers={"x-oss-forbid-overwrite": "true"})
    suspend(versioned)
    versioned.put_object("k", b"", headers={"x-oss-forbid-overwrite": "true"})


def test_versions_and_markers_are_listed_in_pages(versioned: oss2.Bucket) -> None:
    for key in ("a", "a", "b"):
        versioned.put_object(key, b"")
    versioned.delete_object("a")
    seen, after, after_version = [], "", ""
    while True:
        page = versioned.list_object_versions(
            key_marker=after, versionid_marker=after_version, max_keys=1
        )
        seen += [("marker", m.key, m.is_latest) for m in page.delete_marker]
        seen += [("version", v.key, v.is_latest) for v in page.versions]
        if not page.is_truncated:
            break
        after, after_version = page.next_key_marker, page.next_versionid_marker
    assert seen == [
        ("marker", "a", True),
        ("version", "a", False),
        ("version", "a", False),
        ("version", "b", True),
    ]


def test_versions_are_deleted_at_once(versioned: oss2.Bucket) -> None:
    first = versioned.put_object("k", b"1").versionid
    versioned.put_object("k", b"2")
    chosen = BatchDeleteObjectVersionList([BatchDeleteObjectVersion("k", first)])
    deleted = versioned.delete_object_versions(chosen).delete_versions
    assert [entry.versionid for entry in deleted] == [first]
    assert len(versioned.list_object_versions().versions) == 1


def test_a_bucket_with_old_versions_is_not_empty(versioned: oss2.Bucket) -> None:
    versioned.put_object("k", b"1")
    versioned.delete_object("k")
    with pytest.raises(oss2.exceptions.BucketNotEmpty):
        versioned.delete_bucket()
