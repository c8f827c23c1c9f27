"""Images and import tasks: the rules of ECS, without HTTP."""

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from fake_aliyun.core.clock import Clock
from fake_aliyun.core.content import Content
from fake_aliyun.core.hosts import Door
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import (
    ByLooks,
    CheckItem,
    Failure,
    Image,
    ImageDisk,
    LaunchTemplate,
    Pace,
)
from fake_aliyun.ecs.parameters import (
    RULES,
    Numbered,
    check_extras,
    check_image,
    read_disks,
    read_features,
    read_flag,
    read_tags,
)
from fake_aliyun.oss.access import Access
from fake_aliyun.oss.errors import OssError
from fake_aliyun.oss.models import OssBackend
from fake_aliyun.oss.objects import OssObject
from fake_aliyun.ram.models import IMPORT_ROLE, RamBackend

GIB = 1024**3


class Detected(NamedTuple):
    """A format and the size of the disk that it holds."""

    format: str
    virtual_size_bytes: int

    @property
    def size_gib(self) -> int:
        """Return the size in whole GiB, at least one."""
        return max(1, -(-self.virtual_size_bytes // GIB))


def detect(content: Content) -> Detected:
    """Return what the first and the last bytes of a file say."""
    head = content.span(0, 512).to_bytes()
    # offset 0: "QFI\xfb", offset 24: virtual size, 8 bytes, big-endian
    if head[:4] == b"QFI\xfb" and len(head) >= 32:
        return Detected("QCOW2", int.from_bytes(head[24:32], "big"))
    size = len(content)
    footer = content.span(max(0, size - 512), size).to_bytes()
    # offset 0: "conectix", offset 48: current size, 8 bytes, big-endian
    if footer[:8] == b"conectix" and len(footer) >= 56:
        return Detected("VHD", int.from_bytes(footer[48:56], "big"))
    return Detected("RAW", size)


ECS_SERVICE = "ecs.aliyuncs.com"
NOT_IMPORTABLE = frozenset({".iso"})
"""Suffixes that are refused. The documented list of those that are taken is nowhere
to be found; that ISO is not supported is said in "Import custom images", read 2026-11.
"""
READY = frozenset({"Available", "Deprecated"})
MAX_COPIES = 5
"""How many copies of a region are made at a time; more wait.

Source: CopyImage, descriptions of alibabacloud-ecs20140526 7.0.2, and
help.aliyun.com/document_detail/25538.html, read 2026-12. Whether the region of the
source or that of the copy is meant is stated nowhere; here it is the source's.
"""
NO_COMPARISON = frozenset({"ClientToken", "DryRun"})


class EcsBackend:
    """Images of one account and the tasks that import them.

    Attributes:
        pace: How imports move on.
        image_quota: How many images an account may have in a region; None for any.
        shown_after_seconds: How late DescribeImages knows an image that was accepted.
        refused_suffixes: Of object keys, in lower case with the dot.
        resource_groups: Those that exist.
        usable_seconds: How long an image is Available and not yet Usable.
        check_seconds: How long the image check takes after Available.
        check_items: What the check finds, by the name of the image.
    """

    def __init__(
        self,
        *,
        oss: OssBackend,
        ram: RamBackend,
        region_ids: Iterable[str],
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        self.region_ids = tuple(region_ids)
        self.clock = clock
        self.pace: Pace = pace or ByLooks()
        self.image_quota: int | None = None
        self.shown_after_seconds = 0.0
        self.refused_suffixes = NOT_IMPORTABLE
        self.resource_groups: set[str] = set()
        self.usable_seconds: float = 0
        self.check_seconds: float = 0
        self.check_items: dict[str, list[CheckItem]] = {}
        self.by_id: dict[str, Image] = {}
        self.launch_templates: list[LaunchTemplate] = []
        self._oss = oss
        self._ram = ram
        self.account_id = ram.account_id
        self._tokens: dict[str, tuple[Mapping[str, str], Image]] = {}
        self._failures: deque[Failure] = deque()

    def clear(self) -> None:
        """Forget images, templates, tokens and failures; keep the settings."""
        self.launch_templates.clear()
        self.by_id.clear()
        self._tokens.clear()
        self._failures.clear()
        self.check_items.clear()

    def fail_import(self, failure: Failure) -> None:
        """Let the next import that is accepted end as CreateFailed."""
        self._failures.append(failure)

    def import_image(self, parameters: Mapping[str, str], *, door: Door) -> Image:
        """Return the image that an import makes, or made when its token was new.

        Args:
            parameters: Those of the operation, known to exist at this door.
            door: Whose limits count.

        Raises:
            EcsError: Of the first rule that is broken.
        """
        rules = RULES[door]
        self.check_region(parameters)
        check_extras(parameters)
        if known := self.known_token(parameters):
            return known
        check_image(parameters, rules)
        mappings = read_disks(parameters, rules)
        group = parameters.get("ResourceGroupId", "")
        if group and group not in self.resource_groups:
            raise EcsError("InvalidResourceGroup.NotFound")
        image = self._new_image(parameters, mappings)
        self.check_room(image.image_name, image.region_id)
        if read_flag(parameters, "DryRun"):
            raise EcsError("DRYRUN.SUCCESS")
        if self._failures:
            image.failure = self._failures.popleft()
        return self.add(image, parameters)

    def add(self, image: Image, parameters: Mapping[str, str]) -> Image:
        """Return an image that is kept now, with the client token that asked for it."""
        self.by_id[image.image_id] = image
        if token := parameters.get("ClientToken"):
            self._tokens[token] = (_compared(parameters), image)
        return image

    def check_region(self, parameters: Mapping[str, str]) -> str:
        """Return the region that a request names, which must exist."""
        region_id = parameters.get("RegionId", "")
        if not region_id:
            raise EcsError("MissingParameter", "RegionId")
        if region_id not in self.region_ids:
            raise EcsError("InvalidRegionId.NotFound")
        return region_id

    def known_token(self, parameters: Mapping[str, str]) -> Image | None:
        """Return the image of an earlier request with the same client token.

        Source: "How to ensure idempotence", ECS documentation, read 2026-11.
        """
        known = self._tokens.get(parameters.get("ClientToken", ""))
        if known is None:
            return None
        compared, image = known
        if compared != _compared(parameters):
            raise EcsError("IdempotentParameterMismatch")
        return image

    def _new_image(self, parameters: Mapping[str, str], mappings: Numbered) -> Image:
        role_name = parameters.get("RoleName") or IMPORT_ROLE
        region_id = parameters["RegionId"]
        read = self._reader(role_name, region_id)
        disks = tuple(
            _disk(number, mapping, read(mapping["OSSBucket"], mapping["OSSObject"]))
            for number, mapping in mappings.items()
        )
        suffix = secrets.token_hex(8)
        is_arm = parameters.get("Architecture") == "arm64"
        image_id = f"m-{suffix}"
        return Image(
            image_id=image_id,
            task_id=f"t-{suffix}",
            image_name=parameters.get("ImageName") or image_id,
            region_id=region_id,
            created=self.clock(),
            began=self.clock(),
            disks=disks,
            description=parameters.get("Description", ""),
            architecture=parameters.get("Architecture", "x86_64"),
            os_type=parameters.get("OSType", "linux"),
            platform=parameters.get("Platform", "Others Linux"),
            boot_mode=parameters.get("BootMode", "UEFI" if is_arm else "BIOS"),
            license_type=parameters.get("LicenseType", "Auto"),
            role_name=role_name,
            resource_group_id=parameters.get("ResourceGroupId", ""),
            detection_strategy=parameters.get("DetectionStrategy", ""),
            features=read_features(parameters),
            tags=read_tags(parameters),
            parameters=dict(parameters),
        )

    def _reader(
        self, role_name: str, region_id: str
    ) -> Callable[[str, str], OssObject]:
        """Return what reads objects as ECS does: with the import role."""
        if not self._ram.may_assume(role_name, service=ECS_SERVICE):
            raise EcsError("NoSetRoletoECSServiceAcount")
        access, role = Access(self._oss, self._ram), f"role/{role_name}"

        def read(bucket_name: str, object_key: str) -> OssObject:
            bucket = f"acs:oss:{region_id}:{self._ram.account_id}:{bucket_name}"
            needed = {
                "oss:GetBucketLocation": bucket,
                "oss:GetBucketInfo": bucket,
                "oss:GetObject": f"{bucket}/{object_key}",
            }
            if not all(access.allows(role, *item) for item in needed.items()):
                raise EcsError("InvalidOSS.NotAuthorized")
            return self._read_object(bucket_name, object_key, region_id)

        return read

    def _read_object(
        self, bucket_name: str, object_key: str, region_id: str
    ) -> OssObject:
        bucket = self._oss.buckets.get(bucket_name)
        if bucket is None or bucket.region_id != region_id:
            raise EcsError("InvalidOSSBucket.NotFound")
        if bucket.encryption:
            raise EcsError("InvalidOSSBucket.EncryptUnsupported")
        if object_key.lower().endswith(tuple(self.refused_suffixes)):
            raise EcsError("UnsupportedSuffix.OSSObject")
        try:
            found = self._oss.find_object(bucket, object_key)
        except OssError:
            raise EcsError("InvalidOSSObject.NotFound") from None
        if self._oss.restore_state(found) not in {"", "restored"}:
            raise EcsError("InvalidOSSObject.NeedRestore")
        if not found.size_bytes:
            raise EcsError("InvalidOSSObject.Size")
        return found

    def check_room(self, image_name: str, region_id: str) -> None:
        """Refuse an image whose name is taken or for which there is no room.

        Which of the two codes for a taken name stands for which case is not
        documented; here the first is given while the other import is under way.
        """
        self.check_name_is_free(image_name, region_id)
        here = [other for other in self.images() if other.region_id == region_id]
        if self.image_quota is not None and len(here) >= self.image_quota:
            raise EcsError("QuotaExceed.Image")

    def check_name_is_free(self, image_name: str, region_id: str) -> None:
        """Refuse a name that another image of the region has."""
        for other in self.images():
            if (other.image_name, other.region_id) == (image_name, region_id):
                under_way = other.is_under_way
                raise EcsError(
                    "ImageIsImporting" if under_way else "InvalidImageName.Duplicated"
                )

    def find_image(self, image_id: str, region_id: str) -> Image:
        """Return an image of a region.

        Raises:
            EcsError: InvalidImageId.NotFound.
        """
        image = self.by_id.get(image_id)
        if image is None or image.region_id != region_id or image not in self.images():
            raise EcsError("InvalidImageId.NotFound")
        self.move(image)
        return image

    def images(self) -> list[Image]:
        """Return all images that were neither cancelled nor deleted, oldest first."""
        # A copy, as a test may look while a server's threads make images.
        everything = list(self.by_id.values())
        return [i for i in everything if not (i.is_cancelled or i.is_deleted)]

    def shows(self, image: Image) -> bool:
        """Return whether DescribeImages knows an image already.

        ImportImage minds its name at once. How late a list is, no page says.
        """
        age = self.clock() - image.created
        return age.total_seconds() >= self.shown_after_seconds

    def look(self, images: Iterable[Image]) -> list[Image]:
        """Return images as a request that asks for them finds them now."""
        looked = list(images)
        for image in looked:
            image.looks += 1
            self.move(image)
        return looked

    def move(self, image: Image) -> None:
        """Let an import be as far as its pace says."""
        if not image.is_under_way or image.is_cancelled:
            return
        if image.is_queued:
            self._begin_copy(image)
        if image.is_queued:
            return
        stage = self.pace.stage(image, self.clock())
        if stage.status == "Ended":
            self.end(image)
        else:
            image.status, image.percent = stage.status, stage.percent

    def copies_from(self, region_id: str) -> list[Image]:
        """Return the copies of a region's images that are being made."""
        return [
            image
            for image in self.images()
            if image.copied_from
            and image.is_under_way
            and not image.is_queued
            and self.by_id[image.copied_from].region_id == region_id
        ]

    def _begin_copy(self, image: Image) -> None:
        """Let a copy begin that waited, if fewer than five of its region are made."""
        running = self.copies_from(self.by_id[image.copied_from].region_id)
        for other in running:
            self.move(other)
        if sum(other.is_under_way for other in running) < MAX_COPIES:
            image.is_queued, image.looks, image.began = False, 0, self.clock()

    def is_usable(self, image: Image) -> bool:
        """Return whether instances can be made of an image at once.

        Source: DescribeImages, `Usable`, model of alibabacloud-ecs20140526 7.11.8,
        read 2026-12; how long after Available it turns true is stated nowhere.
        """
        if image.status not in READY or image.ended is None:
            return False
        return self.clock() >= image.ended + timedelta(seconds=self.usable_seconds)

    def is_checked(self, image: Image) -> bool:
        """Return whether the image check has ended, which begins with Available."""
        if image.ended is None:
            return False
        return self.clock() >= image.ended + timedelta(seconds=self.check_seconds)

    def end(self, image: Image) -> None:
        """Let an import or a copy end now."""
        image.is_queued = False
        image.failure = image.failure or self._lost_file(image)
        image.status = "CreateFailed" if image.failure else "Available"
        image.percent = 100
        image.ended = self.clock()

    def _lost_file(self, image: Image) -> Failure | None:
        """Return why an import fails whose file was deleted or replaced meanwhile."""
        for disk in image.disks if not image.copied_from else ():
            bucket = self._oss.buckets.get(disk.bucket)
            found = bucket.versions.current(disk.object_key) if bucket else None
            if found is None or found.etag != disk.etag:
                error = EcsError("InvalidOSSObject.NotFound")
                return Failure(error.code, error.message)
        return None

    def find_task(self, task_id: str, *, region_id: str) -> Image:
        """Return the image of a task of a region."""
        for image in self.by_id.values():
            if task_id and (image.task_id, image.region_id) == (task_id, region_id):
                return image
        raise EcsError("InvalidTaskId.NotFound")

    def cancel_task(self, image: Image) -> None:
        """End an import that has not ended; its image is gone."""
        self.move(image)
        if not image.is_under_way or image.is_cancelled:
            raise EcsError("InvalidTaskId.IncorrectTaskStatus")
        image.is_cancelled = True
        image.ended = self.clock()

    def delete_image(self, image_id: str) -> None:
        """Remove an image, so that its name is free again."""
        del self.by_id[image_id]


def _compared(parameters: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in parameters.items() if name not in NO_COMPARISON
    }


def _disk(number: int, mapping: Mapping[str, str], found: OssObject) -> ImageDisk:
    detected = detect(found.content)
    wanted = mapping.get("DiskImageSize") or mapping.get("DiskImSize") or "0"
    return ImageDisk(
        number=number,
        bucket=mapping["OSSBucket"],
        object_key=mapping["OSSObject"],
        format=detected.format,
        size_gib=max(int(wanted), detected.size_gib),
        etag=found.etag,
        snapshot_id=f"s-{secrets.token_hex(8)}",
    )
