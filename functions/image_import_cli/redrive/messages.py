"""What OnFailure messages and log lines say should be delivered again.

Nothing that is given is lost silently: it is an upload to deliver, or has an end that
nobody needs to repeat, or is told with its line's number.

Sources: "Destinations", Function Compute documentation: the message carries the event
as `requestPayload`, as text or as JSON; "ReceiveMessage" and "PublishMessage", Simple
Message Queue (formerly MNS) documentation: a body may be Base64; "Log format", Function
Compute: a line begins with time, request ID and level. Read 2026-11.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from image_import.errors import EventError
from image_import.events import Ignored, ObjectCreated, Rejected, parse_event
from image_import.outcome import Outcome
from image_import.version import normal_etag

from image_import_cli.made_events import EVENT_NAMES
from image_import_cli.redrive_items import NoTextError, items

AGAIN = {
    Outcome.REFUSED.value,
    Outcome.FAILED.value,
    Outcome.RETRYING.value,
    Outcome.CREATE_FAILED.value,
}
"""The outcomes of log lines that are delivered again."""

MOST_TOLD = 100
"""Of what was not understood, per source: the rest is counted."""

INNER = ("MessageBody", "Message", "message", "content")
DEEPEST = 4
EXPECTED = "an OnFailure message, a log line of image_import or an OSS event"


class UnreadError(ValueError):
    """A line is nothing that could be delivered again; the message says why."""


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not understood, and where it stands."""

    line: int
    reason: str
    source: str = ""


@dataclass(kw_only=True, slots=True)
class Given:
    """What was read.

    Attributes:
        uploads: Each object version once, in the order in which they came.
        repeated: How often one of them came again.
        left: How many lines told of an end that nobody needs to repeat.
        unread: The first of what was not understood, `unread_count` all of it.
        unknown: Places of which there is no ledger.
    """

    uploads: dict[tuple[str, str, str], ObjectCreated] = field(default_factory=dict)
    repeated: int = 0
    left: int = 0
    unread: list[Unread] = field(default_factory=list)
    unread_count: int = 0
    unknown: list[str] = field(default_factory=list)

    def add(self, upload: ObjectCreated) -> None:
        """Add one upload, unless it is there already."""
        key = (upload.bucket, upload.object_key, upload.etag)
        self.repeated += key in self.uploads
        self.uploads.setdefault(key, upload)

    def leave(self, unread: Unread) -> None:
        """Note what was not understood."""
        self.unread_count += 1
        if len(self.unread) < MOST_TOLD:
            self.unread.append(unread)

    def merge(self, other: "Given", *, source: str) -> None:
        """Add what another source held."""
        for upload in other.uploads.values():
            self.add(upload)
        self.repeated += other.repeated
        self.left += other.left
        self.unknown += other.unknown
        self.unread_count += other.unread_count
        self.unread += [replace(unread, source=source) for unread in other.unread]


def read_given(stream: BinaryIO) -> Given:
    """Return what a file holds, of which no more than an item is in memory."""
    given = Given()
    try:
        for number, item in items(stream):
            _take(given, number, item)
    except NoTextError as exc:
        why = f"{exc}; from here on nothing was read"
        given.leave(Unread(exc.line, why))
    return given


def _take(given: Given, number: int, item: object) -> None:
    is_empty = True
    try:
        for upload in _uploads(item, 0):
            given.add(upload)
            is_empty = False
    except UnreadError as exc:
        given.leave(Unread(number, str(exc)))
    else:
        given.left += is_empty


def _uploads(item: object, depth: int) -> Iterator[ObjectCreated]:
    """Yield the uploads that one item tells of.

    Raises:
        UnreadError: It is nothing that we know.
    """
    if depth > DEEPEST:
        raise UnreadError(f"messages within messages, deeper than {DEEPEST}")
    if isinstance(item, str):
        yield from _uploads(_decoded(item), depth + 1)
    elif isinstance(item, list):
        yield from _of_list(item, depth)
    elif isinstance(item, dict):
        yield from _of_object(item, depth)
    else:
        raise UnreadError(f"{_brief(item)} is not {EXPECTED}")


