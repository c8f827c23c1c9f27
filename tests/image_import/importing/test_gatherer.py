"""Which images an upload could complete."""

import pytest
from image_import.model.result import Outcome
from uploads import BUCKET, QCOW2, Uploads, manifest

SIDECAR = b"Platform: Debian\n"


def encoded(
    uploads: Uploads, key: str, as_told: str, data: bytes | None = None
) -> bytes:
    """Put an object and return its event, with the key as something encoded it."""
    event = uploads.put(key, data) if data else uploads.put(key)
    return event.replace(f'"{key}"'.encode(), f'"{as_told}"'.encode())


def test_an_encoded_key_is_looked_for_decoded_once() -> None:
    uploads = Uploads()
    event = encoded(uploads, "in/a b.qcow2", "in/a%20b.qcow2")
    result = uploads.handle(event)
    assert result.outcome is Outcome.SUBMITTED
    assert uploads.disks_of(result.image_name) == ["in/a b.qcow2"]
    assert "'in/a%20b.qcow2' is encoded" in result.notes[0]
    assert uploads.handle(event).outcome is Outcome.DUPLICATE


def test_an_encoded_sidecar_finds_its_image() -> None:
    uploads = Uploads()
    event = encoded(uploads, "in/a b.qcow2.yaml", "in/a%20b.qcow2.yaml", SIDECAR)
    assert uploads.handle(event).outcome is Outcome.WAITING
    uploads.put("in/a b.qcow2")
    result = uploads.handle(event)
    assert result.outcome is Outcome.SUBMITTED
    assert result.parameters["Platform"] == "Debian"


def test_a_key_that_looks_encoded_and_is_there_is_taken_as_it_is() -> None:
    uploads = Uploads()
    uploads.put("in/a b.qcow2")
    result = uploads.upload("in/a%20b.qcow2")
    assert uploads.disks_of(result.image_name) == ["in/a%20b.qcow2"]
    assert result.notes == ()


@pytest.mark.parametrize(
    ("key", "as_told", "environ"),
    [
        ("in/a b.qcow2", "in/a%2520b.qcow2", {}),
        ("secret/b.qcow2", "%73ecret/b.qcow2", {"KEY_PREFIX": "%73ecret/"}),
        (".image-import/b.qcow2", "%2eimage-import/b.qcow2", {}),
        ("in/x", "in/x%2f", {}),
        ("in/a b.qcow2", "in/a%ffb.qcow2", {}),
    ],
    ids=["encoded twice", "another prefix", "our records", "a folder", "not UTF-8"],
)
def test_what_is_not_this_upload_decoded_stays_deleted(
    key: str, as_told: str, environ: dict[str, str]
) -> None:
    uploads = Uploads(environ)
    result = uploads.handle(encoded(uploads, key, as_told))
    assert (result.outcome, uploads.image_names) == (Outcome.IGNORED, [])


def test_the_object_under_the_decoded_key_must_be_the_upload_of_the_event() -> None:
    uploads = Uploads()
    event = encoded(uploads, "in/a b.qcow2", "in/a%20b.qcow2")
    uploads.put("in/a b.qcow2", b"something else")
    assert uploads.handle(event).outcome is Outcome.IGNORED
    assert uploads.image_names == []


def copied_onto_itself(uploads: Uploads, key: str) -> bytes:
    """Give an object another ETag and the same bytes, as a multipart copy does."""
    whole = uploads.cloud.oss.get(BUCKET, key).content.to_bytes()
    uploads.cloud.oss.put(BUCKET, key, head=whole, size_bytes=len(whole))
    return uploads.cloud.oss.event(BUCKET, key)


def test_the_same_bytes_under_another_etag_are_a_duplicate() -> None:
    uploads = Uploads()
    first = uploads.upload("web.qcow2")
    again = uploads.handle(copied_onto_itself(uploads, "web.qcow2"))
    assert again.outcome is Outcome.DUPLICATE
    assert (again.image_name, again.image_id) == (first.image_name, first.image_id)
    assert "CRC-64 and size are equal" in again.reason


def test_the_same_bytes_are_imported_again_after_others_came_between() -> None:
    uploads = Uploads()
    uploads.upload("web.qcow2")
    uploads.clock.advance(5)
    uploads.upload("web.qcow2", QCOW2 + b"\0" * 65536)
    uploads.clock.advance(5)
    uploads.put("web.qcow2")
    again = uploads.handle(copied_onto_itself(uploads, "web.qcow2"))
    assert again.outcome is Outcome.SUBMITTED


def test_the_same_bytes_are_imported_again_if_no_image_came_of_them() -> None:
    uploads = Uploads()
    uploads.cloud.ecs.fail_import("InvalidImageFormat.Malformed")
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    uploads.track()
    again = uploads.handle(copied_onto_itself(uploads, "web.qcow2"))
    assert again.outcome is Outcome.SUBMITTED


def test_a_set_whose_data_disk_was_copied_onto_itself_is_a_duplicate() -> None:
    uploads = Uploads()
    uploads.put("db.qcow2.json", manifest("db.qcow2", "data.qcow2"))
    uploads.put("data.qcow2")
    first = uploads.upload("db.qcow2")
    again = uploads.handle(copied_onto_itself(uploads, "data.qcow2"))
    assert (first.outcome, again.outcome) == (Outcome.SUBMITTED, Outcome.DUPLICATE)
    assert again.image_id == first.image_id
