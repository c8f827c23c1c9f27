from dataclasses import replace
from typing import Any

import pytest
from image_import_cli.account_facts import (
    Bucket,
    DeployedFunction,
    DeployedTrigger,
    Facts,
    Finding,
    HeldRole,
    Problem,
)
from image_import_cli.checks import run_checks
from image_import_cli.deployment import IMPORTER, OBJECT_CREATED, TRACKER
from image_import_cli.policies import (
    Names,
    Role,
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
BUCKET = Bucket(
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
    timeout_seconds=120,
    environment=VARIABLES,
    role="acs:ram::1234567890123456:role/image-import-function",
    triggers=(TRIGGER,),
    max_retries=8,
    on_failure="acs:mns:cn-hangzhou:1234567890123456:/queues/q/messages",
)
TIMER = DeployedTrigger(kind="timer")


def held(role: Role) -> HeldRole:
    return HeldRole(name=role.name, trust=role.trust(), policies=(role.policy(),))


TRACKING = replace(
    FUNCTION, name="image-import-tracker", handler=TRACKER.handler, triggers=(TIMER,)
)
STOPPED = replace(TRACKING, triggers=(replace(TIMER, is_enabled=False),))
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
    function_role=held(function_role(NAMES)),
    trigger_role=held(trigger_role(NAMES, fc_version="3.0")),
    ecs_role=held(ecs_role(NAMES)),
    dry_run=Problem(what="", code="DryRunOperation"),
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


def bad(facts: Facts) -> list[Finding]:
    return [finding for finding in run_checks(facts) if finding.status != "ok"]


def test_an_account_in_order_has_nothing_to_mend() -> None:
    findings = run_checks(FINE)
    assert {finding.status for finding in findings} == {"ok"}
    assert {finding.mend for finding in findings} == {""}


FAILURES: dict[str, tuple[Facts, str, str, str]] = {
    "no keys": (
        changed(image_bucket=Problem(what="bad", code="InvalidAccessKeyId")),
        "credentials",
        "bad",
        "export ALIBABA_CLOUD_ACCESS_KEY_ID",
    ),
    "a clock that is off": (
        changed(skew_seconds=1000.0),
        "clock",
        "1000 s ahead of OSS",
        "timedatectl",
    ),
    "no image bucket": (
        changed(image_bucket=Problem(what="no", code="NoSuchBucket", is_missing=True)),
        "image bucket",
        "there is no bucket my-images",
        "aliyun oss mb oss://my-images --region cn-hangzhou",
    ),
    "an image bucket elsewhere": (
        changed(image_bucket=replace(BUCKET, region_id="cn-shanghai")),
        "image bucket's region",
        "my-images is in cn-shanghai, the function in cn-hangzhou",
        "deploy to cn-shanghai",
    ),
    "an encrypted bucket": (
        changed(image_bucket=replace(BUCKET, encryption="KMS")),
        "encryption",
        "encrypts with KMS; ImportImage refuses it",
        "ossutil bucket-encryption --method delete oss://my-images",
    ),
    "an archive": (
        changed(image_bucket=replace(BUCKET, storage_class="ColdArchive")),
        "storage class",
        "restored",
        "--storage-class Standard",
    ),
    "no ledger bucket": (
        changed(ledger_bucket=Problem(what="no", code="NoSuchBucket", is_missing=True)),
        "ledger bucket",
        "there is no bucket my-ledger",
        "aliyun oss mb oss://my-ledger",
    ),
    "a ledger for everybody": (
        changed(ledger_bucket=replace(LEDGER, acl="public-read-write")),
        "ledger's writers",
        "anybody may write to my-ledger",
        "ossutil set-acl oss://my-ledger private -b",
    ),
    "a ledger that its bucket's policy opens": (
        changed(
            ledger_bucket=replace(
                LEDGER,
                policy={
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "oss:*",
                            "Resource": "acs:oss:*:*:my-ledger/*",
                        }
                    ]
                },
            )
        ),
        "ledger's writers",
        "lets others write",
        "ossutil bucket-policy --method delete oss://my-ledger",
    ),
    "no function role": (
        changed(function_role=NO_ROLE),
        "function role",
        "there is no role X",
        "aliyun ram CreateRole --RoleName image-import-function",
    ),
    "a function role with too little": (
        changed(function_role=replace(held(function_role(NAMES)), policies=())),
        "function role",
        "may not oss:GetObject on acs:oss:*:*:my-images/incoming/*",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "a trigger role for somebody else": (
        changed(trigger_role=held(function_role(NAMES))),
        "trigger role",
        "does not trust oss.aliyuncs.com",
        "aliyun ram UpdateRole --RoleName image-import-trigger",
    ),
    "no ECS role": (
        changed(ecs_role=NO_ROLE),
        "ECS role",
        "there is no role X",
        "aliyun ram CreateRole --RoleName AliyunECSImageImportDefaultRole",
    ),
    "an ECS role for other images": (
        changed(
            ecs_role=held(ecs_role(replace(NAMES, image_bucket="others"))),
        ),
        "ECS role",
        "may not oss:GetObject on acs:oss:*:*:my-images/incoming/*",
        "AliyunECSImageImportDefaultRolePolicy",
    ),
    "ImportImage that is refused": (
        changed(
            dry_run=Problem(
                what="NoSetRoletoECSServiceAcount", code="NoSetRoletoECSServiceAcount"
            )
        ),
        "ImportImage",
        "NoSetRoletoECSServiceAcount",
        "AliyunECSImageImportDefaultRole",
    ),
    "no importer": (
        changed(importer=Problem(what="there is none", is_missing=True)),
        "importer",
        "there is none",
        "s deploy",
    ),
    "another handler": (
        importer(handler="index.handler"),
        "importer",
        "runs index.handler, not image_import.handler.on_object_created",
        "s deploy",
    ),
    "a setting that stops the function": (
        importer(environment={**VARIABLES, "SIDECAR": "maybe"}),
        "importer",
        "SIDECAR",
        "s deploy",
    ),
    "a lease that is too short": (
        importer(timeout_seconds=300),
        "importer",
        "a claim must outlive its invocation",
        "LEASE_SECONDS=360",
    ),
    "another ledger": (
        importer(environment={**VARIABLES, "LEDGER_BUCKET": "old-ledger"}),
        "importer",
        "LEDGER_BUCKET is 'old-ledger' there and 'my-ledger' here",
        "s deploy",
    ),
    "no trigger": (importer(triggers=()), "trigger", "no OSS trigger", "s deploy"),
    "a trigger on another bucket": (
        trigger(bucket="other"),
        "trigger",
        "no OSS trigger on the image bucket",
        "s deploy",
    ),
    "a wildcard event": (
        trigger(events=("oss:ObjectCreated:*",)),
        "trigger",
        "each part of an upload",
        "s deploy",
    ),
    "no large uploads": (
        trigger(events=OBJECT_CREATED[:3]),
        "trigger",
        "does not fire for oss:ObjectCreated:CompleteMultipartUpload",
        "s deploy",
    ),
    "another prefix": (
        trigger(prefix="images/"),
        "trigger",
        "fires for 'images/' and not for 'incoming/'",
        "s deploy",
    ),
    "a timer that is off": (
        changed(tracker=STOPPED),
        "timer",
        "nobody follows imports",
        "s deploy",
    ),
}


