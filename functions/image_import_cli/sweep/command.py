"""`image-import sweep`: import what no event has told us of."""

from collections.abc import Callable
from pathlib import Path

import click
from image_import.events.parser import ObjectCreated
from image_import.model.result import Result
from rich.console import Console

from image_import_cli.aliyun.remote_function import Remote
from image_import_cli.delivery.batch import status_of
from image_import_cli.delivery.deployed import import_remotely
from image_import_cli.delivery.output import Counting, showing
from image_import_cli.options.completion import complete_place
from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.oss_url import read_place
from image_import_cli.options.remote import remote_options
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.options.types import NumberRange
from image_import_cli.sweep.bucket import SweptBucket
from image_import_cli.sweep.checkpoint import Position, default_path, load
from image_import_cli.sweep.dry_run import Plans
from image_import_cli.sweep.rounds import Course
from image_import_cli.ui.errors import failures_explained
from image_import_cli.ui.results import print_json
from image_import_cli.ui.tty import aside


@click.command(epilog="Example: image-import sweep images/incoming/ --dry-run")
@click.argument("place", metavar="BUCKET/PREFIX", shell_complete=complete_place)
@click.option("--dry-run", is_flag=True, help="Show what would be imported.")
@click.option(
    "--again",
    is_flag=True,
    help="Also images that were refused, failed or wait; never those imported.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Images at once.",
)
@click.option(
    "--rate",
    type=NumberRange(0, 1000),
    default=5,
    show_default=True,
    help="Imports begun per second at most; 0: as fast as it goes.",
)
@click.option(
    "--position",
    "state_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the position is kept. Default: a file of the user, per BUCKET/PREFIX.",
)
@click.option("--from-start", is_flag=True, help="Do not go on where it was stopped.")
@remote_options
@set_option
@service_options
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per image, then the sums."
)
@click.pass_context
def sweep(
    ctx: click.Context,
    place: str,
    remote: Remote | None,
    state_path: Path | None,
    assignments: tuple[str, ...],
    *,
    workers: int,
    rate: float,
    dry_run: bool,
    again: bool,
    from_start: bool,
    as_json: bool,
) -> None:
    """Import the images under BUCKET/PREFIX that the ledger does not know.

    For lost events, buckets older than the function, and clouds without Function
    Compute. Images are imported from here, with the credentials and settings of the
    environment, or by the deployed function with --remote. Ctrl-C ends the sweep
    when what it imports at that moment is done, a second one at once; the same command
    goes on from there.
    """
    bucket, prefix = read_place(place, expected="BUCKET or BUCKET/PREFIX")
    environ = environment(assignments)
    if dry_run:
        environ["DRY_RUN"] = "true"
    settings = checked_settings(environ)
    kept = state_path or default_path(bucket, prefix, settings)
    keep = None if settings.dry_run else kept
    start = (load(keep) if keep and not from_start else None) or Position()
    console = Console()
    if outside := _why_outside(prefix, settings.key_prefix):
        aside(outside)
    if start.after:
        aside(f"going on after {start.after} ({start.round});")
        aside("--from-start begins anew")
    with failures_explained():
        if remote:
            remote.check()
        swept = SweptBucket(
            settings, signed_environment(), bucket=bucket, prefix=prefix
        )
        with showing(console, as_json=as_json) as shown:
            ended = Course(
                swept=swept,
                shown=shown,
                console=console,
                importer=_importer(swept, remote, is_dry=not keep, is_again=again),
                keep=keep,
                workers=workers,
                rate=rate,
                is_again=again,
            ).run(start)
    _conclude(console, shown, ended, as_json=as_json)
    ctx.exit(status_of(ended, has_bad=shown.has_bad))


def _why_outside(prefix: str, key_prefix: str) -> str:
    """Return why nothing under a prefix is ours, "" if something may be."""
    if prefix.startswith(key_prefix) or key_prefix.startswith(prefix):
        return ""
    return (
        f"{prefix} is outside KEY_PREFIX={key_prefix}, so nothing there is imported; "
        f"sweep what lies under {key_prefix}, or add --set KEY_PREFIX={prefix}"
    )


def _importer(
    swept: SweptBucket, remote: Remote | None, *, is_dry: bool, is_again: bool
) -> Callable[[ObjectCreated], Result]:
    """Return what imports one image; in a dry run, what plans it from here."""
    if is_dry:
        plan_image = swept.plan_again if is_again else swept.import_here
        return Plans(swept=swept, plan_image=plan_image).plan
    return import_remotely(remote) if remote else swept.import_here


def _conclude(console: Console, shown: Counting, ended: str, *, as_json: bool) -> None:
    """Print the sums, and why it is not the end where it is not."""
    if as_json:
        before = {state.value: number for state, number in shown.before.items()}
        sums = {**shown.counts, **({"before": before} if before else {})}
        print_json(console, {"sweep": {**sums, "ended": ended or "through"}})
        return
    console.print(shown.text, soft_wrap=True, highlight=False)
    if ended:
        aside(ended)
