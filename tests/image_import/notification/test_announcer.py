from dataclasses import replace
from datetime import datetime, timedelta, timezone

from image_import.config.settings import read_settings
from image_import.ledger.entries import LedgerEntry, State
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import Snapshot
from image_import.notification.announcer import Announcer
from image_import.notification.outbox import Letter, Outbox
from uploads import LEDGER, Uploads

AT = datetime(2026, 12, 1, 3, tzinfo=timezone.utc)
LATER = AT + timedelta(hours=1)
SUBMITTED = LedgerEntry(
    state=State.SUBMITTED, at=AT, version="v", disks=(("web.qcow2", "E"),)
)
FAILED = replace(SUBMITTED, state=State.FAILED, at=LATER, attempt=2)
CREATE_FAILED = replace(SUBMITTED, state=State.CREATE_FAILED, at=LATER)


def announced(line: LedgerEntry, *entries: LedgerEntry) -> list[Letter]:
    uploads = Uploads()
    keys = LedgerKeys(prefix=LEDGER, bucket="images", object_key="web.qcow2")
    snapshot = Snapshot(keys=keys, etag="E", entries=entries)
    with uploads.cloud:
        store = uploads.tracker().store
        announcer = Announcer(
            settings=read_settings({"NOTIFY": "https://hooks.example.com/"}),
            store=store,
            region_id="cn-hangzhou",
        )
        for _ in range(2):
            announcer.announce(line, snapshot)
        outbox = Outbox(store=store, prefix=LEDGER)
        found = [outbox.read(key) for key in outbox.keys()]  # noqa: SIM118 - no dict
    return [letter for letter in found if letter]


def test_an_end_is_told_with_the_time_since_it_was_submitted() -> None:
    (letter,) = announced(CREATE_FAILED, SUBMITTED, CREATE_FAILED)
    assert letter.news.started == AT


def test_what_failed_in_a_second_attempt_did_not_take_since_the_first() -> None:
    (letter,) = announced(FAILED, SUBMITTED)
    assert letter.news.started is None


def test_a_letter_is_named_after_the_line_whether_it_is_written_yet_or_not() -> None:
    (before,) = announced(CREATE_FAILED, SUBMITTED)
    (after,) = announced(CREATE_FAILED, SUBMITTED, CREATE_FAILED)
    assert before.key == after.key
    assert before.key.rpartition("/")[2].startswith("000001-")
