"""CopyImage and CancelCopyImage: an image in another region.

Sources: CopyImage and CancelCopyImage, models of alibabacloud-ecs20140526 7.11.8 and
descriptions of 7.0.2; help.aliyun.com/document_detail/25538.html; the error tables in
github.com/AlibabaCloudDocs/ecs (2021-07); read 2026-12. A copy has neither the features
nor the family of its source (github.com/cloudfoundry/bosh-alicloud-cpi-release, pull
request 204; "Image families", ECS documentation). That it has no shares and no check
results is stated nowhere.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from fake_aliyun.core.rpc import Document
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import Image
from fake_aliyun.ecs.models import MAX_COPIES, EcsBackend
from fake_aliyun.ecs.parameters import (
    PUBLIC,
    check_client_token,
    check_description,
    check_image_name,
    read_flag,
    read_tags,
)

Parameters = Mapping[str, str]


class CopyOperations:
    """Answers operations that copy images."""

    def __init__(self, backend: EcsBackend) -> None:
        self._backend = backend

    def copy_image(self, parameters: Parameters) -> Document:
        """Begin a copy; the image is there at once, and Waiting."""
        backend = self._backend
        check_client_token(parameters)
        source_region, region_id = self._regions(parameters)
        if known := backend.known_token(parameters):
            return {"ImageId": known.image_id}
        source = backend.find_image(_needed(parameters, "ImageId"), source_region)
        name = parameters.get("DestinationImageName", "")
        check_image_name(name, PUBLIC)
        check_description(parameters.get("DestinationDescription", ""))
        tags = read_tags(parameters)
        if source.status != "Available":
            raise EcsError("IncorrectImageStatus")
        image = self._copy(source, parameters, region_id=region_id, tags=tags)
        backend.check_room(image.image_name, region_id)
        if read_flag(parameters, "DryRun"):
            raise EcsError("DryRunOperation")
        image.is_queued = len(backend.copies_from(source_region)) >= MAX_COPIES
        return {"ImageId": backend.add(image, parameters).image_id}

    def _regions(self, parameters: Parameters) -> tuple[str, str]:
        source = _needed(parameters, "RegionId")
        target = _needed(parameters, "DestinationRegionId")
        if source not in self._backend.region_ids:
            raise EcsError("SourceRegion.NotFound")
        if target not in self._backend.region_ids:
            raise EcsError("DestinationRegion.NotFound")
        if source == target:
            raise EcsError("IncorrectDestinationRegion")
        return source, target

    def _copy(
        self,
        source: Image,
        parameters: Parameters,
        *,
        region_id: str,
        tags: Mapping[str, str],
    ) -> Image:
        group = parameters.get("ResourceGroupId", "")
        if group and group not in self._backend.resource_groups:
            raise EcsError("InvalidResourceGroup.NotFound")
        image_id = f"m-{secrets.token_hex(8)}"
        now = self._backend.clock()
        return Image(
            image_id=image_id,
            task_id="",
            image_name=parameters.get("DestinationImageName") or image_id,
            region_id=region_id,
            created=now,
            began=now,
            disks=tuple(
                replace(disk, snapshot_id=f"s-{secrets.token_hex(8)}")
                for disk in source.disks
            ),
            description=parameters.get("DestinationDescription", ""),
            architecture=source.architecture,
            os_type=source.os_type,
            platform=source.platform,
            boot_mode=source.boot_mode,
            license_type=source.license_type,
            resource_group_id=group,
            tags=tags,
            parameters=dict(parameters),
            copied_from=source.image_id,
            encryption=_encryption(parameters) or source.encryption,
        )

    def cancel_copy_image(self, parameters: Parameters) -> Document:
        """End a copy that is under way; the copy is gone, the source stays."""
        region_id = self._backend.check_region(parameters)
        image = self._backend.find_image(_needed(parameters, "ImageId"), region_id)
        if not image.copied_from:
            raise EcsError("ImageCreatedNotFromCopy")
        if not image.is_under_way:
            raise EcsError("IncorrectImageStatus")
        image.is_cancelled = True
        image.ended = self._backend.clock()
        return {}


def _encryption(parameters: Parameters) -> Literal["", "service", "customer"]:
    is_encrypted = read_flag(parameters, "Encrypted")
    key_id = parameters.get("KMSKeyId", "")
    if key_id and not is_encrypted:
        raise EcsError("InvalidParameter.EncryptedIllegal")
    if not is_encrypted:
        return ""
    return "customer" if key_id else "service"


def _needed(parameters: Parameters, name: str) -> str:
    if not parameters.get(name):
        raise EcsError("MissingParameter", name)
    return parameters[name]
