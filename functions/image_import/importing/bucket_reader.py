"""One bucket, read side by side where one read does not depend on another."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from typing import NamedTuple

from disk_images.formats.detect import (
    HEAD_BYTES,
    QCOW2,
    TAIL_BYTES,
    is_settled_by,
)

from image_import.aliyun.oss.client import ObjectMissing, ObjectPiece, Oss
from image_import.errors import ServiceUnavailable
from image_import.filename.reader import read_key
from image_import.ledger.clock import OssClock
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import LedgerListing, LedgerStore
from image_import.model.revision import DiskRevision
from image_import.planning.evidence import DiskEvidence, check_is_itself, header_from
from image_import.retry import RetryPolicy
from image_import.sidecar.documents import MAX_SIDECAR_BYTES
from image_import.sidecar.parser import sidecar_keys


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """An object to look at; `etag` and size are known only from its own event.

    Attributes:
        etag: As its event spells it: OSS compares letter by letter.
    """

    object_key: str
    etag: str = ""
    object_size_bytes: int | None = None


class EndPieces(NamedTuple):
    """The first bytes of an object, and what has its last ones: perhaps the same.

    None, where the last ones are not wanted, or are on their way separately.
    """

    head: ObjectPiece
    tail: ObjectPiece | None


class DiskReading:
    """The ends of one object, on their way; the tail only where it may matter."""

    def __init__(
        self,
        object_key: str,
        ends: Future[EndPieces],
        tail: Future[ObjectPiece] | None = None,
    ) -> None:
        self._object_key = object_key
        self._ends = ends
        self._tail = tail
        self._evidence: DiskEvidence | None = None

    @property
    def head(self) -> ObjectPiece:
        """The first bytes, with what the reply tells of the object.

        Raises:
            ObjectMissing: It is not there.
            ObjectChanged: Its ETag is not the one that was wanted.
        """
        return self._ends.result().head

    @property
    def revision(self) -> DiskRevision:
        """Which upload this is."""
        return DiskRevision(object_key=self._object_key, etag=self.head.etag)

    @property
    def checksum(self) -> str:
        """CRC-64 and size; "" where OSS does not say the former."""
        head = self.head
        return f"{head.crc64}:{head.object_size_bytes}" if head.crc64 else ""

    def evidence(self) -> DiskEvidence:
        """Return what the bytes tell.

        Raises:
            HeaderError: They are damaged, of two formats at once, or not its own.
            ServiceUnavailable: The object changed between the two reads.
        """
        if self._evidence is None:
            self._evidence = self._read_evidence()
        return self._evidence

    def _read_evidence(self) -> DiskEvidence:
        head, tail = self._ends.result()
        if self._tail:
            tail = self._tail.result()
        if tail and tail.etag != head.etag:
            raise ServiceUnavailable(
                f"{self._object_key} changed while it was read",
                service="OSS",
                action="GetObject",
            )
        check_is_itself(
            self._object_key,
            object_type=head.object_type,
            user_metadata=head.user_metadata,
        )
        return DiskEvidence(
            revision=self.revision,
            object_size_bytes=head.object_size_bytes,
            header=header_from(
                head.data[:HEAD_BYTES],
                tail.data[-TAIL_BYTES:] if tail else b"",
                object_size_bytes=head.object_size_bytes,
            ),
            user_metadata=dict(head.user_metadata),
            encryption=head.encryption,
            crc64=head.crc64,
            content_md5=head.content_md5,
            object_type=head.object_type,
            head=head.data,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReading:
    """One image with all that stands beside it, on its way.

    Attributes:
        sidecars: By object key; read already, as is the listing.
        listing: What the ledger keeps under the image's key.
    """

    disk: DiskReading
    sidecars: dict[str, ObjectPiece]
    listing: LedgerListing

    @property
    def contents(self) -> dict[str, bytes]:
        """The sidecars' bytes by object key."""
        return {key: piece.data for key, piece in self.sidecars.items()}

    @property
    def links(self) -> frozenset[str]:
        """The keys of sidecars that are symbolic links."""
        found = self.sidecars.items()
        return frozenset(key for key, piece in found if piece.object_type == "Symlink")


@dataclass(frozen=True, slots=True)
class Started:
    """Exchanges on their way whose answers say nothing but that they came."""

    futures: Sequence[Future[None]] = ()

    def wait(self) -> None:
        """Return when all have been answered; raise the first error among them."""
        for future in self.futures:
            future.result()


