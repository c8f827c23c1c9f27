"""One multipart upload: parts of bytes, and parts that OSS copies on its own side.

Until it is complete nobody can read the object. What is stored of it, OSS lists: so
whoever knows the upload's ID goes on where another was stopped.

Sources: "InitiateMultipartUpload", "UploadPart", "UploadPartCopy", "ListParts",
"CompleteMultipartUpload" and "AbortMultipartUpload", OSS documentation, read 2026-12:
parts have 100 KiB to 5 GiB, but for the last, and numbers from 1 to 10,000 with gaps.
"""

import base64
import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial

import oss2

from image_import.aliyun.oss.client import ObjectMissing, ObjectPiece, Oss, UploadGone
from image_import.aliyun.oss.crc64 import combined_crc64
from image_import.errors import ServiceUnavailable
from image_import.retry import RetryPolicy

Exchange = Callable[[oss2.Bucket], str]

SMALLEST_PART_BYTES = 100 * 1024
LARGEST_COPY_BYTES = 5 * 1024**3
MOST_PARTS = 10_000

COPY = "UploadPartCopy"
WRITE_SECONDS = 60.0
COPY_SECONDS = 300.0
"""For an answer. How long OSS takes to copy 5 GiB is stated nowhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CopiedObject:
    """The object that parts are copied from, as it was when it was looked at."""

    bucket: str
    object_key: str
    etag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedPart:
    """A part that OSS has.

    Attributes:
        crc64: None where OSS does not say it.
    """

    number: int
    etag: str
    size_bytes: int
    crc64: int | None
    modified: datetime


@dataclass(kw_only=True, slots=True)
class MultipartUpload:
    """An object that is made of parts; threads may store them side by side.

    Attributes:
        source: Parts are copied from it, and only as long as it is what it was; None
            where none is.
        write_seconds: For a part to be stored, from its first byte.
    """

    oss: Oss
    retry: RetryPolicy
    bucket: str
    object_key: str
    source: CopiedObject | None = None
    upload_id: str = ""
    write_seconds: float = WRITE_SECONDS
    _parts: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> str:
        """Begin the upload and return its ID.

        Raises:
            ServiceError: OSS did not begin it.
        """

        def begin(target: oss2.Bucket) -> str:
            return str(target.init_multipart_upload(self.object_key).upload_id)

        self.upload_id = self.retry.repeat(
            lambda: self.oss.exchange("InitiateMultipartUpload", begin, self.bucket)
        )
        return self.upload_id

    def go_on(self) -> list[ListedPart]:
        """Take over what is stored of an upload that was begun, and return it.

        Raises:
            UploadGone: It was completed or aborted meanwhile.
        """
        parts = self.list_parts()
        with self._lock:
            self._parts.update({part.number: part.etag for part in parts})
        return parts

    def list_parts(self) -> list[ListedPart]:
        """Return the parts that OSS has, in the order of their numbers.

        Raises:
            UploadGone: The upload was completed or aborted.
        """
        found: list[ListedPart] = []
        marker = ""
        while True:
            page = self.retry.repeat(partial(self._list_page, marker))
            found += [_listed(part) for part in page.parts]
            if not page.is_truncated:
                return found
            marker = str(page.next_marker)

    def _list_page(self, marker: str) -> oss2.models.ListPartsResult:
        return self.oss.exchange(
            "ListParts",
            lambda b: b.list_parts(self.object_key, self.upload_id, marker=marker),
            self.bucket,
        )

    def parts_there(self) -> frozenset[int]:
        """Return the numbers of the parts that are stored, as far as we know."""
        return frozenset(self._parts)

    def write(self, number: int, offset: int, data: bytes) -> None:
        """Store a part, unless just these bytes are stored as that part already.

        Source: "UploadPart", OSS documentation, read 2026-12: the ETag of a part is
        the MD5 of its bytes.
        """
        del offset  # parts follow each other by their numbers
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        if self._parts.get(number) == digest.hex().upper():
            return
        headers = {"Content-MD5": base64.b64encode(digest).decode()}

        def put(target: oss2.Bucket) -> str:
            return str(
                target.upload_part(
                    self.object_key, self.upload_id, number, data, headers=headers
                ).etag
            )

        self._store(number, "UploadPart", put, self.write_seconds)

    def copy(self, number: int, offset: int, source_offset: int, count: int) -> None:
        """Store a part that is a range of the source, which OSS copies by itself.

        Raises:
            ObjectChanged: The source is not what it was.
        """
        del offset
        source = self.source
        assert source, "parts are copied, and nobody said from where"  # noqa: S101
        headers = {"x-oss-copy-source-if-match": source.etag}

        def copy(target: oss2.Bucket) -> str:
            return str(
                target.upload_part_copy(
                    source.bucket,
                    source.object_key,
                    (source_offset, source_offset + count - 1),
                    self.object_key,
                    self.upload_id,
                    number,
                    headers=headers,
                ).etag
            )

        self._store(number, COPY, copy, COPY_SECONDS)

    def _store(
        self, number: int, action: str, exchange: Exchange, seconds: float
    ) -> None:
        etag = self.retry.repeat(
            lambda: self.oss.exchange(action, exchange, self.bucket, seconds=seconds)
        )
        with self._lock:
            self._parts[number] = etag.strip('"').upper()

    def complete(
        self,
        *,
        may_overwrite: bool,
        size_bytes: int | None = None,
        parts: list[ListedPart] | None = None,
    ) -> None:
        """Make the object of all parts that are stored.

        Args:
            may_overwrite: The object may be there already.
            size_bytes: What it must have; None where only the parts tell.
            parts: What OSS has listed since the last one was stored; None to ask.

        Raises:
            ServiceError: OSS did not; an object that is there already is one reason.
            UploadGone: It was completed or aborted by another.
            ServiceUnavailable: The object is not what its parts are.
        """
        parts = self.list_parts() if parts is None else parts
        whole = sum(part.size_bytes for part in parts)
        if size_bytes is not None and whole != size_bytes:
            raise ServiceUnavailable(
                f"OSS has parts of {whole:,} bytes of {self.object_key}, expected"
                f" {size_bytes:,}",
                service="OSS",
                action="ListParts",
            )
        wanted = [oss2.models.PartInfo(part.number, part.etag) for part in parts]
        headers = {} if may_overwrite else {"x-oss-forbid-overwrite": "true"}

        def complete(target: oss2.Bucket) -> None:
            target.complete_multipart_upload(
                self.object_key, self.upload_id, wanted, headers=headers
            )

        try:
            self.retry.repeat(
                lambda: self.oss.exchange(
                    "CompleteMultipartUpload",
                    complete,
                    self.bucket,
                    seconds=COPY_SECONDS,
                )
            )
        except UploadGone:
            # An answer may have been lost, or another was faster.
            if not self._is_of(parts, self.look()):
                raise
        else:
            if not self._is_of(parts, self.look()):
                raise ServiceUnavailable(
                    f"{self.object_key} is not what its parts are: size or CRC-64"
                    " differ",
                    service="OSS",
                    action="CompleteMultipartUpload",
                )

    def look(self) -> ObjectPiece | None:
        """Return what OSS says of the object, None if there is none."""
        with suppress(ObjectMissing):
            return self.retry.repeat(
                lambda: self.oss.head(self.bucket, self.object_key)
            )
        return None

    def _is_of(self, parts: list[ListedPart], made: ObjectPiece | None) -> bool:
        """Whether an object is what these parts are in a row."""
        size = sum(part.size_bytes for part in parts)
        if made is None or made.object_size_bytes != size:
            return False
        known = [(p.crc64, p.size_bytes) for p in parts if p.crc64 is not None]
        if not made.crc64 or len(known) < len(parts):
            return True
        return combined_crc64(known) == int(made.crc64)

    def abort(self) -> None:
        """Leave nothing behind; what is gone is left behind by nobody."""

        def abort(target: oss2.Bucket) -> None:
            target.abort_multipart_upload(self.object_key, self.upload_id)

        with suppress(UploadGone):
            self.retry.repeat(
                lambda: self.oss.exchange("AbortMultipartUpload", abort, self.bucket)
            )


def _listed(part: oss2.models.PartInfo) -> ListedPart:
    return ListedPart(
        number=part.part_number,
        etag=str(part.etag).strip('"').upper(),
        size_bytes=part.size,
        crc64=part.part_crc,
        modified=datetime.fromtimestamp(part.last_modified, timezone.utc),
    )
