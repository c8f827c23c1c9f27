"""Time triggers: when they fire, and the event that they send.

Nothing fires by itself: a test says when (`Fc.tick`), whatever the schedule.

Sources: "Time triggers", "Formats of event for different triggers" and
"TimeTriggerConfig", Function Compute documentation; `ITimerTriggerConfig` in
`schema.json` of the Serverless Devs component fc3; read 2026-11. A time trigger
invokes asynchronously, so its message is at most 128 KB; its `sourceArn` and
`invocationRole` are optional, and nothing says what they would do. What is taken for
`enable` if it is not given is stated nowhere: here it must be given, as the schema
of fc3 says. Intervals are shown in minutes alone, so no other unit is taken.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from fake_aliyun.core.clock import iso_seconds
from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.fields import TriggerHead, check_known, read_head, read_text

MAX_MESSAGE_BYTES = 128 * 1024
_INTERVAL = re.compile(r"@every [1-9]\d*m", re.ASCII)
_ZONE = re.compile(r"CRON_TZ=\w+(/[\w+-]+)* ", re.ASCII)
_MONTHS = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
    "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


class _Field(NamedTuple):
    """One of the six fields of a cron expression."""

    low: int
    high: int
    special: str
    names: tuple[str, ...] = ()

    def takes(self, text: str) -> bool:
        items = text.split(",")
        if len(items) > 1 and "," not in self.special:
            return False
        return all(self._takes_item(item) for item in items)

    def _takes_item(self, item: str) -> bool:
        item, slash, step = item.partition("/")
        if slash and ("/" not in self.special or not re.fullmatch(r"[1-9]\d*", step)):
            return False
        if item in {"*", "?"}:
            return item in self.special
        first, dash, last = item.partition("-")
        if dash and "-" not in self.special:
            return False
        return all(map(self._takes_value, (first, last) if dash else (first,)))

    def _takes_value(self, value: str) -> bool:
        in_range = value.isdecimal() and self.low <= int(value) <= self.high
        return in_range or value in self.names


# The page's table says of seconds that they take no special character.
_FIELDS = (
    _Field(0, 59, ""),
    _Field(0, 59, ",-*/"),
    _Field(0, 23, ",-*/"),
    _Field(1, 31, ",-*?/"),
    _Field(1, 12, ",-*/", _MONTHS),
    _Field(1, 7, ",-*?", _DAYS),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerTrigger(TriggerHead):
    """One time trigger.

    Attributes:
        schedule: `@every 5m`, or a cron expression of six fields, perhaps after
            `CRON_TZ=Asia/Shanghai`; without it, in UTC.
        message: What the event's `payload` holds.
    """

    schedule: str
    message: str = ""
    is_enabled: bool

    @classmethod
    def from_document(
        cls,
        document: Mapping[str, Any],
        config: Mapping[str, Any],
        *,
        created: datetime,
    ) -> "TimerTrigger":
        """Return the trigger that a request describes.

        Raises:
            FcError: InvalidArgument.
        """
        check_known(config, {"payload", "cronExpression", "enable"}, where="a timer")
        schedule = config.get("cronExpression")
        message = read_text(config.get("payload"), where="payload")
        if not isinstance(schedule, str) or not is_schedule(schedule):
            raise FcError(
                "InvalidArgument",
                f"cronExpression {schedule!r} is neither like '@every 5m' nor six "
                "fields: seconds, minutes, hours, day of month, month, day of week",
            )
        if not isinstance(config.get("enable"), bool):
            raise FcError("InvalidArgument", "enable must be true or false")
        if len(message.encode()) > MAX_MESSAGE_BYTES:
            raise FcError(
                "InvalidArgument", f"payload has {MAX_MESSAGE_BYTES} bytes at most"
            )
        return cls(
            **read_head(document, created=created),
            schedule=schedule,
            message=message,
            is_enabled=config["enable"],
        )

    def as_document(self) -> dict[str, Any]:
        """Return the trigger's configuration as answers show it."""
        config = {
            "payload": self.message,
            "cronExpression": self.schedule,
            "enable": self.is_enabled,
        }
        return self.head("timer", config)

    def event(self, now: datetime) -> bytes:
        """Return the event that the trigger sends at a moment."""
        return json.dumps(
            {
                "triggerTime": iso_seconds(now),
                "triggerName": self.name,
                "payload": self.message,
            }
        ).encode()


def is_schedule(text: str) -> bool:
    """Return whether a time trigger takes a text as its schedule."""
    if text.startswith("@"):
        return _INTERVAL.fullmatch(text) is not None
    fields = _ZONE.sub("", text, count=1).split(" ")
    return len(fields) == len(_FIELDS) and all(
        field.takes(said) for field, said in zip(_FIELDS, fields, strict=True)
    )
