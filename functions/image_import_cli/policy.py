"""`image-import policy`: the rights of the three roles, for given names."""

import json
import shlex
from collections.abc import Iterable, Iterator

import click

from image_import_cli.name_options import name_options
from image_import_cli.policies import (
    FcVersion,
    Json,
    Names,
    OnAvailable,
    Role,
    ecs_role,
    function_role,
    trigger_role,
    uploader_policy,
)


@click.command()
@name_options
@click.option(
    "--fc",
    "fc_version",
    type=click.Choice(["2.0", "3.0"]),
    default="3.0",
    show_default=True,
    help="Version of Function Compute, which names functions differently.",
)
@click.option(
    "--on-available",
    type=click.Choice(["keep", "tag", "delete"]),
    default="keep",
    show_default=True,
    help="The setting ON_AVAILABLE; touching the source takes another right.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--commands", is_flag=True, help="Print the commands that make the roles."
)
def policy(
    names: Names,
    fc_version: FcVersion,
    on_available: OnAvailable,
    *,
    as_json: bool,
    commands: bool,
) -> None:
    """Print what the functions, OSS and ECS must be allowed, and nothing beyond.

    template.yml makes these roles itself; s.yaml expects them under these names.

    \b
    Examples:
      image-import policy --image-bucket my-images --ledger-bucket my-images-ledger
      image-import policy --image-bucket my-images --ledger-bucket my-images-ledger \\
        --region cn-hangzhou --account-id 1234567890123456 --commands | sh
    """  # noqa: D301 - \b is click's
    if as_json and commands:
        raise click.UsageError("--json and --commands are two ways to print the same")
    roles = (
        function_role(names, on_available=on_available),
        trigger_role(names, fc_version=fc_version),
        ecs_role(names),
    )
    if as_json:
        click.echo(json.dumps(_as_json(roles, names), indent=2))
    elif commands:
        click.echo("\n".join(line for role in roles for line in role_commands(role)))
    else:
        click.echo("\n".join(_as_text(roles, names)))


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


def _as_json(roles: Iterable[Role], names: Names) -> Json:
    described = [
        {
            "name": role.name,
            "purpose": role.purpose,
            "trust": role.trust(),
            "policy": role.policy(),
            "unconfirmed": [g.unconfirmed for g in role.grants if g.unconfirmed],
        }
        for role in roles
    ]
    return {"roles": described, "uploaders": uploader_policy(names)}


def _as_text(roles: Iterable[Role], names: Names) -> Iterator[str]:
    for role in roles:
        yield f"Role {role.name}, taken on by {role.service}"
        yield f"  {role.purpose}"
        for grant in role.grants:
            yield f"  - {', '.join(grant.actions)}: {grant.why}"
            if grant.unconfirmed:
                yield f"    No public source says {grant.unconfirmed}."
        yield json.dumps(role.policy(), indent=2)
        yield ""
    yield "For those who upload; the ledger stays out of their reach"
    yield json.dumps(uploader_policy(names), indent=2)
