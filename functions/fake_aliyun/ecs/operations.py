"""The operations of ECS that are imitated, each as parameters -> answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fake_aliyun.core.clock import iso_seconds
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.hosts import Door
from fake_aliyun.core.rpc import Document
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import Image, ImageDisk
from fake_aliyun.ecs.models import EcsBackend
from fake_aliyun.ecs.parameters import is_whole, read_tags

STATUSES = frozenset(
    {"Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated"}
)
OWNERS = frozenset({"system", "self", "others", "marketplace"})
"""Of whom only `self` has images here."""
TASK_STATUSES = frozenset({"Finished", "Processing", "Failed"})
MAX_IDS = 100
COMMON = frozenset(
    {"RegionId", "PageNumber", "PageSize", "OwnerId", "ResourceOwnerId",
     "ResourceOwnerAccount", "OwnerAccount"}
)  # fmt: skip
DESCRIBE_IMAGES = COMMON | {
    "ImageId", "ImageName", "Status", "ImageOwnerAlias", "Architecture", "OSType",
    "ResourceGroupId", "Tag.N.Key", "Tag.N.Value",
}  # fmt: skip
DESCRIBE_TASKS = COMMON | {"TaskIds", "TaskAction", "TaskStatus"}
ONE_TASK = frozenset(
    {"RegionId", "TaskId", "OwnerId", "ResourceOwnerId", "ResourceOwnerAccount",
     "OwnerAccount"}
)  # fmt: skip
DESCRIBE_REGIONS = frozenset(
    {"RegionId", "AcceptLanguage", "ResourceType", "InstanceChargeType", "OwnerId",
     "ResourceOwnerId", "ResourceOwnerAccount", "OwnerAccount"}
)  # fmt: skip


class ImagePage(NamedTuple):
    """One page of images and how many there are in all."""

    images: list[Image]
    total: int
    number: int
    size: int

    def heading(self) -> Document:
        """Return the fields that each paged answer has."""
        return {
            "PageNumber": self.number,
            "PageSize": self.size,
            "TotalCount": self.total,
        }


def take_page(images: Sequence[Image], parameters: Mapping[str, str]) -> ImagePage:
    """Return the page that a request asks for; ten to a page unless it says.

    Raises:
        EcsError: InvalidParameter.
    """
    number = _whole(parameters, "PageNumber", "1", range(1, 1_000_001))
    size = _whole(parameters, "PageSize", "10", range(1, 101))
    start = (number - 1) * size
    return ImagePage(list(images[start : start + size]), len(images), number, size)


def _whole(
    parameters: Mapping[str, str], name: str, default: str, allowed: range
) -> int:
    text = parameters.get(name, default)
    if not is_whole(text) or int(text) not in allowed:
        raise EcsError("InvalidParameter", name)
    return int(text)


def _listed(parameters: Mapping[str, str], name: str) -> list[str]:
    values = [value for value in parameters.get(name, "").split(",") if value]
    if len(values) > MAX_IDS:
        raise EcsError("InvalidParameter", name)
    return values


def image_filter(parameters: Mapping[str, str]) -> Callable[[Image], bool]:
    """Return whether DescribeImages is about an image, its status left aside."""
    ids = _listed(parameters, "ImageId")
    tags = read_tags(parameters)
    owner = parameters.get("ImageOwnerAlias", "self")
    if owner not in OWNERS:
        raise NotImitatedError(f"ImageOwnerAlias {owner!r}", known=OWNERS)
    exact = {
        "Architecture": "architecture",
        "OSType": "os_type",
        "ResourceGroupId": "resource_group_id",
    }

    def fits(image: Image) -> bool:
        return (
            owner == "self"
            and (not ids or image.image_id in ids)
            and parameters.get("ImageName", "").strip("*") in image.image_name
            and image.region_id == parameters["RegionId"]
            and all(image.tags.get(key) == value for key, value in tags.items())
            and all(
                parameters[name] == getattr(image, attribute)
                for name, attribute in exact.items()
                if name in parameters
            )
        )

    return fits


def wanted_statuses(parameters: Mapping[str, str]) -> set[str]:
    """Return the statuses that DescribeImages shows: Available unless it says.

    Raises:
        EcsError: InvalidStatus.Malformed.
    """
    statuses = _listed(parameters, "Status") or ["Available"]
    if statuses == ["ALL"]:
        return set(STATUSES)
    for status in statuses:
        if status not in STATUSES:
            raise EcsError("InvalidStatus.Malformed", status)
    return set(statuses)


def task_filter(parameters: Mapping[str, str]) -> Callable[[Image], bool]:
    """Return whether DescribeTasks is about an image's task, its status left aside."""
    ids = _listed(parameters, "TaskIds")
    action = parameters.get("TaskAction", "ImportImage")

    def fits(image: Image) -> bool:
        return (
            action == "ImportImage"
            and image.region_id == parameters["RegionId"]
            and (not ids or image.task_id in ids)
        )

    return fits


