from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from image_import.errors import EvidenceError
from image_import.ledger.entries import LedgerEntry, State, waits_for_room
from image_import.ledger.layout import LedgerKeys, read_open_key
from image_import.ledger.open_jobs import (
    Job,
    JobStep,
    Note,
    bucket_of,
    find_jobs,
    read_note,
)
from image_import.ledger.store import whose_ledger
from ledger_lines import ALONE, INTENT, LEASE, SENT, SET, T0, later, line

PLACE = LedgerKeys(prefix=".image-import/", bucket="images", object_key="web.qcow2")
HANDED_BACK = line(State.RETRYING, reason="ECS is busy")
LOST = line(State.RETRYING, perhaps_started=True)
NO_ROOM = line(State.FAILED, error_code="QuotaExceed.Image")
FAILED = line(State.FAILED, error_code="InvalidImageName.Malformed")
DOUBT = line(State.FAILED, perhaps_started=True)
NEXT_INTENT = line(State.INTENT, claim="c2", lease_until=T0 + 3 * LEASE)
SET_INTENT = line(State.INTENT, SET, claim="s1", lease_until=T0 + LEASE)
PROGRESS = line(State.PROGRESS, claim="t1", progress="32%")
STUCK = line(State.STUCK, claim="t1")
UNFOLLOWED = line(State.UNFOLLOWED, claim="t1")
AVAILABLE = line(State.AVAILABLE, claim="t1")
GONE = line(State.GONE, claim="t1")
AFTER = T0 + timedelta(hours=2)


def note(claim: str, since: datetime = T0) -> Note:
    said = read_open_key(PLACE.open_key("A1", claim), prefix=".image-import/")
    assert said is not None
    return Note(said=said, since=since)


def jobs(
    entries: Sequence[LedgerEntry], *claims: str, now: datetime = AFTER
) -> Sequence[Job]:
    return find_jobs(entries, [note(c) for c in claims], now=now, lease=LEASE)


@pytest.mark.parametrize(
    ("entries", "step"),
    [
        pytest.param([INTENT], JobStep.DELIVER, id="abandoned"),
        pytest.param(
            [INTENT, LOST], JobStep.DELIVER, id="given up after a lost answer"
        ),
        pytest.param([INTENT, HANDED_BACK], JobStep.DELIVER, id="handed back"),
        pytest.param([INTENT, NO_ROOM], JobStep.DELIVER, id="over quota"),
        pytest.param([INTENT, FAILED], JobStep.CLOSE, id="failed"),
        pytest.param([INTENT, DOUBT], JobStep.CLOSE, id="in doubt"),
        pytest.param(
            [INTENT, HANDED_BACK, line(State.REFUSED, claim="c9")],
            JobStep.CLOSE,
            id="refused since",
        ),
        pytest.param([INTENT, SENT], JobStep.FOLLOW, id="submitted"),
        pytest.param([INTENT, SENT, PROGRESS], JobStep.FOLLOW, id="on its way"),
        pytest.param([INTENT, SENT, PROGRESS, STUCK], JobStep.FOLLOW, id="stuck"),
        pytest.param([INTENT, SENT, UNFOLLOWED], JobStep.CLOSE, id="out of sight"),
        pytest.param([INTENT, SENT, AVAILABLE], JobStep.FINISH, id="available"),
        pytest.param([INTENT, SENT, AVAILABLE, SENT], JobStep.FINISH, id="late word"),
        pytest.param([INTENT, SENT, GONE], JobStep.CLOSE, id="gone"),
    ],
)
def test_what_is_to_be_done_about_an_open_import(
    entries: list[LedgerEntry], step: JobStep
) -> None:
    (job,) = jobs(entries, "c1")
    assert job.step is step


def test_a_live_claim_is_left_alone_whichever_version_it_is_of() -> None:
    in_time = T0 + timedelta(minutes=1)
    (own,) = jobs([INTENT], "c1", now=in_time)
    (other,) = jobs([INTENT, HANDED_BACK, SET_INTENT], "c1", now=in_time)
    assert (own.step, other.step) == (JobStep.LEAVE, JobStep.LEAVE)


def test_what_was_followed_last_is_told() -> None:
    (job,) = jobs([INTENT, SENT, PROGRESS, STUCK], "c1")
    assert job.last == STUCK


