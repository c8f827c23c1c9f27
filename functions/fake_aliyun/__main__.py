"""`python -m fake_aliyun`: the cloud on a port of this machine."""

import argparse
import sys
from collections.abc import Sequence

from fake_aliyun.cloud import FakeAliyun
from fake_aliyun.ecs.images import BySeconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the first line printed is the URL."""
    options = parser().parse_args(arguments)
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
    for name in options.bucket:
        cloud.oss.create_bucket(name)
    with cloud.serve(options.port) as server:
        print(server.url, flush=True)  # noqa: T201 - what the command is for
        try:
            server.wait()
        except KeyboardInterrupt:
            return 0
    return 0


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(
        prog="python -m fake_aliyun",
        description="An Alibaba Cloud account on 127.0.0.1: OSS and ECS image imports.",
    )
    add = made.add_argument
    add("--port", type=int, default=0, help="0 (the default): any free one")
    add("--access-key-id", default="fake-access-key-id")
    add("--access-key-secret", default="fake-access-key-secret")
    add("--bucket", action="append", default=[], help="make it; may be repeated")
    add("--region", default="cn-hangzhou")
    add("--waiting-seconds", type=float, default=1, help="an import waits so long")
    add("--creating-seconds", type=float, default=3, help="and then takes so long")
    add("--route-auth", choices=["roa-v1", "none"], default="roa-v1")
    add("--route-lookup", action="store_true", help="the route serves look-ups too")
    return made


if __name__ == "__main__":
    sys.exit(main())
