"""Triggers of any kind that is imitated: what describes one, and what may stand beside.

Sources: "CreateTrigger" and "Trigger", Function Compute 2016-08-15 and 2023-03-30,
read 2026-11: the fields and a trigger's name. The SDKs send a field that has no value
as null. Whether the cloud refuses a field that it does not know is stated nowhere;
here it is refused, since it would do nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.fields import check_known, read_text
from fake_aliyun.fc.oss_triggers import OssTrigger
from fake_aliyun.fc.timers import TimerTrigger

Trigger = OssTrigger | TimerTrigger

_FIELDS = {
    "description", "invocationRole", "qualifier", "sourceArn", "triggerConfig",
    "triggerName", "triggerType",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][\w-]{0,127}", re.ASCII)
_KINDS: dict[str, type[OssTrigger] | type[TimerTrigger]] = {
    "oss": OssTrigger,
    "timer": TimerTrigger,
}


def read_trigger(document: Mapping[str, Any], *, created: datetime) -> Trigger:
    """Return the trigger that a request describes.

    Raises:
        FcError: InvalidArgument.
    """
    check_known(document, _FIELDS, where="a trigger")
    name = read_text(document.get("triggerName"), where="triggerName")
    if not _NAME.fullmatch(name):
        raise FcError("InvalidArgument", f"triggerName {name!r} is malformed")
    qualifier = read_text(document.get("qualifier"), where="qualifier")
    if qualifier not in {"", "LATEST"}:
        raise FcError("InvalidArgument", "qualifier must be LATEST")
    kind = document.get("triggerType")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise FcError("InvalidArgument", f"triggerType is one of {sorted(_KINDS)}")
    config = document.get("triggerConfig")
    if not isinstance(config, dict):
        raise FcError("InvalidArgument", "triggerConfig must be an object")
    return _KINDS[kind].from_document(document, config, created=created)
