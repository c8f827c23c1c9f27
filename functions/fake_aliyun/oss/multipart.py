"""Multipart uploads: parts, and how they become an object.

Source: InitiateMultipartUpload, UploadPart and CompleteMultipartUpload, OSS
documentation, read 2026-11: part numbers 1-10000, parts of 100 KB to 5 GB except the
last, ascending order without need of being consecutive.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fake_aliyun.core.content import Content
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.objects import Attributes

MAX_PART_NUMBER = 10_000
MIN_PART_BYTES = 100 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of an upload."""

    number: int
    content: Content
    etag: str
    last_modified: datetime


@dataclass(kw_only=True)
class Upload:
    """A multipart upload under way.

    Attributes:
        attributes: What the request that began it said about the object.
    """

    upload_id: str
    key: str
    initiated: datetime
    attributes: Attributes
    forbids_overwrite: bool = False
    parts: dict[int, Part] = field(default_factory=dict)

    def add_part(self, part: Part) -> None:
        """Keep a part; it replaces an earlier one of its number."""
        if not 1 <= part.number <= MAX_PART_NUMBER:
            raise OssError("InvalidArgument", ArgumentName="partNumber")
        self.parts[part.number] = part

    def chosen(self, wanted: Iterable[tuple[int, str]]) -> list[Part]:
        """Return the parts that a client lists by number and ETag.

        Raises:
            OssError: InvalidPartOrder, InvalidPart or EntityTooSmall.
        """
        listed = list(wanted)
        numbers = [number for number, _ in listed]
        if numbers != sorted(set(numbers)):
            raise OssError("InvalidPartOrder", UploadId=self.upload_id)
        if not listed:
            raise OssError("MalformedXML", ErrorDetail="no part is listed")
        parts = [self._listed(number, etag) for number, etag in listed]
        for part in parts[:-1]:
            if len(part.content) < MIN_PART_BYTES:
                raise OssError("EntityTooSmall", PartNumber=str(part.number))
        return parts

    def _listed(self, number: int, etag: str) -> Part:
        part = self.parts.get(number)
        if part is None or part.etag != etag.strip('"').upper():
            raise OssError("InvalidPart", PartNumber=str(number))
        return part


def join(parts: Iterable[Part]) -> Content:
    """Return the bytes of all parts."""
    content = Content()
    for part in parts:
        content += part.content
    return content


def multipart_etag(parts: Mapping[int, Part] | Iterable[Part]) -> str:
    """Return an ETag that is no MD5 of the bytes and ends in the number of parts.

    Source: published HeadObject answers of multipart objects; the documentation only
    says that the value is no MD5 of the content; read 2026-11.
    """
    listed = list(parts.values() if isinstance(parts, Mapping) else parts)
    digest = hashlib.md5(usedforsecurity=False)
    for part in listed:
        digest.update(bytes.fromhex(part.etag))
    return f"{digest.hexdigest().upper()}-{len(listed)}"
