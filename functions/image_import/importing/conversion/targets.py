"""One target of a conversion: begun once, gone on with by anybody, then checked."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import oss2
from disk_images.blocks.joined import Joined
from disk_images.blocks.mapped import MappedDisk
from disk_images.blocks.open import open_disk
from disk_images.blocks.source import CannotTellError
from disk_images.convert.execute import StoredPart, compare_samples, run, run_stream
from disk_images.convert.parts import ConversionPlan, TargetPart
from disk_images.convert.stream_lane import StreamedPlan

from image_import.aliyun.oss.client import ObjectPiece, Oss, UploadGone
from image_import.aliyun.oss.multipart import CopiedObject, MultipartUpload
from image_import.errors import ServiceRejected, ServiceUnavailable
from image_import.importing.conversion.sources import LIMITS, ObjectSource
from image_import.retry import RetryPolicy

THREADS = 4
"""Parts that are made side by side; each has up to 16 MiB twice in memory."""

MOST_RESERVED_SECONDS = 30.0
"""What must be left of the function's time for another part; or a quarter of it."""


FORBIDDEN = 403


class HandedOver(ServiceUnavailable):
    """There is no time for another part: whoever is next goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PartSlice:
    """Every `of`-th part of a target, from `number` on, counted from 0."""

    number: int = 0
    of: int = 1

    def parts(self, plan: ConversionPlan) -> list[TargetPart]:
        """Return the parts of a plan that are this slice's."""
        return [part for n, part in enumerate(plan.parts) if n % self.of == self.number]


@dataclass(kw_only=True)
class TargetUpload:
    """One target on its way.

    Attributes:
        remaining: Seconds until the function is killed.
        timeout_seconds: Of the function.
        on_part: Is told how many parts are stored, and of how many; None if unknown.
        done: How many are stored.
    """

    oss: Oss
    retry: RetryPolicy
    source: ObjectSource
    bucket: str
    object_key: str
    remaining: Callable[[], float]
    timeout_seconds: float
    upload_id: str = ""
    on_part: Callable[[int, int | None], None] = lambda _, __: None
    done: int = field(default=0)

    @property
    def upload(self) -> MultipartUpload:
        """The upload, with no part known yet."""
        source = self.source
        return MultipartUpload(
            oss=self.oss,
            retry=self.retry,
            bucket=self.bucket,
            object_key=self.object_key,
            source=CopiedObject(
                bucket=source.bucket, object_key=source.object_key, etag=source.etag
            ),
            upload_id=self.upload_id,
        )

    def begin(self) -> str:
        """Return the ID of the upload: of one that was begun before, if there is one.

        The key follows from the revision, so whatever is uploaded there is the same.
        """
        known = self.uploads()
        self.upload_id = known[0] if known else self.upload.begin()
        return self.upload_id

    def uploads(self) -> list[str]:
        """Return the IDs of all uploads to this key that are open, the oldest first."""
        return uploads_under(self.oss, self.retry, self.bucket, self.object_key)

    def look(self) -> ObjectPiece | None:
        """Return what OSS says of the target, None if it is not there yet."""
        return self.upload.look()

    def store(
        self, choice: ConversionPlan | StreamedPlan, part_of: PartSlice | None = None
    ) -> bool:
        """Store what is missing, and complete the target if nothing is.

        Args:
            part_of: The slice that is ours; None for the whole.

        Returns:
            Whether the target is complete.

        Raises:
            HandedOver: There was no time for all of it.
            ObjectChanged: The source is not what it was.
            UploadGone: Somebody has aborted the upload.
            CannotTellError: The source is damaged.
        """
        upload = self.upload
        try:
            self.done = len(upload.go_on())
            if isinstance(choice, StreamedPlan):
                run_stream(choice, upload, LIMITS, on_part=self._streamed)
                upload.complete(may_overwrite=True)
                return True
            wanted = len(choice.parts)
            mine = replace(choice, parts=(part_of or PartSlice()).parts(choice))
            with ThreadPoolExecutor(THREADS) as pool:
                note = partial(self._stored, wanted)
                run(mine, upload, on_part=note, each=partial(self._each, pool))
            parts = upload.list_parts()
            if len(parts) < wanted:
                return False
            upload.complete(
                may_overwrite=True, size_bytes=choice.size_bytes, parts=parts
            )
        except UploadGone:
            # Another has completed it meanwhile, or it was aborted.
            if self.look() is None:
                raise
        return True

    def _each(
        self,
        pool: ThreadPoolExecutor,
        store: Callable[[TargetPart], None],
        parts: Iterable[TargetPart],
    ) -> Iterator[None]:
        """Store parts side by side, as long as there is time."""

        def in_time(part: TargetPart) -> None:
            self._must_have_time()
            store(part)

        try:
            yield from pool.map(in_time, parts)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise

    def _must_have_time(self) -> None:
        if self.remaining() < min(MOST_RESERVED_SECONDS, self.timeout_seconds / 4):
            raise HandedOver(
                f"the time-out is near, and {self.done:,} parts of the target are"
                " stored; the next delivery goes on there",
                service="OSS",
                action="UploadPart",
            )

    def _stored(self, wanted: int, part: StoredPart) -> None:
        self.done += not part.was_there
        self.on_part(self.done, wanted)

    def _streamed(self, part: StoredPart) -> None:
        del part
        self.done += 1
        self.on_part(self.done, None)
        self._must_have_time()

    def check_anew(self) -> None:
        """Check the target as it stands now, if it is complete."""
        if made := self.look():
            self.check(made, "")

    def discard(self) -> None:
        """Leave nothing of it behind."""
        discard_target(
            self.oss, self.retry, self.bucket, self.object_key, self.upload_id
        )

    def check(self, made: ObjectPiece, member: str) -> None:
        """Open the target anew with our own reader, and compare it with its source.

        Raises:
            CannotTellError: It cannot be read, or differs.
        """
        target = replace(
            self.source,
            bucket=self.bucket,
            object_key=self.object_key,
            etag=made.etag,
            size_bytes=made.object_size_bytes,
        )
        disk = open_disk(target.open())
        disk.read(0, 1)
        if member:
            return
        try:
            before = open_disk(self.source.open(), open_beside=self.source.open_beside)
        except CannotTellError:
            return  # It lies in an archive.
        if isinstance(before, (MappedDisk, Joined)):
            compare_samples(before, disk)


