"""`image-import redrive`: deliver again what came to nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict

import click
from image_import.events.parser import ObjectCreated
from image_import.model.result import Result
from rich.console import Console

from image_import_cli.aliyun.remote_function import Remote
from image_import_cli.delivery.batch import (
    INTERRUPTED,
    DeliveryPace,
    Sweep,
    run_to_the_end,
    status_of,
)
from image_import_cli.delivery.output import Counting, showing
from image_import_cli.options.completion import complete_file
from image_import_cli.options.credentials import service_options
from image_import_cli.options.remote import remote_options
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.options.types import NumberRange
from image_import_cli.redrive.messages import Given
from image_import_cli.redrive.services import Services
from image_import_cli.ui.errors import failures_explained
from image_import_cli.ui.interrupt import threads
from image_import_cli.ui.results import print_json
from image_import_cli.ui.tty import aside, can_move, leave_echo

MOST_SHOWN = 20
"""Complaints of one kind: nobody reads more, and --json has more."""

SWEEP = "image-import sweep imports what no event told of"


@click.command(epilog="Example: image-import redrive failed-messages.jsonl --dry-run")
@click.argument(
    "sources",
    metavar="SOURCE...",
    nargs=-1,
    required=True,
    shell_complete=complete_file,
)
@click.option("--dry-run", is_flag=True, help="Show what would be delivered again.")
@click.option(
    "--despite-doubt",
    is_flag=True,
    help="Also imports that ECS may have begun. Look in its console first.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Images at once.",
)
@click.option(
    "--rate",
    type=NumberRange(0, 1000),
    default=2,
    show_default=True,
    help="Deliveries begun per second at most; 0: as fast as it goes.",
)
@remote_options
@set_option
@service_options
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per image, then the sums."
)
@click.pass_context
def redrive(
    ctx: click.Context,
    sources: tuple[str, ...],
    remote: Remote | None,
    assignments: tuple[str, ...],
    *,
    workers: int,
    rate: float,
    dry_run: bool,
    despite_doubt: bool,
    as_json: bool,
) -> None:
    """Deliver again what was refused, failed, or never got through.

    SOURCE is a file of OnFailure messages or log lines (- for standard input), or
    oss://BUCKET/KEY or oss://BUCKET/PREFIX, whose ledgers are read. Each object version
    is delivered once. What is under way or became an image is left alone; after an
    import that failed, the next attempt begins, with a token and a name of its own.
    """
    environ = environment(assignments)
    settings = checked_settings(environ)
    if not settings.region_id:
        raise click.UsageError("set REGION_ID, as in --set REGION_ID=cn-hangzhou")
    console = Console()
    with failures_explained():
        if remote:
            remote.check()
        services = Services(settings, remote=remote)
        with _reading():
            given = services.read(sources, workers=workers)
        total = f"of {len(given.uploads):,} uploads"
        with showing(console, as_json=as_json, noun=total, quiet=()) as shown:
            redriving = services.redriving(
                is_dry=dry_run or settings.dry_run, is_sure=despite_doubt
            )
            ended = _course(given, shown, redriving.redrive, workers, rate)
            if ended.startswith(INTERRUPTED):
                leave_echo(console)
    _conclude(console, given, shown, ended, as_json=as_json)
    is_unknown = any(not place.endswith("/") for place in given.unknown)
    has_bad = shown.has_bad or bool(given.unread) or is_unknown
    ctx.exit(status_of(ended, has_bad=has_bad))


def _reading() -> AbstractContextManager[object]:
    """Return what shows on a terminal that something is being read."""
    stderr = Console(stderr=True)
    text = "Reading what is to be delivered again"
    return stderr.status(text) if can_move(stderr) else nullcontext()


def _course(
    given: Given,
    shown: Counting,
    redrive_one: Callable[[ObjectCreated], Result],
    workers: int,
    rate: float,
) -> str:
    """Redrive all of it and return why it ended early, "" if it is through."""

    def tell(result: Result) -> None:
        shown.key()
        shown.result(result)

    with threads(workers) as pool:
        sweep = Sweep(
            known=lambda _: None,
            import_one=redrive_one,
            on_result=tell,
            pool=pool,
            workers=workers,
            pace=DeliveryPace(rate),
        )
        uploads = given.uploads.values()
        return run_to_the_end(sweep, uploads, on_ctrl_c=shown.ending)


def _conclude(
    console: Console, given: Given, shown: Counting, ended: str, *, as_json: bool
) -> None:
    """Print what was not understood, and the sums."""
    for line in _complaints(given):
        aside(line)
    if as_json:
        counted = {
            **shown.counts,
            "repeated": given.repeated,
            "left": given.left,
            "not_understood": given.unread_count,
            "unread": [asdict(unread) for unread in given.unread],
        }
        print_json(console, {"redrive": {**counted, "ended": ended or "through"}})
        return
    told = shown.text if given.uploads else "nothing to deliver again"
    told += f"; {given.repeated:,} repeated, {given.left:,} left alone"
    if given.unread_count:
        told += f", {given.unread_count:,} not understood"
    console.print(told, soft_wrap=True, highlight=False)
    if ended:
        aside(ended)


def _complaints(given: Given) -> Iterator[str]:
    """Yield what was not understood, as far as somebody reads on."""
    for unread in given.unread[:MOST_SHOWN]:
        yield f"{unread.source}:{unread.line}: {unread.reason}"
    more = given.unread_count - MOST_SHOWN
    if more > 0:
        yield f"and {more:,} more that were not understood"
    for place in given.unknown:
        yield f"the ledger knows nothing of {place}; {SWEEP}"
