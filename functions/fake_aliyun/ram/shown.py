"""Roles and policies as answers of RAM show them.

Source: "Response parameters" of the page of each operation, RAM API 2015-05-01, read
2026-11. Documents come back as text, the same that was sent; in no sample are they
URL-encoded.
"""

from datetime import datetime

from fake_aliyun.clock import iso_seconds
from fake_aliyun.ram.entities import ManagedPolicy, Role, Version
from fake_aliyun.rpc import Document

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
