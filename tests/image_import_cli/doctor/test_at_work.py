"""The doctor beside what it judges: what it calls in order works, and what not, not.

Nothing is recorded: RAM, FC 2.0, OSS and ECS are the fakes over HTTP, and roles are
enforced by them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deployed import (
    FUNCTION_ROLE,
    IMAGES,
    LEDGER,
    SERVICE,
    TRIGGER_ROLE,
    Deployed,
    deployed,
)
from fake_aliyun import Fault
from image_import_cli.iam.deployment import IMPORTER
from image_import_cli.iam.roles import ECS_ROLE

Break = Callable[[Deployed], Any]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Deployed]:
    with deployed(tmp_path) as made:
        yield made


def test_what_readme_makes_is_in_order_and_imports_an_upload(account: Deployed) -> None:
    assert account.doctor() == (0, [])
    assert account.upload("web.qcow2")
    assert account.cloud.fc.denied == []
    account.cloud.ecs.finish_imports()
    (tracking,) = account.cloud.fc.tick()
    account.cloud.fc.run_due()
    (change,) = json.loads(tracking.result)["changes"]
    assert change["outcome"] == "available"
    assert account.doctor() == (0, [])


def test_what_readme_makes_on_3_0_is_in_order_and_imports_an_upload(
    tmp_path: Path,
) -> None:
    with deployed(tmp_path, fc_version="3.0") as account:
        assert account.doctor() == (0, [])
        assert account.upload("web.qcow2")
        assert account.cloud.fc.denied == []


def lose_function(account: Deployed, name: str) -> None:
    backend = account.cloud._backends.platform.backend
    del backend.functions[account.function_names(name)]


@pytest.mark.parametrize(
    ("change", "checks"),
    [
        (lambda account: lose_function(account, "importer"), {"importer"}),
        (lambda account: lose_function(account, "tracker"), {"tracker"}),
        (lambda account: account.registered("importer").triggers.clear(), {"trigger"}),
        (
            lambda account: account.ram(
                "DetachPolicyFromRole", RoleName=TRIGGER_ROLE, PolicyType="Custom",
                PolicyName=f"{SERVICE}-trigger-{IMAGES}",
            ),
            {"trigger role"},
        ),
    ],
    ids=["no importer", "no tracker", "no trigger", "a role without its policy"],
)  # fmt: skip
def test_a_change_on_3_0_is_found(tmp_path: Path, change: Break, checks: Any) -> None:
    with deployed(tmp_path, fc_version="3.0") as account:
        change(account)
        code, found = account.doctor()
        assert (code, {one["check"] for one in found}) == (1, checks)
        assert {one["status"] for one in found} == {"fail"}


def test_the_roles_script_changes_nothing_when_it_is_run_again(
    account: Deployed,
) -> None:
    status, said, errors = account.shell.run(account.roles_script())
    assert (status, errors) == (0, "")
    assert f"CreateRole {FUNCTION_ROLE}: there already" in said
    assert account.doctor() == (0, [])


def test_the_roles_script_ends_with_1_at_a_refusal(account: Deployed) -> None:
    fault = Fault(service="ram", action="CreatePolicyVersion", code="NoPermission")
    account.cloud.faults.add(fault)
    status, _, errors = account.shell.run(account.roles_script())
    assert status == 1
    assert errors.startswith(f"CreatePolicyVersion {SERVICE}-function-{IMAGES}: ERROR")
    assert account.cloud.requests[-1].action == "CreatePolicyVersion"


@pytest.mark.parametrize("key_prefix", ["100%25/", "a+b/", "镜像/it's/"])
def test_an_odd_prefix_is_read_back_from_policies_as_it_is(
    tmp_path: Path, key_prefix: str
) -> None:
    with deployed(tmp_path, key_prefix=key_prefix) as account:
        assert account.doctor() == (0, [])
        assert account.upload("web.qcow2")


def without_policy(role: str, part: str) -> Break:
    """Return what takes its policy from a role."""
    names = {"RoleName": role, "PolicyName": f"{SERVICE}-{part}-{IMAGES}"}
    return lambda account: account.ram(
        "DetachPolicyFromRole", **names, PolicyType="Custom"
    )


def without_role(role: str, part: str) -> Break:
    """Return what deletes a role."""

    def change(account: Deployed) -> None:
        without_policy(role, part)(account)
        account.ram("DeleteRole", RoleName=role)

    return change


def trusting(role: str, service: str) -> Break:
    """Return what has a role trust one service alone."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": [service]},
    }
    document = json.dumps({"Version": "1", "Statement": [statement]})
    return lambda account: account.ram(
        "UpdateRole", RoleName=role, NewAssumeRolePolicyDocument=document
    )


