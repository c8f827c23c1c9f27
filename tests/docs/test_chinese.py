"""Each page in Chinese shows and links what its English page does."""

import os
import re
from pathlib import PurePosixPath

import pytest
from manual import CHINESE_PAGES, IN_CHINESE, PAGES


def english(page: str) -> str:
    """Return the English page of one in Chinese."""
    if page == "README-CN.md":
        return "README.md"
    return page.replace(IN_CHINESE, "docs/")


ENGLISH = {page: english(page) for page in CHINESE_PAGES}
CHINESE = {there: page for page, there in ENGLISH.items()}
BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)

OF_BOTH = re.compile(r"^<!-- news -->.*?<!-- /news -->$", re.DOTALL | re.MULTILINE)
"""What each language has of its own: test_news.py renders it."""


def links(page: str, text: str) -> list[str]:
    """Return where links lead to, from the clone's root; those in code left out."""
    found = re.findall(r"\]\(([^)]+)\)", BLOCK.sub("", text))
    return [link if link.startswith("https:") else _whole(page, link) for link in found]


def _whole(page: str, link: str) -> str:
    path, hash_sign, anchor = link.partition("#")
    there = os.path.normpath(PurePosixPath(page).parent / path) if path else page
    return f"{there}{hash_sign}{anchor}"


def in_chinese(link: str) -> str:
    """Return where a page in Chinese links to: a page in Chinese where there is one."""
    path, hash_sign, anchor = link.partition("#")
    return f"{CHINESE.get(path, path)}{hash_sign}{anchor}"


@pytest.mark.parametrize("page", CHINESE_PAGES)
def test_a_page_in_chinese_shows_the_code_of_the_english_one(page: str) -> None:
    said = (CHINESE_PAGES[page], PAGES[ENGLISH[page]])
    told, wanted = (BLOCK.findall(OF_BOTH.sub("", text)) for text in said)
    assert told == wanted


@pytest.mark.parametrize("page", CHINESE_PAGES)
def test_a_page_in_chinese_has_the_sections_of_the_english_one(page: str) -> None:
    def levels(text: str) -> list[str]:
        return re.findall(r"^#+(?= )", BLOCK.sub("", text), re.MULTILINE)

    assert levels(CHINESE_PAGES[page]) == levels(PAGES[ENGLISH[page]])


@pytest.mark.parametrize("page", CHINESE_PAGES)
def test_a_page_in_chinese_has_the_table_rows_and_items_of_the_english_one(
    page: str,
) -> None:
    def rows(text: str) -> list[tuple[str, int]]:
        lines = re.findall(
            r"^ *(?:\||\* |\d+\. ).*$", BLOCK.sub("", text), re.MULTILINE
        )
        return [(line.lstrip()[0], line.count(" | ")) for line in lines]

    assert rows(CHINESE_PAGES[page]) == rows(PAGES[ENGLISH[page]])


@pytest.mark.parametrize("page", CHINESE_PAGES)
def test_a_page_in_chinese_links_what_the_english_one_does(page: str) -> None:
    there = ENGLISH[page]
    wanted = [
        there if link == page else in_chinese(link)
        for link in links(there, PAGES[there])
    ]
    assert sorted(links(page, CHINESE_PAGES[page])) == sorted(wanted)


@pytest.mark.parametrize("page", CHINESE_PAGES)
def test_a_page_in_chinese_names_what_the_english_one_does(page: str) -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"`[^`\n]+`", BLOCK.sub("", text)))

    assert names(CHINESE_PAGES[page]) == names(PAGES[ENGLISH[page]])


def test_both_readmes_link_each_other_in_their_first_lines() -> None:
    for text, other in (
        (PAGES["README.md"], "README-CN.md"),
        (CHINESE_PAGES["README-CN.md"], "README.md"),
    ):
        assert any(f"]({other})" in line for line in text.splitlines()[:4])
