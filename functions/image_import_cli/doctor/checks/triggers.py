"""What must be so of the triggers that run the functions.

Source: "Overview of OSS triggers", Function Compute documentation, read 2026-11: a
wildcard event fires for parts of an upload; a trigger on what the function writes
runs for ever.
"""

import re
from collections.abc import Iterator

from image_import.ledger.layout import JOBS

from image_import_cli.doctor.account.facts import (
    AccountFinding,
    DeployedFunction,
    DeployedTrigger,
    Facts,
)
from image_import_cli.doctor.checks.fault import CheckFault
from image_import_cli.iam.deployment import OBJECT_CREATED

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


def trigger_findings(facts: Facts) -> Iterator[AccountFinding]:
    """Yield what is wrong with what runs the functions, or that nothing is."""
    if isinstance(facts.importer, DeployedFunction):
        yield from _of_importer(facts.importer, facts)
    if isinstance(facts.tracker, DeployedFunction):
        yield from _of_tracker(facts.tracker, facts)
    if isinstance(facts.converter, DeployedFunction):
        yield _of_converter(facts.converter, facts)


def _of_importer(importer: DeployedFunction, facts: Facts) -> Iterator[AccountFinding]:
    check = "trigger"
    triggers = [t for t in importer.triggers if t.kind == "oss"]
    about = [t for t in triggers if t.bucket == facts.names.image_bucket]
    if not about:
        yield CheckFault(text="no OSS trigger on the image bucket").finding(
            check, facts
        )
    for trigger in about:
        faults = [fault.finding(check, facts) for fault in _oss_trigger(trigger, facts)]
        text = f"fires for {trigger.prefix or 'every object'}"
        yield from faults or [AccountFinding(check=check, status="ok", text=text)]


def _of_tracker(tracker: DeployedFunction, facts: Facts) -> Iterator[AccountFinding]:
    check = "timer"
    timers = [t for t in tracker.triggers if t.kind == "timer" and t.is_enabled]
    if not timers:
        text = "no timer runs: nobody follows imports"
        yield CheckFault(text=text).finding(check, facts)
        return
    schedules = [timer.schedule for timer in timers]
    if not any(is_hourly(schedule) for schedule in schedules):
        text = f"the timer runs at {' and '.join(map(repr, schedules))}, not in every "
        text += "hour: so late it is known how imports ended"
        yield CheckFault(text=text, status="warn").finding(check, facts)
        return
    yield AccountFinding(check=check, status="ok", text="imports are followed")


def _of_converter(converter: DeployedFunction, facts: Facts) -> AccountFinding:
    names = facts.names
    wanted = f"{names.ledger_prefix}{JOBS}"
    if not any(
        (trigger.kind, trigger.bucket, trigger.prefix)
        == ("oss", names.ledger_bucket, wanted)
        for trigger in converter.triggers
    ):
        text = f"no OSS trigger on {wanted} in {names.ledger_bucket}: conversions are"
        text += " begun and never done"
        return CheckFault(text=text).finding("jobs", facts)
    return AccountFinding(check="jobs", status="ok", text="conversions are started")


def _oss_trigger(trigger: DeployedTrigger, facts: Facts) -> Iterator[CheckFault]:
    names = facts.names
    if any(event.endswith("*") for event in trigger.events):
        yield CheckFault(text="fires for each part of an upload (ObjectCreated:*)")
    elif missing := set(OBJECT_CREATED) - set(trigger.events):
        yield CheckFault(text=f"does not fire for {', '.join(sorted(missing))}")
    if not names.key_prefix.startswith(trigger.prefix):
        yield CheckFault(
            text=f"fires for {trigger.prefix!r} and not for {names.key_prefix!r}"
        )
    elif trigger.prefix != names.key_prefix:
        yield CheckFault(
            text=f"fires for {trigger.prefix!r}, and only {names.key_prefix!r} is "
            "imported: each other object is an invocation that costs and does nothing",
            status="warn",
        )
    in_same_bucket = names.ledger_bucket == trigger.bucket
    if in_same_bucket and names.ledger_prefix.startswith(trigger.prefix):
        text = "fires for what the function writes to its ledger: without end"
        yield CheckFault(text=text)
    if trigger.suffix:
        text = f"fires for *{trigger.suffix} alone: sidecars and other images go unseen"
        yield CheckFault(text=text, status="warn")
