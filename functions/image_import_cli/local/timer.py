"""The timer of `image-import local`: it lets the tracker follow what is under way.

Deployed, the trigger fires every few minutes and mostly finds nothing to do. Here it
fires often, but only while the ledger holds notes of open imports. As deployed, where
Function Compute's attempts are over long before the tracker comes, it leaves alone what
is still being delivered: the two would take turns at one import.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from image_import.ledger.layout import OPEN

from image_import_cli.local.desk import Desk
from image_import_cli.local.function import is_delivery

if TYPE_CHECKING:
    from fake_aliyun.fc.invocations import FcInvocation

LEAST_SECONDS, MOST_SECONDS = 1.0, 60.0
LONGEST_HOLD_SECONDS = 60.0
"""Imports are followed after a minute of deliveries even if there are ever more."""


class Timer:
    """Fires the desk's time trigger, one run after the other."""

    def __init__(
        self,
        desk: Desk,
        *,
        import_seconds: float,
        held_seconds: float = LONGEST_HOLD_SECONDS,
    ) -> None:
        """Make it.

        Args:
            desk: Whose imports are followed.
            import_seconds: How long ECS takes for one; it is looked at about four
                times meanwhile.
            held_seconds: How long deliveries may hold the tracker back.
        """
        self._desk = desk
        self._pause = min(max(import_seconds / 4, LEAST_SECONDS), MOST_SECONDS)
        self._due = 0.0
        self._held_seconds = held_seconds
        self._held_since: float | None = None
        self._runs: Sequence[FcInvocation] = ()

    def fire_if_due(self) -> None:
        """Start a run, unless nothing is open, or the last run is not over."""
        now = time.monotonic()
        is_held = self._is_held(now)
        if is_held or now < self._due or any(run.is_open for run in self._runs):
            return
        if self._open_notes():
            self._runs = self._desk.cloud.fc.tick()
            self._due = now + self._pause
            self._held_since = None

    def _is_held(self, now: float) -> bool:
        """Return whether deliveries are under way, and not for too long already."""
        invocations = list(self._desk.cloud.fc.invocations)
        if not any(i.is_open for i in invocations if is_delivery(i)):
            self._held_since = None
            return False
        if self._held_since is None:
            self._held_since = now
        return now - self._held_since < self._held_seconds

    def _open_notes(self) -> Sequence[str]:
        cloud, bucket = self._desk.cloud, self._desk.ledger_bucket
        with cloud.at_rest():
            if bucket not in cloud.oss.buckets:
                return ()
            return cloud.oss.keys(bucket, f"{self._desk.settings.ledger_prefix}{OPEN}")
