"""Conversions whose target is an object: of another object, or of a local file.

OSS copies by itself what can be copied. What is stored of a target, OSS lists, and an
`UploadRecord` has the upload's ID: so a conversion that was stopped goes on.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from disk_images.blocks.source import Fetched, Source
from disk_images.convert.parts import PartLimits
from image_import.aliyun.oss.client import Oss, UploadGone
from image_import.aliyun.oss.multipart import (
    LARGEST_COPY_BYTES,
    MOST_PARTS,
    SMALLEST_PART_BYTES,
    CopiedObject,
    MultipartUpload,
)
from image_import.config.credentials import read_credentials
from image_import.config.settings import Settings
from image_import.errors import ServiceRejected
from image_import.importing.runtime import Clients
from image_import.retry import RetryPolicy

from image_import_cli.commands.convert.conversion import (
    ConversionReport,
    ConversionTarget,
)
from image_import_cli.commands.convert.local_file import LocalFile, unpacked_beside
from image_import_cli.commands.convert.local_file import leave_nothing_unpacked as _drop
from image_import_cli.commands.convert.upload_record import UploadRecord, records_folder
from image_import_cli.options.credentials import signed_environment

LIMITS = PartLimits(
    smallest_bytes=SMALLEST_PART_BYTES,
    largest_copy_bytes=LARGEST_COPY_BYTES,
    most=MOST_PARTS,
)
MIB = 1024**2
UPLOADED_BYTES = 8 * MIB
"""Of a part that is uploaded from here, where several share a line that may be slow."""

WRITE_SECONDS = 900.0
A_DAY = 86_400.0


def patient() -> RetryPolicy:
    """Return repeats of a command that somebody waits for."""
    return RetryPolicy(
        remaining=lambda: A_DAY, sleep=time.sleep, random=random.SystemRandom().random
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class OssPlace:
    """An object, there or to be."""

    bucket: str
    object_key: str


@dataclass(kw_only=True)
class ObjectTarget:
    """An object that comes into being part by part.

    Attributes:
        local: What ranges are copied from where the source is no object.
        may_overwrite: It may be there already.
        before_whole: Is called once all parts are there.
    """

    upload: MultipartUpload
    record: UploadRecord
    local: Source | None = None
    may_overwrite: bool = False
    before_whole: Callable[[], None] = lambda: None
    is_whole: bool = False
    stored: frozenset[int] = frozenset()

    def begin(self) -> None:
        """Begin, or go on where an earlier try of the same plan was stopped."""
        self.upload.upload_id, is_ours = self.record.read()
        if not self.may_overwrite and self.upload.look():
            raise ServiceRejected(
                f"{self.upload.object_key} is there already; see --force",
                service="OSS",
                action="HeadObject",
            )
        if self.upload.upload_id and is_ours:
            with suppress(UploadGone):
                self.stored = frozenset(part.number for part in self.upload.go_on())
                return
        elif self.upload.upload_id:
            self.upload.abort()  # Of a source that is not what it was.
        self.record.write(self.upload.begin())

    def parts_there(self) -> frozenset[int]:
        """Return the numbers of the parts that an earlier try has left."""
        return self.stored

    def write(self, number: int, offset: int, data: bytes) -> None:
        """Store a part."""
        self.upload.write(number, offset, data)

    def copy(self, number: int, offset: int, source_offset: int, count: int) -> None:
        """Store a range of the source, which OSS copies if it has it."""
        if self.local:
            self.write(number, offset, self.local.read(source_offset, count))
        else:
            self.upload.copy(number, offset, source_offset, count)

    def seal(self, size_bytes: int | None) -> Source:
        """Make the object, whose size and CRC-64 are held against its parts'."""
        upload = self.upload
        self.before_whole()
        upload.complete(may_overwrite=self.may_overwrite, size_bytes=size_bytes)
        self.is_whole = True
        self.record.forget()
        place = OssPlace(bucket=upload.bucket, object_key=upload.object_key)
        return ObjectFile(upload.oss, upload.retry, place, ConversionReport()).open()

    def finish(self) -> None:
        """Do nothing: it has its name."""

    def discard(self) -> None:
        """Leave neither parts nor an object behind."""
        upload = self.upload
        if self.is_whole:
            upload.retry.repeat(
                lambda: upload.oss.delete(upload.bucket, upload.object_key)
            )
        elif upload.upload_id:
            upload.abort()
        self.record.forget()

    def close(self) -> None:
        """Do nothing: what is stored is stored."""


