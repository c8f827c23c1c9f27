"""What ECS tells of images and tasks.

A list that is missing is an error and not an empty one: whether an image exists
decides whether it is imported.

Sources: "DescribeImages", "DescribeTasks" and "DescribeTaskAttribute", ECS API
2014-05-26, and alibabacloud-ecs20140526 7.11.8, read 2026-11. Older samples show
`TaskSet` as a bare list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from image_import.errors import ServiceUnavailable
from image_import.model.ownership import CheckFinding, ExistingImage

IMAGE_STATUSES = ("Creating", "Waiting", "Available", "UnAvailable", "CreateFailed")
"""All that an import can be in; without them ECS shows the available ones only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportTask:
    """An import task, in brief.

    Attributes:
        status: `Processing`, `Waiting`, `Paused`, `Finished`, `Failed` or `Deleted`
            (which is cancelled).
    """

    task_id: str
    status: str
    created: str = ""
    finished: str = ""
    image_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskDetail:
    """An import task, with what went wrong; `progress` is as `32%`."""

    task_id: str
    status: str
    progress: str = ""
    error_code: str = ""
    error_message: str = ""


def read_images(answer: Mapping[str, Any]) -> tuple[list[ExistingImage], int | None]:
    """Return the images of one page, and how many there are on all pages, if told."""
    listed = _list("DescribeImages", answer, "Images", "Image")
    total = str(_member(answer, "TotalCount"))
    return [_image(item) for item in listed], int(total) if total.isdigit() else None


def read_page(
    action: str,
    answer: Mapping[str, Any],
    outer: str,
    inner: str,
    *,
    endpoint: str = "ECS_ENDPOINT",
) -> tuple[list[Mapping[str, Any]], int]:
    """Return what one page lists, and how many there are on all pages.

    Raises:
        ServiceUnavailable: The answer has no list, or does not say how many.
    """
    listed = _list(action, answer, outer, inner, endpoint=endpoint)
    total = str(_member(answer, "TotalCount"))
    if not total.isdigit():
        raise ServiceUnavailable(
            f"ECS {action}: the answer has no TotalCount", service="ECS", action=action
        )
    return listed, int(total)


def scaling_image(item: Mapping[str, Any]) -> str:
    """Return the image of a scaling configuration, by ID or else by name, or "".

    Source: model of alibabacloud-ess20220222 1.13.3, ImageId and ImageName of
    CreateScalingConfiguration: the name counts where there is no ID. Read 2026-12.
    """
    return _text(item, "ImageId") or _text(item, "ImageName")


def template_id(item: Mapping[str, Any]) -> str:
    """Return the ID of a launch template."""
    return _text(item, "LaunchTemplateId")


def template_image(item: Mapping[str, Any]) -> str:
    """Return the ID of the image in a version of a launch template, "" for none.

    Source: model of alibabacloud-ecs20140526 7.11.8, where it is in LaunchTemplateData;
    an image family is not among its fields. Read 2026-12.

    Raises:
        ServiceUnavailable: The details are not there.
    """
    data = item.get("LaunchTemplateData")
    if not isinstance(data, dict):
        raise ServiceUnavailable(
            "ECS DescribeLaunchTemplateVersions: a version has no LaunchTemplateData",
            service="ECS",
            action="DescribeLaunchTemplateVersions",
        )
    return _text(data, "ImageId")


def read_image_id(answer: Mapping[str, Any]) -> str:
    """Return the ID of the image that was made.

    Raises:
        ServiceUnavailable: The answer has none.
    """
    image_id = str(_member(answer, "ImageId") or "")
    if not image_id:
        raise ServiceUnavailable(
            "ECS CopyImage: the answer has no ImageId",
            service="ECS",
            action="CopyImage",
            perhaps_done=True,
        )
    return image_id


