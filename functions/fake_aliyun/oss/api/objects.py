"""Operations on whole objects: put, get, head, append, delete."""

import gzip
import re
from collections.abc import Mapping
from typing import NamedTuple

from fake_aliyun.core.clock import http_date, read_http_date
from fake_aliyun.core.content import Content
from fake_aliyun.core.http import Response
from fake_aliyun.oss.api.base import Handlers, forbids, ok, read_body
from fake_aliyun.oss.api.rendering import (
    DEFAULT_TYPE,
    object_headers,
    read_attributes,
    replaced,
    version_header,
    written_headers,
)
from fake_aliyun.oss.api.request import OssRequest
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.models import (
    Bucket,
    OssBackend,
    opaque_etag,
    put_etag,
    size_before,
)
from fake_aliyun.oss.objects import Attributes, DeleteMarker, OssObject

MAX_APPENDABLE_BYTES = 5 * 1024**3


def append_object(
    backend: OssBackend,
    bucket: Bucket,
    key: str,
    data: Content,
    *,
    position: int,
    attributes: Attributes,
) -> OssObject:
    """Return an appendable object with `data` at its end.

    Raises:
        OssError: ObjectNotAppendable, PositionNotEqualToLength with the header
            `x-oss-next-append-position`, or EntityTooLarge.

    Source: AppendObject, OSS documentation, read 2026-11: metadata counts only where
    the object is made; in a versioned bucket only the current version grows, and it
    keeps its version ID.
    """
    current = bucket.versions.current(key)
    if current is not None and current.object_type != "Appendable":
        raise OssError("ObjectNotAppendable", Key=key)
    length = current.size_bytes if current else 0
    if position != length:
        headers = {"x-oss-next-append-position": str(length)}
        raise OssError("PositionNotEqualToLength", headers=headers, Key=key)
    if length + len(data) > MAX_APPENDABLE_BYTES:
        raise OssError("EntityTooLarge", Key=key)
    content = current.content + data if current else data
    etag = opaque_etag(content)
    if current is None:
        return backend.store(
            bucket,
            key,
            content,
            etag=etag,
            object_type="Appendable",
            attributes=attributes,
        )
    current.content, current.etag = content, etag
    current.last_modified = backend.clock()
    return current


READ = {
    "match": "if-match",
    "none_match": "if-none-match",
    "modified": "if-modified-since",
    "unmodified": "if-unmodified-since",
}
COPY = {
    "match": "x-oss-copy-source-if-match",
    "none_match": "x-oss-copy-source-if-none-match",
    "modified": "x-oss-copy-source-if-modified-since",
    "unmodified": "x-oss-copy-source-if-unmodified-since",
}
WRITE_REFUSED = frozenset(READ.values())
"""Headers that no writing operation documents, so none may rely on them."""


def check_conditions(
    found: OssObject, headers: Mapping[str, str], *, names: Mapping[str, str]
) -> None:
    """Let a request pass whose conditions hold.

    Raises:
        OssError: PreconditionFailed or NotModified.
    """
    given = {kind: headers[name] for kind, name in names.items() if name in headers}
    if "match" in given and not _lists(given["match"], found.etag):
        raise OssError("PreconditionFailed", Condition="If-Match")
    if "unmodified" in given and _is_after(found, given["unmodified"]):
        raise OssError("PreconditionFailed", Condition="If-Unmodified-Since")
    if "none_match" in given and _lists(given["none_match"], found.etag):
        raise _not_modified(found)
    if "modified" in given and not _is_after(found, given["modified"]):
        raise _not_modified(found)


def _not_modified(found: OssObject) -> OssError:
    headers = {
        "ETag": f'"{found.etag}"',
        "Last-Modified": http_date(found.last_modified),
    }
    return OssError("NotModified", headers=headers)


def _lists(value: str, etag: str) -> bool:
    return value.strip() == "*" or etag in {
        entry.strip().strip('"') for entry in value.split(",")
    }


def _is_after(found: OssObject, date: str) -> bool:
    try:
        moment = read_http_date(date)
    except ValueError:
        raise OssError("InvalidArgument", ArgumentValue=date) from None
    return found.last_modified.replace(microsecond=0) > moment


_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Span(NamedTuple):
    """Bytes from `start` up to, without, `stop`."""

    start: int
    stop: int


def read_range(header: str, *, size_bytes: int, standard: bool) -> Span | None:
    """Return the bytes asked for, or None where OSS sends the whole object with 200.

    Args:
        header: The value of `Range`.
        size_bytes: The object's size.
        standard: Whether `x-oss-range-behavior: standard` was sent. Without it a
            range that does not lie within the object is ignored.

    Raises:
        OssError: InvalidRange.

    Source: "How to obtain OSS resources by segmenting HTTP range requests" and "HTTP
    status code 416", OSS documentation, read 2026-11. What happens to several ranges
    differs between the two pages; this follows the second.
    """
    if "," in header:
        raise OssError("InvalidRange")
    found = _RANGE.fullmatch(header)
    if not found or found.groups() == ("", ""):
        return None
    if not found[1]:
        return _suffix(int(found[2]), size_bytes=size_bytes, standard=standard)
    first = int(found[1])
    last = int(found[2]) if found[2] else size_bytes - 1
    if first < size_bytes and first <= last < size_bytes:
        return Span(first, last + 1)
    if not standard or (found[2] and first > last):
        return None
    if first >= size_bytes:
        raise OssError("InvalidRange")
    return Span(first, size_bytes)


