"""The sidecar that stands beside an image, whichever way it is spelled."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from image_import.config.settings import Settings
from image_import.errors import SidecarError
from image_import.filename.reader import read_key
from image_import.model.declaration import Declaration
from image_import.sidecar.parser import parse_sidecar


@dataclass(frozen=True, kw_only=True, slots=True)
class SidecarFound:
    """A sidecar that was read, or could not be, or is not there at all.

    Attributes:
        key: Its object key, "" if there is none.
        error: Why it cannot be used.
    """

    key: str = ""
    declared: Declaration | None = None
    error: SidecarError | None = None

    @property
    def exists(self) -> bool:
        """Whether something lies there, good or bad."""
        return bool(self.key)

    @property
    def is_manifest(self) -> bool:
        """Whether it lists several disks."""
        return self.declared is not None and self.declared.is_manifest

    @property
    def disk_keys(self) -> tuple[str, ...]:
        """The disks that it lists, the system disk first."""
        disks = self.declared.disks if self.declared else ()
        return tuple(disk.object_key for disk in disks)

    @property
    def checksums(self) -> list[tuple[str, Mapping[str, str]]]:
        """The keys of objects, each with checksums that it states of them."""
        if self.declared is None:
            return []
        disks = self.declared.disks
        stated = [
            (self.key.rpartition(".")[0], self.declared.checksums),
            *((disk.object_key, disk.checksums) for disk in disks),
        ]
        return [(object_key, sums) for object_key, sums in stated if sums]


NO_SIDECAR = SidecarFound()


def find_sidecar(
    contents: Mapping[str, bytes],
    *,
    bucket: str,
    image_key: str,
    settings: Settings,
    links: Collection[str] = (),
) -> SidecarFound:
    """Return the one sidecar among those that were found.

    Args:
        contents: By object key; of one that is too large, at least a byte too many.
        image_key: The image beside which they stand.
        links: Which of them are symbolic links, hence show what lies elsewhere.
    """
    if not contents:
        return NO_SIDECAR
    key = min(contents)
    if len(contents) > 1:
        both = " and ".join(sorted(contents))
        message = f"{image_key} has more than one sidecar, {both}; keep one of them"
        return SidecarFound(key=key, error=SidecarError(message))
    if key in links:
        message = f"{key} is a symbolic link; upload the sidecar itself"
        return SidecarFound(key=key, error=SidecarError(message))
    try:
        declared = parse_sidecar(
            contents[key],
            sidecar_key=key,
            image_key=image_key,
            bucket=bucket,
            target=settings.target,
            may_set=settings.sidecar_may_set,
        )
    except SidecarError as exc:
        return SidecarFound(key=key, error=exc)
    return SidecarFound(key=key, declared=declared)


def lone_disk_waits_for(
    object_key: str, sidecar: SidecarFound, settings: Settings
) -> str:
    """Return what a disk that no manifest lists waits for, "" if for nothing."""
    if sidecar.exists:
        return ""
    clues = read_key(object_key)
    if clues.is_data_disk or (clues.disk_index or 1) > 1:
        return (
            "its name says that it is a data disk, which is not imported alone; "
            "list it in a manifest beside its system disk, or give it a sidecar "
            "of its own"
        )
    return "its sidecar is not there yet" if settings.is_sidecar_required else ""
