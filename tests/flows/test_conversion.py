"""A disk in a format that ECS does not take, from its upload to the image."""

import subprocess
from pathlib import Path

import pytest
from conversions import (
    CONVERTED,
    in_format,
    in_tar,
    left_behind,
    plain_disk,
    track_to_the_end,
)
from fake_aliyun import Fault
from fake_aliyun.core.http import Request, Response
from image_import.ledger.entries import State
from image_import.model.result import Outcome
from made_ovf import ovf
from uploads import BUCKET, PAST_ANY_LEASE, QCOW2, Uploads

pytestmark = pytest.mark.needs("qemu-img")

SPARSE = "subformat=monolithicSparse"
STREAM = "subformat=streamOptimized"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain_disk(tmp_path_factory.mktemp("disk"))


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain_disk(tmp_path_factory.mktemp("disk"), data_bytes=200_000)


def sent(uploads: Uploads, number: int = 1) -> tuple[str, str]:
    """Return key and format of a disk of the one image."""
    (image,) = uploads.cloud.ecs.images.values()
    name = f"DiskDeviceMapping.{number}."
    return image.parameters[f"{name}OSSObject"], image.parameters[f"{name}Format"]


@pytest.mark.parametrize(
    ("driver", "options"), [("vmdk", SPARSE), ("vhdx", ""), ("vdi", "")]
)
def test_blocks_become_an_image_without_passing_through(
    disk: Path, tmp_path: Path, driver: str, options: str
) -> None:
    uploads, name = Uploads(), f"debian-12.{driver}"
    result = uploads.upload(name, in_format(disk, driver, options))
    assert result.outcome is Outcome.SUBMITTED
    assert result.parameters["Platform"] == "Debian"
    key, image_format = sent(uploads)
    assert (key.startswith(CONVERTED), image_format) == (True, "QCOW2")
    target = tmp_path / "target.qcow2"
    target.write_bytes(uploads.cloud.oss.get(BUCKET, key).content.to_bytes())
    subprocess.run(["qemu-img", "check", "-q", target], check=True)
    compare = ["qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw"]
    subprocess.run([*compare, target, disk], check=True)
    track_to_the_end(uploads)
    assert uploads.last_state(name) is State.AVAILABLE
    assert left_behind(uploads) == []
    assert uploads.cloud.oss.keys(BUCKET, "debian") == [name]


def test_a_disk_in_a_tar_is_copied_out_of_it() -> None:
    uploads = Uploads()
    archive = in_tar([("readme.txt", b"hello"), ("debian-12.qcow2", QCOW2)])
    assert uploads.upload("debian-12.tar", archive).outcome is Outcome.SUBMITTED
    key, image_format = sent(uploads)
    assert image_format == "QCOW2"
    assert uploads.cloud.oss.get(BUCKET, key).content.to_bytes() == QCOW2
    assert uploads.calls("UploadPart") == 0


def test_an_appliance_with_two_disks_is_one_image(disk: Path) -> None:
    vmdk = in_format(disk, "vmdk", SPARSE)
    archive = in_tar(
        [
            ("web.ovf", ovf(("b", "data.vmdk", 10), ("a", "system.vmdk", 2))),
            ("system.vmdk", vmdk),
            ("data.vmdk", vmdk),
        ]
    )
    uploads = Uploads()
    result = uploads.upload("debian-12.ova", archive)
    assert result.outcome is Outcome.SUBMITTED
    keys = [sent(uploads, number)[0] for number in (1, 2)]
    assert [key.rpartition("-")[2] for key in keys] == ["1.qcow2", "2.qcow2"]
    track_to_the_end(uploads)
    assert left_behind(uploads) == []


def test_an_archive_of_several_disks_is_refused_until_a_sidecar_names_one() -> None:
    uploads = Uploads()
    archive = in_tar([("a.qcow2", QCOW2), ("b.qcow2", QCOW2)])
    refused = uploads.upload("debian-12.tar", archive)
    assert refused.outcome is Outcome.REFUSED
    assert "'a.qcow2', 'b.qcow2'" in refused.reason
    uploads.put("debian-12.tar.json", b'{"Member": "b.qcow2"}')
    again = uploads.upload("debian-12.tar", archive)
    assert again.outcome is Outcome.SUBMITTED


