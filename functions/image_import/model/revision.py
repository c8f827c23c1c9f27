"""Which upload of an image this is, and the names that follow from it."""

import hashlib
import json
from dataclasses import dataclass

MARK_LENGTH = 12
"""Hex digits of a revision's hash that the name of its image shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskRevision:
    """One uploaded object: identical bytes put again are the same version."""

    object_key: str
    etag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRevision:
    """One version of an image: its disks, the system disk first.

    A changed data disk makes a new version of the whole set. `attempt` counts the
    imports that an operator asked for after one of them failed.
    """

    bucket: str
    disks: tuple[DiskRevision, ...]
    attempt: int = 1

    @property
    def object_key(self) -> str:
        """The system disk's key."""
        return self.disks[0].object_key

    @property
    def etag(self) -> str:
        """The system disk's ETag."""
        return self.disks[0].etag

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Object key and ETag of each disk, as the ledger writes them."""
        return tuple((disk.object_key, disk.etag) for disk in self.disks)

    @property
    def revision_hash(self) -> str:
        """64 hex digits that no other version shares."""
        return _sha256([self.bucket, self.pairs, self.attempt])

    @property
    def mark(self) -> str:
        """The short hash that tells the names of two revisions apart."""
        return self.revision_hash[:MARK_LENGTH]

    def client_token(self, parameters: dict[str, str]) -> str:
        """Return the token that makes a repeated ImportImage the same one.

        64 ASCII characters, the limit. It covers the parameters because a token
        that comes back with others is refused (IdempotentParameterMismatch).

        Source: "ImportImage", ECS API 2014-05-26, ClientToken; "How to ensure
        idempotence", ECS API Reference, read 2026-11.
        """
        return _sha256([self.revision_hash, sorted(parameters.items())])


def normal_etag(etag: str) -> str:
    """Return an ETag as events write it: upper case, without quotes.

    Headers quote it, events do not; OSS writes hex digits in upper case.

    Source: "PutObject" and "Event notification", OSS documentation, read 2026-11.
    """
    return etag.strip().strip('"').upper()


def key_hash(bucket: str, object_key: str) -> str:
    """Return 16 hex digits that stand for a key, whatever characters it holds."""
    return _sha256([bucket, object_key])[:16]


def _sha256(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
