"""What an event says was put into OSS: one entry per record, none lost.

An event comes from a native OSS trigger (`{"events": [...]}`) or through EventBridge
(a CloudEvents envelope, a list of them, or with RawData only what is in `data`).
Whatever the way, a record ends as one of three: `ObjectCreated` may be an image,
`Ignored` is understood and not for us, `Rejected` cannot be understood. A record is
judged alone, so a bad one never hurts its neighbours.

Sources:
    "Formats of event for different triggers" and "Overview of OSS triggers", Function
    Compute documentation; "Event notification" and "OSS events" (EventBridge), Alibaba
    Cloud documentation; OSSEvent.java of aliyun/fc-java-libs and events/oss.go of
    aliyun/fc-runtime-go-sdk for the optional fields; all read 2026-11.

Room: core.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from image_import.errors import EventError
from image_import.event_kinds import why_foreign, why_no_image
from image_import.version import normal_etag

MAX_EVENT_BYTES = 1024 * 1024
"""Four times the largest payload of an asynchronous invocation.

Source: "Limits", Function Compute 3.0 documentation: 128 KB, adjustable to 256 KB;
read 2026-11.
"""

MAX_KEY_BYTES = 1023
"""Source: "Object", OSS documentation, naming conventions, read 2026-11."""

EXAMPLE_EVENT = "ObjectCreated:PutObject"
_META = "x-oss-meta-"
_EXPECTED = 'an OSS trigger event ({"events": [...]}) or an EventBridge OSS event'
# Source: "Bucket", OSS documentation, naming conventions, read 2026-11. A name that
# breaks them must not become part of a host.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectCreated:
    """An object is complete and may be an image.

    Attributes:
        object_key: As OSS stores it; events do not encode keys.
        etag: Upper case, without quotes.
        event_name: Without `oss:`, e.g. `ObjectCreated:PutObject`.
        region_id: In its general form, e.g. `cn-hangzhou`.
        user_metadata: Names in lower case, without `x-oss-meta-`.
        oss_request_id: Of the upload.
    """

    bucket: str
    object_key: str
    etag: str
    object_size_bytes: int
    event_name: str
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


EventEntry = ObjectCreated | Ignored | Rejected


def parse_event(event: bytes) -> list[EventEntry]:
    """Return one entry for each record of an event, in the event's order.

    An event of another kind (timer, HTTP, S3, ...) is one `Ignored`.

    Args:
        event: What Function Compute hands to the handler.

    Raises:
        EventError: The event as a whole is nothing that we know.
    """
    if why := why_foreign(event):
        return [Ignored(reason=why)]
    return [_read_record(record) for record in _records(_decode(event))]


def why_not_ours(
    record: ObjectCreated, *, key_prefix: str, ledger_bucket: str, ledger_prefix: str
) -> str | None:
    """Return why the settings keep a record out, or None if they let it in.

    Args:
        record: The object in question.
        key_prefix: KEY_PREFIX; "" lets every key in.
        ledger_bucket: LEDGER_BUCKET; "" is the image's own bucket.
        ledger_prefix: LEDGER_PREFIX; what stands there is ours, never an image.
    """
    beside_ledger = record.bucket == (ledger_bucket or record.bucket)
    if beside_ledger and record.object_key.startswith(ledger_prefix):
        return f"the key is under LEDGER_PREFIX ({ledger_prefix}), our own records"
    if not record.object_key.startswith(key_prefix):
        return f"the key does not start with KEY_PREFIX ({key_prefix})"
    return None


def _decode(event: bytes) -> object:
    """Return the JSON document in an event, or raise EventError saying why not."""
    if len(event) > MAX_EVENT_BYTES:
        raise EventError(
            f"the event has {len(event):,} bytes, more than Function Compute ever"
            f" delivers from a trigger; expected {_EXPECTED}, send one record at a time"
        )
    if not event.strip():
        raise EventError(f"the event is empty; expected {_EXPECTED}")
    try:
        document: object = json.loads(
            event.decode("utf-8-sig"), parse_constant=_no_constant
        )
    except UnicodeDecodeError as exc:
        raise EventError(
            f"the event is not UTF-8 (byte {exc.start}); expected {_EXPECTED}"
        ) from exc
    except RecursionError as exc:
        raise EventError(
            f"the event's JSON is nested too deeply; expected {_EXPECTED}"
        ) from exc
    except ValueError as exc:
        raise EventError(
            f"the event is not JSON ({exc}); expected {_EXPECTED}"
        ) from exc
    return document


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _records(document: object) -> list[object]:
    """Return the records, each as it came, of any envelope."""
    if isinstance(document, dict):
        if "events" not in document:
            return [_known_at_all(document)]
        document = document["events"]
    if not isinstance(document, list):
        raise EventError(f"the event is {_kind(document)}; expected {_EXPECTED}")
    if not document:
        raise EventError(f"the event holds no records; expected {_EXPECTED}")
    return document


def _known_at_all(document: dict[str, Any]) -> dict[str, Any]:
    """Return an event that is one record or one envelope, of whatever service."""
    is_record = not {"oss", "eventName", "data"}.isdisjoint(document)
    if not is_record and not why_foreign(document):
        names = ", ".join(map(_brief, list(document)[:8])) or "nothing"
        raise EventError(
            f"the event is an object that holds {names}; expected {_EXPECTED}"
        )
    return document


def _read_record(record: object) -> EventEntry:
    """Return what one record says, whatever it is."""
    record = _unpack(record)
    if not isinstance(record, dict):
        return Rejected(reason=f"a record is {_kind(record)}, expected an object")
    if "oss" in record or "data" not in record:
        return _Record(record, record.get("eventName")).read()
    if why := why_foreign(record):
        return Ignored(reason=why)
    data = _unpack(record["data"])
    if not isinstance(data, dict):
        return Rejected(reason=f"data is {_kind(data)}, expected an OSS record")
    return _Record(data, data.get("eventName", record.get("type"))).read()


def _unpack(value: object) -> object:
    """Return the object in a text: an event stream may send each event as text."""
    try:
        return _decode(value.encode()) if isinstance(value, str) else value
    except (EventError, UnicodeEncodeError):
        return value


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
            "etag": normal_etag(_text(self._object.get("eTag")) or "") or None,
        }

    def read(self) -> EventEntry:
        """Return the record as an entry."""
        if why := why_foreign(self._record) or self._why_no_image():
            return Ignored(reason=why, **self._known)
        if why := self._why_incomplete():
            return Rejected(reason=f"a record cannot be used: {why}", **self._known)
        return self._created()

    def _why_no_image(self) -> str | None:
        """Return why this object, whatever else is said of it, is no image."""
        size = self._object.get("size")
        if why := self._event_name and why_no_image(self._event_name):
            return why
        if (self._known["object_key"] or "").endswith("/"):
            return "the key ends with /: a folder"
        is_empty = size == 0 and not isinstance(size, bool)
        return "the object is empty (size 0)" if is_empty else None

    def _why_incomplete(self) -> str | None:
        """Return which field that we cannot do without is missing or wrong."""
        bucket, key = self._known["bucket"], self._known["object_key"]
        size = self._object.get("size")
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
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            return f"oss.object.size is {_shown(size)}, expected a number of bytes"
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
            object_size_bytes=self._object["size"],
            event_name=self._event_name,
            event_time=_text(self._record.get("eventTime")),
            region_id=self._region_id(),
            user_metadata=_user_metadata(self._object.get("objectMeta")),
            oss_request_id=_text(request_id),
        )

    def _region_id(self) -> str | None:
        """Return the region, which the bucket's ARN names as well."""
        arn = (_text(self._bucket.get("arn")) or "").split(":")
        from_arn = arn[2] if len(arn) > 3 else ""
        region = _text(self._record.get("region")) or from_arn
        return region.removeprefix("oss-") or None


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
    return None if any("\ud800" <= c <= "\udfff" for c in value) else value


def _kind(value: object) -> str:
    """Return what a value is, in JSON's words."""
    if value is None:
        return "null or missing"
    names = {bool: "a boolean", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def _shown(value: object) -> str:
    return _brief(value) if isinstance(value, (str, int)) else _kind(value)


def _brief(value: object) -> str:
    """Return a value as it may stand in a message: escaped, and never long."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
