from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_import.errors import EvidenceError
from image_import.ledger.entries import (
    LedgerEntry,
    LedgerStanding,
    Standing,
    State,
    attempt_of,
    from_text,
    read_lines,
    standing_of,
    to_line,
    to_text,
)
from image_import.model.revision import DiskRevision, ImageRevision
from ledger_lines import ALONE, INTENT, LEASE, SENT, SET, T0, line

NEXT_INTENT = line(State.INTENT, claim="c2", lease_until=T0 + 3 * LEASE)
FAILED = line(State.FAILED)
DOUBT = line(State.FAILED, perhaps_started=True)
HANDED_BACK = line(State.RETRYING)
LOST = line(State.RETRYING, perhaps_started=True)
WAITING = line(State.WAITING, claim="c0")
REFUSED = line(State.REFUSED, claim="c0")
SET_SENT = line(State.SUBMITTED, SET)
PROGRESS = line(State.PROGRESS, claim="t1", progress="32%")
STUCK = line(State.STUCK, claim="t1")
UNFOLLOWED = line(State.UNFOLLOWED, claim="t1")
AVAILABLE = line(State.AVAILABLE, claim="t1", image_id="m-1")
CREATE_FAILED = line(State.CREATE_FAILED, claim="t1")
CANCELLED = line(State.CANCELLED, claim="t1")
GONE = line(State.GONE, claim="t1")
REDRIVE = line(State.REDRIVE, claim="o1")
SET_FAILED = line(State.CREATE_FAILED, SET, claim="t1")
AGAIN = replace(ALONE, attempt=2)
REDRIVE_AGAIN = line(State.REDRIVE, AGAIN, claim="o1", attempt=2)
SENT_AGAIN = line(State.SUBMITTED, AGAIN, claim="c2", attempt=2)


@pytest.mark.parametrize(
    ("entries", "standing"),
    [
        pytest.param([], Standing.FREE, id="nothing yet"),
        pytest.param([WAITING], Standing.FREE, id="waiting may go on"),
        pytest.param([REFUSED], Standing.FREE, id="refused is evaluated again"),
        pytest.param([INTENT], Standing.LIVE, id="an intent keeps others out"),
        pytest.param([INTENT, SENT], Standing.DONE, id="submitted is for good"),
        pytest.param([INTENT, FAILED], Standing.FREE, id="failed is evaluated again"),
        pytest.param([INTENT, DOUBT], Standing.DOUBTFUL, id="doubt blocks"),
        pytest.param([INTENT, HANDED_BACK], Standing.FREE, id="a claim handed back"),
        pytest.param([INTENT, LOST], Standing.ABANDONED, id="handed back after a loss"),
        pytest.param(
            [INTENT, LOST, NEXT_INTENT], Standing.LIVE, id="taken over after a loss"
        ),
        pytest.param(
            [INTENT, NEXT_INTENT, FAILED], Standing.LIVE, id="a late word of the first"
        ),
        pytest.param(
            [INTENT, NEXT_INTENT, SENT], Standing.DONE, id="success counts, if late"
        ),
        pytest.param([SET_SENT], Standing.DONE, id="sent as part of a set"),
        pytest.param([INTENT, SENT, PROGRESS], Standing.DONE, id="on its way"),
        pytest.param([INTENT, SENT, STUCK], Standing.DONE, id="stuck"),
        pytest.param([INTENT, SENT, UNFOLLOWED], Standing.DONE, id="out of sight"),
        pytest.param([INTENT, SENT, AVAILABLE], Standing.DONE, id="there"),
        pytest.param([INTENT, SENT, CREATE_FAILED], Standing.ENDED, id="failed later"),
        pytest.param([INTENT, SENT, CANCELLED], Standing.ENDED, id="cancelled"),
        pytest.param([INTENT, SENT, GONE], Standing.ENDED, id="deleted by hand"),
        pytest.param(
            [INTENT, SENT, CREATE_FAILED, SENT], Standing.ENDED, id="older news, late"
        ),
        pytest.param(
            [INTENT, CREATE_FAILED], Standing.ENDED, id="followed before its holder"
        ),
        pytest.param(
            [SET_SENT, SET_FAILED], Standing.ENDED, id="its set ended without an image"
        ),
        pytest.param([INTENT, PROGRESS], Standing.LIVE, id="progress ends no claim"),
        pytest.param([INTENT, DOUBT, REDRIVE], Standing.FREE, id="doubt cleared"),
        pytest.param([INTENT, REDRIVE], Standing.LIVE, id="a redrive ends no claim"),
        pytest.param([INTENT, SENT, REDRIVE], Standing.DONE, id="nor a success"),
    ],
)
def test_what_a_ledger_allows(entries: list[LedgerEntry], standing: Standing) -> None:
    assert (
        standing_of(entries, ALONE, now=T0 + timedelta(seconds=1)).standing is standing
    )


