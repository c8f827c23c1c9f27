"""What became of a submitted import: from what ECS shows to a line of the ledger.

An import is over when its task is Finished *and* its image Available; either alone has
been seen minutes before the image could be used.

Sources: "DescribeImages", "DescribeTasks" and "DescribeTaskAttribute", ECS API
2014-05-26, read 2026-11; how others wait: terraform-provider-alicloud,
packer-plugin-alicloud and coreos-assembler (#2592, #2670), read 2026-11.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_import.aliyun.ecs.describe_responses import ImportTask, TaskDetail
from image_import.aliyun.error_catalogue import explain
from image_import.ledger.entries import LedgerEntry, State, last_of, to_text
from image_import.model.image_check import in_order
from image_import.model.ownership import ExistingImage

GRACE = timedelta(minutes=10)
"""How long after ImportImage an image that is not listed is not yet called gone."""

CHECK_WAIT = timedelta(minutes=30)
"""How long an image that is Available waits for the result of its check."""

DETECTION_STRATEGY = "DetectionStrategy"
CHECKING = "Available, its image check is under way"
BAD_IMAGES = {"CreateFailed", "UnAvailable"}
ENDED_TASKS = {"", "Finished"}
"""The statuses of a task with which an available image is one; "" is unknown."""

TICKET = "ECS gives no cause; open a ticket with the request ID"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What ECS shows of one import; None where it shows nothing."""

    image: ExistingImage | None = None
    task: ImportTask | None = None
    detail: TaskDetail | None = None

    @property
    def image_status(self) -> str:
        """The image's status, "" if there is no image."""
        return self.image.status if self.image else ""

    @property
    def task_status(self) -> str:
        """The task's status, "" if ECS no longer knows it, or was not asked."""
        return self.task.status if self.task else ""

    @property
    def has_failed(self) -> bool:
        """Whether the import has failed, so that its task knows the error."""
        if self.task_status == "Failed":
            return True
        return self.image_status in BAD_IMAGES and self.task_status in ENDED_TASKS


def own_image(
    images: Sequence[ExistingImage], last: LedgerEntry
) -> ExistingImage | None:
    """Return the image that an import makes, among those of its name."""
    proof, image_id = last.proof, last.image_id
    for image in images:
        if image.image_id == image_id if image_id else proof.holds_for(image):
            return image
    return None


def judge(
    entries: Sequence[LedgerEntry],
    last: LedgerEntry,
    seen: Observation,
    *,
    now: datetime,
    stuck_after: timedelta,
) -> LedgerEntry | None:
    """Return the line that says what has changed; None if nothing has.

    Args:
        entries: The whole ledger.
        last: Its last word on this import.
        seen: What ECS shows now.
        now: By OSS's clock.
        stuck_after: From which time without progress an import is stuck.
    """
    told = _told(last, seen, now=now)
    is_there = seen.image_status == "Available" and seen.image and seen.image.is_usable
    if is_there and seen.task_status in ENDED_TASKS and seen.image:
        longest = min(CHECK_WAIT, stuck_after)
        if not _waits_for_check(told, seen.image, entries, now=now, longest=longest):
            return _available(told, seen.image, entries)
        told = replace(told, reason=CHECKING)
    if seen.has_failed:
        return _failed(told, seen)
    if seen.task_status == "Deleted":
        return replace(told, state=State.CANCELLED, reason="its task was cancelled")
    if seen.image is None and seen.task_status in ENDED_TASKS:
        return _gone(told, entries, now=now)
    return _moved(told, entries, now=now, stuck_after=stuck_after)


def _is_checked(told: LedgerEntry, entries: Sequence[LedgerEntry]) -> bool:
    """Whether ImportImage was asked to have the image checked."""
    sent = (e.parameters for e in entries if e.version == told.version)
    return any(DETECTION_STRATEGY in parameters for parameters in sent)


def _waits_for_check(
    told: LedgerEntry,
    image: ExistingImage,
    entries: Sequence[LedgerEntry],
    *,
    now: datetime,
    longest: timedelta,
) -> bool:
    """Whether an available image is still being checked, and not for too long.

    The check runs after the import and never fails it. Its result may never come: ECS
    does not check every system.
    """
    if image.check_status == "Finished" or not _is_checked(told, entries):
        return False
    before = last_of(entries, told.version, State.PROGRESS)
    if before is None or before.reason != CHECKING:
        return True
    return now - before.at < longest


