"""`image-import local`: the cloud and the function on this machine, for any client."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from textwrap import indent
from urllib.parse import urlsplit

import click
from fake_aliyun import BySeconds, FakeAliyun
from fake_aliyun.core.errors import CloudError
from fake_aliyun.transport.server import ADDRESS, open_to_others, why_not_served
from image_import.errors import SettingsError
from image_import.model.targets import TARGETS

from image_import_cli.local.client_hints import (
    doctor_command,
    oss2_program,
    ossutil_command,
    shell_settings,
)
from image_import_cli.local.console import News
from image_import_cli.local.desk import Desk
from image_import_cli.local.function import deploy, local_settings
from image_import_cli.local.page import LocalPage
from image_import_cli.local.timer import Timer
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.options.types import NumberRange

ANY_REGION = "cn-hangzhou"
INSTANCES = 4
"""How many uploads the function handles at once."""

LOOK_SECONDS = 0.3


@click.command(epilog="Example: image-import local --port 8000 --prefix incoming/")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="0, as if not given: any."
)
@click.option(
    "--host",
    default=ADDRESS,
    show_default=True,
    help="Address to listen on; 0.0.0.0 lets other machines in.",
)
@click.option(
    "--bucket", default="images", show_default=True, help="Whose uploads are imported."
)
@click.option("--prefix", default="", help="Only these; short for --set KEY_PREFIX=.")
@click.option(
    "--target", type=click.Choice(list(TARGETS)), help="Short for --set IMPORT_TARGET=."
)
@click.option(
    "--import-seconds",
    type=NumberRange(0, 86_400),
    default=8,
    show_default=True,
    help="How long ECS takes for an image.",
)
@set_option
def local(
    *,
    port: int,
    host: str,
    bucket: str,
    prefix: str,
    target: str | None,
    import_seconds: float,
    assignments: tuple[str, ...],
) -> None:
    """Serve OSS, ECS and the function on this machine until Ctrl-C.

    Prints its URL first. An object that ossutil, an SDK or the page at that URL puts
    into the bucket is delivered to the real handler, as Function Compute would, and
    ends as an image. Everything is in memory; nothing leaves this machine. Settings
    come from --set alone.
    """
    given = environment(assignments, base={})
    given |= _shorts(given, prefix=prefix, target=target or "")
    cloud = FakeAliyun(
        region_id=given.get("REGION_ID") or ANY_REGION,
        pace=BySeconds(waiting=import_seconds / 4, creating=import_seconds * 3 / 4),
    )
    with (
        suppress(KeyboardInterrupt),
        at_desk(cloud, given, bucket=bucket, port=port, host=host) as desk,
    ):
        _go_round_proxies(desk.settings.oss_endpoint)
        if warning := open_to_others(host):
            click.echo(f"Warning: {warning}", err=True)
        click.echo(desk.url)
        click.echo(how_to_reach(desk))
        _watch(desk, import_seconds=import_seconds)
    click.echo("stopped; what was here is gone")


def _shorts(given: Mapping[str, str], *, prefix: str, target: str) -> dict[str, str]:
    """Return the settings that have an option of their own.

    Raises:
        click.UsageError: One is given both ways, and they differ.
    """
    shorts = {}
    for option, name, value in (
        ("--prefix", "KEY_PREFIX", prefix),
        ("--target", "IMPORT_TARGET", target),
    ):
        if value and given.get(name, value) != value:
            raise click.UsageError(
                f"{option} {value} is short for --set {name}={value}, and --set "
                f"{name}={given[name]} says otherwise; give one of them"
            )
        if value:
            shorts[name] = value
    return shorts


@contextmanager
def at_desk(
    cloud: FakeAliyun,
    given: Mapping[str, str],
    *,
    bucket: str,
    port: int = 0,
    host: str = ADDRESS,
) -> Iterator[Desk]:
    """Serve a cloud with the function on it and the page before it.

    Args:
        cloud: What is served.
        given: Settings of the function, over those that lead to the server.
        bucket: Whose uploads are handled.
        port: 0 for any free one.
        host: The address to listen on.

    Raises:
        click.UsageError: A setting or the bucket's name is not what it may be.
        click.ClickException: The port cannot be served on.
    """
    with ExitStack() as stack:
        try:
            cloud.oss.create_bucket(bucket)
        except CloudError as exc:
            raise click.UsageError(f"--bucket {bucket}: {exc}") from exc
        try:
            server = stack.enter_context(
                cloud.serve(port, instances=INSTANCES, host=host)
            )
        except OSError as exc:
            why = why_not_served(exc, host=host, port=port)
            raise click.ClickException(why) from exc
        try:
            environ = local_settings(given, url=server.own_url, bucket=bucket)
        except SettingsError as exc:
            raise click.UsageError(str(exc)) from exc
        settings = checked_settings(environ)
        desk = Desk(
            cloud=cloud,
            environ=environ,
            settings=settings,
            url=server.url,
            bucket=bucket,
        )
        if desk.hears_its_ledger:
            raise click.UsageError(
                "the trigger would hear the function's own notes; leave LEDGER_BUCKET "
                "out, so that they have a bucket of their own, or give a --prefix"
            )
        deploy(cloud, environ, settings, bucket=bucket)
        server.add_front(LocalPage(desk))
        yield desk


def how_to_reach(desk: Desk) -> str:
    """Return what to type in another terminal."""
    said = [
        "",
        "Open it in a browser and drop an image there; or, in another terminal:",
        "",
        indent(ossutil_command(desk, desk.url), "  "),
        "",
        indent(oss2_program(desk, desk.url), "  "),
        "",
        "The other commands, such as image-import status, follow these:",
        "",
        indent(shell_settings(desk), "  "),
        "",
        "With them this checks the deployment, as it would check an account's:",
        "",
        indent(doctor_command(desk), "  "),
        "",
        "Clients of ECS and Function Compute take the same address. Ctrl-C ends it.",
        "",
    ]
    return "\n".join(said)


def _watch(desk: Desk, *, import_seconds: float) -> None:
    """Tell what happens, and let the tracker follow it, until Ctrl-C."""
    news, timer = News(desk), Timer(desk, import_seconds=import_seconds)
    while True:
        timer.fire_if_due()
        for line in news.lines():
            click.echo(line)
        time.sleep(LOOK_SECONDS)


def _go_round_proxies(url: str) -> None:
    """Keep the function's requests to this machine from a proxy of the environment."""
    here = urlsplit(url).hostname or ADDRESS
    for name in ("no_proxy", "NO_PROXY"):
        others = os.environ.get(name, "")
        os.environ[name] = f"{others},{here}" if others else here
