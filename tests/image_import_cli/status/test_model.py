"""What a ledger's lines say about its imports, and what to do about each."""

import io
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from image_import.ledger.entries import LedgerEntry, State
from image_import_cli.status.model import (
    BY_URGENCY,
    ImportStatus,
    said,
    statuses_of,
)
from image_import_cli.status.next_step import Step, next_step, without_source
from image_import_cli.status.table import TableLayout
from image_import_cli.ui.text import shell_word
from ledger_lines import ALONE, INTENT, SENT, SET, T0, later, line
from rich.console import Console

HOUR = timedelta(hours=1)
QUOTA = line(
    State.FAILED,
    error_code="QuotaExceed.Image",
    error_message="ECS ImportImage: QuotaExceed.Image: too many",
)
BROKEN = line(
    State.CREATE_FAILED,
    error_code="InvalidImageFormat.Malformed",
    error_message="The block table is damaged.",
)


def statuses(entries: Sequence[LedgerEntry], now: datetime) -> list[ImportStatus]:
    return statuses_of(
        entries, bucket="images", ledger_key="l.jsonl", now=now, stuck_after=HOUR
    )


def status(*entries: LedgerEntry, after: float = 1) -> ImportStatus:
    """Return the only import of a ledger, so many minutes after T0."""
    (found,) = statuses(entries, T0 + timedelta(minutes=after))
    return found


def step(*entries: LedgerEntry, after: float = 1) -> Step:
    now = T0 + timedelta(minutes=after)
    return next_step(status(*entries, after=after), now=now, stuck_after=HOUR)


def test_an_import_has_the_ids_that_any_of_its_lines_tells() -> None:
    found = status(INTENT, SENT, later(line(State.PROGRESS, progress="32%"), 5))
    assert (found.image_name, found.image_id, found.task_id) == ("web-1", "m-1", "t-1")
    assert (found.state, found.fraction) == (State.PROGRESS, 0.32)
    assert (found.since, found.changed) == (T0, T0 + timedelta(minutes=5))


def test_a_later_line_of_another_claim_does_not_hide_the_image() -> None:
    refused = later(line(State.REFUSED, SET, claim="c2", reason="too late"), 9)
    found = statuses([INTENT, SENT, refused], T0)
    assert [s.state for s in found] == [State.SUBMITTED, State.REFUSED]


LATE = later(line(State.REFUSED, SET, claim="c2", reason="it came too late"), 9)


@pytest.mark.parametrize(
    "news",
    [[], [line(State.PROGRESS, progress="3%")], [line(State.AVAILABLE)]],
    ids=["nothing", "progress", "an image"],
)
def test_a_manifest_that_came_too_late_is_told_whatever_becomes_of_its_disk(
    news: list[LedgerEntry],
) -> None:
    lines = [INTENT, SENT, LATE, *(later(entry, 20) for entry in news)]
    alone, late = statuses(lines, T0)
    assert alone.state is (news[0].state if news else State.SUBMITTED)
    assert (late.state, late.error) == (State.REFUSED, "it came too late")
    told = next_step(late, now=T0, stuck_after=HOUR)
    assert told == Step("Do that if the set is wanted; else nothing.")


def test_a_set_that_was_refused_before_its_disk_was_sent_alone_is_over() -> None:
    refused = line(State.REFUSED, SET, reason="18 disks")
    assert status(refused, INTENT, SENT).state is State.SUBMITTED


def test_a_refused_set_that_was_sent_after_all_is_over() -> None:
    sent = line(State.SUBMITTED, SET, image_id="m-2")
    found = statuses([INTENT, SENT, LATE, sent], T0)
    assert {s.state for s in found} == {State.SUBMITTED}


def test_a_wait_is_over_once_the_set_is_sent() -> None:
    waiting = line(State.WAITING, reason="its sidecar is not there yet")
    sent = line(State.SUBMITTED, SET, image_id="m-2")
    assert status(waiting, sent).image_id == "m-2"


def test_only_the_latest_attempt_counts() -> None:
    second = replace(ALONE, attempt=2)
    lines = [line(State.INTENT, second), line(State.SUBMITTED, second, image_id="m-2")]
    assert status(INTENT, SENT, BROKEN, *lines).image_id == "m-2"


def test_a_redrive_is_shown_until_something_follows_it() -> None:
    word = replace(line(State.REDRIVE, attempt=2), version="")
    assert status(INTENT, SENT, BROKEN, word).state is State.REDRIVE
    assert "image-import sweep" in step(INTENT, SENT, BROKEN, word).command


def test_what_is_available_stays_so_whatever_is_said_late() -> None:
    late = later(SENT, 30)
    found = status(INTENT, line(State.AVAILABLE, image_id="m-1"), late)
    assert (found.state, found.fraction) == (State.AVAILABLE, 1.0)


def test_a_silent_ledger_is_stuck_since_its_last_line() -> None:
    found = status(INTENT, SENT, after=61)
    assert found.state is State.STUCK
    assert found.reason == "nothing on record since 2026-11-23 03:00:00Z"
    assert "tracker's timer" in step(INTENT, SENT, after=61).text
    assert status(INTENT, SENT, after=59).state is State.SUBMITTED


