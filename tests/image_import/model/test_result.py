"""The lines that log, answer and ledger are made of."""

import json

import pytest
from image_import.ledger.entries import LedgerEntry, State, read_lines, to_line
from image_import.model.result import Outcome, Result, log_json, result_json
from ledger_lines import T0

ODD = {
    "a line break": "\n",
    "a return": "\r",
    "a next line (C1)": "\x85",
    "a control sequence (C1)": "\x9b",
    "a line separator": "\u2028",
    "a paragraph separator": "\u2029",
    "a right-to-left override": "\u202e",
    "an isolate": "\u2066",
    "a half of a pair": "\ud83d",
    "a tag beyond the first plane": "\U000e0041",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_line_stays_one_line_and_holds_the_key_as_it_is(odd: str) -> None:
    key = f"in/web{odd}gpj.qcow2"
    result = Result(outcome=Outcome.SUBMITTED, object_key=key, reason=f"of {key}")
    logged, answered = log_json(result, fc_request_id="r"), result_json([result])
    assert (logged.isprintable(), answered.isprintable()) == (True, True)
    assert json.loads(logged)["object_key"] == key
    assert json.loads(answered)["records"][0]["object_key"] == key


def test_what_can_be_read_is_not_escaped() -> None:
    result = Result(outcome=Outcome.SUBMITTED, object_key="镜像/web é.qcow2")
    assert '"镜像/web é.qcow2"' in log_json(result, fc_request_id="")


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_line_of_the_ledger_says_the_same_when_it_is_read(odd: str) -> None:
    entry = LedgerEntry(state=State.REFUSED, at=T0, reason=f"a{odd}b")
    line = to_line(entry)
    assert line.decode().rstrip("\n").isprintable()
    assert read_lines(line) == [entry]
