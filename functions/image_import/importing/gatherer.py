"""What a record is about: the images that its upload could complete."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from image_import.aliyun.oss.client import ObjectChanged, ObjectMissing
from image_import.config.settings import Settings
from image_import.events.parser import ObjectCreated, why_not_ours
from image_import.events.records import decoded
from image_import.filename.reader import read_key
from image_import.importing import results
from image_import.importing.bucket_reader import (
    NOTHING_STARTED,
    BucketReader,
    DiskReading,
    ImageReading,
    Started,
    Wanted,
)
from image_import.ledger.entries import LedgerEntry, attempt_of, imported_before
from image_import.ledger.store import LedgerListing, LedgerStore, Snapshot
from image_import.model.result import Outcome, Result
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.planning.evidence import DiskEvidence
from image_import.sidecar.finder import (
    NO_SIDECAR,
    SidecarFound,
    find_sidecar,
    lone_disk_waits_for,
)
from image_import.sidecar.parser import how_to_name, image_key_of

DELETED = "stale: the object was deleted since this event"
OVERWRITTEN = (
    "stale: the object was overwritten since this event (its ETag is no longer "
    "{etag}); the newer upload has an event of its own"
)
EXTENT = re.compile(
    r"(?P<stem>.+)-(?P<kind>[fs])[0-9]{3}(?P<ending>\.vmdk)", re.IGNORECASE | re.DOTALL
)
"""The key of a part of a VMDK in several files.