def read_accounts(answer: Mapping[str, Any]) -> list[str]:
    """Return the accounts of one page that an image is shared with.

    With a group of accounts it is shared, too, by whatever name the group has.
    """
    action = "DescribeImageSharePermission"
    accounts = _list(action, answer, "Accounts", "Account")
    groups = _items(_member(answer, "ShareGroups"), "ShareGroup")
    return [
        *(_text(item, "AliyunId") for item in accounts),
        *(_text(item, "Group") or "a group" for item in groups),
    ]


def read_tasks(answer: Mapping[str, Any]) -> list[ImportTask]:
    """Return the tasks of one page."""
    return [
        ImportTask(
            task_id=_text(item, "TaskId"),
            status=_text(item, "TaskStatus"),
            created=_text(item, "CreationTime"),
            finished=_text(item, "FinishedTime"),
            image_id=_text(item, "ResourceId"),
        )
        for item in _list("DescribeTasks", answer, "TaskSet", "Task")
    ]


def read_task(answer: Mapping[str, Any]) -> TaskDetail:
    """Return one task, with the first error among its operations."""
    told = {str(name).lower(): value for name, value in _unwrapped(answer).items()}
    operations = _items(told.get("operationprogressset"), "OperationProgress")
    failed = next((item for item in operations if item.get("ErrorCode")), {})
    return TaskDetail(
        task_id=_text(told, "taskid"),
        status=_text(told, "taskstatus"),
        progress=_text(told, "taskprocess"),
        error_code=_text(failed, "ErrorCode"),
        error_message=_text(failed, "ErrorMsg"),
    )


def _image(item: Mapping[str, Any]) -> ExistingImage:
    disks = _items(item.get("DiskDeviceMappings"), "DiskDeviceMapping")
    system = next((disk for disk in disks if disk.get("ImportOSSObject")), {})
    tags = _items(item.get("Tags"), "Tag")
    return ExistingImage(
        image_id=_text(item, "ImageId"),
        image_name=_text(item, "ImageName"),
        status=_text(item, "Status"),
        description=_text(item, "Description"),
        tags={_text(tag, "TagKey"): _text(tag, "TagValue") for tag in tags},
        import_bucket=_text(system, "ImportOSSBucket"),
        import_object_key=_text(system, "ImportOSSObject"),
        progress=_text(item, "Progress"),
        is_usable=_text(item, "Usable").lower() != "false",
        **_check(item.get("DetectionOptions")),
    )


def _check(told: object) -> dict[str, Any]:
    """Return how the image check stands, and what it found that is a risk."""
    if not isinstance(told, dict):
        return {}
    items = _items(told.get("Items"), "Item")
    findings = (
        CheckFinding(
            name=_text(item, "Name"),
            value=_text(item, "Value"),
            risk_level=_text(item, "RiskLevel"),
            risk_code=_text(item, "RiskCode"),
        )
        for item in items
    )
    return {
        "check_status": _text(told, "Status"),
        "findings": tuple(one for one in findings if one.risk_level),
    }


def _list(
    action: str,
    answer: Mapping[str, Any],
    outer: str,
    inner: str,
    *,
    endpoint: str = "ECS_ENDPOINT, or ECS_LOOKUP_ENDPOINT,",
) -> list[Mapping[str, Any]]:
    """Return what stands at `outer.inner`, or at `outer` if that is a list."""
    held = _member(answer, outer)
    if not isinstance(held, dict | list):
        raise ServiceUnavailable(
            f"ECS {action}: the answer has no {outer}; check that {endpoint} serves "
            "this call",
            service="ECS",
            action=action,
        )
    return _items(held, inner)


def _items(held: object, inner: str) -> list[Mapping[str, Any]]:
    listed = held.get(inner) if isinstance(held, dict) else held
    items = listed if isinstance(listed, list) else []
    return [item for item in items if isinstance(item, dict)]


def _member(answer: Mapping[str, Any], name: str) -> object:
    told = {str(key).lower(): value for key, value in _unwrapped(answer).items()}
    return told.get(name.lower())


def _unwrapped(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields, which some gateways of Apsara Stack put under `data`."""
    inner = answer.get("data")
    return {**answer, **inner} if isinstance(inner, dict) else answer


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return "" if value is None else str(value)
