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
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, BinaryIO

from image_import.errors import EventError
from image_import.events.parser import Ignored, ObjectCreated, Rejected, parse_event
from image_import.model.result import Outcome
from image_import.model.revision import normal_etag

from image_import_cli.aliyun.events import EVENT_NAMES

MOST = 16 * 1024 * 1024
"""Bytes of a line, and characters of a value that spans lines: far above any message's,
so that what is no list of messages at all takes no memory."""

PLATFORM = re.compile(r"\s*(\S+ )?FC (Invoke|Initialize|PreStop|PreFreeze) ")
"""The platform's own lines around each invocation in a function's log."""

XML = re.compile(r"\s*<[?!A-Za-z]")
BODY = re.compile(r"<(?:MessageBody|Message)>([^<]+)</")
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')
DEPTHS = {"[": 1, "{": 1, "]": -1, "}": -1}

Line = tuple[int, str]
Item = tuple[int, object]


class NoTextError(ValueError):
    """From a line on, a file holds no lines of text; `line` is its number."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def items(stream: BinaryIO) -> Iterator[Item]:
    """Yield what a file holds, with the number of the line where it begins.

    A text is a line as it stands, or a body; all else is JSON that was read already.

    Raises:
        NoTextError: It is no text.
    """
    lines = _lines(stream)
    first = next(lines, None)
    if first is None:
        return
    if XML.match(first[1]):
        yield from _bodies(first, lines)
    else:
        yield from _values(chain([first], lines))


def _lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield the lines that hold anything, with their numbers."""
    for number, line in enumerate(iter(lambda: stream.readline(MOST), b""), 1):
        if b"\0" in line:
            raise NoTextError(number, "this is no text in UTF-8")
        if len(line) == MOST:
            why = f"this line is longer than {MOST // 1024**2} MiB"
            raise NoTextError(number, why)
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
        if text.strip():
            yield number, text


def _values(lines: Iterator[Line]) -> Iterator[Item]:
    """Yield JSON values while one follows the other, then the lines that are left."""
    left: Iterable[Line] = ()
    for line in lines:
        left = (yield from _value(line, lines)) if _begins(line) else [line]
        if left:
            break
    for number, text in chain(left, lines):
        if not PLATFORM.match(text):
            yield number, text


def _begins(line: Line) -> bool:
    return line[1].lstrip()[0] in "[{"


def _value(first: Line, lines: Iterator[Line]) -> Generator[Item, None, list[Line]]:
    """Yield a value, or those of an array, and return the lines that are no JSON."""
    inner = 1 if first[1].lstrip()[0] == "[" else 0
    depth, size, pending = 0, 0, list[Line]()
    is_first = True
    for line in chain([first], lines):
        pending.append(line)
        size += len(line[1])
        depth += sum(DEPTHS.get(token, 0) for token in TOKEN.findall(line[1]))
        if depth > inner and size <= MOST:
            continue
        text = "".join(text for _, text in pending).strip()
        if inner:
            text = text[1:] if is_first else text
            text = text.removesuffix("]") if depth == 0 else text
            text = text.strip().strip(",")
        try:
            values = json.loads(f"[{text}]")
        except (ValueError, RecursionError):
            return pending
        for value in values:
            yield pending[0][0], value
        is_first, size = False, 0
        pending.clear()
        if depth <= 0:
            return []
    return pending


def _bodies(first: Line, lines: Iterator[Line]) -> Iterator[Item]:
    """Yield the messages' bodies of XML, as they stand in it; its begin if it has none.

    A body has no `<` in it, so whatever stands before the last one is done with.
    """
    pending: list[Line] = []
    has_body = False
    for line in chain([first], lines):
        pending.append(line)
        if "</" not in line[1] and sum(len(text) for _, text in pending) <= MOST:
            continue
        text = "".join(text for _, text in pending)
        for match in BODY.finditer(text):
            has_body = True
            yield pending[text.count("\n", 0, match.start())][0], match[1]
        pending = [(line[0], text[text.rfind("<") :])]
    if not has_body:
        yield first


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
    elif "run" in item or "error_message" in item:
        return  # what the tracker logs of a run, which is about no upload
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
