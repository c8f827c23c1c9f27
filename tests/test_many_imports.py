"""Two hundred imports, much of which goes wrong: what their ledgers say in the end."""

import sys
from collections import Counter
from datetime import datetime

import pytest
from fake_aliyun.ecs.images import BySeconds, Image, Stage
from image_import.ledger import State
from image_import.outcome import Outcome
from uploads import BUCKET, Uploads

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
    for (kind, state), count in table.items():
        sys.stdout.write(f"{kind:<10} {count:>4} {state}\n")
    assert (told["available"], told["create_failed"]) == (172, 20)
    assert (told["stuck"], told["gone"]) == (5, 3)
    assert len(uploads.notes) == KINDS["stuck"]


def is_touched(uploads: Uploads, key: str, wish: str) -> bool:
    if key not in uploads.cloud.oss.keys(BUCKET):
        return wish == "delete"
    return bool(uploads.cloud.oss.get(BUCKET, key).tags)
