"""What a run of the tracker costs, to the request."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

import pytest
from fake_aliyun.ecs.images import BySeconds, Image, Stage
from image_import.ledger.entries import State
from stacks import POP, ROUTE_AND_POP
from uploads import LEDGER, Uploads

TARGETS: Mapping[str, Mapping[str, str]] = {
    "public": {},
    "apsara-pop": POP,
    "apsara-route": ROUTE_AND_POP,
}
SIZES = {
    "public": (1, 100, 101, 250),
    "apsara-pop": (1, 101),
    "apsara-route": (1, 101),
}
"""How many imports are open: one request knows a hundred on public, one elsewhere."""

PER_REQUEST = 100
PER_LISTING = 1000
PAST_ANY_IMPORT = 1000
BROKEN = "InvalidImageFormat.Malformed"


class SlowOnesStay(BySeconds):
    """Imports move with the clock, except those of names that begin with slow."""

    def stage(self, image: Image, now: datetime) -> Stage:
        if image.image_name.startswith("slow"):
            return Stage("Creating", 7)
        return super().stage(image, now)


def name_of(number: int) -> str:
    """Of four imports, one fails, one is slow and two become images."""
    return f"{('broken', 'web', 'slow', 'db')[number % 4]}{number}.qcow2"


def uploaded(environ: Mapping[str, str], count: int) -> Uploads:
    """Return a cloud with so many imports under way."""
    uploads = Uploads(environ)
    uploads.cloud.ecs.pace = SlowOnesStay(waiting=60, creating=600)
    for key in map(name_of, range(count)):
        if key.startswith("broken"):
            uploads.cloud.ecs.fail_import(BROKEN)
        uploads.upload(key)
    return uploads


def exchanges(uploads: Uploads) -> Counter[str]:
    """Let the timer fire once and return how often it asked for what."""
    uploads.cloud.requests.clear()
    uploads.track()
    return Counter(request.action for request in uploads.cloud.requests)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run, and what it may ask for."""

    title: str
    open_count: int
    changed: int = 0
    finished: int = 0
    failed: int = 0
    seen: Counter[str]

    def must(self, target: str) -> Counter[str]:
        """Return what the run may cost, by the formula."""
        look_ups = ceil(self.open_count / PER_REQUEST)
        is_public = target == "public"
        has_task_ids = target != "apsara-route"
        return Counter(
            {
                "ListObjectsV2": max(1, ceil(self.open_count / PER_LISTING)),
                "GetObject": self.open_count,
                "DescribeImages": look_ups if is_public else self.open_count,
                "DescribeTasks": look_ups if is_public else 0,
                "DescribeTaskAttribute": self.failed if has_task_ids else 0,
                "AppendObject": self.changed,
                "DeleteObject": self.finished,
                "PutObject": 1,  # when it ran
            }
        )


def runs_of(uploads: Uploads, count: int) -> list[Run]:
    """Return the runs of an import's life: begun, the same, ended, only slow ones."""
    names = [name_of(number) for number in range(count)]
    slow = sum(name.startswith("slow") for name in names)
    failed = sum(name.startswith("broken") for name in names)
    begun = exchanges(uploads)
    same = exchanges(uploads)
    uploads.clock.advance(PAST_ANY_IMPORT)
    ended = exchanges(uploads)
    left = exchanges(uploads)
    done = count - slow
    return [
        Run(title="begun", open_count=count, changed=count, seen=begun),
        Run(title="the same", open_count=count, seen=same),
        Run(
            title="ended",
            open_count=count,
            changed=done,
            finished=done,
            failed=failed,
            seen=ended,
        ),
        Run(title="slow ones left", open_count=slow, seen=left),
    ]


ACTIONS = (
    "ListObjectsV2",
    "GetObject",
    "DescribeImages",
    "DescribeTasks",
    "DescribeTaskAttribute",
    "AppendObject",
    "DeleteObject",
    "PutObject",
)


def table(target: str, runs: list[Run]) -> str:
    """Return what each run asked for."""
    head = "  ".join(["open", f"{'run':<14}", *ACTIONS])
    rows = [
        "  ".join(
            [f"{run.open_count:>4}", f"{run.title:<14}"]
            + [f"{run.seen[action]:>{len(action)}}" for action in ACTIONS]
        )
        for run in runs
    ]
    return "\n".join([f"requests of a tracker's run, {target}", head, *rows])


@pytest.mark.parametrize("target", TARGETS)
def test_a_run_asks_for_what_the_open_imports_need_and_for_nothing_else(
    target: str, record_property: Callable[[str, object], None]
) -> None:
    runs = [
        run
        for count in SIZES[target]
        for run in runs_of(uploaded(TARGETS[target], count), count)
    ]
    record_property("table", table(target, runs))
    for run in runs:
        assert run.seen == run.must(target), (run.open_count, run.title)


@pytest.mark.parametrize("target", ["apsara-pop", "apsara-route"])
def test_on_apsara_stack_the_look_up_is_by_exact_name(target: str) -> None:
    uploads = uploaded(TARGETS[target], 3)
    exchanges(uploads)
    asked = [r for r in uploads.cloud.requests if r.action == "DescribeImages"]
    assert {r.parameters["ImageName"] for r in asked} == set(uploads.image_names)


@pytest.mark.parametrize("target", ["public", "apsara-pop"])
def test_ten_thousand_finished_imports_add_nothing(
    target: str, record_property: Callable[[str, object], None]
) -> None:
    uploads = Uploads(TARGETS[target])
    uploads.cloud.ecs.pace = SlowOnesStay(waiting=60, creating=600)
    uploads.upload("web.qcow2")
    uploads.clock.advance(PAST_ANY_IMPORT)
    uploads.track()
    assert uploads.last_state("web.qcow2") is State.AVAILABLE
    bucket = "images"
    (ledger,) = uploads.cloud.oss.keys(bucket, f"{LEDGER}images/")
    line = uploads.cloud.oss.get(bucket, ledger).content.to_bytes()
    for number in range(10_000):
        key = f"{LEDGER}images/old{number}-0123456789abcdef/A{number}.jsonl"
        uploads.cloud.oss.put(bucket, key, line)
    uploads.upload("new.qcow2")
    seen = exchanges(uploads)
    run = Run(title="beside 10,000", open_count=1, changed=1, seen=seen)
    record_property("table", table(f"{target}, 10,000 finished", [run]))
    assert run.seen == run.must(target)
