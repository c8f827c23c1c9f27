"""The script of `policy --commands`, run by sh against a fake account.

Its `aliyun` makes each call with the official SDK's generic client.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aliyun_cli import Shell, aliyun_at
from fake_aliyun import FakeAliyun, Fault
from fake_aliyun.ram.directory import Directory
from fake_aliyun.ram.entities import CUSTOM, ManagedPolicy
from image_import_cli.iam.commands import (
    making_commands,
    mending_commands,
    role_script,
)
from image_import_cli.iam.roles import (
    ECS_ROLE,
    Names,
    RoleSpec,
    ecs_role,
    function_role,
    trigger_role,
)
from manual import PAGES

NAMES = Names(
    image_bucket="my-images",
    key_prefix="incoming/it's/",
    ledger_bucket="my-ledger",
    region_id="cn-hangzhou",
    account_id="1234567890123456",
)
FUNCTION_ROLE, TRIGGER_ROLE = "image-import-function", "image-import-trigger"
OTHERS = replace(NAMES, image_bucket="other-images", region_id="cn-shanghai")
BESIDE = replace(
    NAMES, service="disks", key_prefix="disks/", ledger_bucket="disks-ledger"
)


def roles(names: Names = NAMES) -> list[RoleSpec]:
    functions, trigger = function_role(names), trigger_role(names, fc_version="3.0")
    return [functions, trigger, ecs_role(names)]


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account without a role, and a shell that may change it."""

    cloud: FakeAliyun
    shell: Shell

    @property
    def directory(self) -> Directory:
        return self.cloud.ram.directory

    @property
    def own_policies(self) -> list[ManagedPolicy]:
        held = self.directory.policies.values()
        return [policy for policy in held if policy.kind == CUSTOM]

    def run(self, script: str, *, refuses: str = "") -> tuple[int, str, str]:
        """Return exit status, output and errors of a script."""
        if refuses:
            fault = Fault(service="ram", action=refuses, code="NoPermission")
            self.cloud.faults.add(fault)
        return self.shell.run(script)

    def trust_of(self, role: str) -> Any:
        """Return the document that says who may take a role on."""
        return json.loads(self.directory.role(role).document)

    def policy_of(self, role: str) -> list[Any]:
        """Return the documents that count for a role."""
        held = self.directory.attached(f"role/{role}")
        policies = [self.directory.policies[key] for key in held]
        return [json.loads(policy.default.document) for policy in policies]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    cloud = FakeAliyun(region_id=NAMES.region_id, account_id=NAMES.account_id)
    cloud.ram.directory.roles.clear()
    with cloud.serve() as server, aliyun_at(cloud, server.url, tmp_path) as shell:
        yield Account(cloud=cloud, shell=shell)


def script(names: Names = NAMES) -> str:
    return "\n".join(role_script(roles(names)))


def test_the_roles_are_made_with_trust_and_policy(account: Account) -> None:
    status, _, errors = account.run(script())
    assert (status, errors) == (0, "")
    for role in roles():
        assert account.trust_of(role.name) == role.trust()
        assert account.policy_of(role.name) == [role.policy()]


def test_it_may_be_run_as_often_as_one_likes(account: Account) -> None:
    results = [account.run(script()) for _ in range(7)]
    assert {(status, errors) for status, _, errors in results} == {(0, "")}
    assert "CreateRole image-import-function: there already" in results[-1][1]
    for role in roles():
        assert account.policy_of(role.name) == [role.policy()]
    assert {len(policy.versions) for policy in account.own_policies} == {5}


def test_what_is_there_is_brought_up_to_date(account: Account) -> None:
    account.run(script(replace(NAMES, key_prefix="old/")))
    account.directory.trust_by(FUNCTION_ROLE, '{"Version": "1", "Statement": []}')
    assert account.run(script())[0] == 0
    for role in roles():
        assert account.trust_of(role.name) == role.trust()
        assert account.policy_of(role.name) == [role.policy()]


def test_a_role_of_the_whole_account_keeps_its_trust(account: Account) -> None:
    theirs = {"Version": "1", "Statement": []}
    account.directory.create_role(ECS_ROLE, json.dumps(theirs))
    assert account.run(script())[0] == 0
    assert account.trust_of(ECS_ROLE) == theirs
    assert account.policy_of(ECS_ROLE) == [ecs_role(NAMES).policy()]


def test_a_second_deployment_takes_nothing_from_the_first(account: Account) -> None:
    assert [account.run(script(names))[0] for names in (NAMES, OTHERS)] == [0, 0]
    for ours, theirs in zip(roles(), roles(OTHERS), strict=True):
        assert account.policy_of(ours.name) == [ours.policy(), theirs.policy()]


def test_a_second_deployment_of_a_bucket_takes_nothing_from_the_first(
    account: Account,
) -> None:
    assert [account.run(script(names))[0] for names in (NAMES, BESIDE)] == [0, 0]
    ours, theirs = roles(), roles(BESIDE)
    for role in (*ours[:2], *theirs[:2]):
        assert account.policy_of(role.name) == [role.policy()]
    assert account.policy_of(ECS_ROLE) == [ours[2].policy(), theirs[2].policy()]


@pytest.mark.parametrize("action", ["CreateRole", "CreatePolicy", "AttachPolicyToRole"])
def test_it_ends_at_the_first_call_that_is_refused(
    account: Account, action: str
) -> None:
    status, _, errors = account.run(script(), refuses=action)
    assert status == 1
    assert errors.startswith(f"{action} image-import-function")
    assert "ErrorCode: NoPermission" in errors
    assert account.cloud.requests[-1].action == action
    assert TRIGGER_ROLE not in account.directory.roles


@pytest.mark.parametrize("action", ["UpdateRole", "CreatePolicyVersion"])
def test_a_run_that_was_refused_midway_can_be_made_up_for(
    account: Account, action: str
) -> None:
    account.run(script(replace(NAMES, key_prefix="old/")))
    assert account.run(script(), refuses=action)[0] == 1
    assert account.run(script())[0] == 0
    assert account.policy_of(TRIGGER_ROLE) == [roles()[1].policy()]


def test_the_commands_that_mend_a_role_work_alone(account: Account) -> None:
    functions = function_role(NAMES)
    for line in making_commands(functions):
        status, _, errors = account.run(line)
        assert (status, errors) == (0, "")
    wider = function_role(NAMES, on_available="delete")
    for _ in range(7):
        account.run("\n".join(mending_commands(wider)))
    assert account.policy_of(FUNCTION_ROLE) == [wider.policy()]


@pytest.mark.parametrize("names", [NAMES, BESIDE], ids=["usual", "beside"])
def test_what_the_readme_removes_is_all_that_was_made(
    account: Account, names: Names
) -> None:
    for _ in range(2):
        account.run(script(names))
    readme = PAGES["docs/deploy.md"]
    start, end = (
        readme.index("for PART in "),
        readme.index("aliyun mns-open DeleteQueue"),
    )
    given = f"IMAGES={names.image_bucket}\nSERVICE={names.service}\n"
    removal = f"set -eu\n{given}{readme[start:end]}"
    status, _, errors = account.run(removal)
    assert (status, errors) == (0, "")
    assert (account.own_policies, list(account.directory.roles)) == ([], [ECS_ROLE])
    assert account.policy_of(ECS_ROLE) == []
