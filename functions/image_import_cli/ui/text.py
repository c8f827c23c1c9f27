"""Text from elsewhere on a terminal."""

import shlex

from rich.cells import cell_len, chop_cells


def printable(text: str) -> str:
    """Return the text without what would act on a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shell_word(text: str) -> str:
    """Return the text as a shell on a terminal takes it, quoted where it must be.

    What would act on a terminal is written as an escape that bash and zsh undo.
    """
    if text.isprintable():
        return shlex.quote(text)
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(inner)}'"


def folded(text: str, width: int) -> str:
    """Return a name in lines of at most so many columns, broken between words."""
    lines = []
    while cell_len(text) > width and len(text) > 1:
        fits = len(_first(text, width))
        between = max(text.rfind(mark, 0, fits) for mark in "/-._") + 1
        end = between if between > fits // 2 else fits
        lines.append(text[:end])
        text = text[end:]
    return "\n".join([*lines, text])


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many columns, its middle left out."""
    if cell_len(text) <= most:
        return text
    front = (most - 1) // 2
    back = _first(text[::-1], most - 1 - front)[::-1]
    return f"{_first(text, front)}…{back}"


def without_key(reason: str, object_key: str) -> str:
    """Return a reason that stands beside its key, which it need not name again."""
    return reason.removeprefix(f"{object_key}: ")


def _first(text: str, columns: int) -> str:
    """Return what of a text fits into so many columns; one character does."""
    columns = max(1, columns)
    return chop_cells(text[:columns], columns)[0] or text[:1]
