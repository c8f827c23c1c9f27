"""Who may sign requests, and what they may do.

The account itself is allowed everything. So is a role or user that a test made and to
whom no policy was ever attached, so that a test that is not about permissions need not
grant any; attach one, and only what is granted is allowed. A role that was made by
RAM's own API begins with no rights, as in the cloud.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fake_aliyun.core.clock import Clock
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.ram.directory import Directory
from fake_aliyun.ram.entities import SYSTEM, Role, trust_document
from fake_aliyun.ram.policies import (
    NOTHING_SAID,
    SYSTEM_POLICIES,
    Effect,
    as_text,
    effect,
)

DEFAULT_TOKEN_SECONDS = 3600
IMPORT_ROLE = "AliyunECSImageImportDefaultRole"
"""The role that ECS assumes to read a disk image from OSS.

Source: ImportImage, "Usage notes", ECS API 2014-05-26, read 2026-11.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPair:
    """A key pair, with a token where it is a temporary one.

    Attributes:
        principal: `account`, `user/NAME`, or `role/NAME` for a role's session.
    """

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)
    expires: datetime | None = None
    principal: str = "account"

    def has_token(self, token: str) -> bool:
        """Return whether this is the token that belongs to the key pair."""
        return hmac.compare_digest(self.security_token.encode(), token.encode())


class RamBackend:
    """Keys, users, roles, policies and temporary credentials of one account.

    Attributes:
        directory: Its roles and policies, as RAM's own API sees them.
        asked: What principals wanted to do, allowed or not: (principal, action,
            resource). A run's least rights can be read off it.
    """

    def __init__(self, *, account_id: str, clock: Clock) -> None:
        self.account_id = account_id
        self.directory = Directory(clock)
        self.asked: set[tuple[str, str, str]] = set()
        self._clock = clock
        self._keys: dict[str, KeyPair] = {}
        self._user_ids: dict[str, str] = {}

    def clear(self) -> None:
        """Forget keys, and roles and policies but lasting ones."""
        self.directory = self.directory.after_reset()
        self._keys.clear()
        self._user_ids.clear()
        self.asked.clear()

    def add_access_key(self, credentials: KeyPair) -> None:
        """Let these credentials sign requests."""
        self._keys[credentials.access_key_id] = credentials

    def find(self, access_key_id: str) -> KeyPair | None:
        """Return the credentials with this key ID, expired ones too."""
        return self._keys.get(access_key_id)

    def create_user(self, name: str) -> KeyPair:
        """Return the access key of a new user, `user/NAME`."""
        credentials = KeyPair(
            access_key_id=f"LTAI{secrets.token_hex(10)}",
            access_key_secret=secrets.token_hex(15),
            principal=f"user/{name}",
        )
        self.add_access_key(credentials)
        self._user_ids[name] = f"2{secrets.randbelow(10**17):017}"
        return credentials

    def user_id(self, name: str) -> str:
        """Return the UID of a user, by which policies of buckets name it."""
        return self._user_ids[name]

    def policy_principal(self, principal: str) -> str:
        """Return what policies of buckets call a principal; "" for nobody.

        Source: "Bucket policy FAQ", OSS documentation, read 2026-11.
        """
        kind, _, name = principal.partition("/")
        if kind == "user":
            return self._user_ids.get(name, "")
        if kind == "role":
            return f"arn:sts::{self.account_id}:assumed-role/{name}/a-session"
        return self.account_id if principal == "account" else ""

    def create_role(self, name: str, *, service: str, is_lasting: bool = False) -> Role:
        """Return a new role that `service`, like ecs.aliyuncs.com, may assume.

        Args:
            name: Of the role; it replaces one of this name.
            service: Whom it trusts.
            is_lasting: Whether a reset leaves it, and what it may do.
        """
        role = self.directory.put_role(name, as_text(trust_document(service)))
        role.is_lasting = is_lasting
        return role

    def delete_role(self, name: str) -> None:
        """Remove a role; who asks to assume it is refused from now on."""
        del self.directory.roles[name]

    def may_assume(self, name: str, *, service: str) -> bool:
        """Return whether a role exists and trusts a service."""
        role = self.directory.roles.get(name)
        return role is not None and role.trust.includes(service)

    def assume_role(
        self, name: str, *, seconds: float = DEFAULT_TOKEN_SECONDS
    ) -> KeyPair:
        """Return temporary credentials of a role, as AssumeRole does."""
        credentials = KeyPair(
            access_key_id=f"STS.{secrets.token_hex(12)}",
            access_key_secret=secrets.token_hex(22),
            security_token=f"CAIS{secrets.token_urlsafe(48)}",
            expires=self._clock() + timedelta(seconds=seconds),
            principal=f"role/{name}",
        )
        self.add_access_key(credentials)
        return credentials

    def is_expired(self, credentials: KeyPair) -> bool:
        """Return whether temporary credentials are past their time."""
        return credentials.expires is not None and credentials.expires <= self._clock()

    def attach_policy(
        self, principal: str, policy: str | Mapping[str, Any], *, name: str = ""
    ) -> None:
        """Grant a principal what a policy says; from now on only that is allowed.

        Args:
            principal: `role/NAME` or `user/NAME`.
            policy: The name of a system policy, or a policy document.
            name: What RAM's API calls the document; made of the principal's if "".
        """
        if isinstance(policy, str):
            if policy not in SYSTEM_POLICIES:
                raise NotImitatedError(
                    f"the system policy {policy!r}", known=SYSTEM_POLICIES
                )
            granted = self.directory.policy(policy, SYSTEM)
        else:
            name = name or f"{principal.replace('/', '-')}-{secrets.token_hex(4)}"
            granted = self.directory.create_policy(name, as_text(policy))
        if (granted.kind, granted.name) not in self.directory.attached(principal):
            self.directory.attach(principal, granted)

    def allows(
        self,
        principal: str,
        action: str,
        resource: str,
        said: Mapping[str, str] = NOTHING_SAID,
    ) -> bool:
        """Return whether a principal may do something.

        Args:
            principal: `account`, `role/NAME` or `user/NAME`.
            action: Like oss:GetObject.
            resource: Its ARN.
            said: What the request says, by the keys of conditions.
        """
        return self.effect(principal, action, resource, said) == "Allow"

    def effect(
        self,
        principal: str,
        action: str,
        resource: str,
        said: Mapping[str, str] = NOTHING_SAID,
    ) -> Effect:
        """Return what a principal's policies say of something; "" for nothing."""
        self.asked.add((principal, action, resource))
        policies = self.directory.granted(principal)
        if policies is None:
            return "Allow"
        return effect(policies, action, resource, said)
