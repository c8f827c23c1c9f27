"""Objects as response headers, and headers as what they say about an object."""

import base64
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from fake_aliyun.core.clock import http_date
from fake_aliyun.core.http import Request
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.models import Bucket
from fake_aliyun.oss.objects import Attributes, OssObject

STANDARD_HEADERS = (
    "content-type", "cache-control", "content-disposition", "content-encoding",
    "content-language", "expires",
)  # fmt: skip
DEFAULT_TYPE = "application/octet-stream"
_META = "x-oss-meta-"


def read_attributes(request: Request) -> Attributes:
    """Return what the headers of a writing request say about the object."""
    headers = request.headers
    return Attributes(
        headers={name: headers[name] for name in STANDARD_HEADERS if name in headers},
        metadata={
            name.removeprefix(_META): value
            for name, value in headers.items()
            if name.startswith(_META)
        },
        tags=read_tags(headers.get("x-oss-tagging", "")),
        storage_class=headers.get("x-oss-storage-class", ""),
        acl=headers.get("x-oss-object-acl", "default"),
        encryption=headers.get("x-oss-server-side-encryption", ""),
    )


def read_tags(header: str) -> dict[str, str]:
    """Return the tags of `x-oss-tagging`: k=v&k2=v2, URL-encoded.

    Source: "HTTP status code 400", InvalidArgument, and "0010-00000219", OSS
    documentation, read 2026-11.
    """
    pairs = parse_qsl(header, keep_blank_values=True)
    is_odd = any(piece.count("=") > 1 for piece in header.split("&"))
    if is_odd or len({key for key, _ in pairs}) != len(pairs):
        raise OssError(
            "InvalidArgument",
            message="The header 'x-oss-tagging' shall be encoded as UTF-8 then "
            "URLEncoded URL query parameters without tag name duplicates.",
            ArgumentName="x-oss-tagging",
            ArgumentValue=header,
        )
    return dict(pairs)


def version_header(bucket: Bucket, version_id: str) -> dict[str, str]:
    """Return `x-oss-version-id` where the bucket has versions."""
    return {"x-oss-version-id": version_id} if bucket.versioning else {}


def written_headers(bucket: Bucket, made: OssObject) -> dict[str, str]:
    """Return the headers that answer a write."""
    return {
        "ETag": f'"{made.etag}"',
        "x-oss-hash-crc64ecma": str(made.content.crc64),
        **version_header(bucket, made.version_id),
    }


def object_headers(
    bucket: Bucket, named: OssObject, found: OssObject, *, restore: str
) -> dict[str, str]:
    """Return the headers of GetObject and HeadObject.

    Args:
        bucket: Where both are.
        named: What the key names, perhaps a symlink.
        found: What it leads to; the same object unless `named` is a symlink.
        restore: The value of `x-oss-restore`, "" for none.

    Source: GetObject and HeadObject, "Response headers", OSS documentation, read
    2026-11: ETag, Content-Length and Content-MD5 of a symlink are its target's.
    """
    headers = {
        "Content-Type": found.headers.get("content-type", DEFAULT_TYPE),
        **{name.title(): found.headers[name] for name in found.headers},
        "Accept-Ranges": "bytes",
        "ETag": f'"{found.etag}"',
        "Last-Modified": http_date(max(named.last_modified, found.last_modified)),
        "x-oss-object-type": named.object_type,
        "x-oss-hash-crc64ecma": str(found.content.crc64),
        "x-oss-storage-class": found.storage_class,
        **{f"{_META}{name}": value for name, value in named.metadata.items()},
        **version_header(bucket, named.version_id),
    }
    if found.object_type == "Normal" and not found.content.is_sparse:
        headers["Content-MD5"] = base64.b64encode(found.content.md5).decode()
    if found.object_type == "Appendable":
        headers["x-oss-next-append-position"] = str(found.size_bytes)
    if named.tags:
        headers["x-oss-tagging-count"] = str(len(named.tags))
    if found.encryption:
        headers["x-oss-server-side-encryption"] = found.encryption
    if restore:
        headers["x-oss-restore"] = restore
    return headers


def replaced(
    headers: Mapping[str, str], parameters: Mapping[str, str]
) -> dict[str, str]:
    """Return headers with those that `response-...` parameters ask for."""
    wanted = {
        name.removeprefix("response-").title(): value
        for name, value in parameters.items()
        if name.startswith("response-")
    }
    return {**headers, **wanted}


def encoded(text: str, encoding_type: str) -> str:
    """Return a key as a listing shows it."""
    return quote(text, safe="/") if encoding_type == "url" else text
