"""What each operation of RAM does and answers.

Source: the page of each operation, RAM API 2015-05-01, read 2026-11.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fake_aliyun.core.clock import iso_seconds
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.rpc import Document
from fake_aliyun.ram.directory import Directory
from fake_aliyun.ram.entities import (
    CUSTOM,
    MAX_POLICY_CHARACTERS,
    SYSTEM,
    ManagedPolicy,
    Role,
    Version,
)
from fake_aliyun.ram.errors import RamError

MAX_ROLE_NAME, MAX_POLICY_NAME = 64, 128
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
_STRATEGIES, _BOOLEANS = ("None", ROTATE), ("true", "false")
Parameters = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class RamOperation:
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
OPERATIONS: Mapping[str, RamOperation] = {
    "GetRole": RamOperation(needed=_ROLE),
    "CreateRole": RamOperation(
        needed=(*_ROLE, "AssumeRolePolicyDocument"), more=("Description",)
    ),
    "UpdateRole": RamOperation(needed=(*_ROLE, "NewAssumeRolePolicyDocument")),
    "DeleteRole": RamOperation(needed=_ROLE),
    "ListPoliciesForRole": RamOperation(needed=_ROLE),
    "AttachPolicyToRole": RamOperation(needed=(*_ROLE, *_POLICY)),
    "DetachPolicyFromRole": RamOperation(needed=(*_ROLE, *_POLICY)),
    "GetPolicy": RamOperation(needed=_POLICY),
    "CreatePolicy": RamOperation(
        needed=("PolicyName", "PolicyDocument"), more=("Description",)
    ),
    "DeletePolicy": RamOperation(needed=("PolicyName",), more=("CascadingDelete",)),
    "ListPolicyVersions": RamOperation(needed=_POLICY),
    "CreatePolicyVersion": RamOperation(
        needed=("PolicyName", "PolicyDocument"), more=("SetAsDefault", "RotateStrategy")
    ),
    "DeletePolicyVersion": RamOperation(needed=("PolicyName", "VersionId")),
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


SESSION_SECONDS = 3600
"""How long a session of a role lasts at most, unless the role says otherwise."""


def shown_role(role: Role, *, account_id: str) -> Document:
    """Return a role."""
    return {
        "RoleId": role.role_id,
        "RoleName": role.name,
        "Arn": f"acs:ram::{account_id}:role/{role.name}",
        "Description": role.description,
        "MaxSessionDuration": SESSION_SECONDS,
        "AssumeRolePolicyDocument": role.document,
        "CreateDate": iso_seconds(role.created),
        "UpdateDate": iso_seconds(role.updated),
    }


def shown_policy(policy: ManagedPolicy, *, holder_count: int) -> Document:
    """Return a policy without what it says."""
    return {
        **_named(policy),
        "CreateDate": iso_seconds(policy.created),
        "UpdateDate": iso_seconds(policy.updated),
        "AttachmentCount": holder_count,
    }


def shown_attachment(policy: ManagedPolicy, attached: datetime) -> Document:
    """Return a policy that somebody has."""
    return {**_named(policy), "AttachDate": iso_seconds(attached)}


def shown_version(version: Version, policy: ManagedPolicy) -> Document:
    """Return a version of a policy."""
    return {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.version_id == policy.default_id,
        "PolicyDocument": version.document,
        "CreateDate": iso_seconds(version.created),
    }


def _named(policy: ManagedPolicy) -> Document:
    return {
        "PolicyName": policy.name,
        "PolicyType": policy.kind,
        "Description": policy.description,
        "DefaultVersion": policy.default_id,
    }


Answer = Callable[[Parameters], Document]


class RamOperations:
    """Answers operations whose parameters were checked."""

    def __init__(self, directory: Directory, *, account_id: str) -> None:
        self._directory = directory
        self._account_id = account_id

    def run(self, action: str, parameters: Parameters) -> Document:
        """Return the answer of an operation without its request ID.

        Raises:
            RamError: It is refused.
        """
        answers: dict[str, Answer] = {
            "GetRole": self._get_role,
            "CreateRole": self._create_role,
            "UpdateRole": self._update_role,
            "DeleteRole": self._delete_role,
            "ListPoliciesForRole": self._list_policies_for_role,
            "AttachPolicyToRole": self._attach_policy_to_role,
            "DetachPolicyFromRole": self._detach_policy_from_role,
            "GetPolicy": self._get_policy,
            "CreatePolicy": self._create_policy,
            "DeletePolicy": self._delete_policy,
            "ListPolicyVersions": self._list_policy_versions,
            "CreatePolicyVersion": self._create_policy_version,
            "DeletePolicyVersion": self._delete_policy_version,
        }
        return answers[action](parameters)

    def _get_role(self, given: Parameters) -> Document:
        return {"Role": self._shown(self._directory.role(given["RoleName"]))}

    def _create_role(self, given: Parameters) -> Document:
        role = self._directory.create_role(
            given["RoleName"],
            given["AssumeRolePolicyDocument"],
            given.get("Description", ""),
        )
        return {"Role": self._shown(role)}

    def _update_role(self, given: Parameters) -> Document:
        document = given["NewAssumeRolePolicyDocument"]
        role = self._directory.trust_by(given["RoleName"], document)
        return {"Role": self._shown(role)}

    def _delete_role(self, given: Parameters) -> Document:
        self._directory.delete_role(given["RoleName"])
        return {}

    def _list_policies_for_role(self, given: Parameters) -> Document:
        name = self._directory.role(given["RoleName"]).name
        listed = [
            shown_attachment(self._directory.policies[key], moment)
            for key, moment in self._directory.attached(f"role/{name}").items()
        ]
        return {"Policies": {"Policy": listed}}

    def _attach_policy_to_role(self, given: Parameters) -> Document:
        role = self._directory.role(given["RoleName"])
        self._directory.attach(f"role/{role.name}", self._policy(given))
        return {}

    def _detach_policy_from_role(self, given: Parameters) -> Document:
        role = self._directory.role(given["RoleName"])
        self._directory.detach(f"role/{role.name}", self._policy(given))
        return {}

    def _policy(self, given: Parameters) -> ManagedPolicy:
        return self._directory.policy(given["PolicyName"], given["PolicyType"])

    def _get_policy(self, given: Parameters) -> Document:
        policy = self._policy(given)
        return {
            "Policy": self._shown_policy(policy),
            "DefaultPolicyVersion": shown_version(policy.default, policy),
        }

    def _create_policy(self, given: Parameters) -> Document:
        policy = self._directory.create_policy(
            given["PolicyName"], given["PolicyDocument"], given.get("Description", "")
        )
        return {"Policy": self._shown_policy(policy)}

    def _delete_policy(self, given: Parameters) -> Document:
        whole = given.get("CascadingDelete") == "true"
        self._directory.delete_policy(given["PolicyName"], with_versions=whole)
        return {}

    def _list_policy_versions(self, given: Parameters) -> Document:
        policy = self._policy(given)
        listed = [shown_version(v, policy) for v in policy.versions.values()]
        return {"PolicyVersions": {"PolicyVersion": listed}}

    def _create_policy_version(self, given: Parameters) -> Document:
        version = self._directory.create_version(
            given["PolicyName"],
            given["PolicyDocument"],
            is_default=given.get("SetAsDefault") == "true",
            may_rotate=given.get("RotateStrategy") == ROTATE,
        )
        policy = self._directory.policy(given["PolicyName"], CUSTOM)
        return {"PolicyVersion": shown_version(version, policy)}

    def _delete_policy_version(self, given: Parameters) -> Document:
        policy = self._directory.policy(given["PolicyName"], CUSTOM)
        policy.remove(given["VersionId"])
        return {}

    def _shown(self, role: Role) -> Document:
        return shown_role(role, account_id=self._account_id)

    def _shown_policy(self, policy: ManagedPolicy) -> Document:
        return shown_policy(policy, holder_count=self._directory.holder_count(policy))
