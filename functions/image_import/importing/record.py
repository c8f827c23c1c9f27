"""One record of an event, from what the bucket holds to what became of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from image_import.aliyun.oss.client import ObjectChanged, ObjectMissing
from image_import.errors import EvidenceError, ServiceError, ServiceRejected
from image_import.events.parser import ObjectCreated
from image_import.filename.reader import read_key
from image_import.importing import results as endings
from image_import.importing.gatherer import (
    DiskReading,
    FirstLook,
    Gatherer,
    Started,
    Wanted,
)
from image_import.importing.planner_run import Importing, LookAgainError
from image_import.ledger.entries import Standing, State
from image_import.ledger.store import LedgerStore, Overtaken
from image_import.model.result import Outcome, Result
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.sidecar.finder import SidecarFound, find_sidecar
from image_import.sidecar.manifest_note import ManifestNote, read_manifest_note
from image_import.sidecar.parser import image_key_of

MOST_ROUNDS = 6
"""How often a record is looked at again when others write to its ledger meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """The work on one record; see `run`."""

    record: ObjectCreated
    gatherer: Gatherer
    store: LedgerStore
    importing: Importing

    def run(self) -> Result:
        """Return what became of the record.

        Each round reads everything anew and ends in one line of the ledger, written
        where the ledger ended when it was read; if somebody else's line is there
        by then, the next round takes it into account.

        Raises:
            ServiceUnavailable: A service did not answer as it should.
        """
        try:
            return self._rounds()
        except ServiceRejected as exc:
            return self._said_no(exc)

    def _rounds(self) -> Result:
        for _ in range(MOST_ROUNDS):
            try:
                return self._round()
            except (Overtaken, LookAgainError, ObjectChanged, ObjectMissing):
                continue
        return Result(
            outcome=Outcome.RETRYING,
            reason="this image's ledger, or its objects, keep changing",
        )

    def _said_no(self, exc: ServiceRejected) -> Result:
        """A service refused us for good: put that on record, where that is allowed."""
        result = endings.of_error(exc)
        key, etag = self.record.object_key, self.record.etag
        if self.importing.is_dry or read_key(key).kind == "sidecar":
            return result
        version = self._version(DiskRevision(object_key=key, etag=etag))
        with suppress(ServiceError, EvidenceError, Overtaken):
            folder = self.store.look(self.gatherer.keys(key))
            snapshot = self.store.read(folder, etag)
            version = self.importing.current(snapshot, version)
            if self.importing.standing(snapshot, version).standing is Standing.FREE:
                state = State(result.outcome.value)
                self.importing.write_line(snapshot, version, state, result.reason)
        return result

    def _round(self) -> Result:
        key = self.record.object_key
        if read_key(key).kind == "sidecar":
            return self._sidecar_came(image_key_of(key) or key)
        wanted = Wanted(
            object_key=key,
            etag=self.record.etag,
            object_size_bytes=self.record.object_size_bytes,
        )
        look = self.gatherer.first_look(wanted)
        try:
            look.disk.head  # noqa: B018 - raises if the object is not what it was
        except (ObjectMissing, ObjectChanged) as exc:
            return self._stale(look, exc)
        found = self._sidecar(look, key)
        if found.is_manifest:
            return self._set(look, found, self._start_disks(found.disk_keys[1:]))
        if not found.exists and (manifest_notes := look.folder.manifest_notes()):
            return self._listed_by(manifest_notes, look, found)
        return self._alone(look, found)

    def _sidecar_came(self, image_key: str) -> Result:
        """A sidecar arrived: import its image, if that is there."""
        look = self.gatherer.first_look(Wanted(object_key=image_key))
        own = look.sidecars.get(self.record.object_key)
        if own is None or own.etag != self.record.etag:
            return endings.ignored(
                "the sidecar was overwritten or deleted since this event"
            )
        found = self._sidecar(look, image_key)
        try:
            look.disk.head  # noqa: B018 - raises if there is no image
        except ObjectMissing:
            return self._image_is_missing(look, found)
        if found.is_manifest:
            return self._set(look, found, self._start_disks(found.disk_keys[1:]))
        return self._alone(look, found)

    def _image_is_missing(self, look: FirstLook, found: SidecarFound) -> Result:
        if found.error:
            return endings.refused(str(found.error))
        if found.is_manifest:
            self._leave_manifest_notes(look, found).wait()
        reason = (
            f"there is no image {look.folder.keys.object_key} beside this sidecar yet"
        )
        return endings.waiting(reason)

    def _stale(self, look: FirstLook, exc: Exception) -> Result:
        """The bytes that the event spoke of are gone; so may be a claim on them."""
        etag = self.record.etag
        disk = DiskRevision(object_key=self.record.object_key, etag=etag)
        snapshot = self.store.read(look.folder, etag)
        if settled := self.importing.settle(snapshot, self._version(disk)):
            return settled
        if isinstance(exc, ObjectChanged):
            return endings.ignored(
                "stale: the object was overwritten since this event (its ETag is no "
                f"longer {etag}); the newer upload has an event of its own"
            )
        return endings.ignored("stale: the object was deleted since this event")

    def _listed_by(
        self, manifest_notes: Sequence[str], look: FirstLook, found: SidecarFound
    ) -> Result:
        """A disk arrived that manifests have asked for: import what is complete."""
        results = [self._through(key) for key in manifest_notes]
        told = [result for result in results if result]
        if not told:
            return self._alone(look, found)
        going = [r for r in told if r.outcome is not Outcome.WAITING]
        return (going or told)[0]

    def _through(self, manifest_note_key: str) -> Result | None:
        """Import the set behind a note; None if this disk is no longer in it."""
        note = self.store.read_note(manifest_note_key)
        if note is None:
            return None
        listed = read_manifest_note(note)
        readings = self._start_disks(listed.disk_keys[1:])
        look = self.gatherer.first_look(Wanted(object_key=listed.image_key))
        found = self._sidecar(look, listed.image_key)
        if found.error:
            return endings.refused(str(found.error))
        if self.record.object_key not in found.disk_keys:
            return None
        late = [key for key in found.disk_keys[1:] if key not in readings]
        readings.update(self._start_disks(late))
        try:
            look.disk.head  # noqa: B018 - raises if there is no system disk
        except ObjectMissing:
            reason = f"the system disk {listed.image_key} of the set is not there yet"
            return endings.waiting(reason)
        return self._set(look, found, readings)

    def _set(
        self, look: FirstLook, found: SidecarFound, readings: dict[str, DiskReading]
    ) -> Result:
        """Import a set, disks mapped by name, if all of them are there.

        The notes stand before it is written that something is missing, and before
        ECS is asked; reading and planning need not wait for them.
        """
        manifest_notes = self._leave_manifest_notes(look, found)
        snapshot = self.store.read(look.folder, look.disk.version.etag)
        versions = [_version_if_there(readings[key]) for key in found.disk_keys[1:]]
        missing = [
            key
            for key, v in zip(found.disk_keys[1:], versions, strict=True)
            if v is None
        ]
        if missing or snapshot.entries:
            manifest_notes.wait()
        absent = [DiskRevision(object_key=key, etag="") for key in missing]
        present = [v for v in versions if v]
        version = self._version(look.disk.version, *present, *absent)
        version = self.importing.current(snapshot, version)
        if ending := self.importing.ending(snapshot, version):
            return ending
        if missing:
            reason = f"the set waits for {', '.join(missing)}"
            return self.importing.wait(snapshot, version, reason)
        disks = [look.disk, *(readings[key] for key in found.disk_keys[1:])]
        result = self.importing.import_image(
            snapshot, version, disks, found, beside=manifest_notes
        )
        manifest_notes.wait()
        return result

    def _alone(self, look: FirstLook, found: SidecarFound) -> Result:
        """Import one disk as a whole image, unless it waits for something."""
        snapshot = self.store.read(look.folder, look.disk.version.etag)
        version = self.importing.current(snapshot, self._version(look.disk.version))
        if ending := self.importing.ending(snapshot, version):
            return ending
        clues = read_key(version.object_key)
        is_data_disk = clues.is_data_disk or (clues.disk_index or 1) > 1
        if is_data_disk and not found.exists:
            return self.importing.wait(
                snapshot,
                version,
                "its name says that it is a data disk, which is not imported alone; "
                "list it in a manifest beside its system disk, or give it a sidecar "
                "of its own",
            )
        if self.importing.settings.is_sidecar_required and not found.exists:
            return self.importing.wait(
                snapshot, version, "its sidecar is not there yet"
            )
        return self.importing.import_image(
            snapshot, version, [look.disk], found, beside=Started([])
        )

    def _sidecar(self, look: FirstLook, image_key: str) -> SidecarFound:
        return find_sidecar(
            look.contents,
            bucket=self.record.bucket,
            image_key=image_key,
            settings=self.importing.settings,
        )

    def _leave_manifest_notes(self, look: FirstLook, found: SidecarFound) -> Started:
        """Tell each data disk which manifest lists it."""
        keys = found.disk_keys
        if self.importing.is_dry:
            return Started([])
        note = ManifestNote(manifest_key=found.key, image_key=keys[0], disk_keys=keys)
        of = found.key if look.folder.is_listed else ""
        keys_of_disks = [self.gatherer.keys(key) for key in keys[1:]]
        return self.gatherer.start_notes(
            {keys.manifest_note_key(of): note.to_bytes() for keys in keys_of_disks}
        )

    def _start_disks(self, keys: Sequence[str]) -> dict[str, DiskReading]:
        return {key: self.gatherer.start_disk(Wanted(object_key=key)) for key in keys}

    def _version(self, *disks: DiskRevision) -> ImageRevision:
        return ImageRevision(bucket=self.record.bucket, disks=disks)


def _version_if_there(reading: DiskReading) -> DiskRevision | None:
    try:
        return reading.version
    except ObjectMissing:
        return None
