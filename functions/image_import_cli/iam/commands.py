"""Roles and policies as commands of the Aliyun CLI.

Sources, read 2026-11:
    "CreateRole", "UpdateRole", "CreatePolicy", "CreatePolicyVersion" and
    "AttachPolicyToRole", RAM API 2015-05-01: what is there already is refused with a
    code that begins with EntityAlreadyExists; a policy has five versions at most, and
    RotateStrategy has the oldest one make room that is not in use.
    cli/command.go of github.com/aliyun/aliyun-cli: a call that is refused ends with a
    status other than 0; some versions print the refusal to standard output.
"""

import json
import shlex
from collections.abc import Iterable, Iterator

from image_import_cli.iam.roles import Json, RoleSpec

_PRELUDE = """\
# Roles and policies of image-import. It may be run again: what is there already is
# brought up to date. It ends with 1 at the first call that is refused.
set -eu

# Calls RAM; returns 1 if what is to be made is there already.
ram() {
  if said=$(aliyun ram "$@" 2>&1 </dev/null); then
    echo "$1 $3: done"
    return 0
  fi
  case $said in
    *EntityAlreadyExists*) echo "$1 $3: there already"; return 1 ;;
  esac
  printf '%s %s: %s\\n' "$1" "$3" "$said" >&2
  exit 1
}
"""


def role_script(roles: Iterable[RoleSpec]) -> Iterator[str]:
    """Yield the parts of a shell script that makes roles, or brings them up to date.

    A role that others may use too keeps its trust.
    """
    yield _PRELUDE
    for role in roles:
        yield f"# {role.purpose}"
        if role.is_shared:
            yield f"{_ram(_create_role(role))} || true"
        else:
            yield f"{_ram(_create_role(role))} ||\n  {_ram(_update_role(role))}"
        version = _ram(_create_policy_version(role))
        yield f"{_ram(_create_policy(role))} ||\n  {version}"
        yield f"{_ram(_attach_policy(role))} || true\n"


def making_commands(role: RoleSpec) -> Iterator[str]:
    """Yield the commands that make a role with its policy, which may be there."""
    yield _aliyun(_create_role(role))
    yield from mending_commands(role)


def mending_commands(role: RoleSpec) -> Iterator[str]:
    """Yield the commands that give an existing role the rights that it lacks.

    Its policy may be there with fewer rights, as a stack or we made it: then it gets
    another version, and is perhaps attached already.
    """
    version = _aliyun(_create_policy_version(role))
    yield f"{_aliyun(_create_policy(role))} ||\n  {version}"
    yield _aliyun(_attach_policy(role))


def trust_command(role: RoleSpec) -> str:
    """Return the command that corrects who may take on an existing role."""
    return _aliyun(_update_role(role))


def _ram(words: Iterable[str]) -> str:
    return shlex.join(["ram", *words])


def _aliyun(words: Iterable[str]) -> str:
    return shlex.join(["aliyun", "ram", *words])


def _create_role(role: RoleSpec) -> list[str]:
    trust = role.trust()
    return _words("CreateRole", RoleName=role.name, AssumeRolePolicyDocument=trust)


def _update_role(role: RoleSpec) -> list[str]:
    trust = role.trust()
    return _words("UpdateRole", RoleName=role.name, NewAssumeRolePolicyDocument=trust)


def _create_policy(role: RoleSpec) -> list[str]:
    document = role.policy()
    return _words("CreatePolicy", PolicyName=role.policy_name, PolicyDocument=document)


def _create_policy_version(role: RoleSpec) -> list[str]:
    return _words(
        "CreatePolicyVersion",
        PolicyName=role.policy_name,
        PolicyDocument=role.policy(),
        SetAsDefault="true",
        RotateStrategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
    )


def _attach_policy(role: RoleSpec) -> list[str]:
    return _words(
        "AttachPolicyToRole",
        RoleName=role.name,
        PolicyName=role.policy_name,
        PolicyType="Custom",
    )


def _words(action: str, **parameters: str | Json) -> list[str]:
    words = [action]
    for name, value in parameters.items():
        text = value if isinstance(value, str) else json.dumps(value)
        words += [f"--{name}", text]
    return words
