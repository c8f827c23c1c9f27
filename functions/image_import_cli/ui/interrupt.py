"""Ctrl-C: how a command ends by it, and that no answer is waited for then."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any, NoReturn

import click

from image_import_cli.ui.language import localized

STATUS = 130
"""128 and SIGINT's number, as a shell shows a program that Ctrl-C has ended."""

GOES_ON = "an import that has begun goes on; image-import status tells how"
LEFT = {
    "cancel": "if the task was cancelled already, image-import status tells so",
    "convert": "the same command goes on where this one was",
    "demo": "what was here is gone",
    "invoke": GOES_ON,
    "package": "no zip was written",
    "redrive": "nothing was delivered",
    "sweep": "nothing was imported",
    "upload": "the same command goes on where this one was",
}
"""What a command leaves behind that says nothing itself; others change nothing."""


class Interrupted(click.ClickException):
    """Ctrl-C was pressed.

    Args:
        left: What that leaves.
    """

    exit_code = STATUS

    def __init__(self, left: str = "nothing was changed") -> None:
        super().__init__(f"interrupted; {left}")

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message, on a line of its own where a terminal has echoed ^C."""
        if sys.stderr.isatty():
            click.echo(file=file, err=True)
        click.echo(localized(self.message), file=file, err=True)


def end_at_once() -> NoReturn:
    """End the program without waiting for threads, which may wait for an answer.

    The interpreter would join them, for as long as the slowest answer takes. What they
    have not done is done by whoever takes their claims over.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(STATUS)


@contextmanager
def threads(most: int) -> Iterator[ThreadPoolExecutor]:
    """Yield threads; whoever wants their answers has waited for them before the end."""
    pool = ThreadPoolExecutor(most)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
