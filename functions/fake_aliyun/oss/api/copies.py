"""CopyObject, and what it shares with UploadPartCopy: the source of a copy.

Source: CopyObject and UploadPartCopy, OSS documentation, "Limits", "Versioning" and
request headers; "HTTP status code 400" and "403", read 2026-11. Which codes too large
an object, an appendable one, or a delete marker as the source of a part answer with is
stated nowhere.
"""

from dataclasses import replace
from urllib.parse import parse_qs, unquote
from xml.etree.ElementTree import Element

from fake_aliyun.core import xml
from fake_aliyun.core.clock import iso_date
from fake_aliyun.core.content import Content
from fake_aliyun.core.http import Response
from fake_aliyun.oss.api.base import Handlers, forbids, ok, xml_answer
from fake_aliyun.oss.api.objects import COPY, check_conditions
from fake_aliyun.oss.api.rendering import (
    encoded,
    read_attributes,
    version_header,
    written_headers,
)
from fake_aliyun.oss.api.request import OssRequest
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.models import (
    MAX_PUT_BYTES,
    Bucket,
    check_tags,
    opaque_etag,
    size_before,
)
from fake_aliyun.oss.objects import Attributes, DeleteMarker, OssObject

ACLS = frozenset({"default", "private", "public-read", "public-read-write"})
MAX_RESTORE_DAYS = 365
RESTORE_TIERS = frozenset({"Expedited", "Standard", "Bulk"})
COLD = frozenset({"ColdArchive", "DeepColdArchive"})


class PropertyHandlers(Handlers):
    """Answers operations on tags, ACLs, symlinks and restores."""

    def put_object_tagging(self, request: OssRequest) -> Response:
        """Replace all tags of an object."""
        found = self.version_of(request)
        root = read_xml(request, "Tagging")
        pairs = [
            (xml.text(tag, "Key"), xml.text(tag, "Value")) for tag in root.iter("Tag")
        ]
        if len({key for key, _ in pairs}) != len(pairs):
            raise OssError("InvalidTag", message="The tag key is duplicated.")
        found.tags = check_tags(dict(pairs))
        return ok(version_header(self.bucket_of(request), found.version_id))

    def get_object_tagging(self, request: OssRequest) -> Response:
        """Return the tags of an object."""
        found = self.version_of(request)
        tags = [
            ("Tag", [("Key", key), ("Value", value)])
            for key, value in sorted(found.tags.items())
        ]
        headers = version_header(self.bucket_of(request), found.version_id)
        return xml_answer("Tagging", [("TagSet", tags)], headers=headers)

    def delete_object_tagging(self, request: OssRequest) -> Response:
        """Remove all tags of an object."""
        found = self.version_of(request)
        found.tags = {}
        headers = version_header(self.bucket_of(request), found.version_id)
        return ok(headers, status=204)

    def put_object_acl(self, request: OssRequest) -> Response:
        """Replace the ACL of an object."""
        acl = request.header("x-oss-object-acl")
        if acl not in ACLS:
            raise OssError("InvalidArgument", ArgumentName="x-oss-object-acl")
        self.version_of(request).acl = acl
        return ok()

    def get_object_acl(self, request: OssRequest) -> Response:
        """Return the ACL of an object."""
        found = self.version_of(request)
        return acl_answer(self.backend.account_id, found.acl)

    def put_symlink(self, request: OssRequest) -> Response:
        """Make a link to a key, which need not exist."""
        bucket = self.bucket_of(request)
        target = _link_target(request)
        self.backend.check_overwrite(bucket, request.key, forbidden=forbids(request))
        before = size_before(bucket, request.key)
        made = self.backend.store(
            bucket,
            request.key,
            Content(),
            etag=opaque_etag(Content([target.encode()])),
            object_type="Symlink",
            attributes=read_attributes(request.http),
            symlink_target=target,
        )
        self.made(request, made, by="PutSymlink", old_size_bytes=before)
        return ok(written_headers(bucket, made))

    def get_symlink(self, request: OssRequest) -> Response:
        """Return where a link points."""
        found = self.version_of(request)
        if not found.symlink_target:
            raise OssError("NotSymlink", Key=found.key)
        headers = version_header(self.bucket_of(request), found.version_id)
        target = encoded(found.symlink_target, "url")
        return ok({**headers, "x-oss-symlink-target": target})

    def restore_object(self, request: OssRequest) -> Response:
        """Ask an archived object back, a cold one with a priority.

        Source: RestoreObject, OSS documentation, and oss2's own suite,
        `test_restore_object_with_config` and its neighbours; read 2026-12.
        """
        days, tier = 1, ""
        if request.http.body:
            root = read_xml(request, "RestoreRequest")
            text = xml.text(root, "Days")
            days = int(text) if text.isdecimal() else 0
            tier = root.findtext("JobParameters/Tier") or ""
        if not 1 <= days <= MAX_RESTORE_DAYS:
            raise OssError("MalformedXML", ErrorDetail="Days must be 1 to 365")
        if tier and tier not in RESTORE_TIERS:
            raise OssError("InvalidArgument", ArgumentName="Tier", ArgumentValue=tier)
        found = self.version_of(request)
        is_cold = found.storage_class in COLD
        if tier and not is_cold:
            raise OssError("MalformedXML", ErrorDetail="JobParameters")
        was_restored = self.backend.restore_object(found, days=days)
        headers = version_header(self.bucket_of(request), found.version_id)
        if is_cold:
            headers["x-oss-object-restore-priority"] = tier or "Standard"
        return ok(headers, status=200 if was_restored else 202)


def read_xml(request: OssRequest, name: str) -> Element:
    """Return the root element of a request's body.

    Raises:
        OssError: MalformedXML.
    """
    root = xml.parse(request.http.body)
    if root is None or root.tag != name:
        detail = f"the root node is not named {name}."
        raise OssError("MalformedXML", ec="0016-00000608", ErrorDetail=detail)
    return root


def acl_answer(account_id: str, acl: str) -> Response:
    """Return the document that shows an ACL."""
    owner = [("ID", account_id), ("DisplayName", account_id)]
    grants = [("Grant", acl)]
    return xml_answer(
        "AccessControlPolicy", [("Owner", owner), ("AccessControlList", grants)]
    )


def _link_target(request: OssRequest) -> str:
    target = unquote(request.header("x-oss-symlink-target"))
    if not target:
        raise OssError("MissingArgument", ArgumentName="x-oss-symlink-target")
    return target


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
        is_same_key = (source_bucket, source.key) == (bucket, request.key)
        is_itself = is_same_key and not bucket.versioning
        if "content-type" in source.headers:
            # Source: `test_update_metadata_versioning` of oss2's own suite, and
            # `test_metadata_tagging_directive_replace` of alibabacloud-oss-v2's; read
            # 2026-12: a type that is not given anew stays.
            kept = {"content-type": source.headers["content-type"]}
            given = replace(given, headers={**kept, **given.headers})
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
        version_id = parse_qs(query, keep_blank_values=True).get("versionId", [""])[0]
        if query and not version_id:
            raise OssError(
                "InvalidArgument", message="Version id can not be the empty string."
            )
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
