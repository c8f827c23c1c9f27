"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 300.0
"""Until a test fails for what did not happen: much more than a busy machine needs."""


def wait_until(condition: Callable[[], object]) -> None:
    """Return once the condition holds; fail if it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
