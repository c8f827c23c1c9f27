"""Operations of multipart uploads."""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from fake_aliyun.core import xml
from fake_aliyun.core.clock import iso_date
from fake_aliyun.core.content import Content
from fake_aliyun.core.http import Response
from fake_aliyun.oss.api.base import (
    flag,
    forbids,
    ok,
    read_body,
    read_count,
    xml_answer,
)
from fake_aliyun.oss.api.copies import CopyHandlers, read_xml, source_version
from fake_aliyun.oss.api.objects import Span, read_range
from fake_aliyun.oss.api.rendering import encoded, read_attributes, written_headers
from fake_aliyun.oss.api.request import OssRequest
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.listing import common_prefix
from fake_aliyun.oss.models import Bucket, check_tags, put_etag, size_before
from fake_aliyun.oss.multipart import (
    MAX_PART_NUMBER,
    Part,
    Upload,
    join,
    multipart_etag,
)
from fake_aliyun.oss.objects import Attributes, OssObject

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


class MultipartHandlers(CopyHandlers):
    """Answers operations of multipart uploads."""

    def initiate_multipart_upload(self, request: OssRequest) -> Response:
        """Begin an upload."""
        bucket = self.bucket_of(request)
        self.backend.check_overwrite(bucket, request.key, forbidden=forbids(request))
        upload = Upload(
            upload_id=secrets.token_hex(16).upper(),
            key=request.key,
            initiated=self.backend.clock(),
            attributes=_checked(read_attributes(request.http)),
            forbids_overwrite=forbids(request),
        )
        bucket.uploads[upload.upload_id] = upload
        self._announce(request, Content(), etag="", by="InitiateMultipartUpload")
        return xml_answer(
            "InitiateMultipartUploadResult",
            [
                *_names(request),
                ("UploadId", upload.upload_id),
            ],
        )

    def upload_part(self, request: OssRequest) -> Response:
        """Keep a part from the body."""
        content = read_body(request)
        part = self._keep(request, content)
        self._announce(request, content, etag=part.etag, by="UploadPart")
        md5 = base64.b64encode(content.md5).decode()
        return ok({**_part_headers(part), "Content-MD5": md5})

    def upload_part_copy(self, request: OssRequest) -> Response:
        """Keep a part of another object's bytes.

        Source: UploadPartCopy, `x-oss-copy-source-range`, OSS documentation, and its
        description in the SDK for Java (UploadPartCopyHeaders), read 2026-11: a range
        that does not fit copies the whole object, without Content-Range. What becomes
        of a symlink is stated nowhere; here its target's bytes are copied.
        """
        bucket, named = self.copy_source(request, of_marker="InvalidArgument")
        source = self.backend.find_object(bucket, named.key, named.version_id)
        span = _copied_span(request, source)
        content = source.content.span(*span) if span else source.content
        part = self._keep(request, content)
        self._announce(request, part.content, etag=part.etag, by="UploadPartCopy")
        shown = [
            ("LastModified", iso_date(part.last_modified)),
            ("ETag", f'"{part.etag}"'),
        ]
        headers = {**_part_headers(part), **source_version(bucket, named)}
        if span:
            length = source.size_bytes
            headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{length}"
        return xml_answer("CopyPartResult", shown, headers=headers)

    def _announce(
        self, request: OssRequest, content: Content, *, etag: str, by: str
    ) -> None:
        """Tell of a part; what size and ETag such events carry is stated nowhere."""
        part = OssObject(
            key=request.key,
            content=content,
            etag=etag,
            object_type="Multipart",
            last_modified=self.backend.clock(),
        )
        self.made(request, part, by=by, old_size_bytes=0)

    def _keep(self, request: OssRequest, content: Content) -> Part:
        upload = _upload_of(self.bucket_of(request), request)
        number = request.parameters.get("partNumber", "")
        if not number.isdecimal():
            raise OssError("InvalidArgument", ArgumentName="partNumber")
        part = Part(
            number=int(number),
            content=content,
            etag=put_etag(content),
            last_modified=self.backend.clock(),
        )
        upload.add_part(part)
        return part

    def complete_multipart_upload(self, request: OssRequest) -> Response:
        """Make an object of the listed parts."""
        bucket = self.bucket_of(request)
        upload = _upload_of(bucket, request)
        parts = upload.chosen(_listed(request, upload))
        forbidden = forbids(request) or upload.forbids_overwrite
        self.backend.check_overwrite(bucket, request.key, forbidden=forbidden)
        before = size_before(bucket, request.key)
        made = self.backend.store(
            bucket,
            request.key,
            join(parts),
            etag=multipart_etag(parts),
            object_type="Multipart",
            attributes=upload.attributes,
        )
        made.acl = request.header("x-oss-object-acl") or made.acl
        del bucket.uploads[upload.upload_id]
        self.made(request, made, by="CompleteMultipartUpload", old_size_bytes=before)
        location = f"http://{request.http.host}/{encoded(request.key, 'url')}"
        return xml_answer(
            "CompleteMultipartUploadResult",
            [("Location", location), *_names(request), ("ETag", f'"{made.etag}"')],
            headers=written_headers(bucket, made),
        )

    def abort_multipart_upload(self, request: OssRequest) -> Response:
        """Drop an upload and its parts."""
        bucket = self.bucket_of(request)
        del bucket.uploads[_upload_of(bucket, request).upload_id]
        return ok(status=204)

    def list_parts(self, request: OssRequest) -> Response:
        """Return a page of the parts that are there."""
        bucket = self.bucket_of(request)
        upload = _upload_of(bucket, request)
        marker = read_count(
            request, "part-number-marker", default=0, least=0, most=MAX_PART_NUMBER
        )
        size = read_count(request, "max-parts", default=1000)
        numbers = sorted(number for number in upload.parts if number > marker)
        page, more = numbers[:size], len(numbers) > size
        shown: list[tuple[str, xml.Children]] = [
            *_names(request),
            ("UploadId", upload.upload_id),
            ("PartNumberMarker", str(marker)),
            ("NextPartNumberMarker", str(page[-1] if page else marker)),
            ("MaxParts", str(size)),
            ("StorageClass", upload.attributes.storage_class or bucket.storage_class),
            ("IsTruncated", flag(more)),
            *(("Part", _part(upload.parts[number])) for number in page),
        ]
        return xml_answer("ListPartsResult", shown)

    def list_multipart_uploads(self, request: OssRequest) -> Response:
        """Return the uploads under way, a page of them by key."""
        query = UploadQuery.of(request)
        page = list_uploads(self.bucket_of(request).uploads.values(), query)
        return xml_answer("ListMultipartUploadsResult", query.shown(request, page))


