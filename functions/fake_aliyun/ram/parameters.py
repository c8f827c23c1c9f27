"""The operations of RAM that are imitated, and what they take.

Source: the page of each operation, RAM API 2015-05-01, and "Error messages", RAM API
reference, read 2026-11.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fake_aliyun.errors import NotImitatedError
from fake_aliyun.ram.entities import CUSTOM, MAX_POLICY_CHARACTERS, SYSTEM
from fake_aliyun.ram.errors import RamError

MAX_ROLE_NAME, MAX_POLICY_NAME = 64, 128
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
_STRATEGIES, _BOOLEANS = ("None", ROTATE), ("true", "false")
Parameters = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """What an operation takes.

    Attributes:
        needed: The parameters that it must have.
        more: Those that it may have.
    """

    needed: tuple[str, ...]
    more: tuple[str, ...] = ()

    @property
    def known(self) -> frozenset[str]:
        """Return the names of all its parameters."""
        return frozenset((*self.needed, *self.more))


_ROLE, _POLICY = ("RoleName",), ("PolicyName", "PolicyType")
OPERATIONS: Mapping[str, Operation] = {
    "GetRole": Operation(needed=_ROLE),
    "CreateRole": Operation(
        needed=(*_ROLE, "AssumeRolePolicyDocument"), more=("Description",)
    ),
    "UpdateRole": Operation(needed=(*_ROLE, "NewAssumeRolePolicyDocument")),
    "DeleteRole": Operation(needed=_ROLE),
    "ListPoliciesForRole": Operation(needed=_ROLE),
    "AttachPolicyToRole": Operation(needed=(*_ROLE, *_POLICY)),
    "DetachPolicyFromRole": Operation(needed=(*_ROLE, *_POLICY)),
    "GetPolicy": Operation(needed=_POLICY),
    "CreatePolicy": Operation(
        needed=("PolicyName", "PolicyDocument"), more=("Description",)
    ),
    "DeletePolicy": Operation(needed=("PolicyName",), more=("CascadingDelete",)),
    "ListPolicyVersions": Operation(needed=_POLICY),
    "CreatePolicyVersion": Operation(
        needed=("PolicyName", "PolicyDocument"), more=("SetAsDefault", "RotateStrategy")
    ),
    "DeletePolicyVersion": Operation(needed=("PolicyName", "VersionId")),
}
"""UpdateRole may also change descriptions and lengths of sessions, which it does not
here, and so takes a trust policy always."""


def check_parameters(action: str, parameters: Parameters) -> None:
    """Let the parameters of an operation pass that are complete and well formed.

    Raises:
        NotImitatedError: One does not exist here.
        RamError: One is missing or malformed.
    """
    operation = OPERATIONS[action]
    for name in parameters:
        if name not in operation.known:
            what = f"the parameter {name!r} of {action}"
            raise NotImitatedError(what, known=operation.known)
    for name in operation.needed:
        if not parameters.get(name):
            raise RamError("MissingParameter", name)
    _check_name(parameters, "RoleName", r"[a-zA-Z0-9.-]+", most=MAX_ROLE_NAME)
    _check_name(parameters, "PolicyName", r"[a-zA-Z0-9-]+", most=MAX_POLICY_NAME)
    if parameters.get("PolicyType", CUSTOM) not in {CUSTOM, SYSTEM}:
        raise RamError("InvalidParameter.PolicyType")
    if len(parameters.get("PolicyDocument", "")) > MAX_POLICY_CHARACTERS:
        raise RamError("InvalidParameter.PolicyDocument.Length")
    for name, values in (
        ("RotateStrategy", _STRATEGIES),
        ("SetAsDefault", _BOOLEANS),
        ("CascadingDelete", _BOOLEANS),
    ):
        if parameters.get(name, values[0]) not in values:
            raise NotImitatedError(f"{name} {parameters[name]!r}", known=values)
    if not re.fullmatch(r"v[0-9]+", parameters.get("VersionId", "v1")):
        raise RamError("InvalidParameter.VersionId.Format")


def _check_name(
    parameters: Parameters, parameter: str, pattern: str, *, most: int
) -> None:
    name = parameters.get(parameter)
    if name is not None and len(name) > most:
        raise RamError(f"InvalidParameter.{parameter}.Length")
    if name is not None and not re.fullmatch(pattern, name):
        raise RamError(f"InvalidParameter.{parameter}.InvalidChars")


def resources(parameters: Parameters, *, account_id: str) -> list[str]:
    """Return the resources that an operation is about; all of them must be allowed.

    Source: "RAM authorization" of each operation's page; a system policy belongs to
    `system` and to no account.
    """
    found = []
    if name := parameters.get("RoleName"):
        found.append(f"acs:ram:*:{account_id}:role/{name}")
    if name := parameters.get("PolicyName"):
        owner = "system" if parameters.get("PolicyType") == SYSTEM else account_id
        found.append(f"acs:ram:*:{owner}:policy/{name}")
    return found
