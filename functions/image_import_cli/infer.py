"""`image-import infer`: what the names of objects tell, and which word told it."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click
from image_import.disk_sets import read_keys
from image_import.keys import KeyClues
from image_import.targets import PUBLIC, TARGETS, Target

from image_import_cli.terminal import printable

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
NOT_TOLD = "not told"


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
    shown = explained if explain else json_line
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


def explained(clues: KeyClues, target: Target) -> str:
    """Return the evidence for a person, and what a sidecar could say beside it."""
    values = told(clues, target)
    rows = [_row(clues, name, value) for name, value in values.items()]
    hint = _hint(clues, values, target) if clues.kind == "image" else []
    return "\n".join([printable(clues.object_key), *rows, *hint, ""])


def _row(clues: KeyClues, name: str, value: object) -> str:
    clue = clues.clues.get(name)
    why = f"{printable(clue.token)!r}: {clue.rule}" if clue else ""
    shown = NOT_TOLD if value is None else printable(str(value))
    return f"  {name:<13} {shown:<22} {why}".rstrip()


def _hint(clues: KeyClues, values: dict[str, Any], target: Target) -> list[str]:
    """Return what is worth saying in a sidecar, with the values that it may take."""
    says = {
        "Platform": " | ".join(target.platforms) if not values["platform"] else "",
        "Architecture": (
            " | ".join(target.architectures) if not values["architecture"] else ""
        ),
        "OSType": "linux | windows" if not values["os_type"] else "",
        "DiskDeviceMapping[0].Format": (
            "RAW | VHD | QCOW2" if clues.format == "ambiguous" else ""
        ),
    }
    lines = [f"    {name}: {may}" for name, may in says.items() if may]
    if clues.disk_index not in (None, 1) or clues.is_data_disk:
        lines.append("    (a data disk is listed in the sidecar of its system disk)")
    name = printable(f"{clues.object_key}.json")
    return [f"  a sidecar {name} could say", *lines] if lines else []