@pytest.mark.parametrize(
    ("facts", "check", "text", "mend"), FAILURES.values(), ids=FAILURES
)
def test_a_fault_is_named_with_the_command_that_mends_it(
    facts: Facts, check: str, text: str, mend: str
) -> None:
    finding = next(f for f in bad(facts) if f.check == check)
    assert finding.status == "fail"
    assert text in finding.text
    assert mend in finding.mend


SAME_BUCKET = replace(NAMES, ledger_bucket="my-images")
DOUBTS: dict[str, tuple[Facts, str, str]] = {
    "a clock that is a little off": (
        changed(skew_seconds=-90.0),
        "clock",
        "90 s behind",
    ),
    "a ledger where uploads go": (
        changed(
            names=SAME_BUCKET,
            ledger_bucket=BUCKET,
            function_role=held(function_role(SAME_BUCKET)),
            importer=replace(
                FUNCTION, environment={**VARIABLES, "LEDGER_BUCKET": "my-images"}
            ),
            tracker=Problem(what="not asked"),
        ),
        "ledger's writers",
        "nothing in the bucket's policy keeps uploaders away",
    ),
    "failed events that are lost": (
        importer(on_failure=""),
        "importer",
        "they would be lost",
    ),
    "a suffix": (trigger(suffix=".qcow2"), "trigger", "sidecars"),
}


@pytest.mark.parametrize(("facts", "check", "text"), DOUBTS.values(), ids=DOUBTS)
def test_a_doubt_is_no_failure(facts: Facts, check: str, text: str) -> None:
    finding = next(f for f in bad(facts) if f.check == check)
    assert finding.status == "warn"
    assert text in finding.text
    assert finding.mend


def test_a_ledger_where_uploads_go_is_fine_behind_a_deny() -> None:
    ledger = "acs:oss:*:*:my-images/.image-import/*"
    deny = {"Effect": "Deny", "Action": ["oss:PutObject"], "Resource": [ledger]}
    shut = replace(BUCKET, policy={"Statement": [deny]})
    facts, *_ = DOUBTS["a ledger where uploads go"]
    checks = {f.check for f in bad(replace(facts, ledger_bucket=shut))}
    assert "ledger's writers" not in checks


def test_a_trigger_on_the_ledger_runs_without_end() -> None:
    names = replace(SAME_BUCKET, ledger_prefix="incoming/.image-import/")
    facts = changed(names=names, ledger_bucket=BUCKET)
    texts = [f.text for f in bad(facts) if f.check == "trigger"]
    assert texts == ["fires for what the function writes to its ledger: without end"]


@pytest.mark.parametrize(
    ("facts", "check"),
    [
        (changed(image_bucket=DENIED), "image bucket"),
        (changed(ledger_bucket=DENIED), "ledger bucket"),
        (changed(ledger_bucket=replace(LEDGER, unseen="no")), "ledger's writers"),
        (changed(skew_seconds=None), "clock"),
        (changed(ecs_role=Problem(what="RAM says Forbidden")), "ECS role"),
        (changed(importer=Problem(what="FC does not answer")), "importer"),
        (changed(dry_run=Problem(what="not on Apsara Stack")), "ImportImage"),
    ],
    ids=[
        "image bucket",
        "ledger bucket",
        "writers",
        "clock",
        "role",
        "function",
        "dry run",
    ],
)
def test_what_cannot_be_seen_is_neither_fine_nor_failed(
    facts: Facts, check: str
) -> None:
    (finding,) = (f for f in bad(facts) if f.check == check)
    assert (finding.status, finding.mend) == ("unknown", "")


@pytest.mark.parametrize("code", ["InvalidOSSObject.NotFound", "DRYRUN.SUCCESS"])
def test_a_dry_run_that_got_as_far_as_the_object_is_fine(code: str) -> None:
    assert bad(changed(dry_run=Problem(what="", code=code))) == []
