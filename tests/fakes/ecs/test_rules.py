"""Rules of ECS that need no client: pace, detection, tags, filters."""

from typing import Any

import pytest
from fake_aliyun import BySeconds, FakeAliyun, ManualClock, NotImitatedError
from fake_aliyun.core.content import Content
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.models import detect
from fake_aliyun.ecs.operations import EcsOperations

GIB = 1024**3
QCOW2 = b"QFI\xfb\0\0\0\3" + bytes(16) + (10 * GIB).to_bytes(8, "big")
VHD = b"conectix" + bytes(40) + (2 * GIB + 1).to_bytes(8, "big") + bytes(456)
IMPORT = {
    "RegionId": "cn-hangzhou",
    "ImageName": "web",
    "DiskDeviceMapping.1.OSSBucket": "images",
    "DiskDeviceMapping.1.OSSObject": "web.raw",
}
EVERY = {"RegionId": "cn-hangzhou", "Status": "ALL"}


class Desk:
    """The operations of ECS without HTTP, on a cloud with one object."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock()
        self.cloud = FakeAliyun(clock=self.clock, **settings)
        self.cloud.oss.put("images", "web.raw", b"bytes")
        self._operations = EcsOperations(self.cloud._backends.ecs)

    def run(self, action: str, parameters: dict[str, str]) -> dict[str, Any]:
        return self._operations.run(action, parameters, door="public")

    def images(self, **filters: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.run("DescribeImages", {**EVERY, **filters})[
            "Images"
        ]["Image"]
        return listed


def test_an_import_can_take_its_time() -> None:
    desk = Desk(pace=BySeconds(waiting=60, creating=600))
    desk.run("ImportImage", IMPORT)
    seen = []
    for seconds in (0, 59, 1, 150, 449, 1):
        desk.clock.advance(seconds)
        image = desk.images()[0]
        seen.append((image["Status"], image["Progress"]))
    assert seen == [
        ("Waiting", "0%"),
        ("Waiting", "0%"),
        ("Creating", "0%"),
        ("Creating", "25%"),
        ("Creating", "99%"),
        ("Available", "100%"),
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (Content([QCOW2]), ("QCOW2", 10)),
        (Content.sparse(head=b"", tail=VHD, size_bytes=GIB), ("VHD", 3)),
        (Content.sparse(head=b"", tail=b"", size_bytes=GIB + 1), ("RAW", 2)),
        (Content([b"QFI\xfb"]), ("RAW", 1)),
        (Content([b"conectix"]), ("RAW", 1)),
    ],
    ids=["qcow2", "vhd", "raw", "truncated qcow2", "truncated vhd"],
)
def test_a_format_is_told_from_the_bytes(
    content: Content, found: tuple[str, int]
) -> None:
    detected = detect(content)
    assert (detected.format, detected.size_gib) == found


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Tag.1.Key": "acs:x"}, "InvalidTagKey.Malformed"),
        ({"Tag.1.Key": "k" * 129}, "InvalidTagKey.Malformed"),
        ({"Tag.1.Value": "v"}, "InvalidTagKey.Malformed"),
        ({"Tag.1.Key": "k", "Tag.1.Value": "http://x"}, "InvalidTagValue.Malformed"),
        ({"Tag.1.Key": "k", "Tag.2.Key": "K"}, "TagKey.Duplication"),
        ({"Features.ImdsSupport": "v3"}, "InvalidParameter.FeaturesImdsSupport"),
        ({"Features.NvmeSupport": "yes"}, "InvalidParameter"),
        ({"DryRun": "perhaps"}, "InvalidParameter"),
        (
            {"Platform": "Windows Server 2022", "OSType": "windows"}
            | {"DetectionStrategy": "Standard"},
            "ImageCheckUnsupported.WindowsImage",
        ),
        (
            {"Platform": "Windows Server 2022", "OSType": "windows"}
            | {"Architecture": "arm64"},
            "InvalidArchitecture.PlatformUnsupported",
        ),
        ({"DiskDeviceMapping.3.OSSBucket": "images"}, "MissingParameter"),
        (
            {
                "DiskDeviceMapping.2.OSSBucket": "images",
                "DiskDeviceMapping.2.OSSObject": "web.raw",
                "DiskDeviceMapping.2.DiskImageSize": "2049",
            },
            "InvalidDataDiskSize",
        ),
        ({"RegionId": ""}, "MissingParameter"),
        ({"DiskDeviceMapping.1.DiskImageSize": "²"}, "InvalidImageSize"),
        ({"DiskDeviceMapping.1.DiskImageSize": "4.5"}, "InvalidImageSize"),
        ({"DiskDeviceMapping.1.OSSBucket": "My_Images"}, "InvalidOSSBucket.Malformed"),
        ({"DiskDeviceMapping.1.OSSObject": "/web.raw"}, "InvalidOSSObject.Malformed"),
        (
            {"DiskDeviceMapping.1.OSSObject": "k" * 1024},
            "InvalidOSSObject.Malformed",
        ),
    ],
    ids=str,
)
def test_a_request_that_breaks_a_rule_is_refused(
    changes: dict[str, str], code: str
) -> None:
    desk = Desk()
    with pytest.raises(EcsError) as caught:
        desk.run("ImportImage", {**IMPORT, **changes})
    assert caught.value.code == code
    assert not desk.cloud.ecs.images


@pytest.mark.parametrize(
    "name",
    ["DiskDeviceMapping.18.OSSBucket", "DiskDeviceMapping.0.OSSBucket", "Tag.21.Key"],
)
def test_a_number_that_the_cloud_ignores_stops_the_test(name: str) -> None:
    with pytest.raises(NotImitatedError, match=name.rpartition(".")[0]):
        Desk().run("ImportImage", {**IMPORT, name: "x"})


def test_an_image_has_the_disks_and_settings_it_was_imported_with() -> None:
    desk = Desk()
    desk.cloud.ecs.resource_groups.add("rg-1")
    more = {
        "DiskDeviceMapping.2.OSSBucket": "images",
        "DiskDeviceMapping.2.OSSObject": "web.raw",
        "DiskDeviceMapping.2.DiskImageSize": "40",
        "Architecture": "arm64",
        "ResourceGroupId": "rg-1",
        "Tag.1.Key": "a",
        "Tag.1.Value": "b",
    }
    desk.run("ImportImage", {**IMPORT, **more})
    image = desk.images()[0]
    disks = image["DiskDeviceMappings"]["DiskDeviceMapping"]
    assert [(d["Type"], d["Device"], d["Size"]) for d in disks] == [
        ("system", "/dev/xvda", "1"),
        ("data", "/dev/xvdb", "40"),
    ]
    assert (image["BootMode"], image["ResourceGroupId"]) == ("UEFI", "rg-1")
    assert image["Tags"]["Tag"] == [{"TagKey": "a", "TagValue": "b"}]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 3),
        ({"ImageName": "web"}, 2),
        ({"ImageName": "web-2"}, 1),
        ({"ImageId": "m-none"}, 0),
        ({"ImageOwnerAlias": "system"}, 0),
        ({"Architecture": "x86_64"}, 3),
        ({"OSType": "windows"}, 0),
        ({"RegionId": "cn-beijing"}, 0),
        ({"Tag.1.Key": "a", "Tag.1.Value": "b"}, 1),
        ({"Status": "Creating,Available"}, 0),
        ({"PageSize": "2"}, 2),
        ({"PageSize": "2", "PageNumber": "2"}, 1),
    ],
    ids=str,
)
def test_images_are_filtered_and_paged(filters: dict[str, str], count: int) -> None:
    desk = Desk()
    for name in ("web-1", "web-2"):
        desk.run("ImportImage", {**IMPORT, "ImageName": name})
    tag = {"Tag.1.Key": "a", "Tag.1.Value": "b"}
    desk.run("ImportImage", {**IMPORT, "ImageName": "db", **tag})
    assert len(desk.images(**filters)) == count


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"Status": "Broken"}, "InvalidStatus.Malformed"),
        ({"PageSize": "101"}, "InvalidParameter"),
        ({"PageSize": "0"}, "InvalidParameter"),
        ({"PageSize": "²"}, "InvalidParameter"),
        ({"PageNumber": "0"}, "InvalidParameter"),
        ({"ImageId": ",".join(["m"] * 101)}, "InvalidParameter"),
        ({"RegionId": "cn-none"}, "InvalidRegionId.NotFound"),
    ],
    ids=[
        "status",
        "page size",
        "no page",
        "odd page",
        "page number",
        "too many IDs",
        "region",
    ],
)
def test_a_bad_filter_is_refused(filters: dict[str, str], code: str) -> None:
    with pytest.raises(EcsError) as caught:
        Desk().images(**filters)
    assert caught.value.code == code


@pytest.mark.parametrize("action", ["CancelTask", "DescribeTaskAttribute"])
def test_a_task_must_be_named(action: str) -> None:
    with pytest.raises(EcsError) as caught:
        Desk().run(action, {"RegionId": "cn-hangzhou"})
    assert caught.value.code == "MissingParameter"
    assert '"TaskId"' in caught.value.message


@pytest.mark.parametrize("action", ["CancelTask", "DescribeTaskAttribute"])
def test_a_task_belongs_to_its_region(action: str) -> None:
    desk = Desk()
    task_id = desk.run("ImportImage", IMPORT)["TaskId"]
    with pytest.raises(EcsError) as caught:
        desk.run(action, {"RegionId": "cn-beijing", "TaskId": task_id})
    assert caught.value.code == "InvalidTaskId.NotFound"
    desk.run(action, {"RegionId": "cn-hangzhou", "TaskId": task_id})


def test_an_owner_that_does_not_exist_stops_the_test() -> None:
    with pytest.raises(NotImitatedError, match="- marketplace"):
        Desk().images(ImageOwnerAlias="nobody")


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(EcsError) as caught:
        Desk().run("CancelTask", {"RegionId": "cn-hangzhou", "TaskId": "t-none"})
    assert (caught.value.status, caught.value.code) == (400, "InvalidTaskId.NotFound")


def test_a_cancelled_task_is_listed_as_deleted() -> None:
    desk = Desk()
    task_id = desk.run("ImportImage", IMPORT)["TaskId"]
    here = {"RegionId": "cn-hangzhou"}
    desk.run("CancelTask", {**here, "TaskId": task_id})
    listed = desk.run("DescribeTasks", {**here, "TaskIds": task_id})
    assert listed["TaskSet"]["Task"][0]["TaskStatus"] == "Deleted"
