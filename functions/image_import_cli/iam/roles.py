"""The rights of the three roles: each action, on what, and for which call.

The function's role reads images and keeps the ledger, OSS's role invokes the
function, and ECS's own role reads the image while it imports. Nobody else needs
anything; uploaders get `uploader_policy`, which keeps them away from the ledger.

Sources:
    "RAM Policy", OSS documentation: actions, resources and the oss:Prefix condition;
    AppendObject is authorised by oss:PutObject and HeadObject by oss:GetObject.
    "ImportImage" and "Authorization information", ECS API 2014-05-26: actions,
    resources, the name of ECS's role, its trust and its three actions.
    "Policies and sample policies", Function Compute documentation: fc:InvokeFunction
    and its resources. All read 2026-11. What they leave open is in `unconfirmed`.
    "CopyImage", "ModifyImageAttribute", "ModifyImageSharePermission",
    "DescribeImageSharePermission" and "DeleteImage", ECS API 2014-05-26;
    "DescribeLaunchTemplates" and "DescribeLaunchTemplateVersions", ECS API 2014-05-26;
    "DescribeScalingConfigurations", Auto Scaling API 2022-02-22; "SendMessage"
    and "PublishMessage", Simple Message Queue API; "Configure a destination", Function
    Compute documentation, which asks for eventbridge:PutEvents. All read 2026-12.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from image_import.config.receivers import Receiver
from image_import.config.settings import Settings, read_settings

MAX_FRONT = 55
"""So that `-function` fits into a role's name, and with it any bucket's name, which
has 63 characters at most, into a policy's."""

_DIGEST = 8


def front(service: str) -> str:
    """Return a service's name as names in RAM begin.

    What RAM does not take is replaced: services of FC 2.0 may be longer, and hold `_`.
    Then a hash keeps those apart that would be alike.
    """
    plain = service.replace("_", "-")
    if plain == service and len(service) <= MAX_FRONT:
        return service
    digest = hashlib.sha256(service.encode()).hexdigest()[:_DIGEST]
    return f"{plain[: MAX_FRONT - _DIGEST - 1]}-{digest}"


def function_role_name(service: str) -> str:
    """Return the name of the role that both functions have."""
    return f"{front(service)}-function"


def trigger_role_name(service: str) -> str:
    """Return the name of the role in which OSS invokes the importer."""
    return f"{front(service)}-trigger"


def policy_name(service: str, part: str, bucket: str) -> str:
    """Return the name of a policy: `part` is function, trigger or ecs."""
    return f"{front(service)}-{part}-{bucket}"


Json = dict[str, Any]
OnAvailable = Literal["keep", "tag", "delete"]
FcVersion = Literal["2.0", "3.0"]

ECS_ROLE = "AliyunECSImageImportDefaultRole"
"""ECS looks for exactly this name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What a deployment's resources are called.

    Attributes:
        service: The service on FC 2.0; on 3.0 the front of the functions' names. Names
            of roles and policies begin with it too.
    """

    image_bucket: str
    key_prefix: str
    ledger_bucket: str
    ledger_prefix: str = ".image-import/"
    region_id: str = "*"
    account_id: str = "*"
    service: str = "image-import"
    log_project: str = "image-import"
    log_store: str = "functions"
    failure_queue: str = "image-import-failures"

    @property
    def is_ledger_open(self) -> bool:
        """Whether the ledger lies where uploaders may put objects, or around it."""
        own, ledger = self.key_prefix, self.ledger_prefix
        is_inside = ledger.startswith(own) or own.startswith(ledger)
        return self.image_bucket == self.ledger_bucket and is_inside


@dataclass(frozen=True, kw_only=True, slots=True)
class AfterAvailable:
    """The settings of what follows an import and takes rights of its own."""

    copy_to_regions: tuple[str, ...] = ()
    share_with: tuple[str, ...] = ()
    image_family: str = ""
    keep_last: int = 0
    delete_deprecated_after: int = 0
    notify: tuple[Receiver, ...] = ()

    @classmethod
    def variables(cls) -> tuple[str, ...]:
        """Return the variables of these settings."""
        return (*(field.name.upper() for field in fields(cls)), "SIDECAR_MAY_SET")

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "AfterAvailable":
        """Return what an environment says; all else in it is left aside.

        Raises:
            SettingsError: A variable holds what it may not.
        """
        names = cls.variables()
        return cls.of(read_settings({name: environ.get(name, "") for name in names}))

    @classmethod
    def of(cls, settings: Settings) -> "AfterAvailable":
        """Return what a function's settings say, and let its uploaders ask for."""
        asked = settings.sidecar_may_set
        copies = ("*",) if "CopyToRegions" in asked else settings.copy_to_regions
        shares = ("*",) if "ShareWith" in asked else settings.share_with
        return cls(
            copy_to_regions=copies,
            share_with=shares,
            image_family="*" if "ImageFamily" in asked else settings.image_family,
            keep_last=settings.keep_last,
            delete_deprecated_after=settings.delete_deprecated_after,
            notify=settings.notify,
        )


