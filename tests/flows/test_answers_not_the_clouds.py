"""Answers that are not the cloud's: each status and shape at each exchange.

Something between the function and the cloud answers one exchange in the cloud's place,
and each repeat of it, until the delivery has ended. Then it is gone, and the event is
delivered again, as Function Compute or an operator would. Whatever was answered,
exactly the right image is imported, and nothing was called done that was not.

Every run plays a share of the cases in which each exchange meets each shape, and each
status comes often; `--whole` plays all of them. Their number is printed.
"""

import gzip
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

import pytest
from fake_aliyun import FakeAliyun, Fault
from fake_aliyun.core.faults import Faults
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.proxies import PASSING
from image_import.errors import ServiceError
from image_import.importing.runtime import Runtime
from image_import.ledger.entries import State
from image_import.model.result import Outcome, Result
from uploads import BUCKET, LEDGER, Uploads, manifest

PAST_ANY_LEASE = 1000
MOST_DELIVERIES = 5
STATUSES = (200, 206, *range(301, 309), *range(400, 417), 429, *range(500, 505))
PAGE = b"<html><head><title>nginx</title></head><body>no such page</body></html>\n"
HTML = {"Content-Type": "text/html", "ETag": '"5f3b-2a"'}
OSS_CODES = {404: "NoSuchKey", 412: "PreconditionFailed", 409: "FileImmutable"}


def without_claim(key: str) -> str:
    """Return a key without the random ID of a claim, which a note's has."""
    return re.sub(r"\.[0-9a-f]{16}\.json$", ".json", key)


class Exchange(NamedTuple):
    """One exchange with the cloud, and which of its like it is."""

    service: str
    action: str
    key: str
    occurrence: int


def oss_xml(status: int) -> Response:
    """Return an error as OSS words it, from a store that is not OSS."""
    code = OSS_CODES.get(status, "AccessDenied")
    body = (
        f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"
    )
    headers = {"Content-Type": "application/xml"}
    return Response(status=status, headers=headers, body=body.encode())


def pop_json(status: int) -> Response:
    said = {"RequestId": "R", "Code": "InvalidParameter", "Message": "no"}
    headers = {"Content-Type": "application/json"}
    return Response(status=status, headers=headers, body=json.dumps(said).encode())


def html(status: int) -> Response:
    return Response(status=status, headers=HTML, body=PAGE)


def zipped(status: int) -> Response:
    headers = {**HTML, "Content-Encoding": "gzip"}
    return Response(status=status, headers=headers, body=gzip.compress(PAGE, mtime=0))


FOREIGN: Mapping[str, Callable[[int], Response]] = {
    "OSS XML": oss_xml,
    "POP JSON": pop_json,
    "HTML": html,
    "empty": lambda status: Response(status=status, headers=HTML),
    "truncated": lambda status: replace(html(status), cut_at=20),
    "gzip'd": zipped,
    "wrong length": lambda status: replace(html(status), length_off=1),
    "doubled headers": lambda status: PASSING["doubles-headers"](html(status)),
}
"""What somebody else answers, by status."""

