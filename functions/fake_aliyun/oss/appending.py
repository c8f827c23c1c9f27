"""AppendObject: the position is the lock."""

from fake_aliyun.content import Content
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.models import Bucket, OssBackend, opaque_etag
from fake_aliyun.oss.objects import Attributes, OssObject

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
