"""OSS's clock, as its replies show it: leases are measured by it and no other."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

ROUNDING = timedelta(seconds=1)
"""A `Date` header has whole seconds: OSS's clock may be that much further on."""

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)


class OssClock:
    """Tells between which two moments OSS's clock stands now.

    A reply's Date was read off after the request was sent and before the reply
    arrived. So the holder of a lease asks for the latest time that it may be, and
    whoever would take the lease over asks for the earliest: however slow a reply
    was, the two never act at once.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        # Before any reply, all that is certain.
        self._earliest = -timedelta(seconds=monotonic())
        self._latest = timedelta(days=36_500)

    def tick(self) -> float:
        """Return the moment at which a request is sent, for `observe`."""
        return self._monotonic()

    def observe(self, date: datetime, *, sent: float) -> None:
        """Note the Date of a reply that has just arrived."""
        since = date - EPOCH
        earliest = since - timedelta(seconds=self._monotonic())
        latest = since - timedelta(seconds=sent) + ROUNDING
        self._earliest = max(earliest, self._earliest)
        self._latest = min(latest, self._latest)

    def earliest(self) -> datetime:
        """Return a time that OSS's clock has certainly reached."""
        return EPOCH + self._earliest + timedelta(seconds=self._monotonic())

    def latest(self) -> datetime:
        """Return a time that OSS's clock has certainly not passed."""
        return EPOCH + self._latest + timedelta(seconds=self._monotonic())