def test_an_operator_raises_the_attempt_and_it_is_free_again() -> None:
    entries = [INTENT, SENT, CREATE_FAILED, REDRIVE_AGAIN]
    assert attempt_of(entries, ALONE.pairs) == AGAIN.attempt
    assert standing_of(entries, AGAIN, now=T0).standing is Standing.FREE
    sent = [*entries, SENT_AGAIN]
    assert standing_of(sent, AGAIN, now=T0) == LedgerStanding(Standing.DONE, SENT_AGAIN)
    failed = [*sent, replace(SENT_AGAIN, state=State.CREATE_FAILED)]
    assert standing_of(failed, AGAIN, now=T0).standing is Standing.ENDED


def test_the_attempt_counts_for_the_same_disks_only() -> None:
    assert attempt_of([], ALONE.pairs) == 1
    assert attempt_of([REDRIVE_AGAIN], ALONE.pairs) == AGAIN.attempt
    assert attempt_of([REDRIVE_AGAIN], SET.pairs) == 1


def test_a_set_is_free_once_its_system_disk_alone_came_to_nothing() -> None:
    assert standing_of([INTENT, SENT, GONE], SET, now=T0).standing is Standing.FREE


def test_what_became_of_an_import_is_told_by_the_last_line() -> None:
    assert standing_of([INTENT, SENT, AVAILABLE], ALONE, now=T0).entry == AVAILABLE
    assert (
        standing_of([INTENT, SENT, AVAILABLE, SENT], ALONE, now=T0).entry == AVAILABLE
    )
    assert standing_of([INTENT, SENT, CANCELLED], ALONE, now=T0).entry == CANCELLED


def test_a_lease_ends_at_its_time_and_not_before() -> None:
    just_before = T0 + LEASE - timedelta(milliseconds=1)
    assert standing_of([INTENT], ALONE, now=just_before).standing is Standing.LIVE
    assert standing_of([INTENT], ALONE, now=T0 + LEASE).standing is Standing.ABANDONED


def test_a_set_whose_system_disk_was_sent_alone_names_that_image() -> None:
    seen = standing_of([INTENT, SENT], SET, now=T0)
    assert seen.standing is Standing.DONE_ALONE
    assert seen.entry == SENT


def test_a_changed_data_disk_makes_a_set_that_is_free() -> None:
    changed = ImageRevision(
        bucket="images",
        disks=(*ALONE.disks, DiskRevision(object_key="data.qcow2", etag="B2")),
    )
    assert standing_of([SET_SENT], SET, now=T0).standing is Standing.DONE
    assert standing_of([SET_SENT], changed, now=T0).standing is Standing.FREE


def test_a_line_says_what_it_was_given() -> None:
    entry = line(
        State.INTENT,
        lease_until=T0 + LEASE,
        image_name="网站-1",
        parameters={"ImageName": "网站-1"},
        attempt=2,
    )
    assert read_lines(to_line(entry)) == [entry]


def test_a_line_can_be_read_by_a_person() -> None:
    assert to_line(line(State.WAITING, reason="its sidecar is not there yet")) == (
        b'{"state": "waiting", "at": "2026-11-23T03:00:00.000Z", "claim": "c1", '
        b'"version": "%s", "disks": [["web.qcow2", "A1"]], "attempt": 1, '
        b'"reason": "its sidecar is not there yet"}\n' % ALONE.revision_hash.encode()
    )


@pytest.mark.parametrize(
    "data",
    [
        b"not json\n",
        b"[]\n",
        b'"state"\n',
        b'{"state": "intent"}\n',
        b'{"state": "melted", "at": "2026-11-23T03:00:00Z"}\n',
        b'{"state": "intent", "at": "yesterday"}\n',
        b'{"state": "intent", "at": 5}\n',
        b'{"state": "waiting", "at": "2026-11-23T03:00:00Z", "disks": [["a"]]}\n',
        to_line(INTENT)[:-20],
    ],
)
def test_a_ledger_that_was_tampered_with_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="line 2 of the ledger is not one"):
        read_lines(to_line(INTENT) + data)


def test_a_line_from_a_newer_release_is_read_without_what_we_do_not_know() -> None:
    newer = to_line(SENT).replace(b'{"state"', b'{"colour": "blue", "state"')
    assert read_lines(newer) == [SENT]


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_times_survive_to_the_millisecond(moment: datetime) -> None:
    assert abs(from_text(to_text(moment)) - moment) < timedelta(milliseconds=1)
