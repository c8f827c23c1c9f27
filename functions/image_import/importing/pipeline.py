"""The sequence for one record: is it ours, what became of it, and why."""

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta

from disk_images.formats.detect import HEAD_BYTES, LOOK_BYTES

from image_import.aliyun.oss.client import Oss
from image_import.config.settings import Settings
from image_import.errors import ImageImportError
from image_import.events.parser import Ignored, ObjectCreated, Rejected, why_not_ours
from image_import.filename.reader import read_key
from image_import.importing import results as endings
from image_import.importing.call import Caller, Service
from image_import.importing.claim import Submitter
from image_import.importing.contents import Inside
from image_import.importing.gatherer import Gatherer
from image_import.importing.planner_run import Importing
from image_import.importing.record import Case
from image_import.ledger.clock import OssClock
from image_import.ledger.store import LedgerStore
from image_import.model.result import Result
from image_import.retry import RetryPolicy

LEASE_MARGIN = timedelta(seconds=60)
"""By which a lease outlasts the invocation's hard deadline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """What one call of the function works with.

    Attributes:
        oss: Makes the OSS client of a region.
        ecs: Makes the ECS client of a region.
        timeout_seconds: Of the function; after that it is killed.
        fc_request_id: Function Compute's ID of this call.
    """

    settings: Settings
    oss: Callable[[str], Oss]
    ecs: Callable[[str], Service]
    pool: Executor
    timeout_seconds: float
    fc_request_id: str = ""
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = secrets.SystemRandom().random
    new_claim: Callable[[], str] = lambda: secrets.token_hex(8)
    on_call: Callable[[Mapping[str, str]], None] = lambda _: None
    started: float = field(default_factory=time.monotonic)

    def remaining(self) -> float:
        """Return the seconds until the function is killed."""
        return self.timeout_seconds - (self.monotonic() - self.started)

    @property
    def lease(self) -> timedelta:
        """How long a claim keeps others out: longer than its holder may run."""
        asked_for = timedelta(seconds=self.settings.lease_seconds)
        needed = timedelta(seconds=self.timeout_seconds) + LEASE_MARGIN
        return max(asked_for, needed)


def import_record(
    record: ObjectCreated | Ignored | Rejected, invocation: Invocation
) -> Result:
    """Return what became of one record; a transient fault ends as `retrying`."""
    if isinstance(record, Ignored):
        return _about(endings.ignored(record.reason), record)
    if isinstance(record, Rejected):
        return _about(endings.refused(record.reason), record)
    try:
        return _about(_import(record, invocation), record)
    except ImageImportError as exc:
        return _about(endings.of_error(exc), record)


def _import(record: ObjectCreated, invocation: Invocation) -> Result:
    settings = invocation.settings
    if why := why_not_ours(
        record,
        key_prefix=settings.key_prefix,
        ledger_bucket=settings.ledger_bucket,
        ledger_prefix=settings.ledger_prefix,
    ):
        return endings.ignored(why)
    if read_key(record.object_key).kind == "other":
        return endings.ignored("its name says that it is neither image nor sidecar")
    region_id = settings.region_id or record.region_id or ""
    if record.region_id and record.region_id != region_id:
        return endings.refused(
            f"the bucket {record.bucket} is in {record.region_id}, but images are "
            f"imported in {region_id} (REGION_ID), and ECS reads only buckets of its "
            "own region; copy the object to a bucket there, or deploy the function in "
            f"{record.region_id}"
        )
    if not region_id:
        return endings.refused(
            "neither the event nor REGION_ID names a region; set REGION_ID to the "
            f"region of the bucket {record.bucket}, as cn-hangzhou"
        )
    return make_case(record, region_id, invocation).run()


def make_case(record: ObjectCreated, region_id: str, invocation: Invocation) -> Case:
    """Return the work on one record, with all that it needs."""
    settings = invocation.settings
    clock = OssClock(invocation.monotonic)
    retry = RetryPolicy(
        remaining=invocation.remaining,
        sleep=invocation.sleep,
        random=invocation.random,
    )
    oss = invocation.oss(region_id)
    store = LedgerStore(
        oss,
        bucket=settings.ledger_bucket or record.bucket,
        clock=clock,
        retry=retry,
    )
    submitter = Submitter(
        caller=Caller(
            ecs=invocation.ecs(region_id),
            clock=clock,
            retry=retry,
            on_call=invocation.on_call,
        ),
        store=store,
        clock=clock,
        attempts=retry.attempts,
        pool=invocation.pool,
        lease=invocation.lease,
        claim=invocation.new_claim(),
        fc_request_id=invocation.fc_request_id,
    )
    return Case(
        record=record,
        gatherer=Gatherer(
            oss=oss,
            store=store,
            clock=clock,
            retry=retry,
            pool=invocation.pool,
            bucket=record.bucket,
            ledger_prefix=settings.ledger_prefix,
            head_bytes=HEAD_BYTES if settings.inspect == "never" else LOOK_BYTES,
        ),
        store=store,
        importing=Importing(
            record=record,
            region_id=region_id,
            settings=settings,
            store=store,
            submitter=submitter,
            inside=Inside(
                oss=oss,
                bucket=record.bucket,
                settings=settings,
                remaining=invocation.remaining,
                pool=invocation.pool,
            ),
        ),
    )


def _about(result: Result, record: ObjectCreated | Ignored | Rejected) -> Result:
    return result.about(
        bucket=record.bucket or "",
        object_key=record.object_key or "",
        etag=record.etag or "",
    )
