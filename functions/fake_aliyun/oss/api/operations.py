"""The operations of OSS: how a request names one, and what it may carry.

Source: "List of operations by function" and the page of each operation, OSS
documentation, read 2026-11.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Literal
from urllib.parse import unquote

from fake_aliyun.core import xml
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.oss.api.auth import SIGNED_SUBRESOURCES
from fake_aliyun.oss.api.request import OssRequest

Level = Literal["service", "bucket", "object"]

COMMON_PARAMETERS = frozenset(
    {
        "OSSAccessKeyId", "Expires", "Signature", "security-token",
        "x-oss-signature-version", "x-oss-access-key-id", "x-oss-credential",
        "x-oss-date", "x-oss-expires",
        "x-oss-signature", "x-oss-additional-headers", "x-oss-security-token",
    }
)  # fmt: skip
COMMON_HEADERS = frozenset(
    {"x-oss-date", "x-oss-content-sha256", "x-oss-security-token"}
)
LIST = frozenset({"prefix", "delimiter", "max-keys", "encoding-type"})
VERSION = frozenset({"versionId"})
RESPONSE = frozenset(
    f"response-{name}"
    for name in (
        "content-type", "content-language", "expires", "cache-control",
        "content-disposition", "content-encoding",
    )
)  # fmt: skip
ATTRIBUTES = frozenset(
    {
        "x-oss-storage-class", "x-oss-object-acl", "x-oss-tagging",
        "x-oss-server-side-encryption", "x-oss-meta-*",
    }
)  # fmt: skip
FORBID = frozenset({"x-oss-forbid-overwrite"})
COPY_SOURCE = frozenset(
    {
        "x-oss-copy-source",
        *(
            f"x-oss-copy-source-if-{name}"
            for name in ("match", "none-match", "modified-since", "unmodified-since")
        ),
    }
)
IGNORED = frozenset({"x-oss-user", "x-oss-auth", "x-oss-request-payer"})
"""Headers that change no answer: the first two mean nothing to OSS, and whoever owns a
bucket pays for it whatever the third says.

