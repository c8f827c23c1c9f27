"""Brings an image whose format ECS does not take to one that it takes.

What is to be done, a line of the ledger says: key, upload ID and lane of each target.
It is no claim. Whoever comes goes on with these uploads, since each part is the same
bytes whoever stores it; only what follows, the import, needs a claim.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from disk_images.blocks.source import CannotTellError
from disk_images.convert.choose import ConversionOrder, TwoPasses
from disk_images.convert.parts import ConversionPlan, RefusedError
from disk_images.convert.stream_lane import StreamedPlan
from disk_images.formats.detect import HEAD_BYTES, LOOK_BYTES, TAIL_BYTES
from disk_images.formats.types import DiskFormat, Header, fix_command

from image_import.aliyun.oss.client import ObjectPiece, Oss, UploadGone
from image_import.config.settings import Settings
from image_import.errors import HeaderError
from image_import.importing.claim import Claims
from image_import.importing.conversion.jobs import ConversionJob
from image_import.importing.conversion.sources import (
    DiskChoice,
    ExtentMissing,
    ObjectSource,
)
from image_import.importing.conversion.targets import (
    PartSlice,
    TargetUpload,
    discard_target,
)
from image_import.importing.gatherer import Candidate
from image_import.ledger.entries import LedgerEntry, State, last_of
from image_import.ledger.open_jobs import CONVERSION_STALLS
from image_import.ledger.store import LedgerStore, Snapshot
from image_import.model.disk import GIB
from image_import.model.result import Outcome, Result
from image_import.model.revision import DiskRevision
from image_import.planning.evidence import DiskEvidence, header_from
from image_import.retry import RetryPolicy

SHORT_LANES = {"range", "wrap"}
"""What passes no data through the function, so that any invocation has time for it."""

SLICE_BYTES = 4 * GIB
MOST_SLICES = 16
BY_HAND = "image-import convert {source} {target}.qcow2"


@dataclass(kw_only=True)
class DiskTarget:
    """One disk that is converted.

    Attributes:
        number: Of the image's disks, counted from 1.
        source: The uploaded object that it is in.
        choice: How it becomes an image; None where the ledger tells all we need.
        made: What OSS says of the target once it is complete.
    """

    number: int
    source: DiskEvidence
    upload: TargetUpload
    lane: str
    member: str = ""
    choice: ConversionPlan | StreamedPlan | None = None
    made: ObjectPiece | None = None

    @property
    def line(self) -> tuple[str, str, str]:
        """What the ledger says of it."""
        return self.upload.object_key, self.upload.upload_id, self.lane


@dataclass(kw_only=True)
class ConversionRun:
    """The conversions of one record in one invocation.

    Attributes:
        bucket: Of the uploads.
        job: What this invocation was started for; None in the importer.
        gone: Uploads of which the ledger tells and OSS knows nothing.
    """

    oss: Oss
    retry: RetryPolicy
    settings: Settings
    claims: Claims
    store: LedgerStore
    bucket: str
    region_id: str
    remaining: Callable[[], float]
    timeout_seconds: float
    job: ConversionJob | None = None
    gone: set[str] = field(default_factory=set)

    def bring(self, found: Candidate) -> Candidate | Result:
        """Return the image with what its disks were converted to, if all are by now.

        Raises:
            EvidenceError: Nothing converts it here; the message says what does.
            Overtaken: Somebody else wrote the ledger; look again.
            ServiceUnavailable: It is not finished; the next delivery goes on.
        """
        try:
            return self._bring(found)
        except RefusedError as exc:
            name = found.revision.object_key
            fix = f"; to fix it: {fix_command(exc.fix, name)}" if exc.fix else ""
            raise HeaderError(f"{name}: {exc}{fix}") from exc
        except CannotTellError as exc:
            raise HeaderError(f"{found.revision.object_key}: {exc}") from exc
        except ExtentMissing as exc:
            return replace(found, waits_for=str(exc))

    def _bring(self, found: Candidate) -> Candidate | Result:
        disks = [disk.evidence() for disk in found.disks]
        line = last_of(
            found.snapshot.entries, found.revision.revision_hash, State.CONVERTING
        )
        if line and not self.gone.isdisjoint(_ids(line)):
            line = None
        if self.settings.dry_run:
            targets = self._chosen(found, disks)
            return replace(found, converted=_planned(disks, targets))
        snapshot = found.snapshot
        if line:
            targets = self._known(disks, line)
        else:
            targets = self._chosen(found, disks)
            snapshot = self._begin(found, targets)
        self._work(found, targets)
        if open_ones := [target for target in targets if target.made is None]:
            return self._hand_on(found, open_ones, line)
        for target in targets:
            self._check(target)
        made = _merged(disks, targets, self._evidence)
        return replace(found, snapshot=snapshot, converted=made)

    def _chosen(
        self, found: Candidate, disks: Sequence[DiskEvidence]
    ) -> list[DiskTarget]:
        """Return a target for each disk that has to be converted."""
        targets: list[DiskTarget] = []
        number = 0
        for disk in disks:
            if not disk.is_convertible:
                number += 1
                continue
            choices = self._choices(found, disk)
            if len(disks) > 1 and len(choices) > 1:
                raise RefusedError(
                    f"{disk.object_key} has {len(choices)} disks and is listed as one"
                    " of a set; upload it without the manifest, or its disks alone"
                )
            for chosen in choices:
                number += 1
                targets.append(self._target(found, disk, number, chosen))
        return targets

    def _choices(self, found: Candidate, disk: DiskEvidence) -> Sequence[DiskChoice]:
        declared = found.sidecar.declared
        order = self._order(disk, member=declared.member if declared else "")
        choices = self._source(disk).choices(disk.header, order)
        for chosen in choices:
            self._must_be_ours(chosen)
        return choices

    def _order(
        self, disk: DiskEvidence, *, member: str, can_copy: bool = True
    ) -> ConversionOrder:
        return ConversionOrder(
            can_copy=can_copy and disk.object_type != "Appendable",
            member=member,
            largest_bytes=self.settings.convert_max_gib * GIB,
        )

    def _must_be_ours(self, chosen: DiskChoice) -> None:
        """Refuse what takes a converter where there is none.

        Raises:
            RefusedError: With the command that does it elsewhere.
        """
        choice = chosen.choice
        if isinstance(choice, TwoPasses):
            raise RefusedError(
                f"{choice.reason}: it has to be unpacked first; convert it and upload"
                " the result",
                fix=BY_HAND,
            )
        if isinstance(choice, ConversionPlan):
            most = self.settings.convert_max_gib * GIB
            if choice.disk_bytes > most:
                raise RefusedError(
                    f"its disk has {choice.disk_bytes:,} bytes, and CONVERT_MAX_GIB"
                    f" allows {most:,}; raise that, or convert it and upload the"
                    " result",
                    fix=BY_HAND,
                )
        if choice.lane not in SHORT_LANES and not self.settings.converter:
            raise RefusedError(
                f"{choice.reason}: its data have to pass through a converter, and none"
                " is deployed; deploy it, or convert the disk and upload the result",
                fix=BY_HAND,
            )

    def _target(
        self, found: Candidate, disk: DiskEvidence, number: int, chosen: DiskChoice
    ) -> DiskTarget:
        choice = chosen.choice
        assert not isinstance(choice, TwoPasses)  # noqa: S101 - refused before
        key = found.listing.keys.target_key(
            found.revision.revision_hash, number, str(choice.target_format).lower()
        )
        return DiskTarget(
            number=number,
            source=disk,
            upload=self._upload(disk, key),
            lane=choice.lane,
            member=chosen.member,
            choice=choice,
        )

    def _upload(
        self, disk: DiskEvidence, object_key: str, upload_id: str = ""
    ) -> TargetUpload:
        return TargetUpload(
            oss=self.oss,
            retry=self.retry,
            source=self._source(disk),
            bucket=self.settings.converted_in(self.bucket),
            object_key=object_key,
            upload_id=upload_id,
            remaining=self.remaining,
            timeout_seconds=self.timeout_seconds,
        )

    def _source(self, disk: DiskEvidence) -> ObjectSource:
        return ObjectSource(
            oss=self.oss,
            retry=self.retry,
            bucket=self.bucket,
            object_key=disk.object_key,
            etag=disk.revision.etag,
            size_bytes=disk.object_size_bytes,
        )

    def _known(
        self, disks: Sequence[DiskEvidence], line: LedgerEntry
    ) -> list[DiskTarget]:
        """Return the targets that the ledger tells of."""
        convertible = [disk for disk in disks if disk.is_convertible]
        known = []
        for at, (key, upload_id, lane) in enumerate(line.targets):
            disk = convertible[at if len(disks) > 1 else 0]
            known.append(
                DiskTarget(
                    number=int(key.rpartition("-")[2].partition(".")[0]),
                    source=disk,
                    upload=self._upload(disk, key, upload_id),
                    lane=lane,
                )
            )
        return known

    def _begin(self, found: Candidate, targets: Sequence[DiskTarget]) -> Snapshot:
        """Begin the uploads and put them on record."""
        noted = self.claims.note_conversion(found.snapshot)
        for target in targets:
            target.upload.begin()
        noted.result()
        reasons = (f"{t.lane}: {t.choice.reason}" for t in targets if t.choice)
        return self.claims.write_conversion(
            found.snapshot,
            found.revision,
            targets=tuple(target.line for target in targets),
            target_bucket=self.settings.converted_in(self.bucket),
            reason="; ".join(dict.fromkeys(reasons)),
        )

    def _work(self, found: Candidate, targets: Sequence[DiskTarget]) -> None:
        """Store what this invocation is to store."""
        for target in targets:
            target.made = target.upload.look()
            if target.made is None and self._is_ours(target):
                self._store(found, target)

    def _is_ours(self, target: DiskTarget) -> bool:
        if target.lane in SHORT_LANES:
            return True
        return self.job is not None and self.job.disk == target.number

    def _store(self, found: Candidate, target: DiskTarget) -> None:
        choice = target.choice or self._choose_again(found, target)
        part_of = None
        if self.job and target.lane not in SHORT_LANES:
            part_of = PartSlice(number=self.job.number, of=self.job.of)
        try:
            is_complete = target.upload.store(choice, part_of)
        except UploadGone:
            self.gone.add(target.upload.upload_id)
            raise
        if is_complete:
            target.made = target.upload.look()

    def _choose_again(
        self, found: Candidate, target: DiskTarget
    ) -> ConversionPlan | StreamedPlan:
        """Return the choice that the ledger tells of; the same source, the same one."""
        choices = self._choices(found, target.source)
        at = 0 if len(found.disks) > 1 else target.number - 1
        chosen = choices[min(at, len(choices) - 1)]
        target.member = chosen.member
        choice = chosen.choice
        assert not isinstance(choice, TwoPasses)  # noqa: S101 - refused before
        return choice

    def _hand_on(
        self,
        found: Candidate,
        targets: Sequence[DiskTarget],
        line: LedgerEntry | None,
    ) -> Result:
        """Leave to the converter what takes one, and say that it is on its way."""
        if self.job is None and (line is None or self._is_left(found, line)):
            for target in targets:
                self._put_jobs(found, target)
        lanes = ", ".join(f"disk {t.number} by {t.lane}" for t in targets)
        return Result(
            outcome=Outcome.CONVERTING,
            reason=f"the converter is at it ({lanes}); the import follows by itself",
        )

    def _is_left(self, found: Candidate, line: LedgerEntry) -> bool:
        """Whether nobody is at a conversion that was begun earlier."""
        if self.claims.clock.earliest() - line.at > CONVERSION_STALLS:
            return True
        jobs = found.listing.keys.jobs_of(found.revision.revision_hash)
        return next(self.store.list_all(jobs), None) is None

    def _put_jobs(self, found: Candidate, target: DiskTarget) -> None:
        choice = target.choice or self._choose_again(found, target)
        count = 1
        if isinstance(choice, ConversionPlan):
            count = min(MOST_SLICES, -(-choice.size_bytes // SLICE_BYTES))
        keys, mark = found.listing.keys, found.revision.revision_hash
        for number in range(count):
            job = ConversionJob(
                bucket=self.bucket,
                object_key=found.revision.object_key,
                etag=found.revision.etag,
                region_id=self.region_id,
                disk=target.number,
                number=number,
                of=count,
            )
            self.store.put_note(
                keys.job_key(mark, target.number, number), job.to_bytes()
            )

    def _check(self, target: DiskTarget) -> None:
        assert target.made is not None  # noqa: S101 - asked by the caller
        target.upload.check(target.made, target.member)

    def _evidence(self, target: DiskTarget) -> DiskEvidence:
        """Return what the target's own bytes tell, as if it had been uploaded."""
        made, upload = target.made, target.upload
        assert made is not None  # noqa: S101 - asked by the caller
        size = made.object_size_bytes
        wanted = HEAD_BYTES if self.settings.inspect == "never" else LOOK_BYTES
        read = partial(self.oss.read_range, upload.bucket, upload.object_key)
        head = self.retry.repeat(
            lambda: read(first=0, last=min(size, wanted) - 1, etag=made.etag)
        )
        tail = self.retry.repeat(
            lambda: read(first=max(0, size - TAIL_BYTES), last=size - 1, etag=made.etag)
        )
        header = header_from(head.data[:HEAD_BYTES], tail.data, object_size_bytes=size)
        was = target.source.header.detected
        note = f"it was converted from {was} ({target.lane} lane)"
        header = replace(header, notes=(*header.notes, note))
        return replace(
            target.source,
            header=header,
            object_size_bytes=size,
            encryption=head.encryption,
            head=head.data,
            target=DiskRevision(object_key=upload.object_key, etag=made.etag),
            target_bucket=upload.bucket,
        )

    def discard(self, found: Candidate) -> None:
        """Leave nothing behind of a conversion that has no future."""
        line = last_of(
            found.snapshot.entries, found.revision.revision_hash, State.CONVERTING
        )
        for key, upload_id, _ in line.targets if line else ():
            bucket = self.settings.converted_in(self.bucket)
            discard_target(self.oss, self.retry, bucket, key, upload_id)


