"""What must be so in an account for uploads to become images.

Each check looks at the facts and says what it found: fine, wrong with the command
that mends it, doubtful, or not to be seen from here.

Sources:
    "ImportImage", ECS API 2014-05-26: ECS reads in its own role.
    "Common request headers", OSS documentation: 15 minutes of skew at most. All read
    2026-11.
"""

from collections.abc import Iterator

from image_import.catalogue import explain

from image_import_cli.account import NO_DRY_RUN
from image_import_cli.account_facts import (
    Facts,
    Finding,
    HeldRole,
    Problem,
    Status,
    roles_in_use,
    sentences,
    untold,
)
from image_import_cli.bucket_checks import image_bucket_findings, ledger_findings
from image_import_cli.bucket_policies import granted, role_sessions
from image_import_cli.function_checks import function_findings
from image_import_cli.policies import (
    Json,
    Role,
    ecs_role,
    function_role,
    trigger_role,
)
from image_import_cli.rights import missing_rights, trusted_services
from image_import_cli.role_commands import (
    making_commands,
    mending_commands,
    trust_command,
)
from image_import_cli.trigger_checks import trigger_findings

MOST_SKEW_SECONDS = 15 * 60
DOUBTFUL_SKEW_SECONDS = 60
BAD_KEYS = {
    "InvalidAccessKeyId",
    "InvalidSecurityToken",
    "NoCredentials",
    "SecurityTokenExpired",
    "SignatureDoesNotMatch",
}
GIVE_KEYS = (
    "export ALIBABA_CLOUD_ACCESS_KEY_ID=... ALIBABA_CLOUD_ACCESS_KEY_SECRET=...\n"
    "# and ALIBABA_CLOUD_SECURITY_TOKEN=... if the key ID begins with STS."
)
NOTHING_SAID = {"", "RequestTimeTooSkewed"}
"""OSS did not answer, or looked no further than the clock."""
DRY_RUN_PASSED = {"DryRunOperation", "DRYRUN.SUCCESS"}
# Refusals that come after the caller's rights and ECS's role were looked at.
DRY_RUN_REACHED = {"InvalidOSSObject.NotFound", "InvalidOSSObject.Size"}
"""Nothing is uploaded yet, or nothing under the key that was tried."""


def run_checks(facts: Facts, *, with_fc: bool = True) -> list[Finding]:
    """Return what all checks found, in the order in which to mend.

    Args:
        with_fc: Whether Function Compute runs the imports, or a cron job.
    """
    names = facts.names
    return [
        *_credentials(facts),
        *_clock(facts),
        *image_bucket_findings(facts),
        *ledger_findings(facts),
        *_role("ECS role", ecs_role(names), facts.ecs_role, facts),
        *(_roles_of_functions(facts) if with_fc else ()),
        *_import_image(facts),
        *(function_findings(facts) if with_fc else ()),
        *(trigger_findings(facts) if with_fc else ()),
    ]


def no_keys() -> Finding:
    """Return the only finding where the environment has no keys to look with."""
    return Finding(
        check="credentials",
        status="fail",
        text="ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are not "
        "both set in this shell; without keys nothing can be looked at",
        mend=GIVE_KEYS,
    )


def _credentials(facts: Facts) -> Iterator[Finding]:
    bucket = facts.image_bucket
    if isinstance(bucket, Problem) and bucket.code in BAD_KEYS:
        yield Finding(
            check="credentials",
            status="fail",
            text=bucket.what,
            mend=GIVE_KEYS,
        )
    elif isinstance(bucket, Problem) and bucket.code in NOTHING_SAID:
        yield untold("credentials", bucket)
    else:
        yield Finding(check="credentials", status="ok", text="OSS takes the keys")


