"""`image-import infer`: what the names of objects tell, and which word told it."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click
from image_import.filename.machine_sets import read_keys
from image_import.filename.reader import KeyClues
from image_import.model.targets import PUBLIC, TARGETS, Target
from rich.cells import cell_len

from image_import_cli.ui.text import printable

UNKNOWN = "unknown"
NAME_WIDTH = 13
MOST_VALUE_WIDTH = 22
LEAST_WIDTH = 40
OR = " | "


def explained(
    clues: KeyClues, values: Mapping[str, Any], target: Target, *, width: int
) -> str:
    """Return the evidence for a person, and what a sidecar could say beside it.

    Args:
        values: What the key tells, by the name under which it is shown.
        width: Columns of the terminal.
    """
    # The last column stays free: a full line wraps on some terminals.
    width = max(LEAST_WIDTH, width) - 1
    hint = _hint(clues, values, target, width) if clues.kind == "image" else []
    lines = [printable(clues.object_key), *_rows(clues, values, width), *hint, ""]
    return "\n".join(lines)


def filled(
    pieces: Sequence[str], *, first: str, indent: int, width: int, between: str = " "
) -> Iterator[str]:
    """Yield lines into which the pieces fit, broken only between them.

    Args:
        first: How the first line begins.
        indent: Where the others begin.
        width: Of a line, in columns.
    """
    line, is_fresh = first, True
    for piece in pieces:
        longer = f"{line}{'' if is_fresh else between}{piece}"
        if cell_len(longer) > width and not is_fresh:
            yield f"{line}{between}".rstrip()
            longer = f"{' ' * indent}{piece}"
        line, is_fresh = longer, False
    yield line.rstrip()


def _rows(clues: KeyClues, values: Mapping[str, Any], width: int) -> Iterator[str]:
    shown = {
        name: UNKNOWN if value is None else printable(str(value))
        for name, value in values.items()
    }
    widths = map(cell_len, shown.values())
    column = max(width for width in widths if width <= MOST_VALUE_WIDTH)
    indent = 2 + NAME_WIDTH + 1 + column + 2
    for name, value in shown.items():
        clue = clues.clues.get(name)
        why = f"{printable(clue.token)!r}: {clue.rule}" if clue else ""
        gap = " " * (column - cell_len(value) + 2)
        first = f"  {name:<{NAME_WIDTH}} {value}{gap}"
        if why and cell_len(first) > indent:
            yield first.rstrip()
            first = " " * indent
        yield from filled(why.split(" "), first=first, indent=indent, width=width)


def _hint(
    clues: KeyClues, values: Mapping[str, Any], target: Target, width: int
) -> list[str]:
    """Return what is worth saying in a sidecar, with the values that it may take."""
    says = {
        "Platform": () if values["platform"] else target.platforms,
        "Architecture": () if values["architecture"] else target.architectures,
        "OSType": () if values["os_type"] else ("linux", "windows"),
        "DiskDeviceMapping[0].Format": (
            ("RAW", "VHD", "QCOW2") if clues.format == "ambiguous" else ()
        ),
    }
    lines: list[str] = []
    for name, may in says.items():
        if may:
            first = f"    {name}: "
            lines += filled(may, first=first, indent=6, width=width, between=OR)
    if clues.disk_index not in (None, 1) or clues.is_data_disk:
        lines.append("    (a data disk is listed in the sidecar of its system disk)")
    return [*_heading(clues, width), *lines] if lines else []


def _heading(clues: KeyClues, width: int) -> list[str]:
    name = printable(f"{clues.object_key}.json")
    whole = f"  a sidecar {name} could say"
    if cell_len(whole) <= width:
        return [whole]
    return ["  a sidecar of this name could say", f"    {name}"]


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
    show_envvar=True,
    show_default=True,
    help="Whose list of platforms counts.",
)
@click.option(
    "--extra-platforms",
    envvar="EXTRA_PLATFORMS",
    show_envvar=True,
    default="",
    metavar="NAME,...",
    help="Platforms that the target takes beyond its list.",
)
@click.option("--explain", is_flag=True, help="Lay the evidence out for a person.")
def infer(
    keys: tuple[str, ...], target_name: str, extra_platforms: str, *, explain: bool
) -> None:
    """Print what object keys tell about the images in them.

    One JSON object per line and key; with - as KEY the keys are read from standard
    input, one a line. Keys given together tell each other's sets: a lone web-disk1 is
    a whole image, beside web-disk2 it is the first of two disks.
    """
    listed = TARGETS[target_name]
    extra = [name.strip() for name in extra_platforms.split(",")]
    target = replace(listed, platforms=(*listed.platforms, *filter(None, extra)))
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
        name: clues.platform(target) if name == "platform" else getattr(clues, name)
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
