"""How results look to a person."""

import json
from collections.abc import Mapping
from typing import Any

from image_import.model.result import BAD, Outcome, Result
from rich.cells import cell_len
from rich.console import (
    Console,
    ConsoleOptions,
    Group,
    RenderableType,
    RenderResult,
)
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from image_import_cli.ui.language import localized
from image_import_cli.ui.text import folded, printable, without_key

LEAST_VALUE_WIDTH = 16

COLOURS = {
    Outcome.SUBMITTED: "green",
    Outcome.PLANNED: "cyan",
    Outcome.DUPLICATE: "blue",
    Outcome.IGNORED: "bright_black",
    Outcome.WAITING: "yellow",
    Outcome.CONVERTING: "cyan",
    Outcome.RETRYING: "yellow",
    Outcome.REFUSED: "red",
    Outcome.FAILED: "red",
    Outcome.PROGRESS: "cyan",
    Outcome.STUCK: "yellow",
    Outcome.UNFOLLOWED: "yellow",
    Outcome.AVAILABLE: "green",
    Outcome.CREATE_FAILED: "red",
    Outcome.CANCELLED: "bright_black",
    Outcome.GONE: "red",
    Outcome.DISTRIBUTING: "cyan",
    Outcome.DISTRIBUTED: "green",
    Outcome.DISTRIBUTION_FAILED: "red",
    Outcome.RETIRING: "bright_black",
    Outcome.DEPRECATED: "bright_black",
    Outcome.DELETED: "bright_black",
}


def exit_status(results: list[Result]) -> int:
    """Return 1 if something failed or was refused, else 0."""
    return int(any(result.outcome in BAD for result in results))


def render(result: Result, *, origin: str = "event") -> RenderableType:
    """Return one result, laid out for reading.

    Args:
        origin: Where those parameters came from for which there is no evidence.
    """
    head = Text.assemble(
        (f" {result.outcome.value} ", f"bold reverse {COLOURS[result.outcome]}"),
        f"  {printable(result.object_key) or 'the event'}",
    )
    parts: list[RenderableType] = [head]
    if result.reason:
        reason = printable(localized(without_key(result.reason, result.object_key)))
        parts.append(Padding(Text(reason), (0, 0, 0, 2)))
    if result.evidence or result.parameters:
        parts.append(Padding(_parameters(result, origin), (0, 0, 0, 2)))
    word = localized("note")
    notes = (Text(printable(f"{word}: {localized(note)}")) for note in result.notes)
    parts.extend(Padding(note, (0, 0, 0, 2)) for note in notes)
    parts.append(Padding(_facts(result), (0, 0, 0, 2)))
    return Group(*parts)


class _Name:
    """A value that is broken between its words where it must be broken."""

    def __init__(self, text: str) -> None:
        self._text = printable(text)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        yield Text(folded(self._text, options.max_width), overflow="fold")

    def __rich_measure__(
        self, console: Console, options: ConsoleOptions
    ) -> Measurement:
        width = cell_len(self._text)
        return Measurement(min(LEAST_VALUE_WIDTH, width), width)


def _parameters(result: Result, origin: str) -> Table:
    """Return the request's parameters with where each came from.

    What a source said in vain stands below what was taken.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("parameter", no_wrap=True)
    table.add_column("value")
    table.add_column("from")
    for name, value in sorted(result.parameters.items()):
        why = _why(name, result.evidence)
        table.add_row(name, _Name(value), Text(why.get("source", origin)))
        for source, beaten in why.get("overrode", {}).items():
            instead = Text("  instead of", "dim")
            table.add_row(instead, _Name(str(beaten)), Text(source))
    return table


def _why(name: str, evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the evidence for a parameter; a tag's stands under `Tag` alone."""
    return evidence.get(name) or evidence.get(name.partition(".")[0]) or {}


def _facts(result: Result) -> RenderableType:
    """Return the IDs, one per line, so that they can be copied."""
    facts = {
        "image name": result.image_name,
        "request ID": result.ecs_request_id,
        "image ID": result.image_id,
        "task ID": result.task_id,
        "error code": result.error_code,
    }
    told = {name: printable(fact) for name, fact in facts.items() if fact}
    lines = [Text.assemble((f"{k:<10}  ", "dim"), v) for k, v in told.items()]
    return Group(*lines)


def print_json(console: Console, value: object) -> None:
    """Print JSON for a program: no colours, no wrapping."""
    text = json.dumps(value, ensure_ascii=False)
    # A lone surrogate of some object key becomes \udc80, which JSON reads as before.
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    console.out(whole, highlight=False)
