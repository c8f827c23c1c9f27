"""`image-import event`: the event that OSS would have sent for an object."""

import json
from pathlib import Path

import click
from image_import.config.credentials import read_credentials
from image_import.config.settings import Settings
from image_import.events.parser import ObjectCreated
from image_import.importing.runtime import Clients

from image_import_cli.aliyun.events import eventbridge_event, head_record, native_event
from image_import_cli.options.completion import complete_place
from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.oss_url import read_object
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.ui.errors import failures_explained

ANY_ACCOUNT = "1234567890123456"


def _number(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return an account's number as it was given."""
    if not value.isascii() or not value.isdigit():
        said = f"{value!r} is no account's number; give its digits, as in 1234567890"
        raise click.BadParameter(said, ctx=ctx, param=param)
    return value


@click.command(
    epilog="Example: image-import event oss://images/web.qcow2 --output event.json",
)
@click.argument("place", metavar="oss://BUCKET/KEY", shell_complete=complete_place)
@click.option("--eventbridge", is_flag=True, help="As EventBridge sends it.")
@click.option(
    "--account-id",
    envvar="ACCOUNT_ID",
    show_envvar=True,
    default=ANY_ACCOUNT,
    show_default=True,
    callback=_number,
    help="The account's number, which the event names.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the event into this file. Default: standard output.",
)
@set_option
@service_options
def event(
    place: str,
    account_id: str,
    output: Path | None,
    assignments: tuple[str, ...],
    *,
    eventbridge: bool,
) -> None:
    """Make the event that OSS would have sent when an object was uploaded.

    The object is looked at with the credentials of the environment: an object made in
    parts gives the event of its completion, any other that of a put. The result is
    JSON for image-import invoke.
    """
    bucket, object_key = read_object(place, expected="oss://BUCKET/KEY")
    settings = checked_settings(environment(assignments))
    with failures_explained():
        record = read_record(bucket, object_key, settings)
    make = eventbridge_event if eventbridge else native_event
    made = make(record, account_id=account_id)
    text = json.dumps(made, ensure_ascii=False, indent=2)
    if not output:
        click.echo(text)
        return
    try:
        output.write_text(f"{text}\n", "utf-8")
    except OSError as exc:
        raise click.UsageError(f"{output} cannot be written: {exc.strerror}") from exc


def read_record(bucket: str, object_key: str, settings: Settings) -> ObjectCreated:
    """Return what an event says of an object, from a HEAD of it.

    Raises:
        ServiceError: There is no such object, or it may not be read.
    """
    if not settings.region_id:
        raise click.UsageError("an event names the region: set REGION_ID")
    credentials = read_credentials(None, signed_environment())
    oss = Clients(pool_size=1).oss(settings, credentials, settings.region_id)
    return head_record(oss, bucket, object_key, region_id=settings.region_id)
