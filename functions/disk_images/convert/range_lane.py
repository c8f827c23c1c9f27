"""The range lane: a disk that lies whole inside another file is copied out of it."""

from disk_images.convert.parts import ConversionPlan, PartLimits, TargetPart
from disk_images.convert.wrap_lane import copies


def plan_range(
    *,
    offset: int,
    size_bytes: int,
    disk_bytes: int,
    target_format: str,
    reason: str,
    limits: PartLimits,
) -> ConversionPlan:
    """Return the file that a range of the source is.

    Args:
        offset: Where it begins in the source.
        size_bytes: How long it is.
        disk_bytes: The size of the disk that is in it.
        target_format: As clouds call it.
        limits: Of the parts that the target is written in.
    """
    parts = [
        TargetPart(number=number, offset=at, size_bytes=count, copied_from=offset + at)
        for number, (at, count) in enumerate(copies(size_bytes, limits), 1)
    ]
    return ConversionPlan(
        lane="range",
        reason=reason,
        target_format=target_format,
        disk_bytes=disk_bytes,
        parts=parts,
    )
