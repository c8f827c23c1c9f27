"""`image-import inspect` where the image cannot be looked at, or not at once."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click import Command
from click.testing import CliRunner, Result
from fake_aliyun import FakeAliyun
from image_import_cli.commands.demo import IMAGE, asset
from image_import_cli.preview.inspect import inspect
from image_import_cli.preview.plan import plan
from loopback import Say, serving
from made_images import NEEDS, make_disk
from patient_command import patient_command
from small_debian import PE_X86_64
from waiting import PATIENCE_SECONDS, wait_until

QCOW2 = asset(IMAGE)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAliyun]:
    """A cloud with a bucket, and credentials that may read it."""
    with FakeAliyun() as made:
        made.oss.create_bucket("images")
        made.oss.put("images", "disk.qcow2", QCOW2)
        keys = made.ram.assume_role("inspector")
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", keys.access_key_id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", keys.access_key_secret)
        monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", keys.security_token or "")
        yield made


def looked(*arguments: str) -> Result:
    return CliRunner().invoke(inspect, arguments, env={"COLUMNS": "120"})


def told(*arguments: str) -> dict[str, Any]:
    answer = looked(*arguments, "--json")
    said: dict[str, Any] = json.loads(answer.stdout)
    return {**said, "exit": answer.exit_code}


def failed(answer: dict[str, Any]) -> list[str]:
    return [check["seen"] for check in answer["checks"] if check["verdict"] == "fails"]


MISSING = "List the bucket for the exact key; keys are case-sensitive."
NO_BUCKET = "Check its name, OSS_ENDPOINT and REGION_ID."


@pytest.mark.parametrize(
    ("image", "code", "advice"),
    [
        ("oss://images/Disk.qcow2", "NoSuchKey", MISSING),
        ("oss://others/disk.qcow2", "NoSuchBucket", NO_BUCKET),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_an_object_that_is_not_there_is_named_with_advice(
    image: str, code: str, advice: str
) -> None:
    answer = looked(image)
    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"Error: could not look: {image}: OSS GetObject: ")
    assert code in answer.stderr
    assert answer.stderr.endswith(f". {advice}\n")
    assert answer.stdout == ""
    said = told(image)
    assert (said["exit"], said["image"], said["format"]) == (1, image, None)
    assert said["error"]["message"].endswith(advice)


def test_no_rights_are_an_error_and_no_finding(cloud: FakeAliyun) -> None:
    cloud.oss.fail_next("AccessDenied", times=9)
    said = told("oss://images/disk.qcow2")
    assert said["exit"] == 1
    assert (
        "These credentials may not oss:GetObject on bucket images."
        in said["error"]["message"]
    )
    assert said["checks"] == []


@pytest.mark.usefixtures("cloud")
def test_a_plan_of_an_object_that_is_not_there_says_the_same() -> None:
    answer = CliRunner().invoke(plan, ["oss://images/Disk.qcow2"])
    assert answer.exit_code == 1
    assert "oss://images/Disk.qcow2: OSS GetObject: NoSuchKey" in answer.stderr
    assert answer.stderr.endswith(f". {MISSING}\n")


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("command", [inspect, plan])
def test_a_bucket_alone_is_a_usage_error(command: Command) -> None:
    for image in ("oss://images", "oss://images/"):
        answer = CliRunner().invoke(command, [image])
        assert answer.exit_code == 2
        assert "names no object; give oss://BUCKET/KEY" in answer.stderr


def test_an_object_without_a_byte_is_empty(cloud: FakeAliyun, tmp_path: Path) -> None:
    cloud.oss.put("images", "none.raw", b"")
    (tmp_path / "none.raw").touch()
    for image in ("oss://images/none.raw", str(tmp_path / "none.raw")):
        said = told(image)
        assert (said["exit"], said["format"]) == (1, "empty")
        assert failed(said) == ["it holds no bytes at all"]
        assert "error" not in said


@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"], *NEEDS["vfat"])
@pytest.mark.parametrize("skip", [0, 2], ids=["at first", "within"])
def test_a_busy_service_is_asked_again(
    cloud: FakeAliyun, tmp_path: Path, skip: int
) -> None:
    tree = {"etc/os-release": b"ID=debian\n", "usr/bin/env": b""}
    disk = make_disk(tmp_path, tree, esp={"EFI/BOOT/BOOTX64.EFI": PE_X86_64})
    cloud.oss.put("images", "disk.raw", disk.read_bytes())
    undisturbed = told("oss://images/disk.raw")
    assert undisturbed["image"] == "oss://images/disk.raw"
    assert undisturbed["platform"] == "Debian"
    cloud.oss.fail_next("ServiceUnavailable", skip=skip, times=1)
    said = told("oss://images/disk.raw")
    assert said["checks"] == undisturbed["checks"]
    # The repeat of one that is within the view is counted.
    assert said["requests"] == undisturbed["requests"] + bool(skip)


def test_ctrl_c_ends_at_once_though_no_answer_comes() -> None:
    """A join of the threads would take as long as the read time-out."""
    with serving(Say(keep_silent=True)) as server:
        environ = {
            **os.environ,
            "OSS_ENDPOINT": server.url,
            "OSS_ADDRESSING": "path",
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "x",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "y",
        }
        command = patient_command("inspect", "oss://images/b")
        process = subprocess.Popen(
            command, env=environ, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: len(server.got) >= 2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert said.endswith("interrupted; nothing was changed\n")
    assert "Traceback" not in said
