"""What is stated of an upload, compared with what OSS tells."""

import hashlib
from typing import Any

import pytest
from disk_images.formats.detect import read_header
from image_import.errors import ConflictError
from image_import.model.checksum import StatedChecksum
from image_import.model.revision import DiskRevision
from image_import.planning.checksums import Compared, compare
from image_import.planning.evidence import DiskEvidence
from uploads import QCOW2

MD5 = hashlib.md5(QCOW2, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(QCOW2).hexdigest()
LARGE = 5 * 1024**3
OPAQUE = "0" * 32


def compared(name: str, value: str, **told: Any) -> Compared:
    etag = told.pop("etag", OPAQUE)
    disk = DiskEvidence(
        revision=DiskRevision(object_key="web.qcow2", etag=etag),
        object_size_bytes=told.pop("size", LARGE),
        header=read_header(QCOW2, b"", object_size_bytes=len(QCOW2)),
        head=QCOW2,
        **told,
    )
    stated = StatedChecksum(
        object_key="web.qcow2", name=name, value=value, source="web.qcow2.json"
    )
    return compare([stated], [disk])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("Crc64", "17", {"crc64": "17"}),
        ("Md5", MD5, {"etag": MD5.upper()}),
        ("Md5", MD5, {"content_md5": MD5}),
        ("Md5", MD5, {"size": len(QCOW2)}),
        ("Sha256", SHA256, {"size": len(QCOW2)}),
    ],
    ids=["CRC-64", "ETag", "Content-MD5", "MD5 of all bytes", "SHA-256 of all bytes"],
)
def test_the_file_that_was_meant_is_known(
    name: str, value: str, told: dict[str, Any]
) -> None:
    found = compared(name, value, **told)
    assert found.matched == {"web.qcow2"}
    assert found.notes == (
        f"the {name} of web.qcow2 in web.qcow2.json is that of the upload",
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("Crc64", "18", {"crc64": "17"}),
        ("Md5", OPAQUE, {"etag": MD5.upper(), "content_md5": MD5}),
        ("Md5", OPAQUE, {"size": len(QCOW2)}),
        ("Sha256", "0" * 64, {"size": len(QCOW2)}),
    ],
    ids=["CRC-64", "ETag and Content-MD5", "MD5 of all bytes", "SHA-256 of all bytes"],
)
def test_another_file_is_refused_with_both_checksums(
    name: str, value: str, told: dict[str, Any]
) -> None:
    with pytest.raises(ConflictError, match="is not the file that was meant") as caught:
        compared(name, value, **told)
    assert f"in web.qcow2.json is {value}, and that of the upload is" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("name", "value", "told", "why"),
    [
        ("Crc64", "17", {}, "this OSS says no CRC-64"),
        ("Md5", MD5, {}, "OSS does not say the MD5"),
        ("Md5", MD5, {"content_md5": "1" * 32}, "OSS does not say the MD5"),
        ("Sha256", SHA256, {"crc64": "17"}, "OSS says no SHA-256; state Crc64"),
    ],
    ids=["no CRC-64", "an ETag that is no MD5", "they differ", "SHA-256"],
)
def test_what_cannot_be_compared_is_said_and_not_believed(
    name: str, value: str, told: dict[str, Any], why: str
) -> None:
    found = compared(name, value, **told)
    assert found.matched == frozenset()
    assert why in found.notes[0]
