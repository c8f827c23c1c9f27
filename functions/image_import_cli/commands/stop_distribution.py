"""A distribution's end by hand: copies under way are cancelled, the rest stays."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from image_import.errors import ServiceRejected
from image_import.ledger.entries import LedgerEntry, State, last_of, settle
from image_import.ledger.store import LedgerStore, Overtaken, Snapshot
from image_import.tracking.distribution.steps import (
    COPY,
    DistributionProgress,
    DistributionStep,
    end_of,
)

BY_HAND = "cancelled with image-import cancel"
MOST_ROUNDS = 6


class CopyApi(Protocol):
    """What is asked of ECS in the region of a copy."""

    def cancel_copy(self, image_id: str) -> None:
        """End a copy that is under way."""


def open_distributions(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """Return the ledgers of images whose distribution is under way."""
    return [snapshot for snapshot in snapshots if _open_image(snapshot) is not None]


def _open_image(snapshot: Snapshot) -> LedgerEntry | None:
    entries = snapshot.entries
    for line in reversed(list(settle(entries).accepted.values())):
        has_begun = last_of(entries, line.version, State.DISTRIBUTING) is not None
        if (
            line.state is State.AVAILABLE
            and has_begun
            and end_of(entries, line.version) is None
        ):
            return line
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class StopsDistribution:
    """Ends distributions whose ledgers are in one bucket.

    Attributes:
        ecs: Makes the client of a region.
        now: By OSS's clock.
    """

    store: LedgerStore
    ecs: Callable[[str], CopyApi]
    claim: str
    now: Callable[[], datetime]

    def stop(self, snapshot: Snapshot) -> tuple[str, str]:
        """Return how a distribution ended, as its state and a sentence.

        Raises:
            ServiceError: ECS or OSS did not answer; what was done is on record.
        """
        for _ in range(MOST_ROUNDS):
            image = _open_image(snapshot)
            if image is None:
                return "too_late", "it has ended; nothing was cancelled"
            try:
                return "cancelled", self._stop(snapshot, image)
            except Overtaken as exc:
                snapshot = exc.snapshot
        return "cancelling", "its ledger keeps changing; try again in a minute"

    def _stop(self, snapshot: Snapshot, image: LedgerEntry) -> str:
        progress = DistributionProgress(snapshot.entries, version=image.version)
        late = []
        for region_id, copy_id in progress.copies().items():
            try:
                self.ecs(region_id).cancel_copy(copy_id)
                reason = BY_HAND
            except ServiceRejected as exc:
                late.append(f"{copy_id} in {region_id}")
                reason = str(exc)
            step = str(DistributionStep(COPY, region_id))
            line = self._line(image, State.DISTRIBUTING, reason)
            line = replace(line, step=step, step_state="failed", step_image_id=copy_id)
            snapshot = self.store.write(snapshot, line)
        ended = self._line(image, State.DISTRIBUTION_FAILED, BY_HAND)
        snapshot = self.store.write(snapshot, ended)
        for entry in snapshot.entries:
            if entry.state is State.INTENT and entry.version == image.version:
                note = snapshot.keys.open_key(snapshot.etag, entry.claim)
                self.store.delete_note(note)
        left = f"; too late for {', '.join(late)}" if late else ""
        return f"the image and what was done with it stay{left}"

    def _line(self, image: LedgerEntry, state: State, reason: str) -> LedgerEntry:
        return image.on_its_image(state, at=self.now(), claim=self.claim, reason=reason)
