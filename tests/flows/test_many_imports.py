"""Two hundred imports, much of which goes wrong: what their ledgers say in the end."""

import json
import sys
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from fake_aliyun.ecs.images import BySeconds, Image, Stage
from image_import.ledger.entries import State
from image_import.model.result import Outcome
from image_import_cli.main import cli
from uploads import BUCKET, LEDGER, Uploads

ERRORS = (
    "InvalidImageFormat.Malformed",
    "InvalidImageSize",
    "OSSObjectIsNotFound",
    "UnsupportedPartition",
)
KINDS = {"plain": 162, "failed": 20, "stuck": 5, "deleted": 3, "throttled": 10}
ENDS = {
    "plain": State.AVAILABLE,
    "failed": State.CREATE_FAILED,
    "stuck": State.STUCK,
    "deleted": State.GONE,
    "throttled": State.AVAILABLE,
}
STEP_SECONDS = 600
AVAILABLE = State.AVAILABLE
TOUCHES = {"tag": "PutObjectTagging", "delete": "DeleteObject"}


class OneHangs:
    """Imports move with the clock, except those of names that hang."""

    def __init__(self) -> None:
        self._usual = BySeconds(waiting=60, creating=600)

    def stage(self, image: Image, now: datetime) -> Stage:
        is_hung = image.image_name.startswith("stuck")
        return Stage("Creating", 7) if is_hung else self._usual.stage(image, now)


def keys_of(kind: str) -> list[str]:
    return [f"{kind}{number}.qcow2" for number in range(KINDS[kind])]


def upload_all(uploads: Uploads) -> dict[str, str]:
    """Upload 200 images and return the error that each failing task will have."""
    errors = {}
    for number, key in enumerate(keys_of("failed")):
        errors[key] = ERRORS[number % len(ERRORS)]
        uploads.cloud.ecs.fail_import(errors[key], f"{key} cannot be read.")
        uploads.upload(key)
    for kind in ("plain", "stuck", "deleted"):
        for key in keys_of(kind):
            assert uploads.upload(key).outcome is Outcome.SUBMITTED
    uploads.cloud.ecs.fail_next("Throttling", http_status=400, times=40)
    for key in keys_of("throttled"):
        assert uploads.upload(key).outcome is Outcome.RETRYING
    return errors


def follow(uploads: Uploads) -> Counter[str]:
    """Let the timer fire for three hours and return how often it told what."""
    told: Counter[str] = Counter()
    for run in range(18):
        if run == 1:
            for name in uploads.image_names:
                if name.startswith("deleted"):
                    uploads.cloud.ecs.delete_image(name)
        told.update(change["outcome"] for change in uploads.track()["changes"])
        uploads.clock.advance(STEP_SECONDS)
    return told


@pytest.mark.parametrize("wish", ["tag", "delete"])
def test_every_ledger_tells_the_truth_and_only_sources_of_images_are_touched(
    wish: str,
) -> None:
    uploads = Uploads({"ON_AVAILABLE": wish, "STUCK_AFTER_SECONDS": "3600"})
    uploads.cloud.ecs.pace = OneHangs()
    errors = upload_all(uploads)
    told = follow(uploads)
    table: Counter[tuple[str, str]] = Counter()
    for kind, end in ENDS.items():
        for key in keys_of(kind):
            last = uploads.ledger(key)[-1]
            table[kind, last.state.value] += 1
            assert last.state is end, key
            assert last.error_code == errors.get(key, ""), key
            assert is_touched(uploads, key, wish) is (end is State.AVAILABLE), key
    assert_each_source_was_touched_last(uploads, wish)
    assert_status_tells_the_same(uploads, errors)
    for (kind, state), count in table.items():
        sys.stdout.write(f"{kind:<10} {count:>4} {state}\n")
    assert (told["available"], told["create_failed"]) == (172, 20)
    assert (told["stuck"], told["gone"]) == (5, 3)
    assert len(uploads.notes) == KINDS["stuck"]


def is_touched(uploads: Uploads, key: str, wish: str) -> bool:
    if key not in uploads.cloud.oss.keys(BUCKET):
        return wish == "delete"
    return bool(uploads.cloud.oss.get(BUCKET, key).tags)


def assert_each_source_was_touched_last(uploads: Uploads, wish: str) -> None:
    """Check that a source was touched after its ledger said available, if ever."""
    action = TOUCHES[wish]
    asked = [(r.action, r.key) for r in uploads.cloud.requests]
    touched = [key for did, key in asked if did == action and LEDGER not in key]
    ended = [key for kind in ENDS for key in keys_of(kind) if ENDS[kind] is AVAILABLE]
    assert sorted(touched) == sorted(ended)
    for key in touched:
        (ledger,) = uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/{key}-")
        written = len(asked) - asked[::-1].index(("AppendObject", ledger))
        assert uploads.ledger(key)[-1].state is AVAILABLE
        assert written <= asked.index((action, key)), key


def shown(uploads: Uploads) -> dict[str, dict[str, Any]]:
    """Return what `image-import status --json` tells of each key."""
    run = status(uploads, "--json")
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(told) == sum(KINDS.values())
    return {status["object_key"]: status for status in told}


def status(uploads: Uploads, *options: str) -> Run:
    """Run `image-import status` on the bucket."""
    keys = uploads.cloud.credentials
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
        "REGION_ID": uploads.cloud.region_id,
    }
    with uploads.cloud:
        run = CliRunner(env=environ).invoke(cli, ["status", BUCKET, *options])
    assert run.exit_code == 1, run.output
    return run


def assert_status_tells_the_same(uploads: Uploads, errors: dict[str, str]) -> None:
    """Check each import that is shown against ECS itself, and what a person sees."""
    *_, sums = status(uploads).stdout.splitlines()
    assert sums == "200 imports: 20 create_failed, 5 stuck, 3 gone, 172 available"
    told = shown(uploads)
    images = {image.image_id: image for image in uploads.cloud.ecs.images.values()}
    for kind, end in ENDS.items():
        for key in keys_of(kind):
            said = told[key]
            assert said["state"] == end.value, key
            assert said.get("error_code", "") == errors.get(key, ""), key
            message = f"{key} cannot be read." if key in errors else ""
            assert said.get("error_message", "") == message, key
            image = images.get(said["image_id"])
            name = image.image_name if image else ""
            assert name == ("" if kind == "deleted" else said["image_name"]), key
            assert (image is not None and image.status == "Available") is (
                end is State.AVAILABLE
            ), key
