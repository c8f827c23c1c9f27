"""Operations on what stands beside an object's bytes: tags, ACL, links, restores."""

from urllib.parse import unquote
from xml.etree.ElementTree import Element

from fake_aliyun import xml
from fake_aliyun.content import Content
from fake_aliyun.http import Response
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.handlers import Handlers, forbids, ok, size_before, xml_answer
from fake_aliyun.oss.models import check_tags, opaque_etag
from fake_aliyun.oss.rendering import (
    encoded,
    read_attributes,
    version_header,
    written_headers,
)
from fake_aliyun.oss.requests import OssRequest

ACLS = frozenset({"default", "private", "public-read", "public-read-write"})
MAX_RESTORE_DAYS = 365


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
        """Ask an archived object back."""
        days = 1
        if request.http.body:
            text = xml.text(read_xml(request, "RestoreRequest"), "Days")
            days = int(text) if text.isdecimal() else 0
        if not 1 <= days <= MAX_RESTORE_DAYS:
            raise OssError("MalformedXML", ErrorDetail="Days must be 1 to 365")
        found = self.version_of(request)
        was_restored = self.backend.restore_object(found, days=days)
        headers = version_header(self.bucket_of(request), found.version_id)
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
