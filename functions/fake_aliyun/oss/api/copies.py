"""CopyObject, and what it shares with UploadPartCopy: the source of a copy.

Source: CopyObject and UploadPartCopy, OSS documentation, "Limits", "Versioning" and
request headers; "HTTP status code 400" and "403", read 2026-11. Which codes too large
an object, an appendable one, or a delete marker as the source of a part answer with is
stated nowhere.
"""

from dataclasses import replace
from urllib.parse import parse_qs, unquote

from fake_aliyun.clock import iso_date
from fake_aliyun.http import Response
from fake_aliyun.oss.conditions import COPY, check_conditions
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.handlers import Handlers, forbids, size_before, xml_answer
from fake_aliyun.oss.models import MAX_PUT_BYTES, Bucket
from fake_aliyun.oss.objects import Attributes, DeleteMarker, OssObject
from fake_aliyun.oss.rendering import read_attributes, written_headers
from fake_aliyun.oss.requests import OssRequest

MAX_CONVERTED_BYTES = 1024**3
"""What a copy may have whose storage class or encryption changes."""


class CopyHandlers(Handlers):
    """Answers CopyObject."""

    def copy_object(self, request: OssRequest) -> Response:
        """Make an object of another one's bytes, or give one other metadata."""
        bucket = self.bucket_of(request)
        source_bucket, source = self.copy_source(request, of_marker="NoSuchKey")
        given = read_attributes(request.http)
        is_converted = _is_converted(source, given)
        is_itself = (
            (source_bucket.name, source.key) == (bucket.name, request.key)
        ) and not bucket.versioning
        _check_size(source, within=source_bucket is bucket, is_converted=is_converted)
        if source.object_type == "Appendable" and (
            bucket.versioning or source_bucket.versioning
        ):
            raise OssError("OperationNotSupported", Detail="CopyObject of Appendable")
        self.backend.check_overwrite(bucket, request.key, forbidden=forbids(request))
        before = size_before(bucket, request.key)
        is_kept = source.symlink_target or (is_itself and not is_converted)
        made = self.backend.store(
            bucket,
            request.key,
            source.content,
            etag=source.etag,
            object_type=source.object_type if is_kept else "Normal",
            attributes=_copied(request, given, source, is_itself=is_itself),
            symlink_target=source.symlink_target,
        )
        self.made(request, made, by="CopyObject", old_size_bytes=before)
        shown = [
            ("ETag", f'"{made.etag}"'),
            ("LastModified", iso_date(made.last_modified)),
        ]
        headers = {
            **written_headers(bucket, made),
            **source_version(source_bucket, source),
        }
        return xml_answer("CopyObjectResult", shown, headers=headers)

    def copy_source(
        self, request: OssRequest, *, of_marker: str
    ) -> tuple[Bucket, OssObject]:
        """Return the object that `x-oss-copy-source` names, links not followed.

        Args:
            request: To copy something.
            of_marker: The code of the refusal to copy a delete marker.

        Raises:
            OssError: It may not be copied, or there is none.
        """
        path, _, query = request.header("x-oss-copy-source").partition("?")
        name, _, key = unquote(path).removeprefix("/").partition("/")
        if not (path.startswith("/") and name and key):
            raise OssError(
                "InvalidArgument",
                message="Copy Source must mention the source bucket and key: "
                "/sourcebucket/sourcekey.",
                ArgumentName="x-oss-copy-source",
                ArgumentValue=path,
            )
        version_id = parse_qs(query).get("versionId", [""])[0]
        bucket = self.backend.bucket(name)
        if bucket.region_id != self.bucket_of(request).region_id:
            raise OssError(
                "AccessDenied",
                message="Target object does not reside in the same data center as "
                "source object.",
            )
        if isinstance(bucket.versions.find(key, version_id), DeleteMarker):
            raise OssError(of_marker, Key=key, VersionId=version_id)
        source = self.backend.find_version(bucket, key, version_id)
        self.backend.check_readable(source)
        check_conditions(source, request.http.headers, names=COPY)
        return bucket, source


def source_version(bucket: Bucket, source: OssObject) -> dict[str, str]:
    """Return the header that says which version was copied."""
    if not bucket.versioning:
        return {}
    return {"x-oss-copy-source-version-id": source.version_id}


def _is_converted(source: OssObject, given: Attributes) -> bool:
    storage_class = given.storage_class or source.storage_class
    encryption = given.encryption or source.encryption
    return (storage_class, encryption) != (source.storage_class, source.encryption)


def _check_size(source: OssObject, *, within: bool, is_converted: bool) -> None:
    """Let a copy pass that is not too large; within a bucket none is."""
    if within and not is_converted:
        return
    most = MAX_CONVERTED_BYTES if is_converted else MAX_PUT_BYTES
    if source.size_bytes > most:
        raise OssError("EntityTooLarge", Key=source.key)


def _copied(
    request: OssRequest, given: Attributes, source: OssObject, *, is_itself: bool
) -> Attributes:
    """Return what a copy keeps of its source and what the request replaces.

    Over itself in a bucket without versions, the metadata given counts whatever
    `x-oss-metadata-directive` says.
    """
    copies = request.header("x-oss-metadata-directive", "COPY").upper() == "COPY"
    if copies and not is_itself:
        given = replace(given, headers=source.headers, metadata=source.metadata)
    if request.header("x-oss-tagging-directive", "Copy").upper() == "COPY":
        given = replace(given, tags=source.tags)
    return given
