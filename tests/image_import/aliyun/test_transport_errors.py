"""One classification of transport faults: OSS and ECS end alike and name a setting."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from calling_ecs import IMPORT, make_ecs
from certificates import make_authority
from image_import.aliyun.ecs.client import make_session as make_ecs_session
from image_import.aliyun.oss.client import Oss, make_session
from image_import.aliyun.transport_errors import foreign_answer, unanswered
from image_import.config.credentials import Credentials
from image_import.config.settings import read_settings
from image_import.errors import (
    ServiceError,
    ServiceRejected,
    ServiceUnavailable,
    SettingsError,
)
from image_import.importing.results import of_error
from loopback import Loopback, Say, serving

SERVICES = ["OSS", "ECS"]
KEY = Credentials(access_key_id="an-id", access_key_secret="a-secret")


def failure(
    service: str, url: str, *, verify: bool | str = True, left: float = 900
) -> ServiceError:
    """Return what an exchange with a service at this address fails with."""
    with pytest.raises(ServiceError) as caught:
        ask(service, url, verify=verify, left=left)
    assert caught.value.service == service
    return caught.value


def ask(service: str, url: str, *, verify: bool | str, left: float) -> None:
    if service == "ECS":
        environ = {"CA_FILE": verify} if isinstance(verify, str) else {}
        ecs = make_ecs(make_ecs_session(1), url, environ, remaining=lambda: left)
        ecs.import_image(IMPORT)
    session = make_session(1)
    session.verify = verify
    oss = Oss(
        session,
        KEY,
        endpoint=url,
        region_id="cn-hangzhou",
        signature_version="v4",
        addressing="path",
        remaining=lambda: left,
    )
    oss.read_range("images", "a", first=0, last=3)


@contextmanager
def serving_tls(certificate: Path) -> Iterator[Loopback]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(Say(), tls=context) as server:
        yield server


def check(
    error: ServiceError, code: str, setting: str, *, perhaps_done: bool = False
) -> None:
    """See that it ends at once, what it has done, and that it names what to correct."""
    assert isinstance(error, ServiceRejected)
    assert (error.code, error.perhaps_done) == (code, perhaps_done)
    assert setting in of_error(error).reason


@pytest.mark.parametrize("service", SERVICES)
def test_a_certificate_that_nobody_vouches_for(service: str, tmp_path: Path) -> None:
    with serving_tls(make_authority(tmp_path)) as server:
        check(failure(service, server.url), "SSLError", "CA_FILE")


@pytest.mark.parametrize("service", SERVICES)
def test_a_certificate_of_another_host(service: str, tmp_path: Path) -> None:
    path = make_authority(tmp_path, "127.0.0.9")
    with serving_tls(path) as server:
        error = failure(service, server.url, verify=str(path))
    check(error, "CertificateOfAnotherHost", f"{service}_ENDPOINT")


@pytest.mark.parametrize("content", [None, b"", b"junk"], ids=["none", "empty", "junk"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_file_of_authorities_that_cannot_be_read(
    service: str, content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    error = failure(service, "https://127.0.0.1:1", verify=str(path))
    if content is None:
        check(error, "CaFileUnreadable", "CA_FILE")
    else:
        with serving(Say()) as server:
            url = server.url.replace("http:", "https:")
            error = failure(service, url, verify=str(path))
        check(error, "CaFileUnreadable", "CA_FILE")


@pytest.mark.parametrize("service", SERVICES)
def test_a_server_that_does_not_speak_tls(service: str) -> None:
    with serving(Say()) as server:
        error = failure(service, server.url.replace("http:", "https:"))
    check(error, "NoTls", f"{service}_ENDPOINT")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect(service: str, status: int) -> None:
    with serving(Say()) as target:
        moved = Say(status=status, headers={"Location": f"{target.url}/x"})
        with serving(moved) as server:
            error = failure(service, server.url)
        assert isinstance(error, ServiceUnavailable)
        assert (error.code, error.perhaps_done) == ("Redirected", True)
        assert f"{service}_ENDPOINT" in str(error)
        assert target.got == []


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_will_not_connect_us(
    service: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Say(status=status)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        error = failure(service, "https://elsewhere.test")
    check(error, "ProxyRefused", "HTTPS_PROXY")


@pytest.mark.parametrize("service", SERVICES)
def test_a_proxy_that_asks_for_a_password(service: str) -> None:
    with serving(Say(status=407, body=b"<html>")) as server:
        error = failure(service, server.url)
    check(error, "ProxyPassword", "HTTP_PROXY", perhaps_done=True)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [200, 403, 404, 500, 502])
def test_a_page_of_a_proxy_passes(service: str, status: int) -> None:
    with serving(Say(status=status, body=b"<html>no</html>")) as server:
        error = failure(service, server.url)
    assert isinstance(error, ServiceUnavailable)
    assert error.perhaps_done
    assert f"{service}_ENDPOINT" in str(error)


def resolving(number: int) -> requests.ConnectionError:
    """Return what requests raises where a name does not resolve."""
    error = requests.ConnectionError("no")
    error.__cause__ = socket.gaierror(number, "no")
    return error


@pytest.mark.parametrize("service", SERVICES)
def test_a_name_that_is_none_is_told_from_one_that_nobody_could_look_up(
    service: str,
) -> None:
    unknown = unanswered(resolving(socket.EAI_NONAME), service=service, action="A")
    check(unknown, "NameNotFound", f"{service}_ENDPOINT")
    passing = unanswered(resolving(socket.EAI_AGAIN), service=service, action="A")
    assert isinstance(passing, ServiceUnavailable)
    assert passing.code == "NameNotResolved"


def test_ecs_is_asked_at_an_address_of_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as bound:
        bound.bind(("::1", 0))
        error = failure("ECS", f"http://[::1]:{bound.getsockname()[1]}")
    assert error.code == "ConnectionRefused"


def test_an_address_of_ipv6_that_oss2_cannot_use_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="OSS_ENDPOINT holds an IPv6 address"):
        read_settings({"OSS_ENDPOINT": "https://[2001:db8::1]:8443"})


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_begun_that_the_platform_would_cut_off(service: str) -> None:
    with serving(Say()) as server:
        error = failure(service, server.url, left=2.5)
        assert server.got == []
    assert isinstance(error, ServiceUnavailable)
    assert (error.code, error.perhaps_done) == ("FunctionTimeout", False)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("where", ["headers", "body"])
def test_an_answer_that_trickles_ends_with_the_time_out_for_the_whole(
    service: str, where: str
) -> None:
    began = time.monotonic()
    with trickling(where) as url:
        error = failure(service, url, left=3.2)
    assert isinstance(error, ServiceUnavailable)
    assert error.perhaps_done
    assert time.monotonic() - began < 30


@contextmanager
def trickling(where: str) -> Iterator[str]:
    """Serve one answer of which a byte comes every 50 ms, for ever."""
    head, drop = b"HTTP/1.1 200 OK\r\nx-oss-request-id: R", b"R"
    if where == "body":
        head += b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        drop = b"1\r\nx\r\n"
    closing = threading.Event()

    def serve() -> None:
        with listening.accept()[0] as client, suppress(OSError):
            client.recv(65536)
            client.sendall(head)
            while not closing.wait(0.05):
                client.sendall(drop)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            closing.set()
            thread.join()


@pytest.mark.parametrize("status", [300, 304, 305])
def test_what_sends_nobody_elsewhere_is_no_answer_and_tried_again(status: int) -> None:
    error = unanswered(foreign_answer(status, {}), service="OSS", action="GetObject")
    assert isinstance(error, ServiceUnavailable)
    assert error.code == "ForeignAnswer"
