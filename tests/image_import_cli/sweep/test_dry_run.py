"""A dry run of `image-import sweep` says what the sweep itself then does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from image_import_cli.main import cli
from uploads import BUCKET, QCOW2, Uploads, manifest

SET = manifest("web.qcow2", "content.qcow2")
BAD = b"QFI\xfb" + bytes(2000)

LAYOUTS: Mapping[str, Mapping[str, bytes]] = {
    "images alone": {"a.qcow2": QCOW2, "b.qcow2": BAD, "notes.txt": b"x"},
    "an image with its sidecar": {"a.qcow2": QCOW2, "a.qcow2.json": b"{}"},
    "a sidecar without its image": {"a.qcow2.json": b"{}"},
    "a sidecar that is refused": {"a.qcow2": QCOW2, "a.qcow2.json": b'{"Nam": 1}'},
    "a set": {"content.qcow2": QCOW2, "web.qcow2": QCOW2, "web.qcow2.json": SET},
    "a set that lacks a disk": {"web.qcow2": QCOW2, "web.qcow2.json": SET},
    "a set that lacks its system disk": {
        "content.qcow2": QCOW2,
        "web.qcow2.json": SET,
    },
    "a set that lacks its last disk": {
        "content.qcow2": QCOW2,
        "web.qcow2": QCOW2,
        "web.qcow2.json": manifest("web.qcow2", "content.qcow2", "more.qcow2"),
    },
    "a set with a disk that is refused": {
        "content.qcow2": BAD,
        "web.qcow2": QCOW2,
        "web.qcow2.json": SET,
    },
    "a disk of a set with a sidecar of its own": {
        "content.qcow2": QCOW2,
        "content.qcow2.yaml": b"Platform: Debian\n",
        "web.qcow2": QCOW2,
        "web.qcow2.json": SET,
    },
    "a disk of two sets": {
        "a.qcow2": QCOW2,
        "a.qcow2.json": manifest("a.qcow2", "content.qcow2", "missing.qcow2"),
        "content.qcow2": QCOW2,
        "web.qcow2": QCOW2,
        "web.qcow2.json": SET,
    },
    "a data disk by its name": {"web-disk2.qcow2": QCOW2},
}


def swept(
    uploads: Uploads, home: Path, *options: str
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what became of each image that is not passed over, and the sums."""
    keys = uploads.cloud.credentials
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
        "REGION_ID": uploads.cloud.region_id,
    }
    state = ["--position", str(home / "position"), "--rate", "0", "--json"]
    with uploads.cloud:
        run = CliRunner(env=environ).invoke(cli, ["sweep", BUCKET, *state, *options])
    *news, last = [json.loads(line) for line in run.stdout.splitlines()]
    return {line["object_key"]: line["outcome"] for line in news}, last["sweep"]


@pytest.mark.parametrize("options", [(), ("--again",)], ids=["", "again"])
@pytest.mark.parametrize("objects", LAYOUTS.values(), ids=LAYOUTS)
def test_what_is_planned_is_what_is_imported(
    tmp_path: Path, objects: Mapping[str, bytes], options: tuple[str, ...]
) -> None:
    uploads = Uploads()
    for key, data in objects.items():
        uploads.put(key, data)
    told, _ = swept(uploads, tmp_path, "--dry-run", *options)
    assert uploads.cloud.oss.keys(BUCKET) == sorted(objects)
    swept(uploads, tmp_path, *options)
    systems = {uploads.disks_of(name)[0] for name in uploads.image_names}
    assert {key for key, outcome in told.items() if outcome == "planned"} == systems


@pytest.mark.parametrize("objects", LAYOUTS.values(), ids=LAYOUTS)
def test_the_sums_are_those_of_the_sweep(
    tmp_path: Path, objects: Mapping[str, bytes]
) -> None:
    uploads = Uploads()
    for key, data in objects.items():
        uploads.put(key, data)
    _, planned = swept(uploads, tmp_path, "--dry-run")
    _, real = swept(uploads, tmp_path)
    real.pop("before", None)
    planned["submitted"] = planned.pop("planned", 0)
    assert planned == {"submitted": 0, **real}
