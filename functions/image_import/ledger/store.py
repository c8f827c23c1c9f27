"""The ledger in its bucket: read, and appended to if nobody else did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from image_import.aliyun.oss.client import (
    Listed,
    Listing,
    NotAppendable,
    ObjectChanged,
    ObjectMissing,
    ObjectPiece,
    Oss,
    PositionTaken,
)
from image_import.errors import EvidenceError, ServiceRejected, ServiceUnavailable
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import (
    LedgerEntry,
    State,
    read_lines,
    to_json_bytes,
    to_line,
)
from image_import.ledger.layout import LedgerKeys
from image_import.retry import RetryPolicy

LEDGER_PART_BYTES = 4 * 1024 * 1024
"""How much of a ledger is read at once."""

MOST_PARTS = 9
APPENDABLE = "Appendable"


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerListing:
    """What the ledger keeps under one object key.

    Attributes:
        is_whole: Whether `listed` is all that there is.
        is_listed: Whether we may list the ledger at all.
    """

    keys: LedgerKeys
    listed: tuple[Listed, ...] = ()
    is_whole: bool = False
    is_listed: bool = True

    def manifest_notes(self) -> list[str]:
        """Return the keys of the notes that manifests list this object.

        Where the ledger may not be listed, one may be under a known name.
        """
        if not self.is_listed:
            return [self.keys.manifest_note_key("")]
        keys = (item.object_key for item in self.listed)
        return [key for key in keys if self.keys.is_manifest_note(key)]

    def newest_other(self, etag: str) -> str:
        """Return the key of the newest ledger of another upload, "" without one."""
        found = [
            (item.last_modified, item.object_key)
            for item in self.listed
            if item.object_key.endswith(".jsonl")
            and not self.keys.part_number(item.object_key, etag)
        ]
        return max(found)[1] if found else ""

    def parts(self, etag: str) -> list[int]:
        """Return the numbers of the parts of a version's ledger, in order."""
        keys = (item.object_key for item in self.listed)
        numbers = (self.keys.part_number(key, etag) for key in keys)
        found = sorted(number for number in numbers if number)
        return found if found or self.is_whole else [1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A version's ledger as far as it was read, and where its next line goes.

    Attributes:
        part: Number of the object that takes the next line.
        position: Where that line starts in it, in bytes.
    """

    keys: LedgerKeys
    etag: str
    entries: tuple[LedgerEntry, ...] = ()
    part: int = 1
    position: int = 0

    @property
    def key(self) -> str:
        """The key of the object that takes the next line."""
        return self.keys.ledger_key(self.etag, self.part)

    def open_note(self, claim: str, *, image_name: str) -> bytes:
        """Return what a note under `open/` says while this claim's import goes on."""
        note = {
            "bucket": self.keys.bucket,
            "object_key": self.keys.object_key,
            "etag": self.etag,
            "image_name": image_name,
            "ledger": self.key,
            "claim": claim,
        }
        return to_json_bytes(note)


class Overtaken(Exception):  # noqa: N818 - not an error: somebody else was first
    """Somebody else wrote the next line; `snapshot` has it."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__("the ledger has a line that we had not read")
        self.snapshot = snapshot


class LedgerStore:
    """The ledgers of one bucket."""

    def __init__(
        self, oss: Oss, *, bucket: str, clock: OssClock, retry: RetryPolicy
    ) -> None:
        self._oss = oss
        self._bucket = bucket
        self._clock = clock
        self._retry = retry

    def list_keys(self, keys: LedgerKeys) -> LedgerListing:
        """Return what there is under one key, in one request.

        Where listing is not allowed or not served, it has to do without: the ledger
        is then read by its name, at the price of a request more. That OSS must have
        said itself: whoever misses the notes of manifests imports a disk alone.
        """
        try:
            listing = self._retry.repeat(lambda: self._list(keys.folder))
        except ServiceRejected as exc:
            if exc.http_status is None:
                raise
            return LedgerListing(keys=keys, is_listed=False)
        return LedgerListing(
            keys=keys, listed=listing.objects, is_whole=not listing.next_token
        )

    def list_all(self, prefix: str) -> Iterator[Listed]:
        """Yield every object under a prefix of the ledger's bucket, page by page."""
        token = ""
        while True:
            page = self._retry.repeat(partial(self._list, prefix, token))
            yield from page.objects
            token = page.next_token
            if not token:
                return

    def read_by_key(self, ledger_key: str, *, prefix: str) -> Snapshot | None:
        """Return the ledger at a key, in one request, if it has ever had a claim.

        What it is the ledger of, its own intents tell. Only where something was put
        over it, its further parts have to be looked for.

        Raises:
            EvidenceError: It is not the ledger of what it names.
        """
        try:
            piece = self._retry.repeat(lambda: self._get(ledger_key))
        except ObjectMissing:
            return None
        entries = read_lines(piece.data)
        found = whose_ledger(entries, ledger_key, prefix=prefix)
        if found is None:
            return None
        keys, etag = found
        if piece.object_type not in {"", APPENDABLE}:
            return self.read(self.list_keys(keys), etag)
        return Snapshot(
            keys=keys, etag=etag, entries=tuple(entries), position=len(piece.data)
        )

    def read(self, folder: LedgerListing, etag: str) -> Snapshot:
        """Return a version's ledger; an empty one if there is none yet."""
        return self._read_parts(folder.keys, etag, folder.parts(etag))

    def write(self, snapshot: Snapshot, entry: LedgerEntry) -> Snapshot:
        """Append one line exactly where `snapshot` ends and return the longer snapshot.

        Raises:
            Overtaken: The ledger has grown since it was read.
            ServiceUnavailable: It could not be found out whether the line is there.
        """
        line = to_line(entry)
        for _ in range(MOST_PARTS):
            try:
                end = self._append(snapshot, line)
            except NotAppendable as exc:
                if snapshot.part == MOST_PARTS:
                    raise _worn_out(snapshot) from exc
                snapshot = replace(snapshot, part=snapshot.part + 1, position=0)
            else:
                entries = (*snapshot.entries, entry)
                return replace(snapshot, entries=entries, position=end)
        raise _worn_out(snapshot)

    def read_note(self, key: str) -> bytes | None:
        """Return a small object of the ledger's bucket, None if it is gone."""
        try:
            return self._retry.repeat(lambda: self._get(key)).data
        except ObjectMissing:
            return None

    def put_note(self, key: str, data: bytes) -> None:
        """Put a small object into the ledger's bucket."""
        self._retry.repeat(lambda: self._oss.put(self._bucket, key, data))

    def delete_note(self, key: str) -> None:
        """Delete a small object of the ledger's bucket."""
        self._retry.repeat(lambda: self._oss.delete(self._bucket, key))

    def _list(self, prefix: str, token: str = "") -> Listing:
        sent = self._clock.tick()
        listing = self._oss.list_page(self._bucket, prefix, token=token)
        self._clock.observe(listing.date, sent=sent)
        return listing

    def _get(self, key: str) -> ObjectPiece:
        sent = self._clock.tick()
        piece = self._oss.read_whole(self._bucket, key, limit=LEDGER_PART_BYTES)
        self._clock.observe(piece.date, sent=sent)
        while len(piece.data) < piece.object_size_bytes:
            piece = self._with_more(key, piece)
        return piece

    def _with_more(self, key: str, piece: ObjectPiece) -> ObjectPiece:
        first = len(piece.data)
        try:
            more = self._oss.read_range(
                self._bucket,
                key,
                first=first,
                last=first + LEDGER_PART_BYTES - 1,
                etag=piece.spelled_etag,
            )
        except (ObjectChanged, ObjectMissing) as exc:
            raise ServiceUnavailable(
                f"{key} changed while it was read", service="OSS", action="GetObject"
            ) from exc
        return replace(piece, data=piece.data + more.data)

    def _append(self, snapshot: Snapshot, line: bytes) -> int:
        """Append, and where the answer is lost, look whether the line is there."""

        def once() -> int:
            try:
                return self._oss.append(
                    self._bucket, snapshot.key, position=snapshot.position, data=line
                )
            except (PositionTaken, ServiceUnavailable) as exc:
                end = self._find(snapshot, line)
                if end is None and isinstance(exc, ServiceUnavailable):
                    raise
                if end is None:
                    raise Overtaken(self._reread(snapshot)) from exc
                return end

        return self._retry.repeat(once)

    def _find(self, snapshot: Snapshot, line: bytes) -> int | None:
        """Return where our line ends if it is the one that follows `snapshot`.

        Raises:
            Overtaken: Another line follows.
        """
        data = self.read_note(snapshot.key) or b""
        after = data[snapshot.position :]
        if after.startswith(line):
            return snapshot.position + len(line)
        if after:
            raise Overtaken(self._reread(snapshot))
        return None

    def _reread(self, snapshot: Snapshot) -> Snapshot:
        parts = list(range(1, snapshot.part + 1))
        return self._read_parts(snapshot.keys, snapshot.etag, parts)

    def _read_parts(
        self, keys: LedgerKeys, etag: str, parts: Sequence[int]
    ) -> Snapshot:
        snapshot = Snapshot(keys=keys, etag=etag)
        for part in parts:
            data = self.read_note(keys.ledger_key(etag, part))
            if data is not None:
                entries = (*snapshot.entries, *read_lines(data))
                _check_whose(snapshot, entries)
                snapshot = replace(
                    snapshot, entries=entries, part=part, position=len(data)
                )
        return snapshot


def whose_ledger(
    entries: Sequence[LedgerEntry], ledger_key: str, *, prefix: str
) -> tuple[LedgerKeys, str] | None:
    """Return whose ledger this is, with the ETag; None before its first claim.

    Raises:
        EvidenceError: It does not stand where the ledger of what it names would.
    """
    begun = (State.INTENT, State.CONVERTING)
    intent = next((e for e in reversed(entries) if e.state in begun), None)
    if intent is None or not intent.disks:
        return None
    object_key, etag = intent.disks[0]
    bucket = intent.source_bucket
    keys = LedgerKeys(prefix=prefix, bucket=bucket, object_key=object_key)
    if keys.ledger_key(etag) != ledger_key:
        raise EvidenceError(
            f"the ledger {ledger_key} speaks of {object_key} in bucket {bucket!r}, "
            f"whose ledger is {keys.ledger_key(etag)}; it was moved or copied: put it "
            "back"
        )
    return keys, etag


def _check_whose(snapshot: Snapshot, entries: Sequence[LedgerEntry]) -> None:
    """Refuse the ledger of another upload whose keys happen to be the same.

    Where a ledger stands follows from 64 bits of a hash, for which a patient uploader
    can find a second key.

    Raises:
        EvidenceError: A line speaks of another object.
    """
    ours = (snapshot.keys.object_key, snapshot.etag)
    for entry in entries:
        if entry.disks and entry.disks[0] != ours:
            raise EvidenceError(
                f"the ledger {snapshot.key} speaks of {entry.disks[0][0]} and not of "
                f"{ours[0]}; upload this one under another name"
            )


def _worn_out(snapshot: Snapshot) -> ServiceRejected:
    return ServiceRejected(
        f"none of the {MOST_PARTS} parts of the ledger {snapshot.key} takes another "
        "line: something keeps putting ordinary objects over them; find out what "
        "writes under the ledger's prefix and keep it away",
        service="OSS",
        action="AppendObject",
        code="ObjectNotAppendable",
    )
