"""Whether policies allow what a role needs.

Source: "Policy evaluation process" and "Policy elements", Resource Access Management
documentation, read 2026-11: a matching Deny counts before any Allow; `*` stands for
any characters and `?` for one; actions are not told apart by case.
"""

import re
from collections.abc import Iterable
from typing import Any

from image_import_cli.policies import Grant

Json = dict[str, Any]


def missing_rights(policies: Iterable[Json], grants: Iterable[Grant]) -> list[str]:
    """Return the actions and resources of grants that policies do not allow.

    Conditions are taken as fulfilled, except that a listing is asked for the prefix
    that its grant names.
    """
    held = [statement for policy in policies for statement in policy["Statement"]]
    return [
        f"{action} on {resource}"
        for grant in grants
        for action in grant.actions
        for resource in grant.resources
        if not _is_allowed(held, action, resource, under=grant.under)
    ]


def _is_allowed(
    statements: Iterable[Json], action: str, resource: str, *, under: str
) -> bool:
    effects = {
        statement["Effect"]
        for statement in statements
        if _is_about(statement, action, resource, under)
    }
    return effects == {"Allow"}


def _is_about(statement: Json, action: str, resource: str, under: str) -> bool:
    actions = [name.lower() for name in _list(statement.get("Action", []))]
    prefixes = statement.get("Condition", {}).get("StringLike", {}).get("oss:Prefix")
    return (
        any(_fits(pattern, action.lower()) for pattern in actions)
        and any(_fits(p, resource) for p in _list(statement.get("Resource", [])))
        and (not prefixes or any(_fits(p, f"{under}*") for p in _list(prefixes)))
    )


def _fits(pattern: str, text: str) -> bool:
    parts = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


def _list(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [str(item) for item in items]


def trusted_services(trust: Json) -> set[str]:
    """Return the services that may take on a role."""
    return {
        service
        for statement in trust.get("Statement", [])
        if statement.get("Effect") == "Allow"
        for service in _list(statement.get("Principal", {}).get("Service", []))
    }


def writers(policy: Json, resource: str) -> bool:
    """Return whether a bucket's own policy lets anybody put objects to a resource."""
    return any(
        statement["Effect"] == "Allow"
        and _is_about(statement, "oss:PutObject", resource, "")
        for statement in policy.get("Statement", [])
    )


def is_shut(policy: Json | None, resource: str) -> bool:
    """Return whether a bucket's own policy keeps others from writing to a resource."""
    return policy is not None and any(
        statement["Effect"] == "Deny"
        and _is_about(statement, "oss:PutObject", resource, "")
        for statement in policy.get("Statement", [])
    )
