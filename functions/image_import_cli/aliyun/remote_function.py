"""A deployed function: what it is sent, and what it answers."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from image_import.aliyun.mask import without_signed_text
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable
from image_import.model.result import Outcome, Result

ACTION = "InvokeFunction"
CHECK = "GetFunction"
NOT_THERE = {"FunctionNotFound", "ServiceNotFound", "AliasNotFound", "VersionNotFound"}
WHERE = (
    "Expected a function as it is deployed: name it by --service, --function and "
    "--qualifier, and where it is by --fc, --account-id and --region"
)
TIMEOUT_SECONDS = 610
"""A function runs for at most 600 seconds where it is deployed as described here."""

CHECK_SECONDS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionAnswer:
    """What an invocation came to.

    Attributes:
        body: What the handler returned, or the message of what it raised.
        error_type: Name of what it raised, "" if nothing.
        log_tail: The last 4 KB of the function's log.
        is_accepted: The event is queued; there is no other answer.
    """

    body: str = ""
    error_type: str = ""
    log_tail: str = ""
    request_id: str = ""
    is_accepted: bool = False


class Remote(Protocol):
    """A deployed function, on either version of Function Compute."""

    def invoke(self, payload: bytes, *, is_async: bool = False) -> FunctionAnswer:
        """Return what the function answered.

        Raises:
            ServiceError: The platform refused, or did not answer.
        """

    def check(self) -> None:
        """Return if it may be there; without fc:GetFunction nothing tells otherwise.

        Raises:
            ServiceRejected: There is no such function.
        """


def headers_of(*, is_async: bool) -> dict[str, str]:
    """Return what asks for the kind of invocation, and for the log's end.

    Source: "InvokeFunction", Function Compute documentation, read 2026-11: log type
    Tail is for synchronous invocations.
    """
    if is_async:
        return {"x-fc-invocation-type": "Async"}
    return {"x-fc-invocation-type": "Sync", "x-fc-log-type": "Tail"}


def answer_of(
    content: bytes, headers: Mapping[str, str], *, is_async: bool = False
) -> FunctionAnswer:
    """Return the answer that stands in a reply of either version."""
    said = {name.lower(): value for name, value in headers.items()}
    error_type = said.get("x-fc-error-type", "")
    body = content.decode("utf-8", "replace")
    if error_type:
        error_type, body = _raised(body, error_type)
    return FunctionAnswer(
        body=body,
        error_type=error_type,
        log_tail=_log_tail(said.get("x-fc-log-result", "")),
        request_id=said.get("x-fc-request-id", ""),
        is_accepted=is_async,
    )


def refusal(
    code: str,
    message: str,
    *,
    http_status: int,
    request_id: str | None = None,
    action: str = ACTION,
) -> ServiceError:
    """Return the error for an answer that is a refusal of the platform's own."""
    is_passing = http_status >= 500 or http_status == 429
    kind = ServiceUnavailable if is_passing else ServiceRejected
    hint = f". {WHERE}" if code in NOT_THERE else ""
    said = without_signed_text(message)
    return kind(
        f"FC {action}: {code or http_status}: {said.rstrip('.')}{hint}",
        service="FC",
        action=action,
        code=code,
        http_status=http_status,
        request_id=request_id,
    )


def results_of(answer: FunctionAnswer) -> list[Result]:
    """Return the results that the handler answered with, or raised to be retried.

    Raises:
        ServiceRejected: The function answered with something else.
    """
    try:
        return [_result(record) for record in json.loads(answer.body)["records"]]
    except (ValueError, KeyError, TypeError) as exc:
        shown = answer.body[:300] or "nothing"
        raise ServiceRejected(
            f"the function answered {answer.error_type} {shown!r}, not with records; "
            "is it image_import.handler.on_object_created?",
            service="FC",
            action=ACTION,
            code=answer.error_type,
            request_id=answer.request_id,
        ) from exc


def _result(record: Mapping[str, Any]) -> Result:
    known = {field.name for field in fields(Result)} & record.keys()
    values = {name: record[name] for name in known}
    return Result(**{**values, "outcome": Outcome(record["outcome"])})


def _raised(body: str, error_type: str) -> tuple[str, str]:
    """Return type and message of what the handler raised.

    Source: "Error handling", Function Compute documentation, read 2026-11; the header
    says UnhandledInvocationError whatever was raised.
    """
    try:
        said = json.loads(body)
        return str(said["errorType"]), str(said["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return error_type, body


def _log_tail(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return ""
