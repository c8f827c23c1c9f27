"""`image-import infer`: what the names of objects tell, and which word told it."""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click
from image_import.disk_sets import read_keys
from image_import.keys import KeyClues
from image_import.targets import PUBLIC, TARGETS, Target

from image_import_cli.infer_explained import explained

_to_json = json.JSONEncoder(ensure_ascii=False).encode
_LINE_ENDS = {end: f"\\u{end:04x}" for end in (0x85, 0x2028, 0x2029)}

FROM_STDIN = "-"
FIELDS = (
    "kind",
    "format",
    "os_type",
    "platform",
    "architecture",
    "disk_index",
    "set_name",
)


@click.command(epilog="Example: image-import infer debian-12-arm64.qcow2")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option(
    "--target",
    "target_name",
    type=click.Choice(list(TARGETS)),
    default=PUBLIC.name,
    envvar="IMPORT_TARGET",
    show_default=True,
    help="Whose list of platforms counts.",
)
@click.option("--explain", is_flag=True, help="Lay the evidence out for a person.")
def infer(keys: tuple[str, ...], target_name: str, *, explain: bool) -> None:
    """Print what object keys tell about the images in them.

    One JSON object per line and key; with - as KEY the keys are read from standard
    input, one a line. Keys given together tell each other's sets: a lone web-disk1 is
    a whole image, beside web-disk2 it is the first of two disks.
    """
    target = TARGETS[target_name]
    read = read_keys(_all_keys(keys))
    shown = _explained if explain else json_line
    lines = [shown(clues, target) for clues in read]
    click.echo(_encoded(lines), nl=bool(lines))


def _encoded(lines: Sequence[str]) -> bytes:
    """Return the lines in UTF-8; halves of characters, which it lacks, as escapes.

    So are the characters that other programs take for the end of a line.
    """
    text = "\n".join(lines)
    if not text.isascii():
        text = text.translate(_LINE_ENDS)
    return text.encode("utf-8", "backslashreplace")


def _all_keys(keys: Sequence[str]) -> Iterator[str]:
    """Yield the keys; `-` stands for the lines of standard input."""
    for key in keys:
        if key != FROM_STDIN:
            yield key
            continue
        lines = sys.stdin.buffer.read().split(b"\n")
        texts = (line.decode("utf-8", "surrogateescape") for line in lines)
        yield from (text for text in (t.removesuffix("\r") for t in texts) if text)


def told(clues: KeyClues, target: Target) -> dict[str, Any]:
    """Return what a key tells, by the names of the fields that are printed."""
    return {
        name: clues.platform(target.name)
        if name == "platform"
        else getattr(clues, name)
        for name in FIELDS
    }


def json_line(clues: KeyClues, target: Target) -> str:
    """Return what a key tells as one line of JSON."""
    values = told(clues, target)
    source = {
        name: {"token": clue.token, "rule": clue.rule}
        for name, clue in clues.clues.items()
    }
    line = {
        "key": clues.object_key,
        **values,
        "is_data_disk": clues.is_data_disk,
        "source": source,
    }
    return _to_json(line)


def _explained(clues: KeyClues, target: Target) -> str:
    """Return what a key tells for a person, as wide as the terminal."""
    width = shutil.get_terminal_size().columns
    return explained(clues, told(clues, target), target, width=width)
