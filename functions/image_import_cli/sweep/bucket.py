"""The bucket that is swept: what is in it, and what its ledger knows."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import click
from image_import.aliyun.oss.client import Listed, ObjectMissing
from image_import.config.credentials import read_credentials
from image_import.config.settings import Settings
from image_import.events.filters import why_no_image
from image_import.events.parser import ObjectCreated
from image_import.filename.reader import read_key
from image_import.importing import results
from image_import.importing.pipeline import import_record
from image_import.importing.runtime import Runtime, make_invocation
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import Standing, attempt_of, standing_of
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import LedgerListing, LedgerStore
from image_import.model.result import Result
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.sidecar.documents import MAX_SIDECAR_BYTES
from image_import.sidecar.finder import SidecarFound, find_sidecar
from image_import.sidecar.parser import image_key_of, sidecar_keys

from image_import_cli.aliyun.events import event_name_of
from image_import_cli.aliyun.listing import list_objects
from image_import_cli.aliyun.retry import retry_policy
from image_import_cli.delivery.batch import about
from image_import_cli.delivery.known import Known, known, state_of
from image_import_cli.sweep.checkpoint import IMAGES, SIDECARS, Position

KINDS = {"sidecar": SIDECARS, "image": IMAGES}
LEDGER_SUFFIX = ".jsonl"


class SweptBucket:
    """One bucket, seen with the settings of the function."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        bucket: str,
        prefix: str,
    ) -> None:
        if not settings.region_id:
            raise click.UsageError(
                "no event tells the region here: set REGION_ID, as in "
                "--set REGION_ID=cn-hangzhou"
            )
        self._settings = settings
        self._environ = environ
        self._bucket = bucket
        self._prefix = prefix
        self._runtime = Runtime()
        self._retry = retry_policy()
        credentials = read_credentials(None, environ)
        self._oss = self._runtime.clients.oss(settings, credentials, settings.region_id)
        self._clock = OssClock(time.monotonic)
        self._store = LedgerStore(
            self._oss,
            bucket=settings.ledger_bucket or bucket,
            clock=self._clock,
            retry=self._retry,
        )

    def objects(self, *, after: str) -> Iterator[Listed]:
        """Yield what is in the bucket, but not our own records."""
        is_beside = self._settings.ledger_bucket in {"", self._bucket}
        return list_objects(
            self._oss,
            self._bucket,
            self._prefix,
            after=after,
            skip=self._settings.ledger_prefix if is_beside else "",
            retry=self._retry,
        )

    def record(self, item: Listed, position: Position) -> ObjectCreated | None:
        """Return an object as its event would tell of it, if its round has come."""
        if KINDS.get(read_key(item.object_key).kind) != position.round:
            return None
        event_name = event_name_of(item.object_type)
        if not item.object_size_bytes or why_no_image(event_name):
            return None
        return ObjectCreated(
            bucket=self._bucket,
            object_key=item.object_key,
            etag=item.etag,
            object_size_bytes=item.object_size_bytes,
            event_name=event_name,
            region_id=self._settings.region_id,
        )

    def known(self, record: ObjectCreated) -> Known | None:
        """Return how an image stands that is passed over, by this version's ledger.

        A sidecar is, if its image has a ledger of any version. Where the ledger may
        not be listed nothing is known here, and the import itself finds out.

        Raises:
            ImageImportError: The ledger could not be read.
        """
        image_key = image_key_of(record.object_key)
        if read_key(record.object_key).kind == "sidecar" and image_key:
            listed = self._look(image_key).listed
            has_any = any(i.object_key.endswith(LEDGER_SUFFIX) for i in listed)
            return known() if has_any else None
        folder = self._look(record.object_key)
        keys = (item.object_key for item in folder.listed)
        if not any(folder.keys.part_number(key, record.etag) for key in keys):
            return None
        entries = self._store.read(folder, record.etag).entries
        state = state_of(entries, now=self._clock.earliest())
        return known(state) if state else None

    def read_sidecar(self, record: ObjectCreated) -> SidecarFound:
        """Return what a sidecar says of its image.

        Raises:
            ServiceError: It could not be read.
        """
        image_key = image_key_of(record.object_key) or record.object_key
        read = self._oss.read_whole
        limit = MAX_SIDECAR_BYTES + 1
        piece = self._retry.repeat(
            lambda: read(self._bucket, record.object_key, limit=limit)
        )
        return find_sidecar(
            {record.object_key: piece.data},
            bucket=self._bucket,
            image_key=image_key,
            settings=self._settings,
        )

    def has_image(self, sidecar: ObjectCreated) -> bool:
        """Whether the image of a sidecar is there."""
        image_key = image_key_of(sidecar.object_key)
        return image_key is not None and self._exists(image_key)

    def has_sidecar(self, object_key: str) -> bool:
        """Whether an image has a sidecar of its own."""
        return any(self._exists(key) for key in sidecar_keys(object_key))

    def _exists(self, object_key: str) -> bool:
        try:
            self._retry.repeat(lambda: self._oss.head(self._bucket, object_key))
        except ObjectMissing:
            return False
        return True

    def import_here(self, record: ObjectCreated) -> Result:
        """Import one image as the function would, or plan it in a dry run."""
        invocation = make_invocation(
            self._settings, None, environ=self._environ, runtime=self._runtime
        )
        return import_record(record, invocation)

    def plan_again(self, record: ObjectCreated) -> Result:
        """Plan an image, unless the ledger says that it would not be imported.

        The function's own dry run plans whatever it is given.
        """
        end = self._end(record)
        return about(end, record) if end else self.import_here(record)

    def _end(self, record: ObjectCreated) -> Result | None:
        """Return how an image would end that the ledger does not leave to us."""
        folder = self._look(record.object_key)
        snapshot = self._store.read(folder, record.etag)
        disk = DiskRevision(object_key=record.object_key, etag=record.etag)
        version = ImageRevision(bucket=record.bucket, disks=(disk,))
        attempt = attempt_of(snapshot.entries, version.pairs)
        seen = standing_of(
            snapshot.entries,
            replace(version, attempt=attempt),
            now=self._clock.earliest(),
        )
        if seen.entry is None or seen.standing is Standing.ABANDONED:
            return None
        return results.of_standing(seen.standing, seen.entry, bucket=record.bucket)

    def _look(self, object_key: str) -> LedgerListing:
        prefix = self._settings.ledger_prefix
        place = LedgerKeys(prefix=prefix, bucket=self._bucket, object_key=object_key)
        return self._store.list_keys(place)
