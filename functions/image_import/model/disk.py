"""What a disk image file is to ECS: its format and its place in the image."""

from dataclasses import dataclass

from disk_images.formats.types import DiskFormat

from image_import.model.image_fields import AFTER_AVAILABLE, FIELDS, ImageFields

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
class ImportPlan(ImageFields):
    """One import, as it is to be asked for; None where the service shall decide.

    Attributes:
        mappings: The system disk first.
    """

    region_id: str
    image_name: str
    mappings: tuple[DiskDeviceMapping, ...]

    @property
    def wishes(self) -> dict[str, str]:
        """What is to be done with the image once it is available, by field."""
        said = {name: getattr(self, FIELDS[name].attribute) for name in AFTER_AVAILABLE}
        return {name: value for name, value in sorted(said.items()) if value}
