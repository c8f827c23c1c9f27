"""What is done to an image that is there: attributes, family, shares, its end.

Sources: ModifyImageAttribute, ModifyImageSharePermission, DescribeImageSharePermission,
DeleteImage, DescribeImageFromFamily and DescribeImageSupportInstanceTypes, models of
alibabacloud-ecs20140526 7.11.8 and descriptions of 7.0.2; "Image families", ECS
documentation; the error tables in github.com/AlibabaCloudDocs/ecs (2021-07); read
2026-12. Which codes refuse a family, a status or a feature is stated nowhere, nor what
DescribeImageFromFamily answers where the family has no image: here, no `Image`.
"""

import re
from collections.abc import Mapping

from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.rpc import Document
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import Image
from fake_aliyun.ecs.models import READY, EcsBackend
from fake_aliyun.ecs.parameters import (
    PUBLIC,
    check_description,
    check_features,
    check_image_name,
    listed,
    read_features,
    read_flag,
)
from fake_aliyun.ecs.rendering import shown_image, take_page

Parameters = Mapping[str, str]
MAX_ACCOUNTS_PER_CALL, MAX_ACCOUNTS = 10, 50
MAX_FAMILIES = MAX_IMAGES_PER_FAMILY = 100
BOOT_MODES = frozenset({"BIOS", "UEFI", "UEFI-Preferred"})
FAMILY = re.compile(r"[a-zA-Z\u4e00-\u9fff][\w.:-]{1,127}")
UNSAID_OF_FAMILY = frozenset({"Features", "DetectionOptions"})
"""What DescribeImages says of an image and DescribeImageFromFamily does not."""
INSTANCE_TYPES = (
    ("ecs.g7.large", "ecs.g7", "x86_64", False),
    ("ecs.g9i.large", "ecs.g9i", "x86_64", True),
    ("ecs.g8y.large", "ecs.g8y", "arm64", True),
)
"""Name, family, architecture, and whether disks are NVMe: one of each kind."""


