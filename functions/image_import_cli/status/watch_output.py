"""What a watch shows: to a person lines that move, to a log one per change."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from image_import.ledger.clock import OssClock
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from image_import_cli.status.model import ImportStatus, said
from image_import_cli.status.table import (
    TableLayout,
    print_table,
    style_of,
    sums,
    word_of,
)
from image_import_cli.ui.language import localized
from image_import_cli.ui.results import print_json
from image_import_cli.ui.text import printable
from image_import_cli.ui.tty import aside, can_move

OTHER_LINES = 4
"""Of the screen: head, sums, and room for a prompt."""


class Shows(Protocol):
    """Shows a watch."""

    def begin(self) -> None:
        """Show that the first look has begun, which may take a while."""

    def say(self, text: str) -> None:
        """Tell something beside the imports."""

    def change(self, status: ImportStatus) -> None:
        """Tell that an import is not where it was."""

    def all(self, statuses: Sequence[ImportStatus]) -> None:
        """Show where all are."""

    def end(self, statuses: Sequence[ImportStatus]) -> None:
        """Show where all are when the watch ends."""


class WatchForPerson:
    """A screen that moves, and in the end the whole table."""

    def __init__(
        self, console: Console, clock: OssClock, live: Live, *, limit: int
    ) -> None:
        self._console = console
        self._clock = clock
        self._live = live
        self._limit = limit

    def begin(self) -> None:
        """Draw the first line of the screen."""
        line = Text("reading the ledger", "dim")
        self._live.update(line, refresh=True)

    def say(self, text: str) -> None:
        """Print it above the screen."""
        self._live.console.print(Text(printable(text)), highlight=False)

    def change(self, status: ImportStatus) -> None:
        """Nothing: `all` shows it."""

    def all(self, statuses: Sequence[ImportStatus]) -> None:
        """Draw the screen anew."""
        self._live.update(Group(*self._lines(statuses)), refresh=True)

    def end(self, statuses: Sequence[ImportStatus]) -> None:
        """Print the table in the screen's place."""
        now = self._clock.earliest()
        shown = statuses[: self._limit or None]
        aged = [(s, now - s.since) for s in shown]
        if aged:
            print_table(aged, self._console, is_long=True)
        self._console.print(_sums(statuses, shown=len(shown)), highlight=False)

    def _lines(self, statuses: Sequence[ImportStatus]) -> Iterator[RenderableType]:
        now, layout = self._clock.earliest(), TableLayout(self._console)
        room = max(1, self._console.height - OTHER_LINES)
        for status in statuses[:room]:
            yield layout.brief(status, now - status.since)
        more = len(statuses) - room
        rest = f"{more:,} more; " if more > 0 else ""
        text = f"{rest}{_sums(statuses)}; {now:%H:%M:%S}Z, Ctrl-C ends it"
        line = Text(text, "dim")
        # Never full: a terminal echoes Ctrl-C where the line ends.
        line.truncate(max(20, self._console.width - 4), overflow="ellipsis")
        yield line


class Aside:
    """Tells on standard error what is no import."""

    def begin(self) -> None:
        """Nothing: a log has one line for each change."""

    def say(self, text: str) -> None:
        """Print it there."""
        aside(text)


class ForLog(Aside):
    """A line for each change."""

    def __init__(self, console: Console, clock: OssClock) -> None:
        self._console = console
        self._clock = clock

    def change(self, status: ImportStatus) -> None:
        """Print what an import has become."""
        word = f"{word_of(status.state):<13}"
        told = status.error or status.reason or status.image_id
        progress = status.progress if status.fraction is not None else ""
        rest = (status.object_key, progress, told)
        shown = "  ".join(printable(text) for text in rest if text)
        time = f"{self._clock.earliest():%Y-%m-%d %H:%M:%SZ}  "
        line = Text.assemble(time, (word, style_of(status.state)), f"  {shown}")
        self._console.print(line, soft_wrap=True)

    def all(self, statuses: Sequence[ImportStatus]) -> None:
        """Nothing: changes were told."""

    def end(self, statuses: Sequence[ImportStatus]) -> None:
        """Print how many there are in which state."""
        self._console.print(_sums(statuses), soft_wrap=True, highlight=False)


class WatchForProgram(Aside):
    """A JSON object for each change."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def change(self, status: ImportStatus) -> None:
        """Print what an import has become."""
        print_json(self._console, said(status))

    def all(self, statuses: Sequence[ImportStatus]) -> None:
        """Nothing: changes were told."""

    def end(self, statuses: Sequence[ImportStatus]) -> None:
        """Nothing: the last change of each was told."""


@contextmanager
def showing(
    console: Console, clock: OssClock, *, as_json: bool, limit: int
) -> Iterator[Shows]:
    """Yield what shows a watch on this console.

    Args:
        limit: How many imports the table in the end shows at most; 0 is all.
    """
    if as_json:
        yield WatchForProgram(console)
    elif can_move(console):
        with Live(console=console, transient=True, auto_refresh=False) as live:
            yield WatchForPerson(console, clock, live, limit=limit)
    else:
        yield ForLog(console, clock)


def _sums(statuses: Sequence[ImportStatus], *, shown: int | None = None) -> str:
    counts = Counter(status.state for status in statuses)
    count = len(statuses) if shown is None else shown
    return sums(counts, shown=count) if statuses else localized("nothing is under way")
