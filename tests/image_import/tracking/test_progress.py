from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from image_import.aliyun.ecs.describe_responses import ImportTask, TaskDetail
from image_import.ledger.entries import LedgerEntry, State, last_of
from image_import.model.ownership import CheckFinding, ExistingImage
from image_import.tracking.progress import (
    CHECK_WAIT,
    GRACE,
    Observation,
    judge,
    own_image,
    unfollowed,
)
from ledger_lines import INTENT, SENT, T0, line

STUCK_AFTER = timedelta(hours=1)
SOON = T0 + timedelta(minutes=5)
LATE = T0 + timedelta(hours=3)
WAITING_LINE = line(State.PROGRESS, reason="Waiting", progress="0%")
HALF_LINE = line(State.PROGRESS, reason="Creating", progress="50%")
DETAIL = TaskDetail(
    task_id="t-1",
    status="Failed",
    error_code="InvalidImageFormat.Malformed",
    error_message="The image is damaged.",
)


def image(status: str, progress: str = "", **said: Any) -> ExistingImage:
    known = {"image_id": "m-1", "image_name": "web-1", **said}
    return ExistingImage(status=status, progress=progress, **known)


def task(status: str) -> ImportTask:
    return ImportTask(task_id="t-1", status=status)


def judged(
    seen: Observation, entries: Sequence[LedgerEntry] = (INTENT, SENT), now: Any = SOON
) -> LedgerEntry | None:
    entries = list(entries)
    followed = (State.SUBMITTED, State.PROGRESS, State.STUCK)
    last = last_of(entries, SENT.version, *followed)
    assert last is not None
    return judge(entries, last, seen, now=now, stuck_after=STUCK_AFTER)


@pytest.mark.parametrize(
    ("image_status", "task_status", "state"),
    [
        ("Available", "Finished", State.AVAILABLE),
        ("Available", None, State.AVAILABLE),
        ("Available", "Processing", State.PROGRESS),
        ("Creating", "Finished", State.PROGRESS),
        ("Creating", "Processing", State.PROGRESS),
        ("Waiting", "Processing", State.PROGRESS),
        ("Creating", "Paused", State.PROGRESS),
        ("CreateFailed", "Failed", State.CREATE_FAILED),
        ("CreateFailed", "Finished", State.CREATE_FAILED),
        ("CreateFailed", None, State.CREATE_FAILED),
        ("CreateFailed", "Processing", State.PROGRESS),
        ("Creating", "Failed", State.CREATE_FAILED),
        ("UnAvailable", None, State.CREATE_FAILED),
        (None, "Failed", State.CREATE_FAILED),
        (None, "Deleted", State.CANCELLED),
        ("Creating", "Deleted", State.CANCELLED),
        (None, "Processing", State.PROGRESS),
        (None, "Finished", State.GONE),
        (None, None, State.GONE),
    ],
)
def test_what_image_and_task_together_mean(
    image_status: str | None, task_status: str | None, state: State
) -> None:
    seen = Observation(
        image=image(image_status) if image_status else None,
        task=task(task_status) if task_status else None,
    )
    told = judged(seen, now=T0 + GRACE)
    assert told is not None
    assert told.state is state


def test_an_image_that_is_not_listed_yet_is_not_gone() -> None:
    assert judged(Observation(), now=T0 + GRACE - timedelta(seconds=1)) is None


def test_a_failure_is_told_with_the_tasks_own_error_and_what_to_do() -> None:
    told = judged(
        Observation(image=image("CreateFailed"), task=task("Failed"), detail=DETAIL)
    )
    assert told is not None
    assert told.error_code == "InvalidImageFormat.Malformed"
    assert told.error_message == "The image is damaged."
    assert told.reason == (
        "the import failed: InvalidImageFormat.Malformed: The image is damaged. ECS "
        "does not accept the image's content as that format. Check it with qemu-img "
        "check, or convert it again."
    )


def test_a_failure_without_a_cause_says_so() -> None:
    told = judged(Observation(image=image("CreateFailed")))
    assert told is not None
    assert told.reason == (
        "the import failed (CreateFailed). ECS gives no cause; open a ticket with the "
        "request ID"
    )


def test_a_line_keeps_what_is_known_of_the_import() -> None:
    told = judged(Observation(image=image("Creating", "50%"), task=task("Processing")))
    assert told is not None
    assert (told.image_id, told.task_id, told.ecs_request_id) == ("m-1", "t-1", "R-1")
    assert (told.reason, told.progress, told.at) == ("Creating", "50%", SOON)
    assert (told.version, told.disks) == (SENT.version, SENT.disks)


