"""`image-import convert`: a disk in any format becomes an image that ECS takes."""

import os
from pathlib import Path

import click
from disk_images.convert.choose import ConversionOrder
from image_import.config.settings import Settings

from image_import_cli.commands.convert.conversion import (
    Conversion,
    ConversionReport,
    OnProgress,
    Route,
)
from image_import_cli.commands.convert.local_file import FileRoute
from image_import_cli.commands.convert.output import explained, show_report, shown
from image_import_cli.options.completion import complete_file
from image_import_cli.options.credentials import service_options
from image_import_cli.options.oss_url import is_place, read_object
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)

GIB = 1 << 30

member_option = click.option(
    "--member", default="", help="Which file of an archive is the disk."
)
largest_option = click.option(
    "--max-gib",
    type=click.IntRange(1),
    default=2048,
    show_default=True,
    help="Largest disk that is unpacked.",
)
threads_option = click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=min(4, os.cpu_count() or 1),
    show_default="the processors, at most 4",
    help="Parts that are made side by side.",
)


@click.command(
    epilog="Example: image-import convert web.vmdk web.qcow2",
)
@click.argument("source", metavar="SOURCE", shell_complete=complete_file)
@click.argument("destination", metavar="DESTINATION", shell_complete=complete_file)
@member_option
@click.option(
    "--compact",
    is_flag=True,
    help="Write only what has data, where a copy of the source would do as well.",
)
@click.option(
    "--wrap-compressed",
    "wraps_compressed",
    is_flag=True,
    help="Copy compressed grains, too. Not every reader of qcow2 takes them.",
)
@largest_option
@threads_option
@click.option("--force", is_flag=True, help="Write over DESTINATION if it is there.")
@set_option
@service_options
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
    wraps_compressed: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Turn a disk into an image that ECS takes.

    SOURCE is a VMDK (or its descriptor), VHDX, VDI, VHD, qcow2 or raw disk, also one
    that is packed with gzip, xz, bzip2 or zstd or lies in a tar, OVA or zip. The format
    is that of its bytes, whatever its name says. DESTINATION becomes a qcow2, or what
    lies whole in SOURCE if its name does not end in .qcow2.

    Both are local files, or both objects of one region, as oss://BUCKET/KEY: then what
    can be copied never leaves OSS. The same command goes on where an earlier one was
    stopped. For a local file and an object see image-import upload.

    Exit status: 0 done, 1 refused or failed, 2 usage.
    """
    places = is_place(source), is_place(destination)
    if places[0] != places[1]:
        raise click.UsageError(
            "one of SOURCE and DESTINATION is an object and the other a file; give two"
            " files or two objects, as oss://images/web.vmdk oss://images/web.qcow2."
            " From a file to OSS: image-import upload FILE oss://BUCKET/PREFIX/"
        )
    order = ConversionOrder(
        only_qcow2=destination.lower().endswith(".qcow2"),
        can_copy=not compact,
        wraps_compressed=wraps_compressed,
        member=member,
        largest_bytes=max_gib * GIB,
    )
    total: int | None = None
    if all(places):
        settings = checked_settings(environment(assignments))
        first, last = _objects(source, destination, settings)
    else:
        path, target = _checked(source, destination, force=force)
        total = path.stat().st_size

    def work(on_progress: OnProgress) -> ConversionReport:
        route: Route
        if total is None:
            route = _between_objects(first, last, settings, force=force)
        else:
            route = FileRoute(path, target)
        return Conversion(route, order, on_progress, threads).convert()

    with explained(ctx, source, as_json=as_json):
        report = shown("Converting", work, total)
        show_report(source, destination, report, as_json=as_json)


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


def _objects(
    source: str, destination: str, settings: Settings
) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return bucket and key of both objects."""
    if not settings.region_id:
        raise click.UsageError("set REGION_ID to the region of both buckets")
    expected = "oss://BUCKET/KEY"
    first, last = (read_object(g, expected=expected) for g in (source, destination))
    if first == last:
        raise click.UsageError("SOURCE and DESTINATION are one object")
    return first, last


def _between_objects(
    source: tuple[str, str], target: tuple[str, str], settings: Settings, *, force: bool
) -> Route:
    """Return the way from one object to another."""
    # Files need none of OSS's SDK, which takes 0.3 s and 30 MiB to import.
    from image_import_cli.commands.convert import object_route  # noqa: PLC0415 - theirs

    return object_route.between_objects(source, target, settings, may_overwrite=force)
