"""What each operation of RAM does and answers.

Source: the page of each operation, RAM API 2015-05-01, read 2026-11.
"""

from collections.abc import Callable

from fake_aliyun.ram.directory import Directory
from fake_aliyun.ram.entities import CUSTOM, ManagedPolicy, Role
from fake_aliyun.ram.parameters import ROTATE, Parameters
from fake_aliyun.ram.shown import (
    shown_attachment,
    shown_policy,
    shown_role,
    shown_version,
)
from fake_aliyun.rpc import Document

Answer = Callable[[Parameters], Document]


class Operations:
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
