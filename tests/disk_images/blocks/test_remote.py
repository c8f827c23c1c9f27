from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from disk_images.blocks.remote import Bounded, Budget
from disk_images.blocks.source import BudgetSpentError, CannotTellError
from image_import.errors import ServiceUnavailable
from image_import.inspection.inspect import patiently

DATA = bytes(range(256)) * 400


def view(*, most_bytes: int = 1 << 30, most_requests: int = 100) -> Bounded:
    return Bounded(
        fetch=lambda offset, count: DATA[offset : offset + count],
        size_bytes=len(DATA),
        budget=Budget(seconds=60, most_bytes=most_bytes, most_requests=most_requests),
        block_bytes=1024,
    )


@pytest.mark.parametrize(
    ("offset", "count"),
    [(0, 1), (1000, 100), (5000, 9000), (len(DATA) - 3, 99), (len(DATA), 5), (-1, 5)],
)
def test_bytes_are_those_of_the_object(offset: int, count: int) -> None:
    expected = DATA[offset : offset + count] if offset >= 0 else b""
    assert view().read(offset, count) == expected


def test_what_was_read_is_not_asked_for_again() -> None:
    source = view()
    source.read(100, 10)
    source.read(900, 100)
    assert source.spent().requests == 1


def test_wanted_neighbours_are_one_request_and_one_round_trip() -> None:
    source = view()
    source.want([(0, 10), (1024, 10), (3000, 10), (90_000, 10)])
    assert (source.spent().requests, source.spent().round_trips) == (2, 1)
    source.read(0, 10)
    source.want([(50_000, 10)])
    assert source.spent().round_trips == 2


def test_a_budget_of_bytes_ends_it() -> None:
    source = view(most_bytes=2048)
    source.read(0, 2048)
    source.want([(9000, 10)])
    with pytest.raises(BudgetSpentError, match="2,048 bytes allowed"):
        source.read(9000, 10)
    assert source.read(0, 10) == DATA[:10]
    assert source.spent().bytes_read == 2048


def test_a_budget_of_requests_ends_it() -> None:
    source = view(most_requests=1)
    source.read(0, 10)
    with pytest.raises(BudgetSpentError, match="1 requests allowed"):
        source.read(9000, 10)


def test_time_that_is_over_ends_it() -> None:
    now = [0.0]
    source = view()
    source.monotonic = lambda: now[0]
    source.read(0, 10)
    now[0] = 61.0
    with pytest.raises(BudgetSpentError, match="60 seconds"):
        source.read(9000, 10)


def test_what_the_service_does_not_give_cannot_be_told() -> None:
    def fetch(offset: int, count: int) -> bytes:
        raise ServiceUnavailable(f"{offset} {count}", service="OSS", action="GetObject")

    budget = Budget(seconds=60, most_bytes=1 << 20)
    source = Bounded(
        fetch=fetch,
        repeat=partial(patiently, sleep=lambda _: None),
        size_bytes=9999,
        budget=budget,
    )
    with pytest.raises(CannotTellError):
        source.read(0, 10)


def test_requests_run_side_by_side_in_a_pool() -> None:
    with ThreadPoolExecutor(4) as pool:
        source = view()
        source.pool = pool
        source.want([(n * 9000, 100) for n in range(10)])
        for n in range(10):
            assert source.read(n * 9000, 100) == DATA[n * 9000 : n * 9000 + 100]
        assert source.spent().round_trips == 1


def test_first_bytes_that_are_here_already_are_taken_over() -> None:
    source = view()
    source.know(DATA[:2500], requests=2, bytes_read=3000)
    source.read(0, 2048)
    assert (source.spent().requests, source.spent().bytes_read) == (2, 3000)
    source.read(2400, 10)
    assert source.spent().requests == 3
