"""Policies: what they say and whether they allow something.

Sources: "Policy elements" and "Policy evaluation process", Resource Access Management
documentation, read 2026-11: a matching Deny counts before any Allow, and what nothing
allows is denied; "RAM Policy", OSS documentation: oss:Prefix is what a listing asks
for. Conditions other than StringLike on oss:Prefix, NotAction and NotResource are not
imitated.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fake_aliyun.core.errors import NotImitatedError

Effect = Literal["Allow", "Deny", ""]
_ELEMENTS = frozenset({"Effect", "Action", "Resource", "Condition"})
_CONDITIONS = {"StringLike": frozenset({"oss:Prefix"})}
NOTHING_SAID: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement of a policy.

    Attributes:
        likes: For each key of a condition, the patterns of which one must fit.
    """

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    likes: Mapping[str, tuple[str, ...]]

    def is_about(self, action: str, resource: str, said: Mapping[str, str]) -> bool:
        """Return whether the statement speaks of doing `action` to `resource`.

        Args:
            said: What the request says, by the keys of conditions.
        """
        return (
            any(fits(pattern.lower(), action.lower()) for pattern in self.actions)
            and any(fits(pattern, resource) for pattern in self.resources)
            and all(
                any(fits(pattern, said.get(key, "")) for pattern in patterns)
                for key, patterns in self.likes.items()
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What is granted and what is denied."""

    statements: tuple[Statement, ...]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Policy":
        """Return the policy of a document, as in RAM and in ROS templates.

        Raises:
            NotImitatedError: A statement has an element that is not imitated.
            ValueError: The document is no policy.
        """
        return cls(statements=tuple(map(read_statement, read_statements(document))))


def read_statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the statements of a policy, of the only version there is.

    Raises:
        ValueError: The document is no policy.
    """
    if str(document.get("Version")) != "1":
        raise ValueError(f"a policy has Version 1, this: {document.get('Version')}")
    entries = document.get("Statement")
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise ValueError(f"Statement is a list of objects, not {entries!r}")
    return entries


def as_text(document: Mapping[str, Any]) -> str:
    """Return a document as it is sent."""
    return json.dumps(document)


def is_allowed(
    policies: Iterable[Policy],
    action: str,
    resource: str,
    said: Mapping[str, str] = NOTHING_SAID,
) -> bool:
    """Return whether policies together allow something."""
    return effect(policies, action, resource, said) == "Allow"


def effect(
    policies: Iterable[Policy],
    action: str,
    resource: str,
    said: Mapping[str, str] = NOTHING_SAID,
) -> Effect:
    """Return what policies together say of something; "" for nothing."""
    concerned = [
        statement
        for policy in policies
        for statement in policy.statements
        if statement.is_about(action, resource, said)
    ]
    if not concerned:
        return ""
    return "Allow" if all(statement.allows for statement in concerned) else "Deny"


def read_statement(entry: Mapping[str, Any]) -> Statement:
    """Return the statement of a policy that a document describes.

    Raises:
        NotImitatedError: It has an element that is not imitated.
        ValueError: It is no statement.
    """
    if unknown := set(entry) - _ELEMENTS:
        raise NotImitatedError(f"{sorted(unknown)} in a policy", known=_ELEMENTS)
    if entry["Effect"] not in {"Allow", "Deny"}:
        raise ValueError(f"Effect is Allow or Deny, not {entry['Effect']!r}")
    return Statement(
        allows=entry["Effect"] == "Allow",
        actions=listed(entry["Action"]),
        resources=listed(entry["Resource"]),
        likes=_likes(entry.get("Condition", {})),
    )


def _likes(conditions: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(conditions, dict):
        raise ValueError("Condition is an object")  # noqa: TRY004 - as others here
    if unknown := set(conditions) - set(_CONDITIONS):
        raise NotImitatedError(f"the conditions {sorted(unknown)}", known=_CONDITIONS)
    asked = conditions.get("StringLike", {})
    if not isinstance(asked, dict):
        raise ValueError("StringLike is an object")  # noqa: TRY004 - as others here
    known = _CONDITIONS["StringLike"]
    if unknown := set(asked) - known:
        raise NotImitatedError(f"StringLike on {sorted(unknown)}", known=known)
    return {key: listed(patterns) for key, patterns in asked.items()}


def listed(value: object) -> tuple[str, ...]:
    """Return the texts of an element that is one text or a list of them.

    Raises:
        ValueError: It is neither.
    """
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in listed):
        raise ValueError(f"{value!r} is no text and no list of texts")
    return tuple(listed)


def fits(pattern: str, text: str) -> bool:
    """Return whether a pattern with `*` and `?` fits the whole text."""
    parts = re.split(r"([*?])", pattern)
    wild = {"*": ".*", "?": "."}
    regex = "".join(wild.get(part) or re.escape(part) for part in parts)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def _system(*actions: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "1", "Statement": [statement]}


SYSTEM_POLICIES: Mapping[str, Mapping[str, Any]] = {
    "AdministratorAccess": _system("*"),
    "AliyunECSFullAccess": _system("ecs:*"),
    "AliyunECSImageImportRolePolicy": _system(
        "oss:GetObject", "oss:GetBucketLocation", "oss:GetBucketInfo"
    ),
    "AliyunFCFullAccess": _system("fc:*"),
    "AliyunFCInvocationAccess": _system("fc:InvokeFunction"),
    "AliyunOSSFullAccess": _system("oss:*"),
    "AliyunOSSReadOnlyAccess": _system("oss:Get*", "oss:List*"),
}
"""Source: "System policies", Resource Access Management documentation; ImportImage,
"Usage notes", for the import role; read 2026-11."""
