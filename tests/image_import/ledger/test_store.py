import pytest
from faulty_bucket import KEYS, LEDGER, LOST, FaultyBucket, refusal, store_of
from image_import.errors import EvidenceError, ServiceRejected, ServiceUnavailable
from image_import.ledger.entries import State, read_lines, to_line
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import MOST_PARTS, Overtaken, Snapshot
from ledger_lines import ALONE, INTENT, SENT, SET, line

EMPTY = Snapshot(keys=KEYS, etag=ALONE.etag)
WAITING = line(State.WAITING, reason="its sidecar is not there yet")


def in_bucket(bucket: FaultyBucket, key: str = LEDGER) -> list[State]:
    """Return what the lines of a ledger say."""
    return [entry.state for entry in read_lines(bucket.objects.get(key, b""))]


def test_what_was_written_is_read_again() -> None:
    store = store_of(FaultyBucket())
    written = store.write(store.write(EMPTY, INTENT), SENT)
    assert written.entries == (INTENT, SENT)
    assert store.read(store.list_keys(KEYS), ALONE.etag) == written


def test_a_line_is_written_where_the_ledger_ended_or_not_at_all() -> None:
    bucket = FaultyBucket()
    store = store_of(bucket)
    store.write(EMPTY, WAITING)
    with pytest.raises(Overtaken) as overtaken:
        store.write(EMPTY, INTENT)
    assert overtaken.value.snapshot.entries == (WAITING,)
    assert in_bucket(bucket) == [State.WAITING]


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not done"])
def test_a_line_whose_answer_was_lost_is_written_once(*, is_done: bool) -> None:
    bucket = FaultyBucket()
    (bucket.after if is_done else bucket.before)["append"] = [LOST]
    assert store_of(bucket).write(EMPTY, INTENT).entries == (INTENT,)
    assert in_bucket(bucket) == [State.INTENT]


@pytest.mark.parametrize(
    ("code", "status"),
    [("FileImmutable", 409), ("AccessDenied", 403), ("ObjectAlreadyExists", 409)],
)
def test_what_is_no_race_is_not_taken_for_one(code: str, status: int) -> None:
    bucket = FaultyBucket()
    bucket.before["append"] = [refusal(code, status)]
    with pytest.raises(ServiceRejected, match=code):
        store_of(bucket).write(EMPTY, INTENT)
    assert bucket.calls == ["append"]


def test_a_ledger_that_something_was_put_over_goes_on_in_another_part() -> None:
    bucket = FaultyBucket()
    bucket.objects[LEDGER] = to_line(WAITING)
    store = store_of(bucket)
    snapshot = store.read(store.list_keys(KEYS), ALONE.etag)
    written = store.write(snapshot, INTENT)
    assert (written.part, written.entries) == (2, (WAITING, INTENT))
    assert store.read(store.list_keys(KEYS), ALONE.etag) == written


def test_a_ledger_whose_parts_are_all_put_over_is_given_up() -> None:
    bucket = FaultyBucket()
    for part in range(1, MOST_PARTS + 1):
        bucket.objects[KEYS.ledger_key(ALONE.etag, part)] = to_line(WAITING)
    store = store_of(bucket)
    snapshot = store.read(store.list_keys(KEYS), ALONE.etag)
    with pytest.raises(ServiceRejected, match="keeps putting ordinary objects"):
        store.write(snapshot, INTENT)


def test_a_ledger_that_may_not_be_listed_is_read_by_its_name() -> None:
    bucket = FaultyBucket()
    store_of(bucket).write(EMPTY, INTENT)
    bucket.before["list"] = [refusal("AccessDenied")]
    listing = store_of(bucket).list_keys(KEYS)
    assert not listing.is_listed
    assert store_of(bucket).read(listing, ALONE.etag).entries == (INTENT,)
    assert listing.manifest_notes() == [KEYS.manifest_note_key("")]


@pytest.mark.parametrize(
    "other", [line(State.WAITING, SET), line(State.WAITING, disks=(("evil", "A1"),))]
)
def test_a_ledger_of_another_object_is_refused(other: object) -> None:
    bucket = FaultyBucket()
    store = store_of(bucket)
    store.write(EMPTY, other)  # type: ignore[arg-type]
    stranger = LedgerKeys(prefix=KEYS.prefix, bucket="images", object_key="evil.qcow2")
    moved = bucket.objects[LEDGER]
    bucket.objects[stranger.ledger_key("A1")] = moved
    with pytest.raises(EvidenceError, match="and not of evil"):
        store.read(store.list_keys(stranger), "A1")


def test_the_newest_ledger_of_another_upload_is_found() -> None:
    bucket = FaultyBucket()
    store = store_of(bucket)
    for etag in ("A1", "B2", "C3"):
        store.write(Snapshot(keys=KEYS, etag=etag), line(State.WAITING, disks=()))
        bucket.stage.sleep(1)
    listing = store.list_keys(KEYS)
    assert listing.newest_other("D4") == KEYS.ledger_key("C3")
    assert listing.newest_other("C3") == KEYS.ledger_key("B2")
    assert store.list_keys(STRANGE).newest_other("A1") == ""


STRANGE = LedgerKeys(prefix=KEYS.prefix, bucket="images", object_key="other.qcow2")


def test_a_note_that_is_gone_is_none_and_a_silent_bucket_is_not() -> None:
    bucket = FaultyBucket()
    assert store_of(bucket).read_note("n") is None
    bucket.before["read"] = [LOST] * 4
    with pytest.raises(ServiceUnavailable):
        store_of(bucket).read_note("n")
