"""`python -m fake_aliyun`: the cloud on a port of this machine."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from fake_aliyun.cloud import FakeAliyun
from fake_aliyun.core.clock import MOST_SECONDS, check_seconds
from fake_aliyun.core.errors import CloudError
from fake_aliyun.ecs.images import BySeconds
from fake_aliyun.transport.server import ADDRESS, open_to_others, why_not_served

MAX_PORT = 65_535


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the first line printed is the URL."""
    command = parser()
    options = command.parse_args(arguments)
    cloud = FakeAliyun(
        region_id=options.region,
        access_key_id=options.access_key_id,
        access_key_secret=options.access_key_secret,
        pace=BySeconds(
            waiting=options.waiting_seconds, creating=options.creating_seconds
        ),
        route_auth=options.route_auth,
        route_lookup=options.route_lookup,
    )
    if options.state:
        try:
            cloud.load(json.loads(options.state.read_bytes()))
        except (OSError, ValueError) as error:
            command.error(f"argument --state: {options.state}: {error}")
    for name in options.bucket:
        try:
            cloud.oss.create_bucket(name, is_lasting=True)
        except CloudError as error:
            command.error(f"argument --bucket: {name!r}: {error}")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(cloud.serve(options.port, host=options.host))
        except OSError as error:
            why = why_not_served(error, host=options.host, port=options.port)
            command.exit(1, f"{command.prog}: {why}\n")
        if warning := open_to_others(options.host):
            print(f"Warning: {warning}", file=sys.stderr)  # noqa: T201 - same as below
        print(server.url, flush=True)  # noqa: T201 - what the command is for
        with suppress(KeyboardInterrupt):
            server.wait()
    return 0


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(
        prog="python -m fake_aliyun",
        description="An Alibaba Cloud account on one port: OSS and ECS image imports. "
        "Its URL is the first line printed; Ctrl-C ends it.",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--port", type=_port, default=0, help="0, as if not given: any free one")
    add(
        "--host",
        default=ADDRESS,
        help="the address to listen on; %(default)s, which this machine alone reaches, "
        "if not given; 0.0.0.0 for all",
    )
    add(
        "--access-key-id",
        type=_text,
        default="fake-access-key-id",
        help="of the account's own key; %(default)s if not given",
    )
    add(
        "--access-key-secret",
        type=_text,
        default="fake-access-key-secret",
        help="of the same key; %(default)s if not given",
    )
    add("--bucket", action="append", default=[], help="make it; may be repeated")
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="begin with this dump, as GET /_fake/dump gives it",
    )
    add(
        "--region",
        type=_text,
        default="cn-hangzhou",
        help="where buckets are; %(default)s if not given",
    )
    add(
        "--waiting-seconds",
        type=_seconds,
        default=1,
        help="an import waits so long; %(default)s if not given",
    )
    add(
        "--creating-seconds",
        type=_seconds,
        default=3,
        help="and then takes so long; %(default)s if not given",
    )
    add(
        "--route-auth",
        choices=["roa-v1", "none"],
        default="roa-v1",
        help="how Apsara Stack's route is signed for; %(default)s if not given",
    )
    add("--route-lookup", action="store_true", help="the route serves look-ups too")
    return made


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {MAX_PORT}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
        check_seconds("it", seconds)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds from 0 to {MOST_SECONDS}"
        ) from error
    return seconds


def _text(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("it may not be empty")
    return text


if __name__ == "__main__":
    sys.exit(main())
