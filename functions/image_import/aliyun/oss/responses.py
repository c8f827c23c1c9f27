"""What OSS answers, as the rest of the function sees it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from image_import.aliyun.transport_errors import ForeignAnswer
from image_import.model.checksum import MD5, normal_checksum
from image_import.model.revision import normal_etag

_META = "x-oss-meta-"
_STRONG_ETAG = re.compile(r'"?[^"\s,]+"?', re.ASCII)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
WHOLE, PARTIAL = 200, 206


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectPiece:
    """Some bytes of an object, and what the reply's headers say about the whole.

    Attributes:
        spelled_etag: The ETag as the answer spells it, for the next If-Match.
        object_size_bytes: Of the whole object.
        user_metadata: Names in lower case, without `x-oss-meta-`.
        date: The reply's Date, which is OSS's own clock.
        crc64: Of the whole object, in decimal; "" where OSS does not say.
        content_md5: Of the object, in hexadecimal; "" where OSS does not say.
        modified: When the object was made; None where the reply does not say.
    """

    data: bytes
    etag: str
    object_size_bytes: int
    user_metadata: Mapping[str, str]
    storage_class: str
    encryption: str
    object_type: str
    date: datetime
    modified: datetime | None = None
    spelled_etag: str = ""
    crc64: str = ""
    content_md5: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One object of a listing; `object_type` is Normal, Multipart, Appendable, ..."""

    object_key: str
    etag: str
    object_size_bytes: int
    object_type: str
    last_modified: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """One page of a listing; `next_token` is "" on the last one."""

    objects: tuple[Listed, ...]
    next_token: str
    date: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedBytes:
    """The bytes that are asked for: `first` to `last`, or the `last` ones.

    Attributes:
        first: Counted from 0; None for so many at the end.
        last: Included; or how many, at the end.
    """

    first: int | None
    last: int

    @property
    def count(self) -> int:
        """How many bytes that is at most."""
        return self.last if self.first is None else self.last - self.first + 1

    def of(self, size: int) -> tuple[int, int]:
        """Return the first and last byte of an object of so many bytes."""
        if self.first is None:
            return max(0, size - self.last), size - 1
        return self.first, min(self.last, size - 1)


def read_piece(reply: Any, span: WantedBytes, etag: str) -> ObjectPiece:  # noqa: ANN401 - oss2 has no types
    """Return the bytes that were asked for, and no others.

    Args:
        reply: To a GET: 206, or 200 where the whole object is no more than that.
        span: What was asked for.
        etag: Of which upload, in any case and without quotes; "" for any.

    Raises:
        ForeignAnswer: It is another upload's, or other bytes, or not all of them.
    """
    try:
        return _read_piece(reply, span, etag)
    except ForeignAnswer:
        reply.resp.close()
        raise


def _read_piece(reply: Any, span: WantedBytes, etag: str) -> ObjectPiece:  # noqa: ANN401 - same
    headers = reply.headers
    found = _strong_etag(headers)
    if etag and found != normal_etag(etag):
        raise ForeignAnswer(f"its ETag is {found}, asked for was {etag}")
    size = _size(reply.status, headers, span)
    data = _read_bounded(reply.resp, span.count)
    whole = len(data) if size is None else size
    first, last = span.of(whole)
    if len(data) != last - first + 1:
        raise ForeignAnswer(
            f"{len(data)} bytes came, which are not the {last - first + 1} asked for"
        )
    return piece_of(headers, data=data, object_size_bytes=whole)


def _strong_etag(headers: Mapping[str, str]) -> str:
    """Return the ETag by which an upload is known, as events write it.

    A proxy that changes what passes through it takes the ETag away, or weakens it.

    Source: RFC 9110, 8.8.1 and 8.8.3, read 2026-12.
    """
    told = headers.get("ETag", "")
    if not _STRONG_ETAG.fullmatch(told.strip()):
        raise ForeignAnswer(f"its ETag is {told!r}, not the one of an upload")
    return normal_etag(told)


def _size(status: int, headers: Mapping[str, str], span: WantedBytes) -> int | None:
    """Return the object's size; None where it is all there, and its body will tell."""
    told = headers.get("Content-Range", "")
    if status == PARTIAL:
        match = _CONTENT_RANGE.fullmatch(told)
        size = int(match[3]) if match else 0
        if not match or (int(match[1]), int(match[2])) != span.of(size):
            raise ForeignAnswer(
                f"its Content-Range is {told!r}, not what was asked for"
            )
        return size
    if status != WHOLE or told or span.first:
        raise ForeignAnswer(f"HTTP {status} for a range of an object")
    return None


def _read_bounded(reply: Any, most: int) -> bytes:  # noqa: ANN401 - ours or oss2's
    """Return the body, but never much more than was asked for: images are large."""
    told = reply.headers.get("Content-Length")
    if told is not None and int(told) > most:
        raise ForeignAnswer(f"{told} bytes where at most {most} were asked for")
    data = b""
    for piece in reply:
        data += piece
        if len(data) > most:
            raise ForeignAnswer(f"more than the {most} bytes that were asked for")
    return data


def piece_of(
    headers: Any,  # noqa: ANN401 - oss2 has no types
    *,
    data: bytes,
    object_size_bytes: int,
) -> ObjectPiece:
    """Return what the headers of an answer say of an object, with what came of it."""
    return ObjectPiece(
        data=data,
        etag=normal_etag(headers.get("ETag", "")),
        spelled_etag=headers.get("ETag", "").strip().strip('"'),
        object_size_bytes=object_size_bytes,
        user_metadata={
            name.removeprefix(_META): _text(value)
            for name, value in headers.lower_items()
            if name.startswith(_META)
        },
        storage_class=headers.get("x-oss-storage-class", ""),
        encryption=headers.get("x-oss-server-side-encryption", ""),
        crc64=headers.get("x-oss-hash-crc64ecma", ""),
        content_md5=_md5(headers.get("Content-MD5", "")),
        object_type=headers.get("x-oss-object-type", ""),
        date=_date(headers),
        modified=_moment(headers.get("Last-Modified", "")),
    )


def read_listing(found: Any) -> Listing:  # noqa: ANN401 - oss2 has no types
    """Return one page of a listing."""
    return Listing(
        objects=tuple(
            Listed(
                object_key=item.key,
                etag=normal_etag(item.etag),
                object_size_bytes=item.size,
                object_type=item.type,
                last_modified=datetime.fromtimestamp(
                    item.last_modified, tz=timezone.utc
                ),
            )
            for item in found.object_list
        ),
        next_token=found.next_continuation_token if found.is_truncated else "",
        date=_date(found.headers),
    )


def _moment(told: str) -> datetime | None:
    """Return a header's time; None if it is none, or two that something joined."""
    try:
        moment = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _md5(told: str) -> str:
    """Return an MD5 in hexadecimal, "" for what is none."""
    try:
        return normal_checksum(MD5, told)
    except ValueError:
        return ""


def _text(header: str) -> str:
    """Return a header's text: UTF-8 on the wire, which http.client reads as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _date(headers: Mapping[str, str]) -> datetime:
    """Return OSS's clock; leases cannot be measured by anything else."""
    told = headers.get("Date", "")
    moment = _moment(told)
    if moment is None:
        raise ForeignAnswer(f"its Date is {told!r}, not a time; OSS always sends one")
    return moment