NOTHING_AFTER = AfterAvailable()


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Some actions on some resources.

    Attributes:
        why: The calls that need it.
        unconfirmed: What no public source says about its scope.
        under: The listing must ask for keys with this prefix.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    why: str
    unconfirmed: str = ""
    under: str = ""

    def statement(self) -> Json:
        """Return it as RAM writes it."""
        statement: Json = {
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.under:
            condition = {"StringLike": {"oss:Prefix": [f"{self.under}*"]}}
            statement["Condition"] = condition
        return statement


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleSpec:
    """A role: who may take it on, and what it then may do.

    Attributes:
        policy_name: Of the policy with its grants. It names service and image bucket,
            so that deployments that share a role each have a policy of their own.
        is_shared: The account has it once, for whatever uses it.
    """

    name: str
    policy_name: str
    service: str
    purpose: str
    grants: tuple[Grant, ...]
    is_shared: bool = False

    def called(self, name: str) -> "RoleSpec":
        """Return it as it is called in an account.

        A stack of ROS calls a role's policy like the role.
        """
        return self if name == self.name else replace(self, name=name, policy_name=name)

    def trust(self) -> Json:
        """Return the document that says who may take it on."""
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": [self.service]},
        }
        return {"Version": "1", "Statement": [statement]}

    def policy(self) -> Json:
        """Return the document that says what it may do."""
        return policy(self.grants)


def policy(grants: Iterable[Grant]) -> Json:
    """Return a policy document."""
    return {"Version": "1", "Statement": [grant.statement() for grant in grants]}


def objects(bucket: str, prefix: str) -> str:
    """Return the resource of all objects under a prefix."""
    return f"acs:oss:*:*:{bucket}/{prefix}*"


def ledger_grants(names: Names) -> tuple[Grant, ...]:
    """Return what keeping the ledger takes."""
    bucket, prefix = names.ledger_bucket, names.ledger_prefix
    return (
        Grant(
            actions=("oss:GetObject", "oss:PutObject"),
            resources=(objects(bucket, prefix),),
            why="read the ledger, append to it, note what is under way",
        ),
        Grant(
            actions=("oss:DeleteObject",),
            resources=(
                objects(bucket, f"{prefix}open/"),
                objects(bucket, f"{prefix}converted/"),
                objects(bucket, f"{prefix}jobs/"),
            ),
            why="remove notes and jobs that have ended, and what was converted",
        ),
        Grant(
            actions=("oss:ListParts", "oss:AbortMultipartUpload"),
            resources=(objects(bucket, f"{prefix}converted/"),),
            why="go on with a conversion, and leave nothing of it behind",
        ),
        Grant(
            actions=("oss:ListMultipartUploads",),
            resources=(f"acs:oss:*:*:{bucket}",),
            why="find what was begun of a conversion",
        ),
        Grant(
            actions=("oss:ListObjects",),
            resources=(f"acs:oss:*:*:{bucket}",),
            under=prefix,
            why="find what the ledger holds of an image",
        ),
    )


def images_in(names: Names, region_id: str) -> str:
    """Return the resource of the account's images in a region."""
    return f"acs:ecs:{region_id}:{names.account_id}:image/*"


def ecs_grants(names: Names) -> tuple[Grant, ...]:
    """Return what importing and following an import takes."""
    images = images_in(names, names.region_id)
    return (
        Grant(
            actions=("ecs:ImportImage", "ecs:DescribeImages"),
            resources=(images,),
            why="import, and look up what was imported",
            unconfirmed="whether RoleName needs ram:PassRole, and whether Tag needs "
            "ecs:TagResources",
        ),
        Grant(
            actions=("ecs:DescribeTasks", "ecs:DescribeTaskAttribute"),
            resources=("*",),
            why="follow import tasks",
            unconfirmed="whether the resource can be narrowed",
        ),
    )


