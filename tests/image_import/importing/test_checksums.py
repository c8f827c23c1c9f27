"""Whether what was uploaded is what was meant: from the files to the outcome."""

import hashlib
import json
from collections.abc import Sequence

import crcmod
import oss2
import pytest
from image_import.ledger.entries import State
from image_import.model.result import Outcome
from uploads import BUCKET, QCOW2, Uploads, manifest

MD5 = hashlib.md5(QCOW2, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(QCOW2).hexdigest()
OTHER = "1" * 32
BESIDE = {"CHECKSUM": "beside"}
REQUIRED = {"CHECKSUM": "required"}
LARGE = {"head": QCOW2, "size_bytes": 40 * 1024**3}


def crc64_by_crcmod(data: bytes) -> str:
    crc = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=2**64 - 1, rev=True)
    return str(crc(data))


def imported(uploads: Uploads) -> int:
    return uploads.calls("ImportImage")


def test_the_crc_64_of_crcmod_is_that_of_the_upload() -> None:
    uploads = Uploads()
    sidecar = {"Crc64": crc64_by_crcmod(QCOW2)}
    uploads.put("web.qcow2.json", json.dumps(sidecar).encode())
    result = uploads.upload("web.qcow2")
    assert result.outcome is Outcome.SUBMITTED
    assert "the Crc64 of web.qcow2 in web.qcow2.json is that of the upload" in (
        result.notes
    )


@pytest.mark.parametrize(
    "metadata", [{"crc64": "17"}, {"md5": OTHER}, {"sha256": OTHER * 2}]
)
def test_an_upload_that_is_not_what_its_metadata_says_is_refused(
    metadata: dict[str, str],
) -> None:
    uploads = Uploads()
    result = uploads.upload("web.qcow2", metadata=metadata)
    assert result.outcome is Outcome.REFUSED
    assert result.reason.startswith("the upload is not the file that was meant: ")
    assert (imported(uploads), uploads.last_state("web.qcow2")) == (0, State.REFUSED)


def test_a_wrong_disk_of_a_set_keeps_all_of_it_from_being_imported() -> None:
    uploads = Uploads()
    disks = [{"OSSObject": "a-disk1.qcow2"}, {"OSSObject": "a-disk2.qcow2", "Crc64": 1}]
    uploads.put("a-disk1.qcow2.json", json.dumps({"DiskDeviceMapping": disks}).encode())
    uploads.put("a-disk2.qcow2")
    result = uploads.upload("a-disk1.qcow2")
    assert result.outcome is Outcome.REFUSED
    assert "the Crc64 of a-disk2.qcow2 in a-disk1.qcow2.json is 1" in result.reason


def test_a_corrected_sidecar_lets_a_refused_upload_in() -> None:
    uploads = Uploads()
    uploads.put("web.qcow2.json", b'{"Crc64": 1}')
    uploads.upload("web.qcow2")
    said = json.dumps({"Crc64": crc64_by_crcmod(QCOW2)}).encode()
    assert uploads.upload("web.qcow2.json", said).outcome is Outcome.SUBMITTED


def test_files_of_checksums_are_not_read_unless_the_operator_wants_it() -> None:
    uploads = Uploads()
    uploads.put("web.qcow2.md5", OTHER.encode())
    assert uploads.upload("web.qcow2").outcome is Outcome.SUBMITTED
    listed = uploads.upload("web.qcow2.md5", OTHER.encode())
    assert (listed.outcome, imported(uploads)) == (Outcome.IGNORED, 1)


@pytest.mark.parametrize("name", ["web.qcow2.md5", "MD5SUMS"])
def test_a_file_beside_an_image_that_says_another_file_keeps_it_out(name: str) -> None:
    uploads = Uploads(BESIDE)
    uploads.put(f"in/{name}", f"{OTHER}  web.qcow2\n".encode())
    result = uploads.upload("in/web.qcow2")
    assert result.outcome is Outcome.REFUSED
    assert f"the Md5 of in/web.qcow2 in in/{name} is {OTHER}" in result.reason


def test_a_corrected_file_of_checksums_lets_a_refused_upload_in() -> None:
    uploads = Uploads(BESIDE)
    uploads.put("web.qcow2.sha256", OTHER.encode() * 2)
    uploads.upload("web.qcow2")
    corrected = uploads.upload("web.qcow2.sha256", SHA256.encode())
    assert (corrected.outcome, imported(uploads)) == (Outcome.SUBMITTED, 1)


ORDERS = (["web.qcow2", "SHA256SUMS"], ["SHA256SUMS", "web.qcow2"])


