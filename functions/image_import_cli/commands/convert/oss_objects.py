"""A conversion from object to object: OSS copies what can be copied by itself."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from disk_images.blocks.joined import Joined
from disk_images.blocks.mapped import MappedDisk
from disk_images.blocks.open import open_disk
from disk_images.blocks.source import CannotTellError, Fetched, Source
from disk_images.convert.choose import ConversionOrder, TwoPasses, choose
from disk_images.convert.execute import StoredPart, compare_samples, run, run_stream
from disk_images.convert.parts import PartLimits, RefusedError
from disk_images.convert.stream_lane import StreamedPlan
from image_import.aliyun.oss.client import Oss
from image_import.aliyun.oss.multipart import (
    LARGEST_COPY_BYTES,
    MOST_PARTS,
    SMALLEST_PART_BYTES,
    CopiedObject,
    MultipartUpload,
)
from image_import.retry import RetryPolicy

from image_import_cli.commands.convert.conversion import ConversionReport, OnProgress

LIMITS = PartLimits(
    smallest_bytes=SMALLEST_PART_BYTES,
    largest_copy_bytes=LARGEST_COPY_BYTES,
    most=MOST_PARTS,
)
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


@dataclass
class ObjectConversion:
    """A source and a target in buckets of one region.

    Attributes:
        may_overwrite: The target may be there already.
    """

    oss: Oss
    source: OssPlace
    target: OssPlace
    order: ConversionOrder
    on_progress: OnProgress
    may_overwrite: bool = False
    threads: int = 4
    retry: RetryPolicy = field(default_factory=patient)
    report: ConversionReport = field(default_factory=ConversionReport)

    def convert(self) -> ConversionReport:
        """Write the target, and return what it took.

        Raises:
            RefusedError: No lane takes the source.
            CannotTellError: It is damaged.
            ServiceError: OSS refused something, or did not answer.
        """
        began = time.monotonic()
        source, etag = self._opened(self.source.object_key)
        order = replace(self.order, limits=LIMITS, open_beside=self._beside)
        choice = choose(source, order)
        if isinstance(choice, TwoPasses):
            raise RefusedError(
                f"{choice.reason}: that takes two passes; download it, convert it"
                " there, and upload what it becomes",
                fix="image-import convert {source} {target}.qcow2",
            )
        self.report.lane, self.report.reason = choice.lane, choice.reason
        self.report.target_format = str(choice.target_format)
        upload = MultipartUpload(
            oss=self.oss,
            retry=self.retry,
            bucket=self.target.bucket,
            object_key=self.target.object_key,
            source=CopiedObject(
                bucket=self.source.bucket,
                object_key=self.source.object_key,
                etag=etag,
            ),
        )
        upload.begin()
        try:
            if isinstance(choice, StreamedPlan):
                run_stream(choice, upload, LIMITS, on_part=self._note)
            else:
                note = partial(self._note, total=choice.size_bytes)
                with ThreadPoolExecutor(self.threads) as pool:
                    run(choice, upload, on_part=note, each=pool.map)
            upload.complete(may_overwrite=self.may_overwrite)
        except BaseException:
            upload.abort()
            raise
        self._check(source, choice.lane)
        self.report.seconds = time.monotonic() - began
        return self.report

    def _opened(self, object_key: str) -> tuple[Source, str]:
        return self._open(self.source.bucket, object_key)

    def _open(self, bucket: str, object_key: str) -> tuple[Source, str]:
        about = self.retry.repeat(lambda: self.oss.head(bucket, object_key))
        etag = about.etag

        def fetch(offset: int, count: int) -> bytes:
            piece = self.retry.repeat(
                lambda: self.oss.read_range(
                    bucket,
                    object_key,
                    first=offset,
                    last=offset + count - 1,
                    etag=etag,
                )
            )
            self.report.requests += 1
            self.report.read_bytes += len(piece.data)
            return piece.data

        return Fetched(fetch=fetch, size_bytes=about.object_size_bytes), etag

    def _beside(self, name: str) -> Source:
        folder = self.source.object_key.rpartition("/")[0]
        return self._opened(f"{folder}/{name}" if folder else name)[0]

    def _note(self, done: StoredPart, total: int | None = None) -> None:
        report = self.report
        if done.is_copied:
            report.copied_bytes += done.size_bytes
        else:
            report.written_bytes += done.size_bytes
        report.requests += 1
        finished = report.copied_bytes + report.written_bytes
        self.on_progress(finished if total else report.read_bytes, total)

    def _check(self, source: Source, lane: str) -> None:
        """Open the target as a reader of its own would, and compare places of it."""
        made = open_disk(self._open(self.target.bucket, self.target.object_key)[0])
        if lane not in {"map", "wrap"} or self.order.member:
            return
        try:
            disk = open_disk(source, open_beside=self._beside)
        except CannotTellError:
            return  # It lies in an archive.
        if isinstance(disk, (MappedDisk, Joined)):
            compare_samples(disk, made)
