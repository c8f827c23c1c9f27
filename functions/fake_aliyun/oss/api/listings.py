"""Listings of a bucket, and deleting many objects at once."""

import base64
import re

from fake_aliyun.core import xml
from fake_aliyun.core.clock import iso_date
from fake_aliyun.core.http import Response
from fake_aliyun.oss.api.base import Handlers, flag, ok, xml_answer
from fake_aliyun.oss.api.copies import read_xml
from fake_aliyun.oss.api.rendering import encoded
from fake_aliyun.oss.api.request import OssRequest
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.listing import (
    ListingPage,
    Query,
    list_objects,
    list_versions,
    objects_of,
    read_max_keys,
)
from fake_aliyun.oss.objects import DeleteMarker, OssObject, Version

MAX_DELETES = 1000
VERSION_ID = re.compile(r"null|CAE\w+")
"""What OSS takes for a version; another text it refuses, as its own SDK's suite asserts
(`test_delete_object_versions_with_invalid_arguments`, oss2; read 2026-12)."""
MAX_MARKER_CHARACTERS = 1024
Pairs = list[tuple[str, xml.Children]]


class ListingHandlers(Handlers):
    """Answers listings and DeleteMultipleObjects."""

    def list_objects(self, request: OssRequest) -> Response:
        """Return a page of objects; the marker is the last name of the page before."""
        query = _query(request, after=request.parameters.get("marker", ""))
        page = list_objects(self.bucket_of(request).versions, query)
        coding = _coding(request)
        shown: Pairs = [
            *_heading(request, query),
            ("Marker", encoded(query.after, coding)),
            ("IsTruncated", flag(bool(page.next_after))),
        ]
        if page.next_after:
            shown.append(("NextMarker", encoded(page.next_after, coding)))
        owner = self.owner()
        shown += [
            ("Contents", [*self._shown(f, coding), owner]) for f in objects_of(page)
        ]
        shown += _prefixes(page, coding)
        return xml_answer("ListBucketResult", shown)

    def list_objects_v2(self, request: OssRequest) -> Response:
        """Return a page of objects; the token says where the page before ended."""
        parameters = request.parameters
        if parameters["list-type"] != "2":
            raise OssError("InvalidArgument", ArgumentName="list-type")
        token = parameters.get("continuation-token", "")
        after = _read_token(token) if token else parameters.get("start-after", "")
        query = _query(request, after=after)
        page = list_objects(self.bucket_of(request).versions, query)
        coding = _coding(request)
        shown: Pairs = [
            *_heading(request, query),
            ("StartAfter", encoded(parameters.get("start-after", ""), coding)),
            ("ContinuationToken", token),
            ("IsTruncated", flag(bool(page.next_after))),
            ("KeyCount", str(len(page.entries) + len(page.common_prefixes))),
        ]
        if page.next_after:
            shown.append(("NextContinuationToken", _token(page.next_after)))
        owner = [self.owner()] if parameters.get("fetch-owner") == "true" else []
        shown += [
            ("Contents", [*self._shown(f, coding), *owner]) for f in objects_of(page)
        ]
        shown += _prefixes(page, coding)
        return xml_answer("ListBucketResult", shown)

    def list_object_versions(self, request: OssRequest) -> Response:
        """Return a page of versions and delete markers."""
        parameters = request.parameters
        after = parameters.get("key-marker", "")
        query = _query(
            request, after=after, version=parameters.get("version-id-marker", "")
        )
        bucket = self.bucket_of(request)
        page = list_versions(bucket.versions, query)
        coding = _coding(request)
        shown: Pairs = [
            *_heading(request, query),
            ("KeyMarker", encoded(after, coding)),
            ("VersionIdMarker", query.after_version),
            ("IsTruncated", flag(bool(page.next_after))),
        ]
        if page.next_after:
            shown.append(("NextKeyMarker", encoded(page.next_after, coding)))
            shown.append(("NextVersionIdMarker", page.next_version))
        for version in page.entries:
            latest = bucket.versions.of(version.key)[-1] is version
            shown.append(self._version(version, coding, is_latest=latest))
        shown += _prefixes(page, coding)
        return xml_answer("ListVersionsResult", shown)

    def delete_multiple_objects(self, request: OssRequest) -> Response:
        """Remove up to 1,000 objects; missing ones count as removed."""
        root = read_xml(request, "Delete")
        wanted = [
            (xml.text(node, "Key"), xml.text(node, "VersionId"))
            for node in root.iter("Object")
        ]
        if not 1 <= len(wanted) <= MAX_DELETES:
            raise OssError("MalformedXML", ErrorDetail="1 to 1000 objects")
        for _, version_id in wanted:
            if version_id and not VERSION_ID.fullmatch(version_id):
                raise OssError("InvalidArgument", ArgumentName="VersionId")
        bucket = self.bucket_of(request)
        coding = _coding(request)
        shown: Pairs = []
        for key, version_id in wanted:
            gone = self.backend.delete_object(bucket, key, version_id)
            shown.append(("Deleted", _deleted(key, version_id, gone, coding)))
        if xml.text(root, "Quiet") == "true":
            return ok()
        heading: Pairs = [("EncodingType", coding)] if coding else []
        return xml_answer("DeleteResult", heading + shown)

    def _shown(self, found: OssObject, coding: str) -> Pairs:
        return _entry(found, coding, self.backend.restore_header(found))

    def _version(
        self, version: Version, coding: str, *, is_latest: bool
    ) -> tuple[str, xml.Children]:
        common: Pairs = [
            ("VersionId", version.version_id),
            ("IsLatest", flag(is_latest)),
            self.owner(),
        ]
        if isinstance(version, OssObject):
            return ("Version", [*self._shown(version, coding), *common])
        shown: Pairs = [
            ("Key", encoded(version.key, coding)),
            ("LastModified", iso_date(version.last_modified)),
        ]
        return ("DeleteMarker", shown + common)


