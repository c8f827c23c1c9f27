"""What triggers of all kinds have.

Source: "CreateTrigger" and "Trigger", Function Compute 2016-08-15, read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fake_aliyun.fc.fields import read_text


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerHead:
    """What triggers of all kinds have.

    Attributes:
        source_arn: What it listens to.
        invocation_role: Whose right to invoke the source uses, as an ARN or a name;
            "" for that of the account.
    """

    name: str
    source_arn: str = ""
    invocation_role: str = ""
    created: datetime

    @property
    def role_name(self) -> str:
        """Return the name of the role that invokes, without the rest of its ARN."""
        return self.invocation_role.rpartition("/")[2]

    def head(self, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the trigger's configuration as answers show it."""
        return {
            "triggerName": self.name,
            "triggerType": kind,
            "sourceArn": self.source_arn,
            "invocationRole": self.invocation_role,
            "qualifier": "LATEST",
            "triggerConfig": dict(config),
        }


def read_head(document: Mapping[str, Any], *, created: datetime) -> dict[str, Any]:
    """Return what a request says of a trigger of any kind.

    Raises:
        FcError: InvalidArgument.
    """
    return {
        "name": document["triggerName"],
        "source_arn": read_text(document.get("sourceArn"), where="sourceArn"),
        "invocation_role": read_text(
            document.get("invocationRole"), where="invocationRole"
        ),
        "created": created,
    }
