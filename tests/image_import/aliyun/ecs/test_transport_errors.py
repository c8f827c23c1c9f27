"""The ECS client when there is no answer: did it do something, and what is told?"""

import logging
import socket
import ssl
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from calling_ecs import ACCEPTED, IMPORT, POP, ROUTE, TOKEN, make_ecs
from certificates import make_authority
from image_import.config.credentials import Credentials
from image_import.errors import ServiceError, ServiceUnavailable
from loopback import Got, Say, serving
from urllib3.exceptions import InsecureRequestWarning


def failure(session: requests.Session, endpoint: str, **given: Any) -> ServiceError:
    ecs = make_ecs(session, endpoint, **{"credentials": TOKEN, **given})
    with pytest.raises(ServiceError) as caught:
        ecs.import_image(IMPORT)
    return caught.value


@contextmanager
def port_without_server() -> Iterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_a_refused_connection_has_done_nothing(session: requests.Session) -> None:
    with port_without_server() as endpoint:
        error = failure(session, endpoint)
    assert isinstance(error, ServiceUnavailable)
    assert (error.code, error.perhaps_done) == ("ConnectionRefused", False)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Say(hang_up=True), "ConnectionReset"),
        (Say(keep_silent=True), "ReadTimeout"),
        (Say(json={}, headers={"Content-Length": "99"}), "ConnectionReset"),
        (Say(body=b"x" * 99, headers={"Content-Encoding": "gzip"}), "ConnectionReset"),
    ],
    ids=["hangs up", "silent", "breaks off", "garbled"],
)
def test_a_lost_answer_may_have_started_an_import(
    session: requests.Session, answer: Say, code: str
) -> None:
    with serving(answer) as server:
        error = failure(session, server.url, timeouts=(5, 0.2))
    assert isinstance(error, ServiceUnavailable)
    assert (error.code, error.perhaps_done) == (code, True)


def test_a_proxy_that_is_not_there_has_done_nothing(
    session: requests.Session,
) -> None:
    with port_without_server() as proxy:
        session.proxies["http"] = proxy
        error = failure(session, "http://ecs.test")
    assert isinstance(error, ServiceUnavailable)
    assert (error.code, error.perhaps_done) == ("ProxyError", False)


@pytest.mark.parametrize("environ", [{}, POP, ROUTE], ids=["public", "pop", "route"])
def test_no_signature_is_in_the_trace_of_an_error(
    session: requests.Session, environ: dict[str, str]
) -> None:
    with port_without_server() as endpoint:
        error = failure(session, endpoint, environ=environ)
    trace = "".join(traceback.format_exception(error))
    assert "ServiceUnavailable" in trace
    leaks = [
        word for word in ("Signature", "testid", "tok", "Action=") if word in trace
    ]
    assert leaks == []


LONG = Credentials(
    access_key_id="LTAI-not-a-real-key-id",
    access_key_secret="not-a-real-secret",
    security_token="CAIS/not+a/real+token==",
)


@pytest.mark.parametrize("environ", [{}, POP, ROUTE], ids=["public", "pop", "route"])
def test_a_refused_signature_is_told_without_what_was_signed(
    session: requests.Session, environ: dict[str, str]
) -> None:
    def echo(got: Got) -> Say:
        signed = quote(f"{got.target}{got.body.decode()}{got.headers}")
        said = f"Not matched. server string to sign is:POST&%2F&{signed}"
        return Say(status=400, json={"Code": "SignatureDoesNotMatch", "Message": said})

    with serving(echo) as server:
        error = failure(session, server.url, environ=environ, credentials=LONG)
        assert "LTAI-not-a-real" in str(server.only)
    trace = "".join(traceback.format_exception(error))
    assert "SignatureDoesNotMatch: Not matched. (the signed text" in trace
    assert not [part for part in ("LTAI", "CAIS", "Signature=") if part in trace]


def test_a_page_that_quotes_our_headers_is_quoted_without_secrets(
    session: requests.Session,
) -> None:
    def echo(got: Got) -> Say:
        page = f"<html>denied: {got.headers}".encode()
        return Say(status=403, body=page, headers={"Content-Type": "text/html"})

    environ = {**POP, "ECS_HEADERS": '{"x-gateway-key": "a-gateway-s-own-key"}'}
    with serving(echo) as server:
        error = failure(session, server.url, environ=environ, credentials=LONG)
    assert "denied: " in str(error)
    assert not [part for part in ("CAIS", "a-gateway-s") if part in str(error)]


def test_no_signature_is_logged_even_at_debug(
    session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(ACCEPTED) as server:
        make_ecs(session, server.url, POP, TOKEN).import_image(IMPORT)
    assert "Signature" not in caplog.text


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    return context


def test_a_stack_may_bring_its_own_authority(
    session: requests.Session, tls: ssl.SSLContext, authority: Path
) -> None:
    with serving(ACCEPTED, tls=tls) as server:
        ecs = make_ecs(session, server.url, {"CA_FILE": str(authority)})
        assert ecs.import_image(IMPORT).image_id == "m-1"


def test_certificates_go_unchecked_only_on_request_and_with_a_warning(
    session: requests.Session, tls: ssl.SSLContext
) -> None:
    with serving(ACCEPTED, tls=tls) as server:
        ecs = make_ecs(session, server.url, {"TLS_INSECURE": "true"})
        with pytest.warns(InsecureRequestWarning, match="Unverified HTTPS request"):
            ecs.import_image(IMPORT)
        assert server.only.query == IMPORT
