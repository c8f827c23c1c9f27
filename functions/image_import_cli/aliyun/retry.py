"""How long a command repeats a call that may yet be answered."""

import time

from image_import.retry import Patience

SECONDS = 120.0


def patience() -> Patience:
    """Return short repeats, as an operator waits."""
    return Patience(remaining=lambda: SECONDS, sleep=time.sleep, random=lambda: 0.5)
