"""How an inspection looks to a person."""

from collections.abc import Sequence

from image_import.inspection.findings import Finding, Inspection
from image_import.inspection.requirements import Check, Verdict
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from image_import_cli.terminal import printable

MARKS: dict[Verdict, tuple[str, str]] = {
    "passes": ("passes", "green"),
    "fails": ("FAILS", "bold red"),
    "advice": ("advice", "yellow"),
    "could not tell": ("could not tell", "bright_black"),
}

TITLES = {
    "os_name": "system",
    "os_version": "version",
    "architecture": "architecture",
    "boot_mode": "boot mode",
    "layout": "layout",
    "root_file_system": "root file system",
    "root_device": "root device",
    "kernel": "kernel",
    "agent": "initialization",
}
"""What is listed above the checklist; the rest is in it."""


def render(
    name: str,
    inspection: Inspection,
    checks: Sequence[Check],
    *,
    target: str,
    size: str,
) -> RenderableType:
    """Return the report, laid out for reading."""
    worst = "FAILS" if any(c.verdict == "fails" for c in checks) else "no failure seen"
    colour = "red" if worst == "FAILS" else "green"
    head = Text.assemble(
        (f" {worst} ", f"bold reverse {colour}"), f"  {printable(name)}"
    )
    parts: list[RenderableType] = [head, Padding(Text(size, style="dim"), (0, 0, 1, 2))]
    if inspection.why_not:
        parts.append(
            Padding(Text(f"could not tell: {inspection.why_not}"), (0, 0, 1, 2))
        )
    parts += [
        Padding(_findings(inspection), (0, 0, 1, 2)),
        Padding(_checklist(checks, target), (0, 0, 1, 2)),
    ]
    notes = inspection.findings.notes
    parts.extend(Padding(Text(f"note: {printable(n)}"), (0, 0, 0, 2)) for n in notes)
    parts.append(Padding(_sources(checks), (0, 0, 1, 2)))
    parts.append(Padding(Text(_spent(inspection), style="dim"), (0, 0, 0, 2)))
    return Group(*parts)


def _findings(inspection: Inspection) -> Table:
    """Return what was found, each with where it was read under it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("what", no_wrap=True, style="bold")
    table.add_column("found", overflow="fold", ratio=1)
    answers = dict(inspection.findings.answers())
    for attribute, title in TITLES.items():
        table.add_row(title, _finding(answers[attribute]))
    return table


def _finding(finding: Finding) -> Text:
    if not finding:
        return Text(
            f"could not tell: {printable(finding.why_not)}", style="bright_black"
        )
    text = Text(printable(finding.value))
    return text.append(f"  {printable(finding.where)}", style="dim")


def _checklist(checks: Sequence[Check], target: str) -> Table:
    """Return the requirements with what was found of each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column(f"{target} asks for", overflow="fold", ratio=2)
    table.add_column("found", overflow="fold", ratio=3)
    table.add_column("", no_wrap=True, style="dim")
    numbers = _numbers(checks)
    for check in checks:
        word, colour = MARKS[check.verdict]
        found = Text(printable(check.seen))
        if check.advice:
            found.append(f"\n→ {printable(check.advice)}", style="bold")
        mark = Text(word, style=colour)
        page = Text(f"[{numbers[check.source]}]")
        table.add_row(mark, escape(check.requirement), found, page)
    return table


def _numbers(checks: Sequence[Check]) -> dict[str, int]:
    sources = dict.fromkeys(check.source for check in checks)
    return {source: number for number, source in enumerate(sources, 1)}


def _sources(checks: Sequence[Check]) -> RenderableType:
    """Return the pages that ask for it, one a line, so that they can be opened."""
    lines = [
        Text(f"[{number}] {source}", style="dim", no_wrap=True, overflow="fold")
        for source, number in _numbers(checks).items()
    ]
    return Group(*lines)


def _spent(inspection: Inspection) -> str:
    spent = inspection.spent
    return (
        f"{spent.requests} requests, {spent.bytes_read / 1_000_000:.2f} MB read, "
        f"{spent.round_trips} round trips"
    )


def print_report(console: Console, report: RenderableType) -> None:
    """Print a report without guessing at its contents."""
    console.print(report, highlight=False)
