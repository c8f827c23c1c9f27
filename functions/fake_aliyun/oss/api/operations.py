"""The operations of OSS: how a request names one, and what it may carry.

Source: "List of operations by function" and the page of each operation, OSS
documentation, read 2026-11.
"""

import re
from dataclasses import KW_ONLY, dataclass
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


@dataclass(frozen=True, slots=True)
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
    _: KW_ONLY
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


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "ListBuckets", "GET", "service",
        parameters=frozenset({"prefix", "marker", "max-keys"}),
    ),
    Operation("PutBucket", "PUT", "bucket", headers=frozenset({"x-oss-acl"})),
    Operation("DeleteBucket", "DELETE", "bucket"),
    Operation("GetBucketInfo", "GET", "bucket", "bucketInfo"),
    Operation("GetBucketLocation", "GET", "bucket", "location"),
    Operation("GetBucketStat", "GET", "bucket", "stat"),
    Operation("GetBucketAcl", "GET", "bucket", "acl"),
    Operation("PutBucketAcl", "PUT", "bucket", "acl", headers=frozenset({"x-oss-acl"})),
    Operation("GetBucketVersioning", "GET", "bucket", "versioning"),
    Operation("PutBucketVersioning", "PUT", "bucket", "versioning"),
    Operation("GetBucketEncryption", "GET", "bucket", "encryption"),
    Operation("PutBucketEncryption", "PUT", "bucket", "encryption"),
    Operation("DeleteBucketEncryption", "DELETE", "bucket", "encryption"),
    Operation("GetBucketPolicy", "GET", "bucket", "policy"),
    Operation("PutBucketPolicy", "PUT", "bucket", "policy"),
    Operation("DeleteBucketPolicy", "DELETE", "bucket", "policy"),
    Operation("ListObjects", "GET", "bucket", parameters=LIST | {"marker"}),
    Operation(
        "ListObjectsV2", "GET", "bucket", "list-type",
        parameters=LIST | {"continuation-token", "start-after", "fetch-owner"},
        ram_action="ListObjects",
    ),
    Operation(
        "ListObjectVersions", "GET", "bucket", "versions",
        parameters=LIST | {"key-marker", "version-id-marker"},
    ),
    Operation(
        "ListMultipartUploads", "GET", "bucket", "uploads",
        parameters=frozenset(
            {"prefix", "delimiter", "max-uploads", "encoding-type", "key-marker",
             "upload-id-marker"}
        ),
    ),
    Operation(
        "DeleteMultipleObjects", "POST", "bucket", "delete",
        parameters=frozenset({"encoding-type"}), ram_action="DeleteObject",
    ),
    Operation("PutObject", "PUT", "object", headers=ATTRIBUTES | FORBID),
    Operation(
        "CopyObject", "PUT", "object", needs_header="x-oss-copy-source",
        headers=ATTRIBUTES | FORBID | COPY_SOURCE
        | {"x-oss-metadata-directive", "x-oss-tagging-directive"},
        ram_action="PutObject",
    ),
    Operation(
        "AppendObject", "POST", "object", "append", parameters=frozenset({"position"}),
        headers=ATTRIBUTES, ram_action="PutObject",
    ),
    Operation(
        "GetObject", "GET", "object", parameters=VERSION | RESPONSE,
        headers=frozenset({"x-oss-range-behavior"}),
    ),
    Operation(
        "HeadObject", "HEAD", "object", parameters=VERSION, ram_action="GetObject",
    ),
    Operation(
        "GetObjectMeta", "HEAD", "object", "objectMeta", parameters=VERSION,
        ram_action="GetObject",
    ),
    Operation("DeleteObject", "DELETE", "object", parameters=VERSION),
    Operation("PutObjectTagging", "PUT", "object", "tagging", parameters=VERSION),
    Operation("GetObjectTagging", "GET", "object", "tagging", parameters=VERSION),
    Operation("DeleteObjectTagging", "DELETE", "object", "tagging", parameters=VERSION),
    Operation(
        "PutObjectAcl", "PUT", "object", "acl", parameters=VERSION,
        headers=frozenset({"x-oss-object-acl"}),
    ),
    Operation("GetObjectAcl", "GET", "object", "acl", parameters=VERSION),
    Operation(
        "PutSymlink", "PUT", "object", "symlink",
        headers=ATTRIBUTES | FORBID | {"x-oss-symlink-target"}, ram_action="PutObject",
    ),
    Operation(
        "GetSymlink", "GET", "object", "symlink", parameters=VERSION,
        ram_action="GetObject",
    ),
    Operation("RestoreObject", "POST", "object", "restore", parameters=VERSION),
    Operation(
        "InitiateMultipartUpload", "POST", "object", "uploads",
        parameters=frozenset({"encoding-type", "sequential"}),
        headers=ATTRIBUTES | FORBID, ram_action="PutObject",
    ),
    Operation(
        "UploadPart", "PUT", "object", "uploadId", parameters=frozenset({"partNumber"}),
        ram_action="PutObject",
    ),
    # oss2 2.19.1 names the source's version in the query as well, to no effect.
    Operation(
        "UploadPartCopy", "PUT", "object", "uploadId",
        parameters=frozenset({"partNumber"}) | VERSION,
        needs_header="x-oss-copy-source",
        headers=COPY_SOURCE | {"x-oss-copy-source-range"}, ram_action="PutObject",
    ),
    Operation(
        "CompleteMultipartUpload", "POST", "object", "uploadId",
        parameters=frozenset({"encoding-type"}),
        headers=FORBID | {"x-oss-complete-all", "x-oss-object-acl"},
        ram_action="PutObject",
    ),
    Operation("AbortMultipartUpload", "DELETE", "object", "uploadId"),
    Operation(
        "ListParts", "GET", "object", "uploadId",
        parameters=frozenset({"max-parts", "part-number-marker", "encoding-type"}),
    ),
)  # fmt: skip
