"""A cloud on this machine with the function on it, and clients of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import oss2
from fake_aliyun import BySeconds, FakeAliyun
from fake_aliyun.fc.invocations import FcInvocation
from image_import_cli.commands.demo import IMAGE, asset
from image_import_cli.local.command import at_desk
from image_import_cli.local.desk import Desk
from waiting import wait_until

BUCKET, LEDGER = "images", "images-ledger"
QCOW2 = asset(IMAGE)


@contextmanager
def desk_with(**given: str) -> Iterator[Desk]:
    """Yield a desk on which imports take no time, with these settings."""
    cloud = FakeAliyun(pace=BySeconds(waiting=0, creating=0))
    with at_desk(cloud, given, bucket=BUCKET) as desk:
        yield desk


def client(desk: Desk, bucket: str = BUCKET) -> oss2.Bucket:
    """Return a bucket as oss2 sees it over HTTP."""
    keys = desk.cloud.credentials
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    return oss2.Bucket(auth, desk.url, bucket, region=desk.cloud.region_id)


def wait_for_deliveries(desk: Desk, number: int) -> list[FcInvocation]:
    """Return the deliveries once there are so many and each has ended."""
    calls = desk.cloud.fc.invocations
    ends = {"Succeeded", "Failed", "Expired"}
    wait_until(lambda: len(calls) >= number and all(i.status in ends for i in calls))
    return list(calls)
