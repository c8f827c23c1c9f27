"""What a record is about: the images that its upload could complete."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from image_import.aliyun.oss.client import ObjectChanged, ObjectMissing
from image_import.config.settings import Settings
from image_import.events.parser import ObjectCreated
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
from image_import.ledger.entries import attempt_of
from image_import.ledger.store import LedgerStore, Snapshot
from image_import.model.result import Result
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.sidecar.finder import (
    NO_SIDECAR,
    SidecarFound,
    find_sidecar,
    lone_disk_waits_for,
)
from image_import.sidecar.manifest_note import ManifestNote, read_manifest_note
from image_import.sidecar.parser import image_key_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An image that may be imported, as bucket and ledger show it now.

    Attributes:
        revision: At the attempt that the ledger is at; a missing disk has no ETag.
        disks: On their way, the system disk first; all are there unless it waits.
        waits_for: What is missing yet, as a reason; "" if nothing is.
        gone: Why the bytes that the event spoke of are no more; "" if they are there.
        notes: On their way; they must stand before ECS is asked.
    """

    snapshot: Snapshot
    revision: ImageRevision
    disks: Sequence[DiskReading] = ()
    sidecar: SidecarFound = NO_SIDECAR
    waits_for: str = ""
    gone: str = ""
    notes: Started = NOTHING_STARTED


@dataclass(frozen=True, kw_only=True, slots=True)
class Gatherer:
    """Finds out what one record is about."""

    record: ObjectCreated
    settings: Settings
    reader: BucketReader
    store: LedgerStore

    def gather(self) -> Iterator[Candidate | Result]:
        """Yield each image that the upload could complete, mostly one.

        Each is read when it is asked for. A result stands for what ends without an
        image.
        """
        key = self.record.object_key
        if read_key(key).kind == "sidecar":
            yield self._beside_sidecar(image_key_of(key) or key)
            return
        reading = self.reader.read_image(
            Wanted(
                object_key=key,
                etag=self.record.spelled_etag or self.record.etag,
                object_size_bytes=self.record.object_size_bytes,
            )
        )
        try:
            reading.disk.head  # noqa: B018 - raises if the object is not what it was
        except (ObjectMissing, ObjectChanged) as exc:
            yield self._gone(reading, exc)
            return
        sidecar = self._sidecar(reading, key)
        if sidecar.is_manifest:
            yield self._set(reading, sidecar, self._start_disks(sidecar.disk_keys[1:]))
            return
        is_listed = False
        if not sidecar.exists:
            for note_key in reading.listing.manifest_notes():
                if found := self._noted_set(note_key):
                    is_listed = True
                    yield found
        if not is_listed:
            yield self._alone(reading, sidecar)

    def _beside_sidecar(self, image_key: str) -> Candidate | Result:
        """Return the image that a sidecar arrived for."""
        reading = self.reader.read_image(Wanted(object_key=image_key))
        own = reading.sidecars.get(self.record.object_key)
        if own is None or own.etag != self.record.etag:
            return results.ignored(
                "the sidecar was overwritten or deleted since this event"
            )
        sidecar = self._sidecar(reading, image_key)
        try:
            reading.disk.head  # noqa: B018 - raises if there is no image
        except ObjectMissing:
            return self._image_is_missing(reading, sidecar)
        if sidecar.is_manifest:
            return self._set(reading, sidecar, self._start_disks(sidecar.disk_keys[1:]))
        return self._alone(reading, sidecar)

    def _image_is_missing(self, reading: ImageReading, sidecar: SidecarFound) -> Result:
        if sidecar.error:
            return results.refused(str(sidecar.error))
        if sidecar.is_manifest:
            self._leave_notes(reading, sidecar).wait()
        image_key = reading.listing.keys.object_key
        return results.waiting(f"there is no image {image_key} beside this sidecar yet")

    def _gone(self, reading: ImageReading, exc: Exception) -> Candidate:
        """The bytes that the event spoke of are gone; so may be a claim on them."""
        etag = self.record.etag
        reason = "stale: the object was deleted since this event"
        if isinstance(exc, ObjectChanged):
            reason = (
                "stale: the object was overwritten since this event (its ETag is no "
                f"longer {etag}); the newer upload has an event of its own"
            )
        disk = DiskRevision(object_key=self.record.object_key, etag=etag)
        snapshot = self.store.read(reading.listing, etag)
        return Candidate(
            snapshot=snapshot, revision=self.revision(snapshot, disk), gone=reason
        )

    def _noted_set(self, note_key: str) -> Candidate | Result | None:
        """Return the set behind a manifest's note; None if it lists us no more."""
        data = self.store.read_note(note_key)
        if data is None:
            return None
        note = read_manifest_note(data)
        readings = self._start_disks(note.disk_keys[1:])
        reading = self.reader.read_image(Wanted(object_key=note.image_key))
        sidecar = self._sidecar(reading, note.image_key)
        if sidecar.error:
            return results.refused(str(sidecar.error))
        if self.record.object_key not in sidecar.disk_keys:
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
            disks=[reading.disk],
            sidecar=sidecar,
            waits_for=lone_disk_waits_for(
                reading.disk.revision.object_key, sidecar, self.settings
            ),
        )

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
