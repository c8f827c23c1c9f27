"""The ledgers of what is under way: found by their notes, read once each."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta

from image_import.aliyun.oss.client import Listed
from image_import.errors import ImageImportError
from image_import.ledger.clock import OssClock
from image_import.ledger.layout import OPEN, read_open_key
from image_import.ledger.open_jobs import Job, Note, find_jobs
from image_import.ledger.store import LedgerStore, Snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenLedger:
    """A ledger with notes, and what is to be done about it.

    Attributes:
        snapshot: None if no claim has reached the ledger.
    """

    snapshot: Snapshot | None
    jobs: list[Job]


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenLedgers:
    """Reads the ledgers of one bucket that have notes.

    Attributes:
        lease: After that, a claim that never reached its ledger is dead.
    """

    store: LedgerStore
    clock: OssClock
    pool: Executor
    prefix: str
    lease: timedelta

    def read(self) -> tuple[list[OpenLedger], list[ImageImportError]]:
        """Return the open ledgers, and why some could not be read.

        Notes are listed before ledgers are read: a claim that is not in its ledger
        then may still come.

        Raises:
            ServiceError: The notes could not be listed.
        """
        listed = self.store.list_all(f"{self.prefix}{OPEN}")
        notes = _by_ledger(_notes(listed, prefix=self.prefix))
        reading = {
            key: self.pool.submit(self.store.read_by_key, key, prefix=self.prefix)
            for key in notes
        }
        ledgers, errors = [], []
        for key, future in reading.items():
            try:
                ledgers.append(self._open(future.result(), notes[key]))
            except ImageImportError as exc:
                errors.append(exc)
        return ledgers, errors

    def _open(self, snapshot: Snapshot | None, notes: list[Note]) -> OpenLedger:
        entries = snapshot.entries if snapshot else ()
        now = self.clock.earliest()
        jobs = find_jobs(entries, notes, now=now, lease=self.lease)
        return OpenLedger(snapshot=snapshot, jobs=jobs)


def _notes(listed: Iterable[Listed], *, prefix: str) -> Iterator[Note]:
    for item in listed:
        said = read_open_key(item.object_key, prefix=prefix)
        if said:
            yield Note(said=said, since=item.last_modified)


def _by_ledger(notes: Iterable[Note]) -> dict[str, list[Note]]:
    found: dict[str, list[Note]] = {}
    for note in notes:
        found.setdefault(note.said.ledger_key, []).append(note)
    return found
