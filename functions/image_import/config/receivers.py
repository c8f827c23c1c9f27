"""Who is told what becomes of imports: the items of NOTIFY.

A receiver's URL may hold a secret, and so may what stands behind its `#`: neither is
shown, and the part behind `#` is never sent.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

ROBOTS = {
    "oapi.dingtalk.com": "dingtalk",
    "open.feishu.cn": "feishu",
    "open.larksuite.com": "feishu",
    "qyapi.weixin.qq.com": "wecom",
}
"""Hosts of robots.

Sources: "Custom robot access", DingTalk open platform; "Custom bot usage guide",
Feishu open platform and its page for Lark; "Message push (group robot)", WeCom
developer documentation; all read 2026-12.
"""

CLOUD_SCHEMES = ("eventbridge", "mns")
"""`eventbridge://BUS`, `mns://ACCOUNT/queues/NAME` and `mns://ACCOUNT/topics/NAME`."""

_IN_SMQ = re.compile(r"/(queues|topics)/[A-Za-z0-9][A-Za-z0-9_-]{0,254}/?")
"""Narrow, since the name becomes part of a policy, where `*` would stand for more."""

WHSEC = "whsec_"

NEWS_KINDS = (
    "converting",
    "submitted",
    "available",
    "distributed",
    "distribution_failed",
    "create_failed",
    "refused",
    "failed",
    "stuck",
    "cancelled",
    "gone",
)
"""What may be told, by the words of the ledger."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """One receiver.

    Attributes:
        kind: `webhook`, `dingtalk`, `feishu`, `wecom`, `eventbridge` or `mns`.
        url: As it is called; without what stands behind `#`.
        secret: What signs messages; "" for none.
    """

    kind: str
    url: str
    secret: str = ""

    def __repr__(self) -> str:
        """Return what may be shown."""
        return f"Receiver({self.label})"

    @property
    def id(self) -> str:
        """What tells it from other receivers, and does not tell its URL."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """What may be shown of it: kind and host, of a cloud's service its name."""
        parts = urlsplit(self.url)
        shown = parts.hostname or ""
        if self.kind in CLOUD_SCHEMES:
            shown = f"{parts.netloc}{parts.path}"
        return f"{self.kind} {shown}"


def parse_receiver(item: str) -> Receiver:
    """Return the receiver that one item of NOTIFY names.

    Raises:
        ValueError: Says what is wrong with it, without its secrets.
    """
    url, _, secret = item.partition("#")
    parts = urlsplit(url)
    if parts.scheme in CLOUD_SCHEMES:
        return Receiver(kind=parts.scheme, url=_cloud_url(url))
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise ValueError("a receiver that is no https:// URL without a user name")
    kind = ROBOTS.get(parts.hostname, "webhook")
    if kind == "webhook" and secret:
        webhook_key(secret)
    if kind == "wecom" and secret:
        raise ValueError("a WeCom robot with a secret, which it does not take")
    return Receiver(kind=kind, url=url, secret=secret)


def _cloud_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "mns":
        if not (parts.netloc.isdigit() and _IN_SMQ.fullmatch(parts.path)):
            raise ValueError(
                "a queue or topic that is not mns://ACCOUNT/queues/NAME or "
                "mns://ACCOUNT/topics/NAME, NAME of A-Z, a-z, 0-9, - and _"
            )
    elif not parts.netloc or parts.path.strip("/"):
        raise ValueError("an event bus that is not eventbridge://BUS")
    return url


def webhook_key(secret: str) -> bytes:
    """Return the key that a webhook's secret holds, with or without padding.

    Raises:
        ValueError: It holds none.
    """
    said = secret.removeprefix(WHSEC)
    try:
        key = base64.b64decode(said + "=" * (-len(said) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise ValueError(f"a webhook secret that is not Base64 behind {WHSEC}")
    return key
