"""Whether an upload is the file that was meant, by what OSS says of it anyway.

OSS tells the CRC-64 of every object. It tells the MD5 of some: an ETag is one only
where Content-MD5 says the same, for most ways to upload make another ETag. A SHA-256
it never tells. What cannot be compared is said, and proves nothing.

Sources: "GetObject", response headers x-oss-hash-crc64ecma, Content-MD5 and ETag, and
"PutObject", ETag, OSS documentation, read 2026-12.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from image_import.errors import ConflictError
from image_import.model.checksum import CRC64, MD5, SHA256, StatedChecksum
from image_import.planning.evidence import DiskEvidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What came of a comparison.

    Attributes:
        matched: The keys of the objects that a checksum fits.
        notes: What was compared, and what could not be.
        awaited: What is required and not there yet; "" if nothing is.
    """

    matched: frozenset[str]
    notes: tuple[str, ...]
    awaited: str = ""


def compare(
    stated: Iterable[StatedChecksum], disks: Sequence[DiskEvidence]
) -> Compared:
    """Return which uploads are known to be the files that were meant.

    Raises:
        ConflictError: One of them is another file.
    """
    by_key = {disk.object_key: disk for disk in disks}
    matched: set[str] = set()
    notes: list[str] = []
    wrong: list[str] = []
    for one in stated:
        found, may_be = _told(one.name, by_key[one.object_key])
        what = f"the {one.name} of {one.object_key} in {one.source}"
        if one.value in {found, *may_be}:
            matched.add(one.object_key)
            notes.append(f"{what} is that of the upload")
        elif found:
            wrong.append(f"{what} is {one.value}, and that of the upload is {found}")
        else:
            notes.append(f"{what} was not compared: {_why_not(one.name)}")
    if wrong:
        raise ConflictError(
            f"the upload is not the file that was meant: {'; '.join(wrong)}; upload "
            "the file again, or correct the checksum"
        )
    return Compared(matched=frozenset(matched), notes=tuple(notes))


def _told(name: str, disk: DiskEvidence) -> tuple[str, tuple[str, ...]]:
    """Return the checksum of an object, "" if unknown, and what may be it."""
    is_whole = len(disk.head) == disk.object_size_bytes
    if name == CRC64:
        return disk.crc64, ()
    if name == SHA256:
        return hashlib.sha256(disk.head).hexdigest() if is_whole else "", ()
    if is_whole:
        return hashlib.md5(disk.head, usedforsecurity=False).hexdigest(), ()
    etag = disk.revision.etag.lower()
    if disk.content_md5 == etag:
        return etag, ()
    return "", (etag, *filter(None, (disk.content_md5,)))


def _why_not(name: str) -> str:
    if name == MD5:
        return "OSS does not say the MD5 of what was uploaded so; state Crc64"
    if name == SHA256:
        return "OSS says no SHA-256; state Crc64"
    return "this OSS says no CRC-64"
