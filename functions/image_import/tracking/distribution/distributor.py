"""Does what is ready, one step after the other, and puts each on record."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from image_import.errors import ImageImportError, ServiceRejected, ServiceUnavailable
from image_import.ledger.clock import OssClock
from image_import.ledger.entries import LedgerEntry, State
from image_import.ledger.store import LedgerStore, Snapshot
from image_import.model.ownership import ExistingImage
from image_import.retry import RetryPolicy
from image_import.tracking.distribution.steps import (
    COPY,
    FAMILY,
    FEATURES,
    SHARE,
    TAGS,
    DistributionProgress,
    DistributionStep,
    DistributionWishes,
    StepState,
    open_steps,
    ready_steps,
)

GRACE = timedelta(minutes=10)
"""How long after CopyImage a copy that is not listed is not yet called gone."""

BAD_COPIES = {"CreateFailed", "UnAvailable"}
MOST_ACCOUNTS_AT_ONCE = 10
"""Source: "ModifyImageSharePermission", ECS API 2014-05-26: more than ten AddAccount.N
are ignored; read 2026-12.
"""

WAITS = frozenset({"OperationDenied.ImageCopying", "IncorrectImageStatus"})
"""Codes by which ECS says that it is too early; quotas are another matter of time."""


class ImageApi(Protocol):
    """What is asked of ECS in one region."""

    def copy_image(self, parameters: Mapping[str, str]) -> str:
        """Begin a copy and return its ID."""

    def modify_image(self, image_id: str, parameters: Mapping[str, str]) -> None:
        """Set attributes of an image."""

    def tag_image(self, image_id: str, tags: Mapping[str, str]) -> None:
        """Give an image tags."""

    def share_image(self, image_id: str, accounts: tuple[str, ...]) -> None:
        """Share an image with up to ten accounts."""


Copies = Mapping[str, Mapping[str, ExistingImage]]
"""What ECS shows of copies, by region and ID; a region that was not asked is absent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Distributor:
    """Distributes images whose ledgers are in one bucket.

    Attributes:
        api: Makes the client of a region.
        copies: What ECS shows of all copies under way.
        claim: Random ID of this run; its lines carry it.
        failed: Hears of what is left for the next run.
    """

    api: Callable[[str], ImageApi]
    store: LedgerStore
    clock: OssClock
    retry: RetryPolicy
    copies: Copies
    claim: str
    fc_request_id: str
    failed: Callable[[ImageImportError], None]

    def advance(
        self, snapshot: Snapshot, image: LedgerEntry, wishes: DistributionWishes
    ) -> tuple[Snapshot, LedgerEntry | None]:
        """Do what is ready.

        Args:
            image: The ledger's word that the image is Available.

        Returns:
            The ledger as it is then, and the line by which it all has ended; None
            while something is left.

        Raises:
            Overtaken: Somebody else wrote; the next run goes on from there.
            ServiceError: The ledger could not be written.
        """
        tried: set[str] = set()
        while True:
            progress = DistributionProgress(snapshot.entries, version=image.version)
            ready = [s for s in ready_steps(wishes, progress) if str(s) not in tried]
            if not ready:
                break
            step = ready[0]
            tried.add(str(step))
            snapshot = self._do(step, snapshot, image, wishes, progress)
        steps = open_steps(wishes, progress)
        if not progress.has_ended(steps):
            return snapshot, None
        failures = progress.failures(steps)
        line = self._line(image, State.DISTRIBUTED, "wherever it was wanted")
        if failures:
            line = replace(
                line, state=State.DISTRIBUTION_FAILED, reason="; ".join(failures)
            )
        return self.store.write(snapshot, line), line

    def _do(
        self,
        step: DistributionStep,
        snapshot: Snapshot,
        image: LedgerEntry,
        wishes: DistributionWishes,
        progress: DistributionProgress,
    ) -> Snapshot:
        before = progress.of(step)
        if step.kind == COPY and before and before.image_id:
            return self._follow(step, snapshot, image, before)
        asked = before.parameters if before else {}
        if before is None:
            begun = self._step_line(image, step, "begun", "")
            if step.kind == COPY:
                asked = _copy_parameters(step, image, wishes, progress.rounds)
                begun = replace(begun, parameters=asked)
            snapshot = self.store.write(snapshot, begun)
        try:
            made = self.retry.repeat(
                lambda: self._ask(step, image, wishes, progress, asked)
            )
        except ServiceUnavailable as exc:
            self.failed(exc)
            return snapshot
        except ServiceRejected as exc:
            if exc.code in WAITS or exc.code.lower().startswith("quotaexceed"):
                self.failed(exc)
                return snapshot
            line = self._step_line(image, step, "failed", str(exc))
            return self.store.write(snapshot, line)
        state = "begun" if step.kind == COPY else "done"
        line = self._step_line(image, step, state, "", copy_id=made)
        return self.store.write(snapshot, line)

    def _follow(
        self,
        step: DistributionStep,
        snapshot: Snapshot,
        image: LedgerEntry,
        before: StepState,
    ) -> Snapshot:
        """Look how a copy is doing, and say so once it has ended."""
        shown = self.copies.get(step.region_id)
        if shown is None:
            return snapshot
        copy = shown.get(before.image_id)
        is_late = self.clock.earliest() - before.since > GRACE
        line = None
        if copy is None and is_late:
            line = self._step_line(image, step, "failed", "the copy was deleted")
        elif copy and copy.status == "Available" and copy.is_usable:
            line = self._step_line(image, step, "done", "")
        elif copy and copy.status in BAD_COPIES:
            reason = f"the copy {copy.image_id} ended as {copy.status}"
            line = self._step_line(image, step, "failed", reason)
        return self.store.write(snapshot, line) if line else snapshot

    def _ask(
        self,
        step: DistributionStep,
        image: LedgerEntry,
        wishes: DistributionWishes,
        progress: DistributionProgress,
        asked: Mapping[str, str],
    ) -> str:
        """Do one step, which may have been done before; return the ID of a copy.

        Args:
            asked: What CopyImage is called with, as the ledger has it.
        """
        if step.kind == COPY:
            frozen = asked or _copy_parameters(step, image, wishes, progress.rounds)
            return self.api(wishes.source_region).copy_image(frozen)
        api = self.api(step.region_id)
        image_id = image.image_id
        if step.region_id != wishes.source_region:
            copy = progress.of(DistributionStep(COPY, step.region_id))
            image_id = copy.image_id if copy else ""
        if step.kind == FEATURES:
            api.modify_image(image_id, wishes.features)
        elif step.kind == TAGS:
            api.tag_image(image_id, wishes.tags)
        elif step.kind == FAMILY:
            api.modify_image(image_id, {"ImageFamily": wishes.family})
        elif step.kind == SHARE:
            for first in range(0, len(wishes.accounts), MOST_ACCOUNTS_AT_ONCE):
                some = wishes.accounts[first : first + MOST_ACCOUNTS_AT_ONCE]
                api.share_image(image_id, some)
        return ""

    def _step_line(
        self,
        image: LedgerEntry,
        step: DistributionStep,
        state: str,
        reason: str,
        *,
        copy_id: str = "",
    ) -> LedgerEntry:
        line = self._line(image, State.DISTRIBUTING, reason)
        return replace(line, step=str(step), step_state=state, step_image_id=copy_id)

    def _line(self, image: LedgerEntry, state: State, reason: str) -> LedgerEntry:
        line = image.on_its_image(
            state, at=self.clock.earliest(), claim=self.claim, reason=reason
        )
        return replace(line, fc_request_id=self.fc_request_id)


def _copy_parameters(
    step: DistributionStep, image: LedgerEntry, wishes: DistributionWishes, rounds: int
) -> dict[str, str]:
    """Return what CopyImage is called with, its token included.

    By the same token ECS would answer with a copy that failed; each round has its own.

    Frozen in the ledger before the call: with other parameters, or another token, a
    call that is repeated after a crash would make a second copy.

    Source: "CopyImage", ECS API 2014-05-26, ClientToken, Encrypted and KMSKeyId; it is
    sent to the region of the source; read 2026-12.
    """
    key = wishes.keys.get(step.region_id)
    parameters = {
        "ImageId": image.image_id,
        "DestinationRegionId": step.region_id,
        "DestinationImageName": image.image_name,
        **wishes.copied,
        **({"Encrypted": "true", "KMSKeyId": key} if key else {}),
    }
    said = repr((image.version, image.attempt, rounds, sorted(parameters.items())))
    token = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
    return {**parameters, "ClientToken": token}
