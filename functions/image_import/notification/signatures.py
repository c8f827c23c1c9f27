"""The signatures by which receivers know our messages, as pure functions."""

import base64
import hashlib
import hmac
from urllib.parse import quote

from image_import.config.receivers import webhook_key


def standard_webhook(secret: str, *, message_id: str, timestamp: int, body: str) -> str:
    """Return the header `webhook-signature`.

    Args:
        secret: Base64 behind `whsec_`.
        timestamp: Seconds since 1970.

    Raises:
        ValueError: The secret is not Base64.

    Source: Standard Webhooks, specification 1.0.0, "Signature scheme", read 2026-12.
    """
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return f"v1,{_base64_sha256(webhook_key(secret), signed)}"


def dingtalk_query(secret: str, *, timestamp_ms: int) -> str:
    """Return what a signed DingTalk robot wants at the end of its URL.

    Source: "Custom robot security settings", DingTalk open platform, read 2026-12.
    """
    signed = f"{timestamp_ms}\n{secret}".encode()
    signature = quote(_base64_sha256(secret.encode(), signed), safe="")
    return f"&timestamp={timestamp_ms}&sign={signature}"


def feishu_fields(secret: str, *, timestamp: int) -> dict[str, str]:
    """Return what a signed Feishu or Lark robot wants in the body.

    The key is the time and the secret, and the data that is signed is empty.

    Source: "Custom bot usage guide", Feishu open platform, read 2026-12.
    """
    key = f"{timestamp}\n{secret}".encode()
    return {"timestamp": str(timestamp), "sign": _base64_sha256(key, b"")}


def _base64_sha256(key: bytes, data: bytes) -> str:
    return base64.b64encode(hmac.new(key, data, hashlib.sha256).digest()).decode()
