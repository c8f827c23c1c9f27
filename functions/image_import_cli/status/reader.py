"""The ledgers of one bucket, read side by side and yielded one after the other."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from image_import.aliyun.ecs.client import Ecs
from image_import.aliyun.oss.client import Listed, ObjectChanged, ObjectMissing, Oss
from image_import.config.credentials import Credentials, read_credentials
from image_import.config.settings import Settings
from image_import.errors import ImageImportError
from image_import.importing.runtime import Clients
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import LedgerEntry, from_text, read_lines
from image_import.ledger.layout import (
    IMAGES,
    JOBS,
    OPEN,
    OUTBOX,
    TRACKER,
    LedgerKeys,
    read_open_key,
)
from image_import.ledger.open_jobs import bucket_of
from image_import.ledger.store import LedgerStore

from image_import_cli.aliyun.retry import retry_policy
from image_import_cli.status.model import ImportStatus, statuses_of
from image_import_cli.status.next_step import NEEDS_BYTES, next_step, without_source
from image_import_cli.ui.interrupt import threads
from image_import_cli.ui.pools import side_by_side

DELETED, ANEW = "was deleted", "was uploaded anew since"
LOST = (DELETED, ANEW)
"""How a fate ends with which the object can not be imported any more."""


def fate_of(oss: Oss, bucket: str, object_key: str, etag: str) -> str:
    """Return in words whether an upload is still there."""
    try:
        retry_policy().repeat(lambda: oss.check_etag(bucket, object_key, etag=etag))
    except ObjectMissing:
        return f"{object_key} {DELETED}"
    except ObjectChanged:
        return f"{object_key} {ANEW}"
    except ImageImportError as exc:
        return f"{object_key}: unknown, {exc}"
    return f"{object_key} is there"


WINDOW = 4
"""Ledgers asked for per worker before the oldest has to be there."""

SUFFIX = ".jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A ledger that could not be read, and why."""

    ledger_key: str
    reason: str


Reading = ImportStatus | Unreadable


