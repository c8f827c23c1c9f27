"""What one image's ledger and evidence come to: a line, a call, or a reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from image_import.config.settings import Settings
from image_import.errors import EvidenceError, PlanError
from image_import.events.parser import ObjectCreated
from image_import.filename.reader import read_key
from image_import.importing import results as endings
from image_import.importing.claim import Submitter
from image_import.importing.contents import Inside
from image_import.importing.gatherer import DiskReading, Started
from image_import.ledger.entries import (
    LedgerEntry,
    LedgerStanding,
    Standing,
    State,
    attempt_of,
    standing_of,
)
from image_import.ledger.store import LedgerStore, Snapshot
from image_import.model.declaration import Declaration
from image_import.model.result import Outcome, Result
from image_import.model.revision import ImageRevision
from image_import.planning.evidence import Evidence
from image_import.planning.planner import Plan, make_plan
from image_import.planning.request import to_parameters
from image_import.sidecar.finder import SidecarFound
from image_import.sidecar.parser import parse_metadata


class LookAgainError(Exception):
    """What was missing may have come while we wrote that we wait for it."""


@dataclass(kw_only=True, slots=True)
class Importing:
    """The decisions about one record's image, each of which ends in a ledger line.

    Attributes:
        inside: Looks into images, before anything is claimed.
        has_waited: That it waits is on record; what it waits for was looked for since.
    """

    record: ObjectCreated
    region_id: str
    settings: Settings
    store: LedgerStore
    submitter: Submitter
    inside: Inside
    has_waited: bool = False

    def current(self, snapshot: Snapshot, version: ImageRevision) -> ImageRevision:
        """Return the version at the attempt that an operator has raised it to."""
        return replace(version, attempt=attempt_of(snapshot.entries, version.pairs))

    def standing(self, snapshot: Snapshot, version: ImageRevision) -> LedgerStanding:
        """Return what the ledger allows now."""
        return standing_of(
            snapshot.entries, version, now=self.submitter.clock.earliest()
        )

    def settle(self, snapshot: Snapshot, version: ImageRevision) -> Result | None:
        """Find out how an abandoned claim ended whose bytes are gone."""
        seen = self.standing(snapshot, version)
        if seen.standing is not Standing.ABANDONED or not seen.entry or self.is_dry:
            return None
        return self.submitter.settle(snapshot, self.submitter.take_over(seen.entry))

    def ending(self, snapshot: Snapshot, version: ImageRevision) -> Result | None:
        """Return how this ends if the ledger does not leave it to us to begin."""
        seen = self.standing(snapshot, version)
        if seen.entry is None or self.is_dry:
            return None
        if seen.standing is Standing.ABANDONED:
            return self._take_over(snapshot, version, seen.entry)
        if seen.standing is Standing.DONE_ALONE:
            return self.refuse(snapshot, version, endings.too_late(seen.entry))
        is_sidecar = read_key(self.record.object_key).kind == "sidecar"
        return endings.stands(
            seen.standing,
            seen.entry,
            bucket=self.record.bucket,
            is_sidecar=is_sidecar,
        )

    def _take_over(
        self, snapshot: Snapshot, version: ImageRevision, abandoned: LedgerEntry
    ) -> Result | None:
        intent = self.submitter.take_over(abandoned)
        if abandoned.version == version.revision_hash:
            return self.submitter.submit(snapshot, intent, is_takeover=True)
        self.submitter.settle(snapshot, intent)
        raise LookAgainError

    def wait(self, snapshot: Snapshot, version: ImageRevision, reason: str) -> Result:
        """Write that we wait, then look once more, so that no wake-up is lost."""
        waiting = endings.waiting(reason)
        if self.has_waited or self.is_dry:
            return waiting
        self.write_line(snapshot, version, State.WAITING, reason)
        self.has_waited = True
        raise LookAgainError

    def refuse(
        self, snapshot: Snapshot, version: ImageRevision, exc: EvidenceError | PlanError
    ) -> Result:
        """Write why this version is not sent, and say it."""
        reason = str(exc)
        if not self.is_dry:
            self.write_line(snapshot, version, State.REFUSED, reason)
        return endings.refused(reason)

    def write_line(
        self, snapshot: Snapshot, version: ImageRevision, state: State, reason: str
    ) -> None:
        """Write a line, unless the last one says the same already."""
        last = snapshot.entries[-1] if snapshot.entries else None
        if last and (last.state, last.reason) == (state, reason):
            return
        entry = LedgerEntry(
            state=state,
            at=self.submitter.clock.earliest(),
            claim=self.submitter.claim,
            version=version.revision_hash,
            disks=version.pairs,
            bucket=version.bucket,
            attempt=version.attempt,
            reason=reason,
            fc_request_id=self.submitter.fc_request_id,
        )
        self.store.write(snapshot, entry)

    def import_image(
        self,
        snapshot: Snapshot,
        version: ImageRevision,
        disks: Sequence[DiskReading],
        found: SidecarFound,
        *,
        beside: Started,
    ) -> Result:
        """Plan the image and, unless that cannot be or nothing may be, import it.

        Args:
            beside: What must stand before ECS is asked.
        """
        try:
            if found.error:
                raise found.error
            plan = self._plan(version, disks, found)
            parameters = to_parameters(plan.request, self.settings.target)
        except (EvidenceError, PlanError) as exc:
            return self.refuse(snapshot, version, exc)
        result = self._planned(plan, parameters)
        if self.is_dry:
            return result
        intent = self.submitter.new_intent(
            version,
            image_name=plan.image_name,
            parameters=parameters,
            sidecar_key=found.key,
        )
        sent = self.submitter.submit(
            snapshot, intent, is_takeover=False, beside=beside.wait
        )
        return replace(sent, evidence=result.evidence, notes=result.notes)

    def _plan(
        self, version: ImageRevision, disks: Sequence[DiskReading], found: SidecarFound
    ) -> Plan:
        seen = tuple(disk.evidence() for disk in disks)
        told = {**self._metadata_of_event(version), **seen[0].user_metadata}
        evidence = Evidence(
            version=version,
            region_id=self.region_id,
            disks=seen,
            clues=read_key(version.object_key),
            sidecar=found.declared,
            sidecar_key=found.key,
            metadata=self._metadata(told),
        )
        evidence = replace(evidence, contents=self.inside.look(evidence))
        return make_plan(evidence, self.settings, self.settings.target)

    def _metadata_of_event(self, version: ImageRevision) -> dict[str, str]:
        is_own = version.object_key == self.record.object_key
        return dict(self.record.user_metadata) if is_own else {}

    def _metadata(self, told: dict[str, str]) -> Declaration:
        may_set = self.settings.sidecar_may_set
        return parse_metadata(told, target=self.settings.target, may_set=may_set)

    def _planned(self, plan: Plan, parameters: dict[str, str]) -> Result:
        return Result(
            outcome=Outcome.PLANNED,
            reason="DRY_RUN: nothing was called or written",
            image_name=plan.image_name,
            parameters=parameters,
            evidence={name: c.as_dict() for name, c in plan.sources.items()},
            notes=plan.notes,
        )

    @property
    def is_dry(self) -> bool:
        """Whether nothing may be called or written."""
        return self.settings.dry_run
