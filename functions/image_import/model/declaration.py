"""What a person declares about an image, in a sidecar or as object metadata."""

from dataclasses import dataclass

from image_import.model.disk import DiskFormat
from image_import.model.image_fields import ImageFields


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredDisk:
    """One disk as declared; `object_key` is whole, not relative to the sidecar."""

    object_key: str
    format: DiskFormat | None = None
    disk_image_size_gib: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration(ImageFields):
    """What was declared; None, or empty, where nothing was.

    Attributes:
        disks: The system disk first; empty if the sidecar lists none.
        notes: What was read and has no effect.
    """

    disks: tuple[DeclaredDisk, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_manifest(self) -> bool:
        """Whether several disks are listed."""
        return len(self.disks) > 1
