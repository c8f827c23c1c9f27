import pytest
from image_import.errors import EvidenceError
from image_import.sidecar.manifest_note import ManifestNote, read_manifest_note

POINTER = ManifestNote(
    manifest_key="in/db.qcow2.json",
    image_key="in/db.qcow2",
    disk_keys=("in/db.qcow2", "in/数据 1.qcow2"),
)


def test_a_pointer_is_read_as_it_was_written() -> None:
    assert read_manifest_note(POINTER.to_bytes()) == POINTER


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"manifest_key": 1}', b"\xff"])
def test_a_note_that_is_none_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="upload the manifest again"):
        read_manifest_note(data)
