"""A multipart upload against the fake OSS: taken over, stored once, compared."""

from typing import Any

import pytest
from fake_aliyun import Fault
from image_import.aliyun.oss.client import ObjectChanged, UploadGone
from image_import.aliyun.oss.multipart import CopiedObject, MultipartUpload
from image_import.config.credentials import read_credentials
from image_import.config.settings import read_settings
from image_import.errors import ServiceUnavailable
from image_import.importing.runtime import Clients
from image_import.retry import RetryPolicy
from uploads import BUCKET, Uploads

PART = bytes(range(256)) * 400
RETRY = RetryPolicy(remaining=lambda: 100.0, sleep=lambda _: None, random=lambda: 0.5)


def upload_to(uploads: Uploads, upload_id: str = "") -> MultipartUpload:
    keys: Any = uploads.cloud.credentials
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
    }
    oss = Clients(pool_size=1).oss(
        read_settings({}), read_credentials(None, environ), uploads.cloud.region_id
    )
    etag = uploads.cloud.oss.get(BUCKET, "source").etag
    source = CopiedObject(bucket=BUCKET, object_key="source", etag=etag)
    return MultipartUpload(
        oss=oss,
        retry=RETRY,
        bucket=BUCKET,
        object_key="target",
        source=source,
        upload_id=upload_id,
    )


@pytest.fixture
def uploads() -> Uploads:
    uploads = Uploads()
    uploads.put("source", PART * 2)
    return uploads


def held(uploads: Uploads) -> bytes:
    return uploads.cloud.oss.get(BUCKET, "target").content.to_bytes()


def test_another_goes_on_with_what_is_stored(uploads: Uploads) -> None:
    with uploads.cloud:
        first = upload_to(uploads)
        first.begin()
        first.write(1, 0, PART)
        second = upload_to(uploads, first.upload_id)
        assert [part.number for part in second.go_on()] == [1]
        second.write(1, 0, PART)
        second.copy(3, len(PART), len(PART), len(PART))
        second.complete(may_overwrite=False, size_bytes=2 * len(PART))
    assert held(uploads) == PART * 2
    assert uploads.calls("UploadPart") == 1


def test_other_bytes_of_a_part_are_stored_again(uploads: Uploads) -> None:
    with uploads.cloud:
        upload = upload_to(uploads)
        upload.begin()
        upload.write(1, 0, PART)
        upload.write(1, 0, PART[:-1] + b"!")
        upload.complete(may_overwrite=False)
    assert held(uploads).endswith(b"!")


def test_more_parts_than_one_page_lists_are_all_found(uploads: Uploads) -> None:
    with uploads.cloud:
        upload = upload_to(uploads)
        upload.begin()
        for number in range(1, 1003):
            upload.write(number, 0, b"%d" % number)
        assert len(upload.list_parts()) == 1002


def test_a_completion_whose_answer_was_lost_is_a_completion(uploads: Uploads) -> None:
    fault = Fault(
        service="oss",
        action="CompleteMultipartUpload",
        code="InternalError",
        after_effect=True,
    )
    uploads.cloud.faults.add(fault)
    with uploads.cloud:
        upload = upload_to(uploads)
        upload.begin()
        upload.write(1, 0, PART)
        upload.complete(may_overwrite=False)
    assert held(uploads) == PART


def test_what_lacks_a_part_is_not_completed(uploads: Uploads) -> None:
    with uploads.cloud:
        upload = upload_to(uploads)
        upload.begin()
        upload.write(1, 0, PART)
        with pytest.raises(ServiceUnavailable, match=r"expected 204,800"):
            upload.complete(may_overwrite=False, size_bytes=2 * len(PART))
    assert uploads.calls("CompleteMultipartUpload") == 0


def test_a_source_that_was_overwritten_is_not_copied(uploads: Uploads) -> None:
    with uploads.cloud:
        upload = upload_to(uploads)
        upload.begin()
        uploads.put("source", b"another")
        with pytest.raises(ObjectChanged):
            upload.copy(1, 0, 0, 5)


def test_what_was_aborted_is_gone_and_may_be_aborted_again(uploads: Uploads) -> None:
    with uploads.cloud:
        upload = upload_to(uploads)
        upload.begin()
        upload.abort()
        upload.abort()
        with pytest.raises(UploadGone):
            upload.go_on()
