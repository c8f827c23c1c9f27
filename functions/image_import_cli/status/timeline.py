"""All that the ledger knows of one import, line by line."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from image_import.ledger.entries import LedgerEntry, State, to_line
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from image_import_cli.status.model import MOVING, ImportStatus, moment
from image_import_cli.status.table import (
    WIDE,
    age,
    print_command,
    style_of,
    word_of,
)
from image_import_cli.ui.language import localized
from image_import_cli.ui.text import printable, without_key

MARGIN = (0, 0, 0, 2)
STILL = frozenset({State.STUCK, State.CONVERTING})

Words: TypeAlias = Callable[[str], str]
"""Puts a message into the reader's language."""


def who(line: LedgerEntry, in_words: Words = str) -> str:
    """Return which invocation wrote a line."""
    claim = f"claim {line.claim}" if line.claim else ""
    call = line.fc_request_id and f"FC {line.fc_request_id}"
    return ", ".join(filter(None, (call or in_words("by hand"), claim)))


def what(line: LedgerEntry, in_words: Words = str) -> str:
    """Return what a line says beyond its state."""
    lease = f"lease until {moment(line.lease_until)}" if line.lease_until else ""
    told = (
        f"{line.step}: {line.step_state}" if line.step else "",
        line.step_image_id,
        line.progress if line.state in {*MOVING, *STILL} else "",
        in_words(line.reason or line.error_message),
        in_words(lease),
        line.image_name if line.state is State.INTENT else "",
        line.image_id if line.state is State.SUBMITTED else "",
        f"task {line.task_id}" if line.task_id and not line.reason else "",
        f"attempt {line.attempt}" if line.attempt > 1 else "",
    )
    return ", ".join(filter(None, told))


def line_json(line: LedgerEntry) -> dict[str, Any]:
    """Return a line of the ledger for a program, as it is in the ledger."""
    told: dict[str, Any] = json.loads(to_line(line))
    return told


def print_timeline(
    status: ImportStatus, console: Console, *, now: datetime, fates: Mapping[str, str]
) -> None:
    """Print where one import stands, then how it came there.

    Args:
        status: The import.
        console: Where to.
        now: By OSS's clock.
        fates: What became of the objects that it is made of.
    """
    for renderable in _top(status):
        console.print(renderable, highlight=False)
    if status.next_command:
        print_command(status.next_command, console)
    facts = _pairs(_facts(status, now=now, fates=fates))
    console.print(Padding(facts, MARGIN, expand=False), highlight=False)
    console.print(f"\n{localized('Timeline')}", style="bold")
    for line in status.lines:
        shown = _line(line, is_wide=console.width > WIDE)
        console.print(Padding(shown, MARGIN, expand=False), highlight=False)
    if status.parameters:
        head = localized("Parameters of ImportImage, frozen")
        console.print(f"\n{head}", style="bold")
        frozen = _pairs(sorted(status.parameters.items()))
        console.print(Padding(frozen, MARGIN, expand=False), highlight=False)


def _top(status: ImportStatus) -> Iterator[RenderableType]:
    colour = style_of(status.state)
    word = (f" {word_of(status.state)} ", f"bold reverse {colour}")
    yield Text.assemble(word, f"  {printable(status.object_key)}")
    if told := status.error or status.reason:
        text = printable(localized(without_key(told, status.object_key)))
        yield Padding(Text(text), MARGIN, expand=False)
    if status.next_step:
        said = f"{localized('next')}: {localized(status.next_step)}"
        step = Text(printable(said), "bold")
        yield Padding(step, MARGIN, expand=False)


def _facts(
    status: ImportStatus, *, now: datetime, fates: Mapping[str, str]
) -> Sequence[tuple[str, str]]:
    begun = f"{moment(status.since)}, {age(now - status.since)} ago"
    changed = f"{moment(status.changed)}, {age(now - status.changed)} ago"
    pairs = [
        ("bucket", status.bucket),
        ("ETag", status.etag),
        ("image name", status.image_name),
        ("image ID", status.image_id),
        ("task ID", status.task_id),
        ("request ID", status.ecs_request_id),
        ("error code", status.last.error_code),
        ("progress", status.progress if status.fraction is not None else ""),
        ("attempt", str(status.last.attempt) if status.last.attempt > 1 else ""),
        ("begun", begun),
        ("last line", changed),
        *(("source", fate) for fate in fates.values()),
        ("ledger", status.ledger_key),
    ]
    return [(localized(name), localized(value)) for name, value in pairs if value]


def _pairs(pairs: Sequence[tuple[str, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(printable(name)), Text(printable(value)))
    return table


def _line(line: LedgerEntry, *, is_wide: bool) -> RenderableType:
    """Return one line: what it says stands beside its state, or below it."""
    time = Text(moment(line.at), "dim")
    state = Text(word_of(line.state), style_of(line.state))
    said = Text(printable(what(line, localized)))
    by = Text(printable(who(line, localized)), "dim")
    both = Text("\n").join(text for text in (said, by) if text.plain)
    if not is_wide:
        return Group(Text("  ").join((time, state)), Padding(both, (0, 0, 0, 4)))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=20)
    table.add_column(width=len(State.DISTRIBUTION_FAILED.value))
    table.add_column(overflow="fold")
    table.add_row(time, state, both)
    return table
