"""How far a conversion is, as a line of the ledger says it."""

import re

_PARTS = re.compile(r"([\d,]+) of ([\d,]+) parts of disk (\d+)")


def said_parts(done: int, wanted: int | None, *, disk: int) -> str:
    """Return the words for so many parts of a disk.

    Args:
        done: How many are stored.
        wanted: How many there are; None where that is unknown until the end.
        disk: Of the image, counted from 1.
    """
    whole = f" of {wanted:,}" if wanted else ""
    return f"{done:,}{whole} parts of disk {disk}"


def wanted_parts(progress: str) -> dict[int, int]:
    """Return how many parts each disk has, as far as the words say it."""
    return {
        int(disk): int(wanted.replace(",", ""))
        for _, wanted, disk in _PARTS.findall(progress)
    }