Source: QEMU, block/vmdk.c, vmdk_co_do_create: `%s-%c%03d%s`; read 2026-12.
"""

SIDECAR_GONE = "the sidecar was overwritten or deleted since this event"
CHECKSUMS_GONE = "the file of checksums was overwritten or deleted since this event"


Upload = Literal["image", "sidecar", "checksums", "other"]


def what_came(object_key: str, settings: Settings) -> Upload:
    """Return whether an upload is an image, or a file that speaks of images."""
    if settings.checksum != "declared":
        from image_import.sidecar.checksums import (  # noqa: PLC0415 - cold start
            is_checksum_file,
        )

        if is_checksum_file(object_key):
            return "checksums"
    return read_key(object_key).kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An image that may be imported, as bucket and ledger show it now.

    Attributes:
        listing: What the ledger keeps under the system disk's key.
        revision: At the attempt that the ledger is at; a missing disk has no ETag.
        disks: On their way, the system disk first; all are there unless it waits.
        converted: The disks as they are imported, if one of them was converted.
        waits_for: What is missing yet, as a reason; "" if nothing is.
        gone: Why the bytes that the event spoke of are no more; "" if they are there.
        note: What was odd about the event.
        notes: On their way; they must stand before ECS is asked.
    """

    snapshot: Snapshot
    revision: ImageRevision
    listing: LedgerListing
    disks: Sequence[DiskReading] = ()
    converted: tuple[DiskEvidence, ...] = ()
    sidecar: SidecarFound = NO_SIDECAR
    waits_for: str = ""
    gone: str = ""
    note: str = ""
    notes: Started = NOTHING_STARTED

    @property
    def is_convertible(self) -> bool:
        """Whether a disk is of a format that may become one which ECS takes.

        Raises:
            HeaderError: The bytes of one are damaged.
        """
        return any(disk.evidence().is_convertible for disk in self.disks)

    @property
    def checksums(self) -> str:
        """CRC-64 and size of each disk; "" where OSS does not say one of them."""
        each = [disk.checksum for disk in self.disks]
        return ",".join(each) if all(each) else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gatherer:
    """Finds out what one record is about.

    Attributes:
        is_decoded: The record's key is not the event's, but what that encodes.
    """

    record: ObjectCreated
    settings: Settings
    reader: BucketReader
    store: LedgerStore
    is_decoded: bool = False

    def gather(self) -> Iterator[Candidate | Result]:
        """Yield each image that the upload could complete, mostly one.

        Each is read when it is asked for. A result stands for what ends without an
        image.
        """
        if self.speaks_as == "sidecar":
            yield from self._beside_sidecar()
        elif self.speaks_as == "checksums":
            yield from self._beside_checksums()
        else:
            yield from self._of_image()

    @property
    def speaks_as(self) -> Upload:
        """What was uploaded."""
        return what_came(self.record.object_key, self.settings)

    def _of_image(self) -> Iterator[Candidate | Result]:
        """Yield what an image completes, if it is there."""
        if extent := EXTENT.fullmatch(self.record.object_key):
            described = self._described(extent)
            if described:
                yield described
                return
        reading = self.reader.read_image(
            Wanted(
                object_key=self.record.object_key,
                etag=self.record.spelled_etag or self.record.etag,
                object_size_bytes=self.record.object_size_bytes,
            )
        )
        try:
            reading.disk.head  # noqa: B018 - raises if the object is not what it was
        except ObjectMissing:
            yield from self._under_decoded_key() or [self._gone(reading, DELETED)]
            return
        except ObjectChanged:
            yield self._gone(reading, OVERWRITTEN.format(etag=self.record.etag))
            return
        yield from self._completed(reading)

    def _completed(self, reading: ImageReading) -> Iterator[Candidate | Result]:
        """Yield what an image that is there completes: itself, or sets that list it."""
        key = reading.listing.keys.object_key
        sidecar = self._sidecar(reading, key)
        if sidecar.is_manifest:
            yield self._set(reading, sidecar, self._start_disks(sidecar.disk_keys[1:]))
            return
        is_listed = False
        if not sidecar.exists:
            for note_key in reading.listing.manifest_notes():
                if found := self._noted_set(note_key, listing=key):
                    is_listed = True
                    yield found
        if not is_listed:
            yield self._alone(reading, sidecar)

    def _described(self, extent: re.Match[str]) -> Candidate | Result | None:
        """Return the VMDK that a file holds a part of, by the descriptor beside it.

        Without a descriptor a sparse part says itself what it is; a plain one would
        pass for a disk.
        """
        key = f"{extent['stem']}{extent['ending']}"
        reading = self.reader.read_image(Wanted(object_key=key))
        try:
            reading.disk.head  # noqa: B018 - raises if there is no descriptor
        except ObjectMissing:
            if extent["kind"].lower() == "s":
                return None
            return results.waiting(
                f"by its name it is a part of the VMDK {key}, whose descriptor is not"
                " there yet"
            )
        return self._alone(reading, self._sidecar(reading, key))

    def _beside_sidecar(self) -> Iterator[Candidate | Result]:
        """Yield the image that a sidecar arrived for."""
        key = self.record.object_key
        image_key = image_key_of(key)
        if image_key is None:
            yield results.refused(how_to_name(key))
            return
        reading = self.reader.read_image(Wanted(object_key=image_key))
        own = reading.sidecars.get(key)
        if own is None or own.etag != self.record.etag:
            found = [] if own else self._under_decoded_key()
            yield from found or [results.ignored(SIDECAR_GONE)]
            return
        sidecar = self._sidecar(reading, image_key)
        try:
            reading.disk.head  # noqa: B018 - raises if there is no image
        except ObjectMissing:
            yield self._image_is_missing(reading, sidecar)
            return
        if sidecar.is_manifest:
            yield self._set(reading, sidecar, self._start_disks(sidecar.disk_keys[1:]))
        else:
            yield self._alone(reading, sidecar)

    def _beside_checksums(self) -> Iterator[Candidate | Result]:
        """Yield the images that a file of checksums arrived for."""
        from image_import.sidecar.checksums import (  # noqa: PLC0415 - cold start
            MAX_FILE_BYTES,
            images_of,
        )

        key, prefix = self.record.object_key, self.settings.key_prefix
        piece = self.reader.read_files([key], limit=MAX_FILE_BYTES + 1).get(key)
        if piece is None or piece.etag != self.record.etag:
            yield results.ignored(CHECKSUMS_GONE)
            return
        ours = [k for k in images_of(key, piece.data) if k.startswith(prefix)]
        if not ours:
            yield results.ignored("the list of checksums names no image")
        for image_key in ours:
            reading = self.reader.read_image(Wanted(object_key=image_key))
            try:
                reading.disk.head  # noqa: B018 - raises if there is no image
            except ObjectMissing:
                yield results.waiting(
                    f"there is no image {image_key} beside this file of checksums yet"
                )
            else:
                yield from self._completed(reading)

    def _under_decoded_key(self) -> list[Candidate | Result]:
        """Return what the upload completes if something has encoded its key.

        An empty list where there is no such upload under the decoded key, or none
        that is ours.
        """
        record = None if self.is_decoded else decoded(self.record)
        settings = self.settings
        if record is None or why_not_ours(
            record,
            key_prefix=settings.key_prefix,
            ledger_bucket=settings.ledger_bucket,
            ledger_prefix=settings.ledger_prefix,
        ):
            return []
        other = replace(self, record=record, is_decoded=True)
        note = (
            f"the event's key {self.record.object_key!r} is encoded: there is no such "
            f"object, and {record.object_key!r} is this upload"
        )
        return [
            replace(found, note=note) if isinstance(found, Candidate) else found
            for found in other.gather()
            if not _is_gone(found)
        ]

    def _image_is_missing(self, reading: ImageReading, sidecar: SidecarFound) -> Result:
        wrong = how_to_name(sidecar.key)
        hint = f"; {wrong}" if wrong else ""
        if sidecar.error:
            return results.refused(f"{sidecar.error}{hint}")
        if sidecar.is_manifest:
            self._leave_notes(reading, sidecar).wait()
        image_key = reading.listing.keys.object_key
        return results.waiting(
            f"there is no image {image_key} beside this sidecar yet{hint}"
        )

    def _gone(self, reading: ImageReading, reason: str) -> Candidate:
        """The bytes that the event spoke of are gone; so may be a claim on them."""
        etag = self.record.etag
        disk = DiskRevision(object_key=self.record.object_key, etag=etag)
        snapshot = self.store.read(reading.listing, etag)
        return Candidate(
            snapshot=snapshot,
            revision=self.revision(snapshot, disk),
            listing=reading.listing,
            gone=reason,
        )

    def _noted_set(self, note_key: str, *, listing: str) -> Candidate | Result | None:
        """Return the set behind a manifest's note; None if it lists no more a key."""
        data = self.store.read_note(note_key)
        if data is None:
            return None
        from image_import.sidecar.manifest_note import (  # noqa: PLC0415 - cold start
            read_manifest_note,
        )

        note = read_manifest_note(data)
        readings = self._start_disks(note.disk_keys[1:])
        reading = self.reader.read_image(Wanted(object_key=note.image_key))
        sidecar = self._sidecar(reading, note.image_key)
        if sidecar.error:
            return results.refused(str(sidecar.error))
        if listing not in sidecar.disk_keys:
            return None
        late = [key for key in sidecar.disk_keys[1:] if key not in readings]
        readings.update(self._start_disks(late))
        try:
            reading.disk.head  # noqa: B018 - raises if there is no system disk
        except ObjectMissing:
            return results.waiting(
                f"the system disk {note.image_key} of the set is not there yet"
            )
        return self._set(reading, sidecar, readings)

    def _set(
        self,
        reading: ImageReading,
        sidecar: SidecarFound,
        readings: Mapping[str, DiskReading],
    ) -> Candidate:
        """Return a set of disks, the first of which is there.

        Its notes stand before it is written that something is missing.
        """
        notes = self._leave_notes(reading, sidecar)
        snapshot = self.store.read(reading.listing, reading.disk.revision.etag)
        keys = sidecar.disk_keys[1:]
        there = {key: _revision_if_there(readings[key]) for key in keys}
        missing = [key for key, revision in there.items() if revision is None]
        if missing or snapshot.entries:
            notes.wait()
        present = [revision for revision in there.values() if revision]
        absent = [DiskRevision(object_key=key, etag="") for key in missing]
        return Candidate(
            snapshot=snapshot,
            revision=self.revision(snapshot, reading.disk.revision, *present, *absent),
            listing=reading.listing,
            disks=[reading.disk, *(readings[key] for key in keys)],
            sidecar=sidecar,
            waits_for=f"the set waits for {', '.join(missing)}" if missing else "",
            notes=notes,
        )

    def _alone(self, reading: ImageReading, sidecar: SidecarFound) -> Candidate:
        """Return one disk as a whole image."""
        snapshot = self.store.read(reading.listing, reading.disk.revision.etag)
        return Candidate(
            snapshot=snapshot,
            revision=self.revision(snapshot, reading.disk.revision),
            listing=reading.listing,
            disks=[reading.disk],
            sidecar=sidecar,
            waits_for=lone_disk_waits_for(
                reading.disk.revision.object_key, sidecar, self.settings
            ),
        )

    def imported_before(self, candidate: Candidate) -> LedgerEntry | None:
        """Return the import of the same bytes under another ETag, if there was one.

        A copy of an object onto itself, as ossfs makes for a chmod, changes the ETag
        alone. This costs a request where the key has had another upload.
        """
        checksums = candidate.checksums
        if same := imported_before(candidate.snapshot.entries, checksums):
            return same
        other = candidate.listing.newest_other(candidate.snapshot.etag)
        if not (checksums and other):
            return None
        prefix = self.settings.ledger_prefix
        earlier = self.store.read_by_key(other, prefix=prefix)
        return imported_before(earlier.entries, checksums) if earlier else None

    def read_ledger(self, disk: DiskRevision) -> Snapshot:
        """Return the ledger of one upload."""
        keys = self.reader.ledger_keys(disk.object_key)
        return self.store.read(self.store.list_keys(keys), disk.etag)

    def revision(self, snapshot: Snapshot, *disks: DiskRevision) -> ImageRevision:
        """Return these disks at the attempt that their ledger is at."""
        first = ImageRevision(bucket=self.record.bucket, disks=disks)
        return replace(first, attempt=attempt_of(snapshot.entries, first.pairs))

    def _sidecar(self, reading: ImageReading, image_key: str) -> SidecarFound:
        return find_sidecar(
            reading.contents,
            links=reading.links,
            bucket=self.record.bucket,
            image_key=image_key,
            settings=self.settings,
        )

    def _leave_notes(self, reading: ImageReading, sidecar: SidecarFound) -> Started:
        """Leave a note for each data disk: which manifest lists it."""
        if self.settings.dry_run:
            return NOTHING_STARTED
        from image_import.sidecar.manifest_note import (  # noqa: PLC0415 - cold start
            ManifestNote,
        )

        keys = sidecar.disk_keys
        note = ManifestNote(
            manifest_key=sidecar.key, image_key=keys[0], disk_keys=keys
        ).to_bytes()
        manifest_key = sidecar.key if reading.listing.is_listed else ""
        ledgers = [self.reader.ledger_keys(key) for key in keys[1:]]
        return self.reader.start_notes(
            {ledger.manifest_note_key(manifest_key): note for ledger in ledgers}
        )

    def _start_disks(self, keys: Sequence[str]) -> dict[str, DiskReading]:
        return {key: self.reader.start_disk(Wanted(object_key=key)) for key in keys}


def _revision_if_there(reading: DiskReading) -> DiskRevision | None:
    try:
        return reading.revision
    except ObjectMissing:
        return None


def _is_gone(found: Candidate | Result) -> bool:
    if isinstance(found, Candidate):
        return bool(found.gone)
    return found.outcome is Outcome.IGNORED