def test_a_note_whose_claim_never_came_is_left_until_it_must_be_dead() -> None:
    (young,) = jobs([], "c7", now=T0 + LEASE)
    (dead,) = jobs([], "c7", now=T0 + LEASE + timedelta(seconds=1))
    assert (young.step, dead.step) == (JobStep.LEAVE, JobStep.DELIVER)
    assert dead.last is None


def test_two_claims_on_one_version_are_one_import_and_the_last_ones_note_stays() -> (
    None
):
    (job,) = jobs([INTENT, NEXT_INTENT, SENT], "c1", "c2")
    assert job.step is JobStep.FOLLOW
    assert job.notes == (PLACE.open_key("A1", "c2"), PLACE.open_key("A1", "c1"))


def test_two_versions_of_one_upload_are_two_imports() -> None:
    entries = [INTENT, SENT, AVAILABLE, SET_INTENT, line(State.SUBMITTED, SET)]
    alone, as_set = jobs(entries, "c1", "s1")
    assert (alone.step, as_set.step) == (JobStep.FINISH, JobStep.FOLLOW)
    assert alone.last is not None
    assert alone.last.version == ALONE.revision_hash
    assert as_set.notes == (PLACE.open_key("A1", "s1"),)


def test_only_a_version_with_a_note_is_open() -> None:
    entries = [INTENT, SENT, AVAILABLE, SET_INTENT, line(State.SUBMITTED, SET)]
    (as_set,) = jobs(entries, "s1")
    assert as_set.step is JobStep.FOLLOW


@pytest.mark.parametrize(
    ("entries", "minutes"),
    [
        pytest.param([INTENT], 0, id="an abandoned claim at once"),
        pytest.param([INTENT, NO_ROOM], 1, id="after one refusal"),
        pytest.param([INTENT, NO_ROOM] * 2, 2, id="after two"),
        pytest.param([INTENT, HANDED_BACK] * 4, 8, id="after four"),
        pytest.param([INTENT, NO_ROOM] * 50, 60, id="never more than an hour"),
        pytest.param(
            [INTENT, NO_ROOM, INTENT, FAILED, INTENT, NO_ROOM],
            1,
            id="counted from the last other word",
        ),
    ],
)
def test_when_it_is_delivered_again(entries: list[LedgerEntry], minutes: int) -> None:
    (job,) = jobs(entries, "c1")
    assert job.due == T0 + timedelta(minutes=minutes)


def test_who_waits_for_room_is_told_from_who_was_abandoned() -> None:
    (refused,) = jobs([INTENT, later(NO_ROOM, 1)], "c1")
    (abandoned,) = jobs([INTENT], "c1")
    assert refused.waits_for_room
    assert not abandoned.waits_for_room


def test_only_a_full_quota_waits_for_room() -> None:
    assert waits_for_room(NO_ROOM)
    assert waits_for_room(line(State.FAILED, error_code="QuotaExceed.Snapshot"))
    assert not waits_for_room(FAILED)


CLAIM = line(
    State.INTENT, parameters={"DiskDeviceMapping.1.OSSBucket": "images"}, claim="c1"
)


def test_a_ledger_tells_whose_it_is() -> None:
    key = PLACE.ledger_key("A1")
    entries = [line(State.WAITING, claim="c0"), CLAIM, SENT]
    assert whose_ledger(entries, key, prefix=".image-import/") == (PLACE, "A1")
    assert whose_ledger(entries[:1], key, prefix=".image-import/") is None


def test_a_ledger_that_was_moved_is_not_believed() -> None:
    with pytest.raises(EvidenceError, match="it was moved or copied: put it back"):
        whose_ledger([CLAIM], PLACE.ledger_key("A2"), prefix=".image-import/")


@pytest.mark.parametrize("data", [b"", b"[]", b'{"bucket": "images"}', b"5"])
def test_a_note_that_is_none_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="a note under open/ is not one"):
        read_note(data)


def test_the_bucket_is_told_by_a_claim_or_by_the_line_itself() -> None:
    claim = replace(INTENT, parameters={"DiskDeviceMapping.1.OSSBucket": "images"})
    refused = line(State.REFUSED, bucket="uploads")
    assert bucket_of([claim, SENT]) == "images"
    assert bucket_of([refused]) == "uploads"
    assert bucket_of([SENT]) == ""