def test_a_claim_says_how_long_it_holds_and_that_it_ran_out() -> None:
    assert status(INTENT).reason == "claimed until 2026-11-23 03:05:00Z"
    assert status(INTENT, after=6).reason.startswith("its claim ran out unfinished at ")
    assert step(INTENT, after=6) == Step()
    overdue = step(INTENT, after=66)
    assert "should have been delivered again" in overdue.text
    assert overdue.command == "image-import sweep oss://images/web.qcow2 --again"


def test_what_was_handed_back_is_delivered_again_by_the_tracker() -> None:
    busy = line(State.RETRYING, reason="ECS is busy")
    told = "The tracker delivers it again after 2026-11-23 03:01:00Z."
    assert step(INTENT, busy).text == told
    assert step(INTENT, busy, after=62).text.startswith("It should have been")


def test_a_full_quota_says_whose_it_is_and_that_nothing_is_lost() -> None:
    told = step(INTENT, QUOTA).text
    assert told.startswith(
        "The account has as many custom images as it may have. Delete images or raise"
    )
    assert told.endswith("The tracker delivers it again after 2026-11-23 03:01:00Z.")


def test_a_failed_task_tells_its_own_error_and_the_catalogue_the_way_out() -> None:
    found = status(INTENT, SENT, BROKEN)
    assert found.error == "InvalidImageFormat.Malformed: The block table is damaged."
    told = step(INTENT, SENT, BROKEN)
    assert told.text.startswith(
        "ECS does not accept the image's content as that format. Check it with "
        "qemu-img check, or convert it again."
    )
    assert told.command == "image-import redrive oss://images/web.qcow2"


def test_a_stuck_import_without_a_task_is_not_told_to_cancel_it() -> None:
    stuck = line(State.STUCK, image_id="m-1")
    with_task = step(INTENT, SENT, stuck).text
    without = step(INTENT, replace(SENT, task_id=""), stuck).text
    assert "cancel task t-1 or open a ticket with the request ID R-1" in with_task
    assert "cancel" not in without


@pytest.mark.parametrize(
    ("last", "word"),
    [
        (line(State.WAITING), "Upload what it waits for"),
        (line(State.REFUSED), "Mend the object or its sidecar"),
        (line(State.CANCELLED), "Nothing, if that was meant"),
        (line(State.GONE), "Nothing, if that was meant"),
        (line(State.UNFOLLOWED, image_name="web-1"), "image named web-1 in the"),
        (
            line(State.FAILED, perhaps_started=True, image_name="web-1"),
            "Look for an image named web-1",
        ),
        (line(State.AVAILABLE), ""),
        (line(State.PROGRESS), ""),
    ],
    ids=lambda value: value.state.value if isinstance(value, LedgerEntry) else "",
)
def test_each_state_has_its_next_step(last: LedgerEntry, word: str) -> None:
    told = step(INTENT, last).text
    assert word in told
    assert bool(word) == bool(told)


def test_every_state_has_a_place_in_the_order_of_urgency() -> None:
    # That its news was sent is no state of an import.
    assert {*BY_URGENCY, State.NOTIFIED} == set(State)


def test_bytes_that_are_gone_are_not_told_to_be_imported_again() -> None:
    gone = without_source("web.qcow2 was deleted")
    assert gone.text.startswith("Upload it again")
    assert without_source("web.qcow2 was uploaded anew since").command == ""


def test_json_has_the_handlers_field_names_and_leaves_out_what_is_empty() -> None:
    found = said(status(INTENT, SENT))
    handlers = "bucket object_key etag outcome image_name ecs_request_id image_id"
    assert {*handlers.split(), "task_id"} <= found.keys()
    assert (found["outcome"], found["state"]) == ("submitted", "submitted")
    assert "" not in found.values()
    assert said(status(INTENT))["outcome"] == "retrying"


@pytest.mark.parametrize(
    "text", ["a b", "it's", "\x1b]0;x\x07", "$(rm -rf ~)", "\\'\n"]
)
def test_a_command_means_the_same_key_to_bash(text: str, tmp_path: Path) -> None:
    word = shell_word(text)
    assert word.isprintable()
    shell = ["bash", "-c", f"printf %s {word}"]
    run = subprocess.run(shell, capture_output=True, check=True, cwd=tmp_path)
    assert run.stdout == text.encode()


@pytest.mark.parametrize("columns", [20, 30, 40, 60, 80])
def test_a_line_that_moves_is_one_line_with_the_end_of_its_key(columns: int) -> None:
    output = io.StringIO()
    console = Console(file=output, width=columns)
    long = replace(status(INTENT, SENT), object_key="incoming/web-server.qcow2")
    console.print(TableLayout(console).brief(long, HOUR), end="")
    (line,) = output.getvalue().splitlines()
    assert line.startswith("submitted")
    assert line.rstrip().endswith("cow2")