@dataclass(kw_only=True, slots=True)
class Ledgers:
    """Reads what the ledgers in one bucket say.

    Attributes:
        bucket: The ledgers'.
        workers: Exchanges at once.
        listed: How many ledgers were listed so far.
        on_read: Told of each ledger that was read.
    """

    settings: Settings
    credentials: Credentials
    bucket: str
    workers: int
    clients: Clients
    clock: OssClock
    store: LedgerStore
    pool: ThreadPoolExecutor
    on_read: Callable[[], None] = field(default=lambda: None)
    buckets: set[str] = field(default_factory=set)

    @property
    def stuck_after(self) -> timedelta:
        """From which time without a line an import is stuck."""
        return timedelta(seconds=self.settings.stuck_after_seconds)

    def now(self) -> datetime:
        """Return OSS's time, which it is asked for.

        Raises:
            ServiceError: The ledger could not be listed.
        """
        next(self.store.list_all(f"{self._prefix}{OPEN}"), None)
        return self.clock.earliest()

    def of_key(self, bucket: str, object_key: str) -> list[Reading]:
        """Return what there is of one key: each version that was ever uploaded.

        Raises:
            ServiceError: The ledger could not be listed.
        """
        place = self._place(bucket, object_key)
        self.buckets.add(bucket)
        return list(self._read(self._folders(place.folder)))

    def of_all(self, since: datetime | None = None) -> Iterator[Reading]:
        """Yield all imports, as few in memory at a time as are being read.

        Args:
            since: Leave out ledgers that were not written to from then on.

        Raises:
            ServiceError: The ledger could not be listed.
        """
        return self._read(self._folders(f"{self._prefix}{IMAGES}", since=since))

    def of_open(self) -> Iterator[Reading]:
        """Yield the imports that are under way; what has ended is not even listed.

        Raises:
            ServiceError: The notes could not be listed.
        """
        listed = self.store.list_all(f"{self._prefix}{OPEN}")
        notes = (read_open_key(i.object_key, prefix=self._prefix) for i in listed)
        keys = (note.ledger_key for note in notes if note)
        return self.of_ledgers(key for key, _ in groupby(keys))

    def waiting(self) -> dict[str, int]:
        """Return how many there are of what waits, by what it waits for.

        Raises:
            ServiceError: It could not be listed.
        """
        places = {"news": OUTBOX, "conversion": JOBS}
        return {
            what: sum(1 for _ in self.store.list_all(f"{self._prefix}{place}"))
            for what, place in places.items()
        }

    def tracker_ran(self) -> datetime | None:
        """Return when the tracker ended its last run, None if there is no note of it.

        Raises:
            ServiceError: It could not be read.
        """
        note = self.store.read_note(f"{self._prefix}{TRACKER}")
        try:
            return from_text(json.loads(note)["at"]) if note else None
        except (ValueError, KeyError, TypeError):
            return None

    def of_ledgers(self, keys: Iterable[str]) -> Iterator[Reading]:
        """Yield what these ledgers say now, as far as they have had a claim."""
        return self._read([key] for key in keys)

    def source_of(self, status: ImportStatus) -> dict[str, str]:
        """Return what became of the objects that an import is made of."""
        oss = self._oss(self.region_of(status))
        return {
            key: fate_of(oss, status.bucket, key, etag)
            for key, etag in status.last.disks
            if status.bucket and etag
        }

    def ecs(self, region_id: str) -> Ecs:
        """Return ECS of one region."""
        return self.clients.ecs(self.settings, self.credentials, region_id)

    def region_of(self, status: ImportStatus) -> str:
        """Return the region that an import is made in."""
        return status.parameters.get("RegionId") or self.settings.region_id

    def judged(self, status: ImportStatus) -> ImportStatus:
        """Return an import with its next step."""
        now, stuck_after = self.clock.earliest(), self.stuck_after
        step = next_step(status, now=now, stuck_after=stuck_after)
        if status.state in NEEDS_BYTES and status.bucket:
            fates = self.source_of(status).values()
            lost = [f for f in fates if f.endswith(LOST)]
            step = without_source(lost[0]) if lost else step
        return replace(status, next_step=step.text, next_command=step.command)

    @property
    def _prefix(self) -> str:
        return self.settings.ledger_prefix

    def _place(self, bucket: str, object_key: str) -> LedgerKeys:
        return LedgerKeys(prefix=self._prefix, bucket=bucket, object_key=object_key)

    def _oss(self, region_id: str) -> Oss:
        return self.clients.oss(self.settings, self.credentials, region_id)

    def _folders(
        self, prefix: str, *, since: datetime | None = None
    ) -> Iterator[list[str]]:
        """Yield the parts of each ledger; those of one lie in one folder."""
        listed = (
            item
            for item in self.store.list_all(prefix)
            if item.object_key.endswith(SUFFIX)
        )
        for _, folder in groupby(listed, lambda i: i.object_key.rpartition("/")[0]):
            yield from _by_ledger(folder, since=since)

    def _read(self, ledgers: Iterable[list[str]]) -> Iterator[Reading]:
        for readings in side_by_side(
            self._read_one, ledgers, pool=self.pool, most=self.workers * WINDOW
        ):
            self.on_read()
            yield from readings

    def _read_one(self, parts: list[str]) -> list[Reading]:
        try:
            statuses = self._statuses(parts)
        except ImageImportError as exc:
            return [Unreadable(ledger_key=parts[0], reason=str(exc))]
        return [self.judged(status) for status in statuses]

    def _statuses(self, parts: list[str]) -> list[ImportStatus]:
        entries = self._entries(parts)
        bucket = bucket_of(entries) or self._guessed(entries, parts[0])
        if bucket:
            self.buckets.add(bucket)
        return statuses_of(
            entries,
            bucket=bucket,
            ledger_key=parts[0],
            now=self.clock.earliest(),
            stuck_after=self.stuck_after,
        )

    def _entries(self, parts: list[str]) -> list[LedgerEntry]:
        if len(parts) == 1:
            snapshot = self.store.read_by_key(parts[0], prefix=self._prefix)
            if snapshot:
                return list(snapshot.entries)
        notes = [self.store.read_note(part) for part in parts]
        return [entry for note in notes if note for entry in read_lines(note)]

    def _guessed(self, entries: list[LedgerEntry], ledger_key: str) -> str:
        """Return which known bucket's ledger this is: its place holds a hash of it."""
        object_key, etag = next((e.disks[0] for e in entries if e.disks), ("", ""))
        known = {self.bucket, *self.buckets.copy()}
        places = {name: self._place(name, object_key) for name in known}
        fits = (n for n, place in places.items() if place.part_number(ledger_key, etag))
        return next(fits, "")


def _by_ledger(
    folder: Iterable[Listed], *, since: datetime | None
) -> Iterator[list[str]]:
    found: dict[str, list[Listed]] = {}
    for item in folder:
        stem = item.object_key.removesuffix(SUFFIX).partition("~")[0]
        found.setdefault(stem, []).append(item)
    for parts in found.values():
        if since is None or any(part.last_modified >= since for part in parts):
            yield [part.object_key for part in parts]


@contextmanager
def open_ledgers(
    settings: Settings, environ: Mapping[str, str], *, bucket: str, workers: int
) -> Iterator[Ledgers]:
    """Yield what reads the ledgers in a bucket.

    Raises:
        SettingsError: There are no credentials.
    """
    credentials = read_credentials(None, environ)
    clients = Clients(pool_size=workers)
    clock = OssClock(time.monotonic)
    store = LedgerStore(
        clients.oss(settings, credentials, settings.region_id),
        bucket=bucket,
        clock=clock,
        retry=retry_policy(),
    )
    with threads(workers) as pool:
        yield Ledgers(
            settings=settings,
            credentials=credentials,
            bucket=bucket,
            workers=workers,
            clients=clients,
            clock=clock,
            store=store,
            pool=pool,
        )
