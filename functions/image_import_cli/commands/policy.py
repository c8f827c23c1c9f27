"""`image-import policy`: the rights of the three roles, for given names."""

import json
from collections.abc import Iterable, Iterator

import click

from image_import_cli.iam.commands import role_script
from image_import_cli.iam.roles import (
    AfterAvailable,
    FcVersion,
    Json,
    Names,
    OnAvailable,
    RoleSpec,
    ecs_role,
    function_role,
    trigger_role,
    uploader_policy,
)
from image_import_cli.options.names import choice_options, name_options


@click.command()
@name_options
@choice_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--commands", is_flag=True, help="Print a shell script that makes the roles."
)
def policy(
    names: Names,
    fc_version: FcVersion,
    on_available: OnAvailable,
    after: AfterAvailable,
    *,
    as_json: bool,
    commands: bool,
) -> None:
    """Print what the functions, OSS and ECS must be allowed, and nothing beyond.

    A stack makes these roles itself; s.yaml expects them under these names.

    \b
    Example:
      image-import policy --image-bucket my-images --ledger-bucket my-ledger
      image-import policy --image-bucket my-images --ledger-bucket my-ledger \\
        --region cn-hangzhou --account-id 1234567890123456 --commands > roles.sh
    """  # noqa: D301 - \b is click's
    if as_json and commands:
        raise click.UsageError("--json and --commands are two ways to print the same")
    if names.is_ledger_open:
        raise click.UsageError(
            f"whoever may upload under {names.key_prefix!r} could write the ledger at "
            f"{names.ledger_prefix!r} of the same bucket; give another --ledger-bucket"
        )
    roles = (
        function_role(names, on_available=on_available, after=after),
        trigger_role(names, fc_version=fc_version),
        ecs_role(names),
    )
    if as_json:
        click.echo(json.dumps(_as_json(roles, names), indent=2))
    elif commands:
        if said := _breadth(names):
            click.echo(f"# {said}")
            click.echo(said, err=True)
        click.echo("\n".join(role_script(roles)), nl=False)
    else:
        click.echo("\n".join(_as_text(roles, names)))


def _as_json(roles: Iterable[RoleSpec], names: Names) -> Json:
    described = [
        {
            "name": role.name,
            "policy_name": role.policy_name,
            "purpose": role.purpose,
            "trust": role.trust(),
            "policy": role.policy(),
            "unconfirmed": [g.unconfirmed for g in role.grants if g.unconfirmed],
        }
        for role in roles
    ]
    return {"roles": described, "uploaders": uploader_policy(names)}


def _as_text(roles: Iterable[RoleSpec], names: Names) -> Iterator[str]:
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


def _breadth(names: Names) -> str:
    """Return what the rights are not narrowed down to; "" if to all there is."""
    held = {
        "region": ("--region", names.region_id),
        "account": ("--account-id", names.account_id),
    }
    wide = {what: option for what, (option, value) in held.items() if value == "*"}
    if not wide:
        return ""
    return (
        f"These rights hold for any {' and any '.join(wide)}; "
        f"narrow them down with {' and '.join(wide.values())}."
    )
