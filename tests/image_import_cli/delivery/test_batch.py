"""A sweep's engine: order, interruptions, pace; without any cloud."""

import io
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from image_import.errors import ServiceUnavailable
from image_import.events.parser import ObjectCreated
from image_import.ledger.entries import State
from image_import.model.result import Outcome, Result
from image_import_cli.delivery.batch import (
    MOST_FAILURES,
    WINDOW,
    DeliveryPace,
    Sweep,
    TooManyFailuresError,
    interruptible,
    run_to_the_end,
    status_of,
)
from image_import_cli.delivery.known import known
from image_import_cli.delivery.output import (
    ENDING,
    SAY_SECONDS,
    ForPerson,
    Seldom,
    show_line,
    showing,
)
from image_import_cli.ui.text import shortened
from rich.console import Console
from waiting import PATIENCE_SECONDS

KEYS = [f"k{n:03}" for n in range(100)]


def record(key: str) -> ObjectCreated:
    return ObjectCreated(
        bucket="images",
        object_key=key,
        etag="E",
        object_size_bytes=1,
        event_name="ObjectCreated:PutObject",
    )


def submitted(record: ObjectCreated) -> Result:
    return Result(outcome=Outcome.SUBMITTED, object_key=record.object_key)


class Swept:
    """One run over KEYS, and what it told."""

    def __init__(
        self,
        import_one: Callable[[ObjectCreated], Result] = submitted,
        *,
        workers: int = 4,
        after: str = "",
    ) -> None:
        self.told: list[Result] = []
        self.listed = 0
        self._pool = ThreadPoolExecutor(workers)
        self.sweep = Sweep(
            known=lambda _: None,
            import_one=import_one,
            on_result=self.told.append,
            pool=self._pool,
            workers=workers,
            pace=DeliveryPace(0),
            after=after,
        )

    def records(self) -> Iterator[ObjectCreated]:
        for key in KEYS:
            self.listed += 1
            yield record(key)

    def run(self, records: Iterable[ObjectCreated] | None = None) -> None:
        with self._pool:
            self.sweep.run(records or self.records())

    @property
    def keys(self) -> list[str]:
        return [result.object_key for result in self.told]


def test_results_come_in_the_order_of_the_keys_however_they_end() -> None:
    first_may_end = threading.Event()

    def first_ends_late(record: ObjectCreated) -> Result:
        if record.object_key == KEYS[3]:
            first_may_end.set()
        if record.object_key == KEYS[0]:
            assert first_may_end.wait(PATIENCE_SECONDS)
        return submitted(record)

    swept = Swept(first_ends_late)
    swept.run()
    assert (swept.keys, swept.sweep.after) == (KEYS, KEYS[-1])


def test_the_listing_is_never_read_far_ahead_of_the_work() -> None:
    ahead: list[int] = []

    def look(record: ObjectCreated) -> Result:
        ahead.append(swept.listed - len(swept.told))
        return submitted(record)

    swept = Swept(look, workers=2)
    swept.run()
    assert max(ahead) <= 2 * WINDOW + 2


def test_an_interruption_lets_what_has_begun_end_and_begins_nothing_more() -> None:
    begun: list[str] = []

    def note(record: ObjectCreated) -> Result:
        begun.append(record.object_key)
        return submitted(record)

    def records() -> Iterator[ObjectCreated]:
        yield from map(record, KEYS[:30])
        swept.sweep.wait_for(swept.sweep.stop_waiting)

    swept = Swept(note)
    swept.run(records())
    assert sorted(swept.keys) == sorted(begun)
    assert swept.sweep.after >= max(begun)


def test_an_interruption_does_not_wait_for_what_only_looks() -> None:
    looking, released = threading.Event(), threading.Event()

    def look(record: ObjectCreated) -> None:
        if record.object_key == KEYS[2]:
            looking.set()
            assert released.wait(PATIENCE_SECONDS)

    def records() -> Iterator[ObjectCreated]:
        yield from map(record, KEYS[:3])
        assert looking.wait(PATIENCE_SECONDS)
        swept.sweep.wait_for(swept.sweep.stop_waiting)

    swept = Swept(workers=1)
    swept.sweep.known = look
    swept.sweep.run(records())
    assert (swept.keys, swept.sweep.after) == (KEYS[:2], KEYS[1])
    released.set()
    assert swept.keys == KEYS[:2]


