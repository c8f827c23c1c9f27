"""The operations of ECS that are imitated, each as parameters -> answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from fake_aliyun.core.clock import read_utc
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.hosts import Door
from fake_aliyun.core.rpc import Document
from fake_aliyun.core.service import method_name
from fake_aliyun.ecs.attributes import AttributeOperations
from fake_aliyun.ecs.copies import CopyOperations
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import Image
from fake_aliyun.ecs.launch_templates import LaunchTemplateOperations
from fake_aliyun.ecs.models import EcsBackend
from fake_aliyun.ecs.parameters import listed, numbered, read_flag, read_tags
from fake_aliyun.ecs.rendering import (
    shown_attribute,
    shown_image,
    shown_task,
    take_page,
)
from fake_aliyun.ecs.tags import TagOperations

EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
LATEST = datetime.max.replace(tzinfo=timezone.utc)
STATUSES = frozenset(
    {"Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated"}
)
OWNERS = frozenset({"system", "self", "others", "marketplace"})
"""Of whom only `self` has images here."""
TASK_STATUSES = frozenset({"Finished", "Processing", "Failed"})
MAX_IDS = 100
CALLER = frozenset(
    {"OwnerId", "ResourceOwnerId", "ResourceOwnerAccount", "OwnerAccount"}
)


@dataclass(frozen=True, slots=True)
class EcsOperation:
    """One operation; the method that answers it has its name in snake case.

    Attributes:
        parameters: Those that it takes beside `RegionId` and the caller's own; None
            for ImportImage, whose differ from door to door.
        resource: What a policy names: `*`, `image/*`, or `image/{NAME}` for each
            value of a parameter; or launch templates in the same way.
    """

    parameters: frozenset[str] | None
    resource: str = "*"

    def resources(self, parameters: Mapping[str, str]) -> list[str]:
        """Return the resources that must all be allowed."""
        if "{" not in self.resource:
            return [self.resource]
        kind, _, name = self.resource.removesuffix("}").partition("/{")
        values = [parameters[name]] if parameters.get(name) else []
        values += listed(parameters, name, limit=MAX_IDS)
        return [f"{kind}/{value}" for value in values] or [f"{kind}/*"]


def _row(*parameters: str, resource: str = "*") -> EcsOperation:
    return EcsOperation(CALLER | {"RegionId", *parameters}, resource)


_PAGE = ("PageNumber", "PageSize")
_TAG = ("Tag.N.Key", "Tag.N.Value")
_TAGGED = ("ResourceType", "ResourceId.N")
_OF_IMAGE = "image/{ImageId}"
OPERATIONS: Mapping[str, EcsOperation] = {
    "ImportImage": EcsOperation(None, "image/*"),
    "DescribeImages": _row(
        *_PAGE, *_TAG, "ImageId", "ImageName", "Status", "ImageOwnerAlias",
        "Architecture", "OSType", "ResourceGroupId", "ImageFamily", "Usage", "Usable",
        "Filter.N.Key", "Filter.N.Value", resource="image/*",
    ),
    "DescribeTasks": _row(*_PAGE, "TaskIds", "TaskAction", "TaskStatus"),
    "DescribeTaskAttribute": _row("TaskId"),
    "CancelTask": _row("TaskId"),
    "DescribeRegions": _row("AcceptLanguage", "ResourceType", "InstanceChargeType"),
    "CopyImage": _row(
        *_TAG, "ImageId", "DestinationRegionId", "DestinationImageName",
        "DestinationDescription", "Encrypted", "KMSKeyId", "ResourceGroupId",
        "ClientToken", "DryRun", resource="image/*",
    ),
    "CancelCopyImage": _row("ImageId", resource=_OF_IMAGE),
    "ModifyImageAttribute": _row(
        "ImageId", "ImageName", "Description", "ImageFamily", "BootMode", "Status",
        "LicenseType", "Features.NvmeSupport", "Features.ImdsSupport",
        resource=_OF_IMAGE,
    ),
    "DescribeImageFromFamily": _row("ImageFamily"),
    "ModifyImageSharePermission": _row(
        "ImageId", "AddAccount.N", "RemoveAccount.N", resource=_OF_IMAGE
    ),
    "DescribeImageSharePermission": _row(*_PAGE, "ImageId", resource=_OF_IMAGE),
    "DescribeImageSupportInstanceTypes": _row(
        "ImageId", "ActionType", resource=_OF_IMAGE
    ),
    "DeleteImage": _row("ImageId", "Force", resource=_OF_IMAGE),
    "TagResources": _row(*_TAGGED, *_TAG, resource="image/{ResourceId}"),
    "UntagResources": _row(
        *_TAGGED, "TagKey.N", "All", resource="image/{ResourceId}"
    ),
    "ListTagResources": _row(*_TAGGED, *_TAG, "NextToken"),
    "DescribeLaunchTemplates": _row(
        *_PAGE, "LaunchTemplateId.N", "LaunchTemplateName.N",
        resource="launchtemplate/{LaunchTemplateId}",
    ),
    "DescribeLaunchTemplateVersions": _row(
        *_PAGE, "LaunchTemplateId", "LaunchTemplateName", "DetailFlag",
        resource="launchtemplate/{LaunchTemplateId}",
    ),
}  # fmt: skip
"""Each operation. Source of the resources: "RAM authorization" of each page, ECS API
reference, read 2026-11 and 2026-12; tasks are absent from it, and that of
CancelCopyImage is stated nowhere."""


def _comma_list(parameters: Mapping[str, str], name: str) -> list[str]:
    values = [value for value in parameters.get(name, "").split(",") if value]
    if len(values) > MAX_IDS:
        raise EcsError("InvalidParameter", name)
    return values


def image_filter(parameters: Mapping[str, str]) -> Callable[[Image], bool]:
    """Return whether DescribeImages is about an image, its status left aside."""
    ids = _comma_list(parameters, "ImageId")
    tags = read_tags(parameters)
    owner = parameters.get("ImageOwnerAlias", "self")
    if owner not in OWNERS:
        raise NotImitatedError(f"ImageOwnerAlias {owner!r}", known=OWNERS)
    since, until = _creation_times(parameters)
    usage = parameters.get("Usage", "")
    if usage not in {"", "instance", "none"}:
        raise EcsError("InvalidParameter", "Usage")
    exact = {
        "ImageFamily": "family",
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
            and since <= image.created <= until
            and usage in {"", "instance" if image.instance_ids else "none"}
            and all(image.tags.get(key) == value for key, value in tags.items())
            and all(
                parameters[name] == getattr(image, attribute)
                for name, attribute in exact.items()
                if name in parameters
            )
        )

    return fits


def _creation_times(parameters: Mapping[str, str]) -> tuple[datetime, datetime]:
    """Return the first and the last moment of creation that a request asks for.

    Source: DescribeImages, `Filter`, model of alibabacloud-ecs20140526 7.11.8, read
    2026-12: the only two keys are these, and they go with minutes.
    """
    bounds = {"CreationStartTime": EARLIEST, "CreationEndTime": LATEST}
    for held in numbered(parameters, "Filter", limit=len(bounds)).values():
        name = held.get("Key", "")
        if name not in bounds:
            raise NotImitatedError(f"the filter {name!r}", known=bounds)
        try:
            bounds[name] = read_utc(held.get("Value", ""), "%Y-%m-%dT%H:%MZ")
        except ValueError:
            raise EcsError("InvalidParameter", f"Filter: {name}") from None
    return bounds["CreationStartTime"], bounds["CreationEndTime"]


def is_wanted(
    backend: EcsBackend, parameters: Mapping[str, str]
) -> Callable[[Image], bool]:
    """Return whether DescribeImages shows an image as it is now.

    Raises:
        EcsError: InvalidStatus.Malformed, MissingParameter, InvalidParameter.
    """
    statuses = wanted_statuses(parameters)
    if "Usable" not in parameters:
        return lambda image: image.status in statuses
    if "Status" not in parameters:
        raise EcsError("MissingParameter", "Status")
    usable = read_flag(parameters, "Usable")
    return lambda image: image.status in statuses and backend.is_usable(image) == usable


def wanted_statuses(parameters: Mapping[str, str]) -> set[str]:
    """Return the statuses that DescribeImages shows: Available unless it says.

    Raises:
        EcsError: InvalidStatus.Malformed.
    """
    statuses = _comma_list(parameters, "Status") or ["Available"]
    if statuses == ["ALL"]:
        return set(STATUSES)
    for status in statuses:
        if status not in STATUSES:
            raise EcsError("InvalidStatus.Malformed", status)
    return set(statuses)


def task_filter(parameters: Mapping[str, str]) -> Callable[[Image], bool]:
    """Return whether DescribeTasks is about an image's task, its status left aside."""
    ids = _comma_list(parameters, "TaskIds")
    action = parameters.get("TaskAction", "ImportImage")

    def fits(image: Image) -> bool:
        return (
            action == "ImportImage"
            and bool(image.task_id)
            and image.region_id == parameters["RegionId"]
            and (not ids or image.task_id in ids)
        )

    return fits


