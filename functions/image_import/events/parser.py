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
"""

import json
from typing import Any

from image_import.errors import EventError
from image_import.events.filters import why_encoded, why_foreign
from image_import.events.records import (
    EventEntry,
    Ignored,
    ObjectCreated,
    Rejected,
    brief,
    kind_of,
    read_record,
)

__all__ = [
    "EventEntry",
    "Ignored",
    "ObjectCreated",
    "Rejected",
    "parse_event",
    "why_not_ours",
]

MAX_EVENT_BYTES = 1024 * 1024
"""Four times the largest payload of an asynchronous invocation.

Source: "Limits", Function Compute 3.0 documentation: 128 KB, adjustable to 256 KB;
read 2026-11.
"""

_EXPECTED = 'an OSS trigger event ({"events": [...]}) or an EventBridge OSS event'


def parse_event(event: bytes) -> list[EventEntry]:
    """Return one entry for each record of an event, in the event's order.

    An event of another kind (timer, HTTP, S3, ...) is one `Ignored`.

    Args:
        event: What Function Compute hands to the handler.

    Raises:
        EventError: The event as a whole is nothing that we know.
    """
    return [_read_wrapped(record) for record in _records(_decode(event))]


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
    if why := why_encoded(event):
        raise EventError(why)
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
        raise EventError(f"the event is {kind_of(document)}; expected {_EXPECTED}")
    if not document:
        raise EventError(f"the event holds no records; expected {_EXPECTED}")
    return document


def _known_at_all(document: dict[str, Any]) -> dict[str, Any]:
    """Return an event that is one record or one envelope, of whatever service."""
    is_record = not {"oss", "eventName", "data"}.isdisjoint(document)
    if not is_record and not why_foreign(document):
        names = ", ".join(map(brief, list(document)[:8])) or "nothing"
        raise EventError(
            f"the event is an object that holds {names}; expected {_EXPECTED}"
        )
    return document


def _read_wrapped(record: object) -> EventEntry:
    """Return what one record says, whatever it is."""
    record = _unpack(record)
    if not isinstance(record, dict):
        return Rejected(reason=f"a record is {kind_of(record)}, expected an object")
    if "oss" in record or "data" not in record:
        return read_record(record, record.get("eventName"))
    if why := why_foreign(record):
        return Ignored(reason=why)
    data = _unpack(record["data"])
    if not isinstance(data, dict):
        return Rejected(reason=f"data is {kind_of(data)}, expected an OSS record")
    return read_record(data, data.get("eventName", record.get("type")))


def _unpack(value: object) -> object:
    """Return the object in a text: an event stream may send each event as text."""
    try:
        return _decode(value.encode()) if isinstance(value, str) else value
    except (EventError, UnicodeEncodeError):
        return value
