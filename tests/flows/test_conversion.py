"""A disk in a format that ECS does not take, from its upload to the image."""

import gzip
import json
import lzma
import subprocess
from pathlib import Path

import pytest
from conversions import (
    CONVERTED,
    MIB,
    do_job,
    in_format,
    in_tar,
    jobs_of,
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
    is_the_disk(uploads, disk, tmp_path)
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


WITH_CONVERTER = {"CONVERTER": "true"}


def is_the_disk(uploads: Uploads, disk: Path, folder: Path) -> None:
    """Ask qemu-img whether the one image is made of this disk."""
    target = folder / "target.qcow2"
    held = uploads.cloud.oss.get(BUCKET, sent(uploads)[0]).content.to_bytes()
    target.write_bytes(held)
    subprocess.run(["qemu-img", "check", "-q", target], check=True)
    compare = ["qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw"]
    subprocess.run([*compare, target, disk], check=True)


def packed(disk: Path) -> dict[str, bytes]:
    """Return a disk in the formats that pass through a converter, by their names."""
    raw = disk.read_bytes()
    return {
        "debian-12.vmdk": in_format(disk, "vmdk", STREAM),
        "debian-12.img.gz": gzip.compress(raw, 1),
        "debian-12.raw.xz": lzma.compress(raw, preset=0),
        "debian-12.vdi.gz": gzip.compress(in_format(disk, "vdi"), 1),
    }


PACKED = ("debian-12.vmdk", "debian-12.img.gz", "debian-12.raw.xz", "debian-12.vdi.gz")


@pytest.mark.parametrize("name", PACKED)
def test_what_passes_through_a_converter_becomes_an_image(
    small_disk: Path, tmp_path: Path, name: str
) -> None:
    uploads = Uploads(WITH_CONVERTER)
    waiting = uploads.upload(name, packed(small_disk)[name])
    assert waiting.outcome is Outcome.CONVERTING
    assert uploads.last_state(name) is State.CONVERTING
    (job,) = jobs_of(uploads)
    done = do_job(uploads, job)
    assert done.outcome is Outcome.SUBMITTED, done
    assert done.object_key == name
    is_the_disk(uploads, small_disk, tmp_path)
    assert jobs_of(uploads) == []
    track_to_the_end(uploads)
    assert left_behind(uploads) == []
    assert uploads.last_state(name) is State.AVAILABLE


def test_an_event_that_comes_again_meanwhile_starts_no_second_conversion(
    small_disk: Path,
) -> None:
    uploads = Uploads(WITH_CONVERTER)
    event = uploads.put("debian-12.vmdk", in_format(small_disk, "vmdk", STREAM))
    assert uploads.handle(event).outcome is Outcome.CONVERTING
    puts = uploads.calls("PutObject")
    assert uploads.handle(event).outcome is Outcome.CONVERTING
    assert uploads.calls("PutObject") == puts
    assert uploads.calls("InitiateMultipartUpload") == 1


def test_a_conversion_that_nobody_is_at_is_begun_again_by_the_tracker(
    small_disk: Path,
) -> None:
    uploads = Uploads(WITH_CONVERTER)
    uploads.upload("debian-12.vmdk", in_format(small_disk, "vmdk", STREAM))
    (job,) = jobs_of(uploads)
    uploads.cloud.oss.delete(BUCKET, job)
    uploads.clock.advance(600)
    uploads.track()
    assert jobs_of(uploads) == []
    uploads.clock.advance(900)
    uploads.track()
    assert jobs_of(uploads) == [job]
    assert do_job(uploads, job).outcome is Outcome.SUBMITTED


def test_a_converter_whose_time_is_up_hands_over(small_disk: Path) -> None:
    uploads = Uploads(WITH_CONVERTER)
    uploads.upload("debian-12.vmdk", in_format(small_disk, "vmdk", STREAM))
    (job,) = jobs_of(uploads)
    late = do_job(uploads, job, timeout_seconds=0)
    assert late.outcome is Outcome.RETRYING
    assert jobs_of(uploads) == [job]
    assert do_job(uploads, job).outcome is Outcome.SUBMITTED


def test_a_job_that_is_done_is_nobodys(small_disk: Path) -> None:
    uploads = Uploads(WITH_CONVERTER)
    uploads.upload("debian-12.vmdk", in_format(small_disk, "vmdk", STREAM))
    (job,) = jobs_of(uploads)
    data = uploads.cloud.oss.get(BUCKET, job).content.to_bytes()
    assert do_job(uploads, job).outcome is Outcome.SUBMITTED
    uploads.put(job, data)
    assert do_job(uploads, job).outcome is Outcome.DUPLICATE
    assert jobs_of(uploads) == []


def test_where_oss_copies_no_ranges_the_converter_does_it(
    disk: Path, tmp_path: Path
) -> None:
    uploads = Uploads(WITH_CONVERTER)
    uploads.cloud.faults.add(
        Fault(
            service="oss",
            action="UploadPartCopy",
            code="OperationNotSupported",
            times=99,
        )
    )
    first = uploads.upload("debian-12.vdi", in_format(disk, "vdi"))
    assert first.outcome is Outcome.CONVERTING
    (job,) = jobs_of(uploads)
    assert do_job(uploads, job).outcome is Outcome.SUBMITTED
    is_the_disk(uploads, disk, tmp_path)
    track_to_the_end(uploads)
    assert left_behind(uploads) == []


def test_where_oss_copies_no_ranges_and_nobody_converts_the_command_is_named(
    disk: Path,
) -> None:
    uploads = Uploads()
    uploads.cloud.faults.add(
        Fault(
            service="oss",
            action="UploadPartCopy",
            code="OperationNotSupported",
            times=99,
        )
    )
    result = uploads.upload("debian-12.vdi", in_format(disk, "vdi"))
    assert result.outcome is Outcome.REFUSED
    assert "OperationNotSupported" in result.reason
    assert "image-import convert debian-12.vdi debian-12.qcow2" in result.reason
    track_to_the_end(uploads)
    assert left_behind(uploads) == []


def test_a_descriptor_and_its_plain_disk_are_one_image(
    small_disk: Path, tmp_path: Path
) -> None:
    path = tmp_path / "debian-12.vmdk"
    command = ["qemu-img", "convert", "-O", "vmdk", "-o", "subformat=monolithicFlat"]
    subprocess.run([*command, str(small_disk), str(path)], check=True)
    flat = tmp_path / "debian-12-flat.vmdk"
    raw = bytearray(flat.read_bytes())
    raw[446:512] = (
        b"\x80\0\0\0\x83\0\0\0\1\0\0\0\0\1\0\0".ljust(64, b"\0") + b"\x55\xaa"
    )
    uploads = Uploads(WITH_CONVERTER)
    before = uploads.upload(path.name, path.read_bytes())
    assert before.outcome is Outcome.IGNORED
    assert "debian-12-flat.vmdk" in before.reason
    assert uploads.upload(flat.name, bytes(raw)).outcome is Outcome.SUBMITTED
    after = uploads.upload(path.name, path.read_bytes())
    assert after.outcome is Outcome.IGNORED
    assert len(uploads.image_names) == 1


@pytest.mark.parametrize("kind", ["Sparse", "Flat"])
def test_a_disk_in_several_files_is_one_image_whichever_comes_last(
    small_disk: Path, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "debian-12.vmdk"
    option = f"subformat=twoGbMaxExtent{kind}"
    command = ["qemu-img", "convert", "-O", "vmdk", "-o", option]
    subprocess.run([*command, str(small_disk), str(path)], check=True)
    (part,) = set(tmp_path.glob("*.vmdk")) - {path}
    ends = []
    for order in ((path, part), (part, path)):
        uploads = Uploads(WITH_CONVERTER)
        first, last = (uploads.upload(p.name, p.read_bytes()) for p in order)
        ends.append((first.outcome, last.outcome))
        (job,) = jobs_of(uploads)
        assert do_job(uploads, job).outcome is Outcome.SUBMITTED
        is_the_disk(uploads, small_disk, tmp_path)
        assert len(uploads.image_names) == 1
    alone = Outcome.REFUSED if kind == "Sparse" else Outcome.WAITING
    converting = Outcome.CONVERTING
    assert ends == [(Outcome.WAITING, converting), (alone, converting)]


def slices(uploads: Uploads, key: str, count: int) -> list[str]:
    """Cut a job into slices, as is done for large disks, and return their keys."""
    said = json.loads(uploads.cloud.oss.get(BUCKET, key).content.to_bytes())
    keys = []
    for number in range(count):
        keys.append(key.replace("-0.json", f"-{number}.json"))
        job = {**said, "number": number, "of": count}
        uploads.put(keys[-1], json.dumps(job).encode())
    return keys


def test_slices_are_done_in_any_order_and_the_last_one_imports(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    large = plain_disk(tmp_path_factory.mktemp("disk"), data_bytes=40 * MIB)
    uploads = Uploads(WITH_CONVERTER)
    uploads.upload("debian-12.vmdk", in_format(large, "vmdk", STREAM))
    (job,) = jobs_of(uploads)
    last, *others = reversed(slices(uploads, job, 3))
    for other in others:
        assert do_job(uploads, other).outcome is Outcome.CONVERTING
    assert uploads.calls("ImportImage") == 0
    assert do_job(uploads, last).outcome is Outcome.SUBMITTED
    is_the_disk(uploads, large, tmp_path)
    assert jobs_of(uploads) == []
    assert uploads.calls("UploadPart") == 3
    # Of each slice at its begin and at its end, and not again to complete it.
    assert uploads.calls("ListParts") == 2 * 3
    track_to_the_end(uploads)
    assert left_behind(uploads) == []


@pytest.mark.parametrize("name", ["debian-12.vmdk", "debian-12.img.gz"])
def test_a_converter_that_is_killed_anywhere_leaves_the_rest_to_the_next(
    small_disk: Path, name: str
) -> None:
    data, number = packed(small_disk)[name], 0
    while True:
        number += 1
        uploads = Uploads(WITH_CONVERTER)
        uploads.upload(name, data)
        (job,) = jobs_of(uploads)
        killing(uploads, number, is_after=bool(number % 2))
        try:
            first = do_job(uploads, job)
        except Killed:
            del uploads.cloud.handle
        else:
            assert first.outcome is Outcome.SUBMITTED
            break
        uploads.clock.advance(PAST_ANY_LEASE)
        if jobs_of(uploads):
            again = do_job(uploads, job)
            assert again.outcome in {Outcome.SUBMITTED, Outcome.DUPLICATE}, number
        track_to_the_end(uploads)
        assert left_behind(uploads) == [], number
        assert len(uploads.image_names) == 1
    assert number > 15


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


@pytest.mark.parametrize("name", ["debian-12.vdi", "debian-12.tar"])
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_killed_at_any_exchange_it_goes_on_and_leaves_nothing(
    small_disk: Path, *, is_after: bool, name: str
) -> None:
    member = in_tar([("debian-12.qcow2", QCOW2)])
    data = member if name.endswith(".tar") else in_format(small_disk, "vdi")
    number = 0
    while True:
        number += 1
        uploads = Uploads()
        event = uploads.put(name, data)
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
