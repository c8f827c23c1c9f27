"""What a disk image file is to ECS: its format and its place in the image."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from disk_images.formats.types import DiskFormat

__all__ = ["GIB", "MAX_DISKS", "DiskDeviceMapping", "DiskFormat", "ImportPlan"]

GIB = 1024**3

MAX_DISKS = 17
"""One system disk and up to 16 data disks.

Source: ImportImage, DiskDeviceMapping.N, "N = 1 ... N = 2~17".
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskDeviceMapping:
    """One disk of the image; the first one of a plan is the system disk."""

    bucket: str
    object_key: str
    format: DiskFormat | None
    disk_image_size_gib: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportPlan:
    """One import, as it is to be asked for; None where the service shall decide.

    Attributes:
        features: Name to value, as `NvmeSupport`.
        mappings: The system disk first.
    """

    region_id: str
    image_name: str
    mappings: tuple[DiskDeviceMapping, ...]
    description: str | None = None
    platform: str | None = None
    architecture: str | None = None
    os_type: str | None = None
    license_type: str | None = None
    boot_mode: str | None = None
    role_name: str | None = None
    resource_group_id: str | None = None
    detection_strategy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