@pytest.mark.parametrize("order", ORDERS, ids=["image first", "checksums first"])
def test_an_image_that_waits_for_its_checksum_is_imported_once(
    order: Sequence[str],
) -> None:
    uploads = Uploads(REQUIRED)
    content = {"web.qcow2": QCOW2, "SHA256SUMS": f"{SHA256} *web.qcow2\n".encode()}
    events = [uploads.put(name, content[name]) for name in order[:1]]
    first = uploads.handle(events[0])
    events.append(uploads.put(order[1], content[order[1]]))
    second = uploads.handle(events[1])
    assert (first.outcome, second.outcome) == (Outcome.WAITING, Outcome.SUBMITTED)
    again = [uploads.handle(event).outcome for event in events]
    assert again == [Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert imported(uploads) == 1


def test_an_image_that_waits_for_its_checksum_says_so() -> None:
    uploads = Uploads(REQUIRED)
    result = uploads.upload("web.qcow2")
    assert result.reason == (
        "no checksum of web.qcow2 is there yet (CHECKSUM=required)"
    )
    assert uploads.last_state("web.qcow2") is State.WAITING


def test_metadata_is_enough_where_a_checksum_is_required() -> None:
    uploads = Uploads(REQUIRED)
    assert uploads.upload("a.qcow2", metadata={"md5": MD5}).outcome is Outcome.SUBMITTED


def test_a_required_checksum_that_cannot_be_compared_is_refused() -> None:
    uploads = Uploads(REQUIRED)
    uploads.cloud.oss.put(BUCKET, "web.qcow2", metadata={"sha256": SHA256}, **LARGE)  # type: ignore[arg-type]
    result = uploads.handle(uploads.cloud.oss.event(BUCKET, "web.qcow2"))
    assert result.outcome is Outcome.REFUSED
    assert "OSS says no SHA-256; state Crc64" in result.reason


def test_a_large_upload_is_compared_by_its_crc_64_alone() -> None:
    uploads = Uploads(REQUIRED)
    made = uploads.cloud.oss.put(BUCKET, "web.qcow2", **LARGE)  # type: ignore[arg-type]
    uploads.put("web.qcow2.crc64", str(made.content.crc64).encode())
    result = uploads.handle(uploads.cloud.oss.event(BUCKET, "web.qcow2"))
    assert result.outcome is Outcome.SUBMITTED


def test_a_list_that_comes_late_imports_all_that_wait_for_it() -> None:
    uploads = Uploads(REQUIRED)
    names = ["a.qcow2", "b.qcow2"]
    for number, name in enumerate(names):
        uploads.upload(name, QCOW2 + bytes(number))
    sums = [
        f"{hashlib.sha256(QCOW2 + bytes(number)).hexdigest()}  {name}"
        for number, name in enumerate(names)
    ]
    uploads.upload("SHA256SUMS", "\n".join(sums).encode())
    assert imported(uploads) == 2


def test_a_list_tells_first_of_the_image_that_somebody_should_look_at() -> None:
    uploads = Uploads(REQUIRED)
    uploads.upload("a.qcow2")
    uploads.upload("b.qcow2", QCOW2 + b"cut")
    lines = f"{SHA256}  a.qcow2\n{SHA256}  b.qcow2\n".encode()
    result = uploads.upload("SHA256SUMS", lines)
    assert result.outcome is Outcome.REFUSED
    assert "the Sha256 of b.qcow2" in result.reason
    assert imported(uploads) == 1


def test_checksums_that_come_after_their_image_say_that_nothing_was_compared() -> None:
    uploads = Uploads(BESIDE)
    uploads.upload("web.qcow2")
    late = uploads.upload("web.qcow2.md5", OTHER.encode())
    assert late.outcome is Outcome.DUPLICATE
    assert "set CHECKSUM=required so that images wait" in late.reason


def test_checksums_without_an_image_wait_for_it() -> None:
    alone = Uploads(BESIDE).upload("web.qcow2.md5", MD5.encode())
    assert (alone.outcome, alone.reason) == (
        Outcome.WAITING,
        "there is no image web.qcow2 beside this file of checksums yet",
    )


def test_a_list_that_names_no_image_is_nobody_s() -> None:
    result = Uploads(BESIDE).upload("MD5SUMS", f"{MD5}  notes.txt\n".encode())
    assert (result.outcome, result.reason) == (
        Outcome.IGNORED,
        "the list of checksums names no image",
    )


def test_a_list_that_cannot_be_read_is_refused() -> None:
    assert Uploads(BESIDE).upload("MD5SUMS", b"?").outcome is Outcome.REFUSED


def test_checksums_that_were_overwritten_since_are_left_to_the_newer_event() -> None:
    uploads = Uploads(BESIDE)
    older = uploads.put("web.qcow2.md5", OTHER.encode())
    uploads.put("web.qcow2.md5", MD5.encode())
    assert uploads.handle(older).outcome is Outcome.IGNORED


def test_a_link_to_checksums_is_not_followed() -> None:
    uploads = Uploads(BESIDE)
    uploads.put("elsewhere.txt", MD5.encode())
    keys = uploads.cloud.credentials
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    endpoint = "https://oss-cn-hangzhou.aliyuncs.com"
    with uploads.cloud:
        bucket = oss2.Bucket(auth, endpoint, BUCKET, region="cn-hangzhou")
        bucket.put_symlink("elsewhere.txt", "web.qcow2.md5")
    result = uploads.upload("web.qcow2")
    assert "web.qcow2.md5 is a symbolic link" in result.reason


def test_a_disk_that_waits_for_its_checksum_is_imported_with_its_set() -> None:
    uploads = Uploads(REQUIRED)
    uploads.put("a-disk1.qcow2", metadata={"md5": MD5})
    uploads.put("a-disk2.qcow2")
    waiting = uploads.upload(
        "a-disk1.qcow2.json", manifest("a-disk1.qcow2", "a-disk2.qcow2")
    )
    assert waiting.outcome is Outcome.WAITING
    result = uploads.upload("a-disk2.qcow2.md5", MD5.encode())
    assert result.outcome is Outcome.SUBMITTED
    assert uploads.disks_of(result.image_name) == ["a-disk1.qcow2", "a-disk2.qcow2"]
