"""Every exchange of every scenario fails once, in every way; then FC delivers again.

The whole function runs against the fakes, by their own clock. Afterwards there is
exactly one import (or, where nothing can be looked up, at most one and a doubt on
record), and ledger, result and log say the same. The number of cases is printed at
the end of the run.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from fake_aliyun import FakeAliyun, Fault, ManualClock
from fake_aliyun.core.errors import ConnectionLostError
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded
from image_import.config.settings import read_settings
from image_import.importing.pipeline import import_event
from image_import.importing.runtime import Invocation, Runtime, make_invocation
from image_import.ledger.entries import LedgerEntry, State, read_lines
from image_import.model.result import Outcome, Result
from image_import_cli.commands.demo import IMAGE, asset
from stacks import POP, ROUTE
from urllib3.exceptions import NewConnectionError

BUCKET = "images"
LEDGER = ".image-import/images/"
PAST_ANY_LEASE = 1000
MOST_DELIVERIES = 6
SIDECAR = b"Platform: Debian\nArchitecture: x86_64\n"
MANIFEST = json.dumps(
    {"DiskDeviceMapping": [{"OSSObject": f"db-disk{n}.qcow2"} for n in (1, 2, 3)]}
).encode()


class Killed(BaseException):
    """The platform ended the process."""


class MortalCloud(FakeAliyun):
    """A cloud in which a lost connection may mean more: a dead process, or none."""

    meaning: Callable[[], BaseException] | None = None

    def handle(self, request: Request) -> Response:
        try:
            return super().handle(request)
        except ConnectionLostError:
            if self.meaning is None:
                raise
            meaning, self.meaning = self.meaning, None
            raise meaning() from None


def nobody_listens() -> BaseException:
    cause = NewConnectionError(None, "Connection refused")  # type: ignore[arg-type]
    return requests.ConnectionError(cause)


@dataclass(frozen=True)
class Way:
    """One way in which an exchange fails."""

    fault: Mapping[str, Any]
    meaning: Callable[[], BaseException] | None = None
    only: str = ""


WAYS = {
    "refused": Way({"reset": True}, nobody_listens),
    "reset before effect": Way({"reset": True}),
    "reset after effect": Way({"reset": True, "after_effect": True}),
    "timeout before effect": Way({"timeout": True}),
    "timeout after effect": Way({"timeout": True, "after_effect": True}),
    "500": Way({"code": "InternalError"}),
    "500 after effect": Way({"code": "InternalError", "after_effect": True}),
    "503": Way({"code": "ServiceUnavailable"}),
    "throttled": Way({"code": "Throttling", "http_status": 400}, only="ecs"),
    "too many requests": Way({"code": "TotalQpsLimitExceeded"}, only="oss"),
    "403": Way({"code": "Forbidden.RAM"}, only="ecs"),
    "access denied": Way({"code": "AccessDenied"}, only="oss"),
    "truncated body": Way({"cut_at": 3}),
    "html": Way({"html": True}),
    "html after effect": Way({"html": True, "after_effect": True}),
    "killed": Way({"reset": True}, Killed),
    "killed after effect": Way({"reset": True, "after_effect": True}, Killed),
}


def single(cloud: FakeAliyun) -> bytes:
    cloud.oss.put(BUCKET, IMAGE, asset(IMAGE))
    return cloud.oss.event(BUCKET, IMAGE)


def with_sidecar(cloud: FakeAliyun) -> bytes:
    cloud.oss.put(BUCKET, f"{IMAGE}.yaml", SIDECAR)
    return single(cloud)


def manifest_of_three(cloud: FakeAliyun) -> bytes:
    for number in (1, 2, 3):
        cloud.oss.put(BUCKET, f"db-disk{number}.qcow2", asset(IMAGE))
    cloud.oss.put(BUCKET, "db-disk1.qcow2.json", MANIFEST)
    return cloud.oss.event(BUCKET, "db-disk1.qcow2.json")


SCENARIOS: dict[str, tuple[Callable[[FakeAliyun], bytes], Mapping[str, str]]] = {
    "single": (single, {}),
    "sidecar": (with_sidecar, {}),
    "manifest of three": (manifest_of_three, {}),
    "apsara-pop, without token": (single, POP),
    "apsara-route, without look-up": (single, ROUTE),
}


@dataclass
class World:
    """One cloud in which one event is delivered until it needs no more delivery."""

    scenario: str
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        upload, self.environ = SCENARIOS[self.scenario]
        self.clock = ManualClock()
        self.cloud = MortalCloud(clock=self.clock)
        self.runtime = Runtime()
        self.event = upload(self.cloud)
        self.cloud.requests.clear()

    def deliver(self) -> Result | None:
        """Handle the event once; None if the process died of it."""
        begun = self.clock()

        def seconds() -> float:
            return (self.clock() - begun).total_seconds()

        invocation = make_invocation(
            read_settings(self.environ),
            self.cloud.context(timeout_seconds=120),
            environ={},
            runtime=self.runtime,
        )
        patient = Invocation(
            settings=invocation.settings,
            oss=invocation.oss,
            ecs=invocation.ecs,
            pool=invocation.pool,
            timeout_seconds=120,
            monotonic=seconds,
            started=0,
            sleep=self.clock.advance,
            random=lambda: 0.5,
        )
        try:
            with self.cloud:
                (result,), bugs = import_event(self.event, patient)
        except Killed:
            return None
        assert bugs == []
        self.results.append(result)
        return result

    def deliver_until_it_ends(self) -> Result:
        """Deliver as Function Compute would, and as an operator after a final no."""
        for _ in range(MOST_DELIVERIES):
            result = self.deliver()
            if result and result.outcome in {Outcome.SUBMITTED, Outcome.DUPLICATE}:
                return result
            if result and "perhaps already started" in result.reason:
                return result
            self.clock.advance(PAST_ANY_LEASE)
        pytest.fail(f"no end after {MOST_DELIVERIES} deliveries: {self.results[-1]}")

    def ledger(self) -> Sequence[LedgerEntry]:
        keys = self.cloud.oss.keys(BUCKET, LEDGER)
        ledgers = [key for key in keys if key.endswith(".jsonl")]
        return [
            line
            for key in ledgers
            for line in read_lines(self.cloud.oss.get(BUCKET, key).content.to_bytes())
        ]


def exchanges(scenario: str) -> list[tuple[Recorded, int]]:
    """Return each exchange of a scenario, and which of its like it is."""
    world = World(scenario)
    assert world.deliver_until_it_ends().outcome is Outcome.SUBMITTED
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for request in world.cloud.requests:
        like = (request.service, request.action, request.key)
        found.append((request, seen[like]))
        seen[like] += 1
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_fault_at_any_exchange_ends_in_one_import(
    scenario: str, way: str, record_property: Callable[[str, object], None]
) -> None:
    cases = [
        (request, occurrence)
        for request, occurrence in exchanges(scenario)
        if WAYS[way].only in {"", request.service}
    ]
    for request, occurrence in cases:
        world = World(scenario)
        fault = Fault(
            service=request.service,
            action=request.action,
            key=request.key,
            skip=occurrence,
            **WAYS[way].fault,
        )
        world.cloud.faults.add(fault)
        world.cloud.meaning = WAYS[way].meaning
        last = world.deliver_until_it_ends()
        check_end(world, last, f"{way} at {request.action} {request.key}")
    record_property("table", f"{scenario}: {way}: {len(cases)} exchanges failed once")
    assert cases


def check_end(world: World, last: Result, case: str) -> None:
    images = world.cloud.ecs.images
    lines = world.ledger()
    sent = [line for line in lines if line.state is State.SUBMITTED]
    if last.outcome is Outcome.FAILED:
        assert world.scenario == "apsara-route, without look-up", case
        assert len(images) <= 1, case
        assert lines[-1].perhaps_started, case
        return
    assert len(images) == 1, case
    assert sent, case
    (image,) = images.values()
    assert {line.image_name for line in sent} == {image.image_name}, case
    assert {line.image_id for line in sent} <= {image.image_id, ""}, case
    assert last.image_name == image.image_name, case
    calls = [r for r in world.cloud.requests if r.action == "ImportImage"]
    accepted = [r for r in calls if r.status == requests.codes.ok]
    assert accepted or world.environ or len(calls) >= 1, case


def crash_at_import(world: World, *, after_effect: bool) -> None:
    """Let the process die in its call of ImportImage."""
    fault = Fault(
        service="ecs", action="ImportImage", reset=True, after_effect=after_effect
    )
    world.cloud.faults.add(fault)
    world.cloud.meaning = Killed
    assert world.deliver() is None


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_sidecar_edited_between_crash_and_takeover_changes_nothing(
    *, after_effect: bool
) -> None:
    world = World("sidecar")
    crash_at_import(world, after_effect=after_effect)
    world.cloud.oss.put(BUCKET, f"{IMAGE}.yaml", b"Platform: CentOS\n")
    world.clock.advance(PAST_ANY_LEASE)
    last = world.deliver_until_it_ends()
    (image,) = world.cloud.ecs.images.values()
    assert image.platform == "Debian"
    assert last.outcome is Outcome.SUBMITTED


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_sidecar_that_arrives_while_the_image_holds_the_claim_waits_for_it(
    *, after_effect: bool
) -> None:
    world = World("single")
    crash_at_import(world, after_effect=after_effect)
    uploaded = world.event
    world.cloud.oss.put(BUCKET, f"{IMAGE}.yaml", SIDECAR)
    world.event = world.cloud.oss.event(BUCKET, f"{IMAGE}.yaml")
    held = world.deliver()
    assert held is not None
    assert (held.outcome, "claimed until" in held.reason) == (Outcome.RETRYING, True)
    world.clock.advance(PAST_ANY_LEASE)
    world.event = uploaded
    assert world.deliver_until_it_ends().outcome is Outcome.SUBMITTED
    assert len(world.cloud.ecs.images) == 1
