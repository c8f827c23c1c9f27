"""Every field of ImportImage that somebody may set, one row each.

What a sidecar and an object's metadata may say, what is planned and sent, how it is
checked and which targets have it: all of it follows from these rows. The disks are
apart (see `disk`), for each is an object of its own.

Source: "ImportImage", ECS API 2014-05-26, and the ImportImage page of Apsara Stack,
both read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from image_import.model.limits import (
    Check,
    check_description,
    check_family,
    check_image_name,
    matching,
    of_target,
    one_of,
)

OS_TYPES = ("linux", "windows")
LICENSE_TYPES = ("Auto", "Aliyun", "BYOL")
"""In all lists together; `Target.license_types` has those of one target."""

_REGION = r"[a-z][a-z0-9]*(-[a-z0-9]+)+"
BOOT_MODES = ("BIOS", "UEFI")
FEATURES = {"NvmeSupport": ("supported", "unsupported"), "ImdsSupport": ("v1", "v2")}
"""What `Features` may hold, each name with its values."""

FEATURE_METADATA = {"nvme-support": "NvmeSupport"}
"""The user metadata that says a feature, without `x-oss-meta-`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageField:
    """One field of ImportImage.

    Attributes:
        name: As in ImportImage, and in a sidecar.
        attribute: As in ImageFields, from which it follows.
        check: Tells what is wrong with a text; None for what is not one text.
        metadata: The user metadata of an object that says the same, without
            `x-oss-meta-`; "" if none does.
        setting: The setting that gives it where nobody says it; "" if none does.
        is_guarded: Whether an uploader may set it only if SIDECAR_MAY_SET names it.
        is_public_only: Whether Apsara Stack lacks it.
        is_sent: Whether ImportImage takes it; else it says what is to be done with an
            image that is available.
    """

    name: str
    attribute: str = ""
    check: Check | None
    metadata: str
    setting: str
    is_guarded: bool
    is_public_only: bool
    is_sent: bool = True


def _text(
    name: str,
    check: Check,
    *,
    metadata: str = "",
    setting: str = "",
    is_guarded: bool = False,
    is_public_only: bool = False,
) -> Any:  # noqa: ANN401 - as dataclasses.field
    row = ImageField(
        name=name,
        check=check,
        metadata=metadata,
        setting=setting,
        is_guarded=is_guarded,
        is_public_only=is_public_only,
    )
    return field(default=None, metadata={"row": row})


def _later(name: str, check: Check) -> Any:  # noqa: ANN401 - as dataclasses.field
    row = ImageField(
        name=name,
        check=check,
        metadata="",
        setting="",
        is_guarded=True,
        is_public_only=True,
        is_sent=False,
    )
    return field(default=None, metadata={"row": row})


def _pairs(name: str) -> Any:  # noqa: ANN401 - as dataclasses.field
    row = ImageField(
        name=name,
        check=None,
        metadata="",
        setting="",
        is_guarded=False,
        is_public_only=True,
    )
    return field(default_factory=dict, metadata={"row": row})


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFields:
    """What is said of an image; None, or empty, where nothing is.

    Attributes:
        tags, features: Names and values.
    """

    image_name: str | None = _text("ImageName", check_image_name, metadata="image-name")
    description: str | None = _text(
        "Description", check_description, metadata="description"
    )
    architecture: str | None = _text(
        "Architecture",
        of_target(lambda target: target.architectures),
        metadata="architecture",
    )
    os_type: str | None = _text("OSType", one_of(OS_TYPES), metadata="os-type")
    platform: str | None = _text(
        "Platform", of_target(lambda target: target.platforms), metadata="platform"
    )
    boot_mode: str | None = _text(
        "BootMode", one_of(BOOT_MODES), metadata="boot-mode", is_public_only=True
    )
    license_type: str | None = _text(
        "LicenseType",
        of_target(lambda target: target.license_types),
        metadata="license-type",
    )
    role_name: str | None = _text(
        "RoleName",
        matching(r"[A-Za-z0-9._-]{1,64}", "the name of a RAM role"),
        metadata="role-name",
        setting="role_name",
        is_guarded=True,
    )
    resource_group_id: str | None = _text(
        "ResourceGroupId",
        matching(r"[A-Za-z0-9_-]{1,64}", "an ID such as rg-bp67acfmxazb4p"),
        is_public_only=True,
    )
    detection_strategy: str | None = _text(
        "DetectionStrategy",
        one_of(("Standard",)),
        setting="detection_strategy",
        is_public_only=True,
    )
    region_id: str | None = _text(
        "RegionId",
        matching(_REGION, "a region ID such as cn-hangzhou"),
        is_guarded=True,
    )
    image_family: str | None = _later("ImageFamily", check_family)
    copy_to_regions: str | None = _later(
        "CopyToRegions",
        matching(f"{_REGION}(,{_REGION})*", "region IDs such as cn-beijing,cn-wulan"),
    )
    share_with: str | None = _later(
        "ShareWith",
        matching(r"[0-9]{8,20}(,[0-9]{8,20}){0,49}", "up to 50 account IDs"),
    )
    features: Mapping[str, str] = _pairs("Features")
    tags: Mapping[str, str] = _pairs("Tag")


FIELDS = {
    held.metadata["row"].name: replace(held.metadata["row"], attribute=held.name)
    for held in fields(ImageFields)
}
"""The rows of ImageFields by their names in ImportImage."""

GUARDED_FIELDS = frozenset(name for name, row in FIELDS.items() if row.is_guarded)
PUBLIC_ONLY = frozenset(name for name, row in FIELDS.items() if row.is_public_only)
AFTER_AVAILABLE = frozenset(name for name, row in FIELDS.items() if not row.is_sent)
"""What a sidecar may ask to be done with an image that is available."""