def uploads_under(oss: Oss, retry: RetryPolicy, bucket: str, prefix: str) -> list[str]:
    """Return the IDs of the open uploads to one key, the oldest first.

    Where they cannot be listed, nothing is known of any.

    Raises:
        ServiceError: They may not be listed, or OSS has not answered.
    """

    def listed(b: oss2.Bucket) -> list[tuple[int, str]]:
        found = b.list_multipart_uploads(prefix=prefix).upload_list
        return [(u.initiation_date, u.upload_id) for u in found if u.key == prefix]

    try:
        uploads = retry.repeat(
            lambda: oss.exchange("ListMultipartUploads", listed, bucket)
        )
    except ServiceRejected as exc:
        if exc.http_status == FORBIDDEN:
            raise
        return []
    return [upload_id for _, upload_id in sorted(uploads)]


def abort_uploads(
    oss: Oss, retry: RetryPolicy, bucket: str, object_key: str, upload_id: str = ""
) -> None:
    """Abort all uploads to a key."""

    def abort(b: oss2.Bucket, each: str) -> None:
        b.abort_multipart_upload(object_key, each)

    ids = {upload_id, *uploads_under(oss, retry, bucket, object_key)} - {""}
    for each in sorted(ids):
        once = partial(
            oss.exchange, "AbortMultipartUpload", partial(abort, each=each), bucket
        )
        with suppress(UploadGone):
            retry.repeat(once)


def discard_target(
    oss: Oss, retry: RetryPolicy, bucket: str, object_key: str, upload_id: str = ""
) -> None:
    """Abort all uploads to a key, and delete what stands there."""
    abort_uploads(oss, retry, bucket, object_key, upload_id)
    retry.repeat(lambda: oss.delete(bucket, object_key))
