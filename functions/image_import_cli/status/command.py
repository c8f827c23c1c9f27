"""`image-import status`: where each image is, what went wrong, what to do now."""

from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from image_import_cli.options.completion import complete_place
from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.status.filters import (
    ORDERS,
    WORDS,
    Filter,
    Since,
    place_of,
)
from image_import_cli.status.reader import open_ledgers
from image_import_cli.status.view import STDOUT, StatusView
from image_import_cli.status.watch import Watch
from image_import_cli.ui.errors import failures_explained
from image_import_cli.ui.files import why_not_there


@click.command(epilog="Example: image-import status oss://images/incoming/ --watch")
@click.argument(
    "place",
    metavar="[oss://BUCKET/KEY|PREFIX]",
    default="",
    shell_complete=complete_place,
)
@click.option(
    "--state",
    "words",
    type=click.Choice(list(WORDS)),
    metavar="STATE",
    multiple=True,
    help=f"Only these, may be given several times: {', '.join(WORDS)}.",
)
@click.option(
    "--open", "is_open", is_flag=True, help="Only what is under way; reads no other."
)
@click.option(
    "--since", type=Since(), help="Only what changed since: 90m, 12h, 3d, 2026-11-26."
)
@click.option(
    "--sort",
    "order",
    type=click.Choice(list(ORDERS)),
    default="trouble",
    show_default=True,
    help="What comes first.",
)
@click.option(
    "--limit",
    type=click.IntRange(0, 1_000_000),
    default=500,
    show_default=True,
    help="Imports in table or page at most, all are counted; 0: all.",
)
@click.option(
    "--long", "is_long", is_flag=True, help="All that is known, with the next steps."
)
@click.option("--watch", "is_watched", is_flag=True, help="Stay until all have ended.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 3600),
    default=5,
    show_default=True,
    help="Seconds between two looks of --watch.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=16,
    show_default=True,
    help="Ledgers read at once.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one self-contained page instead.",
)
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    help="Write numbers as OpenMetrics instead, for node_exporter; `-` prints them.",
)
@set_option
@service_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object per import.")
@click.pass_context
def status(
    ctx: click.Context,
    place: str,
    *,
    words: tuple[str, ...],
    since: datetime | timedelta | None,
    order: str,
    limit: int,
    interval: float,
    workers: int,
    page: Path | None,
    metrics: Path | None,
    assignments: tuple[str, ...],
    is_open: bool,
    is_long: bool,
    is_watched: bool,
    as_json: bool,
) -> None:
    """Show where imports are, what went wrong, and what to do now.

    Reads the ledger: of one object (oss://BUCKET/KEY, with all that is on record of
    it), of what lies under oss://BUCKET/PREFIX, or of all that LEDGER_BUCKET knows.
    Credentials and settings are those of the environment. The exit status is 1 if an
    import that is shown failed, was refused, is stuck or gone.
    """
    if page and (as_json or is_watched):
        raise click.UsageError("--html goes with neither --json nor --watch")
    if metrics and (as_json or is_watched or page or words or since or is_open):
        raise click.UsageError(
            "--metrics counts all imports of a place: it goes without --json, --watch, "
            "--html, --state, --open and --since"
        )
    for option, path in {"--html": page, "--metrics": metrics}.items():
        if path and str(path) != STDOUT and (why := why_not_there(path)):
            raise click.UsageError(f"{option} {path}: {why}; give a file to write")
    settings = checked_settings(environment(assignments))
    asked = place_of(place, settings)
    with (
        failures_explained(),
        open_ledgers(
            settings, signed_environment(), bucket=asked.ledger_bucket, workers=workers
        ) as ledgers,
    ):
        moment = ledgers.now() - since if isinstance(since, timedelta) else since
        states = frozenset(WORDS[word] for word in words)
        filter_ = Filter(place=asked, states=states, since=moment)
        if is_watched:
            watch = Watch(
                ledgers=ledgers, filter_=filter_, interval=interval, limit=limit
            )
            ctx.exit(watch.run(Console(), as_json=as_json))
        view = StatusView(
            ledgers=ledgers,
            filter_=filter_,
            order=order,
            limit=limit,
            is_open=is_open,
            is_long=is_long,
        )
        if metrics:
            view.write_metrics(metrics)
            ctx.exit(int(bool(view.unreadable)))
        if page:
            view.write(page)
        else:
            view.show(Console(), as_json=as_json)
    ctx.exit(int(view.has_bad))
