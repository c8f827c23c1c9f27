"""Whom the buckets' own policies let write, and whom they keep away."""

import json
from dataclasses import replace
from typing import Any

import pytest
from account_in_order import (
    BUCKET,
    FUNCTION,
    LEDGER,
    NAMES,
    VARIABLES,
    bad,
    changed,
    held,
)
from image_import_cli.doctor.account.facts import AccountFinding, Facts, Problem
from image_import_cli.iam.roles import function_role

ACCOUNT = "1234567890123456"
ANN, BOB = "20214760404935", "20214760404936"
FUNCTION_SESSIONS = f"arn:sts::{ACCOUNT}:assumed-role/image-import-function/*"
LEDGER_OBJECTS = "acs:oss:*:*:my-ledger/.image-import/*"
CONDITION = {"StringEquals": {"acs:SourceVpc": ["vpc-1"]}}
POLICY = (
    "aliyun oss bucket-policy --method {} oss://my-ledger policy.json "
    "--region cn-hangzhou"
)


def statement(effect: str, *principals: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "Effect": effect,
        "Action": ["oss:PutObject"],
        "Principal": list(principals),
        "Resource": [LEDGER_OBJECTS],
    }
    return {**plain, **changes}


def apart(*statements: dict[str, Any]) -> Facts:
    """Return an account in order whose ledger's bucket has a policy."""
    policy = {"Version": "1", "Statement": list(statements)}
    return changed(ledger_bucket=replace(LEDGER, policy=policy))


def findings(facts: Facts) -> dict[str, AccountFinding]:
    return {finding.check: finding for finding in bad(facts)}


OPEN = {
    "to a user": statement("Allow", ANN),
    "to everybody": statement("Allow", "*"),
    "to nobody named, which is everybody": statement("Allow"),
    "to another role": statement("Allow", f"arn:sts::{ACCOUNT}:assumed-role/r/*"),
    "to all roles": statement("Allow", "arn:sts::*:*/*/*"),
    "to that role of another account": statement(
        "Allow", "arn:sts::99:assumed-role/image-import-function/*"
    ),
    "to ours and another": statement("Allow", FUNCTION_SESSIONS, ANN),
    "with the account named": statement(
        "Allow", ANN, Resource=f"acs:oss:*:{ACCOUNT}:my-ledger/*"
    ),
    "a part of it": statement(
        "Allow", ANN, Resource=["acs:oss:*:*:my-ledger/.image-import/a*b"]
    ),
    "for deleting": statement("Allow", ANN, Action="oss:Delete*"),
    "under a condition": statement("Allow", ANN, Condition=CONDITION),
}


@pytest.mark.parametrize("opening", OPEN.values(), ids=OPEN)
def test_a_ledger_that_its_bucket_s_policy_opens_fails(opening: dict[str, Any]) -> None:
    finding = findings(apart(statement("Allow", ACCOUNT), opening))["ledger's writers"]
    assert finding.status == "fail"
    assert "lets others write to the ledger: statement 2, Principal" in finding.text


def test_the_command_for_it_changes_that_statement_alone() -> None:
    finding = findings(apart(statement("Allow", ANN)))["ledger's writers"]
    get, edit, put = finding.mend.splitlines()
    assert get == POLICY.format("get")
    assert edit.startswith("# in policy.json, statement 1: leave acs:oss:cn-hangzhou:")
    assert put == POLICY.format("put")


SHUT = {
    "to the function's own role": statement("Allow", FUNCTION_SESSIONS),
    "to one session of it": statement("Allow", FUNCTION_SESSIONS[:-1] + "fc"),
    "to the account itself": statement("Allow", ACCOUNT),
    "for reading": statement("Allow", ANN, Action="oss:Get*"),
    "elsewhere": statement("Allow", ANN, Resource="acs:oss:*:*:my-ledger/other/*"),
    "in another account": statement("Allow", ANN, Resource="acs:oss:*:9:my-ledger/*"),
    "to none, for it denies": statement("Deny", ANN),
}


@pytest.mark.parametrize("harmless", SHUT.values(), ids=SHUT)
def test_what_lets_nobody_else_write_is_fine(harmless: dict[str, Any]) -> None:
    assert findings(apart(harmless)) == {}


def test_a_right_may_come_from_the_bucket_s_policy() -> None:
    role = held(function_role(NAMES))
    grants = role.policies[0]["Statement"]
    less = [g for g in grants if LEDGER_OBJECTS not in g["Resource"]]
    without = replace(role, policies=({"Version": "1", "Statement": less},))
    both = ["oss:PutObject", "oss:GetObject"]
    allow = statement("Allow", FUNCTION_SESSIONS, Action=both)
    assert "function role" in findings(changed(function_role=without))
    assert findings(replace(apart(allow), function_role=without)) == {}
    unsure = {**allow, "Condition": CONDITION}
    assert "function role" in findings(replace(apart(unsure), function_role=without))


