"""What must be so in an account for uploads to become images.

Each check looks at the facts and says what it found: fine, wrong with the command
that mends it, doubtful, or not to be seen from here.

Sources:
    "ImportImage", ECS API 2014-05-26: ECS reads in its own role.
    "Common request headers", OSS documentation: 15 minutes of skew at most. All read
    2026-11.
"""

from collections.abc import Iterator

from image_import.aliyun.error_catalogue import explain

from image_import_cli.doctor.account.facts import (
    AccountFinding,
    Facts,
    Problem,
    Status,
    sentences,
    untold,
)
from image_import_cli.doctor.account.snapshot import DRY_RUN_PASSED, NO_DRY_RUN
from image_import_cli.doctor.checks.buckets import (
    image_bucket_findings,
    ledger_findings,
)
from image_import_cli.doctor.checks.functions import function_findings
from image_import_cli.doctor.checks.roles import (
    ecs_role_findings,
    function_role_findings,
)
from image_import_cli.doctor.checks.triggers import trigger_findings

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
# Refusals that come after the caller's rights and ECS's role were looked at.
DRY_RUN_REACHED = {"InvalidOSSObject.NotFound", "InvalidOSSObject.Size"}
"""Nothing is uploaded yet, or nothing under the key that was tried."""


def run_checks(facts: Facts, *, with_fc: bool = True) -> list[AccountFinding]:
    """Return what all checks found, in the order in which to mend.

    Args:
        with_fc: Whether Function Compute runs the imports, or a cron job.
    """
    return [
        *_credentials(facts),
        *_clock(facts),
        *image_bucket_findings(facts),
        *ledger_findings(facts),
        *ecs_role_findings(facts),
        *(function_role_findings(facts) if with_fc else ()),
        *_import_image(facts),
        *(function_findings(facts) if with_fc else ()),
        *(trigger_findings(facts) if with_fc else ()),
    ]


def no_keys(why: str) -> AccountFinding:
    """Return the only finding where there are no credentials to look with."""
    return AccountFinding(
        check="credentials",
        status="fail",
        text=f"{why}; without credentials nothing can be looked at",
        mend=GIVE_KEYS,
    )


def _credentials(facts: Facts) -> Iterator[AccountFinding]:
    bucket = facts.image_bucket
    if isinstance(bucket, Problem) and bucket.code in BAD_KEYS:
        yield AccountFinding(
            check="credentials",
            status="fail",
            text=bucket.what,
            mend=GIVE_KEYS,
        )
    elif isinstance(bucket, Problem) and (
        bucket.code in NOTHING_SAID or bucket.is_of_other_region
    ):
        yield untold("credentials", bucket)
    else:
        yield AccountFinding(
            check="credentials", status="ok", text="OSS takes the keys"
        )


def _clock(facts: Facts) -> Iterator[AccountFinding]:
    if facts.skew_seconds is None:
        text = "OSS did not answer, so its clock is not known"
        yield AccountFinding(check="clock", status="unknown", text=text)
        return
    skew = abs(facts.skew_seconds)
    direction = "ahead of" if facts.skew_seconds > 0 else "behind"
    text = f"this machine is {skew:.0f} s {direction} OSS"
    if skew <= DOUBTFUL_SKEW_SECONDS:
        yield AccountFinding(check="clock", status="ok", text=text)
        return
    status: Status = "fail" if skew > MOST_SKEW_SECONDS else "warn"
    mend = "sudo timedatectl set-ntp true"
    yield AccountFinding(check="clock", status=status, text=text, mend=mend)


def _import_image(facts: Facts) -> Iterator[AccountFinding]:
    check, answer = "ImportImage", facts.dry_run
    if not answer.code:
        yield untold(check, answer)
    elif answer.code == DRY_RUN_PASSED:
        yield AccountFinding(check=check, status="ok", text="a dry run passed")
    elif answer.code == NO_DRY_RUN:
        yield AccountFinding(
            check=check, status="fail", text=answer.what, mend=answer.mend
        )
    elif answer.code == "InvalidOSSObject.NotFound" and facts.object_key:
        place = f"oss://{facts.names.image_bucket}/{facts.object_key}"
        yield AccountFinding(
            check=check,
            status="fail",
            text=f"it can be called, but ECS finds no {place}",
            mend="Name an image that is there with --object, or none.",
            is_in_words=True,
        )
    elif answer.code in DRY_RUN_REACHED:
        text = "it can be called; there is no image yet to try it with"
        yield AccountFinding(check=check, status="ok", text=text)
    else:
        explained = explain("ECS", answer.code, answer.http_status)
        yield AccountFinding(
            check=check,
            status="fail",
            text=sentences(answer.what, explained.cause),
            mend=explained.fix,
            is_in_words=True,
        )
