from datetime import datetime, timedelta, timezone

from image_import.ledger.clock import OssClock

DATE = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


class Hands:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_slow_reply_makes_the_holder_and_the_taker_both_careful() -> None:
    hands = Hands()
    clock = OssClock(hands)
    sent = clock.tick()
    hands.seconds += 15
    clock.observe(DATE, sent=sent)
    assert clock.earliest() == DATE
    assert clock.latest() == DATE + 15 * SECOND + SECOND


def test_time_goes_on_between_replies() -> None:
    hands = Hands()
    clock = OssClock(hands)
    clock.observe(DATE, sent=clock.tick())
    hands.seconds += 7
    assert clock.earliest() == DATE + 7 * SECOND


def test_a_later_reply_only_narrows_what_is_known() -> None:
    hands = Hands()
    clock = OssClock(hands)
    clock.observe(DATE, sent=clock.tick())
    slow = clock.tick()
    hands.seconds += 10
    clock.observe(DATE, sent=slow)
    assert clock.earliest() == DATE + 10 * SECOND
    clock.observe(DATE + 10 * SECOND, sent=clock.tick())
    assert clock.latest() <= DATE + 11 * SECOND
