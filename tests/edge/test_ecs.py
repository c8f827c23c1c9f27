"""The ECS client against plain HTTP on this machine: what it sends and understands."""

import gzip
import json
import logging
import socket
import ssl
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from alibabacloud_ecs20140526.client import Client
from alibabacloud_ecs20140526.models import ImportImageRequest
from alibabacloud_tea_openapi.models import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from cryptography.x509.oid import NameOID
from image_import.credentials import Credentials
from image_import.ecs import LARGEST_ANSWER_BYTES, Ecs, make_session
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable
from image_import.marks import ExistingImage
from image_import.replies import ImportReply
from image_import.settings import read_settings
from image_import.signatures import rpc_signature
from loopback import Got, Say, serving
from urllib3.exceptions import InsecureRequestWarning

FUNCTIONS = Path(__file__).parents[2] / "functions"
KEY = Credentials(access_key_id="testid", access_key_secret="testsecret")
TOKEN = Credentials(
    access_key_id="testid", access_key_secret="testsecret", security_token="tok/en=="
)
IMPORT = {
    "RegionId": "cn-hangzhou",
    "ImageName": "镜像 a*~",
    "Description": "a/b+c&d=e",
    "Platform": "Others Linux",
    "DiskDeviceMapping.1.OSSBucket": "images",
    "DiskDeviceMapping.1.OSSObject": "dir/CentOS 5.raw",
    "DiskDeviceMapping.1.Format": "RAW",
    "DiskDeviceMapping.1.DiskImageSize": "40",
    "ClientToken": "0123",
}
ACCEPTED = Say(json={"RequestId": "R-1", "ImageId": "m-1", "TaskId": "t-1"})
STACK = {
    "OSS_ENDPOINT": "http://oss.test",
    "APSARA_ORGANIZATION_ID": "37",
    "APSARA_RESOURCE_GROUP_ID": "rg-9",
}
POP = {**STACK, "IMPORT_TARGET": "apsara-pop"}
ROUTE = {**STACK, "IMPORT_TARGET": "apsara-route"}


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with make_session(4) as made:
        yield made


def make_ecs(
    session: requests.Session,
    endpoint: str,
    environ: dict[str, str] | None = None,
    credentials: Credentials = KEY,
    timeouts: tuple[float, float] = (5, 5),
) -> Ecs:
    settings = read_settings({"ECS_ENDPOINT": endpoint, **(environ or {})})
    return Ecs(
        session,
        settings,
        credentials,
        "cn-hangzhou",
        now=lambda: datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        nonce=lambda: "0123456789abcdef",
        timeouts=timeouts,
    )


def sent(
    session: requests.Session,
    environ: dict[str, str],
    parameters: dict[str, str] = IMPORT,
    credentials: Credentials = KEY,
) -> Got:
    with serving(ACCEPTED) as server:
        ecs = make_ecs(session, server.url, environ, credentials)
        assert ecs.import_image(parameters).image_id == "m-1"
        return server.only


# What is sent


def test_public_gets_all_parameters_in_the_query(session: requests.Session) -> None:
    got = sent(session, {})
    assert (got.method, got.path, got.query, got.body) == ("POST", "/", IMPORT, b"")
    assert got.headers["x-acs-action"] == "ImportImage"
    assert got.headers["x-acs-version"] == "2014-05-26"
    assert got.headers["Authorization"].startswith("ACS3-HMAC-SHA256 Credential=testid")


def official(credentials: Credentials, **config: Any) -> Got:
    """Return what the official SDK sends for IMPORT."""
    with serving(ACCEPTED) as server:
        client = Client(
            Config(
                access_key_id=credentials.access_key_id,
                access_key_secret=credentials.access_key_secret,
                security_token=credentials.security_token or None,
                endpoint=server.host,
                protocol="HTTP",
                **config,
            )
        )
        mapping = {"OSSBucket": "images", "OSSObject": "dir/CentOS 5.raw"}
        request = ImportImageRequest().from_map(
            {
                **{name: value for name, value in IMPORT.items() if "." not in name},
                "DiskDeviceMapping": [
                    {**mapping, "Format": "RAW", "DiskImageSize": 40}
                ],
            }
        )
        client.import_image(request)
        return server.only


@pytest.mark.parametrize("credentials", [KEY, TOKEN], ids=["key", "token"])
def test_public_is_called_as_the_official_sdk_calls_it(
    session: requests.Session, credentials: Credentials
) -> None:
    ours, theirs = sent(session, {}, credentials=credentials), official(credentials)
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert (ours.query, ours.body) == (theirs.query, theirs.body)
    own = {"x-acs-credentials-provider"}
    assert acs_names(ours) == acs_names(theirs) - own
    same = {"x-acs-action", "x-acs-version", "x-acs-content-sha256"}
    assert {n: ours.headers[n] for n in same} == {n: theirs.headers[n] for n in same}


