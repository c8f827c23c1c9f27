"""The timer of `image-import local`: it lets the tracker follow what is under way.

Deployed, the trigger fires every few minutes and mostly finds nothing to do. Here it
fires often, but only while the ledger holds notes of open imports.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from image_import.place import OPEN

from image_import_cli.local_desk import Desk

if TYPE_CHECKING:
    from fake_aliyun.fc.invocations import Invocation

LEAST_SECONDS, MOST_SECONDS = 1.0, 60.0


class Timer:
    """Fires the desk's time trigger, one run after the other."""

    def __init__(self, desk: Desk, *, import_seconds: float) -> None:
        """Make it.

        Args:
            desk: Whose imports are followed.
            import_seconds: How long ECS takes for one; it is looked at about four
                times meanwhile.
        """
        self._desk = desk
        self._pause = min(max(import_seconds / 4, LEAST_SECONDS), MOST_SECONDS)
        self._due = 0.0
        self._runs: Sequence[Invocation] = ()

    def fire_if_due(self) -> None:
        """Start a run, unless nothing is open, or the last run is not over."""
        if time.monotonic() < self._due or any(run.is_open for run in self._runs):
            return
        if self._open_notes():
            self._runs = self._desk.cloud.fc.tick()
            self._due = time.monotonic() + self._pause

    def _open_notes(self) -> Sequence[str]:
        cloud, bucket = self._desk.cloud, self._desk.ledger_bucket
        with cloud.at_rest():
            if bucket not in cloud.oss.buckets:
                return ()
            return cloud.oss.keys(bucket, f"{self._desk.settings.ledger_prefix}{OPEN}")
