"""How often a timer of Function Compute runs.

Source: "Time triggers", Function Compute documentation, read 2026-11: `@every` with a
number of minutes, or six fields of cron (second, minute, hour, day of the month, month,
day of the week) with an optional `CRON_TZ=` in front.
"""

import re

_EVERY = re.compile(r"@every ((?:[0-9]+[hms])+)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_HOURS = 24
_ANY = {"*", "?"}


def is_hourly(schedule: str) -> bool:
    """Return whether a timer surely runs in every hour.

    Args:
        schedule: Of any timer; what is not understood is not hourly.
    """
    if every := _EVERY.fullmatch(schedule.strip()):
        parts = re.findall(r"([0-9]+)([hms])", every[1])
        return (
            sum(int(number) * _SECONDS[unit] for number, unit in parts) <= _SECONDS["h"]
        )
    fields = [f for f in schedule.split() if not f.startswith("CRON_TZ=")]
    if len(fields) != len(("second", "minute", "hour", "day", "month", "weekday")):
        return False
    hour, *days = fields[2:]
    return _is_each_hour(hour) and all(day in _ANY for day in days)


def _is_each_hour(field: str) -> bool:
    hours: set[int] = set()
    for part in field.split(","):
        span = re.fullmatch(r"(?:[*?]|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
        if not span:
            return False
        first, last, step = span.groups()
        start = int(first or 0)
        # `3` is an hour, `3/2` begins there and `*` is the whole day.
        is_one = first is not None and last is None and step is None
        end = int(last) if last else start if is_one else _HOURS - 1
        hours.update(range(start, end + 1, int(step or 1)))
    return hours.issuperset(range(_HOURS))