@pytest.mark.parametrize("environ", [{}, {"CONVERT": "never"}], ids=["auto", "never"])
def test_without_a_converter_data_pass_through_nobody(
    disk: Path, environ: dict[str, str]
) -> None:
    uploads = Uploads(environ)
    result = uploads.upload("debian-12.vmdk", in_format(disk, "vmdk", STREAM))
    assert result.outcome is Outcome.REFUSED
    said = "image-import convert debian-12.vmdk debian-12.qcow2"
    assert (said in result.reason) == (not environ)
    assert uploads.calls("InitiateMultipartUpload") == 0
    assert left_behind(uploads) == []


def test_a_dry_run_tells_the_plan_and_writes_nothing(disk: Path) -> None:
    uploads = Uploads({"DRY_RUN": "true"})
    result = uploads.upload("debian-12.vdi", in_format(disk, "vdi"))
    assert result.outcome is Outcome.PLANNED
    assert result.parameters["DiskDeviceMapping.1.Format"] == "QCOW2"
    assert result.parameters["DiskDeviceMapping.1.DiskImageSize"] == "1"
    assert left_behind(uploads) == []


def test_delivered_twice_it_is_converted_and_imported_once(disk: Path) -> None:
    uploads = Uploads()
    event = uploads.put("debian-12.vdi", in_format(disk, "vdi"))
    first, second = uploads.handle(event), uploads.handle(event)
    assert [first.outcome, second.outcome] == [Outcome.SUBMITTED, Outcome.DUPLICATE]
    assert uploads.calls("CompleteMultipartUpload") == 1


def test_a_source_that_is_overwritten_meanwhile_is_refused_and_begun_anew(
    disk: Path,
) -> None:
    uploads = Uploads()
    event = uploads.put("debian-12.vdi", in_format(disk, "vdi"))
    uploads.cloud.faults.add(
        Fault(service="oss", action="UploadPartCopy", code="InternalError", times=4)
    )
    assert uploads.handle(event).outcome is Outcome.RETRYING
    newer = uploads.put("debian-12.vdi", in_format(disk, "vdi") + bytes(512))
    old = uploads.handle(event)
    assert old.outcome is Outcome.REFUSED
    assert "overwritten" in old.reason
    assert uploads.handle(newer).outcome is Outcome.SUBMITTED
    track_to_the_end(uploads)
    assert left_behind(uploads) == []
    assert len(uploads.image_names) == 1


class Killed(BaseException):
    """The platform ended the process."""


def killing(uploads: Uploads, number: int, *, is_after: bool) -> None:
    """Let the process die of an exchange, before its effect or after it."""
    handle = uploads.cloud.handle
    left = [number]

    def mortal(request: Request) -> Response:
        left[0] -= 1
        if left[0]:
            return handle(request)
        if is_after:
            handle(request)
        raise Killed

    uploads.cloud.handle = mortal  # type: ignore[method-assign]


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_killed_at_any_exchange_it_goes_on_and_leaves_nothing(
    small_disk: Path, *, is_after: bool
) -> None:
    data, number = in_format(small_disk, "vdi"), 0
    while True:
        number += 1
        uploads = Uploads()
        event = uploads.put("debian-12.vdi", data)
        killing(uploads, number, is_after=is_after)
        try:
            first = uploads.handle(event)
        except Killed:
            del uploads.cloud.handle
        else:
            assert first.outcome is Outcome.SUBMITTED
            break
        uploads.clock.advance(PAST_ANY_LEASE)
        again = uploads.handle(event)
        assert again.outcome in {Outcome.SUBMITTED, Outcome.DUPLICATE}, number
        track_to_the_end(uploads)
        assert left_behind(uploads) == [], number
        assert uploads.calls("CompleteMultipartUpload") <= 2
        assert len(uploads.image_names) == 1
    assert number > 20
