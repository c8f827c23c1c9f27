"""One record of an OSS event: an object that may be an image, or why it is none.

Sources:
    Fields: "Formats of event for different triggers", Function Compute documentation;
    OSSEvent.java of aliyun/fc-java-libs and events/oss.go of
    aliyun/fc-runtime-go-sdk for the optional ones; read 2026-11.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from image_import.events.filters import why_foreign, why_no_image
from image_import.model.revision import normal_etag

MAX_KEY_BYTES = 1023
"""Source: "Object", OSS documentation, naming conventions, read 2026-11."""

EXAMPLE_EVENT = "ObjectCreated:PutObject"
_META = "x-oss-meta-"
# Source: "Bucket", OSS documentation, naming conventions, read 2026-11. A name that
# breaks them must not become part of a host.
# Likewise a region, which becomes part of a host that is sent our credentials.
_REGION = re.compile(r"[a-z][a-z0-9-]{1,62}")
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectCreated:
    """An object is complete and may be an image.

    Attributes:
        object_key: As OSS stores it; events do not encode keys.
        etag: Upper case, without quotes.
        spelled_etag: As the event spells it, without quotes; "" if nobody has told.
        object_size_bytes: None where nobody has told it.
        event_name: Without `oss:`, e.g. `ObjectCreated:PutObject`.
        region_id: In its general form, e.g. `cn-hangzhou`.
        user_metadata: Names in lower case, without `x-oss-meta-`.
        oss_request_id: Of the upload.
    """

    bucket: str
    object_key: str
    etag: str
    object_size_bytes: int | None
    event_name: str
    spelled_etag: str = ""
    event_time: str | None = None
    region_id: str | None = None
    user_metadata: Mapping[str, str] = field(default_factory=dict)
    oss_request_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored:
    """A record or a whole event that is understood, and not for us."""

    reason: str
    bucket: str | None = None
    object_key: str | None = None
    etag: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A record that cannot be understood; the others of its event still count."""

    reason: str
    bucket: str | None = None
    object_key: str | None = None
    etag: str | None = None


def decoded(record: ObjectCreated) -> ObjectCreated | None:
    """Return the record with its key decoded, if that is another key of an object.

    OSS does not encode keys; what stands between it and us may.
    """
    try:
        key = unquote(record.object_key, errors="strict")
    except UnicodeDecodeError:
        return None
    if key in {record.object_key, "", ".", ".."} or key.endswith("/"):
        return None
    return replace(record, object_key=key)


EventEntry = ObjectCreated | Ignored | Rejected


def read_record(record: Mapping[str, Any], event_name: object) -> EventEntry:
    """Return what one record says.

    Args:
        record: As OSS writes it, without any envelope.
        event_name: From the record, or from its envelope if it has none.
    """
    return _Record(record, event_name).read()


