"""The context that Function Compute hands to a Python 3.10 function.

Source: `fc_rapis_context.py` of the Python 3.9 runtime as found on live instances,
and "Context", Function Compute documentation, read 2026-11: `timeout` and
`retry_count` are text, `memory` is a number, `to_json` holds the credentials.
"""

import json
import logging
import uuid
from dataclasses import asdict, dataclass, field

from fake_aliyun.ram.models import KeyPair


@dataclass(frozen=True, kw_only=True)
class ContextCredentials:
    """The temporary credentials of the function's role."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ContextFunction:
    """The function that runs."""

    name: str
    handler: str
    memory: int
    timeout: str


@dataclass(frozen=True, kw_only=True)
class ContextService:
    """The service that an FC 2.0 function belongs to; empty in FC 3.0."""

    name: str = ""
    log_project: str = ""
    log_store: str = ""
    qualifier: str = ""
    version_id: str = ""


@dataclass(frozen=True, kw_only=True)
class FcContext:
    """What a handler gets beside its event."""

    request_id: str
    credentials: ContextCredentials
    function: ContextFunction
    region: str
    account_id: str
    service: ContextService = field(default_factory=ContextService)
    retry_count: str = "0"

    @property
    def logger(self) -> logging.Logger:
        """Return the root logger, which the runtime configures."""
        return logging.getLogger()

    def getLogger(self) -> logging.Logger:  # noqa: N802 - the runtime's spelling
        """Return the same as `logger`."""
        return self.logger

    def to_json(self) -> str:
        """Return everything as JSON, credentials too."""
        return json.dumps(asdict(self))


def make_context(  # noqa: PLR0913 - what a context holds, all by name
    session: KeyPair,
    *,
    region_id: str,
    account_id: str,
    function: ContextFunction,
    service: ContextService | None = None,
    request_id: str = "",
    retry_count: int = 0,
) -> FcContext:
    """Return a context that lends a function the credentials of its role."""
    return FcContext(
        request_id=request_id or str(uuid.uuid4()),
        credentials=ContextCredentials(
            access_key_id=session.access_key_id,
            access_key_secret=session.access_key_secret,
            security_token=session.security_token,
        ),
        function=function,
        service=service or ContextService(),
        region=region_id,
        account_id=account_id,
        retry_count=str(retry_count),
    )
