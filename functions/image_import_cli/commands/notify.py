"""`image-import notify --test`: does each receiver of NOTIFY take a message?"""

import secrets
from datetime import datetime, timedelta, timezone

import click
from image_import.config.credentials import Credentials, read_credentials
from image_import.config.receivers import CLOUD_SCHEMES, Receiver
from image_import.config.settings import Settings
from image_import.notification.news import ImportNews
from image_import.notification.receivers import Reception
from image_import.notification.sender import NewsSender, Told
from image_import.notification.texts import LANGUAGES
from rich.console import Console
from rich.table import Table
from rich.text import Text

from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.ui.errors import failures_explained
from image_import_cli.ui.results import print_json
from image_import_cli.ui.text import printable

ADVICE = {
    "dingtalk": "check the robot's URL, its keyword (image-import) and its secret",
    "feishu": "check the robot's URL, its keyword (image-import) and its secret",
    "wecom": "check the robot's URL",
    "webhook": "check the URL, the secret, and that the receiver answers with HTTP 2xx",
    "eventbridge": "check the bus, REGION_ID and the right eventbridge:PutEvents",
    "mns": "check account, name and REGION_ID, and the right mns:SendMessage or "
    "mns:PublishMessage",
}


@click.command(epilog="Example: image-import notify --test")
@click.option(
    "--test",
    "is_test",
    is_flag=True,
    help="Send one sample message to each receiver.",
)
@set_option
@service_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def notify(
    ctx: click.Context,
    assignments: tuple[str, ...],
    *,
    is_test: bool,
    as_json: bool,
) -> None:
    """Try the receivers of NOTIFY from here, with a sample message.

    The message says that an image is ready, and that it is a test. The function's
    network and credentials may differ from yours. The exit status is 1 if a receiver
    did not take it.
    """
    if not is_test:
        raise click.UsageError("it sends nothing but a test: add --test")
    settings = checked_settings(environment(assignments))
    if not settings.notify:
        raise click.UsageError(
            "NOTIFY names nobody: set it to the function's value, as in "
            "--set NOTIFY=https://example.com/hook"
        )
    with failures_explained():
        sender = _sender(settings)
    news = sample(datetime.now(timezone.utc), settings.region_id or "")
    told = [(receiver, sender.tell(news, receiver)) for receiver in settings.notify]
    if as_json:
        print_json(Console(), {"receivers": [_as_dict(*row) for row in told]})
    else:
        _show(told)
    ctx.exit(int(any(said.verdict is not Reception.TOLD for _, said in told)))


def sample(now: datetime, region_id: str) -> ImportNews:
    """Return the news of an image that nobody has."""
    return ImportNews(
        id=secrets.token_hex(16),
        kind="available",
        at=now,
        started=now - timedelta(minutes=25),
        bucket="images",
        object_key="incoming/sample.qcow2",
        region_id=region_id,
        image_name="sample-0123456789ab",
        image_id="m-sample",
        reason="a test of image-import notify; there is no such image",
        next_step="nothing: this is a test",
    )


def _sender(settings: Settings) -> NewsSender:
    """Return what sends; only the cloud's own receivers ask who we are."""
    nobody = Credentials(access_key_id="", access_key_secret="")
    is_signed = any(r.kind in CLOUD_SCHEMES for r in settings.notify)
    if is_signed and not settings.region_id:
        raise click.UsageError(
            "eventbridge:// and mns:// need the region: set REGION_ID"
        )
    return NewsSender(
        read_credentials(None, signed_environment()) if is_signed else nobody,
        region_id=settings.region_id or "",
        words=LANGUAGES[settings.notify_language],
        may_be_private=settings.notify_private,
        authorities=settings.ca_file if settings.notify_private else "",
    )


def _hint(receiver: Receiver, told: Told) -> str:
    return "" if told.verdict is Reception.TOLD else ADVICE[receiver.kind]


def _as_dict(receiver: Receiver, told: Told) -> dict[str, str | bool]:
    said: dict[str, str | bool] = {
        "receiver": receiver.label,
        "took": told.verdict is Reception.TOLD,
        "reason": told.why,
        "hint": _hint(receiver, told),
    }
    return {name: value for name, value in said.items() if value != ""}


def _show(told: list[tuple[Receiver, Told]]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for receiver, said in told:
        has_it = said.verdict is Reception.TOLD
        word = Text("took it", "green") if has_it else Text("did not", "red")
        why = f"{said.why}; {_hint(receiver, said)}" if not has_it else ""
        table.add_row(word, Text(printable(receiver.label)), Text(printable(why)))
    Console().print(table)
