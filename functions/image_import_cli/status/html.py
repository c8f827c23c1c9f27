"""`image-import status --html`: one page that needs nothing but itself.

It asks for nothing over the network, and its policy lets it run no script and no style
but its own, whatever an object key holds; without scripts it only lacks its filters.
"""

import base64
import hashlib
import html
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path

from image_import.ledger.entries import LedgerEntry, State, to_text

from image_import_cli.status.model import BY_URGENCY, UNDER_WAY, ImportStatus, moment
from image_import_cli.status.table import age, word_of
from image_import_cli.status.timeline import what, who
from image_import_cli.ui.files import write_whole
from image_import_cli.ui.language import VARIABLE, chinese
from image_import_cli.ui.text import printable

LOOKS = {
    State.AVAILABLE: "good",
    State.SUBMITTED: "known",
    State.PROGRESS: "known",
    State.INTENT: "known",
    State.CONVERTING: "known",
    State.WAITING: "wait",
    State.RETRYING: "wait",
    State.STUCK: "wait",
    State.UNFOLLOWED: "wait",
    State.REDRIVE: "wait",
    State.REFUSED: "bad",
    State.FAILED: "bad",
    State.CREATE_FAILED: "bad",
    State.GONE: "bad",
    State.CANCELLED: "none",
    State.DISTRIBUTING: "known",
    State.DISTRIBUTED: "good",
    State.DISTRIBUTION_FAILED: "bad",
    State.RETIRING: "none",
    State.DEPRECATED: "none",
    State.DELETED: "none",
    State.NOTIFIED: "none",
}
TRACK_WIDTH = 1000
SHORTEST = 8
"""Of a track, so that what took a moment in a month is still seen."""


def text(value: str) -> str:
    """Return a text as it stands in HTML, between tags or in a quoted attribute."""
    return html.escape(printable(value), quote=True)


def said(value: str) -> str:
    """Return a message in both languages; the page shows one of them at a time."""
    told = chinese().told(value)
    if told == value:
        return text(value)
    return f'<span data-zh="{text(told)}">{text(value)}</span>'


def pills(counts: Mapping[State, int]) -> str:
    """Return a button for each state that there is."""
    return "".join(
        f'<button type="button" class="pill {LOOKS[state]}" aria-pressed="false" '
        f'data-state="{text(state.value)}">{text(word_of(state))}'
        f"<b>{counts[state]}</b></button>"
        for state in BY_URGENCY
        if counts[state]
    )


def counted(statuses: Iterable[ImportStatus]) -> Counter[State]:
    """Return how many there are in which state."""
    return Counter(status.state for status in statuses)


def entry(status: ImportStatus, *, begin: datetime, now: datetime) -> str:
    """Return one import.

    Args:
        status: The import.
        begin: Where the tracks of all imports start.
        now: Where they end.
    """
    look, changed = LOOKS[status.state], int(status.changed.timestamp() * 1000)
    parts = [
        _head(status, look, now=now),
        track(status, begin=begin, now=now),
        _paragraph(status.error, f"error {look}"),
        _next(status),
        _facts(status),
        _details(status),
    ]
    return (
        f'<li data-state="{text(status.state.value)}" data-changed="{changed}">'
        f"{''.join(parts)}</li>\n"
    )


def track(status: ImportStatus, *, begin: datetime, now: datetime) -> str:
    """Return an import's time as a drawing: from line to line, each in its look."""
    length = max((now - begin).total_seconds(), 1.0)

    def at(when: datetime) -> float:
        seconds = min(max((when - begin).total_seconds(), 0.0), length)
        return seconds / length * TRACK_WIDTH

    # By the earliest that it may be now, a line that was just written is to come.
    lines = [line for line in status.lines if line.at <= now] or status.lines[:1]
    ends = [*(line.at for line in lines[1:]), now]
    if status.state not in UNDER_WAY and lines:
        ends[-1] = lines[-1].at
    drawn = "".join(
        _segment(at(line.at), at(end), LOOKS[line.state])
        for line, end in zip(lines, ends, strict=True)
    )
    label = f"from {moment(status.since)} to {moment(status.changed)}"
    return (
        f'<svg class="track" viewBox="0 0 {TRACK_WIDTH} 8" preserveAspectRatio="none" '
        f'role="img" aria-label="{text(label)}">{drawn}</svg>'
    )


def _segment(begin: float, end: float, look: str) -> str:
    width = max(end - begin, SHORTEST)
    left = min(begin, TRACK_WIDTH - width)
    return f'<rect class="{look}" x="{left:.1f}" y="0" width="{width:.1f}" height="8"/>'


def _head(status: ImportStatus, look: str, *, now: datetime) -> str:
    is_moving = status.state in UNDER_WAY
    span = age(status.changed - status.since)
    begun = f"begun {age(now - status.since)} ago"
    took = f"took {span}" if span != "0s" and not is_moving else ""
    progress = status.progress if is_moving else ""
    told = ", ".join(filter(None, (progress, took, begun)))
    return (
        f'<div class="head"><span class="pill {look}">{text(word_of(status.state))}'
        f"</span><bdi>{text(status.object_key)}</bdi>"
        f'<span class="quiet">{text(told)}</span></div>'
    )


