"""Whom a bucket's own policy lets do something, and whom it keeps from it.

Sources: "Policy syntax and elements", "Bucket Policy" and "Bucket policy FAQ", OSS
documentation, read 2026-11: Principal lists UIDs, `*`, or roles as
arn:sts::UID:assumed-role/NAME/SESSION; an empty list is `*`, which is everyone but the
bucket's owner; a Deny wins over what RAM allows, an Allow is enough beside it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from image_import_cli.iam.permissions import fits, texts
from image_import_cli.iam.roles import Grant, Json

KNOWN = {"Effect", "Action", "Principal", "Resource", "Condition", "Sid"}
WRITES = ("oss:PutObject", "oss:DeleteObject")
UPLOADER = re.compile(r"[0-9]+|arn:sts::[0-9]+:assumed-role/[^/]+/.+")
"""What an uploader is called: the UID of a user, or a role's sessions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyStatement:
    """One statement, and which one of its policy it is.

    Attributes:
        number: Counted from 1.
        is_sure: It has no condition, so that it holds whenever it fits.
    """

    number: int
    is_deny: bool
    actions: tuple[str, ...]
    principals: tuple[str, ...]
    resources: tuple[str, ...]
    is_sure: bool

    def touches(self, action: str, resource: str) -> bool:
        """Return whether it speaks of some of what a grant speaks of."""
        return self._does(action) and any(
            _reaches(pattern, resource) for pattern in self.resources
        )

    def covers(self, action: str, resource: str) -> bool:
        """Return whether it speaks of all that a grant speaks of."""
        return self._does(action) and any(
            fits(pattern, resource) for pattern in self.resources
        )

    def names(self, principal: str) -> bool:
        """Return whether it is about some sessions of a role, or about a user."""
        return any(_reaches(pattern, principal) for pattern in self.principals)

    def _does(self, action: str) -> bool:
        return any(fits(name.lower(), action.lower()) for name in self.actions)


def read_statements(policy: Json | None) -> list[PolicyStatement]:
    """Return what a policy says; nothing if there is none.

    Statements with elements that are not looked at here are left out.
    """
    listed = (policy or {}).get("Statement", [])
    return [
        PolicyStatement(
            number=number,
            is_deny=entry.get("Effect") == "Deny",
            actions=tuple(texts(entry.get("Action", []))),
            principals=tuple(texts(entry.get("Principal", []))) or ("*",),
            resources=tuple(texts(entry.get("Resource", []))),
            is_sure=not entry.get("Condition"),
        )
        for number, entry in enumerate(listed, 1)
        if KNOWN.issuperset(entry)
    ]


def not_understood(policy: Json | None) -> list[str]:
    """Return the elements of statements that are not looked at here."""
    listed = (policy or {}).get("Statement", [])
    return sorted({name for entry in listed for name in entry if name not in KNOWN})


def role_sessions(account_id: str, role: str) -> str:
    """Return what a policy calls all sessions of a role."""
    return f"arn:sts::{account_id}:assumed-role/{role}/*"


def at_home(resource: str, region_id: str, account_id: str) -> str:
    """Return a resource of ours with its region and account named."""
    return resource.replace("acs:oss:*:*:", f"acs:oss:{region_id}:{account_id}:", 1)


def opens(
    statements: Iterable[PolicyStatement], resource: str, *, ours: Iterable[str]
) -> list[PolicyStatement]:
    """Return the statements that let others than `ours` write to a resource."""
    known = set(ours)
    return [
        found
        for found in statements
        if not found.is_deny
        and any(found.touches(action, resource) for action in WRITES)
        and not all(_is_of(name, known) for name in found.principals)
    ]


def keeps_away(
    statements: Iterable[PolicyStatement], principal: str, resource: str
) -> list[PolicyStatement]:
    """Return the statements that surely keep a principal from writing."""
    return [
        found
        for found in statements
        if found.is_deny
        and found.is_sure
        and found.covers("oss:PutObject", resource)
        and any(fits(pattern, principal) for pattern in found.principals)
    ]


def denies(
    statements: Iterable[PolicyStatement],
    grants: Iterable[Grant],
    *,
    sessions: str,
    region_id: str,
    account_id: str,
) -> Iterator[tuple[PolicyStatement, str]]:
    """Yield each statement that denies a role something it needs, with what."""
    needed = [
        (action, at_home(resource, region_id, account_id))
        for grant in grants
        for action in grant.actions
        for resource in grant.resources
    ]
    for found in statements:
        if found.is_deny and found.names(sessions):
            for action, resource in needed:
                if found.touches(action, resource):
                    yield found, action


def granted(policy: Json | None, sessions: str) -> Json:
    """Return what a bucket's policy surely allows a role, as RAM would write it."""
    sure = [
        {
            "Effect": "Allow",
            "Action": list(found.actions),
            "Resource": list(found.resources),
        }
        for found in read_statements(policy)
        if not found.is_deny
        and found.is_sure
        and any(fits(pattern, sessions) for pattern in found.principals)
    ]
    return {"Version": "1", "Statement": sure}


def _is_of(pattern: str, names: set[str]) -> bool:
    """Return whether a pattern is about nobody but some names.

    A name may end in `*`, as the sessions of a role do.
    """
    return any(fits(name, pattern) for name in names)


def _reaches(pattern: str, scope: str) -> bool:
    """Return whether a pattern fits something of a scope, which may end in `*`."""
    if not scope.endswith("*"):
        return fits(pattern, scope)
    *heads, last = pattern.split(":", 4)
    *wanted, start = scope.removesuffix("*").split(":", 4)
    if len(heads) != len(wanted):
        return fits(pattern, scope)
    return all(map(fits, heads, wanted)) and any(
        fits(last[:end], start) for end in range(len(last) + 1)
    )
