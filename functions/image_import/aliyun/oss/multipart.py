"""One multipart upload: parts of bytes, and parts that OSS copies on its own side.

Until it is complete nobody can read the object.

Sources: "InitiateMultipartUpload", "UploadPart", "UploadPartCopy",
"CompleteMultipartUpload" and "AbortMultipartUpload", OSS documentation, read 2026-12:
parts have 100 KiB to 5 GiB, but for the last, and numbers from 1 to 10,000 with gaps.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import oss2

from image_import.aliyun.oss.client import Oss
from image_import.retry import RetryPolicy

Exchange = Callable[[oss2.Bucket], str]

SMALLEST_PART_BYTES = 100 * 1024
LARGEST_COPY_BYTES = 5 * 1024**3
MOST_PARTS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class CopiedObject:
    """The object that parts are copied from, as it was when it was looked at."""

    bucket: str
    object_key: str
    etag: str


@dataclass(kw_only=True, slots=True)
class MultipartUpload:
    """An object that is made of parts; threads may store them side by side.

    Attributes:
        source: Parts are copied from it, and only as long as it is what it was.
    """

    oss: Oss
    retry: RetryPolicy
    bucket: str
    object_key: str
    source: CopiedObject
    _upload_id: str = ""
    _etags: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """Begin the upload.

        Raises:
            ServiceError: OSS did not begin it.
        """

        def begin(target: oss2.Bucket) -> str:
            return str(target.init_multipart_upload(self.object_key).upload_id)

        self._upload_id = self.retry.repeat(
            lambda: self.oss.exchange("InitiateMultipartUpload", begin, self.bucket)
        )

    def parts_there(self) -> frozenset[int]:
        """Return the numbers of parts that are stored: none of an earlier try."""
        return frozenset(self._etags)

    def write(self, number: int, offset: int, data: bytes) -> None:
        """Store a part; again is the same as once."""
        del offset  # parts follow each other by their numbers

        def put(target: oss2.Bucket) -> str:
            return str(
                target.upload_part(self.object_key, self._upload_id, number, data).etag
            )

        self._store(number, "UploadPart", put)

    def copy(self, number: int, offset: int, source_offset: int, count: int) -> None:
        """Store a part that is a range of the source, which OSS copies by itself."""
        del offset
        source = self.source
        headers = {"x-oss-copy-source-if-match": source.etag}

        def copy(target: oss2.Bucket) -> str:
            return str(
                target.upload_part_copy(
                    source.bucket,
                    source.object_key,
                    (source_offset, source_offset + count - 1),
                    self.object_key,
                    self._upload_id,
                    number,
                    headers=headers,
                ).etag
            )

        self._store(number, "UploadPartCopy", copy)

    def _store(self, number: int, action: str, exchange: Exchange) -> None:
        etag = self.retry.repeat(
            lambda: self.oss.exchange(action, exchange, self.bucket)
        )
        with self._lock:
            self._etags[number] = etag

    def complete(self, *, may_overwrite: bool) -> None:
        """Make the object of its parts.

        Raises:
            ServiceError: OSS did not; an object that is there already is one reason.
        """
        parts = [oss2.models.PartInfo(n, self._etags[n]) for n in sorted(self._etags)]
        headers = {} if may_overwrite else {"x-oss-forbid-overwrite": "true"}

        def complete(target: oss2.Bucket) -> None:
            target.complete_multipart_upload(
                self.object_key, self._upload_id, parts, headers=headers
            )

        self.retry.repeat(
            lambda: self.oss.exchange("CompleteMultipartUpload", complete, self.bucket)
        )

    def abort(self) -> None:
        """Leave nothing behind."""

        def abort(target: oss2.Bucket) -> None:
            target.abort_multipart_upload(self.object_key, self._upload_id)

        self.retry.repeat(
            lambda: self.oss.exchange("AbortMultipartUpload", abort, self.bucket)
        )
