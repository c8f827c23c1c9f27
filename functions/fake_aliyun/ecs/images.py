"""Images on their way: what was imported, how far it is, how it ended, who names it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from fake_aliyun.core.clock import check_seconds
from fake_aliyun.core.rpc import Document

ImageStatus = Literal["Waiting", "Creating", "Available", "CreateFailed", "Deprecated"]
TaskStatus = Literal["Processing", "Finished", "Failed", "Deleted"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageDisk:
    """One disk of an image.

    Attributes:
        format: What ECS found in the bytes: RAW, VHD or QCOW2.
        etag: Of the object when the import began.
    """

    number: int
    bucket: str
    object_key: str
    format: str
    size_gib: int
    etag: str
    snapshot_id: str

    @property
    def kind(self) -> str:
        """Return "system" for the first disk, "data" for the others."""
        return "system" if self.number == 1 else "data"

    @property
    def device(self) -> str:
        """Return the device name that the disk gets."""
        return f"/dev/xvd{chr(ord('a') + self.number - 1)}"


class Failure(NamedTuple):
    """Why an import failed after it was accepted."""

    code: str
    message: str


class CheckItem(NamedTuple):
    """One thing that the image check has found.

    Attributes:
        name: As `GUESTOS.Virtio`.
        value: What was found; how ECS words it is stated nowhere.
        risk_level: "High", "Medium", or "" where there is no risk.
        risk_code: As ECS names the risk; "" where there is none.

    Source: DescribeImages, `DetectionOptions`, model of alibabacloud-ecs20140526 7.0.2;
    "Image check items", Server Migration Center; read 2026-12.
    """

    name: str
    value: str
    risk_level: str = ""
    risk_code: str = ""


@dataclass(kw_only=True)
class Image:
    """An image that an import or a copy makes.

    Attributes:
        task_id: "" for a copy, which has no task.
        began: When it began to be made; later than `created` for a copy that waited.
        looks: How many requests have asked how it is doing since it began.
        copied_from: The image that it is a copy of; "" for an import.
        is_queued: Whether it is a copy that waits for others of its region.
        shared_with: The IDs of the accounts that may use it.
        instance_ids: The instances that were made from it.
        encryption: "" for none, "service" for the service key, "customer" for one
            of the account's own.
        failure: How it will end; None for Available.
        ended: When it was first seen at its end.
    """

    image_id: str
    task_id: str
    image_name: str
    region_id: str
    created: datetime
    began: datetime
    disks: tuple[ImageDisk, ...]
    description: str = ""
    architecture: str = "x86_64"
    os_type: str = "linux"
    platform: str = "Others Linux"
    boot_mode: str = "BIOS"
    license_type: str = "Auto"
    role_name: str = ""
    resource_group_id: str = ""
    detection_strategy: str = ""
    features: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    status: ImageStatus = "Waiting"
    percent: int = 0
    looks: int = 0
    failure: Failure | None = None
    ended: datetime | None = None
    is_cancelled: bool = False
    is_deleted: bool = False
    family: str = ""
    copied_from: str = ""
    is_queued: bool = False
    encryption: Literal["", "service", "customer"] = ""
    shared_with: list[str] = field(default_factory=list)
    instance_ids: set[str] = field(default_factory=set)

    @property
    def format(self) -> str:
        """Return the format of the system disk's file."""
        return self.disks[0].format

    @property
    def size_gib(self) -> int:
        """Return the size of the system disk."""
        return self.disks[0].size_gib

    @property
    def is_under_way(self) -> bool:
        """Return whether the import has not ended."""
        return self.status in {"Waiting", "Creating"}

    @property
    def task_status(self) -> TaskStatus:
        """Return the status of the import's task."""
        if self.is_cancelled:
            return "Deleted"
        if self.is_under_way:
            return "Processing"
        return "Failed" if self.status == "CreateFailed" else "Finished"


class Stage(NamedTuple):
    """How far an import is: Waiting, Creating or, with 100 percent, at its end."""

    status: Literal["Waiting", "Creating", "Ended"]
    percent: int


class Pace(Protocol):
    """Says how far an import is."""

    def stage(self, image: Image, now: datetime) -> Stage:
        """Return the stage of an import at a moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ByLooks:
    """An import moves each time a request looks at it.

    Attributes:
        waiting: How many looks find it Waiting.
        creating: How many looks find it Creating after that.
    """

    waiting: int = 1
    creating: int = 2

    def stage(self, image: Image, now: datetime) -> Stage:
        """Return the stage after so many looks."""
        del now
        if image.looks <= self.waiting:
            return Stage("Waiting", 0)
        behind = image.looks - self.waiting
        if behind <= self.creating:
            return Stage("Creating", 100 * behind // (self.creating + 1))
        return Stage("Ended", 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class BySeconds:
    """An import moves with the cloud's clock."""

    waiting: float = 60
    creating: float = 600

    def __post_init__(self) -> None:
        """Refuse what is no length of time."""
        check_seconds("waiting", self.waiting)
        check_seconds("creating", self.creating)

    def stage(self, image: Image, now: datetime) -> Stage:
        """Return the stage after so much time."""
        passed = now - image.began - timedelta(seconds=self.waiting)
        if passed < timedelta(0):
            return Stage("Waiting", 0)
        if passed < timedelta(seconds=self.creating):
            return Stage("Creating", int(100 * passed.total_seconds() / self.creating))
        return Stage("Ended", 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchTemplate:
    """A launch template.

    Attributes:
        image_ids: The image of each version, the first version first; "" for none.
    """

    region_id: str
    image_ids: Sequence[str]
    name: str = "web"
    template_id: str = field(default_factory=lambda: f"lt-{uuid.uuid4().hex[:20]}")

    def document(self) -> Document:
        """Return what DescribeLaunchTemplates shows of it."""
        return {
            "LaunchTemplateId": self.template_id,
            "LaunchTemplateName": self.name,
            "DefaultVersionNumber": 1,
            "LatestVersionNumber": len(self.image_ids),
        }

    def versions(self, *, has_details: bool) -> list[Document]:
        """Return what DescribeLaunchTemplateVersions shows of it, newest first."""
        return [
            {
                "LaunchTemplateId": self.template_id,
                "LaunchTemplateName": self.name,
                "VersionNumber": number,
                "DefaultVersion": number == 1,
                **({"LaunchTemplateData": _data(image_id)} if has_details else {}),
            }
            for number, image_id in reversed(list(enumerate(self.image_ids, 1)))
        ]


def _data(image_id: str) -> Document:
    return {"ImageId": image_id} if image_id else {}
