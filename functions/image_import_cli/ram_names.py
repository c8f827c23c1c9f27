"""What the roles and policies of a deployment are called in RAM.

All names begin with the service, so that deployments share neither roles nor policies
unless they share a service. A policy's name ends with the image bucket: where regions
share a service, and so a role, each bucket has a policy of its own.

Source: "CreateRole" and "CreatePolicy", Resource Management API 2020-03-31, read
2026-11: 64 letters, digits, periods and hyphens for a role, 128 letters, digits and
hyphens for a policy.
"""

import hashlib

MAX_FRONT = 55
"""So that `-function` fits into a role's name, and with it any bucket's name, which
has 63 characters at most, into a policy's."""

_DIGEST = 8


def front(service: str) -> str:
    """Return a service's name as names in RAM begin.

    What RAM does not take is replaced: services of FC 2.0 may be longer, and hold `_`.
    Then a hash keeps those apart that would be alike.
    """
    plain = service.replace("_", "-")
    if plain == service and len(service) <= MAX_FRONT:
        return service
    digest = hashlib.sha256(service.encode()).hexdigest()[:_DIGEST]
    return f"{plain[: MAX_FRONT - _DIGEST - 1]}-{digest}"


def function_role_name(service: str) -> str:
    """Return the name of the role that both functions have."""
    return f"{front(service)}-function"


def trigger_role_name(service: str) -> str:
    """Return the name of the role in which OSS invokes the importer."""
    return f"{front(service)}-trigger"


def policy_name(service: str, part: str, bucket: str) -> str:
    """Return the name of a policy: `part` is function, trigger or ecs."""
    return f"{front(service)}-{part}-{bucket}"
