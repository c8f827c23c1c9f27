"""Triggers of any kind that is imitated: what describes one, and what may stand beside.

Sources: "CreateTrigger" and "Trigger", Function Compute 2016-08-15 and 2023-03-30,
read 2026-11: the fields and a trigger's name. The SDKs send a field that has no value
as null. Whether the cloud refuses a field that it does not know is stated nowhere;
here it is refused, since it would do nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.fields import (
    TriggerHead,
    check_known,
    read_head,
    read_object,
    read_text,
)
from fake_aliyun.fc.timers import TimerTrigger

MAX_PER_BUCKET = 10
_CREATED = (
    "AppendObject", "CompleteMultipartUpload", "CopyObject", "InitiateMultipartUpload",
    "PostObject", "PutObject", "PutSymlink", "UploadPart", "UploadPartCopy",
)  # fmt: skip
EVENTS = frozenset(
    {
        "oss:ObjectCreated:*",
        *(f"oss:ObjectCreated:{name}" for name in _CREATED),
        "oss:ObjectModified:UpdateObjectMeta",
        "oss:ObjectRemoved:AbortMultipartUpload",
        "oss:ObjectRemoved:DeleteObject",
        "oss:ObjectRemoved:DeleteObjects",
    }
)
_KNOWN = sorted(EVENTS)
_SOURCE = re.compile(r"acs:oss:[\w-]*:\d*:[a-z0-9-]+", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class OssTrigger(TriggerHead):
    """One native OSS trigger.

    Attributes:
        events: With the prefix `oss:`, which the records themselves lack.
    """

    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    @classmethod
    def from_document(
        cls,
        document: Mapping[str, Any],
        config: Mapping[str, Any],
        *,
        created: datetime,
    ) -> "OssTrigger":
        """Return the trigger that a request describes.

        Raises:
            FcError: InvalidArgument.
        """
        head = read_head(document, created=created)
        if not _SOURCE.fullmatch(head["source_arn"]):
            raise FcError(
                "InvalidArgument",
                f"sourceArn is acs:oss:REGION:ACCOUNT:BUCKET, not "
                f"{head['source_arn']!r}",
            )
        check_known(config, {"events", "filter"}, where="an OSS trigger")
        chosen = read_object(config.get("filter"), {"key"}, where="filter")
        key = read_object(chosen.get("key"), {"prefix", "suffix"}, where="key")
        return cls(
            **head,
            events=_read_events(config.get("events")),
            prefix=read_text(key.get("prefix"), where="prefix"),
            suffix=read_text(key.get("suffix"), where="suffix"),
        )

    @property
    def bucket(self) -> str:
        """Return the bucket that it listens to."""
        return self.source_arn.rpartition(":")[2]

    @property
    def region_id(self) -> str:
        """Return the region of that bucket, "" if it is left out."""
        return self.source_arn.split(":")[2]

    def as_document(self) -> dict[str, Any]:
        """Return the trigger's configuration as answers show it."""
        key = {"prefix": self.prefix, "suffix": self.suffix}
        return self.head("oss", {"events": list(self.events), "filter": {"key": key}})

    def hears(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record from OSS is one that this trigger listens to."""
        oss = record["oss"]
        key = str(oss["object"]["key"])
        return (
            oss["bucket"]["name"] == self.bucket
            and key.startswith(self.prefix)
            and key.endswith(self.suffix)
            and any(
                _covers(event, f"oss:{record['eventName']}") for event in self.events
            )
        )


def _read_events(said: object) -> tuple[str, ...]:
    events = said if isinstance(said, list) else []
    if not events or any(event not in _KNOWN for event in events):
        raise FcError("InvalidArgument", f"events are some of {_KNOWN}, not {said!r}")
    return tuple(events)


def _covers(pattern: str, event: str) -> bool:
    if pattern.endswith("*"):
        return event.startswith(pattern[:-1])
    return pattern == event


def check_no_overlap(new: OssTrigger, others: Iterable[OssTrigger]) -> None:
    """Let a trigger pass that no other one of its bucket would fire beside.

    Raises:
        FcError: InvalidArgument.
    """
    beside = [other for other in others if other.bucket == new.bucket]
    if len(beside) >= MAX_PER_BUCKET:
        raise FcError(
            "InvalidArgument", f"a bucket has at most {MAX_PER_BUCKET} triggers"
        )
    for other in beside:
        if (
            _same_events(new, other)
            and _overlap(new.prefix, other.prefix)
            and _overlap(new.suffix[::-1], other.suffix[::-1])
        ):
            raise FcError(
                "InvalidArgument", f"trigger '{other.name}' listens to the same objects"
            )


def _same_events(new: OssTrigger, other: OssTrigger) -> bool:
    return any(
        _covers(mine, theirs) or _covers(theirs, mine)
        for mine in new.events
        for theirs in other.events
    )


def _overlap(first: str, second: str) -> bool:
    return first.startswith(second) or second.startswith(first)


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