CHANGED: Mapping[str, Callable[[Response], Response]] = {
    **{name: change for name, change in PASSING.items() if name != "shortens"},
    "truncated": lambda answer: replace(answer, cut_at=len(answer.content) // 2),
    "empty": lambda answer: replace(answer, body=b""),
}
"""What becomes of the cloud's own answer on its way."""


class Between(Faults):
    """Meddles with one exchange and its repeats, while it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.target: Exchange | None = None
        self.shape = ""
        self.status = 0
        self.after_effect = False
        self.seen: Counter[tuple[str, str, str]] = Counter()
        self.here = threading.local()
        self.met = 0

    def take(self, *, service: str, action: str, key: str) -> Fault | None:
        """Return a fault whose answer `meddled` puts another one in place of."""
        self.here.is_met = False
        if self.target is None:
            return None
        like = (service, action, without_claim(key))
        is_it = like == self.target[:3] and self.seen[like] >= self.target.occurrence
        self.seen[like] += 1
        if not is_it:
            return None
        self.here.is_met = True
        self.met += 1
        if not self.status:
            return None
        return Fault(proxy="answers", after_effect=self.after_effect)

    def meddled(self, answer: Response) -> Response:
        """Return what arrives of an answer."""
        if not getattr(self.here, "is_met", False):
            return answer
        self.here.is_met = False
        if self.status:
            return FOREIGN[self.shape](self.status)
        return CHANGED[self.shape](answer)


class MeddledCloud(FakeAliyun):
    """A cloud with something in between."""

    between: Between

    def handle(self, request: Request) -> Response:
        """Return what arrives of the answer to a request."""
        return self.between.meddled(super().handle(request))


def plain(world: "World") -> bytes:
    return world.put("web.qcow2")


def with_sidecar(world: "World") -> bytes:
    world.put("web.qcow2.yaml", b"Platform: Debian\nArchitecture: x86_64\n")
    return world.put("web.qcow2")


def a_set(world: "World") -> bytes:
    for number in (1, 2, 3):
        world.put(f"db-disk{number}.qcow2")
    names = [f"db-disk{number}.qcow2" for number in (1, 2, 3)]
    return world.put("db-disk1.qcow2.json", manifest(*names, Platform="Debian"))


def last_of_a_set(world: "World") -> bytes:
    a_set(world)
    last = world.cloud.oss.event(BUCKET, "db-disk3.qcow2")
    world.cloud.oss.delete(BUCKET, "db-disk3.qcow2")
    assert world.handle(world.put("db-disk1.qcow2")).outcome is Outcome.WAITING
    world.put("db-disk3.qcow2")
    return last


SCENARIOS = {
    "plain": plain,
    "sidecar": with_sidecar,
    "set": a_set,
    "last disk of a set": last_of_a_set,
    "tracker": plain,
}
RUNTIME = Runtime()
"""Connections and threads, as an instance keeps them from event to event."""

SETTINGS = {"LEASE_SECONDS": "300", "ON_AVAILABLE": "delete"}
DISKS = {"set": 3, "last disk of a set": 3}


@dataclass
class World(Uploads):
    """One upload in one cloud, with something in between."""

    scenario: str = "plain"
    environ: Mapping[str, str] = field(default_factory=lambda: SETTINGS)
    runtime: Runtime = RUNTIME

    def __post_init__(self) -> None:
        self.cloud = MeddledCloud(clock=self.clock)
        self.cloud.between = self.between = Between()
        self.cloud.faults = self.between
        self.cloud.oss.create_bucket(BUCKET)
        self.event = SCENARIOS[self.scenario](self)
        if self.scenario == "tracker":
            assert self.handle(self.event).outcome is Outcome.SUBMITTED
            self.cloud.ecs.finish_imports()
        self.cloud.requests.clear()

    def act(self) -> Result | None:
        """Deliver the event, or let the tracker run; None for the latter."""
        if self.scenario != "tracker":
            return self.handle(self.event)
        try:
            self.track()
        except ServiceError:
            assert self.last_state("web.qcow2") is not State.GONE
        return None

    def is_done(self, result: Result | None) -> bool:
        if result:
            return result.outcome in {Outcome.SUBMITTED, Outcome.DUPLICATE}
        return not self.notes

    def finish(self) -> Result | None:
        """Act until it is done, as a platform and an operator would."""
        for _ in range(MOST_DELIVERIES):
            self.clock.advance(PAST_ANY_LEASE)
            result = self.act()
            if self.is_done(result):
                return result
        pytest.fail(f"no end after {MOST_DELIVERIES} deliveries: {result}")


def exchanges(scenario: str) -> list[Exchange]:
    """Return each exchange of a scenario without anybody in between."""
    world = World(scenario=scenario)
    assert world.is_done(world.act())
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for request in world.cloud.requests:
        like = (request.service, request.action, without_claim(request.key))
        found.append(Exchange(*like, seen[like]))
        seen[like] += 1
    return found


class Case(NamedTuple):
    """Who answers what with what; a status of 0 is the cloud's own answer, changed."""

    exchange: Exchange
    shape: str
    status: int
    after_effect: bool


def every_case(scenario: str) -> Iterator[Case]:
    """Yield all cases; what ECS says in its own words it has said before any effect."""
    for exchange in exchanges(scenario):
        writes = exchange.action in {"ImportImage", "PutObject", "AppendObject"}
        for status, shape, after in product(STATUSES, FOREIGN, (False, True)):
            in_its_words = exchange.service == "ecs" and shape in {
                "OSS XML",
                "POP JSON",
            }
            if not after or (writes and not in_its_words):
                yield Case(exchange, shape, status, after)
        for shape in CHANGED:
            yield Case(exchange, shape, 0, after_effect=False)


def share(cases: list[Case]) -> list[Case]:
    """Return a share in which each exchange meets each shape, and all statuses come."""
    alike: dict[tuple[Exchange, str, bool], list[Case]] = {}
    for case in cases:
        if case.status:
            like = (case.exchange, case.shape, case.after_effect)
            alike.setdefault(like, []).append(case)
    own = [case for case in cases if not case.status]
    return own + [like[n % len(like)] for n, like in enumerate(alike.values())]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whatever_somebody_else_answers_the_right_image_is_imported_once(
    scenario: str,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    cases = list(every_case(scenario))
    played = cases if pytestconfig.getoption("--whole") else share(cases)
    outcomes = Counter(play(scenario, case) for case in played)
    ends = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common())
    statuses = len({case.status for case in played} - {0})
    record_property(
        "table",
        f"{scenario}: {len(played)} of {len(cases)} answers that are not the cloud's, "
        f"{statuses} statuses; the first delivery ended with: {ends}",
    )
    assert statuses == len(STATUSES)


def play(scenario: str, case: Case) -> str:
    """Play one case, and return how the delivery ended that it was in."""
    world = World(scenario=scenario)
    between = world.between
    between.target, between.shape, between.status, between.after_effect = case
    result = world.act()
    between.target = None
    assert between.met, f"{case} was never met"
    said = result.reason if result else ""
    if result:
        allowed = {Outcome.SUBMITTED, Outcome.RETRYING, Outcome.FAILED}
        assert result.outcome in allowed, f"{case}: {result.outcome}: {said}"
    if result is None or result.outcome is not Outcome.SUBMITTED:
        world.finish()
    check(world, f"{case}: {said}")
    return result.outcome.value if result else "a run"


def check(world: World, case: str) -> None:
    """See that the right image is there, once, and the ledger says so."""
    (image,) = world.cloud.ecs.images.values()
    assert len(world.disks_of(image.image_name)) == DISKS.get(world.scenario, 1), case
    if world.scenario in {"sidecar", *DISKS}:
        assert image.platform == "Debian", case
    name = "db-disk1.qcow2" if world.scenario in DISKS else "web.qcow2"
    states = [line.state for line in world.ledger(name)]
    assert not {State.GONE, State.CREATE_FAILED, State.UNFOLLOWED} & set(states), case
    if world.scenario == "tracker":
        assert states[-1] is State.AVAILABLE, case
        assert world.cloud.oss.keys(BUCKET, "web") == [], case
    else:
        assert State.SUBMITTED in states, case
        assert world.cloud.oss.keys(BUCKET, f"{LEDGER}open/"), case
