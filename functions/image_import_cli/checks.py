"""What must be so in an account for uploads to become images.

Each check looks at the facts and says what it found: fine, wrong with the command
that mends it, doubtful, or not to be seen from here.

Sources:
    "ImportImage", ECS API 2014-05-26: encrypted buckets and archived objects are
    refused, bucket and image are in one region, ECS reads in its own role.
    "Common request headers", OSS documentation: 15 minutes of skew at most. All read
    2026-11.
"""

from collections.abc import Iterator

from image_import.catalogue import explain

from image_import_cli.account_facts import (
    Bucket,
    Facts,
    Finding,
    HeldRole,
    Problem,
    Status,
)
from image_import_cli.function_checks import function_findings, trigger_findings
from image_import_cli.policies import (
    Role,
    ecs_role,
    function_role,
    objects,
    trigger_role,
)
from image_import_cli.rights import (
    is_shut,
    missing_rights,
    trusted_services,
    writers,
)
from image_import_cli.role_commands import (
    policy_commands,
    role_commands,
    trust_command,
)

MOST_SKEW_SECONDS = 15 * 60
DOUBTFUL_SKEW_SECONDS = 60
ARCHIVES = {"Archive", "ColdArchive", "DeepColdArchive"}
BAD_KEYS = {
    "InvalidAccessKeyId",
    "InvalidSecurityToken",
    "NoCredentials",
    "SecurityTokenExpired",
    "SignatureDoesNotMatch",
}
DRY_RUN_PASSED = {"DryRunOperation", "DRYRUN.SUCCESS"}
# Refusals that come after the caller's rights and ECS's role were looked at.
DRY_RUN_REACHED = {"InvalidOSSObject.NotFound", "InvalidOSSObject.Size"}
"""Nothing is uploaded yet, or nothing under the key that was tried."""


def run_checks(facts: Facts) -> list[Finding]:
    """Return what all checks found, in the order in which to mend."""
    return [
        *_credentials(facts),
        *_clock(facts),
        *_image_bucket(facts),
        *_ledger(facts),
        *_roles(facts),
        *_import_image(facts),
        *function_findings(facts),
        *trigger_findings(facts),
    ]


def _credentials(facts: Facts) -> Iterator[Finding]:
    bucket = facts.image_bucket
    if isinstance(bucket, Problem) and bucket.code in BAD_KEYS:
        yield Finding(
            check="credentials",
            status="fail",
            text=bucket.what,
            mend="export ALIBABA_CLOUD_ACCESS_KEY_ID=... "
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET=... (and ALIBABA_CLOUD_SECURITY_TOKEN)",
        )
    elif isinstance(bucket, Problem) and not bucket.code:
        yield Finding(check="credentials", status="unknown", text=bucket.what)
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


def _image_bucket(facts: Facts) -> Iterator[Finding]:
    name, bucket = facts.names.image_bucket, facts.image_bucket
    if isinstance(bucket, Problem):
        yield _no_bucket("image bucket", name, bucket, facts.names.region_id)
        return
    yield Finding(check="image bucket", status="ok", text=f"{name} exists")
    yield _region("image bucket's region", bucket, facts)
    if bucket.encryption:
        yield Finding(
            check="encryption",
            status="fail",
            text=f"{name} encrypts with {bucket.encryption}; ImportImage refuses it",
            mend=f"ossutil bucket-encryption --method delete oss://{name}",
        )
    else:
        yield Finding(check="encryption", status="ok", text="not encrypted by OSS")
    if bucket.storage_class in ARCHIVES:
        yield Finding(
            check="storage class",
            status="fail",
            text=f"{name} is {bucket.storage_class}: each image would have to be "
            "restored before ECS can read it",
            mend=f"ossutil mb oss://{name}-standard --storage-class Standard",
        )
    else:
        yield Finding(check="storage class", status="ok", text=bucket.storage_class)
    yield Finding(
        check="versioning",
        status="ok",
        text=f"{bucket.versioning or 'off'}; the ledger works with any",
    )


