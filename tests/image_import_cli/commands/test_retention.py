"""`image-import retention` against a bucket in the fakes."""

import json
from pathlib import Path
from typing import Any

import pytest
from image_import.ledger.entries import State
from redrives import Desk
from uploads import BUCKET, LEDGER, QCOW2

KEEP_ONE = ("--set", "KEEP_LAST=1", "--bucket", BUCKET)
DAY = 24 * 3600


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return three images that were imported before anybody set KEEP_LAST."""
    desk = Desk(tmp_path)
    for number in range(3):
        desk.uploads.upload(f"web/{number}.qcow2", QCOW2 + bytes([number]))
        desk.uploads.cloud.ecs.finish_imports()
        desk.uploads.track()
        desk.uploads.clock.advance(60)
    return desk


def statuses(desk: Desk) -> list[str]:
    return [image.status for image in desk.uploads.cloud.ecs.everywhere]


def rows(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(desk: Desk) -> None:
    before = len(desk.uploads.cloud.oss.keys(BUCKET))
    run = desk.run("retention", *KEEP_ONE, "--dry-run")
    assert run.exit_code == 0, run.output
    assert run.stdout.startswith("images/web\n  keep ")
    assert run.stdout.count("deprecate ") == 2
    assert run.stdout.endswith("\nnothing was changed\n")
    assert statuses(desk) == ["Available"] * 3
    assert len(desk.uploads.cloud.oss.keys(BUCKET)) == before


def test_images_from_before_keep_last_was_set_are_deprecated(desk: Desk) -> None:
    run = desk.run("retention", *KEEP_ONE, "--json")
    assert run.exit_code == 0, run.output
    *images, sums = rows(run.stdout)
    assert [row["decision"] for row in images] == ["keep", "deprecate", "deprecate"]
    assert images[0]["source"] == f"oss://{BUCKET}/web/2.qcow2"
    assert sums == {"retention": {"deprecated": 2, "errors": []}}
    assert statuses(desk) == ["Deprecated"] * 2 + ["Available"]


def test_the_tracker_goes_on_where_the_command_was(desk: Desk) -> None:
    desk.run("retention", *KEEP_ONE)
    desk.uploads.environ = {"KEEP_LAST": "1", "DELETE_DEPRECATED_AFTER": "7"}
    desk.uploads.clock.advance(8 * DAY)
    desk.uploads.track()
    assert statuses(desk) == ["Available"]
    assert desk.uploads.last_state("0.qcow2") is State.DELETED
    assert len(desk.uploads.cloud.oss.keys(BUCKET, f"{LEDGER}kept/")) == 1


def test_what_is_due_is_deleted(desk: Desk) -> None:
    desk.run("retention", *KEEP_ONE)
    desk.uploads.clock.advance(8 * DAY)
    run = desk.run("retention", *KEEP_ONE, "--set", "DELETE_DEPRECATED_AFTER=7")
    assert run.exit_code == 0, run.output
    assert run.stdout.endswith("\n2 deleted\n")
    assert statuses(desk) == ["Available"]


def test_without_a_number_to_keep_it_says_what_to_set(desk: Desk) -> None:
    run = desk.run("retention", "--bucket", BUCKET)
    assert run.exit_code == 2
    assert "set KEEP_LAST, as in --set KEEP_LAST=3" in run.stderr


def test_without_a_bucket_it_says_what_to_give(desk: Desk) -> None:
    run = desk.run("retention", "--set", "KEEP_LAST=1")
    assert run.exit_code == 2
    assert "give --bucket" in run.stderr


def test_what_ecs_refuses_is_told_and_the_rest_is_done(desk: Desk) -> None:
    desk.uploads.cloud.ecs.fail_next("Forbidden.RAM", action="ModifyImageAttribute")
    run = desk.run("retention", *KEEP_ONE)
    assert run.exit_code == 1
    assert "Forbidden.RAM" in run.stderr
    assert sorted(statuses(desk)) == ["Available", "Available", "Deprecated"]
