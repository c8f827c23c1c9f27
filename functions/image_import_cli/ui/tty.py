"""What a terminal can do, as far as it matters to lines that move."""

from rich.console import Console
from rich.text import Text

from image_import_cli.ui.language import localized
from image_import_cli.ui.text import printable


def can_move(console: Console) -> bool:
    """Whether lines that are there can be drawn anew, as on most terminals."""
    return console.is_terminal and not console.is_dumb_terminal


def leave_echo(console: Console) -> None:
    """Begin a new line where a terminal has echoed Ctrl-C and lines cannot move."""
    if console.is_terminal and not can_move(console):
        console.print()


def aside(text: str) -> None:
    """Tell on standard error what is not what was asked for."""
    line = Text(printable(localized(text)))
    Console(stderr=True).print(line, soft_wrap=True, highlight=False)
