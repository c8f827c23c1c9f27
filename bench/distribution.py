"""A storm over distributions: many images, copied and shared while runs fail and die.

Trackers run one after the other against fakes in memory. Requests fail in one of many
ways, and now and then a run is killed in the middle. In the end each copy was made
once, each step done once, each family moved last, and no source was touched before.
Nothing of a stranger's in the same account has changed.

    python bench/distribution.py [--images 100] [--seed N]
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))

from fake_aliyun import FakeAliyun, Fault, ManualClock
from fake_aliyun.core.errors import ConnectionLostError
from fake_aliyun.core.http import Request, Response
from image_import.config.settings import Settings, read_settings
from image_import.errors import ServiceError
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import Runtime, make_invocation
from image_import.ledger.entries import LedgerEntry, State, read_lines
from image_import.tracking.schedule import make_tracker
from image_import_cli.commands.demo import IMAGE, asset

BUCKET, THEIRS = "images", "theirs"
REGIONS = ("cn-beijing", "ap-southeast-1", "cn-shanghai")
TEAM = ("1000000000000001", "1000000000000002")
ENVIRON = {
    "COPY_TO_REGIONS": ",".join(REGIONS),
    "SHARE_WITH": ",".join(TEAM),
    "IMAGE_FAMILY": "{stem}",
    "ON_AVAILABLE": "delete",
}
FAULTS: tuple[dict[str, Any], ...] = (
    {"reset": True},
    {"reset": True, "after_effect": True},
    {"service": "oss", "code": "InternalError"},
    {"service": "oss", "code": "InternalError", "after_effect": True},
    {"service": "ecs", "code": "ServiceUnavailable"},
    {"service": "ecs", "code": "Throttling"},
    {"html": True, "http_status": 502},
)
STEPS = 2 + 3 * len(REGIONS)
"""Shares and family at home; copy, shares and family of each copy."""

MOST_RUNS = 400


class Killed(BaseException):
    """The platform ended the process."""


class MortalCloud(FakeAliyun):
    """A cloud in which a lost connection may mean that the caller died."""

    is_deadly = False

    def handle(self, request: Request) -> Response:
        """Answer a request, or let its sender die."""
        try:
            return super().handle(request)
        except ConnectionLostError:
            if self.is_deadly:
                self.is_deadly = False
                raise Killed from None
            raise


def main() -> None:
    """Let the storm pass and say what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    clock = ManualClock()
    cloud = MortalCloud(clock=clock)
    for bucket in (BUCKET, THEIRS):
        cloud.oss.create_bucket(bucket)
    settings = read_settings(ENVIRON)
    runtime = Runtime()
    begun = time.monotonic()
    upload_all(cloud, runtime, bucket=BUCKET, stem="image", count=options.images)
    upload_all(cloud, runtime, bucket=THEIRS, stem="stranger", count=10)
    cloud.ecs.finish_imports()
    strangers = look(cloud)
    kills = faults = runs = 0
    while cloud.oss.keys(BUCKET, ".image-import/open/") or runs == 0:
        runs += 1
        if runs > MOST_RUNS:
            sys.exit(f"still open after {MOST_RUNS} runs")
        for _ in range(rng.randrange(12)):
            chosen = rng.choice(FAULTS)
            cloud.faults.add(Fault(**chosen, skip=rng.randrange(400)))
            faults += 1
        cloud.is_deadly = rng.random() < 0.7
        if cloud.is_deadly:
            is_done = rng.random() < 0.5
            deadly = Fault(reset=True, after_effect=is_done, skip=rng.randrange(300))
            cloud.faults.add(deadly)
        try:
            run_once(cloud, settings, runtime)
        except Killed:
            kills += 1
        cloud.faults.clear()
        check_sources(cloud)
        clock.advance(60)
        cloud.ecs.finish_imports()
    wrong = check(cloud, options.images, strangers)
    took = time.monotonic() - begun
    print(
        f"{options.images} images, {len(REGIONS)} regions, {len(TEAM)} accounts: "
        f"{runs} runs, {faults} faults set, {kills} killed, {took:.0f} s"
    )
    print("\n".join(wrong) or "each copy, share and step once; family and source last")
    sys.exit(bool(wrong))


def upload_all(
    cloud: FakeAliyun, runtime: Runtime, *, bucket: str, stem: str, count: int
) -> None:
    """Upload images and import each."""
    settings = read_settings({})
    for number in range(count):
        key = f"{stem}{number}.qcow2"
        cloud.oss.put(bucket, key, asset(IMAGE))
        with cloud:
            context = cloud.context(timeout_seconds=120)
            invocation = make_invocation(settings, context, environ={}, runtime=runtime)
            import_event(cloud.oss.event(bucket, key), invocation)


def look(cloud: FakeAliyun) -> dict[str, object]:
    """Return what strangers' images look like."""
    return {
        image.image_id: (image.status, image.family, tuple(image.shared_with))
        for image in cloud.ecs.everywhere
        if image.image_name.startswith("stranger")
    }


def run_once(cloud: FakeAliyun, settings: Settings, runtime: Runtime) -> None:
    """Let the tracker run once; what a service did not do is left to the next."""
    with cloud:
        tracker = make_tracker(
            settings,
            cloud.context(timeout_seconds=600),
            environ={},
            runtime=runtime,
            bucket=BUCKET,
        )
        tracker.invocation = replace(tracker.invocation, sleep=lambda _: None)
        tracker.retry = replace(tracker.retry, sleep=lambda _: None)
        with suppress(ServiceError):
            tracker.run()


def ledgers(cloud: FakeAliyun) -> dict[str, list[LedgerEntry]]:
    """Return the lines of each image's ledger, by object key."""
    found = {}
    for key in cloud.oss.keys(BUCKET, ".image-import/images/"):
        lines = read_lines(cloud.oss.get(BUCKET, key).content.to_bytes())
        found[lines[0].disks[0][0]] = lines
    return found


def check_sources(cloud: FakeAliyun) -> None:
    """Stop where a source is gone before its image was distributed."""
    there = set(cloud.oss.keys(BUCKET))
    for key, lines in ledgers(cloud).items():
        if key not in there and State.DISTRIBUTED not in {e.state for e in lines}:
            sys.exit(f"{key} is gone and its image is not distributed")


def check(cloud: FakeAliyun, count: int, strangers: Mapping[str, object]) -> list[str]:
    """Return what is not as it should be."""
    wrong = []
    ours = [i for i in cloud.ecs.everywhere if not i.image_name.startswith("stranger")]
    places = Counter((image.image_name, image.region_id) for image in ours)
    if len(places) != count * (1 + len(REGIONS)) or set(places.values()) != {1}:
        wrong.append(f"images: {len(ours)}, of which {len(places)} are not twice")
    wrong += [
        f"{image.image_name} in {image.region_id} is not as it should be"
        for image in ours
        if tuple(sorted(image.shared_with)) != TEAM or not image.family
    ]
    for key, lines in ledgers(cloud).items():
        done = Counter(e.step for e in lines if e.step_state == "done")
        if len(done) != STEPS or set(done.values()) != {1}:
            wrong.append(f"{key}: steps {dict(done)}")
        elif not list(done)[-1].startswith("family cn-hangzhou"):
            wrong.append(f"{key}: the family was not moved last")
        if lines[-1].state is not State.DISTRIBUTED:
            wrong.append(f"{key}: {lines[-1].state.value}: {lines[-1].reason}")
    if look(cloud) != strangers:
        wrong.append("an image of a stranger has changed")
    return wrong


if __name__ == "__main__":
    main()
