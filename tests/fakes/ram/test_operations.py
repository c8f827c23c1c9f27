"""RAM's own API: roles and policies that are made by it bind as those of tests do."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import oss2
import pytest
import requests
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from calling_ram import Ram, ram_at
from fake_aliyun import FakeAliyun
from fake_aliyun.core.http import Request
from fake_aliyun.core.rpc import answered
from oss2.exceptions import AccessDenied
from waiting import PATIENCE_SECONDS

PUBLIC = "https://ram.aliyuncs.com"
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
BY_FC = json.dumps(
    {
        "Statement": [
            {
                "Action": "sts:AssumeRole",
                "Effect": "Allow",
                "Principal": {"Service": ["fc.aliyuncs.com"]},
            }
        ],
        "Version": "1",
    }
)
BY_ECS = BY_FC.replace("fc.", "ecs.")
NAMED = {"PolicyName": "readers", "PolicyType": "Custom"}
BOTH = {**NAMED, "RoleName": "reader"}


def reading(bucket: str) -> str:
    return json.dumps(
        {
            "Version": "1",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["oss:GetObject"],
                    "Resource": [f"acs:oss:*:*:{bucket}/100%25 & more/*"],
                }
            ],
        },
        indent=1,
    )


READ = reading("images")


@pytest.fixture
def ram(cloud: FakeAliyun) -> Iterator[Ram]:
    with cloud:
        yield ram_at(PUBLIC, cloud.credentials)


def code_of(ram: Ram, action: str, **parameters: str) -> tuple[int, str]:
    with pytest.raises(AlibabaCloudException) as caught:
        ram(action, **parameters)
    assert caught.value.request_id
    return caught.value.status_code, caught.value.code


def make_reader(ram: Ram) -> None:
    ram("CreateRole", RoleName="reader", AssumeRolePolicyDocument=BY_FC)
    ram("CreatePolicy", PolicyName="readers", PolicyDocument=READ)
    ram("AttachPolicyToRole", **BOTH)


def test_what_was_made_is_shown_as_it_was_sent(cloud: FakeAliyun, ram: Ram) -> None:
    make_reader(ram)
    role = ram("GetRole", RoleName="reader")["Role"]
    (listed,) = ram("ListPoliciesForRole", RoleName="reader")["Policies"]["Policy"]
    held = ram("GetPolicy", **NAMED)
    assert role["Arn"] == f"acs:ram::{cloud.account_id}:role/reader"
    assert role["AssumeRolePolicyDocument"] == BY_FC
    assert {**listed, "AttachDate": ""} == {
        **NAMED, "AttachDate": "", "DefaultVersion": "v1", "Description": "",
    }  # fmt: skip
    assert held["DefaultPolicyVersion"]["PolicyDocument"] == READ
    assert held["Policy"]["AttachmentCount"] == 1
    assert [r.action for r in cloud.requests][-1] == "GetPolicy"


def may_read(cloud: FakeAliyun, key: str = "100%25 & more/a") -> bool:
    keys = cloud.ram.assume_role("reader")
    auth = oss2.StsAuth(
        keys.access_key_id, keys.access_key_secret, keys.security_token, "v4"
    )
    place = "https://oss-cn-hangzhou.aliyuncs.com"
    try:
        oss2.Bucket(auth, place, "images", region="cn-hangzhou").get_object(key)
    except AccessDenied:
        return False
    return True


def test_a_role_may_do_what_its_policy_says_while_it_has_it(
    cloud: FakeAliyun, ram: Ram
) -> None:
    cloud.oss.put("images", "100%25 & more/a", b"")
    cloud.oss.put("images", "b", b"")
    ram("CreateRole", RoleName="reader", AssumeRolePolicyDocument=BY_FC)
    assert not may_read(cloud)
    ram("CreatePolicy", PolicyName="readers", PolicyDocument=READ)
    assert not may_read(cloud)
    ram("AttachPolicyToRole", **BOTH)
    assert (may_read(cloud), may_read(cloud, "b")) == (True, False)
    ram("DetachPolicyFromRole", **BOTH)
    assert not may_read(cloud)


def test_a_session_of_a_deleted_role_may_do_nothing(
    cloud: FakeAliyun, ram: Ram
) -> None:
    cloud.oss.put("images", "b", b"")
    cloud.ram.create_role("reader", service="fc.aliyuncs.com")
    assert may_read(cloud, "b")
    ram("DeleteRole", RoleName="reader")
    assert not may_read(cloud, "b")


def test_only_the_default_version_counts(cloud: FakeAliyun, ram: Ram) -> None:
    cloud.oss.put("images", "100%25 & more/a", b"")
    make_reader(ram)
    other = {"PolicyName": "readers", "PolicyDocument": reading("others")}
    ram("CreatePolicyVersion", **other)
    assert may_read(cloud)
    ram("CreatePolicyVersion", **other, SetAsDefault="true")
    assert not may_read(cloud)
    listed = ram("ListPolicyVersions", **NAMED)["PolicyVersions"]["PolicyVersion"]
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in listed] == [
        ("v1", False), ("v2", False), ("v3", True),
    ]  # fmt: skip


def test_the_trust_policy_says_which_service_may_take_a_role_on(
    cloud: FakeAliyun, ram: Ram
) -> None:
    make_reader(ram)
    services = ("fc.aliyuncs.com", "ecs.aliyuncs.com")
    trusts = [cloud.ram.may_assume("reader", service=service) for service in services]
    assert trusts == [True, False]
    ram("UpdateRole", RoleName="reader", NewAssumeRolePolicyDocument=BY_ECS)
    trusts = [cloud.ram.may_assume("reader", service=service) for service in services]
    assert trusts == [False, True]


def test_who_is_denied_may_not_take_a_role_on(cloud: FakeAliyun, ram: Ram) -> None:
    trust = json.loads(BY_FC)
    trust["Statement"].append({**trust["Statement"][0], "Effect": "Deny"})
    trust["Statement"].append({**trust["Statement"][0], "Principal": {"RAM": ["x"]}})
    document = json.dumps(trust)
    ram("CreateRole", RoleName="reader", AssumeRolePolicyDocument=document)
    assert not cloud.ram.may_assume("reader", service="fc.aliyuncs.com")


def test_a_sixth_version_needs_room(ram: Ram) -> None:
    make_reader(ram)
    version = {"PolicyName": "readers", "PolicyDocument": READ}
    for _ in range(4):
        ram("CreatePolicyVersion", **version)
    full = (409, "LimitExceeded.Policy.Version")
    assert code_of(ram, "CreatePolicyVersion", **version) == full
    ram("CreatePolicyVersion", **version, RotateStrategy=ROTATE, SetAsDefault="true")
    listed = ram("ListPolicyVersions", **NAMED)["PolicyVersions"]["PolicyVersion"]
    assert [v["VersionId"] for v in listed] == ["v1", "v3", "v4", "v5", "v6"]
    ram("DeletePolicyVersion", PolicyName="readers", VersionId="v1")
    ram("CreatePolicyVersion", **version)


def test_what_a_test_attached_is_seen_by_the_api(cloud: FakeAliyun, ram: Ram) -> None:
    cloud.ram.create_role("reader", service="fc.aliyuncs.com")
    cloud.ram.attach_policy("role/reader", json.loads(READ))
    cloud.ram.attach_policy("role/reader", "AliyunECSFullAccess")
    cloud.ram.attach_policy("role/reader", "AliyunECSFullAccess")
    listed = ram("ListPoliciesForRole", RoleName="reader")["Policies"]["Policy"]
    assert [policy["PolicyType"] for policy in listed] == ["Custom", "System"]
    documents = [
        json.loads(
            ram("GetPolicy", PolicyName=p["PolicyName"], PolicyType=p["PolicyType"])[
                "DefaultPolicyVersion"
            ]["PolicyDocument"]
        )
        for p in listed
    ]
    assert documents[0] == json.loads(READ)
    assert documents[1]["Statement"][0]["Action"] == ["ecs:*"]


def test_what_is_in_use_is_not_deleted(ram: Ram) -> None:
    make_reader(ram)
    ram("CreatePolicyVersion", PolicyName="readers", PolicyDocument=READ)
    role, policy = {"RoleName": "reader"}, {"PolicyName": "readers"}
    assert code_of(ram, "DeleteRole", **role) == (409, "DeleteConflict.Role.Policy")
    assert code_of(ram, "DeletePolicy", **policy) == (409, "DeleteConflict.Policy.Role")
    default = (409, "DeleteConflict.Policy.Version.Default")
    assert code_of(ram, "DeletePolicyVersion", **policy, VersionId="v1") == default
    ram("DetachPolicyFromRole", **BOTH)
    versions = (409, "DeleteConflict.Policy.Version")
    assert code_of(ram, "DeletePolicy", **policy) == versions
    ram("DeletePolicy", **policy, CascadingDelete="true")
    ram("DeleteRole", **role)
    assert code_of(ram, "GetRole", **role) == (404, "EntityNotExist.Role")
    assert code_of(ram, "GetPolicy", **NAMED) == (404, "EntityNotExist.Policy")


NOBODY = BY_FC.replace('"Service"', '"Services"')
LONG = {"Version": "1", "Statement": [], "x": "x" * 6144}
OTHER = {"RoleName": "reader", "PolicyName": "nobodys", "PolicyType": "Custom"}
TRUST, DOCUMENT = "AssumeRolePolicyDocument", "PolicyDocument"
REFUSED: dict[str, tuple[str, dict[str, str], int, str]] = {
    "a role twice": (
        "CreateRole", {"RoleName": "reader", TRUST: BY_FC},
        409, "EntityAlreadyExists.Role",
    ),
    "a policy twice": (
        "CreatePolicy", {"PolicyName": "readers", DOCUMENT: READ},
        409, "EntityAlreadyExists.Policy",
    ),
    "attached twice": (
        "AttachPolicyToRole", BOTH, 409, "EntityAlreadyExists.Role.Policy"
    ),
    "no such policy": ("AttachPolicyToRole", OTHER, 404, "EntityNotExist.Policy"),
    "no such role": (
        "AttachPolicyToRole", {**BOTH, "RoleName": "nobody"}, 404, "EntityNotExist.Role"
    ),
    "not attached": (
        "DetachPolicyFromRole",
        {**BOTH, "PolicyType": "System", "PolicyName": "AdministratorAccess"},
        404, "EntityNotExist.Role.Policy",
    ),
    "no such version": (
        "DeletePolicyVersion", {"PolicyName": "readers", "VersionId": "v9"},
        404, "EntityNotExist.Policy.Version",
    ),
    "no version": (
        "DeletePolicyVersion", {"PolicyName": "readers", "VersionId": "nine"},
        400, "InvalidParameter.VersionId.Format",
    ),
    "a system policy": (
        "DeletePolicy", {"PolicyName": "AdministratorAccess"},
        404, "EntityNotExist.Policy",
    ),
    "no kind of policy": (
        "GetPolicy", {"PolicyName": "readers", "PolicyType": "custom"},
        400, "InvalidParameter.PolicyType",
    ),
    "an odd role": (
        "GetRole", {"RoleName": "a_b"}, 400, "InvalidParameter.RoleName.InvalidChars"
    ),
    "a long role": (
        "GetRole", {"RoleName": "a" * 65}, 400, "InvalidParameter.RoleName.Length"
    ),
    "an odd policy": (
        "CreatePolicy", {"PolicyName": "a.b", DOCUMENT: READ},
        400, "InvalidParameter.PolicyName.InvalidChars",
    ),
    "a long policy": (
        "CreatePolicy", {"PolicyName": "a" * 129, DOCUMENT: READ},
        400, "InvalidParameter.PolicyName.Length",
    ),
    "a long document": (
        "CreatePolicy", {"PolicyName": "p", DOCUMENT: json.dumps(LONG)},
        400, "InvalidParameter.PolicyDocument.Length",
    ),
    "a policy that is no JSON": (
        "CreatePolicy", {"PolicyName": "p", DOCUMENT: "{"},
        400, "MalformedPolicyDocument",
    ),
    "a policy that is none": (
        "CreatePolicyVersion", {"PolicyName": "readers", DOCUMENT: "[]"},
        400, "MalformedPolicyDocument",
    ),
    "a trust in nobody": (
        "UpdateRole", {"RoleName": "reader", f"New{TRUST}": NOBODY},
        400, "MalformedPolicyDocument",
    ),
    "no role": ("GetRole", {}, 400, "MissingParameter"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("action", "parameters", "status", "code"), REFUSED.values(), ids=REFUSED
)
def test_a_refusal_has_its_code(
    ram: Ram, action: str, parameters: dict[str, str], status: int, code: str
) -> None:
    make_reader(ram)
    assert code_of(ram, action, **parameters) == (status, code)


@pytest.mark.parametrize(
    ("action", "parameters", "said"),
    [
        ("ListRoles", {}, "the RAM operation 'ListRoles'"),
        ("GetRole", {"RoleName": "reader", "Language": "en"}, "'Language' of GetRole"),
        (
            "CreatePolicyVersion",
            {"PolicyName": "p", "PolicyDocument": READ, "RotateStrategy": "No"},
            "RotateStrategy 'No'",
        ),
        (
            "CreateRole",
            {"RoleName": "r", TRUST: BY_FC.replace('"Effect"', '"Condition": {}, "E"')},
            "'Condition'",
        ),
    ],
    ids=["an operation", "a parameter", "a value", "an element of a trust"],
)
def test_what_is_not_imitated_is_refused_loudly(
    cloud: FakeAliyun, action: str, parameters: dict[str, str], said: str
) -> None:
    with cloud.serve() as server, pytest.raises(AlibabaCloudException) as caught:
        ram_at(server.url, cloud.credentials)(action, **parameters)
    assert (caught.value.status_code, caught.value.code) == (
        501, "FakeAliyun.NotImitated",
    )  # fmt: skip
    assert said in caught.value.message


def test_a_user_may_do_what_was_granted_and_on_what(cloud: FakeAliyun) -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["ram:GetRole", "ram:AttachPolicyToRole"],
        "Resource": [f"acs:ram:*:{cloud.account_id}:role/reader", "*:policy/readers"],
    }
    keys = cloud.ram.create_user("ann")
    cloud.ram.attach_policy("user/ann", {"Version": "1", "Statement": [statement]})
    with cloud:
        make_reader(ram_at(PUBLIC, cloud.credentials))
        ram = ram_at(PUBLIC, keys)
        assert ram("GetRole", RoleName="reader")["Role"]["RoleName"] == "reader"
        denied = (403, "NoPermission")
        assert code_of(ram, "DeleteRole", RoleName="reader") == denied
        assert code_of(ram, "AttachPolicyToRole", **OTHER | NAMED) == (
            409, "EntityAlreadyExists.Role.Policy",
        )  # fmt: skip
        full = {"PolicyName": "AdministratorAccess", "PolicyType": "System"}
        assert code_of(ram, "AttachPolicyToRole", **BOTH | full) == denied


def test_booleans_are_lower_case_in_xml() -> None:
    version = {"VersionId": "v1", "IsDefaultVersion": True}
    request = Request.from_url("POST", f"{PUBLIC}/?Action=x", headers={}, body=b"")
    seen = answered(request, "GetPolicy", {"DefaultPolicyVersion": version}).text
    assert "<IsDefaultVersion>true</IsDefaultVersion>" in seen


@pytest.mark.parametrize("algorithm", [None, "v2"], ids=["ACS3", "RPC V1"])
def test_a_wrong_secret_is_refused(cloud: FakeAliyun, algorithm: str | None) -> None:
    other = replace(cloud.credentials, access_key_secret="another")
    with cloud.serve() as server:
        ram = ram_at(server.url, other, algorithm=algorithm)
        seen = code_of(ram, "GetRole", RoleName="reader")
    assert seen == (400, "SignatureDoesNotMatch")


def test_a_fault_meets_ram_alone(cloud: FakeAliyun) -> None:
    with cloud.serve() as server:
        ram = ram_at(server.url, cloud.credentials)
        fault: dict[str, Any] = {"service": "ram", "code": "NoPermission"}
        requests.post(
            f"{server.url}/_fake/faults", json=fault, timeout=PATIENCE_SECONDS
        )
        make = {"RoleName": "reader", TRUST: BY_FC}
        assert code_of(ram, "CreateRole", **make) == (403, "NoPermission")
        assert ram("CreateRole", **make)["Role"]["RoleName"] == "reader"


def test_a_reset_leaves_the_roles_that_each_account_has(
    cloud: FakeAliyun, ram: Ram
) -> None:
    make_reader(ram)
    cloud.reset()
    assert code_of(ram, "GetRole", RoleName="reader")[1] == "EntityNotExist.Role"
    assert ram("GetRole", RoleName="AliyunECSImageImportDefaultRole")


def test_a_reset_leaves_lasting_roles_with_what_they_may_do(
    cloud: FakeAliyun, ram: Ram
) -> None:
    cloud.oss.create_bucket("images", is_lasting=True)
    cloud.ram.create_role("reader", service="fc.aliyuncs.com", is_lasting=True)
    cloud.ram.attach_policy("role/reader", json.loads(READ), name="readers")
    cloud.reset()
    assert ram("GetPolicy", **NAMED)["Policy"]["AttachmentCount"] == 1
    cloud.oss.put("images", "100%25 & more/a", b"")
    cloud.oss.put("images", "b", b"")
    assert (may_read(cloud), may_read(cloud, "b")) == (True, False)
