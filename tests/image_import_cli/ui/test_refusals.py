"""Each refusal, and each finding of doctor, that stands in the source has Chinese.

What the rooms raise, end an upload with or find is collected from their syntax trees.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_import_cli.ui.language import HOLE, chinese
from repository import FUNCTIONS

ROOMS = (
    "image_import/planning",
    "image_import/sidecar",
    "image_import/importing",
    "disk_images/formats",
    "image_import_cli/doctor/checks",
)
ENDS = {"refused", "waiting", "ignored", "damaged"}
"""Functions whose first argument says why."""

SAYS = {"problem", "waits_for", "text"}
"""Names of arguments that say why."""

RETURNS = "image_import/model/limits.py"
"""A module whose functions return what is wrong."""

UNREAD = 77
"""How many are put together elsewhere, and so not collected; less is better."""

WRITTEN_OUT = {
    "is {}{}; {} {}",
    "{} of {} {}, not {}: an event is given up sooner than what it fails for may pass",
}
"""In the table with each of its endings, for its holes alone say too little."""

TOLD = {HOLE.sub("{}", english) for english in chinese().messages}


def files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (FUNCTIONS / room).rglob("*.py"))


def templates(node: ast.expr) -> Iterator[str | None]:
    """Yield what an expression may say, holes as `{}`; None where that is not seen."""
    if isinstance(node, ast.IfExp):
        yield from (*templates(node.body), *templates(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield HOLE.sub("{}", node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}"
            for part in node.values
        )
    else:
        yield None


def said(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions that say why."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from node.exc.args[:1]
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
            if name in ENDS:
                yield from node.args[:1]
            if name == "foreign":
                yield from (kw.value for kw in node.keywords if kw.arg == "name")
            yield from (kw.value for kw in node.keywords if kw.arg in SAYS)


def returned(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what functions return that say what is wrong."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(
            node.value, ast.Constant | ast.JoinedStr | ast.IfExp
        ):
            yield node.value


def collected(path: Path) -> list[str | None]:
    tree = ast.parse(path.read_text("utf-8"))
    found = returned(tree) if path == FUNCTIONS / RETURNS else said(tree)
    return [text for node in found for text in templates(node)]


def has_words(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


@pytest.mark.parametrize(
    "path",
    [*files(*ROOMS), FUNCTIONS / RETURNS],
    ids=lambda path: path.relative_to(FUNCTIONS).as_posix(),
)
def test_each_refusal_of_a_module_has_chinese(path: Path) -> None:
    texts = {text for text in collected(path) if text and has_words(text)}
    assert texts - TOLD - WRITTEN_OUT == set()


def test_few_refusals_are_put_together_where_they_are_not_seen() -> None:
    texts = [text for path in files(*ROOMS) for text in collected(path)]
    assert texts.count(None) <= UNREAD