def _checked(attributes: Attributes) -> Attributes:
    """Return what an upload says of its object, refused now and not at its end.

    Source: oss2's own suite, `test_multipart.py`, tags; read 2026-12.
    """
    check_tags(attributes.tags)
    return attributes


def _names(request: OssRequest) -> list[tuple[str, xml.Children]]:
    coding = request.parameters.get("encoding-type", "")
    shown: list[tuple[str, xml.Children]] = [
        ("Bucket", request.bucket),
        ("Key", encoded(request.key, coding)),
    ]
    return [*shown, ("EncodingType", coding)] if coding else shown


def _upload_of(bucket: Bucket, request: OssRequest) -> Upload:
    upload_id = request.parameters["uploadId"]
    upload = bucket.uploads.get(upload_id)
    if upload is None or upload.key != request.key:
        raise OssError("NoSuchUpload", UploadId=upload_id)
    return upload


def _listed(request: OssRequest, upload: Upload) -> list[tuple[int, str]]:
    """Return number and ETag of the parts that a client lists, or of all.

    Source: CompleteMultipartUpload, `x-oss-complete-all`, OSS documentation, read
    2026-11: it takes no body; which code that answers with is stated nowhere.
    """
    if request.header("x-oss-complete-all").lower() == "yes":
        if request.http.body:
            raise OssError("InvalidArgument", ArgumentName="x-oss-complete-all")
        parts = sorted(upload.parts.values(), key=lambda part: part.number)
        return [(part.number, part.etag) for part in parts]
    root = read_xml(request, "CompleteMultipartUpload")
    texts = [
        (xml.text(node, "PartNumber"), xml.text(node, "ETag"))
        for node in root.iter("Part")
    ]
    if not all(number.isdecimal() for number, _ in texts):
        raise OssError("MalformedXML", ErrorDetail="PartNumber")
    return [(int(number), etag) for number, etag in texts]


def _copied_span(request: OssRequest, source: OssObject) -> Span | None:
    header = request.header("x-oss-copy-source-range")
    if not header:
        return None
    return read_range(header, size_bytes=source.size_bytes, standard=False)


def _part_headers(part: Part) -> dict[str, str]:
    return {
        "ETag": f'"{part.etag}"',
        "x-oss-hash-crc64ecma": str(part.content.crc64),
    }


def _part(part: Part) -> xml.Children:
    return [
        ("PartNumber", str(part.number)),
        ("LastModified", iso_date(part.last_modified)),
        ("ETag", f'"{part.etag}"'),
        ("HashCrc64ecma", str(part.content.crc64)),
        ("Size", str(len(part.content))),
    ]
