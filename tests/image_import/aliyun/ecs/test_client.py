"""The ECS client against plain HTTP on this machine: what it sends and understands."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from alibabacloud_ecs20140526.client import Client
from alibabacloud_ecs20140526.models import ImportImageRequest
from alibabacloud_tea_openapi.models import Config
from calling_ecs import ACCEPTED, IMPORT, KEY, POP, ROUTE, TOKEN, make_ecs
from image_import.aliyun.ecs.client import LARGEST_ANSWER_BYTES, Ecs
from image_import.aliyun.ecs.import_response import ImportReply
from image_import.aliyun.ecs.signatures import rpc_signature
from image_import.config.credentials import Credentials
from image_import.config.settings import read_settings
from image_import.errors import ServiceRejected, ServiceUnavailable
from loopback import Got, Say, serving
from repository import FUNCTIONS


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
from image_import.config.credentials import Credentials
from image_import.aliyun.ecs.client import Ecs, make_session
from image_import.config.settings import read_settings
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
            ServiceUnavailable, match=r"redirected to 127\.0\.0\.1:"
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
