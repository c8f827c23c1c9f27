"""`image-import status --html`: one page that needs nothing but itself.

It asks for nothing over the network, and its policy lets it run no script and no style
but its own, whatever an object key holds; without scripts it only lacks its filters.
"""

import base64
import hashlib
import os
import re
from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path

from image_import.ledger import to_text

from image_import_cli.status_imports import ImportStatus, moment
from image_import_cli.status_page_parts import counted, entry, pills, text

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
        "none_text": NOT_LIKE_THAT if statuses else NOTHING,
        "axis": "" if statuses else "hidden",
        "imports": "".join(entry(s, begin=begin, now=now) for s in statuses),
    }
    # In one pass: what a value holds is never taken for a place of the page.
    page = _asset("status.html")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], page)


def write_page(
    path: Path,
    statuses: Sequence[ImportStatus],
    *,
    place: str,
    now: datetime,
    total: int,
) -> None:
    """Write the page, whole or not at all; a link stays, what it names is written.

    Raises:
        OSError: It cannot be written there.
    """
    page = make_page(statuses, place=place, now=now, total=total)
    path = path.resolve()
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(page, "utf-8")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def why_no_page(path: Path) -> str:
    """Return why a page cannot be written there, "" if nothing speaks against it."""
    try:
        target = path.resolve(strict=False)
        if target.exists() and not target.is_file():
            return "it is there and no regular file"
    except (OSError, RuntimeError) as exc:
        return str(exc)
    if not os.access(target.parent, os.W_OK):
        return f"{target.parent} cannot be written to"
    return ""


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
