"""What is to be done with an image that is Available, and how far that is.

Each step has a line in the ledger before and after it, so whoever comes next knows what
may have happened. Only CopyImage has a token; all others may be repeated, since they
say how something is to be, not what is to be added.

The order: copies first, each then with its features, its family and its shares; the
image itself is shared after that, and its family comes last, so that nobody who starts
an instance by family meets an image that is not everywhere yet.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from image_import.ledger.entries import LedgerEntry, State

COPY, FEATURES, TAGS = "copy", "features", "tags"
SHARE, FAMILY = "share", "family"
AGAIN = "again"
"""The step by which an operator has what failed done again."""


@dataclass(frozen=True, slots=True)
class DistributionStep:
    """One thing that is done in one region."""

    kind: str
    region_id: str

    def __str__(self) -> str:
        """Return how the ledger writes it."""
        return f"{self.kind} {self.region_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class StepState:
    """How far a step is.

    Attributes:
        state: `begun`, `done` or `failed`.
        image_id: Of the copy, once it is known.
        since: When it was begun.
        parameters: What CopyImage is called with, each time.
    """

    state: str
    since: datetime
    image_id: str = ""
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether it is done, or failed for good."""
        return self.state in {"done", "failed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DistributionWishes:
    """What the operator wants of every image.

    Attributes:
        source_region: Where the image is.
        regions: Where it is to be copied to.
        accounts: With whom it and its copies are shared.
        family: Its image family, "" for none.
        features: What its copies have to be given, as CopyImage drops it.
        tags: Of the image itself, where ImportImage could not set them.
        copied: What CopyImage is told of a copy: name, description, tags.
        keys: The KMS key of each region whose copy is encrypted.
    """

    source_region: str
    regions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    family: str = ""
    features: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    copied: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[DistributionStep]:
        """Yield all steps, in the order in which they may be done."""
        for region_id in self.regions:
            yield DistributionStep(COPY, region_id)
            yield from self._of_one(region_id, is_copy=True)
        yield from self._of_one(self.source_region, is_copy=False)

    def _of_one(self, region_id: str, *, is_copy: bool) -> Iterator[DistributionStep]:
        if is_copy and self.features:
            yield DistributionStep(FEATURES, region_id)
        if self.tags and not is_copy:
            yield DistributionStep(TAGS, region_id)
        if self.accounts:
            yield DistributionStep(SHARE, region_id)
        if self.family:
            yield DistributionStep(FAMILY, region_id)


class DistributionProgress:
    """How far an image is, by the lines of its ledger.

    Attributes:
        rounds: How often an operator has had done again what failed.
    """

    def __init__(self, entries: Iterable[LedgerEntry], *, version: str) -> None:
        self._states: dict[str, StepState] = {}
        self.rounds = 0
        for entry in entries:
            if entry.state is not State.DISTRIBUTING or entry.version != version:
                continue
            if entry.step == AGAIN:
                self.rounds += 1
                self._states = {
                    name: state
                    for name, state in self._states.items()
                    if state.state != "failed"
                }
                continue
            before = self._states.get(entry.step)
            self._states[entry.step] = StepState(
                state=entry.step_state,
                since=before.since if before else entry.at,
                image_id=entry.step_image_id or (before.image_id if before else ""),
                reason=entry.reason,
                parameters=entry.parameters or (before.parameters if before else {}),
            )

    def of(self, step: DistributionStep) -> StepState | None:
        """Return how far a step is, None if it was never begun."""
        return self._states.get(str(step))

    def copies(self) -> dict[str, str]:
        """Return the copies that are under way, by their region."""
        return {
            name.partition(" ")[2]: state.image_id
            for name, state in self._states.items()
            if name.startswith(f"{COPY} ") and state.image_id and not state.has_ended
        }

    def made_copies(self) -> dict[str, str]:
        """Return the copies that were made, by their region."""
        return {
            name.partition(" ")[2]: state.image_id
            for name, state in self._states.items()
            if name.startswith(f"{COPY} ") and state.state == "done"
        }

    def has_ended(self, steps: Iterable[DistributionStep]) -> bool:
        """Whether nothing is left of these steps."""
        states = [self.of(step) for step in steps]
        return all(state and state.has_ended for state in states)

    def failures(self, steps: Iterable[DistributionStep]) -> list[str]:
        """Return what failed, and why."""
        found = ((step, self.of(step)) for step in steps)
        return [
            f"{step}: {state.reason}"
            for step, state in found
            if state and state.state == "failed"
        ]


def end_of(entries: Sequence[LedgerEntry], version: str) -> LedgerEntry | None:
    """Return the line by which a distribution has ended; None while it is open."""
    for entry in reversed(entries):
        if entry.version != version:
            continue
        if entry.state in {State.DISTRIBUTED, State.DISTRIBUTION_FAILED}:
            return entry
        if entry.state is State.DISTRIBUTING:
            return None
    return None


def ready_steps(
    wishes: DistributionWishes, progress: DistributionProgress
) -> Sequence[DistributionStep]:
    """Return the steps that are not ended and that nothing has to come before.

    What is done to a copy waits for the copy; what is done to the image itself waits
    for all that is done elsewhere. A copy that failed takes its own steps with it.
    """
    found = []
    is_elsewhere_done = True
    for region_id in (*wishes.regions, wishes.source_region):
        steps = [step for step in wishes.steps() if step.region_id == region_id]
        if region_id == wishes.source_region:
            if is_elsewhere_done:
                found += [s for s in steps if not _has_ended(progress, s)]
            continue
        copy = progress.of(steps[0])
        if copy is None or not copy.has_ended:
            found.append(steps[0])
            is_elsewhere_done = False
        elif copy.state == "done":
            left = [s for s in steps[1:] if not _has_ended(progress, s)]
            found += left
            is_elsewhere_done = is_elsewhere_done and not left
    return found


def open_steps(
    wishes: DistributionWishes, progress: DistributionProgress
) -> list[DistributionStep]:
    """Return the steps that count: those of a copy that failed do not."""
    lost = {
        region_id
        for region_id in wishes.regions
        if (state := progress.of(DistributionStep(COPY, region_id)))
        and state.state == "failed"
    }
    return [
        step
        for step in wishes.steps()
        if step.kind == COPY or step.region_id not in lost
    ]


def _has_ended(progress: DistributionProgress, step: DistributionStep) -> bool:
    state = progress.of(step)
    return state is not None and state.has_ended
