"""Brings an image whose format ECS does not take to one that it takes.

What is to be done, a line of the ledger says: key, upload ID and lane of each target.
It is no claim. Whoever comes goes on with these uploads, since each part is the same
bytes whoever stores it; only what follows, the import, needs a claim.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from disk_images.blocks.source import CannotTellError
from disk_images.convert.choose import ConversionChoice, ConversionOrder, TwoPasses
from disk_images.convert.parts import ConversionPlan, RefusedError
from disk_images.convert.stream_lane import as_it_is
from disk_images.formats.detect import HEAD_BYTES, LOOK_BYTES, TAIL_BYTES
from disk_images.formats.types import DiskFormat, Header, fix_command

from image_import.aliyun.oss.client import (
    ObjectChanged,
    ObjectMissing,
    ObjectPiece,
    Oss,
    UploadGone,
)
from image_import.aliyun.oss.multipart import COPY
from image_import.config.settings import Settings
from image_import.errors import HeaderError, ServiceError, ServiceRejected
from image_import.importing import results
from image_import.importing.claim import Claims
from image_import.importing.conversion.jobs import ConversionJob
from image_import.importing.conversion.sources import (
    DiskChoice,
    ExtentMissing,
    ObjectSource,
)
from image_import.importing.conversion.targets import (
    HandedOver,
    PartSlice,
    TargetUpload,
    discard_target,
)
from image_import.importing.gatherer import EXTENT, Candidate
from image_import.ledger.conversion_progress import said_parts
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

UNPACK = "unpack"
"""In place of a lane: what has to be unpacked before a lane can be chosen for it."""

SLICE_BYTES = 4 * GIB
MOST_SLICES = 16
BEAT = timedelta(minutes=5)
"""How often a conversion that takes long says how far it is."""

UNKNOWN = 501
"""What a server answers that does not know an operation."""

BY_HAND = "image-import convert {source} {target}.qcow2"


@dataclass(kw_only=True)
class DiskTarget:
    """One disk that is converted.

    Attributes:
        number: Of the image's disks, counted from 1.
        source: The uploaded object that it is in.
        member: Which file of an archive it is; "" where that is the object itself.
        choice: How it becomes an image; None where the ledger tells all we need.
        made: What OSS says of the target once it is complete.
    """

    number: int
    source: DiskEvidence
    upload: TargetUpload
    lane: str
    member: str = ""
    choice: ConversionChoice | None = None
    made: ObjectPiece | None = None

    @property
    def line(self) -> tuple[str, str, str, str]:
        """What the ledger says of it."""
        upload = self.upload
        return upload.object_key, upload.upload_id, self.lane, self.member

    @property
    def unpacked_key(self) -> str:
        """Where it lies unpacked meanwhile, if it has to."""
        return f"{self.upload.object_key.rpartition('.')[0]}.unpacked"


@dataclass(kw_only=True)
class ConversionRun:
    """The conversions of one record in one invocation.

    Attributes:
        bucket: Of the uploads.
        job: What this invocation was started for; None in the importer.
        gone: Uploads of which the ledger tells and OSS knows nothing.
        no_copies: Why OSS copies no ranges, "" as long as it does.
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
    no_copies: str = ""
    _told: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def bring(self, found: Candidate) -> Candidate | Result:
        """Return the image with what its disks were converted to, if all are by now.

        Raises:
            EvidenceError: Nothing converts it here; the message says what does.
            Overtaken: Somebody else wrote the ledger; look again.
            UploadGone: An upload was aborted; look again.
            ServiceUnavailable: It is not finished; the next delivery goes on.
        """
        try:
            with refusals_of(found.revision.object_key):
                return self._bring(found)
        except ExtentMissing as exc:
            return replace(found, waits_for=str(exc))

    def _bring(self, found: Candidate) -> Candidate | Result:
        disks = [disk.evidence() for disk in found.disks]
        if len(disks) == 1 and (flat := self._flat_beside(disks[0])):
            return results.ignored(
                f"it describes {flat}, a plain disk that is imported by its own event"
            )
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
        found = replace(found, snapshot=snapshot)
        for target in targets:
            if self._is_ours(target) and target.upload.look() is None:
                self._store(found, target)
        # Looked for when our own are stored: whoever ends last sees all.
        for target in targets:
            target.made = target.upload.look()
        if open_ones := [target for target in targets if target.made is None]:
            return self._hand_on(found, open_ones, line)
        for target in targets:
            self._check(target)
        return replace(found, converted=_merged(disks, targets, self._evidence))

    def _flat_beside(self, disk: DiskEvidence) -> str:
        if disk.header.detected != "vmdk-descriptor":
            return ""
        name = self._source(disk).flat_beside()
        return "" if EXTENT.fullmatch(name) else name

    def _chosen(
        self, found: Candidate, disks: Sequence[DiskEvidence]
    ) -> list[DiskTarget]:
        """Return a target for each disk that has to be converted."""
        targets: list[DiskTarget] = []
        number = 0
        declared = found.sidecar.declared
        member = declared.member if declared else ""
        for disk in disks:
            if not disk.is_convertible:
                number += 1
                continue
            choices = self._choices(disk, self._order(disk, member))
            if len(disks) > 1 and len(choices) > 1:
                raise RefusedError(
                    f"{disk.object_key} has {len(choices)} disks and is listed as one"
                    " of a set; upload it without the manifest, or its disks alone"
                )
            for chosen in choices:
                number += 1
                targets.append(self._target(found, disk, number, chosen))
        return targets

    def _choices(
        self, disk: DiskEvidence, order: ConversionOrder
    ) -> Sequence[DiskChoice]:
        choices = self._source(disk).choices(disk.header, order)
        for chosen in choices:
            self._must_be_ours(chosen.choice)
        return choices

    def _order(
        self, disk: DiskEvidence, member: str, *, can_copy: bool = True
    ) -> ConversionOrder:
        is_copied = can_copy and not self.no_copies
        return ConversionOrder(
            can_copy=is_copied and disk.object_type != "Appendable",
            member=member,
            largest_bytes=self.settings.convert_max_gib * GIB,
            wraps_compressed=self.settings.convert_wrap_compressed,
        )

    def _must_be_ours(self, choice: ConversionChoice) -> None:
        """Refuse what takes a converter where there is none.

        Raises:
            RefusedError: With the command that does it elsewhere.
        """
        if isinstance(choice, ConversionPlan):
            most = self.settings.convert_max_gib * GIB
            if choice.disk_bytes > most:
                raise RefusedError(
                    f"its disk has {choice.disk_bytes:,} bytes, and CONVERT_MAX_GIB"
                    f" allows {most:,}; raise that, or convert it and upload the"
                    " result",
                    fix=BY_HAND,
                )
        if lane_of(choice) not in SHORT_LANES and not self.settings.converter:
            why = f"{choice.reason} ({self.no_copies})" if self.no_copies else ""
            raise RefusedError(
                f"{why or choice.reason}: its data have to pass through a converter,"
                " and none is deployed; deploy it, or convert the disk and upload the"
                " result",
                fix=BY_HAND,
            )

    def _target(
        self, found: Candidate, disk: DiskEvidence, number: int, chosen: DiskChoice
    ) -> DiskTarget:
        choice = chosen.choice
        key = found.listing.keys.target_key(
            found.revision.revision_hash, number, _format_of(choice).lower()
        )
        return DiskTarget(
            number=number,
            source=disk,
            upload=self._upload(self._source(disk), key),
            lane=lane_of(choice),
            member=chosen.member,
            choice=choice,
        )

    def _upload(
        self, source: ObjectSource, object_key: str, upload_id: str = ""
    ) -> TargetUpload:
        return TargetUpload(
            oss=self.oss,
            retry=self.retry,
            source=source,
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
        told = [target for target in line.targets if not _is_unpacked(target)]
        known = []
        for at, (key, upload_id, lane, member) in enumerate(told):
            disk = convertible[at if len(disks) > 1 else 0]
            known.append(
                DiskTarget(
                    number=int(key.rpartition("-")[2].partition(".")[0]),
                    source=disk,
                    upload=self._upload(self._source(disk), key, upload_id),
                    lane=lane,
                    member=member,
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
        unpacked = [(t.unpacked_key, "", "", "") for t in targets if t.lane == UNPACK]
        return self.claims.write_conversion(
            found.snapshot,
            found.revision,
            targets=(*(target.line for target in targets), *unpacked),
            target_bucket=self.settings.converted_in(self.bucket),
            reason="; ".join(dict.fromkeys(reasons)),
            progress="; ".join(
                said_parts(0, len(target.choice.parts), disk=target.number)
                for target in targets
                if isinstance(target.choice, ConversionPlan)
            ),
        )

    def _is_ours(self, target: DiskTarget) -> bool:
        if target.lane in SHORT_LANES:
            return True
        return self.job is not None and self.job.disk == target.number

    def _store(self, found: Candidate, target: DiskTarget) -> None:
        choice = target.choice or self._choose_again(target)
        target.upload.on_part = partial(self._tell, found, target)
        try:
            if isinstance(choice, TwoPasses):
                self._store_unpacked(target, choice)
            elif self.job and target.lane not in SHORT_LANES:
                part_of = PartSlice(number=self.job.number, of=self.job.of)
                target.upload.store(choice, part_of)
            else:
                target.upload.store(choice)
        except (ObjectChanged, ObjectMissing):
            raise
        except UploadGone:
            self.gone.add(target.upload.upload_id)
            raise
        except HandedOver:
            self._tell(found, target, target.upload.done, None, is_last=True)
            raise
        except ServiceError as exc:
            is_final = isinstance(exc, ServiceRejected) or exc.http_status == UNKNOWN
            if exc.action == COPY and is_final:
                self._do_without_copies(target, exc)
            raise

    def _do_without_copies(self, target: DiskTarget, exc: ServiceError) -> None:
        """Take another lane the next time: OSS copies no ranges for us.

        Raises:
            UploadGone: Always; the upload is aborted.
        """
        upload_id = target.upload.upload_id
        self.no_copies = str(exc)
        self.gone.add(upload_id)
        target.upload.upload.abort()
        raise UploadGone(
            f"{target.upload.object_key} was begun by copies, which OSS refuses: {exc}",
            service="OSS",
            action=COPY,
        ) from exc

    def _store_unpacked(self, target: DiskTarget, choice: TwoPasses) -> None:
        """Unpack into an object of our own, then convert that."""
        aside = self._upload(target.upload.source, target.unpacked_key)
        made = aside.look()
        if made is None:
            aside.begin()
            aside.on_part = target.upload.on_part
            aside.store(
                as_it_is(
                    choice.pieces,
                    reason=choice.reason,
                    target_format="",
                    largest_bytes=self.settings.convert_max_gib * GIB,
                )
            )
            made = aside.look()
        assert made is not None  # noqa: S101 - stored just now
        inner = replace(
            target.upload.source,
            bucket=aside.bucket,
            object_key=aside.object_key,
            etag=made.etag,
            size_bytes=made.object_size_bytes,
        )
        (chosen,) = inner.choices(
            Header(detected=choice.inner), self._order(target.source, "")
        )
        if isinstance(chosen.choice, TwoPasses):
            raise RefusedError(f"{choice.reason}, and what is in it is packed, too")
        target.upload.source = inner
        target.member = ""
        target.upload.store(chosen.choice)
        target.upload.check_anew()
        aside.discard()

    def _choose_again(self, target: DiskTarget) -> ConversionChoice:
        """Return the choice that the ledger tells of.

        The same source, member and lane come to the same parts.

        Raises:
            UploadGone: With today's settings it is another lane, whose parts must not
                come beside those of the first: it is begun anew.
        """
        is_short = target.lane in SHORT_LANES
        order = self._order(target.source, target.member, can_copy=is_short)
        (chosen,) = self._choices(target.source, order)
        if lane_of(chosen.choice) != target.lane:
            self.gone.add(target.upload.upload_id)
            target.upload.upload.abort()
            raise UploadGone(
                f"{target.upload.object_key} was begun by {target.lane}",
                service="OSS",
                action="UploadPart",
            )
        return chosen.choice

    def _tell(
        self,
        found: Candidate,
        target: DiskTarget,
        done: int,
        wanted: int | None,
        *,
        is_last: bool = False,
    ) -> None:
        """Put on record how far it is: now and then, and when we stop."""
        with self._lock:
            now = self.claims.clock.earliest()
            self._told = self._told or now
            if now - self._told < BEAT and not is_last:
                return
            self._told = now
        self.claims.tell_conversion(
            found.snapshot,
            found.revision,
            progress=said_parts(done, wanted, disk=target.number),
        )

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
        choice = target.choice or self._choose_again(target)
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
        for key, upload_id, *_ in line.targets if line else ():
            bucket = self.settings.converted_in(self.bucket)
            discard_target(self.oss, self.retry, bucket, key, upload_id)


@contextmanager
def refusals_of(name: str) -> Iterator[None]:
    """Let what a conversion cannot do be an error that names the file, and the fix.

    Raises:
        HeaderError: The file is refused, or cannot be read.
    """
    try:
        yield
    except RefusedError as exc:
        fix = f"; to fix it: {fix_command(exc.fix, name)}" if exc.fix else ""
        raise HeaderError(f"{name}: {exc}{fix}") from exc
    except CannotTellError as exc:
        raise HeaderError(f"{name}: {exc}") from exc


def _ids(line: LedgerEntry) -> set[str]:
    return {upload_id for _, upload_id, *_ in line.targets}


def _is_unpacked(target: tuple[str, str, str, str]) -> bool:
    """Whether an entry is only where something lies unpacked meanwhile."""
    return not target[2]


def lane_of(choice: ConversionChoice) -> str:
    """Return the lane of a choice; `unpack` where a lane is chosen only after that."""
    return UNPACK if isinstance(choice, TwoPasses) else choice.lane


def _format_of(choice: ConversionChoice) -> str:
    return "QCOW2" if isinstance(choice, TwoPasses) else str(choice.target_format)


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
        assert target.choice  # noqa: S101 - it was chosen for this plan
        upload = target.upload
        made = as_it_would_be(target.source, target.choice, upload.object_key)
        return replace(made, target_bucket=upload.bucket)

    return _merged(disks, targets, evidence)


def as_it_would_be(
    disk: DiskEvidence, choice: ConversionChoice, target_key: str
) -> DiskEvidence:
    """Return a disk as it would be once it is converted."""
    kind = DiskFormat(_format_of(choice))
    return replace(
        disk,
        header=Header(
            detected=f"{lane_of(choice)} to {kind.value}",
            format=kind,
            virtual_size_bytes=(
                choice.disk_bytes if isinstance(choice, ConversionPlan) else None
            ),
        ),
        head=b"",
        target=DiskRevision(object_key=target_key, etag=""),
    )