def _region(check: str, bucket: Bucket, facts: Facts) -> Finding:
    wanted = facts.names.region_id
    if bucket.region_id == wanted:
        return Finding(check=check, status="ok", text=wanted)
    return Finding(
        check=check,
        status="fail",
        text=f"{bucket.name} is in {bucket.region_id}, the function in {wanted}; "
        "bucket, function and image are in one region",
        mend=f"deploy to {bucket.region_id}: image-import doctor --region "
        f"{bucket.region_id} ...",
    )


def _no_bucket(check: str, name: str, problem: Problem, region_id: str) -> Finding:
    if not problem.is_missing:
        return Finding(check=check, status="unknown", text=problem.what)
    return Finding(
        check=check,
        status="fail",
        text=f"there is no bucket {name}",
        mend=f"aliyun oss mb oss://{name} --region {region_id}",
    )


def _ledger(facts: Facts) -> Iterator[Finding]:
    names, bucket = facts.names, facts.ledger_bucket
    if isinstance(bucket, Problem):
        yield _no_bucket("ledger bucket", names.ledger_bucket, bucket, names.region_id)
        return
    yield _region("ledger's region", bucket, facts)
    check, ledger = "ledger's writers", objects(bucket.name, names.ledger_prefix)
    separate = f"LEDGER_BUCKET={names.image_bucket}-ledger, and deploy again"
    if bucket.acl == "public-read-write":
        yield Finding(
            check=check,
            status="fail",
            text=f"anybody may write to {bucket.name}",
            mend=f"ossutil set-acl oss://{bucket.name} private -b",
        )
    elif bucket.unseen:
        yield Finding(check=check, status="unknown", text=bucket.unseen)
    elif bucket.policy and writers(bucket.policy, ledger):
        yield Finding(
            check=check,
            status="fail",
            text=f"the policy of {bucket.name} lets others write to the ledger",
            mend=f"ossutil bucket-policy --method delete oss://{bucket.name}",
        )
    elif bucket.name == names.image_bucket and not is_shut(bucket.policy, ledger):
        yield Finding(
            check=check,
            status="warn",
            text="the ledger is in the bucket that is uploaded to, and nothing in the "
            "bucket's policy keeps uploaders away from it",
            mend=separate,
        )
    else:
        yield Finding(check=check, status="ok", text="only those whom RAM allows")


def _roles(facts: Facts) -> Iterator[Finding]:
    names = facts.names
    functions = function_role(names, on_available=facts.on_available)
    yield from _role("function role", functions, facts.function_role)
    trigger = trigger_role(names, fc_version=facts.fc_version)
    yield from _role("trigger role", trigger, facts.trigger_role)
    yield from _role("ECS role", ecs_role(names), facts.ecs_role)


def _role(check: str, needed: Role, held: HeldRole | Problem) -> Iterator[Finding]:
    if isinstance(held, Problem):
        status: Status = "fail" if held.is_missing else "unknown"
        mend = "\n".join(role_commands(needed)) if held.is_missing else ""
        yield Finding(check=check, status=status, text=held.what, mend=mend)
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
    if missing := missing_rights(held.policies, needed.grants):
        wrong = True
        yield Finding(
            check=check,
            status="fail",
            text=f"{held.name} may not {', '.join(missing)}",
            mend="\n".join(policy_commands(needed)),
        )
    if not wrong:
        text = f"{held.name} may do what it needs"
        yield Finding(check=check, status="ok", text=text)


def _import_image(facts: Facts) -> Iterator[Finding]:
    check, answer = "ImportImage", facts.dry_run
    if not answer.code:
        yield Finding(check=check, status="unknown", text=answer.what)
    elif answer.code in DRY_RUN_PASSED:
        yield Finding(check=check, status="ok", text="a dry run passed")
    elif answer.code in DRY_RUN_REACHED:
        text = "it can be called; there is no image yet to try it with"
        yield Finding(check=check, status="ok", text=text)
    else:
        explained = explain("ECS", answer.code)
        text = f"{answer.what}; {explained.cause}"
        yield Finding(check=check, status="fail", text=text, mend=explained.fix)
