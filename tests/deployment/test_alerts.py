"""What alerts and dashboard ask, run over lines that our function has logged.

Simple Log Service's SQL is run by SQLite, with its two functions that SQLite has not.
"""

import json
import logging
import re
import sqlite3
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from deployment import strict_yaml
from deployment.cloud_run import (
    ACCOUNT,
    ENVIRONMENT,
    GOOD,
    NAMES,
    QCOW2,
    REGION,
    policies,
    set_up,
)
from deployment.ros_fc2 import FC2
from deployment.ros_fc3 import FC3
from deployment.ros_file import StackKind, Template
from fake_aliyun import FakeAliyun, ManualClock
from image_import.model.result import BAD, Outcome
from repository import ROOT
from status_bucket import StuckByName
from uploads import Deaf

Rows = list[tuple[Any, ...]]
PREFIX = "2026-12-01T03:00:00.000Z 5f6f0c1e-0000-0000-0000-000000000000 [INFO] "
"""What the platform puts before a line.

Source: Function Compute's Python runtime, bootstrap.py, read 2026-12.
"""
HAPPENS = {Outcome.STUCK: "StuckAlert", Outcome.RETRYING: "RetryingAlert"}
FIELD = re.compile(r"json_extract_scalar\(line, '\$\.(\w+)'\)")


@cache
def made(file: str) -> Mapping[str, Any]:
    document = strict_yaml.load((ROOT / file).read_text("utf-8"))
    return Template(document, {"AlertsTo": "people"}).resources()


def queries(kind: StackKind = FC3) -> dict[str, str]:
    """Return what each alert and each chart asks."""
    found = {}
    for name, resource in made(kind.file).items():
        properties = resource["Properties"]
        if resource["Type"] == "ALIYUN::SLS::Alert":
            (query,) = properties["Detail"]["Configuration"]["QueryList"]
            found[name] = query["Query"]
        for chart in properties.get("Charts", ()):
            found[chart["title"]] = chart["search"]["query"]
    return found


