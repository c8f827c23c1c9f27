"""How results look to a person."""

import json
from collections.abc import Mapping
from typing import Any

from image_import.outcome import BAD, Outcome, Result
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

COLOURS = {
    Outcome.SUBMITTED: "green",
    Outcome.PLANNED: "cyan",
    Outcome.DUPLICATE: "blue",
    Outcome.IGNORED: "bright_black",
    Outcome.WAITING: "yellow",
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
        f"  {result.object_key or 'the event'}",
    )
    parts: list[RenderableType] = [head]
    if result.reason:
        parts.append(Padding(Text(result.reason), (0, 0, 0, 2)))
    if result.evidence or result.parameters:
        parts.append(Padding(_parameters(result, origin), (0, 0, 0, 2)))
    parts.extend(Padding(Text(f"note: {n}"), (0, 0, 0, 2)) for n in result.notes)
    parts.append(Padding(_facts(result), (0, 0, 0, 2)))
    return Group(*parts)


def _parameters(result: Result, origin: str) -> Table:
    """Return the request's parameters with where each came from."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    overrode = any(why.get("overrode") for why in result.evidence.values())
    table.add_column("parameter", no_wrap=True)
    table.add_column("value", overflow="fold", min_width=16)
    table.add_column("from", overflow="fold", min_width=10)
    if overrode:
        table.add_column("instead of", overflow="fold", min_width=10)
    for name, value in sorted(result.parameters.items()):
        why = _why(name, result.evidence)
        beaten = why.get("overrode", {})
        instead = ", ".join(f"{v} ({source})" for source, v in beaten.items())
        row = [name, escape(value), why.get("source", origin)]
        table.add_row(*row, *([escape(instead)] if overrode else []))
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
    lines = [Text.assemble((f"{k:<10}  ", "dim"), v) for k, v in facts.items() if v]
    return Group(*lines)


def print_json(console: Console, value: object) -> None:
    """Print JSON for a program: no colours, no wrapping."""
    text = json.dumps(value, ensure_ascii=False)
    # A lone surrogate of some object key becomes \udc80, which JSON reads as before.
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    console.out(whole, highlight=False)