def acs_names(got: Got) -> set[str]:
    return {name.lower() for name in got.headers if name.lower().startswith("x-acs-")}


def test_pop_is_called_as_the_official_sdk_calls_it_by_rpc(
    session: requests.Session,
) -> None:
    ours = sent(session, POP, credentials=TOKEN)
    theirs = official(TOKEN, signature_algorithm="v2")
    assert (ours.method, ours.path, ours.body) == ("POST", theirs.path, theirs.body)
    assert ours.query.keys() == theirs.query.keys()
    differ = {"Signature", "SignatureNonce", "Timestamp", "Format"}
    assert {n: v for n, v in ours.query.items() if n not in differ} == {
        n: v for n, v in theirs.query.items() if n not in differ
    }


def test_pop_gets_a_signature_and_its_gateways_headers(
    session: requests.Session,
) -> None:
    got = sent(session, POP)
    signed = {n: v for n, v in got.query.items() if n != "Signature"}
    signature = rpc_signature(signed.items(), method="POST", secret="testsecret")
    assert got.query["Signature"] == signature
    assert {name: got.headers[name] for name in acs_names(got)} == {
        "x-acs-regionid": "cn-hangzhou",
        "x-acs-organizationid": "37",
        "x-acs-resourcegroupid": "rg-9",
        "x-acs-caller-sdk-source": "image-import",
    }


def test_the_route_gets_a_form_at_its_path(session: requests.Session) -> None:
    parameters = {**IMPORT, "regionId": "cn-hangzhou", "version": "2016-01-01"}
    got = sent(session, ROUTE, parameters)
    assert got.target == "/apsara/route/Ecs/ImportImage"
    assert got.form == parameters
    assert got.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert got.headers["Authorization"].startswith("acs testid:")
    assert got.headers["x-acs-version"] == "2016-01-01"


@pytest.mark.parametrize(
    ("environ", "path", "named"),
    [
        ({"ECS_AUTH": "none"}, "/apsara/route/Ecs/ImportImage", False),
        ({"ECS_AUTH": "none", "ECS_PATH": "/x"}, "/x", True),
        ({"ECS_AUTH": "rpc-v1"}, "/apsara/route/Ecs/ImportImage", True),
        ({"ECS_AUTH": "acs3", "ECS_PATH": "/x"}, "/x", False),
    ],
    ids=["none", "none elsewhere", "rpc", "acs3"],
)
def test_the_action_is_named_where_nothing_else_names_it(
    session: requests.Session, environ: dict[str, str], path: str, *, named: bool
) -> None:
    got = sent(session, {**ROUTE, **environ})
    assert got.path == path
    assert got.form.items() >= IMPORT.items()
    assert ("Action" in got.form) is named
    assert ("Authorization" in got.headers) is (environ["ECS_AUTH"] == "acs3")


def test_a_gateway_may_want_json(session: requests.Session) -> None:
    got = sent(session, {**ROUTE, "ECS_BODY_FORMAT": "json"})
    assert json.loads(got.body) == IMPORT
    assert got.headers["Content-Type"] == "application/json"


def test_further_headers_are_sent_and_signed(session: requests.Session) -> None:
    environ = {"ECS_HEADERS": '{"x-acs-roleid": "7", "accept": "*/*"}'}
    got = sent(session, environ)
    assert (got.headers["x-acs-roleid"], got.headers["Accept"]) == ("7", "*/*")
    assert ";x-acs-roleid;" in got.headers["Authorization"]


CALL_WITHOUT_AUTH = """
import sys
from image_import.credentials import Credentials
from image_import.ecs import Ecs, make_session
from image_import.settings import read_settings
url = sys.argv[1]
settings = read_settings({
    "IMPORT_TARGET": "apsara-route", "ECS_AUTH": "none",
    "ECS_ENDPOINT": url, "OSS_ENDPOINT": url,
})
credentials = Credentials(access_key_id="i", access_key_secret="s")
Ecs(make_session(1), settings, credentials, "r").import_image({"ImageName": "web"})
"""


