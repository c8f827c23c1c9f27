"""Everything the doctor looks at, from wherever it is to be seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from image_import.aliyun.ecs.import_response import ImportReply
from image_import.aliyun.error_catalogue import explain
from image_import.errors import ServiceError, ServiceUnavailable

from image_import_cli.doctor.account.facts import (
    BucketFacts,
    Facts,
    HeldRole,
    Problem,
    roles_in_use,
    sentences,
)
from image_import_cli.doctor.account.fc import FcAccount
from image_import_cli.doctor.account.needed_roles import ecs_role_name
from image_import_cli.iam.roles import (
    ECS_ROLE,
    NOTHING_AFTER,
    AfterAvailable,
    FcVersion,
    Names,
    OnAvailable,
)

NO_DRY_RUN = "NoDryRun"
"""Our own code: ECS imported what it was asked to try."""
DRY_RUN_PASSED = "DryRunPassed"
"""Our own code: ECS would import it, whichever way it says so."""
PROBE_NAME = "image-import-doctor"
PROBE_KEY = "image-import-doctor.raw"
"""Of the image and the object that the dry run names; neither is ever made."""


class SeesBuckets(Protocol):
    """OSS, or a stand-in."""

    skew_seconds: float | None

    def bucket(self, name: str) -> BucketFacts | Problem:
        """Return a bucket."""


class SeesRoles(Protocol):
    """RAM, or a stand-in."""

    def role(self, name: str) -> HeldRole | Problem:
        """Return a role."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The services to ask.

    Attributes:
        import_image: None where there is no dry run.
    """

    oss: SeesBuckets
    ram: SeesRoles
    fc: FcAccount
    import_image: Callable[[dict[str, str]], ImportReply] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """Stands in for a service that cannot be asked, and says why."""

    why: str

    def role(self, name: str) -> Problem:
        """Return why no role is to be seen."""
        return Problem(what=f"{name}: {self.why}", is_beyond_reach=True)

    def function(self, name: str) -> Problem:
        """Return why no function is to be seen."""
        return Problem(what=f"{name}: {self.why}", is_beyond_reach=True)


def gather(
    account: Account,
    names: Names,
    *,
    fc_version: FcVersion,
    on_available: OnAvailable,
    after: AfterAvailable = NOTHING_AFTER,
    object_key: str = "",
    uploaders: tuple[str, ...] = (),
    role_name: str = "",
    step: Callable[[str], None] = lambda _text: None,
) -> Facts:
    """Return what there is.

    Args:
        object_key: An uploaded image for the dry run, if there is one.
        uploaders: Who uploads, as policies of buckets name them.
        role_name: The setting ROLE_NAME of this machine, where no function has one.
    """
    step("buckets")
    image_bucket = account.oss.bucket(names.image_bucket)
    ledger_bucket = account.oss.bucket(names.ledger_bucket)
    step("functions")
    importer = account.fc.function("importer")
    tracker = account.fc.function("tracker")
    converter = account.fc.function("converter")
    step("roles")
    function_role, trigger_role = roles_in_use(importer, names)
    function_held = account.ram.role(function_role)
    trigger_held = account.ram.role(trigger_role)
    reader = ecs_role_name(importer, setting=role_name)
    ecs_held = account.ram.role(reader)
    step("ImportImage")
    key = object_key or f"{names.key_prefix}{PROBE_KEY}"
    return Facts(
        names=names,
        fc_version=fc_version,
        on_available=on_available,
        after=after,
        image_bucket=image_bucket,
        ledger_bucket=ledger_bucket,
        skew_seconds=account.oss.skew_seconds,
        importer=importer,
        tracker=tracker,
        converter=converter,
        function_role=function_held,
        trigger_role=trigger_held,
        ecs_role=ecs_held,
        dry_run=_dry_run(account, names, key, role_name=reader),
        uploaders=uploaders,
        object_key=object_key,
        ecs_role_name=reader,
    )


def _dry_run(
    account: Account, names: Names, object_key: str, *, role_name: str
) -> Problem:
    if account.import_image is None:
        what = "a dry run exists on public Alibaba Cloud alone"
        return Problem(what=what, is_beyond_reach=True)
    parameters = {
        "RegionId": names.region_id,
        "ImageName": PROBE_NAME,
        "DryRun": "true",
        "DiskDeviceMapping.1.OSSBucket": names.image_bucket,
        "DiskDeviceMapping.1.OSSObject": object_key,
    }
    if role_name != ECS_ROLE:
        parameters["RoleName"] = role_name
    try:
        reply = account.import_image(parameters)
    except ServiceUnavailable as exc:
        explained = explain("ECS", exc.code, exc.http_status)
        return Problem(what=sentences(str(exc), explained.cause), mend=explained.fix)
    except ServiceError as exc:
        return Problem(what=str(exc), code=exc.code, http_status=exc.http_status)
    if reply.is_dry_run:
        return Problem(what="the dry run passed", code=DRY_RUN_PASSED)
    return Problem(
        what="the dry run started a real import",
        code=NO_DRY_RUN,
        mend=f"image-import cancel {reply.task_id} --bucket {names.ledger_bucket}",
    )
