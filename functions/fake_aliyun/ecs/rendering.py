"""Images and tasks as the answers of ECS show them, in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fake_aliyun.core.clock import iso_seconds
from fake_aliyun.core.rpc import Document
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import Image, ImageDisk
from fake_aliyun.ecs.models import READY, EcsBackend
from fake_aliyun.ecs.parameters import is_whole

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class RpcPage(Generic[Entry]):
    """One page of what was asked for, and how much there is in all."""

    entries: Sequence[Entry]
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


def take_page(found: Sequence[Entry], parameters: Mapping[str, str]) -> RpcPage[Entry]:
    """Return the page that a request asks for; ten to a page unless it says.

    Raises:
        EcsError: InvalidParameter.
    """
    number = _whole(parameters, "PageNumber", "1", range(1, 1_000_001))
    size = _whole(parameters, "PageSize", "10", range(1, 101))
    start = (number - 1) * size
    return RpcPage(found[start : start + size], len(found), number, size)


def _whole(
    parameters: Mapping[str, str], name: str, default: str, allowed: range
) -> int:
    text = parameters.get(name, default)
    if not is_whole(text) or int(text) not in allowed:
        raise EcsError("InvalidParameter", name)
    return int(text)


def shown_image(backend: EcsBackend, image: Image) -> Document:
    """Return an image as DescribeImages shows it.

    Where the check was not asked for, or there is nothing to check yet, nothing is said
    of it. Source: DescribeImages, response model of alibabacloud-ecs20140526 7.11.8,
    read 2026-12.
    """
    shown = {
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
        "Usage": "instance" if image.instance_ids else "none",
        "Usable": backend.is_usable(image),
        "ImageFamily": image.family,
        "IsCopied": bool(image.copied_from),
        "IsSelfShared": str(bool(image.shared_with)),
        "IsPublic": False,
        "Features": dict(image.features),
        "DiskDeviceMappings": {
            "DiskDeviceMapping": [_shown_disk(disk, image) for disk in image.disks]
        },
        "Tags": {
            "Tag": [
                {"TagKey": key, "TagValue": value} for key, value in image.tags.items()
            ]
        },
    }
    if image.detection_strategy and image.status in READY:
        shown["DetectionOptions"] = _shown_check(backend, image)
    return shown


def _shown_check(backend: EcsBackend, image: Image) -> Document:
    if not backend.is_checked(image):
        return {"Status": "Processing", "Items": {"Item": []}}
    items = [
        {
            "Name": item.name,
            "Value": item.value,
            **({"RiskLevel": item.risk_level} if item.risk_level else {}),
            **({"RiskCode": item.risk_code} if item.risk_code else {}),
        }
        for item in backend.check_items.get(image.image_name, ())
    ]
    return {"Status": "Finished", "Items": {"Item": items}}


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
