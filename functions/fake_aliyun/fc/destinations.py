"""Where the outcome of an asynchronous invocation is told.

Source: "Destinations", Function Compute 2.0 documentation, read 2026-11: the function's
role needs mns:SendMessage, mns:PublishMessage or fc:InvokeFunction on the target.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fake_aliyun.fc.invocations import Invocation


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a queue, topic or function was told."""

    destination: str
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """Return the message as it was before it became bytes."""
        document: dict[str, Any] = json.loads(self.body)
        return document


def permission_for(destination: str) -> str:
    """Return the action that the function's role needs for a destination."""
    if destination.startswith("acs:fc:"):
        return "fc:InvokeFunction"
    is_topic = "/topics/" in destination
    return "mns:PublishMessage" if is_topic else "mns:SendMessage"


def complete(arn: str, *, region_id: str, account_id: str) -> str:
    """Return an ARN with the region and account that `acs:mns:::...` leaves out."""
    head, service, region, account, path = arn.split(":", 4)
    filled = (head, service, region or region_id, account or account_id, path)
    return ":".join(filled)


def outcome_message(
    invocation: Invocation, *, function_arn: str, now: datetime
) -> bytes:
    """Return what a destination is told of an invocation that has ended."""
    last = invocation.attempts[-1] if invocation.attempts else None
    error = last.error_type if last else "InvocationExpired"
    return json.dumps(
        {
            "timestamp": int(now.timestamp() * 1000),
            "requestContext": {
                "requestId": invocation.request_id,
                "functionArn": function_arn,
                "condition": error,
                "approximateInvokeCount": len(invocation.attempts),
            },
            "requestPayload": _text(invocation.payload),
            "responseContext": {
                "statusCode": last.http_status if last else 0,
                "functionError": error,
            },
            "responsePayload": _text(invocation.result),
        },
        ensure_ascii=False,
    ).encode()


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