def test_the_second_ctrl_c_waits_for_no_import_and_counts_it() -> None:
    begun, released = threading.Event(), threading.Event()

    def never_ends(record: ObjectCreated) -> Result:
        begun.set()
        assert released.wait(PATIENCE_SECONDS)
        return submitted(record)

    def records() -> Iterator[ObjectCreated]:
        yield record(KEYS[0])
        assert begun.wait(PATIENCE_SECONDS)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    swept = Swept(never_ends)
    ended = run_to_the_end(swept.sweep, records(), on_ctrl_c=lambda: None)
    released.set()
    assert ended.startswith("interrupted; the same command goes on where it stopped; ")
    assert "1 image was being imported, which the tracker takes up again" in ended
    assert status_of(ended, has_bad=False) == 130


def test_the_position_stays_before_the_first_key_that_was_not_done() -> None:
    holding, released = threading.Event(), threading.Event()

    def the_first_takes_its_time(record: ObjectCreated) -> Result:
        if record.object_key == KEYS[0]:
            holding.set()
            assert released.wait(PATIENCE_SECONDS)
        return submitted(record)

    def records() -> Iterator[ObjectCreated]:
        yield record(KEYS[0])
        assert holding.wait(PATIENCE_SECONDS)
        yield from map(record, KEYS[1:3])
        swept.sweep.stopping.set()
        released.set()
        yield record(KEYS[3])

    swept = Swept(the_first_takes_its_time, workers=1)
    swept.run(records())
    assert (swept.keys, swept.sweep.after) == (KEYS[:1], KEYS[0])


@pytest.mark.parametrize("outcome", [Outcome.RETRYING, Outcome.FAILED])
def test_the_position_stays_before_the_first_image_that_was_not_finished(
    outcome: Outcome,
) -> None:
    def one_is_undone(record: ObjectCreated) -> Result:
        if record.object_key == KEYS[7]:
            return Result(outcome=outcome, object_key=record.object_key)
        return submitted(record)

    swept = Swept(one_is_undone)
    swept.run()
    assert swept.keys == KEYS
    assert (swept.sweep.after, swept.sweep.undone) == (KEYS[6], 1)


def test_the_position_passes_a_failure_that_is_on_record() -> None:
    failed: list[str] = []

    def all_fail(record: ObjectCreated) -> Result:
        failed.append(record.object_key)
        return Result(outcome=Outcome.FAILED, object_key=record.object_key)

    swept = Swept(all_fail)
    swept.sweep.known = lambda record: (
        known(State.FAILED) if record.object_key in failed else None
    )
    swept.run(map(record, KEYS[:9]))
    assert (swept.sweep.after, swept.sweep.undone) == (KEYS[8], 0)


def test_a_service_that_does_not_answer_is_one_images_fault_alone() -> None:
    def one_fails(record: ObjectCreated) -> Result:
        if record.object_key == KEYS[1]:
            raise ServiceUnavailable("no answer", service="OSS", action="any")
        return submitted(record)

    swept = Swept(one_fails)
    swept.run()
    bad = [r for r in swept.told if r.outcome is not Outcome.SUBMITTED]
    assert [(r.outcome, r.object_key) for r in bad] == [(Outcome.RETRYING, KEYS[1])]


def test_failures_end_the_sweep_only_if_nothing_succeeds_between() -> None:
    def fails(record: ObjectCreated) -> Result:
        is_good = int(record.object_key[1:]) % MOST_FAILURES == 0
        outcome = Outcome.SUBMITTED if is_good else Outcome.FAILED
        return Result(outcome=outcome, object_key=record.object_key)

    Swept(fails).run()
    with pytest.raises(TooManyFailuresError):
        Swept(lambda _: Result(outcome=Outcome.FAILED)).run()


def test_a_fault_of_ours_ends_the_sweep_and_is_not_hidden() -> None:
    def breaks(_: ObjectCreated) -> Result:
        raise ZeroDivisionError

    swept = Swept(breaks, workers=1)
    with pytest.raises(ZeroDivisionError):
        swept.run()


def test_turns_are_evenly_apart_and_no_credit_is_saved_up() -> None:
    now = [0.0]
    pace = DeliveryPace(4, monotonic=lambda: now[0])
    assert [pace.delay() for _ in range(3)] == [0, 0.25, 0.5]
    now[0] = 60
    assert [pace.delay() for _ in range(2)] == [0, 0.25]


