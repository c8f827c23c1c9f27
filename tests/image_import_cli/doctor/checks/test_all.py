"""What is wrong with buckets, roles, keys and clocks, and what mends it."""

import shlex
from dataclasses import replace
from itertools import pairwise

import pytest
from account_in_order import (
    BUCKET,
    DENIED,
    FINE,
    LEDGER,
    NAMES,
    NO_ROLE,
    TRIGGER,
    bad,
    changed,
    held,
    importer,
)
from faulty_accounts import DOUBTS, ELSEWHERE, FAILURES, SAME_BUCKET, with_policy
from image_import_cli.doctor.account.facts import Facts, HeldRole, Problem
from image_import_cli.doctor.account.snapshot import DRY_RUN_PASSED
from image_import_cli.doctor.checks.all import run_checks
from image_import_cli.iam.roles import function_role


def test_an_account_in_order_has_nothing_to_mend() -> None:
    findings = run_checks(FINE)
    assert {finding.status for finding in findings} == {"ok"}
    assert {finding.mend for finding in findings} == {""}


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