def _clock(facts: Facts) -> Iterator[Finding]:
    if facts.skew_seconds is None:
        text = "OSS did not answer, so its clock is not known"
        yield Finding(check="clock", status="unknown", text=text)
        return
    skew = abs(facts.skew_seconds)
    direction = "ahead of" if facts.skew_seconds > 0 else "behind"
    text = f"this machine is {skew:.0f} s {direction} OSS"
    if skew <= DOUBTFUL_SKEW_SECONDS:
        yield Finding(check="clock", status="ok", text=text)
        return
    status: Status = "fail" if skew > MOST_SKEW_SECONDS else "warn"
    mend = "sudo timedatectl set-ntp true"
    yield Finding(check="clock", status=status, text=text, mend=mend)


def _roles_of_functions(facts: Facts) -> Iterator[Finding]:
    names = facts.names
    if facts.fc_version == "2.0" and isinstance(facts.importer, Problem):
        what = "a stack names its roles, and the function that tells them is not seen"
        for check in ("function role", "trigger role"):
            yield untold(check, Problem(what=what))
        return
    in_use, invoking = roles_in_use(facts.importer)
    functions = function_role(names, on_available=facts.on_available)
    yield from _role(
        "function role", functions.called(in_use), facts.function_role, facts
    )
    trigger = trigger_role(names, fc_version=facts.fc_version)
    yield from _role(
        "trigger role", trigger.called(invoking), facts.trigger_role, facts
    )


def _role(
    check: str, needed: Role, held: HeldRole | Problem, facts: Facts
) -> Iterator[Finding]:
    if isinstance(held, Problem):
        if held.is_missing:
            mend = "\n".join(making_commands(needed))
            yield Finding(check=check, status="fail", text=held.what, mend=mend)
        else:
            yield untold(check, held)
        return
    wrong = False
    if needed.service not in trusted_services(held.trust):
        wrong = True
        yield Finding(
            check=check,
            status="fail",
            text=f"{held.name} does not trust {needed.service}",
            mend=trust_command(needed),
        )
    policies = [*held.policies, *_from_buckets(held.name, facts)]
    place = f"{facts.names.region_id}:{facts.names.account_id}"
    if missing := missing_rights(policies, needed.grants, place=place):
        wrong = True
        yield Finding(
            check=check,
            status="fail",
            text=f"{held.name} may not {', '.join(missing)}",
            mend="\n".join(mending_commands(needed)),
        )
    if not wrong:
        text = f"{held.name} may do what it needs"
        yield Finding(check=check, status="ok", text=text)


def _from_buckets(role: str, facts: Facts) -> Iterator[Json]:
    """Yield what the buckets' own policies allow a role."""
    sessions = role_sessions(facts.names.account_id, role)
    for bucket in (facts.image_bucket, facts.ledger_bucket):
        if not isinstance(bucket, Problem):
            yield granted(bucket.policy, sessions)


def _import_image(facts: Facts) -> Iterator[Finding]:
    check, answer = "ImportImage", facts.dry_run
    if not answer.code:
        yield untold(check, answer)
    elif answer.code in DRY_RUN_PASSED:
        yield Finding(check=check, status="ok", text="a dry run passed")
    elif answer.code == NO_DRY_RUN:
        yield Finding(check=check, status="fail", text=answer.what, mend=answer.mend)
    elif answer.code == "InvalidOSSObject.NotFound" and facts.object_key:
        place = f"oss://{facts.names.image_bucket}/{facts.object_key}"
        yield Finding(
            check=check,
            status="fail",
            text=f"it can be called, but ECS finds no {place}",
            mend="Name an image that is there with --object, or none.",
            is_in_words=True,
        )
    elif answer.code in DRY_RUN_REACHED:
        text = "it can be called; there is no image yet to try it with"
        yield Finding(check=check, status="ok", text=text)
    else:
        explained = explain("ECS", answer.code, answer.http_status)
        yield Finding(
            check=check,
            status="fail",
            text=sentences(answer.what, explained.cause),
            mend=explained.fix,
            is_in_words=True,
        )
