"""An account in which everything is in order, and ways to change it."""

from dataclasses import replace
from typing import Any

from image_import_cli.doctor.account.facts import (
    AccountFinding,
    BucketFacts,
    DeployedFunction,
    DeployedTrigger,
    Facts,
    HeldRole,
    Problem,
)
from image_import_cli.doctor.account.snapshot import DRY_RUN_PASSED
from image_import_cli.doctor.checks.all import run_checks
from image_import_cli.iam.deployment import (
    CONVERTER,
    IMPORTER,
    OBJECT_CREATED,
    RUNTIME,
    TRACKER,
)
from image_import_cli.iam.roles import (
    Names,
    RoleSpec,
    ecs_role,
    function_role,
    trigger_role,
)

NAMES = Names(
    image_bucket="my-images",
    key_prefix="incoming/",
    ledger_bucket="my-ledger",
    region_id="cn-hangzhou",
    account_id="1234567890123456",
)
VARIABLES = {
    "REGION_ID": "cn-hangzhou",
    "KEY_PREFIX": "incoming/",
    "LEDGER_BUCKET": "my-ledger",
}
BUCKET = BucketFacts(
    name="my-images",
    region_id="cn-hangzhou",
    storage_class="Standard",
    acl="private",
    versioning="",
    encryption="",
    policy=None,
)
LEDGER = replace(BUCKET, name="my-ledger")
TRIGGER = DeployedTrigger(
    kind="oss", bucket="my-images", events=OBJECT_CREATED, prefix="incoming/"
)
FUNCTION = DeployedFunction(
    name="image-import-importer",
    handler=IMPORTER.handler,
    runtime=RUNTIME,
    timeout_seconds=120,
    environment=VARIABLES,
    role="acs:ram::1234567890123456:role/image-import-function",
    triggers=(TRIGGER,),
    max_retries=8,
    max_event_age_seconds=86_400,
    on_failure="acs:mns:cn-hangzhou:1234567890123456:/queues/image-import-failures/"
    "messages",
    log_project="image-import",
    log_store="functions",
    state="Active",
)
JOBS = DeployedTrigger(
    kind="oss",
    bucket="my-ledger",
    events=("oss:ObjectCreated:PutObject",),
    prefix=".image-import/jobs/",
)
TIMER = DeployedTrigger(kind="timer", schedule="@every 5m")


def held(role: RoleSpec) -> HeldRole:
    return HeldRole(name=role.name, trust=role.trust(), policies=(role.policy(),))


TRACKING = replace(
    FUNCTION, name="image-import-tracker", handler=TRACKER.handler, triggers=(TIMER,)
)
STOPPED = replace(TRACKING, triggers=(replace(TIMER, is_enabled=False),))
DAILY = replace(TRACKING, triggers=(replace(TIMER, schedule="@every 24h"),))
FINE = Facts(
    names=NAMES,
    fc_version="3.0",
    on_available="keep",
    image_bucket=BUCKET,
    ledger_bucket=LEDGER,
    skew_seconds=0.4,
    importer=FUNCTION,
    tracker=replace(
        FUNCTION,
        name="image-import-tracker",
        handler=TRACKER.handler,
        triggers=(TIMER,),
    ),
    converter=replace(
        FUNCTION,
        name="image-import-converter",
        handler=CONVERTER.handler,
        timeout_seconds=CONVERTER.timeout_seconds,
        triggers=(JOBS,),
    ),
    function_role=held(function_role(NAMES)),
    trigger_role=held(trigger_role(NAMES, fc_version="3.0")),
    ecs_role=held(ecs_role(NAMES)),
    dry_run=Problem(what="", code=DRY_RUN_PASSED),
)
NO_ROLE = Problem(
    what="there is no role X", code="EntityNotExist.Role", is_missing=True
)
DENIED = Problem(what="OSS says AccessDenied: no", code="AccessDenied")


def changed(**facts: Any) -> Facts:
    return replace(FINE, **facts)


def importer(**changes: Any) -> Facts:
    return changed(importer=replace(FUNCTION, **changes))


def trigger(**changes: Any) -> Facts:
    return importer(triggers=(replace(TRIGGER, **changes),))


def bad(facts: Facts) -> list[AccountFinding]:
    return [finding for finding in run_checks(facts) if finding.status != "ok"]
