"""What is wrong with buckets, roles, keys and clocks, and what mends it."""

import shlex
from dataclasses import replace
from itertools import pairwise

import pytest
from cli.account_in_order import (
    BUCKET,
    DAILY,
    DENIED,
    FINE,
    FUNCTION,
    LEDGER,
    NAMES,
    NO_ROLE,
    TRACKING,
    TRIGGER,
    VARIABLES,
    bad,
    changed,
    held,
    importer,
    trigger,
)
from image_import_cli.doctor.account.facts import Facts, HeldRole, Problem
from image_import_cli.doctor.account.snapshot import DRY_RUN_PASSED
from image_import_cli.doctor.checks.all import run_checks
from image_import_cli.iam.roles import ecs_role, function_role


def test_an_account_in_order_has_nothing_to_mend() -> None:
    findings = run_checks(FINE)
    assert {finding.status for finding in findings} == {"ok"}
    assert {finding.mend for finding in findings} == {""}


ELSEWHERE = Problem(
    what="OSS at X is not in cn-hangzhou",
    code="InvalidArgument",
    is_of_other_region=True,
    mend="unset OSS_ENDPOINT",
)
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
        "or deploy to cn-shanghai",
    ),
    "an endpoint elsewhere": (
        changed(image_bucket=ELSEWHERE, ledger_bucket=ELSEWHERE),
        "image bucket's region",
        "not in cn-hangzhou",
        "unset OSS_ENDPOINT",
    ),
    "an endpoint of the ledger elsewhere": (
        changed(ledger_bucket=ELSEWHERE),
        "ledger's region",
        "not in cn-hangzhou",
        "unset OSS_ENDPOINT",
    ),
    "an encrypted bucket": (
        changed(image_bucket=replace(BUCKET, encryption="KMS")),
        "encryption",
        "encrypts with KMS; ImportImage refuses it",
        "aliyun oss bucket-encryption --method delete oss://my-images",
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
        "aliyun oss set-acl oss://my-ledger private -b",
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
                            "Principal": ["20214760404935"],
                            "Resource": "acs:oss:*:*:my-ledger/*",
                        }
                    ]
                },
            )
        ),
        "ledger's writers",
        "lets others write to the ledger: statement 1, Principal 20214760404935",
        "aliyun oss bucket-policy --method get oss://my-ledger policy.json",
    ),
    "an archived ledger": (
        changed(ledger_bucket=replace(LEDGER, storage_class="Archive")),
        "ledger's storage class",
        "a ledger that must be restored",
        "aliyun oss mb oss://my-ledger-standard --storage-class Standard",
    ),
    "a dry run that imports": (
        changed(dry_run=Problem(what="it imports", code="NoDryRun", mend="cancel")),
        "ImportImage",
        "it imports",
        "cancel",
    ),
    "a dry run of an image that is not there": (
        changed(
            object_key="incoming/none.qcow2",
            dry_run=Problem(what="", code="InvalidOSSObject.NotFound"),
        ),
        "ImportImage",
        "ECS finds no oss://my-images/incoming/none.qcow2",
        "with --object",
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
        "aliyun ram CreatePolicy --PolicyName image-import-ecs-my-images",
    ),
    "a function that deletes what it may not": (
        importer(environment={**VARIABLES, "ON_AVAILABLE": "delete"}),
        "function role",
        "may not oss:DeleteObject on acs:oss:*:*:my-images/incoming/*",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "a tracker that tags what it may not": (
        changed(
            tracker=replace(TRACKING, environment={**VARIABLES, "ON_AVAILABLE": "tag"})
        ),
        "function role",
        "may not oss:GetObjectTagging on acs:oss:*:*:my-images/incoming/*",
        "aliyun ram CreatePolicy --PolicyName image-import-function",
    ),
    "an ECS role of another name": (
        changed(
            importer=replace(
                FUNCTION, environment={**VARIABLES, "ROLE_NAME": "my-reader"}
            ),
            ecs_role=NO_ROLE,
            ecs_role_name="my-reader",
        ),
        "ECS role",
        "there is no role X",
        "aliyun ram CreateRole --RoleName my-reader",
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


OF_A_STACK = importer(
    role="acs:ram::1234567890123456:role/image-import-function-images",
    triggers=(replace(TRIGGER, role="acs:ram::1:role/image-import-trigger-images"),),
)


@pytest.mark.parametrize(
    ("check", "role"),
    [
        ("function role", "image-import-function-images"),
        ("trigger role", "image-import-trigger-images"),
    ],
)
def test_a_stacks_role_is_mended_by_the_name_that_it_has_there(
    check: str, role: str
) -> None:
    stranger = HeldRole(name=role, trust={"Statement": []}, policies=())
    for found in (stranger, NO_ROLE):
        facts = replace(OF_A_STACK, function_role=found, trigger_role=found)
        mends = [f.mend for f in bad(facts) if f.check == check]
        roles = [
            after
            for mend in mends
            for word, after in pairwise(shlex.split(mend, comments=True))
            if word == "--RoleName"
        ]
        assert len(roles) == 2
        assert set(roles) == {role}


def test_rights_that_a_policy_lacks_are_added_to_it_if_it_is_there() -> None:
    lacking = replace(held(function_role(NAMES)), policies=())
    (finding,) = bad(changed(function_role=lacking))
    create, version, attach = finding.mend.splitlines()
    assert create.endswith(" ||")
    assert version.startswith(
        "  aliyun ram CreatePolicyVersion --PolicyName image-import-function-my-images "
    )
    assert attach.startswith("aliyun ram AttachPolicyToRole")


def test_what_a_bucket_elsewhere_does_not_show_is_not_called_fine() -> None:
    blank = replace(
        BUCKET,
        region_id="cn-shanghai",
        storage_class="",
        acl="",
        is_described=False,
    )
    facts = changed(image_bucket=blank, ledger_bucket=replace(blank, name="my-ledger"))
    statuses = {f.check: f.status for f in run_checks(facts)}
    for check in ("encryption", "storage class", "versioning", "ledger's writers"):
        assert statuses[check] == "unknown"
    assert statuses["image bucket's region"] == statuses["ledger's region"] == "fail"


def with_policy(role: HeldRole | Problem, action: str, resource: str) -> HeldRole:
    assert isinstance(role, HeldRole)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = {"Version": "1", "Statement": [statement]}
    return replace(role, policies=(*role.policies, document))


def test_ecs_s_role_may_read_any_bucket_as_that_of_alibaba_cloud_may() -> None:
    role = with_policy(FINE.ecs_role, "oss:GetObject", "*")
    assert bad(changed(ecs_role=role)) == []


def test_rights_under_a_condition_are_not_called_held() -> None:
    document = function_role(NAMES).policy()
    for statement in document["Statement"]:
        where = {"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}
        statement["Condition"] = {**statement.get("Condition", {}), **where}
    role = replace(held(function_role(NAMES)), policies=(document,))
    (finding,) = bad(changed(function_role=role))
    assert (finding.check, finding.status) == ("function role", "unknown")
    assert "under a condition on acs:SourceIp, which cannot be tried" in finding.text


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
        "can be told only of those named with --uploader",
    ),
    "failed events that are lost": (
        importer(on_failure=""),
        "importer",
        "they would be lost",
    ),
    "events that are not tried again": (
        importer(max_retries=0),
        "importer",
        "maxAsyncRetryAttempts of image-import-importer is 0, not 8",
    ),
    "events that are soon too old": (
        importer(max_event_age_seconds=60),
        "importer",
        "maxAsyncEventAgeInSeconds of image-import-importer is 60, not 86400",
    ),
    "retries that are left to a default": (
        importer(max_retries=None),
        "importer",
        "maxAsyncRetryAttempts of image-import-importer is not set",
    ),
    "a function that only plans": (
        importer(environment={**VARIABLES, "DRY_RUN": "true"}),
        "importer",
        "has DRY_RUN=true: it plans, and never imports anything",
    ),
    "a function role that may do anything": (
        changed(function_role=with_policy(FINE.function_role, "*", "*")),
        "function role",
        "image-import-function may more than it needs: * on *",
    ),
    "an ECS role that may write anywhere": (
        changed(
            ecs_role=with_policy(FINE.ecs_role, "oss:*", "acs:oss:*:1234567890123456:*")
        ),
        "ECS role",
        "may more than it needs: oss:* on acs:oss:*:1234567890123456:*",
    ),
    "no log": (importer(log_project=""), "importer", "keeps no log"),
    "another log": (
        importer(log_store="others"),
        "importer",
        "logs to image-import/others, and doctor was given --log-project image-import",
    ),
    "a time-out that is too short": (
        importer(timeout_seconds=3),
        "importer",
        "the time-out of image-import-importer is 3 s",
    ),
    "a trigger on the whole bucket": (
        trigger(prefix=""),
        "trigger",
        "fires for '', and only 'incoming/' is imported",
    ),
    "a timer that runs once a day": (
        changed(tracker=DAILY),
        "timer",
        "the timer runs at '@every 24h', not in every hour",
    ),
    "a tracker with a role of its own": (
        changed(tracker=replace(TRACKING, role="acs:ram::1:role/another")),
        "tracker",
        "image-import-tracker has the role acs:ram::1:role/another; it is acs:ram::",
    ),
    "a suffix": (trigger(suffix=".qcow2"), "trigger", "sidecars"),
}


@pytest.mark.parametrize(("facts", "check", "text"), DOUBTS.values(), ids=DOUBTS)
def test_a_doubt_is_no_failure(facts: Facts, check: str, text: str) -> None:
    finding = next(f for f in bad(facts) if f.check == check)
    assert finding.status == "warn"
    assert text in finding.text
    assert finding.mend


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
    assert finding.status == "unknown"
    assert finding.is_in_words or not finding.mend


def test_keys_that_nobody_looked_at_are_not_called_good() -> None:
    silent = Problem(what="OSS does not answer (ConnectTimeout)")
    for problem in (silent, ELSEWHERE):
        found = {f.check: f.status for f in bad(changed(image_bucket=problem))}
        assert found["credentials"] == "unknown"


@pytest.mark.parametrize("code", ["InvalidOSSObject.NotFound", DRY_RUN_PASSED])
def test_a_dry_run_that_got_as_far_as_the_object_is_fine(code: str) -> None:
    assert bad(changed(dry_run=Problem(what="", code=code))) == []
