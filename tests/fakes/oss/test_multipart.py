"""Multipart uploads through oss2."""

import oss2
import pytest
from fake_aliyun import FakeAliyun
from oss2.exceptions import NoSuchUpload, ServerError
from oss2.models import PartInfo

PART = bytes(100 * 1024)


def uploaded(
    bucket: oss2.Bucket, key: str, *parts: bytes
) -> tuple[str, list[PartInfo]]:
    upload_id = bucket.init_multipart_upload(key).upload_id
    sent = [
        PartInfo(number, bucket.upload_part(key, upload_id, number, data).etag)
        for number, data in enumerate(parts, 1)
    ]
    return upload_id, sent


def test_parts_become_one_object(bucket: oss2.Bucket) -> None:
    upload_id, parts = uploaded(bucket, "a b/k", PART, b"tail")
    result = bucket.complete_multipart_upload("a b/k", upload_id, parts)
    found = bucket.head_object("a b/k")
    assert found.object_type == "Multipart"
    assert found.content_length == len(PART) + 4
    assert found.etag == result.etag
    assert result.etag.endswith("-2")
    assert bucket.get_object("a b/k").read() == PART + b"tail"


def test_a_resumable_upload_comes_back_whole(
    bucket: oss2.Bucket, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("upload")
    file = folder / "disk.raw"
    file.write_bytes(PART * 3 + b"end")
    store = oss2.ResumableStore(root=str(folder))
    oss2.resumable_upload(
        bucket, "k", str(file), store=store, multipart_threshold=1, part_size=len(PART)
    )
    assert bucket.get_object("k").read() == file.read_bytes()


def test_metadata_is_given_where_the_upload_begins(bucket: oss2.Bucket) -> None:
    upload_id = bucket.init_multipart_upload(
        "k", headers={"x-oss-meta-a": "1", "Content-Type": "text/x"}
    ).upload_id
    etag = bucket.upload_part("k", upload_id, 1, b"x").etag
    bucket.complete_multipart_upload("k", upload_id, [PartInfo(1, etag)])
    found = bucket.head_object("k").headers
    assert (found["x-oss-meta-a"], found["Content-Type"]) == ("1", "text/x")


@pytest.mark.parametrize(
    ("number", "etag", "code"),
    [(2, None, "InvalidPart"), (1, "0" * 32, "InvalidPart")],
    ids=["missing part", "other etag"],
)
def test_a_wrong_list_of_parts_is_refused(
    images: oss2.Bucket, number: int, etag: str | None, code: str
) -> None:
    upload_id, parts = uploaded(images, "k", b"x")
    listed = [PartInfo(number, etag or parts[0].etag)]
    with pytest.raises(ServerError) as caught:
        images.complete_multipart_upload("k", upload_id, listed)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_a_small_part_may_only_be_the_last(images: oss2.Bucket) -> None:
    upload_id, parts = uploaded(images, "k", b"small", b"x")
    with pytest.raises(ServerError) as caught:
        images.complete_multipart_upload("k", upload_id, parts)
    assert caught.value.code == "EntityTooSmall"


def test_a_part_number_has_limits(images: oss2.Bucket) -> None:
    upload_id = images.init_multipart_upload("k").upload_id
    with pytest.raises(ServerError) as caught:
        images.upload_part("k", upload_id, 10_001, b"x")
    assert caught.value.code == "InvalidArgument"


def test_an_aborted_upload_is_gone(bucket: oss2.Bucket) -> None:
    upload_id, parts = uploaded(bucket, "k", b"x")
    assert [u.upload_id for u in oss2.MultipartUploadIterator(bucket)] == [upload_id]
    assert [p.size for p in oss2.PartIterator(bucket, "k", upload_id)] == [1]
    bucket.abort_multipart_upload("k", upload_id)
    assert list(oss2.MultipartUploadIterator(bucket)) == []
    with pytest.raises(NoSuchUpload):
        bucket.complete_multipart_upload("k", upload_id, parts)


def test_parts_are_listed_in_pages(images: oss2.Bucket) -> None:
    upload_id, _ = uploaded(images, "k", b"1", b"2", b"3")
    listed = oss2.PartIterator(images, "k", upload_id, max_parts=2)
    assert [part.part_number for part in listed] == [1, 2, 3]


def test_uploads_are_listed_in_pages(images: oss2.Bucket) -> None:
    begun = {images.init_multipart_upload(key).upload_id for key in "abca"}
    listed = oss2.MultipartUploadIterator(images, max_uploads=1)
    assert {upload.upload_id for upload in listed} == begun


def test_a_part_may_be_a_span_of_another_object(bucket: oss2.Bucket) -> None:
    bucket.put_object("source", b"0123456789")
    upload_id = bucket.init_multipart_upload("k").upload_id
    part = bucket.upload_part_copy("images", "source", (2, 4), "k", upload_id, 1)
    bucket.complete_multipart_upload("k", upload_id, [PartInfo(1, part.etag)])
    assert bucket.get_object("k").read() == b"234"


@pytest.mark.parametrize(
    ("asked", "copied", "told"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=2-", b"23456789", "bytes 2-9/10"),
        ("bytes=2-10", b"0123456789", None),
        ("bytes=10-12", b"0123456789", None),
        ("bytes=4-2", b"0123456789", None),
        ("2-4", b"0123456789", None),
    ],
)
def test_a_span_that_does_not_fit_copies_the_whole_object(
    images: oss2.Bucket, asked: str, copied: bytes, told: str | None
) -> None:
    images.put_object("source", b"0123456789")
    upload_id = images.init_multipart_upload("k").upload_id
    part = images.upload_part_copy(
        "images",
        "source",
        None,
        "k",
        upload_id,
        1,
        headers={"x-oss-copy-source-range": asked},
    )
    images.complete_multipart_upload("k", upload_id, [PartInfo(1, part.etag)])
    assert images.get_object("k").read() == copied
    assert part.headers.get("Content-Range") == told


def test_all_parts_are_taken_where_none_is_listed(images: oss2.Bucket) -> None:
    upload_id, _ = uploaded(images, "k", bytes(100 * 1024), b"end")
    whole = {"x-oss-complete-all": "yes"}
    with pytest.raises(ServerError) as caught:
        images.complete_multipart_upload("k", upload_id, [], headers=whole)
    assert caught.value.code == "InvalidArgument"
    images.complete_multipart_upload("k", upload_id, None, headers=whole)
    assert images.head_object("k").content_length == 100 * 1024 + 3


def test_uploads_are_grouped_by_a_delimiter(images: oss2.Bucket) -> None:
    for key in ("a/1", "a/2", "b", "b", "c/1", "d"):
        images.init_multipart_upload(key)
    listed = oss2.MultipartUploadIterator(images, delimiter="/", max_uploads=1)
    assert [upload.key for upload in listed] == ["a/", "b", "b", "c/", "d"]
    under = oss2.MultipartUploadIterator(images, prefix="a/", delimiter="/")
    assert [upload.key for upload in under] == ["a/1", "a/2"]


@pytest.mark.parametrize("where", ["init", "complete"])
def test_an_upload_may_not_replace_an_object_it_must_not(
    images: oss2.Bucket, where: str
) -> None:
    forbid = {"x-oss-forbid-overwrite": "true"}
    upload_id = images.init_multipart_upload(
        "k", headers=forbid if where == "init" else None
    ).upload_id
    etag = images.upload_part("k", upload_id, 1, b"x").etag
    images.put_object("k", b"meanwhile")
    with pytest.raises(ServerError) as caught:
        images.complete_multipart_upload(
            "k",
            upload_id,
            [PartInfo(1, etag)],
            headers=forbid if where == "complete" else None,
        )
    assert caught.value.code == "FileAlreadyExists"


def test_only_the_completed_upload_is_announced(
    cloud: FakeAliyun, images: oss2.Bucket
) -> None:
    upload_id, parts = uploaded(images, "k", b"x")
    assert cloud.oss.events == []
    images.complete_multipart_upload("k", upload_id, parts)
    names = [event["eventName"] for event in cloud.oss.events]
    assert names == ["ObjectCreated:CompleteMultipartUpload"]
