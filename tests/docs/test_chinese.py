"""README-CN.md shows and links what README.md does, in its order."""

import re

from manual import README
from repository import ROOT

CHINESE = (ROOT / "README-CN.md").read_text("utf-8")
ENGLISH_FILE, CHINESE_FILE = "README.md", "README-CN.md"


def blocks(text: str) -> list[str]:
    """Return the code blocks with their language."""
    return re.findall(r"^```.*?^```$", text, re.DOTALL | re.MULTILINE)


def links(text: str) -> list[str]:
    """Return where links lead to."""
    return re.findall(r"\]\(([^)]+)\)", text)


def headings(text: str) -> list[str]:
    """Return the level of each heading, without comments of code."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^#+(?= )", prose, re.MULTILINE)


def test_both_readmes_show_the_same_code() -> None:
    assert blocks(README)
    assert blocks(CHINESE) == blocks(README)


def test_both_readmes_link_the_same_pages_after_each_other() -> None:
    assert links(README)[0] == CHINESE_FILE
    assert links(CHINESE) == [ENGLISH_FILE, *links(README)[1:]]


def test_both_readmes_have_the_same_sections() -> None:
    assert headings(CHINESE) == headings(README)


def test_the_link_to_the_other_language_is_in_the_first_lines() -> None:
    for text, other in ((README, CHINESE_FILE), (CHINESE, ENGLISH_FILE)):
        assert any(f"]({other})" in line for line in text.splitlines()[:4])
