"""`image-import cancel`: stop an import that is under way."""

import json
import os
import re
import time

import click
from image_import.handler import Runtime
from image_import.schedule import make_tracker
from image_import.settings import Settings
from image_import.targets import PUBLIC
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from image_import_cli.cancelling import Cancelling, Task
from image_import_cli.failures import failures_explained
from image_import_cli.places import read_object
from image_import_cli.settings_options import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.terminal import printable

TASK = re.compile(r"t-[0-9A-Za-z]+")
EXPECTED = "oss://BUCKET/KEY or a task ID"


@click.command(epilog="Example: image-import cancel oss://images/web.qcow2")
@click.argument("what", metavar="oss://BUCKET/KEY|TASK_ID")
@click.option("--yes", "-y", "is_sure", is_flag=True, help="Do not ask.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds to wait for the task's end.",
)
@click.option(
    "--bucket",
    default="",
    help="With TASK_ID: where the ledger is. Default: LEDGER_BUCKET.",
)
@set_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object; needs --yes.")
@click.pass_context
def cancel(
    ctx: click.Context,
    what: str,
    bucket: str,
    wait_seconds: float,
    assignments: tuple[str, ...],
    *,
    is_sure: bool,
    as_json: bool,
) -> None:
    """Cancel the import of an object, or an import task.

    The task of an object is looked up in its ledger, and its end is written there, so
    that no later event and no run of the timer takes it for a failure. The uploaded
    object stays. Only on the public cloud: Apsara Stack has no CancelTask.
    """
    settings = checked_settings(environment(assignments))
    _check(settings, is_sure=is_sure, as_json=as_json)
    object_key = ""
    if not TASK.fullmatch(what):
        bucket, object_key = read_object(what, expected=EXPECTED)
    with failures_explained():
        cancelling = _cancelling(settings, bucket)
        if object_key:
            task = cancelling.of_object(bucket, object_key)
        else:
            task = cancelling.of_task(what)
        if not is_sure and not _is_confirmed(task):
            raise click.ClickException("nothing was cancelled")
        outcome, reason = cancelling.cancel(task, wait_seconds=wait_seconds)
    _show(task, outcome, reason, as_json=as_json)
    ctx.exit(int(outcome != "cancelled"))


def _is_confirmed(task: Task) -> bool:
    """Ask; Ctrl-C and the end of the input are a no."""
    click.echo(f"The import of {printable(task.name)}", err=True)
    click.echo(f"  task  {task.task_id}", err=True)
    try:
        return click.confirm("Cancel it?", err=True)
    except click.Abort:
        click.echo(err=True)
        return False


def _check(settings: Settings, *, is_sure: bool, as_json: bool) -> None:
    if settings.target.name != PUBLIC.name:
        raise click.UsageError(
            f"IMPORT_TARGET is {settings.target.name}, whose ECS has no CancelTask: "
            "wait for the import's end and delete the image in the console"
        )
    if as_json and not is_sure:
        raise click.UsageError("--json asks nothing, so it needs --yes")
    if not settings.region_id:
        raise click.UsageError("set REGION_ID, as in --set REGION_ID=cn-hangzhou")


def _cancelling(settings: Settings, bucket: str) -> Cancelling:
    """Return what cancels; the tracker's own clock and store go with the ledger."""
    ledger_bucket = settings.ledger_bucket or bucket
    tracker = make_tracker(
        settings, None, environ=os.environ, runtime=Runtime(), bucket=ledger_bucket
    )
    return Cancelling(
        store=tracker.store if ledger_bucket else None,
        prefix=settings.ledger_prefix,
        ecs=tracker.lookups(settings.region_id or ""),
        claim=tracker.claim,
        now=tracker.clock.earliest,
        sleep=time.sleep,
        monotonic=time.monotonic,
    )


def _show(task: Task, outcome: str, reason: str, *, as_json: bool) -> None:
    if as_json:
        told = {"task_id": task.task_id, "outcome": outcome, "reason": reason}
        if task.book:
            place = task.book.place
            told |= {"bucket": place.bucket, "object_key": place.object_key}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    console = Console()
    colour = "green" if outcome == "cancelled" else "yellow"
    head = (f" {outcome} ", f"bold reverse {colour}")
    console.print(Text.assemble(head, f"  {printable(task.name)}"))
    console.print(Padding(Text(printable(reason)), (0, 0, 0, 2)))
