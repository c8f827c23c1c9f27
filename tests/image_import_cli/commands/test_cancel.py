"""`image-import cancel` against a bucket in the fakes."""

import json
from pathlib import Path

import pytest
from image_import.ledger.entries import State
from redrives import Desk
from uploads import BUCKET

WEB = f"oss://{BUCKET}/web.qcow2"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_objects_import_is_cancelled_and_its_ledger_says_so(desk: Desk) -> None:
    sent = desk.uploads.upload("web.qcow2")
    run = desk.run("cancel", WEB, "--yes", "--json")
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    assert (told["outcome"], told["task_id"]) == ("cancelled", sent.task_id)
    assert desk.uploads.last_state("web.qcow2") is State.CANCELLED
    assert desk.uploads.notes == []
    assert desk.uploads.track() == {"changes": [], "open": 0}
    assert "web.qcow2" in desk.uploads.cloud.oss.keys(BUCKET)


def test_a_task_is_found_by_its_id(desk: Desk) -> None:
    sent = desk.uploads.upload("web.qcow2")
    run = desk.run("cancel", sent.task_id, "--yes", "--bucket", BUCKET)
    assert run.exit_code == 0, run.output
    assert desk.uploads.last_state("web.qcow2") is State.CANCELLED


def test_without_a_ledger_the_timer_writes_it_down(desk: Desk) -> None:
    sent = desk.uploads.upload("web.qcow2")
    run = desk.run("cancel", sent.task_id, "--yes")
    assert "the timer's next run writes it" in " ".join(run.stdout.split())
    (change,) = desk.uploads.track()["changes"]
    assert change["outcome"] == "cancelled"


def test_it_asks_first(desk: Desk) -> None:
    desk.uploads.upload("web.qcow2")
    run = desk.run("cancel", WEB, stdin=b"n\n")
    assert run.exit_code == 1
    assert f"The import of {WEB}\n  task  t-" in run.stderr
    assert run.stderr.endswith("Cancel it? [y/N]: n\nError: nothing was cancelled\n")
    assert desk.uploads.calls("CancelTask") == 0


def test_the_end_of_the_input_is_a_no_in_a_line_of_its_own(desk: Desk) -> None:
    desk.uploads.upload("web.qcow2")
    run = desk.run("cancel", WEB)
    assert run.exit_code == 1
    assert run.stderr.endswith("Cancel it? [y/N]: \nError: nothing was cancelled\n")
    assert desk.uploads.calls("CancelTask") == 0


def test_an_import_that_has_ended_is_too_late(desk: Desk) -> None:
    sent = desk.uploads.upload("web.qcow2")
    desk.uploads.clock.advance(1000)
    run = desk.run("cancel", WEB, "--yes")
    assert run.exit_code == 1
    assert "the task has ended as Finished" in run.stdout
    desk.uploads.track()
    run = desk.run("cancel", WEB, "--yes")
    assert "no import of oss://images/web.qcow2 is under way" in run.stderr
    assert "its ledger says: available at 20" in run.stderr
    assert sent.image_id in run.stderr
    assert desk.uploads.image_names == [sent.image_name]


def test_what_was_never_begun_is_said(desk: Desk) -> None:
    run = desk.run("cancel", WEB, "--yes")
    assert run.exit_code == 1
    assert "the ledger knows of no import of oss://images/web.qcow2" in run.stderr


def test_a_task_that_was_cancelled_before_promises_no_line_in_the_ledger(
    desk: Desk,
) -> None:
    task_id = desk.uploads.upload("web.qcow2").task_id
    ledger = ("--bucket", "images")
    desk.run("cancel", task_id, "--yes", *ledger)
    run = desk.run("cancel", task_id, "--yes", *ledger)
    assert run.exit_code == 0
    assert "no import that is open in the ledger has this task" in run.stdout
    assert len(desk.uploads.ledger("web.qcow2")) == 3


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("InvalidTaskId.NotFound", "Look the image up by its name"),
        ("InvalidTaskId.TaskActionNotSupport", "Wait for its end"),
        ("InvalidTaskId.IncorrectTaskStatus", "Look at its status"),
        ("CancelTaskFailed", "Wait for its end, then delete the image"),
    ],
)
def test_a_refusal_is_explained(desk: Desk, code: str, fix: str) -> None:
    desk.uploads.upload("web.qcow2")
    desk.uploads.cloud.ecs.fail_next(code, action="CancelTask")
    run = desk.run("cancel", WEB, "--yes")
    assert run.exit_code == 1
    assert code in run.stderr
    assert fix in run.stderr
    assert desk.uploads.last_state("web.qcow2") is State.SUBMITTED


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((WEB, "--set", "IMPORT_TARGET=apsara-pop"), "has no CancelTask"),
        ((WEB, "--json"), "needs --yes"),
        (("web.qcow2",), "give oss://BUCKET/KEY or a task ID"),
        (("oss://images/",), "names no object; give oss://BUCKET/KEY"),
    ],
)
def test_what_cannot_be_asked_for_is_status_2(
    desk: Desk, arguments: tuple[str, ...], why: str
) -> None:
    stack = {
        "ECS_ENDPOINT": "https://ecs-internal.apsara.test",
        "OSS_ENDPOINT": "https://oss-cn-hangzhou-a.apsara.test",
    }
    environ = stack if "IMPORT_TARGET=apsara-pop" in arguments else {}
    run = desk.run("cancel", *arguments, environ=environ)
    assert run.exit_code == 2
    assert why in " ".join(run.stderr.split())


COPIES = {"COPY_TO_REGIONS": "cn-beijing,cn-wulanchabu"}


def distributing(desk: Desk) -> None:
    """Import an image, and begin its copies."""
    desk.uploads.environ = COPIES
    desk.uploads.upload("web.qcow2")
    desk.uploads.cloud.ecs.finish_imports()
    desk.uploads.track()
    desk.uploads.track()


def test_a_distribution_is_cancelled_with_its_copies(desk: Desk) -> None:
    distributing(desk)
    run = desk.run("cancel", WEB, "--yes", "--json")
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["outcome"] == "cancelled"
    (image,) = desk.uploads.cloud.ecs.everywhere
    assert (image.region_id, desk.uploads.calls("CancelCopyImage")) == (
        desk.uploads.cloud.region_id,
        2,
    )
    assert desk.uploads.last_state("web.qcow2") is State.DISTRIBUTION_FAILED
    assert desk.uploads.track() == {"changes": [], "open": 0}


def test_a_distribution_that_was_cancelled_can_be_done_again(desk: Desk) -> None:
    distributing(desk)
    desk.run("cancel", WEB, "--yes")
    run = desk.run("redrive", WEB, "--json")
    assert run.exit_code == 0, run.output
    for _ in range(4):
        desk.uploads.track()
        desk.uploads.cloud.ecs.finish_imports()
    assert desk.uploads.last_state("web.qcow2") is State.DISTRIBUTED
    assert len(desk.uploads.cloud.ecs.everywhere) == 3
