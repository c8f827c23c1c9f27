"""Time, as it passes or as a test says."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

Clock = Callable[[], datetime]

MOST_SECONDS = 10 * 365 * 86_400
"""Longer than anything here takes, and short enough to be added to any date."""


def check_seconds(name: str, seconds: float) -> None:
    """Refuse a length of time that no clock can measure.

    Raises:
        ValueError: It is negative, too long or `nan`.
    """
    if not 0 <= seconds <= MOST_SECONDS:
        raise ValueError(
            f"{name} holds {seconds!r}; it may hold seconds from 0 to {MOST_SECONDS}"
        )


def system_clock() -> datetime:
    """Return the time by the machine's clock, in UTC."""
    return datetime.now(tz=timezone.utc)


class ManualClock:
    """A clock that moves when it is told to.

    It drives what the cloud does (the `Date` header, imports, restores, tokens);
    whether a signature is fresh is measured by the machine's clock, because that is
    where clients take their dates from.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or system_clock().replace(microsecond=0)
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """Return what time it is."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        check_seconds("advance", seconds)
        with self._lock:
            self._now += timedelta(seconds=seconds)


def http_date(moment: datetime) -> str:
    """Return a moment as in the `Date` header."""
    return format_datetime(moment.astimezone(timezone.utc), usegmt=True)


def iso_date(moment: datetime) -> str:
    """Return a moment as 2026-01-02T03:04:05.000Z: OSS always writes three zeros."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S}.000Z"


def iso_seconds(moment: datetime) -> str:
    """Return a moment as 2026-01-02T03:04:05Z, as ECS writes it."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def read_http_date(text: str) -> datetime:
    """Return the moment of a `Date` header.

    Raises:
        ValueError: It is none.
    """
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def read_utc(text: str, form: str) -> datetime:
    """Return the moment that `text` names in a `strptime` form.

    Raises:
        ValueError: It has another form.
    """
    return datetime.strptime(text, form).replace(tzinfo=timezone.utc)
