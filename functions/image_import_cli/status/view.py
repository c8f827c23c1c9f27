"""One look at the ledgers: a table, a timeline, JSON lines or a page."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from image_import.ledger.entries import State
from rich.console import Console

from image_import_cli.delivery.output import Seldom
from image_import_cli.status.filters import Filter, first_of
from image_import_cli.status.html import write_page
from image_import_cli.status.metrics import Metrics, metrics_text
from image_import_cli.status.model import BAD, UNDER_WAY, ImportStatus, said
from image_import_cli.status.reader import Ledgers, Reading, Unreadable
from image_import_cli.status.table import print_table, sums
from image_import_cli.status.timeline import line_json, print_timeline
from image_import_cli.ui.files import write_whole
from image_import_cli.ui.language import localized
from image_import_cli.ui.results import print_json
from image_import_cli.ui.text import printable

STDOUT = "-"
EXAMPLES = 3
"""Ledgers that could not be read of which it is told why; many have one cause."""


@dataclass(kw_only=True, slots=True)
class StatusView:
    """What was asked for, and what was met on the way.

    Attributes:
        order: One of `ORDERS`.
        limit: Imports shown at most, 0 for all.
        is_open: Whether only what is under way is read.
        is_long: Whether a table has all that is known, not one line for each import.
        is_key: Whether a single object was asked for.
        unreadable: Ledgers that could not be read.
    """

    ledgers: Ledgers
    filter_: Filter
    order: str
    limit: int
    is_open: bool
    is_long: bool = False
    is_key: bool = False
    unreadable: int = 0
    counts: Counter[State] = field(default_factory=Counter)
    _stderr: Console = field(default_factory=lambda: Console(stderr=True))

    @property
    def has_bad(self) -> bool:
        """Whether something failed, was refused or could not be read."""
        is_unknown = self.filter_.place.is_named and not self.counts
        is_bad = any(self.counts[state] for state in BAD)
        return is_bad or is_unknown or bool(self.unreadable)

    def show(self, console: Console, *, as_json: bool) -> None:
        """Print JSON lines as they come, or a table, or one object's timeline.

        Raises:
            ServiceError: The ledger could not be listed.
        """
        with self._progress() as statuses:
            if as_json:
                for status in statuses:
                    print_json(console, self._json(status))
                if self.unreadable:
                    self._say(self._unread)
                return
            found = first_of(statuses, order=self.order, limit=self.limit)
        if self.is_key:
            self._show_timelines(console, found)
        else:
            self._show_table(console, found)

    def write(self, path: Path) -> None:
        """Write a page with the timeline of each import.

        Raises:
            ServiceError: The ledger could not be listed.
            click.ClickException: The page could not be written.
        """
        with self._progress() as statuses:
            found = first_of(statuses, order=self.order, limit=self.limit)
        try:
            write_page(
                path,
                found,
                place=self.filter_.place.text,
                now=self.ledgers.clock.earliest(),
                total=self.counts.total(),
            )
        except OSError as exc:
            raise _unwritten("--html", path, exc) from exc
        self._say(f"{path}: {self._sums(found)}")

    def write_metrics(self, path: Path) -> None:
        """Write how many imports are in which state, and what waits; `-` prints it.

        Raises:
            ServiceError: The ledger could not be listed.
            click.ClickException: The file could not be written.
        """
        oldest = newest = None
        with self._progress() as statuses:
            for status in statuses:
                newest = max(newest or status.changed, status.changed)
                if status.state in UNDER_WAY:
                    oldest = min(oldest or status.since, status.since)
        metrics = Metrics(
            counts=self.counts,
            oldest_open=oldest,
            last_change=newest,
            tracker_ran=self.ledgers.tracker_ran(),
            waiting=self.ledgers.waiting(),
            unreadable=self.unreadable,
        )
        said = metrics_text(metrics)
        if str(path) == STDOUT:
            click.echo(said, nl=False)
            return
        try:
            write_whole(path, said)
        except OSError as exc:
            raise _unwritten("--metrics", path, exc) from exc

    def _json(self, status: ImportStatus) -> dict[str, object]:
        lines = [line_json(line) for line in status.lines] if self.is_key else []
        return {**said(status), **({"timeline": lines} if lines else {})}

    def _show_table(self, console: Console, found: list[ImportStatus]) -> None:
        now = self.ledgers.clock.earliest()
        aged = [(status, now - status.since) for status in found]
        if aged:
            print_table(aged, console, is_long=self.is_long)
        console.print(self._sums(found), highlight=False)
        if not self.is_long and any(s.error or s.next_step for s in found):
            self._say("add --long for reasons, IDs and next steps in full")
        if not (self.counts or self.unreadable or self.filter_.narrows):
            self._say(self._why_nothing())

    def _why_nothing(self) -> str:
        place = self.filter_.place
        if place.is_named:
            return (
                f"the ledger in {place.ledger_bucket} knows nothing of {place.text}; "
                "image-import sweep imports what no event told of"
            )
        prefix = self.ledgers.settings.ledger_prefix
        wanted = f"for {place.text} " if place.bucket else ""
        return (
            f"looked {wanted}in oss://{place.ledger_bucket}/{prefix}; if the function "
            "keeps its ledger elsewhere, set LEDGER_BUCKET and LEDGER_PREFIX as it does"
        )

    def _show_timelines(self, console: Console, found: list[ImportStatus]) -> None:
        for number, status in enumerate(found):
            if number:
                console.print()
            print_timeline(
                status,
                console,
                now=self.ledgers.clock.earliest(),
                fates=self.ledgers.source_of(status),
            )
        if self.unreadable:
            self._say(self._unread)

    def _sums(self, found: list[ImportStatus]) -> str:
        if not self.unreadable:
            return sums(self.counts, shown=len(found))
        told = sums(self.counts, shown=len(found)) if self.counts else ""
        return "; ".join(filter(None, (told, self._unread)))

    @property
    def _unread(self) -> str:
        ledgers = "1 ledger" if self.unreadable == 1 else f"{self.unreadable:,} ledgers"
        return f"{ledgers} could not be read"

    @contextmanager
    def _progress(self) -> Iterator[Iterator[ImportStatus]]:
        """Yield what is asked for; how far it is is told on standard error."""
        count = 0

        def read(tell: Callable[[str], None]) -> None:
            nonlocal count
            count += 1
            tell(f"{count:,} ledgers read")

        if self._stderr.is_terminal:
            with self._stderr.status("Reading the ledger") as line:
                self.ledgers.on_read = lambda: read(line.update)
                yield self._statuses()
        else:
            seldom = Seldom(self._say)
            self.ledgers.on_read = lambda: read(seldom)
            yield self._statuses()

    def _statuses(self) -> Iterator[ImportStatus]:
        for reading in self._readings():
            if isinstance(reading, Unreadable):
                self._note(reading)
            elif self.filter_.takes(reading):
                self.counts[reading.state] += 1
                yield reading

    def _note(self, unreadable: Unreadable) -> None:
        """Count a ledger that could not be read, and say of the first ones why."""
        self.unreadable += 1
        if self.unreadable <= EXAMPLES:
            self._say(f"{unreadable.ledger_key}: {unreadable.reason}")
        elif self.unreadable == EXAMPLES + 1:
            self._say("and others")

    def _readings(self) -> Iterator[Reading]:
        place = self.filter_.place
        if self.is_open:
            yield from self.ledgers.of_open()
            return
        own = (
            self.ledgers.of_key(place.bucket, place.key)
            if self.filter_.place.is_named
            else []
        )
        self.is_key = bool(own)
        yield from own or self.ledgers.of_all(self.filter_.since)

    def _say(self, text: str) -> None:
        self._stderr.print(
            printable(localized(text)), soft_wrap=True, highlight=False, markup=False
        )


def _unwritten(option: str, path: Path, exc: OSError) -> click.ClickException:
    said = f"{option} {path} could not be written: {exc.strerror}"
    return click.ClickException(f"{said}; give another file")
