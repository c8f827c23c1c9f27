"""The operations of ECS that are imitated, each as parameters -> answer."""

from collections.abc import Callable, Mapping

from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import Image
from fake_aliyun.ecs.models import EcsBackend
from fake_aliyun.ecs.queries import (
    DESCRIBE_IMAGES,
    DESCRIBE_REGIONS,
    DESCRIBE_TASKS,
    ONE_TASK,
    TASK_STATUSES,
    image_filter,
    shown_attribute,
    shown_image,
    shown_task,
    take_page,
    task_filter,
    wanted_statuses,
)
from fake_aliyun.errors import NotImitatedError
from fake_aliyun.hosts import Door
from fake_aliyun.rpc import Document

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


class Operations:
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
        concerned = [image for image in backend.images() if fits(image)]
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