SHUT_OUT = {
    "everybody": statement("Deny", "*"),
    "by its role": statement("Deny", FUNCTION_SESSIONS),
    "by all roles": statement("Deny", "arn:sts::*:*/*/*", Action="*", Resource="*"),
    "from a part": statement(
        "Deny", "*", Resource="acs:oss:*:*:my-ledger/.image-import/open/*"
    ),
}


@pytest.mark.parametrize("deny", SHUT_OUT.values(), ids=SHUT_OUT)
def test_a_policy_that_shuts_out_the_function_fails(deny: dict[str, Any]) -> None:
    denied = "the policy of my-ledger denies image-import-function"
    (finding,) = (f for f in bad(apart(deny)) if f.text.startswith(denied))
    assert (finding.check, finding.status) == ("ledger's policy", "fail")
    assert "oss:PutObject" in finding.text
    assert "--method put oss://my-ledger policy.json" in finding.mend


def test_ecs_may_be_shut_out_of_the_images() -> None:
    role = f"arn:sts::{ACCOUNT}:assumed-role/AliyunECSImageImportDefaultRole/*"
    deny = statement("Deny", role, Action="oss:GetObject", Resource="*")
    policy = {"Version": "1", "Statement": [deny]}
    found = findings(changed(image_bucket=replace(BUCKET, policy=policy)))
    assert list(found) == ["image bucket's policy"]
    assert (
        "AliyunECSImageImportDefaultRole oss:GetObject"
        in found["image bucket's policy"].text
    )


def test_a_deny_under_a_condition_is_neither_fine_nor_failed() -> None:
    found = findings(apart(statement("Deny", "*", Condition=CONDITION)))
    assert {name: f.status for name, f in found.items()} == {
        "ledger's policy": "unknown"
    }


def test_what_a_policy_says_in_other_words_is_not_guessed() -> None:
    other = statement("Deny", NotPrincipal=[FUNCTION_SESSIONS])
    found = findings(apart(other))
    assert {f.status for f in found.values()} == {"unknown"}
    assert "the policy of my-ledger has NotPrincipal" in found["ledger's writers"].text


SAME = replace(NAMES, ledger_bucket="my-images")
BESIDE = "acs:oss:*:*:my-images/.image-import/*"


def beside(*statements: dict[str, Any], uploaders: tuple[str, ...]) -> Facts:
    """Return an account whose ledger is in the bucket that is uploaded to."""
    policy = {"Version": "1", "Statement": list(statements)}
    bucket = replace(BUCKET, policy=policy if statements else None)
    return changed(
        names=SAME,
        image_bucket=bucket,
        ledger_bucket=bucket,
        function_role=held(function_role(SAME)),
        importer=replace(
            FUNCTION, environment={**VARIABLES, "LEDGER_BUCKET": "my-images"}
        ),
        tracker=Problem(what="not asked"),
        uploaders=uploaders,
    )


def test_uploaders_that_are_denied_the_ledger_are_kept_away() -> None:
    deny = statement("Deny", ANN, BOB, Resource=BESIDE)
    assert "ledger's writers" not in findings(beside(deny, uploaders=(ANN, BOB)))


NO_DENY = {
    "somebody else": statement("Deny", BOB, Resource=BESIDE),
    "under a condition": statement("Deny", ANN, Resource=BESIDE, Condition=CONDITION),
    "a part": statement("Deny", ANN, Resource=BESIDE + "x"),
    "another bucket": statement("Deny", ANN),
    "reading": statement("Deny", ANN, Resource=BESIDE, Action="oss:GetObject"),
}


@pytest.mark.parametrize("deny", NO_DENY.values(), ids=NO_DENY)
def test_a_deny_of_something_else_keeps_nobody_away(deny: dict[str, Any]) -> None:
    found = findings(beside(deny, uploaders=(ANN,)))["ledger's writers"]
    assert found.status == "warn"
    assert f"does not keep {ANN} away from it" in found.text


def test_the_command_for_it_adds_a_statement_and_keeps_the_others() -> None:
    other = statement("Deny", BOB, Resource=BESIDE)
    found = findings(beside(other, uploaders=(ANN, BOB)))["ledger's writers"]
    command = found.mend.splitlines()[0]
    text = command.removeprefix("printf '%s' '").removesuffix("' > policy.json")
    assert json.loads(text)["Statement"] == [
        other,
        statement("Deny", ANN, Resource=[BESIDE]),
    ]


def test_a_ledger_beside_images_is_doubtful_until_uploaders_are_named() -> None:
    deny = statement("Deny", ANN, Resource=BESIDE)
    found = findings(beside(deny, uploaders=()))["ledger's writers"]
    assert found.status == "warn"
    assert "--uploader" in found.text