def shown_image(image: Image) -> Document:
    """Return an image as DescribeImages shows it."""
    return {
        "ImageId": image.image_id,
        "ImageName": image.image_name,
        "Description": image.description,
        "Status": image.status,
        "Progress": f"{image.percent}%",
        "CreationTime": iso_seconds(image.created),
        "ImageOwnerAlias": "self",
        "Architecture": image.architecture,
        "BootMode": image.boot_mode,
        "OSType": image.os_type,
        "OSName": image.platform,
        "Platform": image.platform,
        "ResourceGroupId": image.resource_group_id,
        "Size": image.size_gib,
        "Usage": "none",
        "DiskDeviceMappings": {
            "DiskDeviceMapping": [_shown_disk(disk, image) for disk in image.disks]
        },
        "Tags": {
            "Tag": [
                {"TagKey": key, "TagValue": value} for key, value in image.tags.items()
            ]
        },
    }


def _shown_disk(disk: ImageDisk, image: Image) -> Document:
    return {
        "Device": disk.device,
        "Format": disk.format,
        "ImportOSSBucket": disk.bucket,
        "ImportOSSObject": disk.object_key,
        "Progress": f"{image.percent}%",
        "RemainTime": 0 if not image.is_under_way else 60,
        "Size": str(disk.size_gib),
        "SnapshotId": disk.snapshot_id,
        "Type": disk.kind,
    }


def _finished(image: Image) -> str:
    return iso_seconds(image.ended) if image.ended else ""


def shown_task(image: Image) -> Document:
    """Return a task as DescribeTasks shows it."""
    return {
        "TaskId": image.task_id,
        "TaskAction": "ImportImage",
        "TaskStatus": image.task_status,
        "SupportCancel": str(image.task_status == "Processing").lower(),
        "ResourceId": image.image_id,
        "CreationTime": iso_seconds(image.created),
        "FinishedTime": _finished(image),
    }


def shown_attribute(image: Image) -> Document:
    """Return a task as DescribeTaskAttribute shows it."""
    failed = image.task_status == "Failed"
    failure = image.failure if failed else None
    return {
        **shown_task(image),
        "RegionId": image.region_id,
        "TaskProcess": f"{image.percent}%",
        "TotalCount": 1,
        "SuccessCount": int(image.task_status == "Finished"),
        "FailedCount": int(failed),
        "OperationProgressSet": {
            "OperationProgress": [
                {
                    "OperationStatus": "Failed" if failed else "Success",
                    "ErrorCode": failure.code if failure else "",
                    "ErrorMsg": failure.message if failure else "",
                    "RelatedItemSet": {
                        "RelatedItem": [{"Name": "ImageId", "Value": image.image_id}]
                    },
                }
            ]
        },
    }


