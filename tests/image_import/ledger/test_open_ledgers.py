from datetime import timedelta

from faulty_bucket import KEYS, FaultyBucket, clock_at, refusal, store_of
from image_import.ledger.entries import State
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.open_jobs import JobStep
from image_import.ledger.open_ledgers import OpenLedgers
from image_import.ledger.store import Snapshot
from ledger_lines import ALONE, LEASE, T0, line
from stage import Inline

INTENT = line(
    State.INTENT,
    lease_until=T0 + LEASE,
    parameters={"DiskDeviceMapping.1.OSSBucket": "images"},
)


def open_ledgers(bucket: FaultyBucket, *, minutes: float = 0) -> OpenLedgers:
    return OpenLedgers(
        store=store_of(bucket),
        clock=clock_at(T0 + timedelta(minutes=minutes)),
        pool=Inline(),
        prefix=KEYS.prefix,
        lease=LEASE,
    )


def claimed(bucket: FaultyBucket, keys: LedgerKeys = KEYS, claim: str = "c1") -> None:
    bucket.objects[keys.open_key(ALONE.etag, claim)] = b"{}"


def test_without_notes_no_ledger_is_read() -> None:
    bucket = FaultyBucket()
    store_of(bucket).write(Snapshot(keys=KEYS, etag=ALONE.etag), INTENT)
    bucket.calls.clear()
    assert open_ledgers(bucket).read() == ([], [])
    assert bucket.calls == ["list"]


def test_a_ledger_with_two_notes_is_read_once() -> None:
    bucket = FaultyBucket()
    store_of(bucket).write(Snapshot(keys=KEYS, etag=ALONE.etag), INTENT)
    claimed(bucket)
    claimed(bucket, claim="c0")
    bucket.calls.clear()
    ledgers, errors = open_ledgers(bucket).read()
    assert bucket.calls == ["list", "read"]
    assert (len(ledgers), errors) == (1, [])
    steps = {job.step for job in ledgers[0].jobs}
    assert steps == {JobStep.LEAVE}


def test_an_abandoned_claim_is_to_be_delivered() -> None:
    bucket = FaultyBucket()
    store_of(bucket).write(Snapshot(keys=KEYS, etag=ALONE.etag), INTENT)
    claimed(bucket)
    ledgers, _ = open_ledgers(bucket, minutes=10).read()
    assert [job.step for job in ledgers[0].jobs] == [JobStep.DELIVER]


def test_a_note_without_a_ledger_is_left_while_its_claim_may_still_come() -> None:
    bucket = FaultyBucket()
    claimed(bucket)
    (young,), _ = open_ledgers(bucket).read()
    (old,), _ = open_ledgers(bucket, minutes=10).read()
    assert (young.snapshot, old.snapshot) == (None, None)
    assert [job.step for job in (*young.jobs, *old.jobs)] == [
        JobStep.LEAVE,
        JobStep.DELIVER,
    ]


def test_a_ledger_that_cannot_be_read_does_not_hide_the_others() -> None:
    bucket = FaultyBucket()
    other = LedgerKeys(prefix=KEYS.prefix, bucket="images", object_key="other.qcow2")
    store_of(bucket).write(Snapshot(keys=KEYS, etag=ALONE.etag), INTENT)
    claimed(bucket)
    claimed(bucket, other)
    bucket.before["read"] = [refusal("AccessDenied")]
    ledgers, errors = open_ledgers(bucket).read()
    assert (len(ledgers), len(errors)) == (1, 1)


def test_what_is_no_note_of_ours_is_passed_over() -> None:
    bucket = FaultyBucket()
    bucket.objects[f"{KEYS.prefix}open/readme.txt"] = b"hello"
    assert open_ledgers(bucket).read() == ([], [])
