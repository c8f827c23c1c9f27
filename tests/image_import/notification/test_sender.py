"""One message over a real connection."""

import json
import logging
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from certificates import make_authority
from image_import.aliyun.timed import TimedHttps
from image_import.config.credentials import Credentials
from image_import.config.receivers import Receiver
from image_import.notification.news import ImportNews
from image_import.notification.receivers import Reception
from image_import.notification.sender import NewsSender, Told, is_public
from image_import.notification.texts import ENGLISH
from loopback import Loopback, Say, serving

NEWS = ImportNews(
    id="n1",
    kind="available",
    at=datetime(2026, 12, 1, tzinfo=timezone.utc),
    bucket="images",
    object_key="web.qcow2",
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(authority: Path) -> Iterator[Loopback]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    with serving(Say(json={"errcode": 0}), tls=tls) as loopback:
        yield loopback


def tell(
    receiver: Receiver, *, authority: Path | None = None, may_be_private: bool = True
) -> Told:
    sender = NewsSender(
        Credentials(access_key_id="id", access_key_secret="secret"),
        region_id="cn-hangzhou",
        words=ENGLISH,
        may_be_private=may_be_private,
        authorities=str(authority or ""),
    )
    return sender.tell(NEWS, receiver)


def at(server: Loopback, kind: str = "webhook") -> Receiver:
    return Receiver(kind=kind, url=f"{server.url}/hook/SECRET?key=SECRET")


def test_a_webhook_hears_the_news(server: Loopback, authority: Path) -> None:
    assert tell(at(server), authority=authority).verdict is Reception.TOLD
    assert json.loads(server.only.body)["id"] == "n1"


def test_nothing_private_is_called_unless_the_operator_allows_it(
    server: Loopback, authority: Path
) -> None:
    told = tell(at(server), authority=authority, may_be_private=False)
    assert told.verdict is Reception.LATER
    assert "NOTIFY_PRIVATE=true" in told.why
    assert server.got == []


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "100.100.100.200", "127.0.0.1", "10.0.0.1", "192.168.1.1",
        "::1", "fe80::1%eth0", "fd00::1", "::ffff:100.100.100.200",
        "64:ff9b::6464:64c8",
    ],
)  # fmt: skip
def test_a_private_or_metadata_address_is_refused_by_what_it_is(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"]
)
def test_a_public_address_is_taken(address: str) -> None:
    assert is_public(address)


def test_the_address_that_counts_is_the_one_that_was_reached(
    authority: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when somebody looks, and leads here when it is called."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *rest: Any, **more: Any) -> Any:
        looked_up.append(host)
        return real("127.0.0.1", port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    port = server.host.rpartition(":")[2]
    receiver = Receiver(kind="webhook", url=f"https://public.example.com:{port}/SECRET")
    told = tell(receiver, authority=authority, may_be_private=False)
    assert "public.example.com leads to a private" in told.why
    assert looked_up == ["public.example.com"]
    assert server.got == []


def test_an_answer_that_never_ends_is_cut_off_as_a_whole() -> None:
    for may_be_private in (False, True):
        sender = NewsSender(
            Credentials(access_key_id="id", access_key_secret="secret"),
            region_id="cn-hangzhou",
            words=ENGLISH,
            may_be_private=may_be_private,
        )
        adapter: Any = sender._session.get_adapter("https://a.example.com/")
        classes = adapter.poolmanager.pool_classes_by_scheme
        connection = classes["https"].ConnectionCls
        assert issubclass(connection, TimedHttps)


def test_an_odd_answer_is_logged_without_the_url(
    authority: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    caplog.set_level(logging.DEBUG)
    odd = Say(json={}, headers={"X\r\nno header at all\r\nY": "1"})
    with serving(odd, tls=tls) as server:
        tell(at(server), authority=authority)
        assert server.got
    assert "SECRET" not in caplog.text


def test_no_redirect_is_followed(authority: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    away = Say(status=302, headers={"Location": "https://127.0.0.1:1/"})
    with serving(away, tls=tls) as server:
        told = tell(at(server), authority=authority)
    assert (told.verdict, told.why) == (Reception.LATER, "HTTP 302")


def test_why_nothing_came_back_shows_no_url() -> None:
    receiver = Receiver(kind="webhook", url="https://127.0.0.1:1/SECRET?key=SECRET")
    told = tell(receiver)
    assert told.why == "no answer (ConnectionError)"


def test_a_robot_s_no_is_no_success(authority: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    with serving(Say(json={"errcode": 310000}), tls=tls) as server:
        told = tell(replace(at(server), kind="dingtalk"), authority=authority)
    assert told == Told(verdict=Reception.LATER, why="HTTP 200, errcode 310000")
