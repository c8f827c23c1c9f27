"""Whether an image is all there: its file to the last cluster, its disk as well."""

from disk_images.blocks.mapped import MappedDisk
from disk_images.blocks.source import CannotTellError, CutOffError, Source
from disk_images.findings import Finding, Findings
from disk_images.volumes.layout import VolumeLayout

YES = "yes"
TABLES = "the image file's own tables"


def complete_of(disk: Source, layout: VolumeLayout) -> Finding:
    """Return `yes`, or what is missing.

    A raw disk without partitions has nothing that tells where it should end. Ask last:
    what was found damaged while the disk was read counts, too.
    """
    tables = "none" if layout.scheme == "none" else layout.scheme.upper()
    if beyond := _beyond(disk, layout):
        return Finding(value=beyond, where=f"{tables} partition table")
    if not isinstance(disk, MappedDisk):
        if layout.scheme == "none":
            why_not = "a raw disk without partitions does not say its size"
            return Finding(why_not=why_not)
        return Finding(value=YES, where=f"{tables} partition table")
    return _mapped(disk)


def _mapped(disk: MappedDisk) -> Finding:
    if disk.damage:
        return Finding(value=disk.damage, where=TABLES)
    try:
        missing = disk.first_missing()
    except CannotTellError as exc:
        return Finding(why_not=str(exc))
    if missing is None:
        return Finding(value=YES, where=TABLES)
    return Finding(
        value=f"data should stand at byte {missing:,} of the file, which ends before",
        where=TABLES,
    )


def _beyond(disk: Source, layout: VolumeLayout) -> str:
    """Return which partition ends behind the end of the disk, "" if none."""
    for volume in layout.volumes:
        if volume.number and volume.offset is not None:
            end = volume.offset + volume.size_bytes
            if end > disk.size_bytes:
                return (
                    f"partition {volume.number} ends at byte {end:,} of the disk, which"
                    f" has {disk.size_bytes:,}"
                )
    return ""


def cut_off(exc: CutOffError) -> Findings:
    """Return what there is to say of a file that ends too early for a look."""
    return Findings(complete=Finding(value=str(exc), where=TABLES))
