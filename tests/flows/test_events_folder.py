"""Every sample event in events/ goes through the handler's own code, whole."""

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner
from image_import.model.result import Outcome
from image_import_cli.main import cli
from repository import ROOT

EVENTS = ROOT / "events"
SAMPLES = sorted(path.parent.name for path in EVENTS.glob("*/event.json"))
NEW_EACH_TIME = {"ecs_request_id", "image_id", "task_id"}
NONCE = re.compile(r"(?<=\[image-import )[0-9a-f]{16}\]$")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def invoke(sample: str) -> tuple[int, list[dict[str, Any]]]:
    event = str(EVENTS / sample / "event.json")
    run = CliRunner().invoke(cli, ["invoke", event, "--local", "--json"])
    assert run.exception is None or isinstance(run.exception, SystemExit), run.output
    return run.exit_code, json.loads(run.stdout)["records"]


def comparable(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with a star for what must be there and differs each time."""
    known: dict[str, Any] = {
        name: "*" if name in NEW_EACH_TIME and value else value
        for name, value in record.items()
    }
    if "reason" in known:
        known["reason"] = MOMENT.sub("*", known["reason"])
    if sent := known.get("parameters"):
        known["parameters"] = {n: NONCE.sub("*]", v) for n, v in sent.items()}
    return known


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_event_ends_as_its_expected_json_says(sample: str) -> None:
    expected = json.loads((EVENTS / sample / "expected.json").read_text("utf-8"))
    _, records = invoke(sample)
    assert [comparable(record) for record in records] == expected["records"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_exit_status_says_whether_something_was_refused(sample: str) -> None:
    status, records = invoke(sample)
    bad = {Outcome.REFUSED.value, Outcome.FAILED.value, Outcome.RETRYING.value}
    assert status == int(any(record["outcome"] in bad for record in records))


def test_the_samples_show_every_path_that_a_user_meets() -> None:
    outcomes = set()
    for sample in SAMPLES:
        expected = json.loads((EVENTS / sample / "expected.json").read_text("utf-8"))
        outcomes |= {record["outcome"] for record in expected["records"]}
    assert outcomes >= {"submitted", "duplicate", "ignored", "refused", "waiting"}


def test_every_sample_is_listed_in_their_readme() -> None:
    readme = (EVENTS / "README.md").read_text("utf-8")
    assert [s for s in SAMPLES if f"`{s}`" not in readme] == []
