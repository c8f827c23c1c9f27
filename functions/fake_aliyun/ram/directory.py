"""The roles and policies of an account, and who has which.

Sources: the pages of the operations, RAM API 2015-05-01, and "Limits", Resource Access
Management documentation, read 2026-11. Of the limits only that of versions is imitated.
"""

from collections.abc import Mapping
from datetime import datetime

from fake_aliyun.core.clock import Clock
from fake_aliyun.ram.entities import (
    CUSTOM,
    MAX_VERSIONS,
    SYSTEM,
    ManagedPolicy,
    Role,
    Version,
    read_policy,
    read_trust,
)
from fake_aliyun.ram.errors import RamError
from fake_aliyun.ram.policies import SYSTEM_POLICIES, Policy, as_text

Attachments = dict[tuple[str, str], datetime]
"""When a policy was attached, by its kind and name."""


class Directory:
    """Roles, policies and attachments.

    Attributes:
        roles: By name.
        policies: By kind and name.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.roles: dict[str, Role] = {}
        self.policies: dict[tuple[str, str], ManagedPolicy] = {}
        self._attached: dict[str, Attachments] = {}
        for name, document in SYSTEM_POLICIES.items():
            self._add_policy(name, as_text(document), kind=SYSTEM)

    def after_reset(self) -> "Directory":
        """Return a new directory with the lasting roles and their policies."""
        fresh = Directory(self._clock)
        fresh.roles = {n: role for n, role in self.roles.items() if role.is_lasting}
        for principal in (f"role/{name}" for name in fresh.roles):
            if principal in self._attached:
                held = fresh._attached[principal] = self._attached[principal]
                fresh.policies |= {key: self.policies[key] for key in held}
        return fresh

    def role(self, name: str) -> Role:
        """Return a role.

        Raises:
            RamError: There is none.
        """
        if name not in self.roles:
            raise RamError("EntityNotExist.Role")
        return self.roles[name]

    def create_role(self, name: str, document: str, description: str = "") -> Role:
        """Return a new role, which may do nothing yet.

        Raises:
            RamError: It is there, or the trust policy is malformed.
        """
        if name in self.roles:
            raise RamError("EntityAlreadyExists.Role")
        role = self.put_role(name, document, description)
        self._attached[f"role/{name}"] = {}
        return role

    def put_role(self, name: str, document: str, description: str = "") -> Role:
        """Return a role in place of any other one of its name."""
        read_trust(document)
        now = self._clock()
        self.roles[name] = Role(
            name=name,
            document=document,
            created=now,
            updated=now,
            description=description,
        )
        return self.roles[name]

    def trust_by(self, name: str, document: str) -> Role:
        """Return a role with another trust policy.

        Raises:
            RamError: There is no such role, or the trust policy is malformed.
        """
        role = self.role(name)
        read_trust(document)
        role.document, role.updated = document, self._clock()
        return role

    def delete_role(self, name: str) -> None:
        """Remove a role; sessions that it still has may do nothing any more.

        Raises:
            RamError: There is none, or it has a policy.
        """
        self.role(name)
        if self.attached(f"role/{name}"):
            raise RamError("DeleteConflict.Role.Policy")
        del self.roles[name]
        self._attached[f"role/{name}"] = {}

    def policy(self, name: str, kind: str) -> ManagedPolicy:
        """Return a policy.

        Raises:
            RamError: There is none.
        """
        if (kind, name) not in self.policies:
            raise RamError("EntityNotExist.Policy")
        return self.policies[kind, name]

    def create_policy(
        self, name: str, document: str, description: str = ""
    ) -> ManagedPolicy:
        """Return a new policy of the account's own.

        Raises:
            RamError: It is there, or malformed.
        """
        if (CUSTOM, name) in self.policies:
            raise RamError("EntityAlreadyExists.Policy")
        return self._add_policy(name, document, description=description)

    def _add_policy(
        self, name: str, document: str, *, kind: str = CUSTOM, description: str = ""
    ) -> ManagedPolicy:
        now = self._clock()
        made = ManagedPolicy(
            name=name, kind=kind, created=now, updated=now, description=description
        )
        made.add(document, now=now, is_default=True)
        self.policies[kind, name] = made
        return made

    def create_version(
        self, name: str, document: str, *, is_default: bool, may_rotate: bool
    ) -> Version:
        """Return a new version of a policy.

        Args:
            name: Of the policy.
            document: What it says.
            is_default: Whether it counts from now on.
            may_rotate: Whether the oldest that does not count makes room for it.

        Raises:
            RamError: There is no such policy, it is malformed, or there is no room.
        """
        policy = self.policy(name, CUSTOM)
        is_full = len(policy.versions) >= MAX_VERSIONS
        if is_full and not may_rotate:
            raise RamError("LimitExceeded.Policy.Version")
        read_policy(document)
        if is_full:
            policy.remove_oldest()
        return policy.add(document, now=self._clock(), is_default=is_default)

    def delete_policy(self, name: str, *, with_versions: bool) -> None:
        """Remove a policy of the account's own.

        Raises:
            RamError: There is none, somebody has it, or it has other versions.
        """
        policy = self.policy(name, CUSTOM)
        kinds = {principal.partition("/")[0] for principal in self._holders(policy)}
        for kind, code in (("user", "User"), ("role", "Role")):
            if kind in kinds:
                raise RamError(f"DeleteConflict.Policy.{code}")
        if len(policy.versions) > 1 and not with_versions:
            raise RamError("DeleteConflict.Policy.Version")
        del self.policies[CUSTOM, name]

    def attach(self, principal: str, policy: ManagedPolicy) -> None:
        """Give a policy to `role/NAME` or `user/NAME`, who may do no more than theirs.

        Raises:
            RamError: It has been given before.
        """
        held = self._attached.setdefault(principal, {})
        if (policy.kind, policy.name) in held:
            raise RamError("EntityAlreadyExists.Role.Policy")
        held[policy.kind, policy.name] = self._clock()

    def detach(self, principal: str, policy: ManagedPolicy) -> None:
        """Take a policy from who has it.

        Raises:
            RamError: It has not been given.
        """
        if (policy.kind, policy.name) not in self.attached(principal):
            raise RamError("EntityNotExist.Role.Policy")
        del self._attached[principal][policy.kind, policy.name]

    def attached(self, principal: str) -> Mapping[tuple[str, str], datetime]:
        """Return the policies that somebody has."""
        return self._attached.get(principal, {})

    def granted(self, principal: str) -> list[Policy] | None:
        """Return what somebody's policies grant; None if nobody ever bound them."""
        if principal not in self._attached:
            return None
        # A copy: functions ask from threads of their own, while the API may change it.
        held = list(self._attached[principal])
        return [self.policies[key].default.granted for key in held]

    def holder_count(self, policy: ManagedPolicy) -> int:
        """Return how many have a policy."""
        return len(self._holders(policy))

    def _holders(self, policy: ManagedPolicy) -> list[str]:
        key = (policy.kind, policy.name)
        return [who for who, held in self._attached.items() if key in held]
