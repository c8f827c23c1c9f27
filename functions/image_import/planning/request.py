"""An ImportPlan as the parameters of ImportImage, for one target.

Sources: "ImportImage", ECS API 2014-05-26, and the ImportImage page of Apsara Stack
with the path /apsara/route/Ecs/ImportImage, both read 2026-11.
"""

from collections.abc import Iterator, Mapping

from image_import.errors import PlanError
from image_import.model.disk import MAX_DISKS, DiskDeviceMapping, ImportPlan
from image_import.model.image_fields import FIELDS
from image_import.model.limits import MOST_TAGS, check_tag
from image_import.model.targets import Target
from image_import.planning.consistency import find_contradiction

_SENT_APART = {"RegionId", "Features", "Tag"}


def to_parameters(plan: ImportPlan, target: Target) -> dict[str, str]:
    """Return the parameters of ImportImage by their wire names.

    The client token is not among them: it is computed from them.

    Raises:
        PlanError: The target would not accept this plan.
    """
    said = {name: getattr(plan, row.attribute) for name, row in FIELDS.items()}
    plain = {
        name: value
        for name, value in said.items()
        if value is not None and FIELDS[name].is_sent and name not in _SENT_APART
    }
    _check_target_has(plan, target)
    _check_plain(plain, target)
    _check_tags(plan.tags)
    return {
        **_region(plan, target),
        **plain,
        **{f"Features.{name}": value for name, value in plan.features.items()},
        **dict(_tags(plan.tags)),
        **dict(_disks(plan.mappings, target)),
    }


def _region(plan: ImportPlan, target: Target) -> dict[str, str]:
    """Return the region, which the documented route wants under two names."""
    if not plan.region_id:
        raise PlanError("RegionId is empty; set REGION_ID, or send an event with one")
    if not target.sends_region_twice:
        return {"RegionId": plan.region_id}
    return {
        "regionId": plan.region_id,
        "RegionId": plan.region_id,
        "version": target.api_version,
    }


def _check_target_has(plan: ImportPlan, target: Target) -> None:
    said = {name for name, row in FIELDS.items() if getattr(plan, row.attribute)}
    if lacking := sorted(said & target.lacks):
        raise PlanError(
            f"target {target.name} has no {', '.join(lacking)}; leave it out"
        )


def _check_plain(plain: Mapping[str, str], target: Target) -> None:
    for name, text in plain.items():
        check = FIELDS[name].check
        if check and (fault := check(text, target)):
            raise PlanError(f"{name} {fault}")
    _check_together(plain)


def _check_together(plain: Mapping[str, str]) -> None:
    field, why = find_contradiction(
        platform=plain.get("Platform"),
        os_type=plain.get("OSType"),
        architecture=plain.get("Architecture"),
        boot_mode=plain.get("BootMode"),
    )
    if field:
        raise PlanError(f"{field} {why}")
    if plain.get("OSType") == "windows" and "Platform" not in plain:
        raise PlanError(
            "OSType is 'windows' without a Platform, which would stand for a Linux; "
            "name the Windows as Platform in a sidecar"
        )


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > MOST_TAGS:
        raise PlanError(f"there are {len(tags)} tags; ECS takes up to {MOST_TAGS}")
    for key, value in tags.items():
        if fault := check_tag(key, value):
            raise PlanError(f"a Tag {fault}")


def _tags(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for number, (key, value) in enumerate(sorted(tags.items()), 1):
        yield f"Tag.{number}.Key", key
        yield f"Tag.{number}.Value", value


def _disks(
    mappings: tuple[DiskDeviceMapping, ...], target: Target
) -> Iterator[tuple[str, str]]:
    """Yield each disk's parameters; public ECS would drop the 18th without a word."""
    if not 1 <= len(mappings) <= MAX_DISKS:
        raise PlanError(
            f"there are {len(mappings)} disks; ECS takes 1 system disk and up to "
            f"{MAX_DISKS - 1} data disks"
        )
    for number, disk in enumerate(mappings, 1):
        name = f"DiskDeviceMapping.{number}"
        yield f"{name}.OSSBucket", disk.bucket
        yield f"{name}.OSSObject", disk.object_key
        if disk.format is not None:
            yield f"{name}.Format", target.format_spelling[disk.format]
        if disk.disk_image_size_gib is not None:
            _check_size(disk.disk_image_size_gib, number, target)
            yield f"{name}.DiskImageSize", str(disk.disk_image_size_gib)


def _check_size(size_gib: int, number: int, target: Target) -> None:
    kind = "system" if number == 1 else "data"
    lowest, highest = target.system_disk_gib if number == 1 else target.data_disk_gib
    if not lowest <= size_gib <= highest:
        raise PlanError(
            f"DiskDeviceMapping.{number}.DiskImageSize is {size_gib} GiB; target "
            f"{target.name} takes {lowest} to {highest} GiB for a {kind} disk"
        )
