"""Where the ledger keeps what it knows of one object key.

Under LEDGER_PREFIX::

    images/<name>-<key hash>/<ETag>.jsonl        the ledger of one uploaded object
    images/<name>-<key hash>/<ETag>~2.jsonl      its continuation, if something else
                                                 was put over the first part
    images/<name>-<key hash>/.set-<hash>.json    a manifest lists this object as a disk
    open/<name>-<key hash>/<ETag>.<claim>.json   an import that is under way
    jobs/<name>-<key hash>/<mark>-<disk>-<n>.json
                                                 a part of a conversion to be done
    converted/<name>-<key hash>/<mark>-<disk>.qcow2
                                                 what an upload was converted to
    kept/groups/<name>-<hash>/<hash>.json        an image of a family or folder
    kept/deprecated/<time>.<hash>.json           an image that is to be deleted
    outbox/<hash>/<line>-<hash>.json             news that waits to be told
    tracker.json                                 when the tracker last ran

Each claim has a note of its own under `open/`, so that whoever deletes a note never
takes that of another claim with it; and the note's key tells the ledger's, so that
following an import takes one read.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from image_import.model.revision import key_hash

TARGET_MARK = 16
"""Hex digits of a revision's hash in the names of what it is converted to."""

LONGEST_NAME = 60
"""Characters of a key's last part that a ledger's folder shows to a person."""

IMAGES = "images/"
OPEN = "open/"
JOBS = "jobs/"
CONVERTED = "converted/"
KEPT = "kept/"
DEPRECATED = f"{KEPT}deprecated/"
OUTBOX = "outbox/"
TRACKER = "tracker.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerKeys:
    """Where the ledger keeps what it knows of one object key."""

    prefix: str
    bucket: str
    object_key: str

    @property
    def folder(self) -> str:
        """The folder of this key: readable, and unlike that of any other key."""
        return f"{self.prefix}{IMAGES}{self._name}/"

    def ledger_key(self, etag: str, part: int = 1) -> str:
        """Return the key of one part of a version's ledger."""
        suffix = "" if part == 1 else f"~{part}"
        return f"{self.folder}{_safe(etag)}{suffix}.jsonl"

    def manifest_note_key(self, manifest_key: str) -> str:
        """Return the key of the note that a manifest lists this object.

        Without a manifest's key it is the one name under which a note is left where
        the ledger may not be listed, so that it can be read without a listing.
        """
        which = key_hash(self.bucket, manifest_key) if manifest_key else "only"
        return f"{self.folder}.set-{which}.json"

    def open_key(self, etag: str, claim: str) -> str:
        """Return the key that stands while this claim's import is under way."""
        return f"{self.prefix}{OPEN}{self._name}/{_safe(etag)}.{_safe(claim)}.json"

    def target_key(self, revision_hash: str, disk: int, ending: str) -> str:
        """Return the key of what one disk of a revision is converted to.

        Args:
            disk: From 1 on.
            ending: As `qcow2`.
        """
        return f"{self.targets_of(revision_hash)}{disk}.{ending}"

    def targets_of(self, revision_hash: str) -> str:
        """Return the prefix of all that a revision is converted to."""
        mark = revision_hash[:TARGET_MARK]
        return f"{self.prefix}{CONVERTED}{self._name}/{mark}-"

    def job_key(self, revision_hash: str, disk: int, number: int) -> str:
        """Return the key of what asks for a part of a conversion."""
        return f"{self.jobs_of(revision_hash)}{disk}-{number}.json"

    def jobs_of(self, revision_hash: str) -> str:
        """Return the prefix of all jobs of a revision's conversion."""
        mark = revision_hash[:TARGET_MARK]
        return f"{self.prefix}{JOBS}{self._name}/{mark}-"

    def part_number(self, key: str, etag: str) -> int:
        """Return which part of this version's ledger `key` is; 0 if none."""
        stem = f"{self.folder}{_safe(etag)}"
        match = re.fullmatch(re.escape(stem) + r"(?:~([2-9]))?\.jsonl", key)
        return int(match[1] or 1) if match else 0

    def is_manifest_note(self, key: str) -> bool:
        """Whether this is a note that a manifest lists the object."""
        return key.startswith(f"{self.folder}.set-")

    @property
    def _name(self) -> str:
        name = re.sub(r"[^\w.-]+", "_", self.object_key.rpartition("/")[2])
        shown = name[:LONGEST_NAME].strip("._") or "image"
        return f"{shown}-{key_hash(self.bucket, self.object_key)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenKey:
    """What the key of a note under `open/` says."""

    key: str
    ledger_key: str
    claim: str


def read_open_key(key: str, *, prefix: str) -> OpenKey | None:
    """Return what the key of a note says; None if it is none of ours."""
    pattern = rf"{re.escape(prefix + OPEN)}([^/]+/[0-9A-Za-z_-]+)\.([0-9A-Za-z_-]+)"
    match = re.fullmatch(pattern + r"\.json", key)
    if match is None:
        return None
    ledger_key = f"{prefix}{IMAGES}{match[1]}.jsonl"
    return OpenKey(key=key, ledger_key=ledger_key, claim=match[2])


def group_folder(group: str, *, prefix: str) -> str:
    """Return the folder of the notes of a group of images."""
    shown = re.sub(r"[^\w.-]+", "_", group)[:LONGEST_NAME].strip("._") or "images"
    return f"{prefix}{KEPT}groups/{shown}-{key_hash('', group)}/"


def kept_note_key(ledger_key: str, version: str, *, folder: str) -> str:
    """Return the key of the note that an image belongs to a group."""
    return f"{folder}{key_hash(ledger_key, version)}.json"


def deprecated_note_key(
    ledger_key: str, version: str, *, since: datetime, prefix: str
) -> str:
    """Return the key of the note that an image is deprecated; such keys sort by time.

    Args:
        since: When the last of its copies was deprecated.
    """
    stamp = f"{since.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"
    return f"{prefix}{DEPRECATED}{stamp}.{key_hash(ledger_key, version)}.json"


def deprecated_since(key: str, *, prefix: str) -> datetime | None:
    """Return since when an image is deprecated, by its note's key."""
    pattern = rf"{re.escape(prefix + DEPRECATED)}([0-9T]+)Z\.[0-9a-f]+\.json"
    match = re.fullmatch(pattern, key)
    if match is None:
        return None
    moment = datetime.strptime(match[1], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - said next
    return moment.replace(tzinfo=timezone.utc)


def _safe(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z-]+", "_", text) or "none"
