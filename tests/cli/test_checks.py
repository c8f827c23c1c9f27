"""What is wrong with buckets, roles, keys and clocks, and what mends it."""

from dataclasses import replace

import pytest
from cli.account_in_order import (
    BUCKET,
    DENIED,
    FINE,
    FUNCTION,
    LEDGER,
    NAMES,
    NO_ROLE,
    VARIABLES,
    bad,
    changed,
    held,
    importer,
    trigger,
)
from image_import_cli.account_facts import Facts, Problem
from image_import_cli.checks import run_checks
from image_import_cli.policies import ecs_role, function_role


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


def test_keys_that_nobody_looked_at_are_not_called_good() -> None:
    silent = Problem(what="OSS does not answer (ConnectTimeout)")
    found = {f.check: f.status for f in bad(changed(image_bucket=silent))}
    assert found["credentials"] == "unknown"


@pytest.mark.parametrize("code", ["InvalidOSSObject.NotFound", "DRYRUN.SUCCESS"])
def test_a_dry_run_that_got_as_far_as_the_object_is_fine(code: str) -> None:
    assert bad(changed(dry_run=Problem(what="", code=code))) == []
