"""How the import of one record ended, for the caller and for the log."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any


class Outcome(str, Enum):
    """The one word that says what became of a record.

    From `progress` on, what became of an import that was submitted earlier.
    """

    SUBMITTED = "submitted"
    DUPLICATE = "duplicate"
    WAITING = "waiting"
    CONVERTING = "converting"
    IGNORED = "ignored"
    REFUSED = "refused"
    FAILED = "failed"
    RETRYING = "retrying"
    PLANNED = "planned"
    PROGRESS = "progress"
    STUCK = "stuck"
    UNFOLLOWED = "unfollowed"
    AVAILABLE = "available"
    CREATE_FAILED = "create_failed"
    CANCELLED = "cancelled"
    GONE = "gone"
    DISTRIBUTING = "distributing"
    DISTRIBUTED = "distributed"
    DISTRIBUTION_FAILED = "distribution_failed"
    RETIRING = "retiring"
    DEPRECATED = "deprecated"
    DELETED = "deleted"


BAD = frozenset(
    {
        Outcome.REFUSED,
        Outcome.FAILED,
        Outcome.RETRYING,
        Outcome.STUCK,
        Outcome.CREATE_FAILED,
        Outcome.GONE,
        Outcome.DISTRIBUTION_FAILED,
    }
)
"""What somebody should look at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of one record; empty values are left out of what is printed.

    Attributes:
        parameters: What ImportImage was, or would be, called with.
        progress: Of an import under way, such as `32%`.
        evidence: For each parameter its value, where it came from, and what it
            overrode; for the log.
        notes: What was seen and did not change the outcome; for the log.
    """

    outcome: Outcome
    reason: str = ""
    bucket: str = ""
    object_key: str = ""
    etag: str = ""
    image_name: str = ""
    ecs_request_id: str = ""
    image_id: str = ""
    task_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    error_code: str = ""
    error_message: str = ""
    progress: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def about(self, *, bucket: str, object_key: str, etag: str) -> "Result":
        """Return this result with the record that it is the result of."""
        return replace(self, bucket=bucket, object_key=object_key, etag=etag)


RESULT_FIELDS = (
    "bucket",
    "object_key",
    "etag",
    "outcome",
    "reason",
    "image_name",
    "ecs_request_id",
    "image_id",
    "task_id",
    "parameters",
)
CHANGE_FIELDS = (*RESULT_FIELDS, "progress", "error_code", "error_message")
LOG_FIELDS = (*CHANGE_FIELDS, "evidence", "notes")


def result_json(results: Iterable[Result]) -> str:
    """Return the handler's answer."""
    records = [said(result, RESULT_FIELDS) for result in results]
    return to_json({"records": records})


def log_json(result: Result, *, fc_request_id: str) -> str:
    """Return the one log line of a record."""
    told = said(result, LOG_FIELDS)
    if fc_request_id:
        told["fc_request_id"] = fc_request_id
    return to_json(told)


def to_json(value: object) -> str:
    """Return one line of JSON that is one line, in one direction, wherever it is shown.

    Keys come from uploaders. JSON itself lets pass what ends a line for some readers
    (U+0085, U+2028) or turns text around (U+202E); here it is written as an escape.
    """
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def said(result: Result, names: Iterable[str]) -> dict[str, Any]:
    """Return a result as a dict of the named fields, without what is empty."""
    values = {name: getattr(result, name) for name in names}
    told = {name: value for name, value in values.items() if value}
    told["outcome"] = result.outcome.value
    return told