def platform_grants(names: Names) -> tuple[Grant, ...]:
    """Return what Function Compute does in the function's name."""
    place = f"{names.region_id}:{names.account_id}"
    store = f"project/{names.log_project}/logstore/{names.log_store}"
    return (
        Grant(
            actions=("log:PostLogStoreLogs",),
            resources=(f"acs:log:{place}:{store}",),
            why="deliver the function's log",
        ),
        Grant(
            actions=("mns:SendMessage",),
            resources=(f"acs:mns:{place}:/queues/{names.failure_queue}/messages",),
            why="keep events that failed for good",
        ),
    )


def source_grants(names: Names, on_available: OnAvailable) -> tuple[Grant, ...]:
    """Return what touching an imported source takes; nothing by default."""
    if on_available == "keep":
        return ()
    tag = Grant(
        actions=("oss:GetObjectTagging", "oss:PutObjectTagging"),
        resources=(objects(names.image_bucket, names.key_prefix),),
        why="tag the source of an available image (ON_AVAILABLE=tag)",
    )
    delete = Grant(
        actions=("oss:DeleteObject",),
        resources=(objects(names.image_bucket, names.key_prefix),),
        why="delete the source of an available image (ON_AVAILABLE=delete)",
    )
    return (tag,) if on_available == "tag" else (delete,)


def distribution_grants(names: Names, after: AfterAvailable) -> tuple[Grant, ...]:
    """Return what copies, shares, families and retention take; by default nothing."""
    home = (images_in(names, names.region_id),)
    regions = [r for r in after.copy_to_regions if r != names.region_id]
    copies = tuple(images_in(names, region_id) for region_id in regions)
    if regions and names.region_id == "*":
        copies = home
    everywhere = tuple(dict.fromkeys(home + copies))
    return _on_something(
        Grant(
            actions=("ecs:CopyImage",),
            resources=home if copies else (),
            why="copy an available image (COPY_TO_REGIONS)",
            unconfirmed="whether the region of the copy is asked about as well, "
            "whether tags need ecs:TagResources, and what a KMS key needs",
        ),
        Grant(
            actions=("ecs:DescribeImages", "ecs:ModifyImageAttribute"),
            resources=copies,
            why="follow a copy, give it its features and its family (COPY_TO_REGIONS)",
        ),
        Grant(
            actions=("ecs:ModifyImageSharePermission",),
            resources=everywhere if after.share_with else (),
            why="share an image and its copies (SHARE_WITH)",
        ),
        Grant(
            actions=("ecs:ModifyImageAttribute",),
            resources=home if after.image_family or after.keep_last else (),
            why="put an image into its family, deprecate it (IMAGE_FAMILY, KEEP_LAST)",
        ),
        Grant(
            actions=("ecs:DescribeImageSharePermission",),
            resources=everywhere if after.keep_last else (),
            why="see whether an old image is shared (KEEP_LAST)",
        ),
        Grant(
            actions=("ecs:DeleteImage",),
            resources=everywhere if after.delete_deprecated_after else (),
            why="delete deprecated images (DELETE_DEPRECATED_AFTER)",
        ),
        Grant(
            actions=("ess:DescribeScalingConfigurations",),
            resources=(f"acs:ess:*:{names.account_id}:*",)
            if after.delete_deprecated_after
            else (),
            why="see whether a scaling configuration names a deprecated image "
            "(DELETE_DEPRECATED_AFTER)",
            unconfirmed="which resources it can be limited to",
        ),
        Grant(
            actions=(
                "ecs:DescribeLaunchTemplates",
                "ecs:DescribeLaunchTemplateVersions",
            ),
            resources=(f"acs:ecs:*:{names.account_id}:launchtemplate/*",)
            if after.delete_deprecated_after
            else (),
            why="see whether a launch template names a deprecated image "
            "(DELETE_DEPRECATED_AFTER)",
        ),
        Grant(
            actions=("oss:DeleteObject",),
            resources=(objects(names.ledger_bucket, f"{names.ledger_prefix}kept/"),)
            if after.keep_last
            else (),
            why="remove the notes of images that are deprecated or gone (KEEP_LAST)",
        ),
    )


