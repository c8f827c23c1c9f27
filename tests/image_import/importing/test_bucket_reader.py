"""Which ends of an object are read, and that nothing is missed that its end tells."""

from collections.abc import Callable

import pytest
from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES
from fake_aliyun.core.http import Request, Response
from image_import.model.result import Outcome, Result
from specimens import Specimen, load
from uploads import QCOW2, Uploads, manifest

HEAD, TAIL = f"bytes=0-{HEAD_BYTES - 1}", f"bytes=-{TAIL_BYTES}"
FIXED_VHD: Specimen = next(s for s in load() if s.name == "vhd-fixed")
SIZE = FIXED_VHD.object_size_bytes


def put(uploads: Uploads, key: str, head: bytes, tail: bytes = b"") -> bytes:
    """Put a large object and return its event."""
    uploads.cloud.oss.put("images", key, head=head, tail=tail, size_bytes=SIZE)
    return uploads.cloud.oss.event("images", key)


def watched(
    uploads: Uploads,
    event: bytes,
    *,
    on_tail: Callable[[], object] = lambda: None,
) -> tuple[Result, set[tuple[str, str]]]:
    """Return what became of an event, and which ranges of which keys were read."""
    read: set[tuple[str, str]] = set()
    handle = uploads.cloud.handle

    def watch(request: Request) -> Response:
        if wanted := request.headers.get("range"):
            read.add((request.path.rpartition("/")[2], wanted))
            if wanted == TAIL:
                on_tail()
        return handle(request)

    uploads.cloud.handle = watch  # type: ignore[method-assign]
    try:
        result = uploads.handle(event)
    finally:
        del uploads.cloud.handle
    return result, {(key, r) for key, r in read if not key.endswith("json")}


@pytest.mark.parametrize(
    ("key", "head", "tail", "read", "detected"),
    [
        pytest.param("a.qcow2", QCOW2, b"", [HEAD], "QCOW2", id="qcow2, as it says"),
        pytest.param("a.img", QCOW2, b"", [TAIL, HEAD], "QCOW2", id="qcow2, as .img"),
        pytest.param("a.vhd", QCOW2, b"", [TAIL, HEAD], "QCOW2", id="qcow2, as VHD"),
        pytest.param(
            "a.qcow2",
            FIXED_VHD.head,
            FIXED_VHD.tail,
            [TAIL, HEAD],
            "VHD",
            id="VHD, as qcow2",
        ),
    ],
)
def test_the_end_is_read_unless_name_and_start_say_qcow2(
    key: str, head: bytes, tail: bytes, read: list[str], detected: str
) -> None:
    uploads = Uploads()
    result, seen = watched(uploads, put(uploads, key, head, tail))
    assert result.outcome is Outcome.SUBMITTED
    assert result.parameters["DiskDeviceMapping.1.Format"] == detected
    assert seen >= {(key, wanted) for wanted in read}
    assert ((key, TAIL) in seen) == (TAIL in read)


@pytest.mark.parametrize("key", ["disk.vhd", "disk.raw", "disk.img", "disk"])
def test_a_fixed_disk_whose_owner_wrote_qcow2_ahead_is_refused(key: str) -> None:
    uploads = Uploads()
    result = uploads.handle(put(uploads, key, QCOW2, FIXED_VHD.tail))
    assert result.outcome is Outcome.REFUSED
    assert "qcow2 and VHD at once" in result.reason


def test_a_disk_of_a_set_is_read_to_its_end_where_its_name_is_wrong() -> None:
    uploads = Uploads()
    put(uploads, "a.qcow2", QCOW2)
    put(uploads, "b.qcow2", FIXED_VHD.head, FIXED_VHD.tail)
    event = uploads.put("a.qcow2.json", manifest("a.qcow2", "b.qcow2"))
    result, seen = watched(uploads, event)
    assert result.parameters["DiskDeviceMapping.2.Format"] == "VHD"
    assert {key for key, wanted in seen if wanted == TAIL} == {"b.qcow2"}


def test_an_object_overwritten_between_its_two_reads_is_not_imported() -> None:
    uploads = Uploads()
    event = put(uploads, "a.qcow2", FIXED_VHD.head, FIXED_VHD.tail)
    result, _ = watched(uploads, event, on_tail=lambda: put(uploads, "a.qcow2", QCOW2))
    assert result.outcome is Outcome.IGNORED
    assert "overwritten since this event" in result.reason
    assert uploads.calls("ImportImage") == 0
