"""`image-import convert` between objects; qemu-img says whether it is the disk."""

import json
import random
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from fake_aliyun import Fault
from image_import_cli.main import cli
from uploads import BUCKET, Uploads

pytestmark = pytest.mark.needs("qemu-img")

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


def test_a_file_and_an_object_are_told_apart() -> None:
    run = convert(Uploads(), "web.vmdk", TARGET)
    assert run.exit_code == 2
    assert "two files or two objects" in run.stderr