def news_grants(names: Names, receivers: Iterable[Receiver]) -> tuple[Grant, ...]:
    """Return what it takes to tell somebody, and to tell the cloud's services."""
    urls = [urlsplit(receiver.url) for receiver in receivers]
    outbox = objects(names.ledger_bucket, f"{names.ledger_prefix}outbox/")
    queues, topics = (
        tuple(
            f"acs:mns:{names.region_id}:{url.netloc}:{url.path.rstrip('/')}/messages"
            for url in urls
            if url.scheme == "mns" and url.path.startswith(kind)
        )
        for kind in ("/queues/", "/topics/")
    )
    has_bus = any(url.scheme == "eventbridge" for url in urls)
    return _on_something(
        Grant(
            actions=("oss:DeleteObject",),
            resources=(outbox,) if urls else (),
            why="take out of the outbox what has been told (NOTIFY)",
        ),
        Grant(
            actions=("mns:SendMessage",),
            resources=queues,
            why="tell a queue what became of an import (NOTIFY)",
        ),
        Grant(
            actions=("mns:PublishMessage",),
            resources=topics,
            why="tell a topic what became of an import (NOTIFY)",
        ),
        Grant(
            actions=("eventbridge:PutEvents",),
            resources=("*",) if has_bus else (),
            why="tell an event bus what became of an import (NOTIFY)",
            unconfirmed="whether the resource can be narrowed to one bus",
        ),
    )


def after_grants(names: Names, after: AfterAvailable) -> tuple[Grant, ...]:
    """Return what all that follows an import takes; nothing by default."""
    return (*distribution_grants(names, after), *news_grants(names, after.notify))


def _on_something(*grants: Grant) -> tuple[Grant, ...]:
    """Return the grants that have a resource."""
    return tuple(grant for grant in grants if grant.resources)


def function_role(
    names: Names,
    *,
    on_available: OnAvailable = "keep",
    after: AfterAvailable = NOTHING_AFTER,
) -> RoleSpec:
    """Return the role that both functions have."""
    read = Grant(
        actions=("oss:GetObject",),
        resources=(objects(names.image_bucket, names.key_prefix),),
        why="read sidecars, the ends of images, and what is converted",
    )
    return RoleSpec(
        name=function_role_name(names.service),
        policy_name=policy_name(names.service, "function", names.image_bucket),
        service="fc.aliyuncs.com",
        purpose="the functions: read images, keep the ledger, import",
        grants=(
            read,
            *source_grants(names, on_available),
            *ledger_grants(names),
            *ecs_grants(names),
            *after_grants(names, after),
            *platform_grants(names),
        ),
    )


def trigger_role(names: Names, *, fc_version: FcVersion) -> RoleSpec:
    """Return the role in which OSS invokes the importer and the converter.

    On FC 2.0 the resource of a qualified service is `services/NAME.QUALIFIER`.
    """
    place = f"acs:fc:{names.region_id}:{names.account_id}"
    service = names.service
    started = ("importer", "converter")
    on_2 = tuple(
        f"{place}:services/{service}{qualifier}/functions/{name}"
        for name in started
        for qualifier in ("", ".*")
    )
    on_3 = tuple(f"{place}:functions/{service}-{name}" for name in started)
    grant = Grant(
        actions=("fc:InvokeFunction",),
        resources=on_2 if fc_version == "2.0" else on_3,
        why="invoke importer and converter when an object was created",
        unconfirmed=(
            "with which of the two resources OSS asks" if fc_version == "2.0" else ""
        ),
    )
    return RoleSpec(
        name=trigger_role_name(service),
        policy_name=policy_name(service, "trigger", names.image_bucket),
        service="oss.aliyuncs.com",
        purpose="OSS: invoke importer and converter",
        grants=(grant,),
    )


def ecs_role(names: Names) -> RoleSpec:
    """Return the role in which ECS reads the image; an account has it once."""
    return RoleSpec(
        name=ECS_ROLE,
        policy_name=policy_name(names.service, "ecs", names.image_bucket),
        service="ecs.aliyuncs.com",
        purpose="ECS: read the image that it imports",
        is_shared=True,
        grants=(
            Grant(
                actions=("oss:GetObject",),
                resources=(
                    objects(names.image_bucket, names.key_prefix),
                    objects(names.ledger_bucket, f"{names.ledger_prefix}converted/"),
                ),
                why="read the image, or what it was converted to",
            ),
            Grant(
                actions=("oss:GetBucketLocation", "oss:GetBucketInfo"),
                resources=tuple(
                    f"acs:oss:*:*:{bucket}"
                    for bucket in dict.fromkeys(
                        [names.image_bucket, names.ledger_bucket]
                    )
                ),
                why="find the bucket",
            ),
        ),
    )


def uploader_policy(names: Names) -> Json:
    """Return what people and programs that upload need; it leaves out the ledger."""
    upload = Grant(
        actions=("oss:PutObject",),
        resources=(objects(names.image_bucket, names.key_prefix),),
        why="upload images and sidecars",
    )
    return policy([upload])