class ObjectFile:
    """A source that is an object, with those beside it that it names.

    Attributes:
        marks: The ETag of each that was opened.
    """

    def __init__(
        self, oss: Oss, retry: RetryPolicy, place: OssPlace, report: ConversionReport
    ) -> None:
        self._oss, self._retry = oss, retry
        self.place = place
        self._report = report
        self.etag = ""
        self.marks: list[str] = []

    def open(self) -> Source:
        """Return the object itself, read from now on only as it is now."""
        source, self.etag = self._open(self.place.object_key)
        return source

    def beside(self, name: str) -> Source:
        """Return the object of a plain name beside it."""
        folder, slash, _ = self.place.object_key.rpartition("/")
        return self._open(f"{folder}{slash}{name}")[0]

    def _open(self, object_key: str) -> tuple[Source, str]:
        oss, bucket = self._oss, self.place.bucket
        about = self._retry.repeat(lambda: oss.head(bucket, object_key))
        self.marks.append(about.etag)

        def fetch(offset: int, count: int) -> bytes:
            piece = self._retry.repeat(
                lambda: oss.read_range(
                    bucket,
                    object_key,
                    first=offset,
                    last=offset + count - 1,
                    etag=about.etag,
                )
            )
            self._report.count_read(len(piece.data))
            return piece.data

        return Fetched(fetch=fetch, size_bytes=about.object_size_bytes), about.etag


@dataclass(kw_only=True)
class ObjectRoute:
    """From an object to another in the same region.

    Attributes:
        working_prefix: Where nobody looks for images, and uploaders cannot write.
        limits, report: As `Route` has them.
    """

    oss: Oss
    source: OssPlace
    place: OssPlace
    working_prefix: str
    records: Path
    may_overwrite: bool = False
    retry: RetryPolicy = field(default_factory=patient)
    limits: PartLimits = LIMITS
    report: ConversionReport = field(default_factory=ConversionReport)

    def __post_init__(self) -> None:
        self._file = self._open(self.source)
        self.marks = self._file.marks

    def _open(self, place: OssPlace) -> ObjectFile:
        return ObjectFile(self.oss, self.retry, place, self.report)

    def open(self) -> Source:
        """Return the source."""
        return self._file.open()

    def beside(self, name: str) -> Source:
        """Return the object of a plain name beside the source."""
        return self._file.beside(name)

    def target(self, plan_id: str) -> ConversionTarget:
        """Return the target, to which OSS copies ranges of the source."""
        copied = CopiedObject(
            bucket=self._file.place.bucket,
            object_key=self._file.place.object_key,
            etag=self._file.etag,
        )
        return self._made(self.place, plan_id, copied, may_overwrite=self.may_overwrite)

    def scratch(self, plan_id: str) -> ConversionTarget:
        """Return an object under the working prefix, of the source as it is."""
        key = f"{self.working_prefix}unpacked/{plan_id[:32]}"
        self._scratch = OssPlace(bucket=self.place.bucket, object_key=key)
        return self._made(self._scratch, plan_id, None, may_overwrite=True)

    def _made(
        self,
        place: OssPlace,
        plan_id: str,
        copied: CopiedObject | None,
        *,
        may_overwrite: bool,
    ) -> ObjectTarget:
        upload = MultipartUpload(
            oss=self.oss,
            retry=self.retry,
            bucket=place.bucket,
            object_key=place.object_key,
            source=copied,
        )
        record = UploadRecord.of(self.records, place.bucket, place.object_key, plan_id)
        return ObjectTarget(upload=upload, record=record, may_overwrite=may_overwrite)

    def unpacked(self, scratch: ConversionTarget, size_bytes: int) -> Source:
        """Return what was unpacked, which is the source from now on."""
        scratch.seal(size_bytes)
        self._file = self._open(self._scratch)
        self._file.marks = self.marks
        return self._file.open()

    def close(self) -> None:
        """Do nothing: connections outlive a conversion."""


