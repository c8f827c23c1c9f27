"""Calls to ECS on this machine: what the tests of the ECS client share."""

import math
from collections.abc import Callable
from datetime import datetime, timezone

import requests
from image_import.aliyun.ecs.client import Ecs
from image_import.config.credentials import Credentials
from image_import.config.settings import read_settings
from loopback import Say

KEY = Credentials(access_key_id="testid", access_key_secret="testsecret")
TOKEN = Credentials(
    access_key_id="testid", access_key_secret="testsecret", security_token="tok/en=="
)
IMPORT = {
    "RegionId": "cn-hangzhou",
    "ImageName": "镜像 a*~",
    "Description": "a/b+c&d=e",
    "Platform": "Others Linux",
    "DiskDeviceMapping.1.OSSBucket": "images",
    "DiskDeviceMapping.1.OSSObject": "dir/CentOS 5.raw",
    "DiskDeviceMapping.1.Format": "RAW",
    "DiskDeviceMapping.1.DiskImageSize": "40",
    "ClientToken": "0123",
}
ACCEPTED = Say(json={"RequestId": "R-1", "ImageId": "m-1", "TaskId": "t-1"})
STACK = {
    "OSS_ENDPOINT": "http://oss.test",
    "APSARA_ORGANIZATION_ID": "37",
    "APSARA_RESOURCE_GROUP_ID": "rg-9",
}
POP = {**STACK, "IMPORT_TARGET": "apsara-pop"}
ROUTE = {**STACK, "IMPORT_TARGET": "apsara-route"}


def make_ecs(
    session: requests.Session,
    endpoint: str,
    environ: dict[str, str] | None = None,
    credentials: Credentials = KEY,
    timeouts: tuple[float, float] = (5, 5),
    remaining: Callable[[], float] = lambda: math.inf,
) -> Ecs:
    settings = read_settings({"ECS_ENDPOINT": endpoint, **(environ or {})})
    return Ecs(
        session,
        settings,
        credentials,
        "cn-hangzhou",
        now=lambda: datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        nonce=lambda: "0123456789abcdef",
        timeouts=timeouts,
        remaining=remaining,
    )