def test_credentials_in_netrc_are_left_alone(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    environ = {"NETRC": str(netrc), "PYTHONPATH": str(FUNCTIONS)}
    with serving(ACCEPTED) as server:
        command = [sys.executable, "-c", CALL_WITHOUT_AUTH, server.url]
        subprocess.run(command, env=environ, check=True)
        assert "Authorization" not in server.only.headers


def test_every_request_has_its_own_nonce(session: requests.Session) -> None:
    with serving(ACCEPTED) as server:
        settings = read_settings({"ECS_ENDPOINT": server.url})
        ecs = Ecs(session, settings, KEY, "cn-hangzhou")
        for _ in range(2):
            ecs.import_image(IMPORT)
        nonces = {got.headers["x-acs-signature-nonce"] for got in server.got}
    assert len(nonces) == 2


# What comes back


def ask(session: requests.Session, *answers: Say, **given: Any) -> ImportReply:
    with serving(*answers) as server:
        return make_ecs(session, server.url, **given).import_image(IMPORT)


def test_an_accepted_import_is_told_by_its_ids(session: requests.Session) -> None:
    reply = ask(session, ACCEPTED)
    assert reply == ImportReply(request_id="R-1", image_id="m-1", task_id="t-1")


def test_a_refusal_keeps_code_message_and_request_id(session: requests.Session) -> None:
    said = {"Code": "InvalidRegion.NotSupport", "Message": "no", "RequestId": "R-2"}
    with pytest.raises(
        ServiceRejected, match=r"InvalidRegion\.NotSupport: no$"
    ) as caught:
        ask(session, Say(json=said, status=403))
    assert (caught.value.request_id, caught.value.http_status) == ("R-2", 403)


def test_throttling_says_how_long_to_wait(session: requests.Session) -> None:
    answer = Say(
        json={"Code": "Throttling.User", "Message": "slow", "RequestId": "R"},
        status=400,
        headers={"x-acs-retry-after": "1500"},
    )
    with pytest.raises(ServiceUnavailable) as caught:
        ask(session, answer)
    assert caught.value.retry_after_seconds == 1.5


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(session: requests.Session, status: int) -> None:
    with serving(ACCEPTED) as elsewhere:
        headers = {"Location": f"{elsewhere.url}/?stolen=1"}
        with pytest.raises(
            ServiceRejected, match=r"redirected to 127\.0\.0\.1:"
        ) as caught:
            ask(session, Say(json={}, status=status, headers=headers))
        assert elsewhere.got == []
    assert "stolen" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        Say(body=b" " * (LARGEST_ANSWER_BYTES + 1) + b'{"RequestId": "R"}'),
        Say(
            body=gzip.compress(b" " * (LARGEST_ANSWER_BYTES * 4)),
            headers={"Content-Encoding": "gzip"},
        ),
    ],
    ids=["plain", "compressed"],
)
def test_an_endless_answer_is_not_read_to_its_end(
    session: requests.Session, answer: Say
) -> None:
    with pytest.raises(ServiceUnavailable, match="expected JSON") as caught:
        ask(session, answer)
    assert caught.value.perhaps_done


# No answer


def failure(session: requests.Session, endpoint: str, **given: Any) -> ServiceError:
    ecs = make_ecs(session, endpoint, credentials=TOKEN, **given)
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


def test_a_name_that_does_not_resolve_has_done_nothing(
    session: requests.Session,
) -> None:
    error = failure(session, "http://localhost.invalid")
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


def test_a_missing_file_of_authorities_is_named(session: requests.Session) -> None:
    environ = {"CA_FILE": "/nowhere/ca.pem"}
    error = failure(session, "https://127.0.0.1:1", environ=environ)
    assert isinstance(error, ServiceRejected)
    assert error.code == "CaFileUnreadable"


def test_an_endpoint_that_is_no_host_is_refused(session: requests.Session) -> None:
    error = failure(session, "http://.example.com")
    assert isinstance(error, ServiceRejected)
    assert error.code == "InvalidRequest"


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


