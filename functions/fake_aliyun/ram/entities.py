"""Roles and policies as RAM keeps them."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.ram.errors import RamError
from fake_aliyun.ram.policies import Policy, fits, listed, read_statements

ASSUME = "sts:AssumeRole"
_ELEMENTS = frozenset({"Effect", "Action", "Principal"})
_PRINCIPALS = frozenset({"RAM", "Service", "Federated"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """The services that may take on a role, and those that may not whatever else."""

    allowed: frozenset[str]
    denied: frozenset[str]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Trust":
        """Return what a trust policy says.

        Raises:
            NotImitatedError: A statement has an element that is not imitated.
            ValueError: The document is no trust policy.
        """
        said: dict[str, set[str]] = {"Allow": set(), "Deny": set()}
        for entry in read_statements(document):
            effect, services = _read(entry)
            said[effect] |= services
        return cls(allowed=frozenset(said["Allow"]), denied=frozenset(said["Deny"]))

    def includes(self, service: str) -> bool:
        """Return whether a service, like ecs.aliyuncs.com, may take the role on."""
        return service in self.allowed and service not in self.denied


def trust_document(service: str) -> dict[str, Any]:
    """Return the trust policy of a role that is for one service."""
    statement = {
        "Action": ASSUME,
        "Effect": "Allow",
        "Principal": {"Service": [service]},
    }
    return {"Statement": [statement], "Version": "1"}


def _read(entry: Mapping[str, Any]) -> tuple[str, set[str]]:
    """Return the effect of a statement, and on which services it has it."""
    if unknown := set(entry) - _ELEMENTS:
        what = f"{sorted(unknown)} in a trust policy"
        raise NotImitatedError(what, known=_ELEMENTS)
    if entry["Effect"] not in {"Allow", "Deny"}:
        raise ValueError(f"Effect is Allow or Deny, not {entry['Effect']!r}")
    principal = entry["Principal"]
    if not isinstance(principal, dict) or not set(principal) <= _PRINCIPALS:
        raise ValueError(f"Principal names {sorted(_PRINCIPALS)}, not {principal!r}")
    actions = listed(entry["Action"])
    is_about = any(fits(pattern.lower(), ASSUME.lower()) for pattern in actions)
    services = listed(principal.get("Service", [])) if is_about else ()
    return entry["Effect"], set(services)


CUSTOM, SYSTEM = "Custom", "System"
MAX_VERSIONS = 5
"""Source: "Limits", Resource Access Management documentation, read 2026-11."""

MAX_POLICY_CHARACTERS = 6144
"""Source: "CreatePolicyVersion", RAM API 2015-05-01, PolicyDocument, read 2026-11."""


@dataclass(kw_only=True)
class Role:
    """A role.

    Attributes:
        document: Its trust policy, as it was sent.
        is_lasting: Whether a reset leaves it, and what it may do.
    """

    name: str
    document: str
    created: datetime
    updated: datetime
    description: str = ""
    is_lasting: bool = False
    role_id: str = field(default_factory=lambda: f"3{secrets.randbelow(10**17):017}")

    @property
    def trust(self) -> Trust:
        """Return whom it trusts."""
        return read_trust(self.document)


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a policy; `document` is as it was sent."""

    version_id: str
    document: str
    granted: Policy
    created: datetime


@dataclass(kw_only=True)
class ManagedPolicy:
    """A policy with its versions, oldest first.

    Attributes:
        kind: Custom, or System for one of Alibaba Cloud's own.
        last_number: Of the newest version that there ever was.
    """

    name: str
    kind: str
    created: datetime
    updated: datetime
    description: str = ""
    versions: dict[str, Version] = field(default_factory=dict)
    default_id: str = ""
    last_number: int = 0

    @property
    def default(self) -> Version:
        """Return the version that counts."""
        return self.versions[self.default_id]

    def add(self, document: str, *, now: datetime, is_default: bool) -> Version:
        """Return a new version, the first one being the default in any case."""
        granted = read_policy(document)
        self.last_number += 1
        version = Version(
            version_id=f"v{self.last_number}",
            document=document,
            granted=granted,
            created=now,
        )
        self.versions[version.version_id] = version
        if is_default or not self.default_id:
            self.default_id = version.version_id
        self.updated = now
        return version

    def remove(self, version_id: str) -> None:
        """Remove a version that does not count.

        Raises:
            RamError: There is none, or it is the default.
        """
        if version_id not in self.versions:
            raise RamError("EntityNotExist.Policy.Version")
        if version_id == self.default_id:
            raise RamError("DeleteConflict.Policy.Version.Default")
        del self.versions[version_id]

    def remove_oldest(self) -> None:
        """Remove the oldest version that does not count."""
        self.remove(next(v for v in self.versions if v != self.default_id))


def read_policy(document: str) -> Policy:
    """Return what a policy grants.

    Raises:
        RamError: MalformedPolicyDocument.
        NotImitatedError: It has an element that is not imitated.
    """
    try:
        return Policy.from_document(_read_json(document))
    except (KeyError, TypeError, ValueError) as exc:
        raise _malformed(exc) from exc


def read_trust(document: str) -> Trust:
    """Return whom a trust policy trusts.

    Raises:
        RamError: MalformedPolicyDocument.
        NotImitatedError: It has an element that is not imitated.
    """
    try:
        return Trust.from_document(_read_json(document))
    except (KeyError, TypeError, ValueError) as exc:
        raise _malformed(exc) from exc


def _read_json(document: str) -> Mapping[str, Any]:
    said = json.loads(document)
    if not isinstance(said, dict):
        raise ValueError("a policy is a JSON object")  # noqa: TRY004 - as others here
    return said


def _malformed(exc: Exception) -> RamError:
    return RamError("MalformedPolicyDocument", f"{type(exc).__name__}: {exc}")
