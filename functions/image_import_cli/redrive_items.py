"""What a file of messages or log lines holds, item by item, however long it is.

A line is an item. At the beginning of a file a JSON value may span lines, as may what
follows such a value; of an array each value is an item. In XML, what a queue answers,
each message's body is one.

Source: "ReceiveMessage", Simple Message Queue (formerly MNS) documentation, read
2026-11: a body stands in `MessageBody`, of a message pushed by a topic in `Message`.
"""

import json
import re
from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from typing import BinaryIO

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
