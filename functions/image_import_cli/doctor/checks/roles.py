"""What must be so of the roles: whom they trust, and what they may."""

from collections.abc import Iterator

from image_import_cli.doctor.account.facts import (
    AccountFinding,
    Facts,
    HeldRole,
    Problem,
    untold,
)
from image_import_cli.doctor.account.needed_roles import (
    needed_ecs_role,
    needed_function_role,
    needed_trigger_role,
)
from image_import_cli.iam.bucket_policies import granted, role_sessions
from image_import_cli.iam.commands import (
    making_commands,
    mending_commands,
    trust_command,
)
from image_import_cli.iam.permissions import (
    conditional_rights,
    conditions,
    is_about,
    missing_rights,
    statements,
    texts,
    trusted_services,
)
from image_import_cli.iam.roles import Json, RoleSpec

NEVER_NEEDED = (
    ("oss:PutObject", "acs:oss:{place}:another-bucket/another-object"),
    ("oss:DeleteObject", "acs:oss:{place}:another-bucket/another-object"),
    ("ecs:DeleteInstance", "acs:ecs:{place}:instance/another"),
    ("fc:DeleteFunction", "acs:fc:{place}:functions/another"),
    ("ram:AttachPolicyToUser", "acs:ram:{place}:user/another"),
)
"""What only a policy for everything allows. Reading any bucket is not among it: the
policy that ECS's role has from Alibaba Cloud allows that."""


def ecs_role_findings(facts: Facts) -> Iterator[AccountFinding]:
    """Yield what is wrong with the role in which ECS reads, or that nothing is."""
    yield from _role("ECS role", needed_ecs_role(facts), facts.ecs_role, facts)


def function_role_findings(facts: Facts) -> Iterator[AccountFinding]:
    """Yield what is wrong with the roles of the functions and of the trigger."""
    if facts.fc_version == "2.0" and isinstance(facts.importer, Problem):
        what = "a stack names its roles, and the function that tells them is not seen"
        for check in ("function role", "trigger role"):
            yield untold(check, Problem(what=what))
        return
    needed = needed_function_role(facts)
    yield from _role("function role", needed, facts.function_role, facts)
    trigger = needed_trigger_role(facts)
    yield from _role("trigger role", trigger, facts.trigger_role, facts)


def _role(
    check: str, needed: RoleSpec, held: HeldRole | Problem, facts: Facts
) -> Iterator[AccountFinding]:
    if isinstance(held, HeldRole):
        text = f"{held.name} may do what it needs"
        yield from list(_faults(check, needed, held, facts)) or [
            AccountFinding(check=check, status="ok", text=text)
        ]
    elif held.is_missing:
        mend = "\n".join(making_commands(needed))
        yield AccountFinding(check=check, status="fail", text=held.what, mend=mend)
    else:
        yield untold(check, held)


def _faults(
    check: str, needed: RoleSpec, held: HeldRole, facts: Facts
) -> Iterator[AccountFinding]:
    if needed.service not in trusted_services(held.trust):
        yield AccountFinding(
            check=check,
            status="fail",
            text=f"{held.name} does not trust {needed.service}",
            mend=trust_command(needed),
        )
    policies = [*held.policies, *_from_buckets(held.name, facts)]
    place = f"{facts.names.region_id}:{facts.names.account_id}"
    if missing := missing_rights(policies, needed.grants, place=place):
        yield AccountFinding(
            check=check,
            status="fail",
            text=f"{held.name} may not {', '.join(missing)}",
            mend="\n".join(mending_commands(needed)),
        )
    if doubtful := conditional_rights(policies, needed.grants, place=place):
        yield _under_conditions(check, held, doubtful)
    yield from _too_much(check, needed, held, place=place)


def _under_conditions(check: str, held: HeldRole, rights: list[str]) -> AccountFinding:
    found = {key for s in statements(held.policies) for key in conditions(s)}
    return AccountFinding(
        check=check,
        status="unknown",
        text=f"{held.name} may {', '.join(rights)} under a condition on "
        f"{', '.join(sorted(found))}, which cannot be tried from here",
        is_beyond_reach=True,
    )


def _too_much(
    check: str, needed: RoleSpec, held: HeldRole, *, place: str
) -> Iterator[AccountFinding]:
    """Yield that a role may do what no role here ever needs."""
    found = {
        f"{' '.join(texts(s.get('Action', [])))} on "
        f"{' '.join(texts(s.get('Resource', [])))}"
        for s in statements(held.policies)
        for action, resource in NEVER_NEEDED
        if s["Effect"] == "Allow" and is_about(s, action, resource.format(place=place))
    }
    if found:
        yield AccountFinding(
            check=check,
            status="warn",
            text=f"{held.name} may more than it needs: {'; '.join(sorted(found))}",
            mend=f"aliyun ram ListPoliciesForRole --RoleName {held.name}\n"
            f"# detach what allows that, once {needed.policy_name} of image-import "
            "policy is attached",
        )


def _from_buckets(role: str, facts: Facts) -> Iterator[Json]:
    """Yield what the buckets' own policies allow a role."""
    sessions = role_sessions(facts.names.account_id, role)
    for bucket in (facts.image_bucket, facts.ledger_bucket):
        if not isinstance(bucket, Problem):
            yield granted(bucket.policy, sessions)
