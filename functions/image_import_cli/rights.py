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


def missing_rights(
    policies: Iterable[Json], grants: Iterable[Grant], *, place: str = "*:*"
) -> list[str]:
    """Return the actions and resources of grants that policies do not allow.

    Conditions are taken as fulfilled, except that a listing is asked for the prefix
    that its grant names.

    Args:
        place: The region and the account of the buckets, as REGION:ACCOUNT.
    """
    held = [statement for policy in policies for statement in policy["Statement"]]
    return [
        f"{action} on {resource}"
        for grant in grants
        for action in grant.actions
        for resource in grant.resources
        if not _is_allowed(
            held,
            action,
            resource.replace("acs:oss:*:*:", f"acs:oss:{place}:", 1),
            under=grant.under,
        )
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
