"""`image-import convert`: a disk in any format becomes an image that ECS takes."""

import os
from collections.abc import Callable
from pathlib import Path

import click
from disk_images.blocks.source import CannotTellError
from disk_images.convert.choose import ConversionOrder
from disk_images.convert.parts import RefusedError
from disk_images.formats.types import fix_command
from image_import.config.credentials import read_credentials
from image_import.errors import ImageImportError
from image_import.importing.runtime import Clients
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

from image_import_cli.commands.convert.conversion import (
    Conversion,
    ConversionReport,
    OnProgress,
)
from image_import_cli.commands.convert.oss_objects import ObjectConversion, OssPlace
from image_import_cli.options.credentials import profile_option, signed_environment
from image_import_cli.options.oss_url import complete_file, is_place, read_object
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.ui.errors import sentence
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
@set_option
@profile_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def convert(
    ctx: click.Context,
    source: str,
    destination: str,
    member: str,
    max_gib: int,
    assignments: tuple[str, ...],
    *,
    threads: int,
    compact: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Turn a disk into an image that ECS takes.

    SOURCE is a VMDK (or its descriptor), VHDX, VDI, VHD, qcow2 or raw disk, also one
    that is packed with gzip, xz, bzip2 or zstd or lies in a tar, OVA or zip. The format
    is that of its bytes, whatever its name says. DESTINATION becomes a qcow2, or what
    lies whole in SOURCE if its name does not end in .qcow2.

    Both are local files, or both objects of one region, as oss://BUCKET/KEY: then what
    can be copied never leaves OSS. Between files, the same command goes on where an
    earlier one was stopped.

    Exit status: 0 done, 1 refused or failed, 2 usage.
    """
    places = is_place(source), is_place(destination)
    if places[0] != places[1]:
        raise click.UsageError(
            "one of SOURCE and DESTINATION is an object and the other a file; give two"
            " files or two objects, as oss://images/web.vmdk oss://images/web.qcow2"
        )
    order = ConversionOrder(
        only_qcow2=destination.lower().endswith(".qcow2"),
        can_copy=not compact,
        member=member,
        largest_bytes=max_gib * GIB,
    )
    if all(places):
        work = _between_objects(
            source, destination, order, assignments, force=force, threads=threads
        )
        total, name = None, source.rpartition("/")[2]
    else:
        first, last = _checked(source, destination, force=force)
        total, name = first.stat().st_size, first.name

        def work(on_progress: OnProgress) -> ConversionReport:
            return Conversion(first, last, order, on_progress, threads).convert()

    try:
        report = _shown(work, total)
    except RefusedError as exc:
        fix = fix_command(exc.fix, name) if exc.fix else ""
        _fail(ctx, source, str(exc), fix, as_json=as_json)
    except (CannotTellError, ImageImportError) as exc:
        said = sentence(exc) if isinstance(exc, ImageImportError) else str(exc)
        _fail(ctx, source, said, "", as_json=as_json)
    except OSError as exc:
        why = f"{exc.strerror or exc}"
        _fail(ctx, exc.filename or source, why, "", as_json=as_json)
    else:
        _show(source, destination, report, as_json=as_json)


def _checked(source: str, destination: str, *, force: bool) -> tuple[Path, Path]:
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


def _between_objects(
    source: str,
    destination: str,
    order: ConversionOrder,
    assignments: tuple[str, ...],
    *,
    force: bool,
    threads: int,
) -> Callable[[OnProgress], ConversionReport]:
    """Return the work of a conversion from object to object."""
    settings = checked_settings(environment(assignments))
    if not settings.region_id:
        raise click.UsageError("set REGION_ID to the region of both buckets")
    expected = "oss://BUCKET/KEY"
    places = [read_object(given, expected=expected) for given in (source, destination)]
    first, last = (OssPlace(bucket=b, object_key=k) for b, k in places)
    if first == last:
        raise click.UsageError("SOURCE and DESTINATION are one object")

    def work(on_progress: OnProgress) -> ConversionReport:
        credentials = read_credentials(None, signed_environment())
        oss = Clients(pool_size=8).oss(settings, credentials, settings.region_id)
        return ObjectConversion(
            oss=oss,
            source=first,
            target=last,
            order=order,
            on_progress=on_progress,
            may_overwrite=force,
            threads=threads,
        ).convert()

    return work


def _shown(
    work: Callable[[OnProgress], ConversionReport], total: int | None
) -> ConversionReport:
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
        task = progress.add_task("Converting", total=total)

        def on_progress(done: int, total: int | None) -> None:
            if total:
                progress.update(task, completed=done, total=total)
            else:
                progress.update(task, completed=done)

        return work(on_progress)


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
