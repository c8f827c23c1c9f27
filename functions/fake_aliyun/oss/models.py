"""Buckets and what is in them: the rules of OSS, without HTTP."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from fake_aliyun.core.clock import Clock, http_date
from fake_aliyun.core.content import Content
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.lifecycle import LifecycleRule
from fake_aliyun.oss.multipart import Upload
from fake_aliyun.oss.objects import (
    ARCHIVED,
    NULL_VERSION,
    STORAGE_CLASSES,
    Attributes,
    DeleteMarker,
    ObjectType,
    OssObject,
    Version,
    Versioning,
    Versions,
)
from fake_aliyun.oss.policies import BucketPolicy

BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
MAX_KEY_BYTES = 1023
MAX_TAGS = 10
MAX_PUT_BYTES = 5 * 1024**3
TAG_TEXT = re.compile(r"[\w+\-=. :/]*")
"""Letters of any script, as oss2's own suite puts them; read 2026-12."""
MAX_METADATA_BYTES = 8 * 1024


@dataclass(kw_only=True)
class Bucket:
    """One bucket.

    Attributes:
        encryption: The default algorithm of server-side encryption: "", AES256, KMS.
        policy: Its own, beside those of RAM.
        refuses_v1: Whether signatures of version 1 are refused, as buckets created
            since September 2025 do.
        lifecycle: Its rules.
        lifecycle_ran: The midnight at which they last ran, or before they were set.
    """

    name: str
    region_id: str
    created: datetime
    acl: str = "private"
    storage_class: str = "Standard"
    versioning: Versioning = ""
    encryption: str = ""
    policy: BucketPolicy | None = None
    refuses_v1: bool = False
    lifecycle: tuple[LifecycleRule, ...] = ()
    lifecycle_ran: datetime | None = None
    versions: Versions = field(default_factory=Versions)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def next_version_id(self) -> str:
        """Return the ID that a version written now gets."""
        return f"CAEQ{secrets.token_hex(28)}" if self.is_enabled else NULL_VERSION

    @property
    def is_enabled(self) -> bool:
        """Return whether each write makes a version of its own."""
        return self.versioning == "Enabled"


