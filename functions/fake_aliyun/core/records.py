"""What was asked of the cloud, so that a test can count exchanges."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SECRET = frozenset(
    {"signature", "x-oss-signature", "securitytoken", "security-token",
     "x-oss-security-token", "x-oss-credential"}
)  # fmt: skip
"""Parameters that are not kept, in lower case."""


@dataclass(kw_only=True, slots=True)
class Recorded:
    """One request and how it was answered.

    Attributes:
        action: The API operation, or "" if the request named none we know.
        bucket, key: Of OSS requests.
        parameters: Decoded, from query and body, without signatures and tokens.
        principal: Who signed it, as `role/name` or `account`; "" if nobody did.
        status: None if no answer was given.
        code: The error code of a refusal.
    """

    service: str
    action: str
    method: str
    host: str
    path: str
    bucket: str = ""
    key: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    principal: str = ""
    request_id: str = ""
    status: int | None = None
    code: str = ""


def without_secrets(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return parameters without signatures and tokens."""
    return {
        name: value for name, value in parameters.items() if name.lower() not in SECRET
    }