def _paragraph(value: str, style: str) -> str:
    return f'<p class="{style}">{said(value)}</p>' if value else ""


def _next(status: ImportStatus) -> str:
    if not status.next_step:
        return ""
    command = status.next_command
    shown = (
        f'<code class="command" tabindex="0">{text(command)}</code>{COPY}'
        if command
        else ""
    )
    step = f"<strong>{said('Next')}</strong>{said(status.next_step)}"
    return f'<p class="next">{step}</p>{shown}'


def _facts(status: ImportStatus) -> str:
    pairs = {
        "image": status.image_name,
        "image ID": status.image_id,
        "task ID": status.task_id,
        "request ID": status.ecs_request_id,
    }
    told = "".join(
        f'<div><dt>{said(name)}</dt><dd><bdi class="mono">{text(value)}</bdi>'
        f"{COPY}</dd></div>"
        for name, value in pairs.items()
        if value
    )
    return f'<dl class="facts">{told}</dl>' if told else ""


def _details(status: ImportStatus) -> str:
    number = len(status.lines)
    noun = "line" if number == 1 else "lines"
    lines = "".join(_lines(status.lines))
    return (
        f"<details><summary>{said(f'Timeline, {number} {noun}')}</summary>"
        f'<ol class="line">{lines}</ol>{_more(status)}</details>'
    )


def _lines(lines: Iterable[LedgerEntry]) -> Iterator[str]:
    for line in lines:
        yield (
            f'<li class="{LOOKS[line.state]}"><strong>{text(word_of(line.state))}'
            f'</strong> <time datetime="{to_text(line.at)}">{moment(line.at)}</time>'
            f"{_paragraph(what(line), '')}{_paragraph(who(line), 'by')}</li>"
        )


def _more(status: ImportStatus) -> str:
    where = {
        "bucket": status.bucket,
        "ETag": status.etag,
        "ledger": status.ledger_key,
    }
    frozen_title = said("Parameters of ImportImage, frozen")
    title = f"<h2>{frozen_title}</h2>" if status.parameters else ""
    frozen = _table(sorted(status.parameters.items()))
    return f"<h2>{said('Where')}</h2>{_table(where.items())}{title}{frozen}"


def _table(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{said(name)}</th>'
        f'<td><bdi class="mono">{text(value)}</bdi></td></tr>'
        for name, value in pairs
        if value
    )
    if not rows:
        return ""
    return f'<div class="table"><table><tbody>{rows}</tbody></table></div>'


COPY = f'<button type="button" class="copy" hidden>{said("Copy")}</button>'
"""Behind what it copies; shown by the script, without which it would do nothing."""

COUNT = "{count} of {all} imports"
NOT_LIKE_THAT = "No import is like that."
NOTHING = "There is no import."


def make_page(
    statuses: Sequence[ImportStatus], *, place: str, now: datetime, total: int
) -> str:
    """Return the page.

    Args:
        statuses: What is shown, in its order.
        place: What was asked for.
        now: By OSS's clock.
        total: How many there are; more than shown if there was a limit.
    """
    style = _asset("colours.css") + "\n" + _asset("status.css")
    script = _asset("status.js")
    begin = min((status.since for status in statuses), default=now)
    number = len(statuses)
    values = {
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "place": text(place),
        "made": to_text(now),
        "made_ms": str(int(now.timestamp() * 1000)),
        "made_text": moment(now),
        "begin": moment(begin),
        "states": pills(counted(statuses)),
        "count": f"{number} {'import' if number == 1 else 'imports'}",
        "rest": f" on this page; there are {total:,}" if total > number else "",
        "none": "hidden" if statuses else "",
        "none_text": said(NOT_LIKE_THAT if statuses else NOTHING),
        "count_zh": text(chinese().told(COUNT)),
        "language": text(os.environ.get(VARIABLE, "")),
        "axis": "" if statuses else "hidden",
        "imports": "".join(entry(s, begin=begin, now=now) for s in statuses),
    }
    # In one pass: what a value holds is never taken for a place of the page.
    page = re.sub(
        r" data-say>([^<]+)",
        lambda found: f' data-zh="{text(chinese().told(found[1]))}">{found[1]}',
        _asset("status.html"),
    )
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], page)


def write_page(
    path: Path,
    statuses: Sequence[ImportStatus],
    *,
    place: str,
    now: datetime,
    total: int,
) -> None:
    """Write the page.

    Raises:
        OSError: It cannot be written there.
    """
    write_whole(path, make_page(statuses, place=place, now=now, total=total))


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _asset(name: str) -> str:
    folder = resources.files("image_import_cli") / "assets"
    return (folder / name).read_text("utf-8")
