from typing import Any

import pytest
from image_import_cli.iam.permissions import (
    conditional_rights,
    missing_rights,
    trusted_services,
)
from image_import_cli.iam.roles import Grant, Names, function_role

NAMES = Names(image_bucket="images", key_prefix="in/", ledger_bucket="ledger")
GET = Grant(actions=("oss:GetObject",), resources=("acs:oss:*:*:images/in/*",), why="")
LIST = Grant(
    actions=("oss:ListObjects",), resources=("acs:oss:*:*:b",), why="", under="x/"
)


def policy(
    action: object, resource: object, *, effect: str = "Allow", prefix: str = ""
) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    if prefix:
        statement["Condition"] = {"StringLike": {"oss:Prefix": [prefix]}}
    return {"Version": "1", "Statement": [statement]}


def test_the_policy_that_we_print_allows_what_is_needed() -> None:
    role = function_role(NAMES)
    assert missing_rights([role.policy()], role.grants) == []


@pytest.mark.parametrize(
    ("action", "resource", "is_enough"),
    [
        ("oss:GetObject", "acs:oss:*:*:images/in/*", True),
        (["oss:PutObject", "oss:GetObject"], ["acs:oss:*:*:images/*"], True),
        ("oss:getobject", "acs:oss:*:*:images/in/*", True),
        ("oss:Get*", "*", True),
        ("*", "acs:oss:*:*:*", True),
        ("oss:GetObjec?", "acs:oss:*:*:images/in/*", True),
        ("oss:PutObject", "acs:oss:*:*:images/in/*", False),
        ("oss:GetObject", "acs:oss:*:*:images/out/*", False),
        ("oss:GetObject", "acs:oss:*:*:images", False),
    ],
)
def test_wildcards_are_understood(
    action: object, resource: object, *, is_enough: bool
) -> None:
    assert (missing_rights([policy(action, resource)], [GET]) == []) is is_enough


def test_what_is_missing_is_named() -> None:
    assert missing_rights([], [GET]) == ["oss:GetObject on acs:oss:*:*:images/in/*"]


def test_a_deny_counts_before_any_allow() -> None:
    allow, deny = policy("*", "*"), policy("oss:*", "*", effect="Deny")
    assert missing_rights([allow, deny], [GET]) != []


@pytest.mark.parametrize(
    ("prefix", "is_enough"), [("", True), ("x/*", True), ("y/*", False)]
)
def test_a_listing_is_asked_for_its_prefix(prefix: str, *, is_enough: bool) -> None:
    held = policy("oss:ListObjects", "acs:oss:*:*:b", prefix=prefix)
    assert (missing_rights([held], [LIST]) == []) is is_enough


AT_HOME = {"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}


@pytest.mark.parametrize(
    ("effects", "is_missing", "is_conditional"),
    [
        ([("Allow", None)], False, False),
        ([("Allow", AT_HOME)], False, True),
        ([("Allow", AT_HOME), ("Allow", None)], False, False),
        ([("Allow", None), ("Deny", AT_HOME)], False, True),
        ([("Allow", AT_HOME), ("Deny", None)], True, False),
        ([("Deny", AT_HOME)], True, False),
    ],
    ids=["none", "allowed", "allowed twice", "denied", "denied at all", "not allowed"],
)
def test_a_right_under_a_condition_is_neither_there_nor_missing(
    effects: list[tuple[str, Any]], *, is_missing: bool, is_conditional: bool
) -> None:
    document = policy("*", "*")
    document["Statement"] = [
        {"Effect": effect, "Action": "*", "Resource": "*"}
        | ({"Condition": condition} if condition else {})
        for effect, condition in effects
    ]
    assert bool(missing_rights([document], [GET])) is is_missing
    assert bool(conditional_rights([document], [GET])) is is_conditional


def test_the_condition_of_the_policy_that_we_print_is_understood() -> None:
    role = function_role(NAMES)
    assert any("Condition" in s for s in role.policy()["Statement"])
    assert conditional_rights([role.policy()], role.grants) == []


def test_a_trust_names_services() -> None:
    assert trusted_services(function_role(NAMES).trust()) == {"fc.aliyuncs.com"}


def test_a_policy_may_name_the_region_and_the_account() -> None:
    held = policy("oss:GetObject", "acs:oss:cn-hangzhou:123:images/in/*")
    assert missing_rights([held], [GET], place="cn-hangzhou:123") == []
    assert missing_rights([held], [GET], place="cn-hangzhou:999") != []
