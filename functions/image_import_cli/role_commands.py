"""Roles and policies as commands of the Aliyun CLI."""

import json
import shlex
from collections.abc import Iterator

from image_import_cli.policies import Json, Role


def role_commands(role: Role) -> Iterator[str]:
    """Yield the commands of the Aliyun CLI that make a role with its policy."""
    yield f"# {role.purpose}"
    yield _ram("CreateRole", RoleName=role.name, AssumeRolePolicyDocument=role.trust())
    yield _create_policy(role)
    yield _attach_policy(role)


def mending_commands(role: Role) -> Iterator[str]:
    """Yield the commands that give an existing role the rights that it lacks.

    Its policy may be there with fewer rights, as a stack or we made it: then it gets
    another version, and is perhaps attached already.

    Source: "CreatePolicyVersion", RAM API 2015-05-01, read 2026-11.
    """
    version = _ram(
        "CreatePolicyVersion",
        PolicyName=_policy_name(role),
        PolicyDocument=role.policy(),
        SetAsDefault="true",
    )
    yield f"{_create_policy(role)} ||\n  {version}"
    yield _attach_policy(role)


def _policy_name(role: Role) -> str:
    return f"{role.name}Policy" if role.name[0].isupper() else role.name


def _create_policy(role: Role) -> str:
    name, document = _policy_name(role), role.policy()
    return _ram("CreatePolicy", PolicyName=name, PolicyDocument=document)


def _attach_policy(role: Role) -> str:
    return _ram(
        "AttachPolicyToRole",
        PolicyType="Custom",
        PolicyName=_policy_name(role),
        RoleName=role.name,
    )


def trust_command(role: Role) -> str:
    """Return the command that corrects who may take on an existing role."""
    return _ram(
        "UpdateRole", RoleName=role.name, NewAssumeRolePolicyDocument=role.trust()
    )


def _ram(action: str, **parameters: str | Json) -> str:
    words = ["aliyun", "ram", action]
    for name, value in parameters.items():
        text = value if isinstance(value, str) else json.dumps(value)
        words += [f"--{name}", text]
    return shlex.join(words)
