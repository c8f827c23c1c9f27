"""What `on_conversion` does: a job is the importer's own work, with the data in it.

A job that is done is deleted. One that is not stays, and Function Compute delivers its
event again; if it gives up, the tracker has the importer put the job anew.
"""

from dataclasses import replace

from image_import.aliyun.oss.client import Oss
from image_import.errors import EvidenceError, ImageImportError
from image_import.events.parser import EventEntry, ObjectCreated
from image_import.importing import results
from image_import.importing.conversion.jobs import read_job
from image_import.importing.pipeline import for_each_record, import_record
from image_import.importing.runtime import Invocation
from image_import.ledger.clock import OssClock
from image_import.ledger.layout import JOBS
from image_import.ledger.store import LedgerStore
from image_import.model.result import Outcome, Result


def do_jobs(
    event: bytes, invocation: Invocation
) -> tuple[list[Result], list[Exception]]:
    """Return what became of each job that an event tells of, and the bugs."""

    def work(record: EventEntry) -> Result:
        try:
            return _do(record, invocation)
        except ImageImportError as exc:
            return results.of_error(exc)

    return for_each_record(event, work)


def _do(record: EventEntry, invocation: Invocation) -> Result:
    if not isinstance(record, ObjectCreated):
        return import_record(record, invocation)
    settings = invocation.settings
    is_ours = record.bucket == (settings.ledger_bucket or record.bucket)
    if not is_ours or not record.object_key.startswith(settings.ledger_prefix + JOBS):
        why = "it is no job of a conversion: let this trigger hear of jobs/ alone"
        return _about(results.ignored(why), record)
    oss = invocation.oss(settings.region_id or record.region_id or "")
    store = _store(oss, record.bucket, invocation)
    data = store.read_note(record.object_key)
    if data is None:
        return _about(results.ignored("this job is done"), record)
    try:
        job = read_job(data)
    except EvidenceError as exc:
        return _about(results.refused(str(exc)), record)
    upload = ObjectCreated(
        bucket=job.bucket,
        object_key=job.object_key,
        etag=job.etag,
        object_size_bytes=None,
        event_name="ObjectCreated:Conversion",
        region_id=job.region_id,
    )
    result = import_record(upload, replace(invocation, job=job))
    if result.outcome is not Outcome.RETRYING:
        store.delete_note(record.object_key)
    return result


def _store(oss: Oss, bucket: str, invocation: Invocation) -> LedgerStore:
    clock = OssClock(invocation.monotonic)
    return LedgerStore(oss, bucket=bucket, clock=clock, retry=invocation.retry)


def _about(result: Result, record: ObjectCreated) -> Result:
    return result.about(
        bucket=record.bucket, object_key=record.object_key, etag=record.etag
    )
