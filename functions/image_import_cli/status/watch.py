"""`image-import status --watch`: look again and again until all has ended."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from image_import.errors import ServiceUnavailable
from image_import.ledger.entries import State, waits_for_room
from rich.console import Console

from image_import_cli.delivery.batch import interruptible
from image_import_cli.status.filters import ORDERS, Filter
from image_import_cli.status.live import Live
from image_import_cli.status.model import BAD, UNDER_WAY, ImportStatus
from image_import_cli.status.reader import Ledgers, Reading, Unreadable
from image_import_cli.status.watch_output import Shows, showing
from image_import_cli.ui import interrupt as interrupted
from image_import_cli.ui.tty import leave_echo

Identity = tuple[str, str]


@dataclass(kw_only=True, slots=True)
class Watch:
    """One watch.

    What is watched is under way when it begins, or begins meanwhile; of a single
    object, all that its ledger tells of, so that it may also wait for that ledger.

    Attributes:
        interval: Seconds between two looks.
        limit: Imports that the table in the end shows at most; 0 is all.
        pause: Waits so long, and returns whether to stop.
        known: What was seen last, in the order in which it was first seen.
        is_looking: Whether it waits for a service, which Ctrl-C may cut short.
    """

    ledgers: Ledgers
    filter_: Filter
    interval: float
    limit: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    pause: Callable[[float], bool] | None = None
    known: dict[Identity, ImportStatus] = field(default_factory=dict)
    is_key: bool = False
    complaints: set[str] = field(default_factory=set)
    has_unreadable: bool = False
    say: Callable[[str], None] = field(default=lambda _: None)
    is_looking: bool = False

    def run(self, console: Console, *, as_json: bool) -> int:
        """Watch until the end and return the exit status.

        Raises:
            ServiceRejected: The ledger may not be read.
        """
        try:
            with (
                interruptible(self.stopping, on_first=self._stop_looking),
                showing(
                    console, self.ledgers.clock, as_json=as_json, limit=self.limit
                ) as shows,
            ):
                is_over = self._rounds(shows)
        except KeyboardInterrupt:
            is_over = False
            leave_echo(console)
        if is_over or self.known:
            shows.end(self.ordered())
        if not is_over:
            shows.say("interrupted; the imports go on, and the same command watches on")
        return int(self.has_bad) if is_over else interrupted.STATUS

    @property
    def has_bad(self) -> bool:
        """Whether something that was watched came to a bad end."""
        is_bad = any(s.state in BAD for s in self.known.values())
        return is_bad or self.has_unreadable

    def ordered(self) -> list[ImportStatus]:
        """Return what is watched, trouble first."""
        return sorted(self.known.values(), key=ORDERS["trouble"])

    def _rounds(self, shows: Shows) -> bool:
        """Look again and again; return whether all has ended."""
        self.say = self._once(shows.say)
        live = Live(ledgers=self.ledgers, say=self.say)
        pause = self.pause or self.stopping.wait
        shows.begin()
        self._show(self._look(live), shows)
        silence = ""
        while not self._is_over():
            if pause(self.interval):
                return False
            try:
                changed = self._look(live)
            except ServiceUnavailable as exc:
                silence = f"could not look, trying again: {exc}"
                self.say(silence)
                continue
            if silence:
                self.complaints.discard(silence)
                shows.say("it answers again")
                silence = ""
            self._show(changed, shows)
        return True

    def _stop_looking(self) -> None:
        """Wait for no service; what is being shown is shown to its end."""
        if self.is_looking:
            raise KeyboardInterrupt

    def _show(self, changed: Iterable[ImportStatus], shows: Shows) -> None:
        for status in changed:
            shows.change(status)
        shows.all(self.ordered())

    def _is_over(self) -> bool:
        if any(self._is_under_way(status) for status in self.known.values()):
            return False
        if self.known or not self.filter_.place.is_named:
            return True
        place = self.filter_.place.text
        self.say(f"nothing is on record of {place} yet; waiting for it")
        return False

    def _look(self, live: Live) -> list[ImportStatus]:
        """Return what has changed since the last look.

        Raises:
            ServiceUnavailable: The ledger could not be listed this time.
        """
        self.is_looking = True
        try:
            found = live.over(self._statuses(self._readings()))
        finally:
            self.is_looking = False
        changed = []
        for status in found:
            before = self.known.get(status.identity)
            self.known[status.identity] = status
            if before is None or _told(before) != _told(status):
                changed.append(status)
        return changed

    def _readings(self) -> Iterable[Reading]:
        place = self.filter_.place
        if self.filter_.place.is_named:
            own = self.ledgers.of_key(place.bucket, place.key)
            self.is_key = bool(own)
            if own:
                return own
        found = list(self.ledgers.of_open())
        seen = {reading.ledger_key for reading in found}
        left = {
            s.ledger_key
            for s in self.known.values()
            if self._is_under_way(s) and s.ledger_key not in seen
        }
        return [*found, *self.ledgers.of_ledgers(sorted(left))]

    def _statuses(self, readings: Iterable[Reading]) -> list[ImportStatus]:
        found = []
        self.has_unreadable = False
        for reading in readings:
            if isinstance(reading, Unreadable):
                self.has_unreadable = True
                self.say(f"{reading.ledger_key}: {reading.reason}")
            elif reading.identity in self.known or self.filter_.takes(reading):
                found.append(reading)
        return found

    def _is_under_way(self, status: ImportStatus) -> bool:
        if status.state is State.FAILED:
            return waits_for_room(status.last)
        return status.state in UNDER_WAY or (self.is_key and status.is_waiting)

    def _once(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """Return what says each thing once."""

        def once(text: str) -> None:
            if text not in self.complaints:
                self.complaints.add(text)
                say(text)

        return once


def _told(status: ImportStatus) -> tuple[State, str, str]:
    return status.state, status.reason, status.progress