@dataclass(kw_only=True)
class UploadRoute:
    """From a local file to an object.

    Attributes:
        place: Of the target; it may be set until the target is asked for.
        before_whole: Is called when all parts are there, before the object is.
        part_bytes: Of a part, unless there would be too many.
        limits, report: As `Route` has them.
    """

    oss: Oss
    source: Path
    place: OssPlace
    records: Path
    before_whole: Callable[[], None]
    part_bytes: int = UPLOADED_BYTES
    may_overwrite: bool = False
    retry: RetryPolicy = field(default_factory=patient)
    report: ConversionReport = field(default_factory=ConversionReport)

    def __post_init__(self) -> None:
        self._files = ExitStack()
        self._file = LocalFile(self.source, self.report)
        self._files.callback(self._file.close)
        self.marks = self._file.marks
        size = self.source.stat().st_size
        # A copy is an upload here, and no part may be larger than what memory holds.
        part = max(self.part_bytes, -(-size // (MOST_PARTS - 1000) // MIB) * MIB)
        self.limits = PartLimits(
            usual_bytes=part,
            smallest_bytes=SMALLEST_PART_BYTES,
            largest_copy_bytes=part,
            most=MOST_PARTS,
        )

    def open(self) -> Source:
        """Return the source."""
        self._main = self._file.open()
        return self._main

    def beside(self, name: str) -> Source:
        """Return the file of a plain name beside the source."""
        return self._file.beside(name)

    def target(self, plan_id: str) -> ConversionTarget:
        """Return the target."""
        upload = MultipartUpload(
            oss=self.oss,
            retry=self.retry,
            bucket=self.place.bucket,
            object_key=self.place.object_key,
            write_seconds=WRITE_SECONDS,
        )
        record = UploadRecord.of(
            self.records, self.place.bucket, self.place.object_key, plan_id
        )
        return ObjectTarget(
            upload=upload,
            record=record,
            local=self._main,
            before_whole=self.before_whole,
            may_overwrite=self.may_overwrite,
        )

    def scratch(self, plan_id: str) -> ConversionTarget:
        """Return a file in a folder for what passes."""
        folder = self._files.enter_context(tempfile.TemporaryDirectory())
        self._scratch = Path(folder) / "image"
        self._files.callback(_drop, self._scratch)
        return unpacked_beside(self._scratch, plan_id)

    def unpacked(self, scratch: ConversionTarget, size_bytes: int) -> Source:
        """Return what was unpacked, which is the source from now on."""
        scratch.seal(size_bytes)
        scratch.finish()
        self._main = self._file.replace(self._scratch.with_name("image.unpacked"))
        return self._main

    def close(self) -> None:
        """Close all files, and leave nothing of what was unpacked."""
        self._files.close()


def between_objects(
    source: tuple[str, str],
    target: tuple[str, str],
    settings: Settings,
    *,
    may_overwrite: bool,
) -> ObjectRoute:
    """Return the way from one object to another.

    Args:
        source: Bucket and key; so is `target`.
    """
    first, last = (OssPlace(bucket=b, object_key=k) for b, k in (source, target))
    return ObjectRoute(
        oss=connected(settings),
        source=first,
        place=last,
        working_prefix=settings.ledger_prefix,
        records=records_folder(os.environ, Path.home()),
        may_overwrite=may_overwrite,
    )


def connected(settings: Settings) -> Oss:
    """Return OSS with the credentials of the person at the terminal."""
    credentials = read_credentials(None, signed_environment())
    return Clients(pool_size=64).oss(settings, credentials, settings.region_id)