class OssBackend:
    """All buckets of one account.

    Attributes:
        lasting: Names and regions of the buckets that a reset makes anew.
    """

    def __init__(self, *, account_id: str, region_id: str, clock: Clock) -> None:
        self.account_id = account_id
        self.region_id = region_id
        self.clock = clock
        self.buckets: dict[str, Bucket] = {}
        self.lasting: dict[str, str] = {}
        self.restore_seconds: float = 3600

    def clear(self) -> None:
        """Forget all buckets but those that last, which are empty then."""
        self.buckets.clear()
        for name, region_id in self.lasting.items():
            self.create_bucket(name, region_id=region_id)

    def create_bucket(self, name: str, *, region_id: str = "") -> Bucket:
        """Return a bucket, new or the account's own of that name and region."""
        if not BUCKET_NAME.fullmatch(name):
            raise OssError("InvalidBucketName", BucketName=name)
        region_id = region_id or self.region_id
        bucket = self.buckets.get(name)
        if bucket is None:
            bucket = Bucket(name=name, region_id=region_id, created=self.clock())
            self.buckets[name] = bucket
        elif bucket.region_id != region_id:
            raise OssError("BucketAlreadyExists", BucketName=name)
        return bucket

    def bucket(self, name: str) -> Bucket:
        """Return a bucket that exists."""
        if name not in self.buckets:
            raise OssError("NoSuchBucket", BucketName=name)
        bucket = self.buckets[name]
        if bucket.lifecycle:
            self._run_lifecycle(bucket)
        return bucket

    def set_lifecycle(self, bucket: Bucket, rules: tuple[LifecycleRule, ...]) -> None:
        """Let rules count from the next midnight on, in place of those before."""
        bucket.lifecycle = rules
        bucket.lifecycle_ran = self._midnight()

    def _midnight(self) -> datetime:
        """Return the last midnight, UTC, at which rules ran."""
        now = self.clock().astimezone(timezone.utc)
        return now.replace(hour=0, minute=0, second=0, microsecond=0)

    def _run_lifecycle(self, bucket: Bucket) -> None:
        """Drop what is over since the rules ran last."""
        midnight = self._midnight()
        if bucket.lifecycle_ran is not None and midnight <= bucket.lifecycle_ran:
            return
        bucket.lifecycle_ran = midnight
        for key in bucket.versions.all_keys():
            found = bucket.versions.current(key)
            if found and any(r.is_over(found, midnight) for r in bucket.lifecycle):
                self.delete_object(bucket, key)
        for upload in list(bucket.uploads.values()):
            if any(rule.gives_up(upload, midnight) for rule in bucket.lifecycle):
                del bucket.uploads[upload.upload_id]

    def delete_bucket(self, name: str) -> None:
        """Remove a bucket that is empty."""
        bucket = self.bucket(name)
        if bucket.versions or bucket.uploads:
            raise OssError("BucketNotEmpty", BucketName=name)
        del self.buckets[name]

    def find_version(self, bucket: Bucket, key: str, version_id: str = "") -> OssObject:
        """Return the current or the named version of an object, as it is stored."""
        if not version_id:
            current = bucket.versions.current(key)
            if current is None:
                raise _no_such_key(bucket, key)
            return current
        version = bucket.versions.find(key, version_id)
        if version is None:
            raise OssError("NoSuchVersion", Key=key, VersionId=version_id)
        if isinstance(version, DeleteMarker):
            headers = {"x-oss-delete-marker": "true", "x-oss-version-id": version_id}
            raise OssError("MethodNotAllowed", headers=headers, Method="GET")
        return version

    def find_object(self, bucket: Bucket, key: str, version_id: str = "") -> OssObject:
        """Return an object with symlinks followed, one step as OSS does."""
        found = self.find_version(bucket, key, version_id)
        if not found.symlink_target:
            return found
        target = bucket.versions.current(found.symlink_target)
        if target is None:
            raise OssError("SymlinkTargetNotExist", Key=found.symlink_target)
        if target.symlink_target:
            raise OssError("InvalidTargetType", Type="Symlink")
        return target

    def check_readable(self, found: OssObject) -> None:
        """Let an object pass whose bytes can be read now."""
        if self.restore_state(found) not in {"", "restored"}:
            raise OssError("InvalidObjectState", ObjectName=found.key)

    def restore_state(self, found: OssObject) -> str:
        """Return "" for an object not archived, else archived, ongoing or restored."""
        if found.storage_class not in ARCHIVED:
            return ""
        if found.restore_began is None:
            return "archived"
        ready = found.restore_began + timedelta(seconds=self.restore_seconds)
        if self.clock() < ready:
            return "ongoing"
        return "restored" if self.clock() < self.restored_until(found) else "archived"

    def restored_until(self, found: OssObject) -> datetime:
        """Return when a restored object falls back into the archive."""
        began = found.restore_began or self.clock()
        return began + timedelta(seconds=self.restore_seconds, days=found.restored_days)

    def restore_header(self, found: OssObject) -> str:
        """Return how far an archived object is back, as `x-oss-restore` says it.

        Listings say the same in `RestoreInfo`. It is "" for what is not archived or
        was not asked back.
        """
        state = self.restore_state(found)
        if state == "ongoing":
            return 'ongoing-request="true"'
        if state == "restored":
            ends = http_date(self.restored_until(found))
            return f'ongoing-request="false", expiry-date="{ends}"'
        return ""

    def restore_object(self, found: OssObject, *, days: int) -> bool:
        """Return whether the object was restored before; ask for its bytes."""
        state = self.restore_state(found)
        if not state:
            raise OssError(
                "OperationNotSupported",
                ec="0016-00000702",
                Detail="RestoreObject operation does not support this object "
                "storage class",
            )
        if state == "ongoing":
            raise OssError("RestoreAlreadyInProgress", ObjectName=found.key)
        if state == "archived":
            found.restore_began = self.clock()
        found.restored_days = days
        return state == "restored"

    def store(  # noqa: PLR0913 - what makes an object, all by name
        self,
        bucket: Bucket,
        key: str,
        content: Content,
        *,
        etag: str,
        object_type: ObjectType,
        attributes: Attributes,
        symlink_target: str = "",
    ) -> OssObject:
        """Return a new object, now the current version of its key."""
        stored = OssObject(
            key=check_key(key),
            content=content,
            etag=etag,
            object_type=object_type,
            last_modified=self.clock(),
            headers=attributes.headers,
            metadata=check_metadata(attributes.metadata),
            tags=check_tags(attributes.tags),
            storage_class=check_class(attributes.storage_class or bucket.storage_class),
            acl=attributes.acl,
            encryption=attributes.encryption or bucket.encryption,
            symlink_target=symlink_target,
            version_id=bucket.next_version_id(),
        )
        bucket.versions.add(stored, versioning=bucket.versioning)
        return stored

    def check_overwrite(self, bucket: Bucket, key: str, *, forbidden: bool) -> None:
        """Let a write pass that may replace what is there.

        Source: PutObject, `x-oss-forbid-overwrite`: "does not take effect when
        versioning is enabled or suspended for the bucket", read 2026-11.
        """
        if forbidden and not bucket.versioning and bucket.versions.current(key):
            raise OssError("FileAlreadyExists", Key=key)

    def delete_object(
        self, bucket: Bucket, key: str, version_id: str = ""
    ) -> Version | None:
        """Return the version removed or the marker left, if there is either."""
        if version_id:
            return bucket.versions.remove(key, version_id)
        if not bucket.versioning:
            return bucket.versions.remove(key, NULL_VERSION) and None
        marker = DeleteMarker(
            key=key,
            version_id=bucket.next_version_id(),
            last_modified=self.clock(),
        )
        bucket.versions.add(marker, versioning=bucket.versioning)
        return marker


