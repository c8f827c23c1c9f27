import pytest
from image_import.errors import ServiceRejected, ServiceUnavailable
from image_import.retry import RetryPolicy


def unavailable(retry_after: float | None = None) -> ServiceUnavailable:
    return ServiceUnavailable(
        "busy", service="OSS", action="GetObject", retry_after_seconds=retry_after
    )


class Exchange:
    """Fails as told, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def retry(slept: list[float], *, remaining: float = 100.0) -> RetryPolicy:
    return RetryPolicy(
        remaining=lambda: remaining - sum(slept), sleep=slept.append, random=lambda: 1.0
    )


def test_a_transient_fault_is_repeated_with_growing_pauses() -> None:
    slept: list[float] = []
    exchange = Exchange(unavailable(), unavailable())
    assert retry(slept).repeat(exchange) == "answer"
    assert slept == [0.25, 0.5]


def test_jitter_takes_away_at_most_half_of_a_pause() -> None:
    slept: list[float] = []
    hurried = RetryPolicy(remaining=lambda: 100, sleep=slept.append, random=lambda: 0.0)
    hurried.repeat(Exchange(unavailable()))
    assert slept == [0.125]


def test_the_service_decides_how_long_to_wait_if_it_says_so() -> None:
    slept: list[float] = []
    retry(slept).repeat(Exchange(unavailable(retry_after=3.5)))
    assert slept == [3.5]


def test_there_is_an_end_to_it() -> None:
    slept: list[float] = []
    exchange = Exchange(*[unavailable() for _ in range(9)])
    with pytest.raises(ServiceUnavailable):
        retry(slept).repeat(exchange)
    assert exchange.calls == 4


def test_nothing_is_repeated_when_the_function_would_be_killed_meanwhile() -> None:
    slept: list[float] = []
    exchange = Exchange(unavailable(retry_after=30))
    with pytest.raises(ServiceUnavailable):
        retry(slept, remaining=35).repeat(exchange)
    assert (exchange.calls, slept) == (1, [])


def test_a_final_no_is_not_repeated() -> None:
    exchange = Exchange(ServiceRejected("no", service="OSS", action="GetObject"))
    with pytest.raises(ServiceRejected):
        retry([]).repeat(exchange)
    assert exchange.calls == 1
