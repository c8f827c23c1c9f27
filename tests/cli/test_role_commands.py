"""The script of `policy --commands`, run by sh against an account of a stand-in."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli import aliyun_stand_in
from image_import_cli.policies import (
    ECS_ROLE,
    Names,
    Role,
    ecs_role,
    function_role,
    trigger_role,
)
from image_import_cli.role_commands import (
    making_commands,
    mending_commands,
    role_script,
)

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


def roles(names: Names = NAMES) -> list[Role]:
    functions, trigger = function_role(names), trigger_role(names, fc_version="3.0")
    return [functions, trigger, ecs_role(names)]


class Account:
    """What the stand-in for the Aliyun CLI keeps in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / "account.json"
        self.write({"roles": {}, "policies": {}, "asked": []})
        program = folder / "aliyun"
        stand_in = f"exec {sys.executable} -S {aliyun_stand_in.__file__}"
        program.write_text(f'#!/bin/sh\n{stand_in} "$@"\n', "utf-8")
        program.chmod(0o755)

    def write(self, account: Any) -> None:
        self._file.write_text(json.dumps(account), "utf-8")

    def read(self) -> Any:
        return json.loads(self._file.read_text("utf-8"))

    def run(self, script: str, *, refuses: str = "") -> tuple[int, str, str]:
        """Return exit status, output and errors of a script that sh reads."""
        environment = {
            "PATH": f"{self._folder}:/usr/bin:/bin",
            "ALIYUN_ACCOUNT": str(self._file),
            "ALIYUN_REFUSES": refuses,
        }
        ran = subprocess.run(
            ["sh"],
            input=script,
            capture_output=True,
            check=False,
            text=True,
            env=environment,
        )
        return ran.returncode, ran.stdout, ran.stderr

    def policy_of(self, role: str) -> list[Any]:
        """Return the documents that count for a role."""
        account = self.read()
        held = [account["policies"][p] for p in account["roles"][role]["policies"]]
        return [policy["versions"][policy["default"]] for policy in held]


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def script(names: Names = NAMES) -> str:
    return "\n".join(role_script(roles(names)))


def test_the_roles_are_made_with_trust_and_policy(account: Account) -> None:
    status, _, errors = account.run(script())
    assert (status, errors) == (0, "")
    for role in roles():
        assert account.read()["roles"][role.name]["trust"] == role.trust()
        assert account.policy_of(role.name) == [role.policy()]


def test_it_may_be_run_as_often_as_one_likes(account: Account) -> None:
    results = [account.run(script()) for _ in range(7)]
    assert {(status, errors) for status, _, errors in results} == {(0, "")}
    assert "CreateRole image-import-function: there already" in results[-1][1]
    for role in roles():
        assert account.policy_of(role.name) == [role.policy()]
    assert {len(p["versions"]) for p in account.read()["policies"].values()} == {5}


def test_what_is_there_is_brought_up_to_date(account: Account) -> None:
    account.run(script(replace(NAMES, key_prefix="old/")))
    before = account.read()
    before["roles"][FUNCTION_ROLE]["trust"] = {"Version": "1", "Statement": []}
    account.write(before)
    assert account.run(script())[0] == 0
    for role in roles():
        assert account.read()["roles"][role.name]["trust"] == role.trust()
        assert account.policy_of(role.name) == [role.policy()]


def test_a_role_of_the_whole_account_keeps_its_trust(account: Account) -> None:
    theirs = {"trust": {"Version": "1", "Statement": ["x"]}, "policies": []}
    account.write({"roles": {ECS_ROLE: theirs}, "policies": {}, "asked": []})
    assert account.run(script())[0] == 0
    assert account.read()["roles"][ECS_ROLE]["trust"] == theirs["trust"]
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
    assert account.read()["asked"][-1] == action
    assert TRIGGER_ROLE not in account.read()["roles"]


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
        assert account.run(line) == (0, "", "")
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
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    start, end = (
        readme.index("for PART in "),
        readme.index("aliyun mns-open DeleteQueue"),
    )
    given = f"IMAGES={names.image_bucket}\nSERVICE={names.service}\n"
    removal = f"set -eu\n{given}{readme[start:end]}"
    assert account.run(removal) == (0, "", "")
    left = account.read()
    assert (left["policies"], list(left["roles"])) == ({}, [ECS_ROLE])
    assert left["roles"][ECS_ROLE]["policies"] == []
