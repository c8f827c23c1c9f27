"""Conditional headers of GetObject, HeadObject and CopyObject.

Source: GetObject and CopyObject, OSS documentation, read 2026-11: mismatch of
If-Match or If-Unmodified-Since is 412 PreconditionFailed, of If-None-Match or
If-Modified-Since 304 Not Modified.
"""

from collections.abc import Mapping

from fake_aliyun.clock import http_date, read_http_date
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.objects import OssObject

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
