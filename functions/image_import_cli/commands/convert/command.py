"""`image-import convert`: a disk in any format becomes an image that ECS takes."""

import os
from pathlib import Path

import click
from disk_images.blocks.source import CannotTellError
from disk_images.convert.choose import ConversionOrder
from disk_images.convert.parts import RefusedError
from disk_images.formats.types import fix_command
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

from image_import_cli.commands.convert.conversion import Conversion, ConversionReport
from image_import_cli.options.oss_url import SCHEME, complete_file
from image_import_cli.ui.results import print_json
from image_import_cli.ui.text import printable

GIB = 1 << 30


@click.command(
    epilog="Example: image-import convert web.vmdk web.qcow2",
)
@click.argument("source", metavar="SOURCE", shell_complete=complete_file)
@click.argument("destination", metavar="DESTINATION", shell_complete=complete_file)
@click.option("--member", default="", help="Which file of an archive is the disk.")
@click.option(
    "--compact",
    is_flag=True,
    help="Write only what has data, where a copy of the source would do as well.",
)
@click.option(
    "--max-gib",
    type=click.IntRange(1),
    default=2048,
    show_default=True,
    help="Largest disk that is unpacked.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=min(4, os.cpu_count() or 1),
    show_default="the processors, at most 4",
    help="Parts that are made side by side.",
)
@click.option("--force", is_flag=True, help="Write over DESTINATION if it is there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def convert(
    ctx: click.Context,
    source: str,
    destination: str,
    member: str,
    max_gib: int,
    threads: int,
    *,
    compact: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Turn a disk into an image that ECS takes.

    SOURCE is a local VMDK (or its descriptor), VHDX, VDI, VHD, qcow2 or raw disk, also
    one that is packed with gzip, xz, bzip2 or zstd or lies in a tar, OVA or zip. The
    format is that of its bytes, whatever its name says. DESTINATION is a local file,
    and becomes a qcow2, or what lies whole in SOURCE if its name does not end in
    .qcow2. The same command goes on where an earlier one was stopped.

    Exit status: 0 done, 1 refused or failed, 2 usage.
    """
    paths = _checked(source, destination, force=force)
    order = ConversionOrder(
        only_qcow2=paths[1].suffix.lower() == ".qcow2",
        can_copy=not compact,
        member=member,
        largest_bytes=max_gib * GIB,
    )
    try:
        report = _convert(*paths, order, threads)
    except RefusedError as exc:
        fix = fix_command(exc.fix, paths[0].name) if exc.fix else ""
        _fail(ctx, source, str(exc), fix, as_json=as_json)
    except CannotTellError as exc:
        _fail(ctx, source, str(exc), "", as_json=as_json)
    except OSError as exc:
        why = f"{exc.strerror or exc}"
        _fail(ctx, exc.filename or source, why, "", as_json=as_json)
    else:
        _show(source, destination, report, as_json=as_json)


def _checked(source: str, destination: str, *, force: bool) -> tuple[Path, Path]:
    for given in (source, destination):
        if given.startswith(SCHEME):
            raise click.UsageError(
                f"{given!r}: only local files can be converted so far; download it, or"
                " give a local file"
            )
    first, last = Path(source), Path(destination)
    if not first.is_file():
        raise click.UsageError(f"{source!r} is no file")
    if last.is_dir():
        raise click.UsageError(f"{destination!r} is a folder; name the file in it")
    if last.exists() and first.samefile(last):
        raise click.UsageError("SOURCE and DESTINATION are one file")
    if last.exists() and not force:
        raise click.UsageError(f"{destination!r} is there already; see --force")
    return first, last


def _convert(
    source: Path, destination: Path, order: ConversionOrder, threads: int
) -> ConversionReport:
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
        task = progress.add_task("Converting", total=source.stat().st_size)

        def on_progress(done: int, total: int | None) -> None:
            if total:
                progress.update(task, completed=done, total=total)
            else:
                progress.update(task, completed=done)

        return Conversion(source, destination, order, on_progress, threads).convert()


def _show(
    source: str, destination: str, report: ConversionReport, *, as_json: bool
) -> None:
    if as_json:
        said = {"source": source, "destination": destination, **report.as_dict()}
        print_json(Console(), said)
        return
    mib = (report.written_bytes + report.copied_bytes + report.resumed_bytes) / (
        1 << 20
    )
    click.echo(
        printable(
            f"{destination}: {report.target_format}, {mib:,.1f} MiB in"
            f" {report.seconds:.1f} s by the lane {report.lane} ({report.reason})"
        )
    )


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
