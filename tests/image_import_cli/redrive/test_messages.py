"""What a redrive's file is cut into, and how little of it is in memory at a time."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any, BinaryIO, cast

import pytest
from image_import_cli.redrive.messages import (
    MOST,
    MOST_TOLD,
    Item,
    NoTextError,
    items,
    read_given,
)

LITTLE = 4_000_000


class Long:
    """A file far larger than what it takes, made while it is read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def readline(self, limit: int) -> bytes:
        line = next(self._lines, b"")
        assert len(line) <= limit
        return line


def cut(text: str | bytes) -> list[Item]:
    data = text.encode() if isinstance(text, str) else text
    return list(items(io.BytesIO(data)))


def peak_of(lines: Iterator[bytes]) -> tuple[int, int]:
    """Return how many items there are, and the most memory that they took, in bytes."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in items(cast("BinaryIO", Long(lines))))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return count, peak


def test_nothing_is_in_an_empty_file() -> None:
    assert cut("") == []
    assert cut("\n \n\n") == []


def test_lines_are_items_and_the_platforms_own_are_left_out() -> None:
    log = "FC Invoke Start RequestId: 1\nweb\n\n2026 1 [INFO] {}\nFC Invoke End 1\n"
    assert cut(log) == [(2, "web\n"), (4, "2026 1 [INFO] {}\n")]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}\n{"b": "]"}\n',
        '{\n"a": 1\n}\n{\n "b":\n"]"\n}\n',
        '[\n{"a": 1},\n{"b": "]"}\n]\n',
        '[{"a": 1},\n{\n"b": "]"}]',
        '[{"a": 1}, {"b": "]"}]',
        '[\n{"a": 1}\n,\n{"b": "]"}\n]\n\n',
    ],
    ids=["lines", "documents", "array", "array, closely", "one line", "commas apart"],
)
def test_json_is_cut_into_its_values(text: str) -> None:
    assert [item for _, item in cut(text)] == [{"a": 1}, {"b": "]"}]


@pytest.mark.parametrize(
    "first",
    ['{"a": {"b', "[INFO] web", "[[[[", "{", '{"a": 1}]', "[" * 100_000],
    ids=["cut off", "a log's", "arrays", "object", "closed twice", "deep"],
)
@pytest.mark.usefixtures("no_collection")
def test_what_only_looks_like_json_is_read_by_its_lines(first: str) -> None:
    lines = [f"{first}\n", '{"c": 1}\n', "web\n"]
    found = cut("".join(lines))
    assert found == [(n, line) for n, line in enumerate(lines, 1)]


def test_bodies_are_told_with_the_line_where_they_begin() -> None:
    xml = (
        "<?xml version='1.0'?>\n<Messages><Message>\n<MessageId>1</MessageId>"
        "<MessageBody>YQ\n==</MessageBody>\n</Message><MessageBody>Yg==</MessageBody>"
    )
    assert cut(xml) == [(3, "YQ\n=="), (5, "Yg==")]


def test_xml_without_a_body_is_told() -> None:
    assert cut("<html>\n<p>Sign in</p>\n</html>") == [(1, "<html>\n")]


def test_a_log_of_syslog_is_no_xml() -> None:
    assert cut("<14>1 web\n<14>2 web") == [(1, "<14>1 web\n"), (2, "<14>2 web")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"web\nQFI\xfb\0\0\0\n", "this is no text in UTF-8"),
        ("web\n{}".encode("utf-16"), "this is no text in UTF-8"),
        (b"web\n" + b"x" * (MOST + 1), "this line is longer than 16 MiB"),
    ],
    ids=["an image", "UTF-16", "one long line"],
)
def test_what_is_no_text_is_said_where_it_begins(data: bytes, why: str) -> None:
    with pytest.raises(NoTextError, match=why):
        cut(data)
    given = read_given(io.BytesIO(data))
    assert given.unread[-1].reason == f"{why}; from here on nothing was read"


def test_what_the_tracker_logs_of_a_run_is_about_no_upload() -> None:
    log = (
        '2026-12-01T03:00:00.000Z 1 [INFO] {"run": "tracker", "open": 1}\n'
        '2026-12-01T03:00:00.000Z 1 [WARNING] {"error_message": "OSS: no answer"}\n'
    )
    given = read_given(io.BytesIO(log.encode()))
    assert (given.unread, given.left, given.uploads) == ([], 2, {})


MESSAGE: dict[str, Any] = {"requestPayload": "x" * 100_000}
PRETTY_LINES = json.dumps(MESSAGE, indent=1).encode().splitlines(keepends=True)
BODY = b"<MessageBody>" + b"A" * 100_000 + b"</MessageBody>\n"
COUNT = 400


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            chain.from_iterable([*PRETTY_LINES, b"\n"] for _ in range(COUNT)),
            id="documents",
        ),
        pytest.param(
            chain(
                [b"[\n"],
                chain.from_iterable([*PRETTY_LINES, b",\n"] for _ in range(COUNT)),
                [b"{}]\n"],
            ),
            id="array",
        ),
        pytest.param(chain([b"<Messages>\n"], repeat(BODY, COUNT)), id="XML"),
        pytest.param(repeat(b"x" * 100_000 + b"\n", COUNT), id="lines"),
    ],
)
def test_of_a_long_file_an_item_is_in_memory(lines: Iterator[bytes]) -> None:
    count, peak = peak_of(lines)
    assert count >= COUNT
    assert peak < LITTLE


def test_what_never_ends_takes_no_more_than_one_value_may() -> None:
    line = b'{"x": "' + b"x" * 100_000 + b'"\n'
    count, peak = peak_of(repeat(line, COUNT))
    assert count == COUNT
    assert peak < 4 * MOST


def test_the_first_of_what_is_not_understood_is_kept_and_all_is_counted() -> None:
    given = read_given(io.BytesIO(b"junk\n" * 10_000))
    assert (len(given.unread), given.unread_count) == (MOST_TOLD, 10_000)
