"""`image-import convert` between objects; qemu-img says whether it is the disk."""

import gzip
import json
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from disk_images.convert.choose import ConversionOrder
from fake_aliyun import Fault
from image_import.config.credentials import Credentials
from image_import.config.settings import read_settings
from image_import.importing.runtime import Clients
from image_import_cli.commands.convert.conversion import Conversion, ConversionReport
from image_import_cli.commands.convert.object_route import (
    LIMITS,
    ObjectRoute,
    OssPlace,
)
from image_import_cli.main import cli
from made_vmdk import stream_optimized
from uploads import BUCKET, Uploads

pytestmark = pytest.mark.needs("qemu-img")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the command remembers which upload it has begun."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


MIB = 1024**2
SOURCE, TARGET = f"oss://{BUCKET}/web.vmdk", f"oss://{BUCKET}/web.qcow2"


def convert(uploads: Uploads, *arguments: str) -> Run:
    keys = uploads.cloud.credentials
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
        "REGION_ID": uploads.cloud.region_id,
    }
    with uploads.cloud:
        return CliRunner(env=environ).invoke(cli, ["convert", *arguments])


def made(folder: Path, driver: str, options: str) -> Path:
    raw, path = folder / "disk.raw", folder / "source"
    raw.write_bytes(random.Random(1).randbytes(3 * MIB) + bytes(5 * MIB + 512))  # noqa: S311 - bytes
    command = ["qemu-img", "convert", "-O", driver, "-o", options, str(raw), str(path)]
    subprocess.run(command, check=True)
    return path


def is_the_same(uploads: Uploads, folder: Path, source: Path, driver: str) -> None:
    target = folder / "target.qcow2"
    held = uploads.cloud.oss.get(BUCKET, "web.qcow2").content.to_bytes()
    target.write_bytes(held)
    subprocess.run(["qemu-img", "check", "-q", target], check=True)
    compare = ["qemu-img", "compare", "-q", "-f", "qcow2", "-F", driver]
    subprocess.run([*compare, target, source], check=True)


def calls(uploads: Uploads, action: str) -> int:
    return sum(request.action == action for request in uploads.cloud.requests)


def test_blocks_never_leave_oss(tmp_path: Path) -> None:
    source = made(tmp_path, "vmdk", "subformat=monolithicSparse")
    uploads = Uploads()
    uploads.put("web.vmdk", source.read_bytes())
    run = convert(uploads, SOURCE, TARGET, "--json")
    said = json.loads(run.stdout)
    assert (run.exit_code, said["lane"]) == (0, "wrap")
    assert said["bytes_copied"] == source.stat().st_size
    assert calls(uploads, "UploadPartCopy") == 1
    is_the_same(uploads, tmp_path, source, "vmdk")


def test_compressed_grains_are_read_and_written(tmp_path: Path) -> None:
    source = made(tmp_path, "vmdk", "subformat=streamOptimized")
    uploads = Uploads()
    uploads.put("web.vmdk", source.read_bytes())
    run = convert(uploads, SOURCE, TARGET, "--json")
    assert (run.exit_code, json.loads(run.stdout)["lane"]) == (0, "map")
    is_the_same(uploads, tmp_path, source, "vmdk")


def test_compressed_grains_are_copied_if_that_is_asked_for(tmp_path: Path) -> None:
    source = made(tmp_path, "vmdk", "subformat=streamOptimized")
    uploads = Uploads()
    uploads.put("web.vmdk", source.read_bytes())
    run = convert(uploads, SOURCE, TARGET, "--wrap-compressed", "--json")
    said = json.loads(run.stdout)
    assert (run.exit_code, said["lane"]) == (0, "wrap")
    assert said["bytes_copied"] == source.stat().st_size
    is_the_same(uploads, tmp_path, source, "vmdk")


def test_what_oss_refuses_leaves_no_part_behind(tmp_path: Path) -> None:
    source = made(tmp_path, "vmdk", "subformat=monolithicSparse")
    uploads = Uploads()
    uploads.put("web.vmdk", source.read_bytes())
    uploads.cloud.faults.add(
        Fault(service="oss", action="UploadPartCopy", code="AccessDenied")
    )
    run = convert(uploads, SOURCE, TARGET)
    assert run.exit_code == 1
    assert "AccessDenied" in run.stderr
    assert calls(uploads, "AbortMultipartUpload") == 1
    assert uploads.cloud.oss.keys(BUCKET) == ["web.vmdk"]


def test_a_part_that_oss_did_not_answer_is_stored_again(tmp_path: Path) -> None:
    source = made(tmp_path, "vmdk", "subformat=monolithicSparse")
    uploads = Uploads()
    uploads.put("web.vmdk", source.read_bytes())
    uploads.cloud.faults.add(
        Fault(service="oss", action="UploadPartCopy", code="InternalError")
    )
    assert convert(uploads, SOURCE, TARGET).exit_code == 0
    is_the_same(uploads, tmp_path, source, "vmdk")


