"""What a key tells, laid out for a person as wide as the terminal.

What is copied, a key or the name of a sidecar, stays whole in its line; all else is
broken between words.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from image_import.keys import KeyClues
from image_import.targets import Target
from rich.cells import cell_len

from image_import_cli.terminal import printable

NOT_TOLD = "not told"
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
        name: NOT_TOLD if value is None else printable(str(value))
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
