"""Values that a tag can hold, and no two texts share."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_import.model.limits import LONGEST_TAG, check_tag
from image_import.planning.tags import VERSION, tag_value
from repository import ROOT

LONG = "a/" * 300
AWKWARD = {
    "long": LONG,
    "long, another end": f"{LONG}b",
    "a link": "http://example.com/web.qcow2",
    "in the cloud's own name": "acs:web.qcow2",
    "two lines": "web\n.qcow2",
    "turned around": "web\u202e.qcow2",
    "half a pair": "web\ud800.qcow2",
}


def test_what_a_tag_takes_stays_as_it_is() -> None:
    assert tag_value("incoming/web 1.qcow2") == "incoming/web 1.qcow2"


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_what_a_tag_does_not_take_is_made_to_fit(text: str) -> None:
    value = tag_value(text)
    assert value != text
    assert value.isprintable()
    assert check_tag("key", value) == ""


def test_a_value_that_imitates_a_cut_one_is_another_value() -> None:
    cut = tag_value(LONG)
    assert len(cut) == LONGEST_TAG
    assert tag_value(cut) != cut


@given(st.lists(st.text(max_size=200), min_size=2, max_size=9, unique=True))
def test_no_two_texts_have_the_same_value(texts: list[str]) -> None:
    values = [tag_value(text) for text in texts]
    assert len({*values}) == len(texts)
    assert {check_tag("key", value) for value in values} == {""}


def test_the_version_is_that_of_the_project() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert re.findall(r'^version = "(.*)"$', text, re.MULTILINE) == [VERSION]
