"""What all handlers of OSS operations share."""

import base64
import re
from collections.abc import Callable, Mapping

from fake_aliyun.core import xml
from fake_aliyun.core.content import Content
from fake_aliyun.core.http import Response
from fake_aliyun.oss.api.request import OssRequest
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.events import Event, object_created
from fake_aliyun.oss.models import Bucket, OssBackend
from fake_aliyun.oss.objects import OssObject

Publish = Callable[[Event], None]


class Handlers:
    """Answers operations; each group of them is a subclass."""

    def __init__(self, backend: OssBackend, *, publish: Publish) -> None:
        self.backend = backend
        self._publish = publish

    def bucket_of(self, request: OssRequest) -> Bucket:
        """Return the bucket that a request names."""
        return self.backend.bucket(request.bucket)

    def version_of(self, request: OssRequest) -> OssObject:
        """Return the object version that a request names, symlinks not followed."""
        return self.backend.find_version(
            self.bucket_of(request),
            request.key,
            request.parameters.get("versionId", ""),
        )

    def owner(self) -> tuple[str, xml.Children]:
        """Return the element that names the account."""
        account = self.backend.account_id
        return ("Owner", [("ID", account), ("DisplayName", account)])

    def made(
        self,
        request: OssRequest,
        made: OssObject,
        *,
        by: str,
        old_size_bytes: int,
        extra: Mapping[str, int] | None = None,
    ) -> None:
        """Tell whoever listens that an object was made."""
        bucket = self.bucket_of(request)
        self._publish(
            object_created(
                by,
                bucket=bucket.name,
                region_id=bucket.region_id,
                account_id=self.backend.account_id,
                made=made,
                delta_bytes=made.size_bytes - old_size_bytes,
                request_id=request.request_id,
                source_ip=request.http.client,
                extra=extra,
            )
        )


def forbids(request: OssRequest) -> bool:
    """Return whether a request may not replace an object."""
    return request.header("x-oss-forbid-overwrite").lower() == "true"


def read_body(request: OssRequest) -> Content:
    """Return the body, checked against its Content-MD5 if it has one.

    Raises:
        OssError: InvalidDigest.
    """
    content = Content([request.http.body])
    declared = request.header("content-md5")
    if declared and _digest(declared) != content.md5:
        raise OssError("InvalidDigest", ContentMD5=declared)
    return content


def _digest(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def read_count(
    request: OssRequest, name: str, *, default: int, least: int = 1, most: int = 1000
) -> int:
    """Return a number in the query, `default` if it is not there.

    Raises:
        OssError: InvalidArgument.

    Source: "HTTP status code 400", InvalidArgument, and the request parameters of
    ListBuckets, ListParts and ListMultipartUploads, OSS documentation, read 2026-11.
    """
    text = request.parameters.get(name, "")
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise OssError("InvalidArgument", ArgumentName=name, ArgumentValue=text)
    return int(text)


def ok(headers: Mapping[str, str] | None = None, *, status: int = 200) -> Response:
    """Return an answer without a body."""
    return Response(status=status, headers=dict(headers or {}))


def xml_answer(
    name: str, children: xml.Children, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer whose body is an XML document."""
    return Response(
        status=200,
        headers={"Content-Type": "application/xml", **(headers or {})},
        body=xml.document(name, children),
    )


def flag(value: bool) -> str:  # noqa: FBT001 - one value, turned into its text
    """Return a truth value as OSS writes it."""
    return "true" if value else "false"
