"""What is imported is what is stored: no link, no coding, no other upload."""

import gzip
import json
from collections.abc import Callable

import oss2
import pytest
from image_import.ledger.entries import State
from image_import.model.result import Outcome
from uploads import BUCKET, LEDGER, QCOW2, Uploads, manifest

SECRET = "secret/finance.qcow2"
SIDECAR = b'{"Platform": "Debian", "Architecture": "x86_64"}'


def as_client(uploads: Uploads, act: Callable[[oss2.Bucket], object]) -> None:
    """Do something to the bucket as an uploader would."""
    keys = uploads.cloud.credentials
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    endpoint = "https://oss-cn-hangzhou.aliyuncs.com"
    with uploads.cloud:
        act(oss2.Bucket(auth, endpoint, BUCKET, region="cn-hangzhou"))


@pytest.fixture
def uploads() -> Uploads:
    return Uploads()


@pytest.fixture
def linked(uploads: Uploads) -> Uploads:
    uploads.put(SECRET)
    as_client(uploads, lambda b: b.put_symlink(SECRET, "incoming/x.qcow2"))
    return uploads


def test_a_sidecar_does_not_import_what_a_link_leads_to(linked: Uploads) -> None:
    result = linked.upload("incoming/x.qcow2.json", SIDECAR)
    assert result.outcome is Outcome.REFUSED
    assert "incoming/x.qcow2 is a symbolic link to another object" in result.reason
    assert linked.image_names == []


def test_a_data_disk_that_is_a_link_is_refused(linked: Uploads) -> None:
    linked.put("incoming/db.qcow2")
    listed = manifest("db.qcow2", "x.qcow2", Platform="Debian")
    result = linked.upload("incoming/db.qcow2.json", listed)
    assert result.outcome is Outcome.REFUSED
    assert "x.qcow2 is a symbolic link" in result.reason
    assert linked.image_names == []


def test_a_sidecar_that_is_a_link_is_refused(uploads: Uploads) -> None:
    uploads.put("secret/notes.json", SIDECAR)
    as_client(
        uploads,
        lambda b: b.put_symlink("secret/notes.json", "incoming/x.qcow2.json"),
    )
    result = uploads.upload("incoming/x.qcow2")
    assert result.outcome is Outcome.REFUSED
    assert "incoming/x.qcow2.json is a symbolic link" in result.reason


def test_a_link_to_nothing_is_refused(linked: Uploads) -> None:
    as_client(linked, lambda b: b.delete_object(SECRET))
    result = linked.upload("incoming/x.qcow2.json", SIDECAR)
    assert result.outcome is Outcome.REFUSED
    assert "SymlinkTargetNotExist" in result.reason


@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # oss2's own
@pytest.mark.parametrize("name", ["client-side-encryption-key", "oss-crypto-start"])
def test_what_a_client_has_encrypted_is_refused(uploads: Uploads, name: str) -> None:
    result = uploads.upload("in/x.qcow2", metadata={name: "AAAA"})
    assert result.outcome is Outcome.REFUSED
    assert "was encrypted by the client" in result.reason
    assert uploads.last_state("x.qcow2") is State.REFUSED


def put_gzip(data: bytes, key: str) -> Callable[[oss2.Bucket], object]:
    headers = {"Content-Encoding": "gzip"}
    return lambda bucket: bucket.put_object(key, data, headers=headers)


def test_an_image_stored_as_gzip_is_judged_by_what_is_stored(uploads: Uploads) -> None:
    as_client(uploads, put_gzip(gzip.compress(QCOW2), "web.qcow2"))
    result = uploads.handle(uploads.cloud.oss.event(BUCKET, "web.qcow2"))
    assert result.outcome is Outcome.REFUSED
    assert "gzip" in result.reason


def test_a_plain_image_that_is_labelled_gzip_is_imported(uploads: Uploads) -> None:
    as_client(uploads, put_gzip(QCOW2, "web.qcow2"))
    result = uploads.handle(uploads.cloud.oss.event(BUCKET, "web.qcow2"))
    assert result.outcome is Outcome.SUBMITTED


@pytest.mark.parametrize(
    "data", [SIDECAR, gzip.compress(SIDECAR)], ids=["plain", "zip"]
)
def test_a_sidecar_is_unpacked_if_it_is_gzip_whatever_its_label(
    uploads: Uploads, data: bytes
) -> None:
    as_client(uploads, put_gzip(data, "web.qcow2.json"))
    uploads.upload("web.qcow2")
    (image,) = uploads.cloud.ecs.images.values()
    assert image.platform == "Debian"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(b" " * 70_000), "larger than 64 KiB"),
        (gzip.compress(SIDECAR)[:9] + b"???", "begins as gzip and is none"),
    ],
    ids=["too much", "nothing"],
)
def test_a_sidecar_that_unpacks_to_too_much_or_to_nothing_is_refused(
    uploads: Uploads, data: bytes, reason: str
) -> None:
    uploads.put("web.qcow2.json", data)
    result = uploads.upload("web.qcow2")
    assert result.outcome is Outcome.REFUSED
    assert reason in result.reason


def test_an_etag_that_something_wrote_in_lower_case_is_of_the_same_upload(
    uploads: Uploads,
) -> None:
    event = json.loads(uploads.put("web.qcow2"))
    told = event["events"][0]["oss"]["object"]
    told["eTag"] = told["eTag"].lower()
    result = uploads.handle(json.dumps(event).encode())
    assert (result.outcome, result.etag) == (Outcome.SUBMITTED, told["eTag"].upper())


def ledger_key(uploads: Uploads) -> str:
    (key,) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/web")
    return key


def test_a_long_ledger_is_read_to_its_end(uploads: Uploads) -> None:
    event = uploads.put("web.qcow2")
    assert uploads.handle(event).outcome is Outcome.SUBMITTED
    key = ledger_key(uploads)
    lines = uploads.cloud.oss.get(BUCKET, key).content.to_bytes().splitlines()
    intent, submitted = (json.loads(line) for line in lines)
    waiting = {**submitted, "state": "waiting", "reason": "x" * 1_000_000}
    told = [waiting] * 9 + [intent, submitted]
    data = b"".join(json.dumps(line).encode() + b"\n" for line in told)
    uploads.cloud.oss.put(BUCKET, key, data)
    assert uploads.handle(event).outcome is Outcome.DUPLICATE
    assert len(uploads.image_names) == 1


def test_a_time_without_a_zone_in_a_ledger_is_told(uploads: Uploads) -> None:
    event = uploads.put("web.qcow2")
    uploads.handle(event)
    key = ledger_key(uploads)
    data = uploads.cloud.oss.get(BUCKET, key).content.to_bytes()
    uploads.cloud.oss.put(BUCKET, key, data.replace(b'Z", "', b'", "'))
    result = uploads.handle(event)
    assert result.outcome is Outcome.REFUSED
    assert "has no time zone" in result.reason
