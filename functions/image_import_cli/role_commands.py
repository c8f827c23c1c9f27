"""Roles and policies as commands of the Aliyun CLI."""

import json
import shlex
from collections.abc import Iterator

from image_import_cli.policies import Json, Role


def role_commands(role: Role) -> Iterator[str]:
    """Yield the commands of the Aliyun CLI that make a role with its policy."""
    yield f"# {role.purpose}"
    yield _ram("CreateRole", RoleName=role.name, AssumeRolePolicyDocument=role.trust())
    yield from policy_commands(role)


def policy_commands(role: Role) -> Iterator[str]:
    """Yield the commands that give an existing role its policy."""
    policy_name = f"{role.name}Policy" if role.name[0].isupper() else role.name
    yield _ram("CreatePolicy", PolicyName=policy_name, PolicyDocument=role.policy())
    yield _ram(
        "AttachPolicyToRole",
        PolicyType="Custom",
        PolicyName=policy_name,
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
