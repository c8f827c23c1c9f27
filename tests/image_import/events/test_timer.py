import pytest
from image_import.errors import SettingsError
from image_import.events.timer import ledger_buckets

TIMER = b'{"triggerTime": "2026-11-23T03:00:00Z", "triggerName": "t", "payload": %s}'


@pytest.mark.parametrize(
    ("event", "buckets"),
    [
        (TIMER % b'"images"', ["images"]),
        (TIMER % b'" images, more ,"', ["images", "more"]),
    ],
)
def test_a_timers_message_names_the_buckets(event: bytes, buckets: list[str]) -> None:
    assert ledger_buckets(event, ledger_bucket="") == buckets
    assert ledger_buckets(event, ledger_bucket="ledger") == ["ledger"]


@pytest.mark.parametrize(
    "event",
    [b"", b"{", b"[]", b"\xff", TIMER % b'""', TIMER % b"null", TIMER % b"5"],
)
def test_without_a_bucket_it_says_what_to_set(event: bytes) -> None:
    with pytest.raises(SettingsError, match="set LEDGER_BUCKET, or the trigger's"):
        ledger_buckets(event, ledger_bucket="")
    assert ledger_buckets(event, ledger_bucket="ledger") == ["ledger"]
