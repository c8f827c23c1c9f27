"""What was delivered to the function, attempt by attempt, and what it made of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fake_aliyun.fc.invocations import Attempt, FcInvocation

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """One attempt of the platform.

    Attributes:
        records: What the function logged of each record, evidence and all.
        error: What it raised instead of an answer, or the platform's refusal.
    """

    records: tuple[Record, ...]
    error: str
    log_lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One event on its way to the function.

    Attributes:
        event: The first record of its payload; {} if that is no event of OSS.
        status: Enqueued, Running, Retrying, Succeeded, Failed or Expired.
        due: When the next attempt is made, if one is.
    """

    request_id: str
    event: Record = field(default_factory=dict)
    status: str
    tries: tuple[Try, ...]
    enqueued: str
    due: str

    @property
    def upload_id(self) -> str:
        """Return the request ID of the upload that the event tells of."""
        told = self.event.get("responseElements")
        return str(told.get("requestId", "")) if isinstance(told, dict) else ""

    @property
    def records(self) -> Sequence[Record]:
        """Return what the last attempt said of each record."""
        return self.tries[-1].records if self.tries else ()

    @property
    def outcome(self) -> str:
        """Return the one word for what became of it, or where it is."""
        if self.status in {"Enqueued", "Running"}:
            return self.status.lower()
        told = [str(record.get("outcome", "")) for record in self.records]
        if self.status == "Succeeded":
            return told[0] if told else "succeeded"
        return "retrying" if self.status == "Retrying" else "given up"

    @property
    def reason(self) -> str:
        """Return why, in the function's words."""
        told = next((str(r["reason"]) for r in self.records if r.get("reason")), "")
        failed = self.tries[-1].error if self.tries else ""
        return told or failed


def read_delivery(invocation: FcInvocation) -> Delivery:
    """Return an invocation of the function as one delivery."""
    is_waiting = invocation.status in {"Enqueued", "Retrying"}
    return Delivery(
        request_id=invocation.request_id,
        event=_first_record(invocation.payload),
        status=invocation.status,
        tries=tuple(_read_try(attempt) for attempt in list(invocation.attempts)),
        enqueued=invocation.enqueued.isoformat(timespec="milliseconds"),
        due=invocation.due.isoformat(timespec="milliseconds") if is_waiting else "",
    )


def _first_record(payload: bytes) -> Record:
    try:
        record: Record = json.loads(payload)["events"][0]
        oss = record["oss"]
        named = (record["eventName"], oss["bucket"]["name"], oss["object"]["key"])
    except (ValueError, LookupError, TypeError):
        return {}
    return record if all(isinstance(name, str) for name in named) else {}


def _read_try(attempt: Attempt) -> Try:
    logged = (_logged_record(line) for line in attempt.log_lines)
    records = tuple(record for record in logged if record)
    error = "" if attempt.succeeded else _error(attempt)
    return Try(records=records, error=error, log_lines=attempt.log_lines)


def _logged_record(line: str) -> Record | None:
    """Return the JSON object that a log line ends in, if it speaks of a record."""
    _, brace, text = line.partition("] {")
    try:
        said = json.loads(f"{{{text}") if brace else None
    except ValueError:
        return None
    return said if isinstance(said, dict) and "outcome" in said else None


def _error(attempt: Attempt) -> str:
    """Return what an attempt failed with: our own `RetryLater` says all in records."""
    text = attempt.body.decode("utf-8", "replace")
    try:
        said = json.loads(text)
    except ValueError:
        return f"{attempt.error_type}: {text}"
    if said.get("errorType") == "RetryLater":
        return ""
    return f"{said.get('errorType')}: {said.get('errorMessage')}"
