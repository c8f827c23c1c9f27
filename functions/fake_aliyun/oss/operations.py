"""The operations of OSS: how a request names one, and what it may carry.

Source: "List of operations by function" and the page of each operation, OSS
documentation, read 2026-11.
"""

import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["service", "bucket", "object"]

COMMON_PARAMETERS = frozenset(
    {
        "OSSAccessKeyId", "Expires", "Signature", "security-token",
        "x-oss-signature-version", "x-oss-credential", "x-oss-date", "x-oss-expires",
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
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
    parameters: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    needs_header: str = ""
    ram_action: str = ""

    @property
    def handler(self) -> str:
        """Return the name of the method that answers it."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.action).lower()

    @property
    def permission(self) -> str:
        """Return the RAM action that it needs."""
        return f"oss:{self.ram_action or self.action}"


def _service(action: str, parameters: frozenset[str]) -> Operation:
    return Operation(
        action=action, method="GET", level="service", parameters=parameters
    )


def _bucket(
    action: str,
    method: str,
    marker: str = "",
    *,
    parameters: frozenset[str] = frozenset(),
    headers: frozenset[str] = frozenset(),
    ram_action: str = "",
) -> Operation:
    return Operation(
        action=action,
        method=method,
        level="bucket",
        marker=marker,
        parameters=parameters,
        headers=headers,
        ram_action=ram_action,
    )


def _object(  # noqa: PLR0913 - the columns of a table, all but three by name
    action: str,
    method: str,
    marker: str = "",
    *,
    parameters: frozenset[str] = frozenset(),
    headers: frozenset[str] = frozenset(),
    needs_header: str = "",
    ram_action: str = "",
) -> Operation:
    return Operation(
        action=action,
        method=method,
        level="object",
        marker=marker,
        parameters=parameters,
        headers=headers,
        needs_header=needs_header,
        ram_action=ram_action,
    )


OPERATIONS: tuple[Operation, ...] = (
    _service("ListBuckets", frozenset({"prefix", "marker", "max-keys"})),
    _bucket("PutBucket", "PUT", headers=frozenset({"x-oss-acl"})),
    _bucket("DeleteBucket", "DELETE"),
    _bucket("GetBucketInfo", "GET", "bucketInfo"),
    _bucket("GetBucketLocation", "GET", "location"),
    _bucket("GetBucketStat", "GET", "stat"),
    _bucket("GetBucketAcl", "GET", "acl"),
    _bucket("PutBucketAcl", "PUT", "acl", headers=frozenset({"x-oss-acl"})),
    _bucket("GetBucketVersioning", "GET", "versioning"),
    _bucket("PutBucketVersioning", "PUT", "versioning"),
    _bucket("GetBucketEncryption", "GET", "encryption"),
    _bucket("PutBucketEncryption", "PUT", "encryption"),
    _bucket("DeleteBucketEncryption", "DELETE", "encryption"),
    _bucket("GetBucketPolicy", "GET", "policy"),
    _bucket("PutBucketPolicy", "PUT", "policy"),
    _bucket("DeleteBucketPolicy", "DELETE", "policy"),
    _bucket("ListObjects", "GET", parameters=LIST | {"marker"}),
    _bucket(
        "ListObjectsV2", "GET", "list-type",
        parameters=LIST | {"continuation-token", "start-after", "fetch-owner"},
        ram_action="ListObjects",
    ),
    _bucket(
        "ListObjectVersions", "GET", "versions",
        parameters=LIST | {"key-marker", "version-id-marker"},
    ),
    _bucket(
        "ListMultipartUploads", "GET", "uploads",
        parameters=frozenset(
            {"prefix", "delimiter", "max-uploads", "encoding-type", "key-marker",
             "upload-id-marker"}
        ),
    ),
    _bucket(
        "DeleteMultipleObjects", "POST", "delete",
        parameters=frozenset({"encoding-type"}), ram_action="DeleteObject",
    ),
    _object("PutObject", "PUT", headers=ATTRIBUTES | FORBID),
    _object(
        "CopyObject", "PUT", needs_header="x-oss-copy-source",
        headers=ATTRIBUTES | FORBID | COPY_SOURCE
        | {"x-oss-metadata-directive", "x-oss-tagging-directive"},
        ram_action="PutObject",
    ),
    _object(
        "AppendObject", "POST", "append", parameters=frozenset({"position"}),
        headers=ATTRIBUTES, ram_action="PutObject",
    ),
    _object(
        "GetObject", "GET", parameters=VERSION | RESPONSE,
        headers=frozenset({"x-oss-range-behavior"}),
    ),
    _object("HeadObject", "HEAD", parameters=VERSION, ram_action="GetObject"),
    _object(
        "GetObjectMeta", "HEAD", "objectMeta", parameters=VERSION,
        ram_action="GetObject",
    ),
    _object("DeleteObject", "DELETE", parameters=VERSION),
    _object("PutObjectTagging", "PUT", "tagging", parameters=VERSION),
    _object("GetObjectTagging", "GET", "tagging", parameters=VERSION),
    _object("DeleteObjectTagging", "DELETE", "tagging", parameters=VERSION),
    _object(
        "PutObjectAcl", "PUT", "acl", parameters=VERSION,
        headers=frozenset({"x-oss-object-acl"}),
    ),
    _object("GetObjectAcl", "GET", "acl", parameters=VERSION),
    _object(
        "PutSymlink", "PUT", "symlink",
        headers=ATTRIBUTES | FORBID | {"x-oss-symlink-target"}, ram_action="PutObject",
    ),
    _object(
        "GetSymlink", "GET", "symlink", parameters=VERSION, ram_action="GetObject"
    ),
    _object("RestoreObject", "POST", "restore", parameters=VERSION),
    _object(
        "InitiateMultipartUpload", "POST", "uploads",
        parameters=frozenset({"encoding-type", "sequential"}),
        headers=ATTRIBUTES | FORBID, ram_action="PutObject",
    ),
    _object(
        "UploadPart", "PUT", "uploadId", parameters=frozenset({"partNumber"}),
        ram_action="PutObject",
    ),
    # oss2 2.19.1 names the source's version in the query as well, to no effect.
    _object(
        "UploadPartCopy", "PUT", "uploadId",
        parameters=frozenset({"partNumber"}) | VERSION,
        needs_header="x-oss-copy-source",
        headers=COPY_SOURCE | {"x-oss-copy-source-range"}, ram_action="PutObject",
    ),
    _object(
        "CompleteMultipartUpload", "POST", "uploadId",
        parameters=frozenset({"encoding-type"}),
        headers=FORBID | {"x-oss-complete-all", "x-oss-object-acl"},
        ram_action="PutObject",
    ),
    _object("AbortMultipartUpload", "DELETE", "uploadId"),
    _object(
        "ListParts", "GET", "uploadId",
        parameters=frozenset({"max-parts", "part-number-marker", "encoding-type"}),
    ),
)  # fmt: skip
