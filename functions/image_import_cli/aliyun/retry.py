"""How long a command repeats a call that may yet be answered."""

import time

from image_import.retry import RetryPolicy

SECONDS = 120.0


def retry_policy() -> RetryPolicy:
    """Return short repeats, as an operator waits."""
    return RetryPolicy(remaining=lambda: SECONDS, sleep=time.sleep, random=lambda: 0.5)