def test_an_image_id_that_was_not_told_is_learnt() -> None:
    sent = line(State.SUBMITTED, image_name="web-1")
    told = judged(Observation(image=image("Available", image_id="m-9")), [INTENT, sent])
    assert told is not None
    assert told.image_id == "m-9"


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            Observation(image=image("Creating"), task=task("Paused")),
            "Creating, task Paused",
        ),
        (
            Observation(image=image("Available"), task=task("Processing")),
            "Available, task Processing",
        ),
        (Observation(task=task("Processing")), "no image yet, task Processing"),
    ],
)
def test_the_task_is_named_where_it_tells_more(seen: Observation, said: str) -> None:
    told = judged(seen)
    assert told is not None
    assert told.reason == said


def test_only_a_change_is_told() -> None:
    half = Observation(image=image("Creating", "50%"), task=task("Processing"))
    assert judged(half, [INTENT, SENT, WAITING_LINE]) is not None
    assert judged(half, [INTENT, SENT, HALF_LINE]) is None


def test_an_import_without_progress_is_stuck_once_and_says_since_when() -> None:
    half = Observation(image=image("Creating", "50%"))
    entries = [INTENT, SENT, HALF_LINE]
    assert judged(half, entries, now=T0 + STUCK_AFTER - timedelta(seconds=1)) is None
    stuck = judged(half, entries, now=LATE)
    assert stuck is not None
    assert stuck.state is State.STUCK
    assert stuck.reason == "no progress since 2026-11-23T03:00:00.000Z: Creating, 50%"
    assert judged(half, [*entries, stuck], now=LATE + STUCK_AFTER) is None


def test_what_was_stuck_moves_on() -> None:
    stuck = line(State.STUCK, reason="no progress", progress="50%")
    entries = [INTENT, SENT, HALF_LINE, stuck]
    told = judged(Observation(image=image("Creating", "51%")), entries, now=LATE)
    assert told is not None
    assert (told.state, told.progress) == (State.PROGRESS, "51%")


def test_what_cannot_be_followed_says_what_to_look_for() -> None:
    told = unfollowed(SENT, now=LATE)
    assert told.state is State.UNFOLLOWED
    assert "no look-up" in told.reason
    assert "'web-1' in the console" in told.reason


@pytest.mark.parametrize(
    ("images", "image_id"),
    [
        pytest.param([image("Creating")], "m-1", id="by its ID"),
        pytest.param([image("Creating", image_id="m-2")], None, id="of another"),
        pytest.param([], None, id="none"),
    ],
)
def test_an_image_is_known_by_its_id(
    images: list[ExistingImage], image_id: str | None
) -> None:
    found = own_image(images, SENT)
    assert (found.image_id if found else None) == image_id


def test_an_image_whose_id_was_never_told_is_known_by_its_nonce() -> None:
    sent = line(State.SUBMITTED, image_name="web-1", nonce="0123456789abcdef")
    described = "[image-import 0123456789abcdef]"
    marked = image("Creating", image_id="m-2", description=described)
    assert own_image([image("Creating"), marked], sent) == marked
    assert own_image([image("Creating")], sent) is None


ASKED = replace(INTENT, parameters={"DetectionStrategy": "Standard"})
RISKS = (
    CheckFinding("GUESTOS.CloudInit", "absent", "Medium"),
    CheckFinding("GUESTOS.Virtio", "absent", "High", "no-virtio"),
)
CHECKED_LINE = line(State.PROGRESS, reason="Available, its image check is under way")


def test_an_image_that_is_checked_waits_for_the_result() -> None:
    seen = Observation(image=image("Available", check_status="Processing"))
    told = judged(seen, [ASKED, SENT])
    assert told is not None
    assert (told.state, told.reason) == (State.PROGRESS, CHECKED_LINE.reason)
    assert judged(seen, [ASKED, SENT, CHECKED_LINE]) is None


def test_what_the_check_found_is_on_record_the_worst_first() -> None:
    told = judged(
        Observation(image=image("Available", check_status="Finished", findings=RISKS)),
        [ASKED, SENT, CHECKED_LINE],
    )
    assert told is not None
    assert (told.state, told.findings) == (State.AVAILABLE, RISKS[::-1])
    assert told.reason == ("the image is Available; its check found risks, 1 of 2 high")


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"check_status": "Finished"}, "its check found no risk"),
        ({}, "its check has no result: see the ECS console"),
        ({"check_status": "Processing"}, "its check has no result"),
    ],
    ids=["nothing found", "not checked", "too slow"],
)
def test_a_check_holds_no_image_for_long(seen: dict[str, str], reason: str) -> None:
    entries = [ASKED, SENT, CHECKED_LINE]
    told = judged(
        Observation(image=image("Available", **seen)), entries, now=T0 + CHECK_WAIT
    )
    assert told is not None
    assert told.state is State.AVAILABLE
    assert reason in told.reason


def test_an_image_that_nobody_asked_to_check_waits_for_nothing() -> None:
    told = judged(Observation(image=image("Available", check_status="Processing")))
    assert told is not None
    assert (told.state, told.reason) == (State.AVAILABLE, "the image is Available")
