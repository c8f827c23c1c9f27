"""How an inspection looks to a person."""

import re
from collections.abc import Sequence

from disk_images.findings import Finding, Inspection
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from image_import_cli.preview.checks.check import Check, Verdict
from image_import_cli.ui.language import localized
from image_import_cli.ui.text import printable

BELOW = (0, 0, 1, 2)
"""Padding: an empty line below, two columns on the left."""

MARK_AND_PAGE = 24
"""Columns of the checklist that are neither asked nor found, at most."""

NARROW = 80
"""Columns: below, what was found stands under what is asked for."""

LONGEST_REFERENCE = 50
"""Columns: of a longer word on a report, less is kept in one piece."""

_UUID = re.compile(r"\S*[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\S*", re.IGNORECASE)

MOST_LISTED = 4
"""Requirements that share a reason why they could not be told; --json has them all."""

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


def print_report(
    console: Console,
    head: str,
    inspection: Inspection,
    checks: Sequence[Check],
    *,
    target: str,
) -> None:
    """Print the report, laid out for reading.

    Args:
        head: The image's name, and what is known of it from outside on a second line.
        target: Whose requirements these are.
    """
    name, _, size = head.partition("\n")
    worst, colour = _worst(inspection, checks)
    title = Text.assemble(
        (f" {localized(worst)} ", f"bold reverse {colour}"), f"  {printable(name)}"
    )
    parts: list[RenderableType] = [
        title,
        Padding(Text(localized(size), style="dim"), BELOW),
    ]
    if inspection.why_not:
        said = f"could not look inside: {printable(inspection.why_not)}"
        why = Text(localized(said))
        parts.append(Padding(why, BELOW))
    else:
        parts.append(Padding(_findings(inspection), BELOW))
    parts.append(Padding(_checklist(checks, target, console.width), BELOW))
    notes = inspection.findings.notes
    parts.extend(
        Padding(Text(f"{localized('note')}: {localized(printable(n))}"), BELOW)
        for n in notes
    )
    console.print(Group(*parts), highlight=False)
    for command in (check.command for check in checks if check.command):
        line = Text(f"  $ {printable(command)}\n", style="bold")
        console.print(line, soft_wrap=True, highlight=False)
    for number, source in enumerate(_sources(checks), 1):
        # The terminal wraps it, so that it can be opened.
        line = Text(f"  [{number}] {source}", style="dim")
        console.print(line, soft_wrap=True, highlight=False)
    console.print(
        Text(f"\n  {localized(_spent(inspection))}", style="dim"), highlight=False
    )


def _worst(inspection: Inspection, checks: Sequence[Check]) -> tuple[str, str]:
    """Return the report's headline and its colour."""
    count = sum(check.verdict == "fails" for check in checks)
    if count:
        return f"{count} FAIL" if count > 1 else "1 FAILS", "red"
    if inspection.why_not:
        return "could not look inside", "red"
    if not inspection.findings.os_type:
        return inspection.error.partition(":")[0], "red"
    return "nothing fails", "green"


def _findings(inspection: Inspection) -> Table:
    """Return what was found, each with where it was read; below, what was not."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("what", no_wrap=True, style="bold")
    table.add_column("found", overflow="fold", ratio=1)
    answers = dict(inspection.findings.answers())
    not_told: dict[str, list[str]] = {}
    for attribute, title in TITLES.items():
        if finding := answers[attribute]:
            table.add_row(localized(title), _finding(finding))
        else:
            not_told.setdefault(finding.why_not, []).append(localized(title))
    for why_not, titles in not_told.items():
        why = Text(f"{', '.join(titles)}: {localized(printable(why_not))}")
        table.add_row(localized("could not tell"), why, style="bright_black")
    return table


def _finding(finding: Finding) -> Text:
    lines = [printable(line) for line in finding.value.split("; ")]
    between = "  " if len(lines) == 1 else "\n"
    text = Text("\n".join(lines))
    return text.append(f"{between}{localized(printable(finding.where))}", style="dim")


def _checklist(checks: Sequence[Check], target: str, width: int) -> Table:
    """Return the requirements with what was found of each.

    Those of which nothing could be told for the same reason share a line.
    """
    is_narrow = width < NARROW
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    if is_narrow:
        table.add_column(
            localized(f"{target} asks for, and found"), overflow="fold", ratio=1
        )
    else:
        table.add_column(localized(f"{target} asks for"), overflow="fold", ratio=2)
        # As wide as a UUID in it, so that none is broken.
        longest = _longest_uuid(checks)
        given = max(longest, (width - MARK_AND_PAGE) // 2) if longest else None
        ratio = None if given else 3
        table.add_column(localized("found"), overflow="fold", ratio=ratio, width=given)
    table.add_column("", no_wrap=True, style="dim")
    sources = _sources(checks)
    for same in _alike(checks):
        check = same[0]
        word, colour = MARKS[check.verdict]
        found = Text(localized(printable(check.seen)))
        if check.advice:
            found.append(f"\n→ {localized(printable(check.advice))}", style="bold")
        if check.command:
            found.append(f"\n→ {localized('run the command below')}", style="bold")
        mark = Text(localized(word), style=colour)
        asked = "\n".join(localized(each.requirement) for each in same)
        if len(same) > MOST_LISTED:
            asked = localized(f"{len(same)} others")
        page = f"[{sources.index(check.source) + 1}]" if len(same) == 1 else ""
        both = (Text(asked), found)
        cells = (Text("\n").join(both),) if is_narrow else both
        table.add_row(mark, *cells, Text(page))
    return table


def _longest_uuid(checks: Sequence[Check]) -> int:
    """Return how wide a column has to be so that no UUID in it is broken."""
    words = [w for check in checks for w in _UUID.findall(check.seen + check.advice)]
    return max((min(len(word), LONGEST_REFERENCE) for word in words), default=0)


def _alike(checks: Sequence[Check]) -> list[list[Check]]:
    """Return the checks in order; those that could not be told by their reason."""
    found: list[list[Check]] = []
    by_reason: dict[str, list[Check]] = {}
    for check in checks:
        if check.verdict == "could not tell":
            by_reason.setdefault(check.seen, []).append(check)
        else:
            found.append([check])
    return [*found, *by_reason.values()]


def _sources(checks: Sequence[Check]) -> list[str]:
    """Return the pages that lines of the checklist name, in their order."""
    alone = (same[0] for same in _alike(checks) if len(same) == 1)
    return list(dict.fromkeys(check.source for check in alone))


def _spent(inspection: Inspection) -> str:
    spent = inspection.spent
    return (
        f"{counted(spent.requests, 'request')},"
        f" {spent.bytes_read / 1_000_000:.2f} MB read,"
        f" {counted(spent.round_trips, 'round trip')}"
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