def with_rights(part: str, *actions: str) -> Break:
    """Return what leaves these actions alone in a policy."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    return lambda account: account.ram(
        "CreatePolicyVersion",
        PolicyName=f"{SERVICE}-{part}-{IMAGES}",
        PolicyDocument=document,
        SetAsDefault="true",
    )


OF_ROLES: dict[str, tuple[Break, str, str]] = {
    "no function role": (
        without_role(FUNCTION_ROLE, "function"),
        "function role", f"there is no role {FUNCTION_ROLE}",
    ),
    "no trigger role": (
        without_role(TRIGGER_ROLE, "trigger"),
        "trigger role", f"there is no role {TRIGGER_ROLE}",
    ),
    "no ECS role": (
        without_role(ECS_ROLE, "ecs"), "ECS role", f"there is no role {ECS_ROLE}"
    ),
    "a function role without its policy": (
        without_policy(FUNCTION_ROLE, "function"), "function role", "ecs:ImportImage"
    ),
    "a trigger role without its policy": (
        without_policy(TRIGGER_ROLE, "trigger"), "trigger role", "fc:InvokeFunction"
    ),
    "an ECS role without its policy": (
        without_policy(ECS_ROLE, "ecs"), "ECS role", "oss:GetBucketInfo"
    ),
    "a policy that lost a right": (
        with_rights("function", "oss:*", "log:*", "mns:*", "ecs:DescribeImages"),
        "function role", "ecs:ImportImage",
    ),
    "a function role for another service": (
        trusting(FUNCTION_ROLE, "ecs.aliyuncs.com"),
        "function role", "does not trust fc.aliyuncs.com",
    ),
    "a trigger role for another service": (
        trusting(TRIGGER_ROLE, "fc.aliyuncs.com"),
        "trigger role", "does not trust oss.aliyuncs.com",
    ),
    "an ECS role for another service": (
        trusting(ECS_ROLE, "oss.aliyuncs.com"),
        "ECS role", "does not trust ecs.aliyuncs.com",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "check", "said"), OF_ROLES.values(), ids=OF_ROLES)
def test_a_role_that_the_doctor_calls_broken_is_and_its_commands_mend_it(
    account: Deployed, change: Break, check: str, said: str
) -> None:
    change(account)
    status, found = account.doctor()
    failed = [one for one in found if one["status"] == "fail"]
    (finding,) = (one for one in failed if one["check"] == check)
    assert status == 1
    assert said in finding["text"]
    assert not account.upload("before.qcow2")
    for one in failed:
        if not one["is_in_words"]:
            account.shell.run(one["mend"])
    assert account.doctor() == (0, [])
    assert account.upload("after.qcow2")


def another_prefix(account: Deployed) -> None:
    account.fc.delete_trigger(SERVICE, "importer", "upload")
    account.set_oss_trigger("elsewhere/")


def open_ledger(account: Deployed) -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["oss:PutObject"],
        "Principal": [account.cloud.ram.user_id("ann")],
        "Resource": [f"acs:oss:*:*:{LEDGER}/*"],
    }
    document = json.dumps({"Version": "1", "Statement": [statement]})
    account.bucket(LEDGER).put_bucket_policy(document)


OF_THE_REST: dict[str, tuple[Break, str, str, str]] = {
    "a trigger on another prefix": (
        another_prefix, "trigger", "fail", "fires for 'elsewhere/' and not"
    ),
    "no trigger": (
        lambda account: account.fc.delete_trigger(SERVICE, "importer", "upload"),
        "trigger", "fail", "no OSS trigger on the image bucket",
    ),
    "no timer": (
        lambda account: account.fc.delete_trigger(SERVICE, "tracker", "timer"),
        "timer", "fail", "no timer runs",
    ),
    "failed events to another queue": (
        lambda account: account.set_async(
            "importer", IMPORTER.async_settings, queue="acs:mns:::/queues/q/messages"
        ),
        "importer", "fail", "sends failed events to acs:mns:::/queues/q/messages",
    ),
    "failed events to nowhere": (
        lambda account: account.fc.delete_function_async_invoke_config(
            SERVICE, "LATEST", "importer"
        ),
        "importer", "warn", "importer has no destination for failed events",
    ),
    "given up too soon": (
        lambda account: account.set_async(
            "importer", replace(IMPORTER.async_settings, max_retries=1)
        ),
        "importer", "warn", "maxAsyncRetryAttempts of importer is 1, not 8",
    ),
    "no ledger": (
        lambda account: account.bucket(LEDGER).delete_bucket(),
        "ledger bucket", "fail", "there is no bucket",
    ),
    "a ledger that uploaders may write": (
        open_ledger, "ledger's writers", "fail", "lets others write to the ledger"
    ),
    "a role that may do everything": (
        lambda account: account.ram(
            "AttachPolicyToRole", RoleName=FUNCTION_ROLE, PolicyType="System",
            PolicyName="AdministratorAccess",
        ),
        "function role", "warn", "may more than it needs: * on *",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "check", "status", "said"), OF_THE_REST.values(), ids=OF_THE_REST
)
def test_a_change_is_found(
    account: Deployed, change: Break, check: str, status: str, said: str
) -> None:
    account.cloud.ram.create_user("ann")
    change(account)
    code, found = account.doctor()
    (finding,) = found
    assert (finding["check"], finding["status"]) == (check, status)
    assert said in finding["text"]
    assert code == (status == "fail")


def test_keys_that_may_not_look_are_told_which_rights_they_lack(
    account: Deployed,
) -> None:
    keys = account.cloud.ram.create_user("ann")
    for policy in ("AliyunOSSReadOnlyAccess", "AliyunECSFullAccess"):
        account.cloud.ram.attach_policy("user/ann", policy)
    code, found = replace(account, keys=keys).doctor()
    unknown = {one["check"]: one["mend"] for one in found}
    assert code == 1
    assert "ram:GetRole, ram:ListPoliciesForRole, ram:GetPolicy" in unknown["ECS role"]
    assert "fc:GetService" in unknown["importer"]
