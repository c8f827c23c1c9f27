"""What a bucket holds: objects, delete markers, and their versions."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fake_aliyun.core.content import Content

ObjectType = Literal["Normal", "Appendable", "Multipart", "Symlink"]
Versioning = Literal["", "Enabled", "Suspended"]
NULL_VERSION = "null"
ARCHIVED = frozenset({"Archive", "ColdArchive", "DeepColdArchive"})
STORAGE_CLASSES = frozenset({"Standard", "IA", *ARCHIVED})
"""Source: "x-oss-storage-class", PutObject, OSS documentation, read 2026-11."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attributes:
    """What a request says about an object besides its bytes.

    Attributes:
        headers: Content-Type, Cache-Control and the like, by lower-case name.
        metadata: User metadata by lower-case name without `x-oss-meta-`.
        storage_class: "" for the bucket's.
        encryption: "" for the bucket's.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = ""
    acl: str = "default"
    encryption: str = ""


@dataclass(kw_only=True, slots=True)
class OssObject:
    """One version of an object.

    Attributes:
        etag: Without quotes.
        headers: Content-Type, Cache-Control and the like, by lower-case name.
        metadata: User metadata by lower-case name without `x-oss-meta-`.
        symlink_target: The key that a symlink points to.
        restore_began: When an archived object was asked back.
        restored_days: For how long it stays restored.
    """

    key: str
    content: Content
    etag: str
    object_type: ObjectType
    last_modified: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = "Standard"
    acl: str = "default"
    encryption: str = ""
    symlink_target: str = ""
    version_id: str = NULL_VERSION
    restore_began: datetime | None = None
    restored_days: int = 0

    @property
    def size_bytes(self) -> int:
        """Return the object's size."""
        return len(self.content)


@dataclass(kw_only=True, slots=True)
class DeleteMarker:
    """What a delete leaves behind in a versioned bucket."""

    key: str
    version_id: str
    last_modified: datetime


Version = OssObject | DeleteMarker


class Versions:
    """All versions of all keys of one bucket; the last of a key is its current one."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[Version]] = {}
        self._keys: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def all_keys(self) -> list[str]:
        """Return every key that has a version, in the order of listings."""
        return list(self._keys)

    def keys_from(self, first: str, *, prefix: str) -> Iterator[str]:
        """Yield the keys with a prefix, from `first` on, in the order of listings."""
        start = bisect_left(self._keys, max(first, prefix))
        for place in range(start, len(self._keys)):
            if not self._keys[place].startswith(prefix):
                return
            yield self._keys[place]

    def of(self, key: str) -> list[Version]:
        """Return the versions of a key, oldest first."""
        return self._by_key.get(key, [])

    def current(self, key: str) -> OssObject | None:
        """Return the object that a key stands for, if it stands for one."""
        versions = self._by_key.get(key)
        last = versions[-1] if versions else None
        return last if isinstance(last, OssObject) else None

    def find(self, key: str, version_id: str) -> Version | None:
        """Return one version of a key."""
        return next((v for v in self.of(key) if v.version_id == version_id), None)

    def add(self, version: Version, *, versioning: Versioning) -> None:
        """Put a version on top; what it replaces follows from the versioning."""
        if versioning:
            self.remove(version.key, version.version_id)
        if version.key not in self._by_key:
            insort(self._keys, version.key)
        earlier = self.of(version.key) if versioning else []
        self._by_key[version.key] = [*earlier, version]

    def remove(self, key: str, version_id: str) -> Version | None:
        """Return a version, now gone for good."""
        version = self.find(key, version_id)
        if version is not None:
            self._by_key[key].remove(version)
            if not self._by_key[key]:
                del self._by_key[key]
                del self._keys[bisect_left(self._keys, key)]
        return version
