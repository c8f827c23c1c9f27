"""Operations on whole objects: put, get, head, append, delete."""

from fake_aliyun.clock import http_date
from fake_aliyun.http import Response
from fake_aliyun.oss.appending import append_object
from fake_aliyun.oss.conditions import READ, check_conditions
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.handlers import Handlers, forbids, ok, read_body, size_before
from fake_aliyun.oss.models import put_etag
from fake_aliyun.oss.objects import DeleteMarker, OssObject
from fake_aliyun.oss.ranges import Span, read_range
from fake_aliyun.oss.rendering import (
    object_headers,
    read_attributes,
    replaced,
    version_header,
    written_headers,
)
from fake_aliyun.oss.requests import OssRequest


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
        restore = self._restore_header(found)
        return found, object_headers(bucket, named, found, restore=restore)

    def _restore_header(self, found: OssObject) -> str:
        state = self.backend.restore_state(found)
        if state == "ongoing":
            return 'ongoing-request="true"'
        if state == "restored":
            ends = http_date(self.backend.restored_until(found))
            return f'ongoing-request="false", expiry-date="{ends}"'
        return ""

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
