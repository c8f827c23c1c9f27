"""What one call of the function works with."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from image_import.config.settings import read_settings
from image_import.importing.runtime import (
    DEFAULT_TIMEOUT_SECONDS,
    Exchanges,
    Invocation,
    Runtime,
    make_invocation,
)
from stage import Inline

KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}


def invocation(
    timeout_seconds: float, *, passed: float = 0, **environ: str
) -> Invocation:
    return Invocation(
        settings=read_settings(environ),
        oss=cast("Any", None),
        ecs=cast("Any", None),
        pool=Inline(),
        timeout_seconds=timeout_seconds,
        monotonic=lambda: 1000 + passed,
        started=1000,
    )


def test_what_remains_is_counted_from_the_beginning_of_the_call() -> None:
    assert invocation(300, passed=40).remaining() == 260


@pytest.mark.parametrize(
    ("lease", "timeout", "seconds"), [("120", 300, 360), ("900", 300, 900)]
)
def test_a_lease_outlasts_whoever_holds_it(
    lease: str, timeout: float, seconds: float
) -> None:
    made = invocation(timeout, LEASE_SECONDS=lease)
    assert made.lease == timedelta(seconds=seconds)


def test_claims_and_nonces_are_new_each_time() -> None:
    made = invocation(300)
    assert len({made.new_claim() for _ in range(100)}) == 100
    assert len({made.new_nonce() for _ in range(100)}) == 100


def test_a_call_is_known_by_its_id_and_its_time_out_by_the_context() -> None:
    context = SimpleNamespace(
        request_id="F-1", function=SimpleNamespace(timeout="60"), credentials=None
    )
    made = make_invocation(read_settings({}), context, environ=KEYS, runtime=Runtime())
    assert (made.fc_request_id, made.timeout_seconds) == ("F-1", 60)


def test_without_a_context_the_usual_time_out_counts() -> None:
    made = make_invocation(read_settings({}), None, environ=KEYS, runtime=Runtime())
    assert (made.fc_request_id, made.timeout_seconds) == ("", DEFAULT_TIMEOUT_SECONDS)


def test_no_exchange_outlives_its_invocation() -> None:
    has_begun = Event()

    def last_a_while() -> None:
        has_begun.set()
        Event().wait(0.2)

    with ThreadPoolExecutor(1) as threads:
        with Exchanges(threads) as exchanges:
            slow = exchanges.submit(last_a_while)
            queued = exchanges.submit(lambda: None)
            has_begun.wait()
        assert slow.done()
        assert queued.cancelled()
        assert threads.submit(lambda: 3).result() == 3