class EcsOperations(
    CopyOperations, AttributeOperations, TagOperations, LaunchTemplateOperations
):
    """Answers every operation of ECS that is imitated."""

    def run(
        self, action: str, parameters: Mapping[str, str], *, door: Door
    ) -> Document:
        """Return the answer of an operation without its request ID."""
        if action == "ImportImage":
            return self._import_image(parameters, door=door)
        answer: Callable[[Mapping[str, str]], Document] = getattr(
            self, method_name(action)
        )
        return answer(parameters)

    def _import_image(self, parameters: Mapping[str, str], *, door: Door) -> Document:
        image = self._backend.import_image(parameters, door=door)
        return {
            "ImageId": image.image_id,
            "TaskId": image.task_id,
            "RegionId": image.region_id,
        }

    def describe_images(self, parameters: Mapping[str, str]) -> Document:
        """Return a page of images, newest first."""
        backend = self._backend
        region_id = backend.check_region(parameters)
        wanted = is_wanted(backend, parameters)
        fits = image_filter(parameters)
        concerned = [
            image for image in backend.images() if fits(image) and backend.shows(image)
        ]
        found = [image for image in backend.look(concerned) if wanted(image)]
        page = take_page(found[::-1], parameters)
        return {
            **page.heading(),
            "RegionId": region_id,
            "Images": {
                "Image": [shown_image(backend, image) for image in page.entries]
            },
        }

    def describe_tasks(self, parameters: Mapping[str, str]) -> Document:
        """Return a page of tasks, newest first."""
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
            "TaskSet": {"Task": [shown_task(image) for image in page.entries]},
        }

    def describe_task_attribute(self, parameters: Mapping[str, str]) -> Document:
        """Return how a task is doing."""
        image = self._task(parameters)
        return shown_attribute(self._backend.look([image])[0])

    def cancel_task(self, parameters: Mapping[str, str]) -> Document:
        """End an import that is under way."""
        self._backend.cancel_task(self._task(parameters))
        return {}

    def _task(self, parameters: Mapping[str, str]) -> Image:
        region_id = self._backend.check_region(parameters)
        if not parameters.get("TaskId"):
            raise EcsError("MissingParameter", "TaskId")
        return self._backend.find_task(parameters["TaskId"], region_id=region_id)

    def describe_regions(self, parameters: Mapping[str, str]) -> Document:
        """Return the regions that there are."""
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