OPERATIONS: Mapping[str, frozenset[str] | None] = {
    "ImportImage": None,
    "DescribeImages": DESCRIBE_IMAGES,
    "DescribeTasks": DESCRIBE_TASKS,
    "DescribeTaskAttribute": ONE_TASK,
    "CancelTask": ONE_TASK,
    "DescribeRegions": DESCRIBE_REGIONS,
}
"""The parameters of each; those of ImportImage differ from door to door."""


def permission(action: str) -> str:
    """Return the kind of resource that a policy for an operation names.

    Source: "RAM authorization", ECS API reference, read 2026-11; tasks are absent
    from it.
    """
    return "image/*" if action in {"ImportImage", "DescribeImages"} else "*"


class EcsOperations:
    """Answers operations."""

    def __init__(self, backend: EcsBackend) -> None:
        self._backend = backend

    def run(
        self, action: str, parameters: Mapping[str, str], *, door: Door
    ) -> Document:
        """Return the answer of an operation without its request ID."""
        if action == "ImportImage":
            return self._import_image(parameters, door=door)
        others: dict[str, Callable[[Mapping[str, str]], Document]] = {
            "DescribeImages": self._describe_images,
            "DescribeTasks": self._describe_tasks,
            "DescribeTaskAttribute": self._describe_task_attribute,
            "CancelTask": self._cancel_task,
            "DescribeRegions": self._describe_regions,
        }
        return others[action](parameters)

    def _import_image(self, parameters: Mapping[str, str], *, door: Door) -> Document:
        image = self._backend.import_image(parameters, door=door)
        return {
            "ImageId": image.image_id,
            "TaskId": image.task_id,
            "RegionId": image.region_id,
        }

    def _describe_images(self, parameters: Mapping[str, str]) -> Document:
        backend = self._backend
        region_id = backend.check_region(parameters)
        statuses = wanted_statuses(parameters)
        fits = image_filter(parameters)
        concerned = [
            image for image in backend.images() if fits(image) and backend.shows(image)
        ]
        found = [i for i in backend.look(concerned) if i.status in statuses]
        page = take_page(found[::-1], parameters)
        return {
            **page.heading(),
            "RegionId": region_id,
            "Images": {"Image": [shown_image(image) for image in page.images]},
        }

    def _describe_tasks(self, parameters: Mapping[str, str]) -> Document:
        backend = self._backend
        region_id = backend.check_region(parameters)
        fits = task_filter(parameters)
        found = backend.look(i for i in backend.by_id.values() if fits(i))
        status = parameters.get("TaskStatus")
        if status in TASK_STATUSES:
            found = [image for image in found if image.task_status == status]
        page = take_page(found[::-1], parameters)
        return {
            **page.heading(),
            "RegionId": region_id,
            "TaskSet": {"Task": [shown_task(image) for image in page.images]},
        }

    def _describe_task_attribute(self, parameters: Mapping[str, str]) -> Document:
        image = self._task(parameters)
        return shown_attribute(self._backend.look([image])[0])

    def _cancel_task(self, parameters: Mapping[str, str]) -> Document:
        self._backend.cancel_task(self._task(parameters))
        return {}

    def _task(self, parameters: Mapping[str, str]) -> Image:
        region_id = self._backend.check_region(parameters)
        if not parameters.get("TaskId"):
            raise EcsError("MissingParameter", "TaskId")
        return self._backend.find_task(parameters["TaskId"], region_id=region_id)

    def _describe_regions(self, parameters: Mapping[str, str]) -> Document:
        language = parameters.get("AcceptLanguage", "zh-CN")
        if language not in {"zh-CN", "en-US", "ja"}:
            raise NotImitatedError(
                f"AcceptLanguage {language!r}", known=["zh-CN", "en-US", "ja"]
            )
        return {
            "Regions": {
                "Region": [
                    {
                        "RegionId": region_id,
                        "LocalName": region_id,
                        "RegionEndpoint": f"ecs.{region_id}.aliyuncs.com",
                    }
                    for region_id in self._backend.region_ids
                ]
            }
        }
