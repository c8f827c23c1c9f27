"""One message over a real connection."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from certificates import make_authority
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


@pytest.mark.parametrize("host", ["169.254.169.254", "100.100.100.200", "[::1]"])
def test_a_metadata_address_is_refused_by_what_it_is(host: str) -> None:
    assert not is_public(host.strip("[]"))


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
    assert told == Told(verdict=Reception.LATER, why="HTTP 200")