def test_an_object_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    source = made(tmp_path, "vmdk", "subformat=monolithicSparse")
    uploads = Uploads()
    uploads.put("web.vmdk", source.read_bytes())
    uploads.put("web.qcow2", b"mine")
    assert convert(uploads, SOURCE, TARGET).exit_code == 1
    assert uploads.cloud.oss.get(BUCKET, "web.qcow2").content.to_bytes() == b"mine"
    assert convert(uploads, SOURCE, TARGET, "--force").exit_code == 0


class KilledError(Exception):
    """The process is no more."""


def go(
    uploads: Uploads, cache: Path, source: str, *, killed_after: int = 0
) -> ConversionReport:
    """Convert as the command does, in parts of 1 MiB.

    Args:
        killed_after: Parts that are stored when the process is killed.
    """
    cloud = uploads.cloud
    pair = cloud.credentials
    credentials = Credentials(
        access_key_id=pair.access_key_id, access_key_secret=pair.access_key_secret
    )
    settings = read_settings({"REGION_ID": cloud.region_id})
    stored: list[int] = []

    def on_progress(done: int, total: int | None) -> None:
        del total
        stored.append(done)
        if len(stored) == killed_after:
            raise KilledError

    route = ObjectRoute(
        oss=Clients(pool_size=2).oss(settings, credentials, cloud.region_id),
        source=OssPlace(bucket=BUCKET, object_key=source),
        place=OssPlace(bucket=BUCKET, object_key="web.qcow2"),
        working_prefix=".image-import/",
        records=cache,
        limits=replace(LIMITS, usual_bytes=MIB, largest_copy_bytes=MIB),
    )
    with cloud:
        return Conversion(route, ConversionOrder(), on_progress, threads=1).convert()


def files(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.parametrize("options", ["monolithicSparse", "streamOptimized"])
@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_conversion_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, cache: Path, options: str, killed_after: int
) -> None:
    source = made(tmp_path, "vmdk", f"subformat={options}")
    uploads = Uploads()
    uploads.put("web.vmdk", source.read_bytes())
    with pytest.raises(KilledError):
        go(uploads, cache, "web.vmdk", killed_after=killed_after)
    assert uploads.cloud.oss.keys(BUCKET) == ["web.vmdk"]
    before = calls(uploads, "UploadPart") + calls(uploads, "UploadPartCopy")
    assert before == killed_after
    assert go(uploads, cache, "web.vmdk").resumed_bytes > 0
    assert calls(uploads, "InitiateMultipartUpload") == 1
    assert files(cache) == []
    is_the_same(uploads, tmp_path, source, "vmdk")


def test_a_source_that_was_overwritten_is_converted_anew(
    tmp_path: Path, cache: Path
) -> None:
    source = made(tmp_path, "vmdk", "subformat=streamOptimized")
    uploads = Uploads()
    uploads.put("web.vmdk", stream_optimized(b"other..." * (MIB // 4)))
    with pytest.raises(KilledError):
        go(uploads, cache, "web.vmdk", killed_after=1)
    uploads.put("web.vmdk", source.read_bytes())
    assert go(uploads, cache, "web.vmdk").resumed_bytes == 0
    assert uploads.cloud.oss.buckets[BUCKET].uploads == {}
    is_the_same(uploads, tmp_path, source, "vmdk")


@pytest.mark.parametrize("killed_after", [0, 1, 2, 4])
def test_a_packed_vmdk_passes_through_an_object_that_nobody_imports(
    tmp_path: Path, cache: Path, killed_after: int
) -> None:
    source = made(tmp_path, "vmdk", "subformat=monolithicSparse")
    uploads = Uploads()
    uploads.put("web.vmdk.gz", gzip.compress(source.read_bytes(), 1))
    if killed_after:
        with pytest.raises(KilledError):
            go(uploads, cache, "web.vmdk.gz", killed_after=killed_after)
    report = go(uploads, cache, "web.vmdk.gz")
    assert report.lane == "wrap"
    assert report.reason.startswith("it is packed with gzip")
    assert uploads.cloud.oss.keys(BUCKET) == ["web.qcow2", "web.vmdk.gz"]
    assert uploads.cloud.oss.buckets[BUCKET].uploads == {}
    assert files(cache) == []
    is_the_same(uploads, tmp_path, source, "vmdk")


def test_a_file_and_an_object_are_told_apart() -> None:
    run = convert(Uploads(), "web.vmdk", TARGET)
    assert run.exit_code == 2
    assert "image-import upload" in run.stderr
    assert "two files or two objects" in run.stderr
