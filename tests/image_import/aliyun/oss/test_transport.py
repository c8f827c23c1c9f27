"""What our OSS requests look like on the wire, and which way they take."""

import cProfile
import gzip
import pstats
from collections.abc import Callable

import oss2
import pytest
from image_import.aliyun.oss.client import Oss, make_session
from image_import.aliyun.oss.transport import Sender
from image_import.config.credentials import Credentials
from image_import.errors import ServiceRejected, ServiceUnavailable
from loopback import Got, Loopback, Say, serving

DATE = "Thu, 26 Nov 2026 12:00:00 GMT"
OWN = {"Date": DATE, "ETag": '"E"', "x-oss-request-id": "R"}
BYTES = Say(body=b"data", headers=OWN)
SIGNED = {"authorization", "x-oss-date"}
KEY = "in/网站 1+2%20~(a).qcow2"
LISTING = {"prefix": "in/é &=+/", "list-type": "2", "continuation-token": ""}

Call = Callable[[oss2.Bucket], object]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def client(server: Loopback) -> Oss:
    return Oss(
        make_session(2),
        Credentials(access_key_id="i", access_key_secret="s", security_token="t"),
        endpoint=server.url,
        region_id="cn-hangzhou",
        signature_version="v4",
        addressing="path",
    )


def read(oss: Oss) -> bytes:
    return oss.read_whole("images", "web.qcow2", limit=100).data


def bucket(url: str, session: object) -> oss2.Bucket:
    auth = oss2.ProviderAuthV4(
        oss2.credentials.StaticCredentialsProvider("i", "s", "t")
    )
    return oss2.Bucket(
        auth,
        url,
        "images",
        session=session,
        region="cn-hangzhou",
        is_path_style=True,
        enable_crc=False,
        connect_timeout=(5, 5),
    )


def told(got: Got) -> tuple[str, str, dict[str, str], bytes]:
    headers = {n.lower(): v for n, v in got.headers.items() if n.lower() not in SIGNED}
    return got.method, got.target, headers, got.body


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda b: b.get_object(KEY, byte_range=(0, 9)), id="get"),
        pytest.param(lambda b: b.get_object("a/../b"), id="dots"),
        pytest.param(lambda b: b.append_object(KEY, 12, b"line\n"), id="append"),
        pytest.param(lambda b: b.put_object(KEY, "{}"), id="put"),
        pytest.param(lambda b: b.put_object(KEY, b""), id="put nothing"),
        pytest.param(lambda b: b.delete_object(KEY), id="delete"),
        pytest.param(lambda b: b.get_object(KEY, params=LISTING), id="parameters"),
    ],
)
def test_what_goes_out_is_what_the_session_of_oss2_sends(call: Call) -> None:
    appended = {"x-oss-next-append-position": "17", "x-oss-hash-crc64ecma": "1"}
    answer = Say(headers={**OWN, **appended})
    with serving(answer) as server:
        call(bucket(server.url, Sender(make_session(1))))
        call(bucket(server.url, oss2.Session(pool_size=1)))
        ours, theirs = server.got
    assert told(ours) == told(theirs)


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(BYTES) as server, serving(BYTES) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//me:pass@"))
        assert read(client(server)) == b"data"
        assert server.got == []
        assert proxy.only.target == f"{server.url}/images/web.qcow2"
        assert proxy.only.headers["Proxy-Authorization"].startswith("Basic ")


def test_no_proxy_is_used_for_a_host_that_the_environment_excepts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(BYTES) as server, serving(BYTES) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        read(client(server))
        assert (len(server.got), len(proxy.got)) == (1, 0)


def test_a_redirect_is_not_followed() -> None:
    with serving(BYTES) as target:
        moved = Say(status=307, headers={"Location": f"{target.url}/elsewhere?x=1"})
        with serving(moved) as server:
            with pytest.raises(ServiceUnavailable) as caught:
                read(client(server))
            assert target.got == []
    assert caught.value.code == "Redirected"
    assert f"redirected to {target.host}" in str(caught.value)


def test_cookies_are_not_sent_back() -> None:
    cookie = Say(body=b"data", headers={**OWN, "Set-Cookie": "a=b; Path=/"})
    with serving(cookie) as server:
        oss = client(server)
        read(oss)
        read(oss)
        assert ["Cookie" in got.headers for got in server.got] == [False, False]


def test_credentials_in_netrc_do_not_replace_the_signature(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n", "utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(BYTES) as server:
        read(client(server))
        assert server.only.headers["Authorization"].startswith("OSS4-HMAC-SHA256 ")


def test_a_body_that_breaks_off_is_no_answer() -> None:
    short = Say(
        body=b"da", headers={**OWN, "Content-Length": "4", "Connection": "close"}
    )
    with serving(short, Say(hang_up=True)) as server:
        oss = client(server)
        with pytest.raises(ServiceUnavailable, match=r"GetObject: ConnectionReset"):
            read(oss)


def test_a_header_that_nobody_may_send_is_refused_before_it_is_sent() -> None:
    with serving(BYTES) as server:
        oss = client(server)
        with pytest.raises(ServiceRejected, match="InvalidHeader"):
            oss.read_range("images", "a", first=0, last=1, etag="x\r\nHost: y")
        assert server.got == []


def test_a_reply_is_read_in_pieces_and_then_to_its_end() -> None:
    with serving(Say(body=b"0123456789", headers=OWN)) as server:
        reply = bucket(server.url, Sender(make_session(1))).get_object("a").resp
        assert (reply.read(4), reply.read(), reply.read(), reply.read(1)) == (
            b"0123",
            b"456789",
            b"",
            b"",
        )


def test_bytes_come_as_they_are_stored_whatever_coding_they_are_said_to_be_in() -> None:
    zipped = gzip.compress(b"plain")
    stored = Say(body=zipped, headers={**OWN, "Content-Encoding": "gzip"})
    plain = Say(body=b"plain", headers={**OWN, "Content-Encoding": "gzip"})
    with serving(stored, plain) as server:
        oss = client(server)
        assert (read(oss), read(oss)) == (zipped, b"plain")
        assert "gzip" not in server.got[0].headers.get("Accept-Encoding", "")


def calls(exchange: Callable[[], object]) -> int:
    """Return how many functions an exchange calls in this thread, the second time."""
    exchange()
    profile = cProfile.Profile()
    profile.runcall(exchange)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_an_exchange_takes_two_thirds_of_the_calls_of_the_session_of_oss2() -> None:
    with serving(BYTES) as server:
        oss = client(server)
        theirs = bucket(server.url, oss2.Session(pool_size=1))
        ours = calls(lambda: read(oss))
        assert ours <= calls(lambda: theirs.get_object("web.qcow2").read()) * 2 / 3
