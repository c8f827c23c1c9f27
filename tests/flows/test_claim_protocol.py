"""The claim protocol, played in every order: never two imports of one version.

These are the real Case, Submitter and LedgerStore on a stage (see stage.py); only
OSS and ECS are in memory. ECS here minds no repeated name, so nothing but the
protocol keeps an image from being imported twice.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_import.config.settings import read_settings
from image_import.events.parser import ObjectCreated
from image_import.importing.pipeline import import_record
from image_import.importing.runtime import Invocation
from image_import.ledger.entries import State
from image_import.ledger.layout import read_open_key
from image_import.model.result import Outcome, Result
from stage import BucketOnStage, EcsOnStage, Inline, Stage, accepted

KEY = "noble-server-cloudimg-amd64.raw"
ETAG = "D41D8CD98F00B204E9800998ECF8427E"
PREFIX = ".image-import/"
MBR = (
    b"\0" * 446
    + b"\x80\0\x02\0\x83\0\0\0\x01\0\0\0\x07\0\0\0".ljust(64, b"\0")
    + b"\x55\xaa"
)
DISK = MBR + b"\0" * 3584
LEASE = timedelta(seconds=400)
KINDS = {
    "token": {"token": True, "lookup": True},
    "look-up": {"token": False, "lookup": True},
    "neither": {"token": False, "lookup": False},
}
ROUTE = {
    "IMPORT_TARGET": "apsara-route",
    "ECS_ENDPOINT": "https://ecs.example",
    "OSS_ENDPOINT": "https://oss.example",
}
POP = {**ROUTE, "IMPORT_TARGET": "apsara-pop"}
ENVIRON = {"token": {}, "look-up": POP, "neither": ROUTE}


@dataclass
class Play:
    """One cloud, and the invocations that one uploaded image has led to."""

    kind: str
    stage: Stage = field(default_factory=Stage)
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bucket = BucketOnStage(self.stage)
        self.bucket.upload(KEY, DISK, ETAG)
        self.ecs = EcsOnStage(self.stage, **KINDS[self.kind])
        self.claims = itertools.count(1)

    def deliver(self) -> None:
        """Handle the event once more, on stage or off."""
        record = ObjectCreated(
            bucket="images",
            object_key=KEY,
            etag=ETAG,
            object_size_bytes=len(DISK),
            event_name="ObjectCreated:PutObject",
            region_id="cn-hangzhou",
        )
        claim = f"claim-{next(self.claims)}"
        invocation = Invocation(
            settings=read_settings({**ENVIRON[self.kind], "LEASE_SECONDS": "120"}),
            oss=cast("Any", lambda _: self.bucket),
            ecs=cast("Any", lambda _: self.ecs),
            pool=Inline(),
            timeout_seconds=300,
            monotonic=self.stage.monotonic,
            started=self.stage.monotonic(),
            sleep=self.stage.sleep,
            random=lambda: 0.5,
            new_claim=lambda: claim,
            on_call=lambda _: self.check_claim(claim),
        )
        self.results.append(import_record(record, invocation))

    def check_claim(self, claim: str) -> None:
        """Whoever calls ImportImage must hold the claim, at that moment."""
        intents = [e for e in self.lines() if e.state is State.INTENT]
        assert intents[-1].claim == claim
        assert self.stage.now < intents[-1].lease_until

    def lines(self) -> Sequence[Any]:
        return self.bucket.ledger_lines(ETAG)

    def finish(self) -> None:
        """Let all on stage end, then deliver again as long as that may help."""
        for actor in self.stage.living():
            while not actor.is_done:
                self.stage.go(actor)
        for _ in range(4):
            self.stage.now += LEASE
            self.deliver()
            if self.results[-1].outcome is not Outcome.RETRYING:
                return
        pytest.fail(f"still {self.results[-1]}")

    def check_end(self, *, lost: bool) -> None:
        """One import, or where nothing can tell, at most one and a doubt on record."""
        in_ecs = len(self.ecs.images)
        if self.kind == "neither" and lost:
            assert in_ecs <= 1
            doubts = [line for line in self.lines() if line.perhaps_started]
            assert accepted(self.lines()) or doubts
        else:
            assert in_ecs == 1
            assert accepted(self.lines())
            assert {e.image_id for e in accepted(self.lines())} <= {"m-1", ""}

    def check_notes(self) -> None:
        """A note stands for a claim that is in the ledger, and for no other."""
        claims = {e.claim for e in self.lines() if e.state is State.INTENT}
        found = (read_open_key(key, prefix=PREFIX) for key in self.bucket.objects)
        noted = {said.claim for said in found if said}
        assert noted <= claims
        assert noted & {e.claim for e in accepted(self.lines())}


def steps_of_one_delivery(kind: str) -> int:
    """Return how many exchanges take a turn when nothing goes wrong."""
    play = Play(kind)
    actor = play.stage.enter(play.deliver)
    for count in itertools.count():
        if actor.is_done:
            return count
        play.stage.go(actor)
    raise AssertionError


def orders(a: int, b: int) -> Iterator[tuple[int, ...]]:
    """Yield every order of `a` steps of the first actor and `b` of the second."""
    for chosen in itertools.combinations(range(a + b), a):
        yield tuple(0 if n in chosen else 1 for n in range(a + b))


@pytest.mark.parametrize("kind", KINDS)
def test_two_invocations_in_every_order_lead_to_one_import(kind: str) -> None:
    steps = steps_of_one_delivery(kind)
    played = 0
    for order in orders(steps, steps):
        play = Play(kind)
        actors = [play.stage.enter(play.deliver) for _ in range(2)]
        for number in order:
            if not actors[number].is_done:
                play.stage.go(actors[number])
        play.finish()
        play.check_end(lost=False)
        play.check_notes()
        played += 1
    assert played >= 200


FATES = ["lost", "refused", "killed", "killed-after"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fate", FATES)
def test_a_fault_at_any_step_leads_to_one_import_or_a_recorded_doubt(
    kind: str, fate: str
) -> None:
    for bad_step in range(steps_of_one_delivery(kind)):
        play = Play(kind)
        actor = play.stage.enter(play.deliver)
        for _ in range(bad_step):
            play.stage.go(actor)
        play.stage.go(actor, fate)
        play.finish()
        play.check_end(lost=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad_step", range(6))
def test_a_holder_that_wakes_after_its_lease_does_not_send(
    kind: str, bad_step: int
) -> None:
    """The first stops, its lease runs out, another takes over, the first wakes."""
    play = Play(kind)
    sleeper = play.stage.enter(play.deliver)
    for _ in range(bad_step):
        if not sleeper.is_done:
            play.stage.go(sleeper)
    play.stage.now += LEASE
    play.deliver()
    play.finish()
    play.check_end(lost=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_holder_frozen_within_its_call_is_stopped_by_token_or_name(kind: str) -> None:
    """The clock was read, the machine stood still, and the request goes out late."""
    play = Play(kind)
    play.ecs.timeout = timedelta.max
    play.ecs.minds_names = True
    sleeper = play.stage.enter(play.deliver)
    while not play.lines():
        play.stage.go(sleeper)
    play.stage.now += LEASE
    play.deliver()
    play.finish()
    assert len(play.ecs.images) == 1


class Script:
    """Choices for a random play: who goes on, with what fate, and when time leaps."""

    choices = st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["answer"] * 8 + FATES),
            st.sampled_from([0] * 9 + [150, 401]),
        ),
        max_size=60,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("invocations", [2, 3, 4])
@given(script=Script.choices)
@settings(max_examples=150, deadline=None)
def test_racing_failing_and_sleeping_invocations_never_import_twice(
    kind: str, invocations: int, script: list[tuple[int, str, int]]
) -> None:
    play = Play(kind)
    actors = [play.stage.enter(play.deliver) for _ in range(invocations)]
    lost = False
    for number, fate, leap in script:
        play.stage.now += timedelta(seconds=leap)
        lost = lost or fate != "answer" or leap > 0
        actor = actors[number % invocations]
        if not actor.is_done:
            play.stage.go(actor, fate)
    play.finish()
    play.check_end(lost=lost)
