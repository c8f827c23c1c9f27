"""The plan of one gathered image, with a look inside where that may help."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from image_import.config.settings import Settings
from image_import.events.parser import ObjectCreated
from image_import.filename.reader import read_key
from image_import.importing.bucket_reader import BucketReader
from image_import.importing.contents import ContentsReader
from image_import.importing.gatherer import Candidate
from image_import.model.checksum import CHECKSUM_FIELDS
from image_import.model.revision import ImageRevision
from image_import.planning.evidence import DiskEvidence, Evidence
from image_import.planning.planner import Plan, make_plan
from image_import.planning.request import to_parameters
from image_import.sidecar.parser import parse_metadata


class ChecksumAwaitedError(Exception):
    """A checksum that is required is not there yet; says of what."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedImport:
    """A plan, and the parameters of ImportImage that it comes to."""

    plan: Plan
    parameters: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannerRun:
    """Plans the images of one record."""

    record: ObjectCreated
    region_id: str
    settings: Settings
    contents: ContentsReader
    reader: BucketReader

    def plan(self, candidate: Candidate) -> PlannedImport:
        """Return what ImportImage would be asked for.

        Raises:
            ChecksumAwaitedError: It has to wait for a checksum.
            EvidenceError: What the bucket holds cannot be imported.
            PlanError: ImportImage would not accept it.
            ServiceUnavailable: An object could not be read.
        """
        settings = self.settings
        if candidate.sidecar.error:
            raise candidate.sidecar.error
        evidence = self._evidence(candidate)
        compared = self._compare(candidate, evidence.disks)
        evidence = replace(evidence, contents=self.contents.read(evidence))
        plan = make_plan(evidence, settings, settings.target)
        plan = replace(plan, notes=(*compared, *plan.notes))
        parameters = to_parameters(plan.request, settings.target)
        return PlannedImport(plan=plan, parameters=parameters)

    def _compare(
        self, candidate: Candidate, disks: Sequence[DiskEvidence]
    ) -> tuple[str, ...]:
        """Return what came of comparing the checksums that anybody states."""
        declared = candidate.sidecar.checksums or any(
            name.lower() in disk.user_metadata
            for disk in disks
            for name in CHECKSUM_FIELDS
        )
        if not declared and self.settings.checksum == "declared":
            return ()
        from image_import.importing.checksums import (  # noqa: PLC0415 - cold start
            ChecksumCheck,
        )

        check = ChecksumCheck(settings=self.settings, reader=self.reader)
        compared = check.run(candidate, disks)
        if compared.awaited:
            raise ChecksumAwaitedError(compared.awaited)
        return compared.notes

    def _evidence(self, candidate: Candidate) -> Evidence:
        revision, settings = candidate.revision, self.settings
        disks = candidate.converted or tuple(d.evidence() for d in candidate.disks)
        user_metadata = {**self._metadata_of_event(revision), **disks[0].user_metadata}
        return Evidence(
            revision=revision,
            region_id=self.region_id,
            disks=disks,
            clues=read_key(revision.object_key),
            sidecar=candidate.sidecar.declared,
            sidecar_key=candidate.sidecar.key,
            metadata=parse_metadata(
                user_metadata,
                target=settings.target,
                may_set=settings.sidecar_may_set,
            ),
        )

    def _metadata_of_event(self, revision: ImageRevision) -> dict[str, str]:
        is_own = revision.object_key == self.record.object_key
        return dict(self.record.user_metadata) if is_own else {}
