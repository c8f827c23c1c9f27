"""What a person declares about an image, in a sidecar or as object metadata."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from image_import.model.disk import DiskFormat

GUARDED_FIELDS = frozenset({"RegionId", "RoleName"})
"""What an uploader may set only if SIDECAR_MAY_SET names it."""

FIELDS = GUARDED_FIELDS | {
    "Architecture",
    "BootMode",
    "Description",
    "DetectionStrategy",
    "DiskDeviceMapping",
    "Features",
    "ImageName",
    "LicenseType",
    "OSType",
    "Platform",
    "ResourceGroupId",
    "Tag",
}
"""What a sidecar may hold, by its name in ImportImage."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredDisk:
    """One disk as declared; `object_key` is whole, not relative to the sidecar."""

    object_key: str
    format: DiskFormat | None = None
    disk_image_size_gib: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """What was declared; None, or empty, where nothing was.

    Attributes:
        features: Name to value, as `NvmeSupport`.
        disks: The system disk first; empty if the sidecar lists none.
        notes: What was read and has no effect.
    """

    image_name: str | None = None
    description: str | None = None
    platform: str | None = None
    architecture: str | None = None
    os_type: str | None = None
    license_type: str | None = None
    role_name: str | None = None
    region_id: str | None = None
    boot_mode: str | None = None
    resource_group_id: str | None = None
    detection_strategy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    disks: tuple[DeclaredDisk, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_manifest(self) -> bool:
        """Whether several disks are listed."""
        return len(self.disks) > 1
