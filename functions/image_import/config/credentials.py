"""Who we are to OSS and ECS: credentials, read at every invocation.

The runtime replaces them while an instance lives, so nothing keeps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from image_import.errors import SettingsError


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """An access key pair, with a security token when it is temporary."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must not be repeated to anybody; the name of a key is among it."""
        return self.access_key_id, self.access_key_secret, self.security_token


class HasCredentials(Protocol):
    """The part of Function Compute's context that is read here.

    Source: "Context", Function Compute documentation for Python, read 2026-11: the
    python3.12 runtime has no `credentials`; the names are those of 3.10.
    """

    access_key_id: str | None
    access_key_secret: str | None
    security_token: str | None


def read_credentials(
    of_context: HasCredentials | None, environ: Mapping[str, str]
) -> Credentials:
    """Return the context's credentials, else those of the environment.

    Raises:
        SettingsError: There are none.
    """
    if of_context and of_context.access_key_id and of_context.access_key_secret:
        return Credentials(
            access_key_id=of_context.access_key_id,
            access_key_secret=of_context.access_key_secret,
            security_token=of_context.security_token or "",
        )
    key_id = environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", "")
    secret = environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "")
    if not key_id or not secret:
        raise SettingsError(
            "no credentials: the context has none and ALIBABA_CLOUD_ACCESS_KEY_ID or "
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set; give the function a role, or "
            "set both variables where it runs by hand"
        )
    return Credentials(
        access_key_id=key_id,
        access_key_secret=secret,
        security_token=environ.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
    )