def _available(
    told: LedgerEntry, image: ExistingImage, entries: Sequence[LedgerEntry]
) -> LedgerEntry:
    findings = in_order(image.findings)
    reason = "the image is Available"
    if findings:
        high = sum(one.risk_level.lower() == "high" for one in findings)
        reason += f"; its check found risks, {high} of {len(findings)} high"
    elif image.check_status == "Finished":
        reason += "; its check found no risk"
    elif _is_checked(told, entries):
        reason += "; its check has no result: see the ECS console"
    return replace(told, state=State.AVAILABLE, reason=reason, findings=findings)


def unfollowed(last: LedgerEntry, *, now: datetime) -> LedgerEntry:
    """Return the line that says once that this import cannot be followed."""
    reason = (
        "accepted, and this service has no look-up to follow it by: look for an image "
        f"named {last.image_name!r} in the console"
    )
    told = _told(last, Observation(), now=now)
    return replace(told, state=State.UNFOLLOWED, reason=reason, progress="")


def _told(last: LedgerEntry, seen: Observation, *, now: datetime) -> LedgerEntry:
    """Return a line on the same import with what is seen of it on its way."""
    image = seen.image
    return LedgerEntry(
        state=State.PROGRESS,
        at=now,
        version=last.version,
        disks=last.disks,
        bucket=last.bucket,
        read_from=last.read_from,
        attempt=last.attempt,
        nonce=last.nonce,
        image_name=last.image_name,
        image_id=last.image_id or (image.image_id if image else ""),
        task_id=last.task_id,
        ecs_request_id=last.ecs_request_id,
        reason=_where(seen),
        progress=image.progress if image else "",
    )


def _where(seen: Observation) -> str:
    """Return how far it is; the task is named where it tells anything more."""
    if seen.image is None:
        return f"no image yet, task {seen.task_status}"
    is_under_way = seen.image_status in {"Waiting", "Creating"}
    usual = {"", "Processing"} if is_under_way else {""}
    if seen.task_status in usual:
        return seen.image_status
    return f"{seen.image_status}, task {seen.task_status}"


def _failed(told: LedgerEntry, seen: Observation) -> LedgerEntry:
    code = seen.detail.error_code if seen.detail else ""
    message = seen.detail.error_message if seen.detail else ""
    reason = f"the import failed ({told.reason}). {TICKET}"
    if code:
        entry = explain("ECS", code, 400)
        said = f"{code}: {message}" if message else code
        reason = f"the import failed: {said.rstrip('.')}. {entry.cause} {entry.fix}"
    return replace(
        told,
        state=State.CREATE_FAILED,
        reason=reason,
        error_code=code,
        error_message=message,
    )


def _gone(
    told: LedgerEntry, entries: Sequence[LedgerEntry], *, now: datetime
) -> LedgerEntry | None:
    sent = last_of(entries, told.version, State.SUBMITTED)
    if sent is not None and now - sent.at < GRACE:
        return None
    reason = "the image is not there: it was deleted, by hand or by another program"
    return replace(told, state=State.GONE, reason=reason, progress="")


def _moved(
    told: LedgerEntry,
    entries: Sequence[LedgerEntry],
    *,
    now: datetime,
    stuck_after: timedelta,
) -> LedgerEntry | None:
    """Return what has moved, or once that nothing has for too long."""
    before = last_of(entries, told.version, State.SUBMITTED, State.PROGRESS)
    if before is None or _position(before) != _position(told):
        return told
    moves = (State.SUBMITTED, State.PROGRESS, State.STUCK)
    is_said = last_of(entries, told.version, *moves) != before
    if is_said or now - before.at < stuck_after:
        return None
    where = ", ".join(filter(None, (told.reason, told.progress)))
    reason = f"no progress since {to_text(before.at)}: {where}"
    return replace(told, state=State.STUCK, reason=reason)


def _position(entry: LedgerEntry) -> tuple[State, str, str]:
    return entry.state, entry.reason, entry.progress