def size_before(bucket: Bucket, key: str) -> int:
    """Return the size of what a write is about to replace."""
    current = bucket.versions.current(key)
    return current.size_bytes if current else 0


def put_etag(content: Content) -> str:
    """Return the ETag of PutObject: the MD5 of the bytes in upper-case hex.

    Source: PutObject, "ETag", OSS documentation, read 2026-11.
    """
    return content.md5.hex().upper()


def opaque_etag(content: Content) -> str:
    """Return an ETag that is no MD5, alike for like contents.

    Source: "Definitions of common HTTP headers": the ETag of an object not created by
    PutObject is a UUID-like value; a published HeadObject answer of an appended
    object ends in eight zeros; both read 2026-11.
    """
    return f"{content.crc64:016X}{content.size_bytes & 0xFFFFFFFF:08X}00000000"


def check_key(key: str) -> str:
    """Return a key that OSS takes."""
    if not key or len(key.encode()) > MAX_KEY_BYTES or key[0] in "/\\":
        raise OssError("InvalidObjectName", ObjectName=key)
    return key


def check_class(storage_class: str) -> str:
    """Return a storage class that OSS knows."""
    if storage_class not in STORAGE_CLASSES:
        raise OssError("InvalidArgument", ArgumentName="x-oss-storage-class")
    return storage_class


def check_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Return user metadata of at most 8 KB with names of letters, digits, hyphens."""
    total = sum(len(name) + len(value) for name, value in metadata.items())
    named = all(re.fullmatch(r"[a-z0-9-]+", name) for name in metadata)
    if total > MAX_METADATA_BYTES or not named:
        raise OssError("InvalidArgument", ArgumentName="x-oss-meta-*")
    return metadata


def check_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Return at most ten tags of the characters and lengths that OSS takes."""
    fits = all(
        1 <= len(key) <= 128 and len(value) <= 256 and TAG_TEXT.fullmatch(key + value)
        for key, value in tags.items()
    )
    if len(tags) > MAX_TAGS or not fits:
        raise OssError("InvalidTag")
    return tags


def _no_such_key(bucket: Bucket, key: str) -> OssError:
    versions = bucket.versions.of(key)
    if not versions:
        return OssError("NoSuchKey", Key=key)
    marker = {
        "x-oss-delete-marker": "true",
        "x-oss-version-id": versions[-1].version_id,
    }
    return OssError("NoSuchKey", headers=marker, Key=key)
