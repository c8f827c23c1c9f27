"""Asynchronous invocations: queued, tried, tried again, and told of.

Source: "Retry policy" and "Asynchronous invocation", Function Compute 2.0
documentation, read 2026-11: an error of the function is retried as often as the
configuration says; refusals of the platform (429, 500, 503) after 0.5, 1, 2, 4, 8 ...
seconds for five hours. How long FC waits before it retries an error of the function,
and whether the request ID stays the same, is not documented; here the same waits are
taken, and it stays.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from fake_aliyun.core.clock import Clock, ManualClock
from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.invocations import Attempt, FcInvocation, Status

FIRST_WAIT_SECONDS = 0.5
PLATFORM_PATIENCE_SECONDS = 5 * 3600
RETRIED = frozenset({200, 429, 500, 503})
IDLE_SECONDS = 0.2
Try = Callable[[FcInvocation], Attempt]
Tell = Callable[[FcInvocation], None]


class Queue:
    """The asynchronous invocations that have not ended."""

    def __init__(self, *, clock: Clock, attempt: Try, tell: Tell) -> None:
        self._clock = clock
        self._attempt = attempt
        self._tell = tell
        self._waiting: list[FcInvocation] = []
        self._refusals: deque[FcError] = deque()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stopped = threading.Event()

    def put(self, invocation: FcInvocation) -> None:
        """Let an invocation be tried as soon as the queue is worked on."""
        with self._lock:
            self._waiting.append(invocation)
        self._news.set()

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting.clear()
            self._refusals.clear()

    def refuse_attempts(self, code: str, times: int) -> None:
        """Let the platform refuse the next attempts, as for want of instances."""
        self._refusals.extend(FcError(code) for _ in range(times))

    def take_refusal(self) -> FcError | None:
        """Return the refusal that the next attempt meets, if any."""
        return self._refusals.popleft() if self._refusals else None

    def __len__(self) -> int:
        return len(self._waiting)

    def run_due(self) -> int:
        """Return how many attempts were made: of all that are due, in turn."""
        made = 0
        while invocation := self._take_due():
            self._try(invocation)
            made += 1
        return made

    def drain(self) -> None:
        """Work until nothing is left; a `ManualClock` is moved to what is due next."""
        while self._waiting:
            if self.run_due():
                continue
            wait = min(invocation.due for invocation in self._waiting) - self._clock()
            if isinstance(self._clock, ManualClock):
                self._clock.advance(max(0.0, wait.total_seconds()))
            else:
                self._stopped.wait(max(0.0, wait.total_seconds()))

    def start(self) -> None:
        """Let `work` go on until `stop`."""
        self._stopped.clear()

    def work(self) -> None:
        """Work until `stop`; meant for threads of their own."""
        while not self._stopped.is_set():
            self._news.clear()
            if invocation := self._take_due():
                self._try(invocation)
            else:
                self._news.wait(IDLE_SECONDS)

    def stop(self) -> None:
        """Let `work` return once what it is at has ended."""
        self._stopped.set()
        self._news.set()

    def _take_due(self) -> FcInvocation | None:
        with self._lock:
            now = self._clock()
            due = [invocation for invocation in self._waiting if invocation.due <= now]
            if not due:
                return None
            first = min(due, key=lambda invocation: invocation.due)
            self._waiting.remove(first)
            return first

    def _try(self, invocation: FcInvocation) -> None:
        config = invocation.function.async_config
        age = self._clock() - invocation.enqueued
        if age > timedelta(seconds=config.event_age_seconds):
            self._end(invocation, "Expired")
            return
        invocation.status = "Running"
        refusal = self.take_refusal()
        attempt = refused(refusal) if refusal else self._attempt(invocation)
        invocation.attempts.append(attempt)
        invocation.platform_faults += attempt.is_platform_fault
        if attempt.succeeded:
            self._end(invocation, "Succeeded")
        elif self._may_retry(invocation, attempt):
            invocation.status = "Retrying"
            tries = len(invocation.attempts) - 1
            wait = timedelta(seconds=FIRST_WAIT_SECONDS * 2**tries)
            invocation.due = self._clock() + wait
            self.put(invocation)
        else:
            self._end(invocation, "Failed")

    def _may_retry(self, invocation: FcInvocation, attempt: Attempt) -> bool:
        if attempt.http_status not in RETRIED:
            return False
        if attempt.is_platform_fault:
            age = self._clock() - invocation.enqueued
            return age.total_seconds() < PLATFORM_PATIENCE_SECONDS
        failed = len(invocation.attempts) - invocation.platform_faults
        return failed <= invocation.function.async_config.retries

    def _end(self, invocation: FcInvocation, status: Status) -> None:
        invocation.status = status
        self._tell(invocation)


def refused(refusal: FcError) -> Attempt:
    """Return the attempt that the platform did not make."""
    return Attempt(
        http_status=refusal.status,
        error_type=refusal.code,
        body=str(refusal).encode(),
    )
