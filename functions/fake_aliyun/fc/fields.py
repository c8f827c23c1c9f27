"""Which fields a request to Function Compute may have, and of which kind they are.

Source: "Error codes", InvalidArgument, Function Compute 2.0 documentation, read
2026-11. The SDKs send a field that has no value as null.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fake_aliyun.fc.errors import FcError


def check_known(
    document: Mapping[str, Any], known: Collection[str], *, where: str
) -> None:
    """Let a document pass that has no other fields than the known ones.

    Raises:
        FcError: InvalidArgument.
    """
    if unknown := sorted(set(document) - set(known)):
        raise FcError(
            "InvalidArgument", f"{where} has no {unknown}, but {sorted(known)}"
        )


def read_object(value: object, known: Collection[str], *, where: str) -> dict[str, Any]:
    """Return a JSON object with known fields alone; null stands for an empty one.

    Raises:
        FcError: InvalidArgument.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FcError("InvalidArgument", f"{where} must be an object, not {value!r}")
    check_known(value, known, where=where)
    return value


def read_text(value: object, *, where: str) -> str:
    """Return a text; null stands for "".

    Raises:
        FcError: InvalidArgument.
    """
    if not isinstance(value, str | None):
        raise FcError("InvalidArgument", f"{where} must be text, not {value!r}")
    return value or ""


def read_whole(value: object, allowed: range, *, default: int, where: str) -> int:
    """Return a whole number; null stands for the default.

    Raises:
        FcError: InvalidArgument.
    """
    if value is None:
        return default
    if type(value) is not int or value not in allowed:
        bounds = f"{allowed.start} to {allowed.stop - 1}"
        raise FcError("InvalidArgument", f"{where} is {bounds}, not {value!r}")
    return value


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
