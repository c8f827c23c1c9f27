"""A second set of real names, labelled before anybody saw how they are read.

tests/data/other-image-names.md says how it was gathered.
"""

from collections.abc import Callable

import pytest
from corpus import OTHER_FILE, TRAITS, Verdict, judge, load, share, table

ROWS = load(OTHER_FILE)


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """All keys are read together, as siblings name their sets."""
    return judge(ROWS)


@pytest.mark.parametrize("trait", TRAITS)
def test_the_second_set_is_read_right(verdicts: list[Verdict], trait: str) -> None:
    of = [v for v in verdicts if v.trait == trait and not v.row["debatable"]]
    assert of
    assert share(of) == 1, table("strict rows of the second set", of)


@pytest.mark.parametrize("is_debatable", [False, True], ids=["strict", "debatable"])
def test_the_score_of_the_second_set_is_shown(
    verdicts: list[Verdict],
    is_debatable: bool,
    record_property: Callable[[str, object], None],
) -> None:
    of = [v for v in verdicts if v.row["debatable"] == is_debatable]
    record_property("table", table("the second set of image names", of))
    assert share(v for v in of if v.trait == "format") == 1


def test_no_strict_row_is_given_a_value_its_name_does_not_tell(
    verdicts: list[Verdict],
) -> None:
    strict = [v for v in verdicts if not v.row["debatable"]]
    assert [v for v in strict if v.is_wrong_value] == []


def test_a_name_stands_in_one_set_and_has_a_source() -> None:
    keys = [row["key"] for row in ROWS]
    assert len(set(keys)) == len(keys)
    assert set(keys).isdisjoint(row["key"] for row in load())
    assert all(row["source"] for row in ROWS)
