"""Whether policies allow what a role needs.

Source: "Policy evaluation process" and "Policy elements", Resource Access Management
documentation, read 2026-11: a matching Deny counts before any Allow; `*` stands for
any characters and `?` for one; actions are not told apart by case.
"""

import re
from collections.abc import Iterable
from typing import Any

from image_import_cli.iam.roles import Grant

Json = dict[str, Any]


def missing_rights(
    policies: Iterable[Json], grants: Iterable[Grant], *, place: str = "*:*"
) -> list[str]:
    """Return the actions and resources of grants that policies surely do not allow.

    Args:
        place: The region and the account of the buckets, as REGION:ACCOUNT.
    """
    return _refused(statements(policies), grants, place=place, wanted="Allow")


def conditional_rights(
    policies: Iterable[Json], grants: Iterable[Grant], *, place: str = "*:*"
) -> list[str]:
    """Return what is allowed under some conditions and not under others.

    A listing for the prefix that its grant names is no such condition: that one is
    understood.
    """
    held, asked = statements(policies), list(grants)
    never = _refused(held, asked, place=place, wanted="Allow")
    now_and_then = _refused(held, asked, place=place, wanted="Deny")
    return [right for right in now_and_then if right not in never]


def conditions(statement: Json) -> set[str]:
    """Return the keys of a statement's conditions that are not understood here."""
    held = statement.get("Condition") or {}
    return {
        key
        for operator, keys in held.items()
        for key in keys
        if (operator, key) != ("StringLike", "oss:Prefix")
    }


def statements(policies: Iterable[Json]) -> list[Json]:
    """Return the statements of all policies."""
    return [statement for policy in policies for statement in policy["Statement"]]


def _refused(
    held: Iterable[Json], grants: Iterable[Grant], *, place: str, wanted: str
) -> list[str]:
    """Return what is not allowed.

    Args:
        wanted: The effect whose conditions are taken as fulfilled; those of the
            other one are not.
    """
    counting = [s for s in held if s["Effect"] == wanted or not conditions(s)]
    return [
        f"{action} on {resource}"
        for grant in grants
        for action in grant.actions
        for resource in grant.resources
        if not _is_allowed(
            counting,
            action,
            resource.replace("acs:oss:*:*:", f"acs:oss:{place}:", 1),
            under=grant.under,
        )
    ]


def _is_allowed(
    held: Iterable[Json], action: str, resource: str, *, under: str
) -> bool:
    effects = {
        statement["Effect"]
        for statement in held
        if is_about(statement, action, resource, under)
    }
    return effects == {"Allow"}


def is_about(statement: Json, action: str, resource: str, under: str = "") -> bool:
    """Return whether a statement speaks of an action on a resource."""
    actions = [name.lower() for name in texts(statement.get("Action", []))]
    prefixes = statement.get("Condition", {}).get("StringLike", {}).get("oss:Prefix")
    return (
        any(fits(pattern, action.lower()) for pattern in actions)
        and any(fits(p, resource) for p in texts(statement.get("Resource", [])))
        and (not prefixes or any(fits(p, f"{under}*") for p in texts(prefixes)))
    )


def fits(pattern: str, text: str) -> bool:
    """Return whether a pattern with `*` and `?` fits the whole text."""
    parts = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


def texts(value: object) -> list[str]:
    """Return the texts of an element that is one text or a list of them."""
    items = value if isinstance(value, list) else [value]
    return [str(item) for item in items]


def trusted_services(trust: Json) -> set[str]:
    """Return the services that may take on a role."""
    return {
        service
        for statement in trust.get("Statement", [])
        if statement.get("Effect") == "Allow"
        for service in texts(statement.get("Principal", {}).get("Service", []))
    }
