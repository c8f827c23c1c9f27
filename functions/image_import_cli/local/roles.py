"""The roles of the deployment on this machine: the same as deployed, and enforced."""

from dataclasses import dataclass, replace

from fake_aliyun import FakeAliyun
from image_import.config.settings import Settings

from image_import_cli.iam.roles import (
    ECS_ROLE,
    AfterAvailable,
    FcVersion,
    Names,
    RoleSpec,
    ecs_role,
    function_role,
    trigger_role,
)

FC_VERSION: FcVersion = "2.0"
"""The one that the fakes serve."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Roles:
    """Those of the functions, of the trigger and of ECS."""

    functions: RoleSpec
    trigger: RoleSpec
    ecs: RoleSpec


def local_names(cloud: FakeAliyun, settings: Settings, *, bucket: str) -> Names:
    """Return what the deployment here consists of."""
    return Names(
        image_bucket=bucket,
        key_prefix=settings.key_prefix,
        ledger_bucket=settings.ledger_bucket or bucket,
        ledger_prefix=settings.ledger_prefix,
        region_id=cloud.region_id,
        account_id=cloud.account_id,
    )


def make_roles(cloud: FakeAliyun, settings: Settings, names: Names) -> Roles:
    """Return the roles with their policies, made as `policy --commands` makes them."""
    after = AfterAvailable.of(settings)
    roles = Roles(
        functions=function_role(names, on_available=settings.on_available, after=after),
        trigger=trigger_role(names, fc_version=FC_VERSION),
        ecs=replace(ecs_role(names), name=settings.role_name or ECS_ROLE),
    )
    for role in (roles.functions, roles.trigger, roles.ecs):
        cloud.ram.create_role(role.name, service=role.service, is_lasting=True)
        principal = f"role/{role.name}"
        cloud.ram.attach_policy(principal, role.policy(), name=role.policy_name)
    return roles