def _ids(line: LedgerEntry) -> set[str]:
    return {upload_id for _, upload_id, _ in line.targets}


def _merged(
    disks: Sequence[DiskEvidence],
    targets: Sequence[DiskTarget],
    evidence: Callable[[DiskTarget], DiskEvidence],
) -> tuple[DiskEvidence, ...]:
    """Return the image's disks in order, each converted one as what it became."""
    merged: list[DiskEvidence] = []
    for disk in disks:
        own = [target for target in targets if target.source is disk]
        merged += map(evidence, own) if disk.is_convertible else [disk]
    return tuple(merged)


def _planned(
    disks: Sequence[DiskEvidence], targets: Sequence[DiskTarget]
) -> tuple[DiskEvidence, ...]:
    """Return the image's disks as they would be."""

    def evidence(target: DiskTarget) -> DiskEvidence:
        choice = target.choice
        size = choice.disk_bytes if isinstance(choice, ConversionPlan) else None
        kind = DiskFormat(str(choice.target_format)) if choice else None
        return replace(
            target.source,
            header=Header(
                detected=f"{target.lane} to {kind.value if kind else ''}",
                format=kind,
                virtual_size_bytes=size,
            ),
            head=b"",
            target=DiskRevision(object_key=target.upload.object_key, etag=""),
            target_bucket=target.upload.bucket,
        )

    return _merged(disks, targets, evidence)