def test_no_signature_is_logged_even_at_debug(
    session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sent(session, POP, credentials=TOKEN)
    assert "Signature" not in caplog.text


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=timezone.utc))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=timezone.utc))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def tls(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    return context


def test_a_certificate_that_nobody_vouches_for_stops_the_call(
    session: requests.Session, tls: ssl.SSLContext
) -> None:
    with serving(ACCEPTED, tls=tls) as server:
        error = failure(session, server.url)
        assert server.got == []
    assert isinstance(error, ServiceRejected)
    assert (error.code, error.perhaps_done) == ("SSLError", False)


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


# Looking up


def image(name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"ImageId": f"m-{number}", "ImageName": name, "Status": "Waiting", **more}


def page(*images: dict[str, Any], total: int | None = None) -> Say:
    told = {} if total is None else {"TotalCount": total}
    return Say(json={"RequestId": "R", "Images": {"Image": list(images)}, **told})


def test_an_image_is_found_by_its_exact_name_in_any_status(
    session: requests.Session,
) -> None:
    with serving(page(image("web-10"), image("web-1", 2), total=2)) as server:
        found = make_ecs(session, server.url).find_images("web-1")
        query = server.only.query
    assert found == [
        ExistingImage(image_id="m-2", image_name="web-1", status="Waiting")
    ]
    assert query == {
        "RegionId": "cn-hangzhou",
        "ImageName": "web-1",
        "ImageOwnerAlias": "self",
        "Status": "Creating,Waiting,Available,UnAvailable,CreateFailed",
        "PageSize": "100",
        "PageNumber": "1",
    }


def test_all_pages_are_read(session: requests.Session) -> None:
    first = page(*(image("web", n) for n in range(100)), total=101)
    with serving(first, page(image("web", 100), total=101)) as server:
        found = make_ecs(session, server.url).find_images("web")
        pages = [got.query["PageNumber"] for got in server.got]
    assert (len(found), pages) == (101, ["1", "2"])


@pytest.mark.parametrize(
    ("answers", "requests_made"),
    [
        ([page(image("web"))], 1),
        ([page(*(image("web", n) for n in range(100))), page()], 2),
        ([page(total=7)], 1),
    ],
    ids=["a short page", "a full page", "an empty page"],
)
def test_pages_end_without_a_total(
    session: requests.Session, answers: list[Say], requests_made: int
) -> None:
    with serving(*answers) as server:
        make_ecs(session, server.url).find_images("web")
        assert len(server.got) == requests_made


def test_pages_without_an_end_are_left(session: requests.Session) -> None:
    with serving(page(image("web"), total=10**6)) as server:
        with pytest.raises(ServiceRejected, match="more than 10000 images fit"):
            make_ecs(session, server.url).find_images("web")
        assert len(server.got) == 100


def test_images_are_found_by_their_ids_in_one_request(
    session: requests.Session,
) -> None:
    with serving(page(image("a"), image("b", 2), total=2)) as server:
        found = make_ecs(session, server.url).find_images_by_id(["m-1", "m-2"])
        assert server.only.query["ImageId"] == "m-1,m-2"
    assert [image.image_name for image in found] == ["a", "b"]


def test_a_missing_list_is_not_an_empty_one(session: requests.Session) -> None:
    with (
        serving(Say(json={"RequestId": "R"})) as server,
        pytest.raises(ServiceUnavailable, match="the answer has no Images"),
    ):
        make_ecs(session, server.url).find_images("web")


def test_pop_looks_up_at_the_same_door(session: requests.Session) -> None:
    with serving(page()) as server:
        make_ecs(session, server.url, POP).find_images("web")
        got = server.only
    assert got.query["Action"] == "DescribeImages"
    assert got.query.keys() >= {"Signature", "Version"}
    assert got.headers["x-acs-organizationid"] == "37"


def test_the_route_may_look_up_by_pop_elsewhere(session: requests.Session) -> None:
    with serving(page()) as pop:
        environ = {**ROUTE, "ECS_LOOKUP": "pop", "ECS_LOOKUP_ENDPOINT": pop.url}
        ecs = make_ecs(session, "http://ecs.test", environ)
        assert ecs.find_images("web") == []
        got = pop.only
    assert (ecs.has_lookup, ecs.has_client_token) == (True, False)
    assert (got.path, got.query["Version"]) == ("/", "2014-05-26")


def test_tasks_are_asked_for_together(session: requests.Session) -> None:
    tasks = {"Task": [{"TaskId": "t-1", "TaskStatus": "Finished"}]}
    with serving(Say(json={"RequestId": "R", "TaskSet": tasks})) as server:
        (task,) = make_ecs(session, server.url).describe_tasks(["t-1", "t-2"])
        assert server.only.query["TaskIds"] == "t-1,t-2"
    assert (task.task_id, task.status) == ("t-1", "Finished")


def test_one_task_is_asked_for_with_its_error(session: requests.Session) -> None:
    said = {"RequestId": "R", "TaskId": "t-1", "TaskStatus": "Failed"}
    with serving(Say(json=said)) as server:
        task = make_ecs(session, server.url).describe_task("t-1")
        assert server.only.headers["x-acs-action"] == "DescribeTaskAttribute"
    assert task.status == "Failed"


def test_a_task_is_cancelled(session: requests.Session) -> None:
    with serving(Say(json={"RequestId": "R"})) as server:
        make_ecs(session, server.url).cancel_task("t-1")
        assert server.only.headers["x-acs-action"] == "CancelTask"


def test_a_task_that_has_ended_cannot_be_cancelled(session: requests.Session) -> None:
    said = {"Code": "InvalidTaskId.IncorrectTaskStatus", "Message": "x"}
    with (
        serving(Say(json=said, status=403)) as server,
        pytest.raises(ServiceRejected, match="IncorrectTaskStatus"),
    ):
        make_ecs(session, server.url).cancel_task("t-1")
