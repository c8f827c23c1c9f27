"""Whom a role trusts.

Source: "Policy elements" and "Edit the trust policy of a RAM role", Resource Access
Management documentation, read 2026-11: one statement or more, each with a Principal of
RAM, Service or Federated. Only services take roles on here; conditions are not
imitated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fake_aliyun.errors import NotImitatedError
from fake_aliyun.ram.policies import fits, listed, read_statements

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
