"""What a disk image file is to ECS: its format and its place in the image.

Room: core.
"""

from dataclasses import dataclass
from enum import Enum

GIB = 1024**3

MAX_DISKS = 17
"""One system disk and up to 16 data disks.

Source: ImportImage, DiskDeviceMapping.N, "N = 1 ... N = 2~17".
"""


class DiskFormat(str, Enum):
    """The image formats that ImportImage takes; each target has its own spelling."""

    RAW = "RAW"
    VHD = "VHD"
    QCOW2 = "QCOW2"


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskDeviceMapping:
    """One disk of the image; the first one of a plan is the system disk."""

    bucket: str
    object_key: str
    format: DiskFormat | None
    disk_image_size_gib: int | None
