"""The two rounds of a sweep, from where it stands to the end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from image_import.events.parser import ObjectCreated
from image_import.model.result import Result
from rich.console import Console

from image_import_cli.delivery.batch import (
    INTERRUPTED,
    DeliveryPace,
    Sweep,
    run_to_the_end,
)
from image_import_cli.delivery.output import Counting
from image_import_cli.sweep.bucket import SweptBucket
from image_import_cli.sweep.checkpoint import IMAGES, ROUNDS, Position, save
from image_import_cli.ui.interrupt import threads
from image_import_cli.ui.tty import leave_echo

SAVE_SECONDS = 1.0
"""What a kill loses: so much is looked at again, and imported by nobody twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How one bucket is swept.

    Attributes:
        importer: What imports one image.
        keep: Where the position is kept; None in a dry run, which keeps none.
        is_again: What the ledger knows is looked at as well.
    """

    swept: SweptBucket
    shown: Counting
    importer: Callable[[ObjectCreated], Result]
    console: Console
    keep: Path | None
    workers: int
    rate: float
    is_again: bool

    def run(self, start: Position) -> str:
        """Return why the sweep ended early, "" if it is through."""
        rounds = ROUNDS[ROUNDS.index(start.round) :]
        undone, held = 0, None
        for name in rounds:
            begin = start if name == start.round else Position(round=name)
            sweep, ended = self._round(begin, held=held)
            if ended.startswith(INTERRUPTED):
                leave_echo(self.console)
            if ended:
                return ended
            if sweep.undone:
                held = held or Position(round=name, after=sweep.after)
            undone += sweep.undone
        if self.keep:
            self.keep.unlink(missing_ok=True)
        return _told(undone) if undone and self.keep else ""

    def _round(self, position: Position, *, held: Position | None) -> tuple[Sweep, str]:
        """Sweep one round, and return with it why it ended early, "" if it did not.

        Args:
            position: Where it begins.
            held: Where an earlier round left something undone; that place is kept.
        """
        saved = time.monotonic()

        def tell(result: Result) -> None:
            nonlocal saved
            self.shown.result(result)
            if time.monotonic() - saved >= SAVE_SECONDS:
                saved = time.monotonic()
                self._save(held or Position(position.round, sweep.after))

        with threads(self.workers) as pool:
            sweep = Sweep(
                known=(lambda _: None) if self.is_again else self.swept.known,
                import_one=self.importer,
                on_result=tell,
                pool=pool,
                workers=self.workers,
                pace=DeliveryPace(self.rate),
                after=position.after,
            )
            records = self._records(position, sweep)
            try:
                ended = run_to_the_end(sweep, records, on_ctrl_c=self.shown.ending)
            finally:
                self._save(held or Position(position.round, sweep.after))
        return sweep, ended

    def _records(self, position: Position, sweep: Sweep) -> Iterator[ObjectCreated]:
        is_counted = position.round == IMAGES
        objects = self.swept.objects(after=position.after)
        while item := sweep.wait_for(lambda: next(objects, None)):
            if sweep.stopping.is_set():
                return
            if is_counted:
                self.shown.key()
            record = self.swept.record(item, position)
            if record:
                yield record

    def _save(self, position: Position) -> None:
        if self.keep:
            save(self.keep, position)


def _told(undone: int) -> str:
    images = "1 image was" if undone == 1 else f"{undone:,} images were"
    return f"{images} not finished; the same command tries again"