Source: the suites of oss2 (`test_sign.py`, `test_multipart.py`) and alibabacloud-oss-v2
(`test_client.py`, `test_paginator.py`), which send them to the real OSS; read 2026-12.
An unknown header that no such suite sends stops a test: it may be misspelt.
"""
READING = frozenset({"GET", "HEAD"})
OF_PARTS = frozenset({"UploadPart", "UploadPartCopy", "ListParts"})
"""What an object will be like is said when its upload begins; OSS ignores it here, as
it does where an object is read."""
OF_OBJECTS = ATTRIBUTES | FORBID | {"x-oss-complete-all"}
LOG = logging.getLogger("fake_aliyun")


@dataclass(frozen=True, slots=True)
class OssOperation:
    """One operation.

    Attributes:
        marker: The query parameter that names it; "" for the plain one.
        parameters: Further query parameters it takes.
        headers: The `x-oss-*` headers it takes; one may end in `*`.
        needs_header: A header without which it is another operation.
        ram_action: What a policy must allow.
    """

    action: str
    method: str
    level: Level
    marker: str = ""
    _: KW_ONLY
    parameters: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    needs_header: str = ""
    ram_action: str = ""

    @property
    def permission(self) -> str:
        """Return the RAM action that it needs."""
        return f"oss:{self.ram_action or self.action}"


OPERATIONS: tuple[OssOperation, ...] = (
    OssOperation(
        "ListBuckets", "GET", "service",
        parameters=frozenset({"prefix", "marker", "max-keys"}),
    ),
    OssOperation("DescribeRegions", "GET", "service", "regions"),
    OssOperation("PutBucket", "PUT", "bucket", headers=frozenset({"x-oss-acl"})),
    OssOperation("DeleteBucket", "DELETE", "bucket"),
    OssOperation("GetBucketInfo", "GET", "bucket", "bucketInfo"),
    OssOperation("GetBucketLocation", "GET", "bucket", "location"),
    OssOperation("GetBucketStat", "GET", "bucket", "stat"),
    OssOperation("GetBucketAcl", "GET", "bucket", "acl"),
    OssOperation(
        "PutBucketAcl", "PUT", "bucket", "acl", headers=frozenset({"x-oss-acl"}),
    ),
    OssOperation("GetBucketVersioning", "GET", "bucket", "versioning"),
    OssOperation("PutBucketVersioning", "PUT", "bucket", "versioning"),
    OssOperation("GetBucketEncryption", "GET", "bucket", "encryption"),
    OssOperation("PutBucketEncryption", "PUT", "bucket", "encryption"),
    OssOperation("DeleteBucketEncryption", "DELETE", "bucket", "encryption"),
    OssOperation("GetBucketPolicy", "GET", "bucket", "policy"),
    OssOperation("PutBucketPolicy", "PUT", "bucket", "policy"),
    OssOperation("DeleteBucketPolicy", "DELETE", "bucket", "policy"),
    OssOperation("GetBucketLifecycle", "GET", "bucket", "lifecycle"),
    OssOperation("PutBucketLifecycle", "PUT", "bucket", "lifecycle"),
    OssOperation("DeleteBucketLifecycle", "DELETE", "bucket", "lifecycle"),
    OssOperation("ListObjects", "GET", "bucket", parameters=LIST | {"marker"}),
    OssOperation(
        "ListObjectsV2", "GET", "bucket", "list-type",
        parameters=LIST | {"continuation-token", "start-after", "fetch-owner"},
        ram_action="ListObjects",
    ),
    OssOperation(
        "ListObjectVersions", "GET", "bucket", "versions",
        parameters=LIST | {"key-marker", "version-id-marker"},
    ),
    OssOperation(
        "ListMultipartUploads", "GET", "bucket", "uploads",
        parameters=frozenset(
            {"prefix", "delimiter", "max-uploads", "encoding-type", "key-marker",
             "upload-id-marker"}
        ),
    ),
    OssOperation(
        "DeleteMultipleObjects", "POST", "bucket", "delete",
        parameters=frozenset({"encoding-type"}), ram_action="DeleteObject",
    ),
    OssOperation("PutObject", "PUT", "object", headers=ATTRIBUTES | FORBID),
    OssOperation(
        "CopyObject", "PUT", "object", needs_header="x-oss-copy-source",
        headers=ATTRIBUTES | FORBID | COPY_SOURCE
        | {"x-oss-metadata-directive", "x-oss-tagging-directive"},
        ram_action="PutObject",
    ),
    OssOperation(
        "AppendObject", "POST", "object", "append", parameters=frozenset({"position"}),
        headers=ATTRIBUTES, ram_action="PutObject",
    ),
    OssOperation(
        "GetObject", "GET", "object", parameters=VERSION | RESPONSE,
        headers=frozenset({"x-oss-range-behavior"}),
    ),
    OssOperation(
        "HeadObject", "HEAD", "object", parameters=VERSION, ram_action="GetObject",
    ),
    OssOperation(
        "GetObjectMeta", "HEAD", "object", "objectMeta", parameters=VERSION,
        ram_action="GetObject",
    ),
    OssOperation(
        "DeleteObject", "DELETE", "object", parameters=VERSION | {"symlink"}
    ),
    OssOperation("PutObjectTagging", "PUT", "object", "tagging", parameters=VERSION),
    OssOperation("GetObjectTagging", "GET", "object", "tagging", parameters=VERSION),
    OssOperation(
        "DeleteObjectTagging", "DELETE", "object", "tagging", parameters=VERSION,
    ),
    OssOperation(
        "PutObjectAcl", "PUT", "object", "acl", parameters=VERSION,
        headers=frozenset({"x-oss-object-acl"}),
    ),
    OssOperation("GetObjectAcl", "GET", "object", "acl", parameters=VERSION),
    OssOperation(
        "PutSymlink", "PUT", "object", "symlink",
        headers=ATTRIBUTES | FORBID | {"x-oss-symlink-target"}, ram_action="PutObject",
    ),
    OssOperation(
        "GetSymlink", "GET", "object", "symlink", parameters=VERSION,
        ram_action="GetObject",
    ),
    OssOperation("RestoreObject", "POST", "object", "restore", parameters=VERSION),
    OssOperation(
        "InitiateMultipartUpload", "POST", "object", "uploads",
        parameters=frozenset({"encoding-type", "sequential"}),
        headers=ATTRIBUTES | FORBID, ram_action="PutObject",
    ),
    OssOperation(
        "UploadPart", "PUT", "object", "uploadId", parameters=frozenset({"partNumber"}),
        ram_action="PutObject",
    ),
    # oss2 2.19.1 names the source's version in the query as well, to no effect.
    OssOperation(
        "UploadPartCopy", "PUT", "object", "uploadId",
        parameters=frozenset({"partNumber"}) | VERSION,
        needs_header="x-oss-copy-source",
        headers=COPY_SOURCE | {"x-oss-copy-source-range"}, ram_action="PutObject",
    ),
    OssOperation(
        "CompleteMultipartUpload", "POST", "object", "uploadId",
        parameters=frozenset({"encoding-type"}),
        headers=FORBID | {"x-oss-complete-all", "x-oss-object-acl"},
        ram_action="PutObject",
    ),
    OssOperation("AbortMultipartUpload", "DELETE", "object", "uploadId"),
    OssOperation(
        "ListParts", "GET", "object", "uploadId",
        parameters=frozenset({"max-parts", "part-number-marker", "encoding-type"}),
    ),
)  # fmt: skip


MARKERS = frozenset(operation.marker for operation in OPERATIONS) - {""}


def find_operation(request: OssRequest) -> OssOperation:
    """Return the operation that a request names.

    Raises:
        NotImitatedError: It names none that is known.
    """
    level = _level(request)
    markers = MARKERS & request.parameters.keys()
    if request.method == "DELETE":
        # OSS deletes the link's version: oss2's suite, `test_put_symlink_with_version`.
        markers -= {"symlink"}
    fitting = [
        operation
        for operation in OPERATIONS
        if (operation.method, operation.level) == (request.method, level)
        and markers == ({operation.marker} - {""})
        and (not operation.needs_header or request.header(operation.needs_header))
    ]
    if not fitting:
        raise _unknown(request)
    return max(fitting, key=lambda operation: bool(operation.needs_header))


def _level(request: OssRequest) -> Level:
    if request.key:
        return "object"
    return "bucket" if request.bucket else "service"


def _unknown(request: OssRequest) -> NotImitatedError:
    return NotImitatedError(
        f"{request.method} on an OSS {_level(request)} with the query parameters "
        f"{sorted(request.parameters)}",
        known=(_shown(operation) for operation in OPERATIONS),
    )


def check_known(operation: OssOperation, request: OssRequest) -> None:
    """Let a request pass that carries nothing its operation does not take.

    Raises:
        NotImitatedError: It carries an unknown parameter or `x-oss-*` header.
    """
    parameters = operation.parameters | COMMON_PARAMETERS | {operation.marker}
    for name in request.parameters:
        if name in SIGNED_SUBRESOURCES - parameters:
            raise _unknown(request)
        if name not in parameters:
            raise NotImitatedError(
                f"the query parameter {name!r} of {operation.action}", known=parameters
            )
    headers = operation.headers | COMMON_HEADERS
    makes_no_object = operation.action in OF_PARTS or operation.method in READING
    for name in _unknown_headers(request.http.headers, headers):
        if name in IGNORED or (makes_no_object and name in OF_OBJECTS):
            LOG.warning("OSS ignores the header %s of %s", name, operation.action)
            continue
        raise NotImitatedError(
            f"the header {name!r} of {operation.action}", known=headers
        )


def _unknown_headers(given: Mapping[str, str], known: frozenset[str]) -> list[str]:
    metadata = "x-oss-meta-*" in known
    return [
        name
        for name in given
        if name.startswith("x-oss-")
        and name not in known
        and not (metadata and name.startswith("x-oss-meta-"))
    ]


def _shown(operation: OssOperation) -> str:
    marker = f"?{operation.marker}" if operation.marker else ""
    header = f" with {operation.needs_header}" if operation.needs_header else ""
    place = f"{operation.method} {operation.level}{marker}{header}"
    return f"{operation.action}: {place}"


Permission = tuple[str, str]
_VERSIONED = frozenset(
    {"GetObject", "DeleteObject", "RestoreObject", "GetObjectAcl", "PutObjectAcl",
     "GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"}
)  # fmt: skip


def needed_permissions(
    request: OssRequest, operation: OssOperation, *, region_id: str, account_id: str
) -> Iterator[Permission]:
    """Yield each action with the resource on which it must be allowed."""
    start = f"acs:oss:{region_id}:{account_id}:"
    if operation.action == "DeleteMultipleObjects":
        yield from _deletes(request, start)
        return
    action = operation.permission
    if (
        request.parameters.get("versionId")
        and action.removeprefix("oss:") in _VERSIONED
    ):
        action += "Version"
    path = f"{request.bucket}/{request.key}" if request.key else request.bucket or "*"
    yield action, start + path
    if request.header("x-oss-tagging"):
        yield "oss:PutObjectTagging", start + path
    if source := request.header("x-oss-copy-source"):
        key, _, query = source.partition("?")
        suffix = "Version" if query.startswith("versionId=") else ""
        yield f"oss:GetObject{suffix}", start + unquote(key).removeprefix("/")


def _deletes(request: OssRequest, start: str) -> Iterator[Permission]:
    root = xml.parse(request.http.body)
    for node in root.iter("Object") if root is not None else ():
        suffix = "Version" if xml.text(node, "VersionId") else ""
        key = xml.text(node, "Key")
        yield f"oss:DeleteObject{suffix}", f"{start}{request.bucket}/{key}"
