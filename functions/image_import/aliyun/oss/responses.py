"""What OSS answers, as the rest of the function sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from image_import.errors import ServiceRejected
from image_import.model.revision import normal_etag

_META = "x-oss-meta-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Some bytes of an object, and what the reply's headers say about the whole.

    Attributes:
        object_size_bytes: Of the whole object.
        user_metadata: Names in lower case, without `x-oss-meta-`.
        date: The reply's Date, which is OSS's own clock.
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


def read_piece(reply: Any, limit: int) -> Piece:  # noqa: ANN401 - oss2 has no types
    """Read the body of a GET that may be 206, or 200 where that is all there is."""
    headers = reply.headers
    length = int(headers.get("Content-Length") or -1)
    if not 0 <= length <= limit:
        reply.resp.response.close()
        raise ServiceRejected(
            f"OSS answered a read of at most {limit} bytes with {length} bytes; "
            "the range was not honoured, so nothing was read",
            service="OSS",
            action="GetObject",
            http_status=reply.status,
            request_id=reply.request_id,
        )
    whole = _whole_size(headers, length)
    return piece_of(headers, data=reply.read(), object_size_bytes=whole)


def piece_of(
    headers: Any,  # noqa: ANN401 - oss2 has no types
    *,
    data: bytes,
    object_size_bytes: int,
) -> Piece:
    """Return what the headers of an answer say of an object, with what came of it."""
    return Piece(
        data=data,
        etag=normal_etag(headers.get("ETag", "")),
        object_size_bytes=object_size_bytes,
        user_metadata={
            name.removeprefix(_META): _text(value)
            for name, value in headers.lower_items()
            if name.startswith(_META)
        },
        storage_class=headers.get("x-oss-storage-class", ""),
        encryption=headers.get("x-oss-server-side-encryption", ""),
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


def _text(header: str) -> str:
    """Return a header's text: UTF-8 on the wire, which http.client reads as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _whole_size(headers: Mapping[str, str], length: int) -> int:
    """Return the object's size from `Content-Range: bytes 0-99/1234`."""
    _, _, total = headers.get("Content-Range", "").rpartition("/")
    return int(total) if total.isdigit() else length


def _date(headers: Mapping[str, str]) -> datetime:
    """Return OSS's clock; leases cannot be measured by anything else."""
    told = headers.get("Date", "")
    moment = _moment(told)
    if moment is None:
        raise ServiceRejected(
            f"the answer's Date is {told!r}, not a time; OSS sends it with every "
            "answer, so check what stands between the function and OSS_ENDPOINT",
            service="OSS",
            action="any",
        )
    return moment
