"""Whether an image is looked into, and how often."""

from typing import Any, cast

import pytest
from disk_images.formats.detect import Header
from image_import.config.settings import read_settings
from image_import.filename.reader import read_key
from image_import.importing.contents import ContentsReader, is_wanted
from image_import.model.declaration import Declaration
from image_import.model.disk import GIB, DiskFormat
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.planning.evidence import DiskEvidence, Evidence
from stage import Inline

HEADER = Header(
    detected="qcow2-v3", format=DiskFormat.QCOW2, virtual_size_bytes=10 * GIB
)


def evidence_of(key: str, **said: str) -> Evidence:
    disk = DiskEvidence(
        revision=DiskRevision(object_key=key, etag="E"),
        object_size_bytes=GIB,
        header=HEADER,
    )
    return Evidence(
        revision=ImageRevision(bucket="images", disks=(disk.revision,)),
        region_id="cn-hangzhou",
        disks=(disk,),
        clues=read_key(key),
        sidecar=Declaration(**said) if said else None,  # type: ignore[arg-type]
    )


def reader(remaining: float, **environ: str) -> ContentsReader:
    return ContentsReader(
        oss=cast("Any", None),
        bucket="images",
        settings=read_settings(environ),
        remaining=lambda: remaining,
        pool=Inline(),
    )


@pytest.mark.parametrize(
    ("setting", "key", "said", "wanted"),
    [
        ("never", "disk.qcow2", {}, False),
        ("always", "ubuntu-22.04-amd64.qcow2", {}, True),
        ("auto", "ubuntu-22.04-amd64.qcow2", {}, False),
        ("auto", "ubuntu-22.04.qcow2", {}, True),
        ("auto", "disk-amd64.qcow2", {}, True),
        ("auto", "disk-amd64.qcow2", {"platform": "Ubuntu"}, False),
        ("auto", "disk.qcow2", {"platform": "Ubuntu"}, True),
        ("auto", "disk.qcow2", {"platform": "Ubuntu", "architecture": "arm64"}, False),
    ],
)
def test_a_look_is_wanted_where_the_setting_says(
    setting: str, key: str, said: dict[str, str], *, wanted: bool
) -> None:
    settings = read_settings({"INSPECT": setting})
    assert is_wanted(evidence_of(key, **said), settings) is wanted


def test_what_nobody_wants_to_know_is_not_read() -> None:
    assert reader(300, INSPECT="never").read(evidence_of("disk.qcow2")) is None


def test_too_little_time_is_a_note_and_no_fault() -> None:
    contents = reader(60, INSPECT="always").read(evidence_of("disk.qcow2"))
    assert contents is not None
    assert contents.told == {}
    assert "too little is left of the function's time-out" in contents.notes[0]