def _suffix(count: int, *, size_bytes: int, standard: bool) -> Span | None:
    if 0 < count <= size_bytes:
        return Span(size_bytes - count, size_bytes)
    if not standard:
        return None
    if count == 0 or size_bytes == 0:
        raise OssError("InvalidRange")
    return Span(0, size_bytes)


class ObjectHandlers(Handlers):
    """Answers operations on whole objects."""

    def put_object(self, request: OssRequest) -> Response:
        """Make a Normal object."""
        bucket = self.bucket_of(request)
        content = read_body(request)
        self.backend.check_overwrite(bucket, request.key, forbidden=forbids(request))
        before = size_before(bucket, request.key)
        made = self.backend.store(
            bucket,
            request.key,
            content,
            etag=put_etag(content),
            object_type="Normal",
            attributes=read_attributes(request.http),
        )
        self.made(request, made, by="PutObject", old_size_bytes=before)
        return ok(written_headers(bucket, made))

    def append_object(self, request: OssRequest) -> Response:
        """Make an Appendable object or add to its end."""
        bucket = self.bucket_of(request)
        position = _position(request)
        made = append_object(
            self.backend,
            bucket,
            request.key,
            read_body(request),
            position=position,
            attributes=read_attributes(request.http),
        )
        self.made(
            request,
            made,
            by="AppendObject",
            old_size_bytes=position,
            extra={"position": position},
        )
        headers = written_headers(bucket, made)
        return ok({**headers, "x-oss-next-append-position": str(made.size_bytes)})

    def get_object(self, request: OssRequest) -> Response:
        """Return the bytes of an object or a range of them."""
        found, headers = self._read(request)
        self.backend.check_readable(found)
        headers = replaced(headers, request.parameters)
        span = _span(request, found)
        if span is None and _is_packed(request, found):
            return _packed(headers, found)
        if span is None:
            return Response(status=200, headers=headers, body=found.content)
        shown = f"bytes {span.start}-{span.stop - 1}/{found.size_bytes}"
        return Response(
            status=206,
            headers={**headers, "Content-Range": shown},
            body=found.content.span(*span),
        )

    def head_object(self, request: OssRequest) -> Response:
        """Return what GetObject would say, without the bytes."""
        found, headers = self._read(request)
        return ok({**headers, "Content-Length": str(found.size_bytes)})

    def get_object_meta(self, request: OssRequest) -> Response:
        """Return size, ETag and time only."""
        found, headers = self._read(request)
        names = ("ETag", "Last-Modified", "x-oss-version-id")
        few = {name: headers[name] for name in names if name in headers}
        return ok({**few, "Content-Length": str(found.size_bytes)})

    def _read(self, request: OssRequest) -> tuple[OssObject, dict[str, str]]:
        bucket = self.bucket_of(request)
        version_id = request.parameters.get("versionId", "")
        named = self.version_of(request)
        found = self.backend.find_object(bucket, request.key, version_id)
        check_conditions(found, request.http.headers, names=READ)
        restore = self.backend.restore_header(found)
        return found, object_headers(bucket, named, found, restore=restore)

    def delete_object(self, request: OssRequest) -> Response:
        """Remove an object; that there was none is no error."""
        bucket = self.bucket_of(request)
        version_id = request.parameters.get("versionId", "")
        gone = self.backend.delete_object(bucket, request.key, version_id)
        headers: dict[str, str] = {}
        if gone is not None:
            headers = version_header(bucket, gone.version_id)
        if isinstance(gone, DeleteMarker):
            headers["x-oss-delete-marker"] = "true"
        return ok(headers, status=204)


PACKED_TYPES = frozenset(
    {
        "text/cache-manifest", "text/css", "text/html", "text/javascript",
        "text/plain", "text/richtext", "text/xml", "application/javascript",
        "application/json", "application/rss+xml", "application/x-javascript",
        "application/xhtml+xml", "application/xml", "application/x-ns-proxy-autoconfig",
    }
)  # fmt: skip
LEAST_PACKED_BYTES = 1024
"""Source: GetObject, `Accept-Encoding`, OSS documentation; oss2's own suite,
`test_gzip_get`; read 2026-12. Which types are packed differs between pages."""


def _is_packed(request: OssRequest, found: OssObject) -> bool:
    """Return whether a client wants an object packed, and OSS packs it."""
    kind = found.headers.get("content-type", DEFAULT_TYPE).partition(";")[0].strip()
    return (
        "gzip" in request.header("accept-encoding")
        and kind in PACKED_TYPES
        and "content-encoding" not in found.headers
        and found.size_bytes >= LEAST_PACKED_BYTES
        and not request.header("range")
    )


def _packed(headers: Mapping[str, str], found: OssObject) -> Response:
    """Return an object in gzip, without an ETag and sent in chunks."""
    packed = gzip.compress(found.content.to_bytes(), compresslevel=1)
    dropped = {"ETag", "Accept-Ranges", "Content-MD5"}
    kept = {name: value for name, value in headers.items() if name not in dropped}
    return Response(
        status=200,
        headers={**kept, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"},
        body=packed,
        is_chunked=True,
    )


def _position(request: OssRequest) -> int:
    text = request.parameters.get("position", "")
    if not text.isdecimal():
        raise OssError("MissingArgument" if not text else "InvalidArgument")
    return int(text)


def _span(request: OssRequest, found: OssObject) -> Span | None:
    header = request.header("range")
    # A directory-like object ignores Range. Source: GetObject, "Range".
    if not header or request.key.endswith("/"):
        return None
    standard = request.header("x-oss-range-behavior") == "standard"
    return read_range(header, size_bytes=found.size_bytes, standard=standard)