NOTHING_STARTED = Started()


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketReader:
    """Reads one bucket on behalf of one invocation.

    Attributes:
        head_bytes: How much of an image's beginning is read: HEAD_BYTES, or more where
            a look inside would begin with it.
    """

    oss: Oss
    store: LedgerStore
    clock: OssClock
    retry: RetryPolicy
    pool: Executor
    bucket: str
    ledger_prefix: str
    head_bytes: int = HEAD_BYTES

    def read_image(self, wanted: Wanted) -> ImageReading:
        """Return an image's bytes, sidecars and ledger's listing, in one round trip."""
        disk = self.start_disk(wanted)
        keys = sidecar_keys(wanted.object_key)
        sidecars = self._start_files(keys, limit=MAX_SIDECAR_BYTES + 1)
        listing = self.pool.submit(
            self.store.list_keys, self.ledger_keys(wanted.object_key)
        )
        return ImageReading(
            disk=disk, sidecars=_present(sidecars), listing=listing.result()
        )

    def read_files(self, keys: Sequence[str], *, limit: int) -> dict[str, ObjectPiece]:
        """Return those small files that are there, at most `limit` bytes of each."""
        return _present(self._start_files(keys, limit=limit))

    def start_disk(self, wanted: Wanted) -> DiskReading:
        """Start to read an object's ends.

        What is called qcow2 needs no tail if it starts as one. If it does not, the tail
        is read after the head: one round trip more, for a name that is wrong.
        """
        key, size = wanted.object_key, wanted.object_size_bytes
        is_known_small = size is not None and size <= self.head_bytes
        if is_known_small or read_key(key).format == QCOW2:
            return DiskReading(key, self.pool.submit(self._read_ends, wanted))
        ends = self.pool.submit(lambda: EndPieces(self._read_head(wanted), None))
        return DiskReading(key, ends, self.pool.submit(self._read_tail, wanted))

    def ledger_keys(self, object_key: str) -> LedgerKeys:
        """Return where the ledger keeps what it knows of a key."""
        return LedgerKeys(
            prefix=self.ledger_prefix, bucket=self.bucket, object_key=object_key
        )

    def start_notes(self, notes: Mapping[str, bytes]) -> Started:
        """Start to put small objects into the ledger's bucket."""
        put = self.store.put_note
        return Started([self.pool.submit(put, k, data) for k, data in notes.items()])

    def _start_files(
        self, keys: Sequence[str], *, limit: int
    ) -> dict[str, Future[ObjectPiece | None]]:
        return {key: self.pool.submit(self._read_file, key, limit) for key in keys}

    def _read_file(self, key: str, limit: int) -> ObjectPiece | None:
        try:
            return self.retry.repeat(
                lambda: self.oss.read_whole(self.bucket, key, limit=limit)
            )
        except ObjectMissing:
            return None

    def _read_ends(self, wanted: Wanted) -> EndPieces:
        head = self._read_head(wanted)
        told = read_key(wanted.object_key).format
        if head.object_size_bytes <= self.head_bytes:
            return EndPieces(head, head)
        if is_settled_by(head.data, format_by_name=told):
            return EndPieces(head, None)
        return EndPieces(head, self._read_tail(replace(wanted, etag=head.spelled_etag)))

    def _read_head(self, wanted: Wanted) -> ObjectPiece:
        key, last = wanted.object_key, self.head_bytes - 1
        return self._read(
            lambda: self.oss.read_range(
                self.bucket, key, first=0, last=last, etag=wanted.etag
            )
        )

    def _read_tail(self, wanted: Wanted) -> ObjectPiece:
        key, etag = wanted.object_key, wanted.etag
        return self._read(
            lambda: self.oss.read_tail(self.bucket, key, count=TAIL_BYTES, etag=etag)
        )

    def _read(self, exchange: Callable[[], ObjectPiece]) -> ObjectPiece:
        def timed() -> ObjectPiece:
            sent = self.clock.tick()
            piece = exchange()
            self.clock.observe(piece.date, sent=sent)
            return piece

        return self.retry.repeat(timed)


def _present(
    files: Mapping[str, Future[ObjectPiece | None]],
) -> dict[str, ObjectPiece]:
    """Return what has come of files that perhaps are not there."""
    found = {key: future.result() for key, future in files.items()}
    return {key: piece for key, piece in found.items() if piece}
