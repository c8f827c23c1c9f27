"""How ImportImage is called, and what is made of an answer that does not come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from image_import.aliyun.ecs.import_response import ImportReply
from image_import.aliyun.oss.client import ObjectChanged, ObjectMissing
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable
from image_import.importing.call import VISIBLE_AFTER, Caller, CallResult, not_called
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import LedgerEntry, State
from image_import.model.ownership import ExistingImage
from image_import.retry import RetryPolicy
from ledger_lines import LEASE, T0, line

NONCE = "0123456789abcdef"
OURS = f"[image-import {NONCE}]"
LOST = ServiceUnavailable(
    "no answer", service="ECS", action="ImportImage", perhaps_done=True
)
BUSY = ServiceUnavailable("busy", service="ECS", action="ImportImage")
TAKEN = ServiceRejected(
    "taken",
    service="ECS",
    action="ImportImage",
    code="InvalidImageName.Duplicated",
    http_status=400,
)
ACCEPTED = ImportReply(request_id="R-1", image_id="m-1", task_id="t-1")


def intent(token: str = "") -> LedgerEntry:
    return line(
        State.INTENT,
        lease_until=T0 + LEASE,
        image_name="web-1",
        nonce=NONCE,
        client_token=token,
        parameters={
            "ImageName": "web-1",
            "DiskDeviceMapping.1.OSSBucket": "images",
        },
    )


def image(description: str = OURS, key: str = "web.qcow2") -> ExistingImage:
    return ExistingImage(
        image_id="m-7",
        image_name="web-1",
        status="Creating",
        description=description,
        import_bucket="images",
        import_object_key=key,
    )


@dataclass
class ScriptedEcs:
    """Answers calls and look-ups in the order of a script; the last is repeated."""

    answers: list[ImportReply | ServiceError]
    shown: list[list[ExistingImage]] = field(default_factory=lambda: [[]])
    has_client_token: bool = False
    has_lookup: bool = True
    sent: list[Mapping[str, str]] = field(default_factory=list)

    def import_image(self, parameters: Mapping[str, str]) -> ImportReply:
        self.sent.append(parameters)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ServiceError):
            raise answer
        return answer

    def find_images(self, _: str) -> list[ExistingImage]:
        return self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]


@dataclass
class Objects:
    """Whether the objects are still what was examined, look by look."""

    faults: list[ServiceError | None] = field(default_factory=lambda: [None])
    looks: int = 0

    def check_etag(self, _: str, __: str) -> None:
        self.looks += 1
        fault = self.faults.pop(0) if len(self.faults) > 1 else self.faults[0]
        if fault:
            raise fault


def caller(ecs: ScriptedEcs, objects: Objects | None = None) -> Caller:
    clock = OssClock(lambda: 0.0)
    clock.observe(T0, sent=0)
    return Caller(
        ecs=ecs,
        clock=clock,
        retry=RetryPolicy(
            remaining=lambda: 100.0, sleep=lambda _: None, random=lambda: 0.5
        ),
        check_etag=(objects or Objects()).check_etag,
    )


def call(ecs: ScriptedEcs, *, is_takeover: bool = False) -> CallResult:
    return caller(ecs).call(intent(), is_takeover=is_takeover)


def test_an_accepted_call_asks_once_and_looks_at_nothing() -> None:
    ecs, objects = ScriptedEcs([ACCEPTED]), Objects()
    called = caller(ecs, objects).call(intent("T"), is_takeover=False)
    assert (called.state, called.reply) == (State.SUBMITTED, ACCEPTED)
    assert (len(ecs.sent), objects.looks) == (1, 0)
    assert ecs.sent[0]["ClientToken"] == "T"


def test_a_lost_call_is_not_repeated_where_ecs_shows_its_image() -> None:
    ecs = ScriptedEcs([LOST], shown=[[image()]])
    called = call(ecs)
    assert called.state is State.SUBMITTED
    assert called.reply == ImportReply(image_id="m-7")
    assert len(ecs.sent) == 1


@pytest.mark.parametrize(
    "other",
    [
        image(description=""),
        image(description="[image-import fedcba9876543210]"),
        image(key="evil/x.qcow2"),
    ],
    ids=["no nonce", "another nonce", "another object"],
)
def test_an_image_of_our_name_alone_is_not_taken_for_ours(other: ExistingImage) -> None:
    called = call(ScriptedEcs([TAKEN], shown=[[other]]))
    assert called.state is State.FAILED
    assert f"held by m-7, imported from {other.import_object_key}" in called.reason


def test_a_taken_name_with_our_nonce_is_our_own_image() -> None:
    called = call(ScriptedEcs([TAKEN], shown=[[image()]]), is_takeover=False)
    assert (called.state, called.perhaps_started) == (State.SUBMITTED, False)


def test_taken_but_not_visible_yet_is_retried_after_a_lost_call() -> None:
    ecs = ScriptedEcs([LOST, TAKEN])
    called = call(ecs)
    assert (called.state, called.perhaps_started) == (State.RETRYING, True)
    assert "shows no image named 'web-1' yet" in called.reason


def test_a_taken_name_proves_nothing_where_no_call_was_lost() -> None:
    called = call(ScriptedEcs([TAKEN]))
    assert (called.state, called.perhaps_started) == (State.FAILED, False)
    assert "nothing here proves whose it is" in called.reason


def test_without_a_look_up_a_taken_name_is_not_believed() -> None:
    called = call(ScriptedEcs([TAKEN], has_lookup=False))
    assert called.state is State.FAILED
    assert called.reply is None


@pytest.mark.parametrize("error", [ObjectChanged, ObjectMissing])
def test_a_call_is_not_repeated_for_bytes_that_nobody_examined(
    error: type[ServiceRejected],
) -> None:
    gone = error("no", service="OSS", action="GetObject")
    ecs = ScriptedEcs([BUSY, ACCEPTED])
    called = caller(ecs, Objects([gone])).call(intent("T"), is_takeover=False)
    assert (called.state, called.perhaps_started) == (State.FAILED, False)
    assert "overwritten or deleted" in called.reason
    assert len(ecs.sent) == 1


def test_a_lost_call_for_bytes_that_are_gone_is_looked_up() -> None:
    gone = ObjectChanged("no", service="OSS", action="GetObject")
    ecs = ScriptedEcs([LOST], shown=[[image()]])
    called = caller(ecs, Objects([gone])).call(intent("T"), is_takeover=False)
    assert (called.state, len(ecs.sent)) == (State.SUBMITTED, 1)


def test_a_lost_call_for_bytes_that_are_gone_is_not_over_while_ecs_may_be_late() -> (
    None
):
    gone = ObjectChanged("no", service="OSS", action="GetObject")
    called = caller(ScriptedEcs([LOST]), Objects([gone])).call(
        intent("T"), is_takeover=False
    )
    assert (called.state, called.perhaps_started) == (State.RETRYING, True)


def test_each_repeat_looks_at_the_objects_again() -> None:
    ecs, objects = ScriptedEcs([BUSY, BUSY, ACCEPTED]), Objects()
    assert caller(ecs, objects).call(intent("T"), is_takeover=False).reply == ACCEPTED
    assert (len(ecs.sent), objects.looks) == (3, 2)


def test_objects_that_cannot_be_looked_at_end_the_repeats() -> None:
    silent = ServiceUnavailable("no answer", service="OSS", action="GetObject")
    ecs = ScriptedEcs([BUSY, ACCEPTED])
    called = caller(ecs, Objects([silent])).call(intent("T"), is_takeover=False)
    assert (called.state, called.perhaps_started) == (State.RETRYING, False)
    assert len(ecs.sent) == 1


@pytest.mark.parametrize(
    ("ago", "state"),
    [
        (VISIBLE_AFTER + timedelta(seconds=1), State.FAILED),
        (timedelta(seconds=3), State.RETRYING),
    ],
    ids=["long ago", "just now"],
)
def test_what_is_not_sent_again_has_failed_only_when_ecs_had_time_to_show_it(
    ago: timedelta, state: State
) -> None:
    looked_up = caller(ScriptedEcs([ACCEPTED])).look_up(
        intent(), asked_at=T0 - ago, otherwise="it is gone"
    )
    assert looked_up.state is state


@pytest.mark.parametrize(
    ("error", "perhaps_started", "state"),
    [
        (TAKEN, False, State.FAILED),
        (BUSY, False, State.RETRYING),
        (TAKEN, True, State.RETRYING),
    ],
    ids=["refused", "busy", "refused after another's call"],
)
def test_a_claim_that_never_asks_leaves_no_doubt_behind(
    error: ServiceError, state: State, *, perhaps_started: bool
) -> None:
    called = not_called(error, perhaps_started=perhaps_started)
    assert (called.state, called.perhaps_started) == (state, perhaps_started)


def test_a_doubt_is_kept_where_nothing_can_be_looked_up() -> None:
    called = call(ScriptedEcs([LOST], has_lookup=False))
    assert (called.state, called.perhaps_started) == (State.FAILED, True)