def _of_list(parts: list[object], depth: int) -> Iterator[ObjectCreated]:
    """Yield the uploads of all parts, then tell of those that are nothing we know."""
    unknown = []
    for part in parts:
        try:
            yield from _uploads(part, depth)
        except UnreadError as exc:
            unknown.append(str(exc))
    if unknown:
        raise UnreadError("; ".join(unknown))


def _of_object(item: dict[str, Any], depth: int) -> Iterator[ObjectCreated]:
    if "requestPayload" in item:
        yield from _of_event(item["requestPayload"])
    elif "outcome" in item:
        yield from _of_log_line(item)
    elif "records" in item or "changes" in item:
        yield from _uploads(item.get("records", item.get("changes")), depth + 1)
    elif "events" in item or "data" in item or "oss" in item:
        yield from _of_event(item)
    else:
        inner = next((item[n] for n in INNER if isinstance(item.get(n), str)), None)
        if inner is None:
            names = ", ".join(map(_brief, list(item)[:6])) or "nothing"
            raise UnreadError(f"JSON with {names} is not {EXPECTED}")
        yield from _uploads(inner, depth + 1)


def _of_log_line(line: dict[str, Any]) -> Iterator[ObjectCreated]:
    if line["outcome"] not in AGAIN:
        return
    names = ("bucket", "object_key", "etag")
    told = [line.get(name) for name in names]
    missing = [n for n, v in zip(names, told, strict=True) if not v]
    if missing:
        raise UnreadError(
            f"the log line ({line['outcome']}) names no {', no '.join(missing)}, so "
            "there is nothing to deliver; upload again, or take the event itself"
        )
    bucket, object_key, etag = map(str, told)
    yield ObjectCreated(
        bucket=bucket,
        object_key=object_key,
        etag=normal_etag(etag),
        object_size_bytes=None,
        event_name=EVENT_NAMES["Normal"],
    )


def _of_event(payload: object) -> Iterator[ObjectCreated]:
    """Yield the uploads of the event that a message carries."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    if isinstance(payload, str) and "{" not in payload:
        text = _from_base64(payload) or payload
    try:
        records = parse_event(text.encode("utf-8", "surrogatepass"))
    except EventError as exc:
        raise UnreadError(str(exc)) from exc
    yield from _created(records)


def _created(
    records: Iterable[ObjectCreated | Ignored | Rejected],
) -> Iterator[ObjectCreated]:
    rejected = []
    for record in records:
        if isinstance(record, ObjectCreated):
            yield record
        elif isinstance(record, Rejected):
            rejected.append(record.reason)
    if rejected:
        raise UnreadError("; ".join(rejected))


def _decoded(text: str) -> object:
    """Return the JSON in a text: bare, behind a log's prefix, or as Base64."""
    held = text if "{" in text else _from_base64(text)
    start = held.find("{") if held else -1
    before = held[:start].strip() if held else ""
    if before in {"[", '[\\"', '"'}:
        start = 0
    if start < 0 or not held:
        raise UnreadError(f"{_brief(text)} is not {EXPECTED}")
    try:
        document: object = json.loads(held[start:])
    except (ValueError, RecursionError) as exc:
        raise UnreadError(f"{_brief(text)} holds no whole JSON ({exc})") from exc
    return document


def _from_base64(text: str) -> str:
    """Return what a Base64 text holds, "" if it is none."""
    try:
        whole = "".join(text.split())
        return base64.b64decode(whole, validate=True).decode("utf-8-sig")
    except (ValueError, binascii.Error):
        return ""


def _brief(value: object) -> str:
    text = value.strip() if isinstance(value, str) else json.dumps(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
