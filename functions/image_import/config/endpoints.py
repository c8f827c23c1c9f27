"""Where OSS and ECS are served: as set, which Apsara Stack needs, or as usual.

Source: the endpoint rule and endpoint map of alibabacloud-ecs20140526 7.11.8, and
"Regions and endpoints", OSS documentation, both read 2026-11; for Auto Scaling the map
of alibabacloud-ess20220222 1.13.3, read 2026-12.
"""

from image_import.config.settings import Settings

_ECS_HOST_OF = {
    "ecs-cn-hangzhou.aliyuncs.com": (
        "cn-beijing-nu16-b01 cn-fujian cn-haidian-cm12-c01 cn-hangzhou "
        "cn-hangzhou-bj-b01 cn-hangzhou-internal-prod-1 cn-hangzhou-internal-test-1 "
        "cn-hangzhou-internal-test-2 cn-hangzhou-internal-test-3 cn-hangzhou-test-306 "
        "cn-shanghai-et15-b01 cn-shanghai-et2-b01 cn-shanghai-finance-1 "
        "cn-shanghai-internal-test-1 cn-shenzhen-finance-1 cn-shenzhen-st4-d01 "
        "cn-shenzhen-su18-b01 cn-zhangbei-na61-b01"
    ),
    "ecs.aliyuncs.com": (
        "ap-northeast-2-pop cn-beijing-finance-pop cn-beijing-gov-1 "
        "cn-hangzhou-finance cn-hongkong-finance-pop cn-north-2-gov-1 "
        "cn-shanghai-inner cn-shenzhen-inner cn-wuhan cn-yushanfang cn-zhangbei "
        "rus-west-1-pop"
    ),
    "ecs.cn-qingdao-nebula.aliyuncs.com": (
        "cn-edge-1 cn-huhehaote-nebula-1 cn-zhengzhou-nebula-1"
    ),
    "ecs.cn-shenzhen-cloudstone.aliyuncs.com": "eu-west-1-oxs",
    "ecs.cn-zhangjiakou.aliyuncs.com": "cn-zhangjiakou-na62-a01",
}
_ECS_EXCEPTIONS = {
    region_id: host
    for host, region_ids in _ECS_HOST_OF.items()
    for region_id in region_ids.split()
}

_CENTRAL_SCALING = frozenset(
    {"ap-northeast-2-pop", "ap-southeast-1", "cn-beijing", "cn-beijing-finance-pop",
     "cn-beijing-gov-1", "cn-hangzhou", "cn-hangzhou-finance", "cn-hongkong",
     "cn-hongkong-finance-pop", "cn-nanjing", "cn-north-2-gov-1", "cn-qingdao",
     "cn-shanghai", "cn-shanghai-finance-1", "cn-shenzhen", "cn-shenzhen-finance-1",
     "rus-west-1-pop", "us-east-1", "us-west-1"}
)  # fmt: skip


def ecs_endpoint(settings: Settings, region_id: str) -> str:
    """Return scheme and host of ECS: as set, else the public one of a region."""
    host = _ECS_EXCEPTIONS.get(region_id, f"ecs.{region_id}.aliyuncs.com")
    return settings.ecs_endpoint or f"https://{host}"


def lookup_endpoint(settings: Settings, region_id: str) -> str:
    """Return scheme and host of where images are looked up."""
    elsewhere = settings.ecs_lookup == "pop" and settings.ecs_lookup_endpoint
    return elsewhere or ecs_endpoint(settings, region_id)


def scaling_endpoint(settings: Settings, region_id: str) -> str:
    """Return scheme and host of Auto Scaling."""
    host = "ess.aliyuncs.com"
    if region_id not in _CENTRAL_SCALING:
        host = f"ess.{region_id}.aliyuncs.com"
    return settings.ess_endpoint or f"https://{host}"


def oss_endpoint(settings: Settings, region_id: str) -> str:
    """Return scheme and host of OSS, without a bucket's name.

    Without a setting it is the region's public address: whether a function reaches
    the internal one depends on its network.
    """
    return settings.oss_endpoint or f"https://oss-{region_id}.aliyuncs.com"
