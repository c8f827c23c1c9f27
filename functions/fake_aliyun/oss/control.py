"""What a test does to OSS without going through a client."""

import secrets
import threading
from collections.abc import Callable, Mapping

from fake_aliyun.core.clock import check_seconds
from fake_aliyun.core.content import Content
from fake_aliyun.core.faults import Fault, Faults
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.events import Event, as_bytes, object_created
from fake_aliyun.oss.models import (
    BUCKET_NAME,
    Bucket,
    OssBackend,
    opaque_etag,
    put_etag,
    size_before,
)
from fake_aliyun.oss.objects import Attributes, OssObject

BUCKET_NAME_RULE = (
    "it has 3 to 63 lower-case letters, digits and hyphens, and a letter or digit at "
    "either end"
)
"""Source: "Bucket overview", naming of buckets, OSS documentation, read 2026-11."""


class OssControl:
    """The buckets of a cloud, as a test sees and fills them.

    Attributes:
        events: Each object-created record so far, oldest first.
    """

    def __init__(
        self,
        backend: OssBackend,
        *,
        faults: Faults,
        publish: Callable[[Event], None],
        lock: threading.RLock,
    ) -> None:
        self._backend = backend
        self._faults = faults
        self._publish = publish
        self._lock = lock
        self.events: list[Event] = []

    @property
    def buckets(self) -> Mapping[str, Bucket]:
        """Return the buckets by name; their attributes may be set."""
        return self._backend.buckets

    @property
    def restore_seconds(self) -> float:
        """Return how long an archived object takes to come back."""
        return self._backend.restore_seconds

    @restore_seconds.setter
    def restore_seconds(self, seconds: float) -> None:
        check_seconds("restore_seconds", seconds)
        self._backend.restore_seconds = seconds

    def create_bucket(
        self, name: str, *, region_id: str = "", is_lasting: bool = False
    ) -> Bucket:
        """Return a bucket, new unless there is one.

        Args:
            name: Its name.
            region_id: Where it is; "" for the cloud's own region.
            is_lasting: Whether a reset makes it anew, empty.

        Raises:
            OssError: InvalidBucketName, BucketAlreadyExists.
        """
        if not BUCKET_NAME.fullmatch(name):
            raise OssError(
                "InvalidBucketName",
                message=f"{name!r} is no name of a bucket: {BUCKET_NAME_RULE}",
                BucketName=name,
            )
        bucket = self._backend.create_bucket(name, region_id=region_id)
        if is_lasting:
            self._backend.lasting[name] = bucket.region_id
        return bucket

    def put(  # noqa: PLR0913 - what an object may have, all by name
        self,
        bucket: str,
        key: str,
        data: bytes | None = None,
        *,
        head: bytes = b"",
        tail: bytes = b"",
        size_bytes: int | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
        storage_class: str = "",
    ) -> OssObject:
        """Return an object put into a bucket, which is made if there is none.

        Args:
            bucket: Its name.
            key: As OSS stores it, never encoded.
            data: The whole object; or leave it out and give `size_bytes`, of which
                only `head` and `tail` are kept and the rest is zeros. Such an object
                counts as uploaded in parts.
            head: The first bytes.
            tail: The last bytes.
            size_bytes: The size of the whole.
            metadata: User metadata, names without `x-oss-meta-`.
            tags: Object tags.
            content_type: Of the object.
            storage_class: That of the bucket if left out.

        Raises:
            TypeError: `data` is no bytes, or nothing says what the object holds.
            OssError: The bucket cannot be made.
        """
        if data is None and size_bytes is None and not (head or tail):
            raise TypeError("put needs data, b'' for an empty object, or size_bytes")
        for name, given in (("data", data or b""), ("head", head), ("tail", tail)):
            if not isinstance(given, bytes | bytearray | memoryview):
                raise TypeError(
                    f"{name} is of type {type(given).__name__}; it takes bytes, such "
                    "as text.encode()"
                )
        whole = size_bytes is None
        content = Content([data if data is not None else head + tail])
        if size_bytes is not None:
            content = Content.sparse(head=head, tail=tail, size_bytes=size_bytes)
        attributes = Attributes(
            headers={"content-type": content_type},
            metadata=metadata or {},
            tags=tags or {},
            storage_class=storage_class,
        )
        with self._lock:
            home = self._backend.buckets.get(bucket) or self.create_bucket(bucket)
            before = size_before(home, key)
            made = self._backend.store(
                home,
                key,
                content,
                etag=put_etag(content) if whole else _parts_etag(content),
                object_type="Normal" if whole else "Multipart",
                attributes=attributes,
            )
        event = object_created(
            "PutObject" if whole else "CompleteMultipartUpload",
            bucket=bucket,
            region_id=home.region_id,
            account_id=self._backend.account_id,
            made=made,
            delta_bytes=made.size_bytes - before,
            request_id=secrets.token_hex(12).upper(),
        )
        self._publish(event)
        return made

    def get(self, bucket: str, key: str) -> OssObject:
        """Return the current version of an object."""
        return self._backend.find_version(self._backend.bucket(bucket), key)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object as DeleteObject does."""
        with self._lock:
            self._backend.delete_object(self._backend.bucket(bucket), key)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys of the current objects of a bucket, sorted."""
        versions = self._backend.bucket(bucket).versions
        return [
            key
            for key in versions.all_keys()
            if key.startswith(prefix) and versions.current(key)
        ]

    def event(self, bucket: str, key: str) -> bytes:
        """Return the payload of the latest object-created event of a key.

        Raises:
            LookupError: The key was never made.
        """
        for record in reversed(self.events):
            oss = record["oss"]
            if (oss["bucket"]["name"], oss["object"]["key"]) == (bucket, key):
                return as_bytes(record)
        raise LookupError(f"no object {key!r} was ever made in {bucket!r}")

    def fail_next(self, code: str = "", **options: object) -> None:
        """Let coming requests fail; `faults.Fault` lists the options."""
        self._faults.add(Fault.from_json({"service": "oss", "code": code, **options}))


def _parts_etag(content: Content) -> str:
    parts = max(1, -(-content.size_bytes // (10 * 1024**2)))
    return f"{opaque_etag(content)}-{min(parts, 10_000)}"
