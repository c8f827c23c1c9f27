"""Stands in for the Aliyun CLI: `aliyun ram ...` on an account kept in a file.

Roles, policies and their versions are as RAM keeps them: what is there already is
refused, a policy has five versions at most, only what exists can be attached, and what
is in use or has versions is not deleted. The file of the account is ALIYUN_ACCOUNT; an
action that ALIYUN_REFUSES names is refused.

Sources: the pages of these actions, RAM API 2015-05-01; cli/command.go of
github.com/aliyun/aliyun-cli for how refusals are printed; read 2026-11.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST_VERSIONS = 5
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


class RefusedError(Exception):
    """RAM's code."""


def create_role(account: Any, given: Mapping[str, str]) -> None:
    if given["RoleName"] in account["roles"]:
        raise RefusedError("EntityAlreadyExists.Role")
    trust = json.loads(given["AssumeRolePolicyDocument"])
    account["roles"][given["RoleName"]] = {"trust": trust, "policies": []}


def update_role(account: Any, given: Mapping[str, str]) -> None:
    role = found(account["roles"], given["RoleName"], "Role")
    role["trust"] = json.loads(given["NewAssumeRolePolicyDocument"])


def create_policy(account: Any, given: Mapping[str, str]) -> None:
    if given["PolicyName"] in account["policies"]:
        raise RefusedError("EntityAlreadyExists.Policy")
    versions = [json.loads(given["PolicyDocument"])]
    account["policies"][given["PolicyName"]] = {"versions": versions, "default": 0}


def create_policy_version(account: Any, given: Mapping[str, str]) -> None:
    policy = found(account["policies"], given["PolicyName"], "Policy")
    versions = policy["versions"]
    if len(versions) == MOST_VERSIONS:
        if given.get("RotateStrategy", "None") != ROTATE:
            raise RefusedError("LimitExceeded.Policy.Version")
        oldest = 1 if policy["default"] == 0 else 0
        del versions[oldest]
        policy["default"] -= oldest < policy["default"]
    versions.append(json.loads(given["PolicyDocument"]))
    if given.get("SetAsDefault") == "true":
        policy["default"] = len(versions) - 1


def attach_policy_to_role(account: Any, given: Mapping[str, str]) -> None:
    role = found(account["roles"], given["RoleName"], "Role")
    assert given["PolicyType"] == "Custom"
    found(account["policies"], given["PolicyName"], "Policy")
    if given["PolicyName"] in role["policies"]:
        raise RefusedError("EntityAlreadyExists.Role.Policy")
    role["policies"].append(given["PolicyName"])


def detach_policy_from_role(account: Any, given: Mapping[str, str]) -> None:
    role = found(account["roles"], given["RoleName"], "Role")
    assert given["PolicyType"] == "Custom"
    if given["PolicyName"] not in role["policies"]:
        raise RefusedError("EntityNotExist.Role.Policy")
    role["policies"].remove(given["PolicyName"])


def delete_policy(account: Any, given: Mapping[str, str]) -> None:
    name = given["PolicyName"]
    policy = found(account["policies"], name, "Policy")
    if any(name in role["policies"] for role in account["roles"].values()):
        raise RefusedError("DeleteConflict.Policy.Role")
    if len(policy["versions"]) > 1 and given.get("CascadingDelete") != "true":
        raise RefusedError("DeleteConflict.Policy.Version")
    del account["policies"][name]


def delete_role(account: Any, given: Mapping[str, str]) -> None:
    if found(account["roles"], given["RoleName"], "Role")["policies"]:
        raise RefusedError("DeleteConflict.Role.Policy")
    del account["roles"][given["RoleName"]]


def refuse(_account: Any, _given: Mapping[str, str]) -> None:
    raise RefusedError("NoPermission")


def found(things: Any, name: str, kind: str) -> Any:
    if name not in things:
        raise RefusedError(f"EntityNotExist.{kind}")
    return things[name]


ACTIONS = {
    "CreateRole": create_role,
    "UpdateRole": update_role,
    "CreatePolicy": create_policy,
    "CreatePolicyVersion": create_policy_version,
    "AttachPolicyToRole": attach_policy_to_role,
    "DetachPolicyFromRole": detach_policy_from_role,
    "DeletePolicy": delete_policy,
    "DeleteRole": delete_role,
}


def main() -> None:
    program, action, *words = sys.argv[1:]
    assert program == "ram"
    sys.stdin.read()
    options = [word.removeprefix("--") for word in words[::2]]
    given = dict(zip(options, words[1::2], strict=True))
    file = Path(os.environ["ALIYUN_ACCOUNT"])
    account = json.loads(file.read_text("utf-8"))
    account["asked"].append(action)
    is_refused = action == os.environ.get("ALIYUN_REFUSES")
    try:
        (refuse if is_refused else ACTIONS[action])(account, given)
    except RefusedError as exc:
        sys.exit(f"ERROR: SDK.ServerError\nErrorCode: {exc}")
    finally:
        file.write_text(json.dumps(account), "utf-8")


if __name__ == "__main__":
    main()
