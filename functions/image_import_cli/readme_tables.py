"""The README's tables, made from the code they describe."""

from collections.abc import Iterable, Sequence

from image_import.catalogue import CATALOGUE
from image_import.settings_table import SETTINGS


def settings_markdown() -> str:
    """Return the table of settings."""
    rows = [(f"`{s.name}`", s.default_text, s.allowed, s.meaning) for s in SETTINGS]
    return markdown(("variable", "default", "may hold", "meaning"), rows)


def catalogue_markdown() -> str:
    """Return the table of error codes."""
    head = ("service", "code", "class", "who acts", "cause", "what to do")
    rows = [
        (e.service, f"`{e.code}`", e.kind, e.who, e.cause, e.fix) for e in CATALOGUE
    ]
    return markdown(head, rows)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; pipes and line ends in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())
