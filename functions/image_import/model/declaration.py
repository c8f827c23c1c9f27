"""What a person declares about an image, in a sidecar or as object metadata."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from image_import.model.disk import DiskFormat
from image_import.model.image_fields import ImageFields


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredDisk:
    """One disk as declared.

    Attributes:
        object_key: Whole, not relative to the sidecar.
        checksums: By their names in a sidecar.
    """

    object_key: str
    format: DiskFormat | None = None
    disk_image_size_gib: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration(ImageFields):
    """What was declared; None, or empty, where nothing was.

    Attributes:
        disks: The system disk first; empty if the sidecar lists none.
        notes: What was read and has no effect.
        checksums: Of the image beside which the sidecar stands.
        member: Which file of an archive is the disk.
    """

    disks: tuple[DeclaredDisk, ...] = ()
    notes: tuple[str, ...] = ()
    checksums: Mapping[str, str] = field(default_factory=dict)
    member: str = ""

    @property
    def is_manifest(self) -> bool:
        """Whether several disks are listed."""
        return len(self.disks) > 1
