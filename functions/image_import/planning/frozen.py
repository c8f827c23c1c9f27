"""Whether the parameters that a ledger holds may be sent with the function's rights.

They were ours when they were written. But a ledger may share a bucket with uploads,
and settings change: so they are held against bucket, keys and settings once more.
"""

import re
from collections.abc import Mapping

from image_import.config.settings import Settings
from image_import.model.image_fields import FIELDS
from image_import.model.revision import ImageRevision

_SENT = re.compile(
    r"regionId|version|Features\.\w+|Tag\.[0-9]+\.(Key|Value)"
    r"|DiskDeviceMapping\.[0-9]+\.(OSSBucket|OSSObject|Format|DiskImageSize)"
)


def why_not_sent_again(
    parameters: Mapping[str, str],
    revision: ImageRevision,
    *,
    settings: Settings,
    region_id: str,
    converted: tuple[str, str] = ("", ""),
) -> str:
    """Return what in frozen parameters is not ours to send, "" if all is.

    Args:
        parameters: As they were frozen, without the token.
        revision: What is there now, in the bucket that the event names.
        region_id: Where images are imported.
        converted: The bucket of what this upload was converted to, and what the keys
            there begin with; "" where nothing was.
    """
    for name in parameters:
        is_field = name in FIELDS and FIELDS[name].is_sent
        if not is_field and not _SENT.fullmatch(name):
            return f"{name} is nothing that we send"
    for name in ("RegionId", "regionId"):
        if parameters.get(name, region_id) != region_id:
            return f"{name} is {parameters[name]!r}, not {region_id!r}"
    role = parameters.get("RoleName", settings.role_name)
    if role != settings.role_name and "RoleName" not in settings.sidecar_may_set:
        return f"RoleName is {role!r}, which the settings do not allow"
    frozen = {name: v for name, v in parameters.items() if _is_source(name)}
    if converted[1] and not _are_converted(frozen, revision, converted):
        return "its disks are not what this upload was converted to"
    if not converted[1] and frozen != _sources(revision):
        return "its disks are not those of this upload"
    return ""


def _are_converted(
    frozen: Mapping[str, str], revision: ImageRevision, converted: tuple[str, str]
) -> bool:
    """Whether each disk is an uploaded one, or what one was converted to."""
    uploaded = {disk.object_key for disk in revision.disks}
    bucket, prefix = converted
    numbers = {name.split(".")[1] for name in frozen}
    for number in numbers:
        place = frozen.get(f"DiskDeviceMapping.{number}.OSSBucket", "")
        key = frozen.get(f"DiskDeviceMapping.{number}.OSSObject", "")
        is_uploaded = place == revision.bucket and key in uploaded
        is_target = place == bucket and key.startswith(prefix)
        if not (is_uploaded or is_target):
            return False
    return "1" in numbers


def _is_source(name: str) -> bool:
    return name.startswith("DiskDeviceMapping.") and ".OSS" in name


def _sources(revision: ImageRevision) -> dict[str, str]:
    return {
        f"DiskDeviceMapping.{number}.{name}": value
        for number, disk in enumerate(revision.disks, 1)
        for name, value in (
            ("OSSBucket", revision.bucket),
            ("OSSObject", disk.object_key),
        )
    }