class _Record:
    """One record with the fields that OSS gives it, each read on its own."""

    def __init__(self, record: Mapping[str, Any], event_name: object) -> None:
        oss = _dict(record.get("oss"))
        self._record = record
        self._bucket = _dict(oss.get("bucket"))
        self._object = _dict(oss.get("object"))
        self._event_name = (_text(event_name) or "").removeprefix("oss:")
        self._known: dict[str, str | None] = {
            "bucket": _text(self._bucket.get("name")),
            "object_key": _text(self._object.get("key")),
            "etag": normal_etag(self._spelled_etag()) or None,
        }

    def read(self) -> EventEntry:
        """Return the record as an entry."""
        if why := why_foreign(self._record) or self._why_no_image():
            return Ignored(reason=why, **self._known)
        if why := self._why_incomplete() or self._why_not_addressable():
            return Rejected(reason=f"a record cannot be used: {why}", **self._known)
        return self._created()

    def _why_no_image(self) -> str | None:
        """Return why this object, whatever else is said of it, is no image."""
        if why := self._event_name and why_no_image(self._event_name):
            return why
        if (self._known["object_key"] or "").endswith("/"):
            return "the key ends with /: a folder"
        return "the object is empty (size 0)" if self._size() == 0 else None

    def _why_not_addressable(self) -> str | None:
        """Return why this must not, or cannot, become part of a URL."""
        key, region = self._known["object_key"], self._region_id()
        if key in {".", ".."}:
            return f"oss.object.key is {_shown(key)}, which no URL can name"
        if region is not None and not _REGION.fullmatch(region):
            return f"region is {_shown(region)}, expected a region ID as cn-hangzhou"
        from_arn = self._region_of_arn()
        if region != from_arn and _REGION.fullmatch(from_arn):
            return (
                f"region is {_shown(region)}, but oss.bucket.arn names"
                f" {_shown(from_arn)}; expected one region in both"
            )
        return None

    def _why_incomplete(self) -> str | None:
        """Return which field that we cannot do without is missing or wrong."""
        bucket, key = self._known["bucket"], self._known["object_key"]
        if not self._event_name:
            return f"it has no eventName, expected one such as {EXAMPLE_EVENT}"
        if not bucket or not _BUCKET.fullmatch(bucket):
            found = self._bucket.get("name")
            return f"oss.bucket.name is {_shown(found)}, expected a bucket's name"
        if not key or len(key.encode()) > MAX_KEY_BYTES:
            found = self._object.get("key")
            return (
                f"oss.object.key is {_shown(found)},"
                f" expected 1 to {MAX_KEY_BYTES} bytes of UTF-8"
            )
        if self._size() is None:
            found = self._object.get("size")
            return f"oss.object.size is {_shown(found)}, expected a number of bytes"
        if not self._known["etag"]:
            found = self._object.get("eTag")
            return f"oss.object.eTag is {_shown(found)}, expected the object's ETag"
        return None

    def _created(self) -> ObjectCreated:
        request_id = _dict(self._record.get("responseElements")).get("requestId")
        return ObjectCreated(
            bucket=self._known["bucket"] or "",
            object_key=self._known["object_key"] or "",
            etag=self._known["etag"] or "",
            spelled_etag=self._spelled_etag(),
            object_size_bytes=self._size(),
            event_name=self._event_name,
            event_time=_text(self._record.get("eventTime")),
            region_id=self._region_id(),
            user_metadata=_user_metadata(self._object.get("objectMeta")),
            oss_request_id=_text(request_id),
        )

    def _spelled_etag(self) -> str:
        """Return the ETag in the event's own case; "" if there is none.

        OSS knows no weak ETags: a W/ came on the way, and no If-Match would find it.
        """
        text = (_text(self._object.get("eTag")) or "").strip()
        return text.removeprefix("W/").strip('"')

    def _size(self) -> int | None:
        """Return the size, which something on the way may have turned into text."""
        size = self._object.get("size")
        if isinstance(size, str) and _DIGITS.fullmatch(size):
            return int(size)
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            return None
        return size

    def _region_id(self) -> str | None:
        """Return the region, which the bucket's ARN names as well."""
        region = _text(self._record.get("region")) or self._region_of_arn()
        return region.removeprefix("oss-") or None

    def _region_of_arn(self) -> str:
        arn = (_text(self._bucket.get("arn")) or "").split(":")
        return arn[2].removeprefix("oss-") if len(arn) > 3 else ""


def _user_metadata(object_meta: object) -> dict[str, str]:
    """Return user metadata, whether its names are whole headers or not.

    Source: `userMeta` in OSSEvent.java of aliyun/fc-java-libs is a map of strings;
    "Function Compute events" (EventBridge documentation) shows it with whole header
    names; both read 2026-11.
    """
    user_meta = _dict(_dict(object_meta).get("userMeta"))
    return {
        name.lower().removeprefix(_META): value
        for name, value in user_meta.items()
        if _text(name) and _text(value)
    }


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """Return a string that can be sent and logged as UTF-8, or None."""
    if not isinstance(value, str) or not value:
        return None
    # JSON may spell half of a surrogate pair, which no text in OSS can hold.
    is_whole = value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)
    return value if is_whole else None


def kind_of(value: object) -> str:
    """Return what a value is, in JSON's words."""
    if value is None:
        return "null or missing"
    names = {bool: "a boolean", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def _shown(value: object) -> str:
    return brief(value) if isinstance(value, (str, int)) else kind_of(value)


def brief(value: object) -> str:
    """Return a value as it may stand in a message: escaped, and never long."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
