"""What the doctor found, for a person and for a program."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from image_import_cli.doctor.account.facts import AccountFinding, Status
from image_import_cli.iam.roles import Json
from image_import_cli.ui.language import localized

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "unknown": "dim"}


def is_in_order(findings: Sequence[AccountFinding]) -> bool:
    """Return whether nothing failed, and all was told that can be told from here."""
    return not any(
        finding.status == "fail"
        or (finding.status == "unknown" and not finding.is_beyond_reach)
        for finding in findings
    )


def as_json(findings: Sequence[AccountFinding]) -> Json:
    """Return the findings, and how many there are of each status."""
    counts = {status: len(_named(findings, status)) for status in get_args(Status)}
    return {**counts, "findings": [asdict(finding) for finding in findings]}


def show(findings: Sequence[AccountFinding], console: Console) -> None:
    """Print a table, below it the commands as they can be copied, and the sum."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("", "check", "finding"):
        table.add_column(localized(column), overflow="fold")
    for finding in findings:
        # Text, since names and answers of services may look like rich's markup.
        cells = (finding.status, finding.check, localized(finding.text))
        table.add_row(*map(Text, cells), style=STYLES[finding.status])
    console.print(table)
    for mend, about in _by_mend(findings).items():
        verb = "tell" if about[0].status == "unknown" else "mend"
        checks = ", ".join(dict.fromkeys(finding.check for finding in about))
        console.print(localized(f"\nTo {verb} {checks}:"), style="bold")
        for line in mend.splitlines():
            _show_mend(line, console, is_in_words=about[0].is_in_words)
    console.print()
    for line in _sum(findings):
        console.print(localized(line), highlight=False, markup=False)


def _by_mend(findings: Sequence[AccountFinding]) -> dict[str, list[AccountFinding]]:
    """Return what is mended by the same, so that it is printed once."""
    found: dict[str, list[AccountFinding]] = {}
    for finding in findings:
        if finding.mend:
            found.setdefault(finding.mend, []).append(finding)
    return found


def _sum(findings: Sequence[AccountFinding]) -> Iterator[str]:
    """Yield how it stands, a line for each kind of trouble."""
    said = {
        "fail": "must be mended",
        "warn": "should be looked at",
        "unknown": "could not be told",
    }
    for status, what in said.items():
        if names := _named(findings, status):
            yield f"{len(names)} {what}: {', '.join(dict.fromkeys(names))}"
    if all(finding.status == "ok" for finding in findings):
        yield "All is in order."


def _named(findings: Sequence[AccountFinding], status: str) -> list[str]:
    return [finding.check for finding in findings if finding.status == status]


def _show_mend(line: str, console: Console, *, is_in_words: bool) -> None:
    """Print a line, broken between words if it is no command."""
    mark = "# " if line.startswith("# ") else ""
    if mark or is_in_words:
        line = textwrap.fill(
            localized(line.removeprefix(mark)),
            console.width,
            initial_indent=mark,
            subsequent_indent=mark,
            break_long_words=False,
            break_on_hyphens=False,
        )
    console.print(line, soft_wrap=True, highlight=False, markup=False, emoji=False)