def _coding(request: OssRequest) -> str:
    coding = request.parameters.get("encoding-type", "")
    if coding not in {"", "url"}:
        raise OssError("InvalidArgument", ArgumentName="encoding-type")
    return coding


def _query(request: OssRequest, *, after: str, version: str = "") -> Query:
    parameters = request.parameters
    for name in ("prefix", "delimiter", "marker", "key-marker", "version-id-marker"):
        # Source: oss2's own suite, `test_list_object_versions_wrong`, read 2026-12.
        if len(parameters.get(name, "")) > MAX_MARKER_CHARACTERS:
            raise OssError("InvalidArgument", ArgumentName=name)
    return Query(
        prefix=parameters.get("prefix", ""),
        delimiter=parameters.get("delimiter", ""),
        after=after,
        after_version=version,
        max_keys=read_max_keys(parameters.get("max-keys", "")),
    )


def _heading(request: OssRequest, query: Query) -> Pairs:
    coding = _coding(request)
    shown: Pairs = [
        ("Name", request.bucket),
        ("Prefix", encoded(query.prefix, coding)),
        ("MaxKeys", str(query.max_keys)),
        ("Delimiter", encoded(query.delimiter, coding)),
    ]
    return [*shown, ("EncodingType", coding)] if coding else shown


def _entry(found: OssObject, coding: str, restore: str) -> Pairs:
    shown: Pairs = [
        ("Key", encoded(found.key, coding)),
        ("LastModified", iso_date(found.last_modified)),
        ("ETag", f'"{found.etag}"'),
        ("Type", found.object_type),
        ("Size", str(found.size_bytes)),
        ("StorageClass", found.storage_class),
    ]
    return [*shown, ("RestoreInfo", restore)] if restore else shown


def _prefixes(page: ListingPage, coding: str) -> Pairs:
    return [
        ("CommonPrefixes", [("Prefix", encoded(prefix, coding))])
        for prefix in page.common_prefixes
    ]


def _deleted(key: str, version_id: str, gone: Version | None, coding: str) -> Pairs:
    shown: Pairs = [("Key", encoded(key, coding))]
    if version_id:
        shown.append(("VersionId", version_id))
    if isinstance(gone, DeleteMarker):
        shown.append(("DeleteMarker", "true"))
        shown.append(("DeleteMarkerVersionId", gone.version_id))
    return shown


def _token(after: str) -> str:
    return base64.urlsafe_b64encode(after.encode()).decode()


def _read_token(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError:
        raise OssError("InvalidArgument", ArgumentName="continuation-token") from None
