"""The two signatures of OSS, recomputed from what arrived.

Sources: "Include signatures in the Authorization header" (V1) and "V4 signature",
each with its counterpart for URLs, OSS documentation, read 2026-11.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import quote

V4 = "OSS4-HMAC-SHA256"
SIGNED_SUBRESOURCES = frozenset(
    {
        "acl", "append", "asyncFetch", "bucketInfo", "callback", "callback-var",
        "cname",
        "comp", "continuation-token", "cors", "delete", "encryption", "endTime", "img",
        "inventory", "inventoryId", "lifecycle", "link", "live", "location", "logging",
        "metaQuery", "objectMeta", "partNumber", "policy", "position", "qos", "qosInfo",
        "referer", "regionList", "replication", "replicationLocation",
        "replicationProgress", "requestPayment", "resourceGroup",
        "response-cache-control", "response-content-disposition",
        "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "security-token",
        "sequential", "startTime", "stat", "status", "style", "styleName", "symlink",
        "tagging", "transferAcceleration", "uploadId", "uploads", "versionId",
        "versioning", "versions", "vod", "website", "worm", "wormExtend", "wormId",
        "x-oss-ac-forward-allow", "x-oss-ac-source-ip", "x-oss-ac-subnet-mask",
        "x-oss-ac-vpc-id", "x-oss-async-process", "x-oss-process",
        "x-oss-request-payer", "x-oss-traffic-limit",
    }
)  # fmt: skip
"""Query parameters that are part of a V1 signature."""


def v1_signature(
    secret: str,
    *,
    method: str,
    headers: Mapping[str, str],
    parameters: Mapping[str, str],
    date: str,
    resource: str,
) -> str:
    """Return the Base64 signature of version 1.

    Args:
        secret: Of the access key.
        method: Of the request.
        headers: By lower-case name.
        parameters: The decoded query.
        date: The value of `Date` or `x-oss-date`, or the `Expires` of a signed URL.
        resource: "/", "/bucket/" or "/bucket/key", not encoded.
    """
    own = sorted(item for item in headers.items() if item[0].startswith("x-oss-"))
    signed = sorted(
        item for item in parameters.items() if item[0] in SIGNED_SUBRESOURCES
    )
    query = "&".join(f"{name}={value}" if value else name for name, value in signed)
    text = "\n".join(
        [
            method,
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            date,
            *(f"{name}:{value}" for name, value in own),
            resource + (f"?{query}" if query else ""),
        ]
    )
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def v4_signature(  # noqa: PLR0913 - the parts of the string, all by name
    secret: str,
    *,
    method: str,
    headers: Mapping[str, str],
    parameters: Mapping[str, str],
    date: str,
    scope: str,
    resource: str,
    additional: Iterable[str] = (),
) -> str:
    """Return the hexadecimal signature of version 4.

    Args:
        secret: Of the access key.
        method: Of the request.
        headers: By lower-case name.
        parameters: The decoded query without `x-oss-signature`.
        date: As in `x-oss-date`, 20260102T030405Z.
        scope: "20260102/cn-hangzhou/oss/aliyun_v4_request".
        resource: "/", "/bucket/" or "/bucket/key", not encoded.
        additional: Lower-case names of further signed headers.
    """
    others = sorted(additional)
    signed = sorted(
        (name, value.strip())
        for name, value in headers.items()
        if name in {"content-type", "content-md5", *others} or name.startswith("x-oss-")
    )
    canonical = "\n".join(
        [
            method,
            quote(resource, safe="/~"),
            _canonical_query(parameters),
            "".join(f"{name}:{value}\n" for name, value in signed),
            ";".join(others),
            headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    text = "\n".join([V4, date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"aliyun_v4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()


def _canonical_query(parameters: Mapping[str, str]) -> str:
    encoded = sorted(
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in parameters.items()
    )
    return "&".join(f"{name}={value}" if value else name for name, value in encoded)
