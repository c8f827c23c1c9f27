"""The site that `make docs` builds has each page of the manual in its navigation."""

from collections.abc import Iterator
from typing import Any

import yaml
from manual import CHINESE_PAGES, PAGES
from repository import ROOT


def pages(nav: list[Any]) -> Iterator[str]:
    """Yield the pages of a navigation, those of its sections included."""
    for item in nav:
        if isinstance(item, str):
            yield f"docs/{item}"
        else:
            for section in item.values():
                yield from pages(section)


def test_the_site_leads_to_each_page_of_the_manual_once() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    manual = (set(PAGES) | set(CHINESE_PAGES)) - {"README.md", "README-CN.md"}
    assert sorted(pages(site["nav"])) == sorted(manual)


def test_what_builds_the_site_is_pinned_by_the_command_that_renews_locks() -> None:
    assert "lock locks/docs.txt locks/docs.in" in (ROOT / "locks/relock").read_text()
    assert "\nmkdocs-material==" in (ROOT / "locks/docs.txt").read_text()
