"""One message to one receiver: the only exchange of this room."""

import ipaddress
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.connectionpool import HTTPSConnectionPool

from image_import.aliyun.ecs.auth import NoAuth
from image_import.aliyun.messaging import put_events, put_events_failed, send_message
from image_import.aliyun.timed import TimedAdapter, TimedHttps
from image_import.config.credentials import Credentials
from image_import.config.receivers import Receiver
from image_import.notification.news import ImportNews
from image_import.notification.receivers import (
    Reception,
    cloud_event,
    refusal,
    to_message,
    verdict,
)
from image_import.notification.texts import Words

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
LARGEST_ANSWER_BYTES = 64 * 1024


OF_IPV4 = (
    ipaddress.IPv6Network("::ffff:0:0/96"),
    ipaddress.IPv6Network("64:ff9b::/96"),
)
"""Where addresses stand for those of IPv4: their last 32 bits are what counts.

Sources: RFC 4291, 2.5.5.2, and RFC 6052, 2.1; read 2026-12.
"""


class PrivateAddressError(OSError):
    """A receiver's name leads to an address that is not of the public internet."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    100.100.100.200, where ECS serves its metadata, is in the shared address space.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6 and any(ip in network for network in OF_IPV4):
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.is_global


class _PublicConnection(TimedHttps):
    """Looks where it has come before anything is said there.

    The address that was reached counts, not one looked up before: a name may lead
    elsewhere the second time.
    """

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        if not is_public(connected.getpeername()[0]):
            connected.close()
            raise PrivateAddressError(
                f"{self.host} leads to a private, loopback or metadata address; set "
                "NOTIFY_PRIVATE=true if the receiver is in your own network"
            )
        return connected


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class PublicOnly(TimedAdapter):
    """Reaches public addresses alone; a proxy decides for itself."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - theirs
        """Make pools whose connections look where they have come."""
        super().init_poolmanager(*args, **kwargs)
        classes = {**self.poolmanager.pool_classes_by_scheme, "https": _PublicPool}
        self.poolmanager.pool_classes_by_scheme = classes


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What came of one message.

    Attributes:
        why: What the receiver, or the way to it, said; "" if it has the message.
    """

    verdict: Reception
    why: str = ""


class NewsSender:
    """Tells receivers news; nothing is repeated here, and nothing raised."""

    def __init__(  # noqa: PLR0913 - the last two are for tests
        self,
        credentials: Credentials,
        *,
        region_id: str,
        words: Words,
        may_be_private: bool,
        authorities: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        nonce: Callable[[], str] = lambda: os.urandom(16).hex(),
    ) -> None:
        """Keep what every message needs.

        Args:
            words: The language of messages to people.
            authorities: A file of certificate authorities; "" for the usual ones.
        """
        # It logs URLs: at DEBUG each, and as a warning that of an odd answer.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)
        self._credentials = credentials
        self._region_id = region_id
        self._words = words
        self._now = now
        self._nonce = nonce
        self._session = requests.Session()
        self._verify = authorities or None
        adapter = TimedAdapter() if may_be_private else PublicOnly()
        self._session.mount("https://", adapter)

    def tell(self, news: ImportNews, receiver: Receiver) -> Told:
        """Send one message and return what came of it."""
        try:
            status, body = self._send(self._request(news, receiver))
        except PrivateAddressError as exc:
            return Told(verdict=Reception.LATER, why=str(exc))
        except OSError as exc:
            return Told(verdict=Reception.LATER, why=_no_answer(exc))
        if receiver.kind == "eventbridge" and 200 <= status < 300:
            why = put_events_failed(body)
            return Told(verdict=Reception.LATER if why else Reception.TOLD, why=why)
        said = verdict(receiver.kind, status, body)
        why = "" if said is Reception.TOLD else refusal(receiver.kind, status, body)
        return Told(verdict=said, why=why)

    def _request(
        self, news: ImportNews, receiver: Receiver
    ) -> requests.PreparedRequest:
        parts = urlsplit(receiver.url)
        if receiver.kind == "eventbridge":
            return put_events(
                cloud_event(news),
                bus=parts.netloc,
                region_id=self._region_id,
                credentials=self._credentials,
                now=self._now,
                nonce=self._nonce,
            )
        if receiver.kind == "mns":
            return send_message(
                cloud_event(news),
                account_id=parts.netloc,
                path=parts.path.strip("/"),
                region_id=self._region_id,
                credentials=self._credentials,
                now=self._now,
            )
        message = to_message(news, receiver, words=self._words, now=self._now())
        return requests.Request(
            "POST",
            message.url,
            data=message.body,
            headers={"User-Agent": "image-import", **message.headers},
            auth=NoAuth(),
        ).prepare()

    def _send(self, request: requests.PreparedRequest) -> tuple[int, bytes]:
        settings = self._session.merge_environment_settings(
            request.url, {}, stream=True, verify=self._verify, cert=None
        )
        reply = self._session.send(
            request,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            **settings,
        )
        with reply:
            return reply.status_code, next(
                reply.iter_content(LARGEST_ANSWER_BYTES), b""
            )


def _no_answer(exc: OSError) -> str:
    """Return why nothing came back, without the URL, which may be a secret."""
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, PrivateAddressError):
            return str(cause)
        inner = getattr(cause, "reason", None) or cause.__cause__ or cause.__context__
        cause = inner if isinstance(inner, BaseException) else None
    return f"no answer ({type(exc).__name__})"
