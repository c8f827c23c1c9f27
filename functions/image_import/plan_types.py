"""What is decided about an image before any target's wire format is thought of.

Room: core.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from image_import.disk import DiskDeviceMapping


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
