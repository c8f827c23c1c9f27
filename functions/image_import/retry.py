"""Short repeats inside one invocation; the long ones are Function Compute's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from image_import.errors import ServiceUnavailable

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How often and how long an exchange is repeated.

    Attributes:
        remaining: Seconds until the function's time-out.
        sleep: Takes seconds.
        random: Returns a number from 0 to 1.
        base_seconds: First pause; doubled each time, with jitter in [d/2, d].
        reserve_seconds: Time that a repeat must leave to the rest of the work.
    """

    remaining: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]
    attempts: int = 4
    base_seconds: float = 0.25
    cap_seconds: float = 4.0
    reserve_seconds: float = 10.0

    def repeat(self, exchange: Callable[[], Answer]) -> Answer:
        """Return the answer of the first exchange that has one.

        Raises:
            ServiceUnavailable: None had, or the next pause would last too long.
        """
        for attempt in range(self.attempts - 1):
            try:
                return exchange()
            except ServiceUnavailable as exc:
                if not self.pause(attempt, exc):
                    raise
        return exchange()

    def pause(self, attempt: int, exc: ServiceUnavailable) -> bool:
        """Wait before repeat number `attempt` + 1; False if there is no time for it.

        What the service asks for counts, in place of our own guess.
        """
        seconds = exc.retry_after_seconds or self._backoff(attempt)
        if seconds > self.remaining() - self.reserve_seconds:
            return False
        self.sleep(seconds)
        return True

    def _backoff(self, attempt: int) -> float:
        longest = min(self.cap_seconds, self.base_seconds * (1 << attempt))
        return longest * (0.5 + self.random() / 2)
