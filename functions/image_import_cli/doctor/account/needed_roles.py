"""The roles that a deployment needs, as its functions are set up."""

from dataclasses import replace
from typing import get_args

from image_import.errors import SettingsError

from image_import_cli.doctor.account.facts import (
    DeployedFunction,
    Facts,
    Problem,
    roles_in_use,
)
from image_import_cli.iam.roles import (
    ECS_ROLE,
    AfterAvailable,
    OnAvailable,
    RoleSpec,
    after_grants,
    ecs_role,
    function_role,
    source_grants,
    trigger_role,
)


def needed_function_role(facts: Facts) -> RoleSpec:
    """Return the functions' role, with what their settings take.

    Where the functions, or the doctor's own options, do not say the same, it is what
    each of them takes.
    """
    role = function_role(facts.names)
    said, later = {facts.on_available}, [facts.after]
    for function in (facts.importer, facts.tracker, facts.converter):
        if isinstance(function, DeployedFunction):
            said |= _on_available(function)
            later += _after_available(function)
    grants = [g for choice in sorted(said) for g in source_grants(facts.names, choice)]
    grants += [g for after in later for g in after_grants(facts.names, after)]
    role = replace(role, grants=(*role.grants, *dict.fromkeys(grants)))
    return role.called(roles_in_use(facts.importer, facts.names)[0])


def needed_trigger_role(facts: Facts) -> RoleSpec:
    """Return the role in which OSS invokes the importer."""
    role = trigger_role(facts.names, fc_version=facts.fc_version)
    return role.called(roles_in_use(facts.importer, facts.names)[1])


def needed_ecs_role(facts: Facts) -> RoleSpec:
    """Return the role in which ECS reads the image."""
    return replace(ecs_role(facts.names), name=facts.ecs_role_name)


def ecs_role_name(importer: DeployedFunction | Problem, *, setting: str) -> str:
    """Return what the role is called in which ECS reads.

    Args:
        setting: ROLE_NAME where the doctor runs, which counts if no function is seen.
    """
    if isinstance(importer, DeployedFunction):
        setting = importer.environment.get("ROLE_NAME", "").strip()
    return setting or ECS_ROLE


def _on_available(function: DeployedFunction) -> set[OnAvailable]:
    """Return what a function does with an available image's source, if it says so."""
    said = function.environment.get("ON_AVAILABLE", "").strip()
    return {choice for choice in get_args(OnAvailable) if choice == said}


def _after_available(function: DeployedFunction) -> list[AfterAvailable]:
    """Return what a function does after an import, if its settings can be read."""
    try:
        return [AfterAvailable.read(function.environment)]
    except SettingsError:
        return []
