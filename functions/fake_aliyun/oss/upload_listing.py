"""Listings of multipart uploads: prefix, delimiter and pages.

Source: ListMultipartUploads, OSS documentation, read 2026-11. Its example tells the
next markers also on the last page; which ones follow a page that ends in a common
prefix is stated nowhere, here the prefix itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from fake_aliyun import xml
from fake_aliyun.clock import iso_date
from fake_aliyun.oss.handlers import flag, read_count
from fake_aliyun.oss.listing import common_prefix
from fake_aliyun.oss.multipart import Upload
from fake_aliyun.oss.rendering import encoded
from fake_aliyun.oss.requests import OssRequest

Pairs = list[tuple[str, xml.Children]]


class UploadPage(NamedTuple):
    """One page: uploads, common prefixes, and where the next one begins."""

    uploads: list[Upload]
    prefixes: list[str]
    next_key: str = ""
    next_upload_id: str = ""
    is_truncated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadQuery:
    """What a listing of uploads asks for.

    Attributes:
        key_marker: Only what sorts behind this key or common prefix.
        upload_id_marker: With `key_marker`: also uploads of that key behind this one.
    """

    prefix: str
    delimiter: str
    key_marker: str
    upload_id_marker: str
    max_uploads: int

    @classmethod
    def of(cls, request: OssRequest) -> "UploadQuery":
        """Return what a request asks for.

        Raises:
            OssError: InvalidArgument.
        """
        said = request.parameters
        return cls(
            prefix=said.get("prefix", ""),
            delimiter=said.get("delimiter", ""),
            key_marker=said.get("key-marker", ""),
            upload_id_marker=said.get("upload-id-marker", ""),
            max_uploads=read_count(request, "max-uploads", default=1000),
        )

    def is_behind(self, upload: Upload) -> bool:
        """Return whether an upload is not on an earlier page."""
        if not self.key_marker:
            return True
        if upload.key == self.key_marker and self.upload_id_marker:
            return upload.upload_id > self.upload_id_marker
        prefix = common_prefix(upload.key, self.prefix, self.delimiter)
        return (prefix or upload.key) > self.key_marker

    def shown(self, request: OssRequest, page: UploadPage) -> Pairs:
        """Return a page as the elements of an answer."""
        coding = request.parameters.get("encoding-type", "")
        heading: Pairs = [("EncodingType", coding)] if coding else []
        return [
            ("Bucket", request.bucket),
            *heading,
            ("KeyMarker", encoded(self.key_marker, coding)),
            ("UploadIdMarker", self.upload_id_marker),
            ("NextKeyMarker", encoded(page.next_key, coding)),
            ("NextUploadIdMarker", page.next_upload_id),
            ("Delimiter", encoded(self.delimiter, coding)),
            ("Prefix", encoded(self.prefix, coding)),
            ("MaxUploads", str(self.max_uploads)),
            ("IsTruncated", flag(page.is_truncated)),
            *(("Upload", _upload(upload, coding)) for upload in page.uploads),
            *(
                ("CommonPrefixes", [("Prefix", encoded(prefix, coding))])
                for prefix in page.prefixes
            ),
        ]


def list_uploads(uploads: Iterable[Upload], query: UploadQuery) -> UploadPage:
    """Return a page of uploads, by key and then by ID, and of the prefixes they share.

    Args:
        uploads: All of a bucket.
        query: Which of them.
    """
    listed: list[Upload] = []
    prefixes: list[str] = []
    last = ("", "")
    for upload in sorted(uploads, key=lambda upload: (upload.key, upload.upload_id)):
        prefix = common_prefix(upload.key, query.prefix, query.delimiter)
        is_asked = upload.key.startswith(query.prefix) and query.is_behind(upload)
        if not is_asked or prefix in prefixes:
            continue
        if len(listed) + len(prefixes) == query.max_uploads:
            return UploadPage(listed, prefixes, *last, is_truncated=True)
        if prefix:
            prefixes.append(prefix)
            last = prefix, ""
        else:
            listed.append(upload)
            last = upload.key, upload.upload_id
    return UploadPage(listed, prefixes, *last)


def _upload(upload: Upload, coding: str) -> xml.Children:
    return [
        ("Key", encoded(upload.key, coding)),
        ("UploadId", upload.upload_id),
        ("Initiated", iso_date(upload.initiated)),
    ]