class Kept(logging.Handler):
    """Keeps what is logged in any thread, as the platform writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{PREFIX}{record.getMessage()}")


@cache
def logged() -> list[str]:
    """Return what the functions log of uploads that end in each way."""
    environ = {**ENVIRONMENT, "NOTIFY": "https://hooks.example.com/"}
    clock, kept = ManualClock(), Kept()
    log = logging.getLogger("image_import")
    log.addHandler(kept)
    with FakeAliyun(region_id=REGION, account_id=ACCOUNT, clock=clock) as cloud:
        cloud.ecs.pace = StuckByName(waiting=60, creating=600)
        set_up(cloud, policies("keep"), environ, Deaf())

        def put(key: str, data: bytes = QCOW2) -> None:
            cloud.oss.put(NAMES.image_bucket, key, data + key.encode())
            cloud.fc.drain()

        def tick() -> None:
            cloud.fc.tick()
            cloud.fc.drain()

        put("incoming/stuck.qcow2")
        tick()
        clock.advance(4000)
        tick()
        put(GOOD)
        cloud.ecs.fail_import("ImageInvalid", "no bootable system")
        put("incoming/broken.qcow2")
        put("incoming/box.vhdx", b"vhdxfile" + bytes(512))
        cloud.ecs.fail_next("NoSetRoletoECSServiceAcount")
        put("incoming/refused.qcow2")
        cloud.ecs.fail_next(
            "ServiceUnavailable", action="ImportImage", http_status=503, times=99
        )
        for _ in range(3):
            put("incoming/late.qcow2")
        clock.advance(1000)
        tick()
    log.removeHandler(kept)
    return kept.lines


def ask(query: str, lines: list[str]) -> Rows:
    """Return the rows of a query over lines, each logged in the second of its place."""
    search, _, sql = query.partition(" | ")
    words = search.split(" and ")
    found = [
        (second, line)
        for second, line in enumerate(lines)
        if all(word in re.split(r"[\s,'\";=()\[\]{}?@&<>/:]+", line) for word in words)
    ]
    database = sqlite3.connect(":memory:")
    database.create_function("regexp_extract", 3, _extract)
    database.create_function("json_extract_scalar", 2, _scalar)
    database.execute("create table log (__time__ integer, message text)")
    database.executemany("insert into log values (?, ?)", found)
    rows = database.execute(sql).fetchall()
    database.close()
    return rows


def _extract(text: str, pattern: str, group: int) -> str | None:
    found = re.search(pattern, text)
    return found[group] if found else None


def _scalar(text: str | None, path: str) -> str | None:
    try:
        value = json.loads(text or "")[path.removeprefix("$.")]
    except (ValueError, KeyError):
        return None
    return None if isinstance(value, dict | list) else str(value)


def outcomes(lines: list[str]) -> set[str]:
    return {row[0] for row in ask(queries()["outcomes"], lines)}


def test_both_templates_ask_the_same() -> None:
    assert queries(FC3) == queries(FC2)
    assert len(queries()) == 8


@pytest.mark.parametrize("name", queries())
def test_each_field_that_is_asked_for_is_one_that_we_log(name: str) -> None:
    ours = [line[line.index("{") :] for line in logged() if "{" in line]
    known = {field for line in ours for field in json.loads(line)}
    asked = set(FIELD.findall(queries()[name]))
    assert asked
    assert asked <= known


def test_what_failed_is_found_with_its_reason_and_nothing_else() -> None:
    rows = ask(queries()["FailedAlert"], logged())
    assert sorted(key for key, *_ in rows) == [
        "incoming/box.vhdx", "incoming/broken.qcow2", "incoming/refused.qcow2",
    ]  # fmt: skip
    assert {outcome for _, outcome, _ in rows} == {"create_failed", "failed", "refused"}
    assert all(reason for *_, reason in rows)


def test_what_somebody_should_look_at_raises_some_alert() -> None:
    query = queries()
    for outcome in BAD:
        line = PREFIX + json.dumps({"object_key": "k", "outcome": outcome.value})
        name = HAPPENS.get(outcome, "FailedAlert")
        assert ask(query[name], [line] * 3), outcome


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in BAD], ids=str)
def test_what_is_well_raises_none(outcome: Outcome) -> None:
    line = PREFIX + json.dumps({"object_key": "k", "outcome": outcome.value})
    for name in ("FailedAlert", "StuckAlert", "RetryingAlert"):
        assert ask(queries()[name], [line] * 3) == []


def test_what_is_stuck_is_found() -> None:
    ((key, reason),) = ask(queries()["StuckAlert"], logged())
    assert key == "incoming/stuck.qcow2"
    assert reason.startswith("no progress since")


def test_what_is_tried_in_vain_three_times_is_found() -> None:
    assert ask(queries()["RetryingAlert"], logged()) == [("incoming/late.qcow2", 4)]
    others = [line for line in logged() if "late.qcow2" not in line]
    assert ask(queries()["RetryingAlert"], others) == []


def test_a_tracker_that_ran_is_not_silent_and_another_is() -> None:
    assert ask(queries()["SilentAlert"], logged()) == [(3,)]
    assert ask(queries()["SilentAlert"], []) == [(0,)]


def test_news_that_nobody_takes_is_found_and_none_without_it() -> None:
    ((most_recent,),) = ask(queries()["NewsAlert"], logged()[-1:])
    assert most_recent > 0
    assert ask(queries()["NewsAlert"], logged()[:1]) == [(None,)]


def test_a_line_that_holds_no_json_of_ours_is_passed_over() -> None:
    odd = [f"{PREFIX}outcome stuck retrying run tracker {{1: [}}", "outcome", "run {}"]
    assert outcomes([*odd, *logged()]) == outcomes(logged())
    for name in ("FailedAlert", "StuckAlert", "RetryingAlert"):
        assert ask(queries()[name], odd) == []


def test_the_dashboard_counts_what_is_under_way() -> None:
    rows = ask(queries()["open"], logged())
    assert [row[0] % 300 for row in rows] == [0]
    assert rows[0][1] >= 1
