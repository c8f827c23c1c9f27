"""What a timer's event says.

Source: "Time triggers", Function Compute documentation, read 2026-11: `triggerTime`,
`triggerName`, and the trigger's message as `payload`.
"""

import json

from image_import.errors import SettingsError


def ledger_buckets(event: bytes, *, ledger_bucket: str) -> list[str]:
    """Return the buckets whose ledgers are to be followed.

    Args:
        event: Of a timer; its message may list buckets, separated by commas. Only
            LEDGER_BUCKET makes it unnecessary: without it, each image's own bucket
            holds its ledger, and nothing else tells which those are.
        ledger_bucket: LEDGER_BUCKET.

    Raises:
        SettingsError: Neither names a bucket.
    """
    if ledger_bucket:
        return [ledger_bucket]
    named = [name.strip() for name in _message(event).split(",")]
    if buckets := [name for name in named if name]:
        return buckets
    raise SettingsError(
        "nothing says where the ledger is: LEDGER_BUCKET is not set and the timer has "
        "no message; set LEDGER_BUCKET, or the trigger's message to the names of the "
        "buckets with images, separated by commas"
    )


def _message(event: bytes) -> str:
    try:
        said = json.loads(event)
    except ValueError:
        return ""
    message = said.get("payload") if isinstance(said, dict) else None
    return message if isinstance(message, str) else ""