def test_a_rate_of_0_is_no_limit() -> None:
    pace = DeliveryPace(0, monotonic=lambda: 1.0)
    assert {pace.delay() for _ in range(9)} == {0}


def test_a_log_gets_a_line_now_and_then() -> None:
    now, said = [0.0], list[str]()
    seldom = Seldom(said.append, monotonic=lambda: now[0])
    for second in range(0, 2 * SAY_SECONDS + 1, 5):
        now[0] = second
        seldom(str(second))
    assert said == [str(SAY_SECONDS), str(2 * SAY_SECONDS)]


def shown(result: Result, *, is_terminal: bool) -> list[str]:
    """Return the lines that a person sees at 80 columns, or a log gets."""
    file = io.StringIO()
    show_line(
        result,
        Console(file=file, width=80, force_terminal=is_terminal, color_system=None),
    )
    return [line.rstrip() for line in file.getvalue().splitlines()]


LONG_KEY = "incoming/" + "very-" * 30 + "long.qcow2"


def test_a_long_key_is_shortened_in_the_middle_for_a_person() -> None:
    result = Result(
        outcome=Outcome.SUBMITTED, object_key=LONG_KEY, image_id="m-0123456789abcdef"
    )
    (line,) = shown(result, is_terminal=True)
    assert len(line) <= 80
    assert line.startswith("submitted  incoming/very-")
    assert line.endswith("-long.qcow2  m-0123456789abcdef")


def test_a_reason_stands_below_its_key_for_a_person() -> None:
    reason = "the header says this and the sidecar says that, " * 3
    result = Result(outcome=Outcome.REFUSED, object_key=LONG_KEY, reason=reason)
    first, *others = shown(result, is_terminal=True)
    assert first.startswith("refused    incoming/")
    assert {len(line) <= 80 and line[:11] == " " * 11 for line in others} == {True}


def test_a_log_gets_a_result_whole_in_one_line() -> None:
    result = Result(outcome=Outcome.REFUSED, object_key=LONG_KEY, reason="why " * 30)
    (line,) = shown(result, is_terminal=False)
    assert LONG_KEY in line
    assert line.count("why") == 30


@pytest.mark.parametrize("most", [20, 21, 40])
def test_what_is_shortened_has_exactly_the_room_it_is_given(most: int) -> None:
    assert len(shortened(LONG_KEY, most)) == most
    assert shortened("short.raw", most) == "short.raw"


def test_at_a_terminal_the_moving_line_leaves_room_for_an_echo() -> None:
    file = io.StringIO()
    console = Console(file=file, width=60, force_terminal=True, color_system=None)
    with showing(console, as_json=False) as show:
        for _ in range(500):
            show.key()
        show.result(Result(outcome=Outcome.SUBMITTED, object_key="a.raw"))
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    lines = re.split("[\r\n]", plain)
    assert any("500 keys: 1 submitted" in line for line in lines)
    assert any(line.startswith("submitted  a.raw") for line in lines)
    assert max(map(len, lines)) <= 60
    moving = [len(line) for line in lines if "keys: " in line]
    assert max(moving) <= 57


def test_the_first_ctrl_c_waits_for_the_end_and_the_second_does_not() -> None:
    stopping = threading.Event()
    seen = []

    def press_twice() -> None:
        with interruptible(stopping):
            signal.raise_signal(signal.SIGINT)
            seen.append(stopping.is_set())
            signal.raise_signal(signal.SIGINT)
            seen.append(False)

    with pytest.raises(KeyboardInterrupt):
        press_twice()
    assert seen == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_first_ctrl_c_may_end_what_only_waits() -> None:
    seen = []

    def end() -> None:
        raise KeyboardInterrupt

    def press() -> None:
        with interruptible(threading.Event(), on_first=end):
            signal.raise_signal(signal.SIGINT)
            seen.append("not reached")

    with pytest.raises(KeyboardInterrupt):
        press()
    assert seen == []


def test_the_moving_line_says_that_ctrl_c_was_heard() -> None:
    told: list[str] = []
    console = Console(file=io.StringIO())
    person = ForPerson(console, tell=told.append, is_moving=True)
    person.ending()
    person.result(Result(outcome=Outcome.DUPLICATE))
    assert told == [f"{ENDING}0 keys: no images", f"{ENDING}0 keys: 1 duplicate"]


def test_a_first_ctrl_c_that_comes_last_is_not_forgotten() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible(threading.Event()):
        signal.raise_signal(signal.SIGINT)
