"""What each command does when whoever reads its output goes away."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_import_cli.sweep.checkpoint import load
from image_import_cli.ui.pipes import READER_GONE
from status_bucket import Bucket
from uploads import BUCKET

IMAGE = "incoming/noble-server-cloudimg-amd64.img"


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """A bucket that is served, with something in it for each command."""
    bucket = Bucket()
    bucket.uploads.upload("incoming/refused.qcow2", b"QFI\xfb" + bytes(2000))
    bucket.uploads.put(IMAGE)
    for n in range(8):
        bucket.uploads.put(f"incoming/lost{n}.qcow2")
    with bucket.uploads.cloud.serve(0) as server:
        yield {
            **os.environ,
            **bucket.variables,
            "OSS_ENDPOINT": server.url,
            "ECS_ENDPOINT": server.url,
            "no_proxy": "127.0.0.1",
        }


def without_reader(
    arguments: list[str], environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard output nobody reads."""
    end, beginning = os.pipe()
    os.close(end)
    try:
        return subprocess.run(
            [sys.executable, "-m", "image_import_cli", *arguments],
            env=environ,
            stdout=beginning,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(beginning)


@pytest.mark.parametrize("is_buffered", [True, False], ids=["", "python -u"])
@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "status --help",
        "completion bash",
        "infer a.qcow2 b.qcow2",
        "infer --explain a.qcow2 b.qcow2",
        "policy --image-bucket images --ledger-bucket ledger",
        f"event oss://{BUCKET}/{IMAGE}",
        f"plan oss://{BUCKET}/{IMAGE}",
        f"plan oss://{BUCKET}/{IMAGE} --json",
        f"inspect oss://{BUCKET}/{IMAGE} --json",
        f"status {BUCKET}",
        f"status {BUCKET} --json",
        f"redrive oss://{BUCKET}/ --dry-run",
    ],
)
def test_it_ends_without_a_word_as_git_does(
    environ: dict[str, str], command: str, *, is_buffered: bool
) -> None:
    environ["PYTHONUNBUFFERED"] = "" if is_buffered else "1"
    run = without_reader(command.split(), environ)
    assert (run.returncode, run.stderr) == (READER_GONE, "")


def test_a_sweep_ends_in_order_and_goes_on_where_it_stopped(
    environ: dict[str, str], tmp_path: Path
) -> None:
    state = tmp_path / "position"
    sweep = ["sweep", f"{BUCKET}/incoming/", "--rate", "0", "--position", str(state)]
    run = without_reader([*sweep, "--workers", "1"], environ)
    assert (run.returncode, run.stderr) == (READER_GONE, "")
    position = load(state)
    assert position is not None
    assert position.after.startswith("incoming/lost")
