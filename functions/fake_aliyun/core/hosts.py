"""Which host is which service: the endpoints that this cloud answers at.

Sources: "Regions and endpoints", OSS documentation; "Endpoints", ECS API 2014-05-26;
endpoint map of alibabacloud-ecs20140526 7.11.8; "Endpoints", Function Compute; the
Terraform provider alibabacloudstack, `connectivity/endpoint.go`, for Apsara Stack;
"Endpoints", RAM API 2015-05-01; all read 2026-11; endpoint map of
alibabacloud-ess20220222 1.13.3, read 2026-12.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

ServiceName = Literal["oss", "ecs", "ess", "eventbridge", "fc", "fc3", "mns", "ram"]
Door = Literal["", "public", "apsara-pop", "apsara-route"]

REGION_IDS = (
    "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu",
    "cn-hangzhou", "cn-shanghai", "cn-shenzhen", "cn-heyuan", "cn-guangzhou",
    "cn-chengdu", "cn-hongkong", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5",
    "ap-northeast-1", "ap-northeast-2", "us-west-1", "us-east-1", "eu-central-1",
    "eu-west-1", "me-east-1",
)  # fmt: skip
"""Source: "Regions and zones", ECS documentation, read 2026-11."""

RAM_VERSION = "2015-05-01"
ESS_VERSION = "2022-02-22"
EVENTBRIDGE_VERSION = "2020-04-01"
_SERVICE_OF: dict[str, ServiceName] = {
    RAM_VERSION: "ram",
    ESS_VERSION: "ess",
    EVENTBRIDGE_VERSION: "eventbridge",
}
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_BUCKET = rf"(?:(?P<bucket>{_LABEL})\.)?"
_REGION = rf"(?P<region>{_LABEL}?)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """What answers at a host.

    Attributes:
        region_id: "" where the host serves all regions.
        bucket: The bucket that stands before an OSS endpoint, if any.
    """

    service: ServiceName
    door: Door = ""
    region_id: str = ""
    bucket: str = ""


class Hosts:
    """The hosts of one cloud."""

    def __init__(self, *, region_ids: Collection[str], apsara_domain: str) -> None:
        self._region_ids = region_ids
        self._domain = apsara_domain
        domain = re.escape(apsara_domain)
        oss, ecs = Host(service="oss"), Host(service="ecs", door="public")
        apsara_oss = Host(service="oss", door="apsara-pop")
        apsara_ecs = Host(service="ecs", door="apsara-pop")
        route = Host(service="ecs", door="apsara-route")
        inside, aliyun = "(?:-internal)?", r"\.aliyuncs\.com"
        self._patterns: tuple[tuple[str, Host], ...] = (
            (rf"{_BUCKET}oss-{_REGION}{inside}{aliyun}", oss),
            (rf"{_BUCKET}{_REGION}\.oss{aliyun}", oss),
            (rf"{_BUCKET}oss-{_REGION}-a\.{domain}", apsara_oss),
            (rf"ecs(?:-cn-hangzhou)?{aliyun}", ecs),
            (rf"ecs(?:-vpc)?\.{_REGION}{aliyun}", ecs),
            (rf"ess{aliyun}", Host(service="ess")),
            (rf"ess(?:-vpc)?\.{_REGION}{aliyun}", Host(service="ess")),
            (rf"ecs-internal\.(?:{_REGION}\.)?{domain}", apsara_ecs),
            (rf"api\.{domain}", route),
            (rf"\d+\.{_REGION}{inside}\.fc{aliyun}", Host(service="fc")),
            (rf"fcv3\.{_REGION}{aliyun}", Host(service="fc3")),
            (rf"ram{aliyun}", Host(service="ram")),
            (rf"\d+\.mns\.{_REGION}{inside}{aliyun}", Host(service="mns")),
            (rf"eventbridge-console\.{_REGION}{aliyun}", Host(service="eventbridge")),
        )

    def find(self, hostname: str) -> Host | None:
        """Return what answers at a host, or None."""
        for pattern, place in self._patterns:
            found = re.fullmatch(pattern, hostname)
            if found and found.groupdict().get("region") in {None, *self._region_ids}:
                return Host(
                    service=place.service,
                    door=place.door,
                    region_id=found.groupdict().get("region") or "",
                    bucket=found.groupdict().get("bucket") or "",
                )
        return None

    def known(self) -> list[str]:
        """Return the hosts there are, with REGION for any of the region IDs."""
        return [
            "[BUCKET.]oss-REGION[-internal].aliyuncs.com",
            "[BUCKET.]REGION.oss.aliyuncs.com",
            f"[BUCKET.]oss-REGION-a.{self._domain}",
            "ecs.aliyuncs.com",
            "ecs-cn-hangzhou.aliyuncs.com",
            "ecs[-vpc].REGION.aliyuncs.com",
            "ess.aliyuncs.com",
            "ess[-vpc].REGION.aliyuncs.com",
            f"ecs-internal.[REGION.]{self._domain}",
            f"api.{self._domain}",
            "ACCOUNT.REGION[-internal].fc.aliyuncs.com",
            "fcv3.REGION.aliyuncs.com",
            "ram.aliyuncs.com",
            "ACCOUNT.mns.REGION[-internal].aliyuncs.com",
            "eventbridge-console.REGION.aliyuncs.com",
            f"REGION: {', '.join(self._region_ids)}",
        ]


_BY_PATH = {
    "/apsara/route/": Host(service="ecs", door="apsara-route"),
    "/2016-08-15/": Host(service="fc"),
    "/2023-03-30/": Host(service="fc3"),
}


def place_here(
    path: str, *, action: str, version: str, headers: Collection[str]
) -> Host:
    """Return what answers on one port of this machine, where paths must tell.

    What is asked at "/" is told apart by the version of its API.

    Args:
        path: Decoded.
        action: The RPC action that a request to "/" names, if any.
        version: Of the RPC API that it names, if any.
        headers: Lower-case names; those that only Apsara Stack's gateway knows tell
            that gateway from the public endpoint.
    """
    if "x-mns-version" in headers:
        return Host(service="mns")
    for start, host in _BY_PATH.items():
        if path.startswith(start):
            return host
    if path == "/" and action and version in _SERVICE_OF:
        return Host(service=_SERVICE_OF[version])
    if path == "/" and action:
        apsara = any(name in APSARA_HEADERS for name in headers)
        return Host(service="ecs", door="apsara-pop" if apsara else "public")
    return Host(service="oss")


APSARA_HEADERS = frozenset(
    {
        "x-acs-regionid",
        "x-acs-organizationid",
        "x-acs-resourcegroupid",
        "x-acs-instanceid",
        "x-acs-roleid",
        "x-acs-caller-sdk-source",
    }
)
"""Source: Terraform provider alibabacloudstack, `connectivity/client.go`, 2026-11."""
