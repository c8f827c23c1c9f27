"""What conversions and uploads show: a bar, a line in the end, and why one failed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from disk_images.blocks.source import CannotTellError
from disk_images.convert.parts import RefusedError
from disk_images.formats.types import fix_command
from image_import.errors import ImageImportError
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

from image_import_cli.commands.convert.conversion import ConversionReport, OnProgress
from image_import_cli.ui.errors import sentence
from image_import_cli.ui.results import print_json
from image_import_cli.ui.text import printable

Done = TypeVar("Done")


@contextmanager
def explained(ctx: click.Context, source: str, *, as_json: bool) -> Iterator[None]:
    """Let what ends a conversion be one sentence and status 1.

    Args:
        source: As it was given.
    """
    try:
        yield
    except RefusedError as exc:
        name = source.rpartition("/")[2]
        fix = fix_command(exc.fix, name) if exc.fix else ""
        _fail(ctx, source, str(exc), fix, as_json=as_json)
    except (CannotTellError, ImageImportError) as exc:
        said = sentence(exc) if isinstance(exc, ImageImportError) else str(exc)
        _fail(ctx, source, said, "", as_json=as_json)
    except OSError as exc:
        why = f"{exc.strerror or exc}"
        _fail(ctx, exc.filename or source, why, "", as_json=as_json)


def shown(title: str, work: Callable[[OnProgress], Done], total: int | None) -> Done:
    """Do the work, with a bar for whoever waits."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(title, total=total)

        def on_progress(done: int, total: int | None) -> None:
            if total:
                progress.update(task, completed=done, total=total)
            else:
                progress.update(task, completed=done)

        return work(on_progress)


def show_report(
    source: str,
    destination: str,
    report: ConversionReport,
    *,
    as_json: bool,
    more: dict[str, Any] | None = None,
) -> None:
    """Print what a conversion was.

    Args:
        more: For a program.
    """
    if as_json:
        said = {"source": source, "destination": destination, **report.as_dict()}
        print_json(Console(), said | (more or {}))
        return
    mib = report.target_bytes / (1 << 20)
    click.echo(
        printable(
            f"{destination}: {report.target_format}, {mib:,.1f} MiB in"
            f" {report.seconds:.1f} s by the lane {report.lane} ({report.reason})"
        )
    )
    for note in report.notes:
        click.echo(printable(f"note: {note}"))


def _fail(
    ctx: click.Context, source: str, message: str, fix: str, *, as_json: bool
) -> None:
    if as_json:
        error = {"code": "NotConverted", "message": message, "hint": fix}
        print_json(Console(), {"source": source, "error": error})
    else:
        hint = f"\n  {fix}" if fix else ""
        click.echo(printable(f"Error: {source}: {message}") + hint, err=True)
    ctx.exit(1)
