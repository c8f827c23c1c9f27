"""The request by which each kind of receiver is told, and what its answer means."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from image_import.config.receivers import Receiver
from image_import.ledger.entries import to_text
from image_import.notification.news import ImportNews, to_json
from image_import.notification.signatures import (
    dingtalk_query,
    feishu_fields,
    standard_webhook,
)
from image_import.notification.texts import Words, text

JSON = "application/json; charset=utf-8"
CLOUD_EVENTS = "application/cloudevents+json; charset=utf-8"

_CODES = {"dingtalk": "errcode", "wecom": "errcode", "feishu": "code"}
"""Where a robot's answer says whether it took the message."""


class Reception(Enum):
    """What a receiver's answer means."""

    TOLD = "it has the message"
    LATER = "try again"
    NEVER = "it wants no more messages"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiverRequest:
    """A POST request to a receiver."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def to_message(
    news: ImportNews, receiver: Receiver, *, words: Words, now: datetime
) -> ReceiverRequest:
    """Return the request that tells a receiver that is called by its URL.

    Args:
        now: By this machine's clock; signatures are good for some minutes.
    """
    return _MESSAGES[receiver.kind](news, receiver, words, now)


def cloud_event(news: ImportNews) -> dict[str, Any]:
    """Return the news as a CloudEvent.

    Source: CloudEvents 1.0.2, "Required attributes" and "JSON event format", read
    2026-12.
    """
    return {
        "specversion": "1.0",
        "id": news.id,
        "source": "image-import",
        "type": f"image.{news.kind}",
        "subject": news.object_key,
        "time": to_text(news.at),
        "datacontenttype": "application/json",
        "data": to_json(news),
    }


def verdict(kind: str, http_status: int, body: bytes) -> Reception:
    """Return what the answer of a receiver means.

    A robot says no with HTTP 200 and a code in the body.
    """
    if http_status == 410:
        return Reception.NEVER
    if not 200 <= http_status < 300:
        return Reception.LATER
    is_told = kind not in _CODES or _code(kind, body) == 0
    return Reception.TOLD if is_told else Reception.LATER


def refusal(kind: str, http_status: int, body: bytes) -> str:
    """Return what a receiver said that has not taken a message, without its words."""
    code = _code(kind, body)
    return f"HTTP {http_status}" + (f", {_CODES[kind]} {code}" if code else "")


def _code(kind: str, body: bytes) -> int | None:
    """Return the code that a robot's answer holds, None if it holds none."""
    try:
        code = json.loads(body)[_CODES[kind]]
    except (ValueError, KeyError, TypeError):
        return None
    return code if type(code) is int else None


def _webhook(
    news: ImportNews, receiver: Receiver, _: Words, now: datetime
) -> ReceiverRequest:
    """Return a CloudEvent, signed as Standard Webhooks says if there is a secret."""
    body = _json(cloud_event(news))
    timestamp = _seconds(now)
    headers = {
        "Content-Type": CLOUD_EVENTS,
        "webhook-id": news.id,
        "webhook-timestamp": str(timestamp),
    }
    if receiver.secret:
        headers["webhook-signature"] = standard_webhook(
            receiver.secret, message_id=news.id, timestamp=timestamp, body=body
        )
    return ReceiverRequest(url=receiver.url, headers=headers, body=body.encode())


def _dingtalk(
    news: ImportNews, receiver: Receiver, words: Words, now: datetime
) -> ReceiverRequest:
    url = receiver.url
    if receiver.secret:
        url += dingtalk_query(receiver.secret, timestamp_ms=_seconds(now) * 1000)
    said = {"msgtype": "text", "text": {"content": text(news, words)}}
    return ReceiverRequest(
        url=url, headers={"Content-Type": JSON}, body=_json(said).encode()
    )


def _feishu(
    news: ImportNews, receiver: Receiver, words: Words, now: datetime
) -> ReceiverRequest:
    signed: Mapping[str, str] = {}
    if receiver.secret:
        signed = feishu_fields(receiver.secret, timestamp=_seconds(now))
    said = {**signed, "msg_type": "text", "content": {"text": text(news, words)}}
    body = _json(said).encode()
    return ReceiverRequest(url=receiver.url, headers={"Content-Type": JSON}, body=body)


def _wecom(
    news: ImportNews, receiver: Receiver, words: Words, _: datetime
) -> ReceiverRequest:
    said = {"msgtype": "text", "text": {"content": text(news, words)}}
    body = _json(said).encode()
    return ReceiverRequest(url=receiver.url, headers={"Content-Type": JSON}, body=body)


_MESSAGES: dict[
    str, Callable[[ImportNews, Receiver, Words, datetime], ReceiverRequest]
] = {
    "webhook": _webhook,
    "dingtalk": _dingtalk,
    "feishu": _feishu,
    "wecom": _wecom,
}


def _json(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _seconds(now: datetime) -> int:
    return int(now.astimezone(timezone.utc).timestamp())