class AttributeOperations:
    """Answers operations on images that are there."""

    def __init__(self, backend: EcsBackend) -> None:
        self._backend = backend

    def _image(self, parameters: Parameters) -> Image:
        region_id = self._backend.check_region(parameters)
        if not parameters.get("ImageId"):
            raise EcsError("MissingParameter", "ImageId")
        return self._backend.find_image(parameters["ImageId"], region_id)

    def modify_image_attribute(self, parameters: Parameters) -> Document:
        """Change what is given, once all of it is valid; the rest stays."""
        image = self._image(parameters)
        if not parameters.keys() - {"RegionId", "ImageId"}:
            raise EcsError("MissingParameter", "ImageName")
        name = parameters.get("ImageName", image.image_name)
        check_image_name(name, PUBLIC)
        check_description(parameters.get("Description", ""))
        check_features(parameters)
        if name != image.image_name:
            self._backend.check_name_is_free(name, image.region_id)
        boot_mode = parameters.get("BootMode", image.boot_mode)
        if boot_mode not in BOOT_MODES:
            raise EcsError("InvalidBootMode.Malformed")
        if parameters.get("LicenseType", "BYOL") != "BYOL":
            raise EcsError("InvalidLicenseType.NotSupported")
        features = {**image.features, **read_features(parameters)}
        if image.features.get("ImdsSupport") == "v2" != features.get("ImdsSupport"):
            raise EcsError("InvalidParameter.FeaturesImdsSupport")
        self._check_family(image, parameters)
        _set_status(image, parameters.get("Status", image.status))
        image.image_name, image.boot_mode, image.features = name, boot_mode, features
        image.description = parameters.get("Description", image.description)
        image.family = parameters.get("ImageFamily", image.family)
        image.license_type = parameters.get("LicenseType", image.license_type)
        return {}

    def _check_family(self, image: Image, parameters: Parameters) -> None:
        """Let a family pass that is not given, or is valid and has room."""
        family = parameters.get("ImageFamily")
        if family is None or family == image.family:
            return
        is_reserved = family.startswith(("aliyun", "acs:")) or "://" in family
        here = [
            i.family for i in self._backend.images() if i.region_id == image.region_id
        ]
        is_full = here.count(family) >= MAX_IMAGES_PER_FAMILY or (
            family not in here and len({*here} - {""}) >= MAX_FAMILIES
        )
        if is_reserved or is_full or not FAMILY.fullmatch(family):
            raise EcsError("InvalidParameter", "ImageFamily")

    def describe_image_from_family(self, parameters: Parameters) -> Document:
        """Return the newest Available image of a family, if there is one."""
        region_id = self._backend.check_region(parameters)
        family = parameters.get("ImageFamily")
        if not family:
            raise EcsError("MissingParameter", "ImageFamily")
        concerned = [
            image
            for image in self._backend.images()
            if (image.family, image.region_id) == (family, region_id)
        ]
        found = [i for i in self._backend.look(concerned) if i.status == "Available"]
        if not found:
            return {}
        newest = max(found, key=lambda image: image.created)
        shown = shown_image(self._backend, newest)
        return {"Image": {n: v for n, v in shown.items() if n not in UNSAID_OF_FAMILY}}

    def modify_image_share_permission(self, parameters: Parameters) -> Document:
        """Let other accounts use an image, or no longer."""
        image = self._image(parameters)
        added = listed(parameters, "AddAccount", limit=MAX_ACCOUNTS_PER_CALL)
        removed = listed(parameters, "RemoveAccount", limit=MAX_ACCOUNTS_PER_CALL)
        if not added and not removed:
            raise EcsError("MissingParameter", "AddAccount.1")
        for account_id in (*added, *removed):
            if not re.fullmatch(r"[0-9]{1,20}", account_id):
                raise EcsError("InvalidAccount.NotFound")
            if account_id == self._backend.account_id:
                raise EcsError("InvalidAccount.Forbbiden")
        if added and image.status != "Available":
            raise EcsError("IncorrectImageStatus")
        if added and image.encryption == "service":
            raise EcsError("OperationDeined.EncryptedSnapshot")
        accounts = [a for a in (*image.shared_with, *added) if a not in removed]
        image_accounts = list(dict.fromkeys(accounts))
        if len(image_accounts) > MAX_ACCOUNTS:
            raise EcsError("QuotaExceed.ShareImageUser")
        image.shared_with = image_accounts
        return {}

    def describe_image_share_permission(self, parameters: Parameters) -> Document:
        """Return a page of the accounts that may use an image."""
        image = self._image(parameters)
        page = take_page(image.shared_with, parameters)
        accounts = [{"AliyunId": account_id} for account_id in page.entries]
        return {
            **page.heading(),
            "RegionId": image.region_id,
            "ImageId": image.image_id,
            "Accounts": {"Account": accounts},
            "ShareGroups": {"ShareGroup": []},
        }

    def delete_image(self, parameters: Parameters) -> Document:
        """Remove an image that nothing uses.

        One page says that an image which is not there is ignored, another lists
        InvalidImageId.NotFound for it; here it is refused.
        """
        image = self._image(parameters)
        if image.shared_with:
            raise EcsError("ImageUseShared")
        if image.instance_ids and not read_flag(parameters, "Force"):
            raise EcsError("ImageUsingByInstance")
        is_source = any(
            copy.copied_from == image.image_id and copy.is_under_way
            for copy in self._backend.images()
        )
        if is_source or (image.copied_from and image.is_under_way):
            raise EcsError("OperationDenied.ImageCopying")
        if image.is_under_way:
            raise EcsError("ImageIsImporting")
        image.is_deleted = True
        return {}

    def describe_image_support_instance_types(self, parameters: Parameters) -> Document:
        """Return instance types that can start an image, one of each kind."""
        image = self._image(parameters)
        actions = {"CreateEcs", "ChangeOS"}
        if parameters.get("ActionType", "CreateEcs") not in actions:
            raise NotImitatedError(
                f"ActionType {parameters['ActionType']!r}", known=actions
            )
        has_nvme = image.features.get("NvmeSupport") == "supported"
        types = [
            {
                "InstanceTypeId": name,
                "InstanceTypeFamily": family,
                "CpuCoreCount": 2,
                "MemorySize": 8,
            }
            for name, family, architecture, needs_nvme in INSTANCE_TYPES
            if architecture == image.architecture and (has_nvme or not needs_nvme)
        ]
        return {
            "RegionId": image.region_id,
            "ImageId": image.image_id,
            "InstanceTypes": {"InstanceType": types},
        }


def _set_status(image: Image, wanted: str) -> None:
    """Deprecate an image that nobody else uses, or make it Available again."""
    if wanted == image.status:
        return
    if wanted not in READY:
        raise EcsError("InvalidStatus.Malformed", wanted)
    if image.status not in READY or image.shared_with:
        raise EcsError("IncorrectImageStatus")
    image.status = "Deprecated" if wanted == "Deprecated" else "Available"
