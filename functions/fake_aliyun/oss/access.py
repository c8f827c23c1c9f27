"""Whether somebody may do something in a bucket, by all policies together.

Sources: "Authorization process" and "RAM Policy", OSS documentation, read 2026-11: a
Deny in a RAM policy or in the bucket's own wins; an Allow in either is enough.
"""

from collections.abc import Mapping

from fake_aliyun.oss.models import OssBackend
from fake_aliyun.oss.policies import BucketPolicy
from fake_aliyun.ram.models import RamBackend
from fake_aliyun.ram.policies import NOTHING_SAID


class Access:
    """What the policies of RAM and of the buckets say."""

    def __init__(self, backend: OssBackend, ram: RamBackend) -> None:
        self._backend = backend
        self._ram = ram

    def allows(
        self,
        principal: str,
        action: str,
        resource: str,
        said: Mapping[str, str] = NOTHING_SAID,
        *,
        is_public: bool = False,
    ) -> bool:
        """Return whether somebody may do something.

        Args:
            principal: `account`, `role/NAME`, `user/NAME`; "" for whoever has no key.
            action: Like oss:GetObject.
            resource: Its ARN.
            said: What the request says, by the keys of conditions.
            is_public: Whether an ACL grants it to everyone.
        """
        policy = self._policy_of(resource)
        own = policy and policy.effect(
            self._ram.policy_principal(principal),
            action,
            resource,
            said,
            is_owner=principal == "account",
        )
        if not principal:
            return own != "Deny" and (is_public or own == "Allow")
        granted = self._ram.effect(principal, action, resource, said)
        return "Deny" not in {own, granted} and "Allow" in {own, granted}

    def _policy_of(self, resource: str) -> BucketPolicy | None:
        name = resource.split(":", 4)[-1].partition("/")[0]
        bucket = self._backend.buckets.get(name)
        return bucket.policy if bucket else None
