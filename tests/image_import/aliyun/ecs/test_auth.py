"""The signers, on requests that are prepared and never sent.

Documented vectors are of "Request syntax and signature method V2 for RPC APIs" and
"V3 request structure and signature", read 2026-11. All other expected values are
computed here, or were once, by the official SDKs.
"""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from alibabacloud_tea_openapi.utils import Utils
from aliyunsdkcore.auth.composer import roa_signature_composer, rpc_signature_composer
from darabonba.request import DaraRequest
from hypothesis import given
from hypothesis import strategies as st
from image_import.aliyun.ecs.auth import Acs3Auth, NoAuth, RoaV1Auth, RpcV1Auth
from image_import.aliyun.ecs.request import FORM
from image_import.aliyun.ecs.signatures import canonical_query, rpc_signature
from image_import.config.credentials import Credentials
from requests import PreparedRequest, Request

Signer = type[Acs3Auth] | type[RpcV1Auth] | type[RoaV1Auth]

LONG_TERM = Credentials(access_key_id="testid", access_key_secret="testsecret")
TEMPORARY = Credentials(
    access_key_id="testid", access_key_secret="testsecret", security_token="tok/en+=="
)
IMPORT = {
    "RegionId": "cn-hangzhou",
    "ImageName": "镜像 test*1~",
    "Description": "a/b+c&d=e",
    "Architecture": "x86_64",
    "OSType": "linux",
    "Platform": "Others Linux",
    "RoleName": "AliyunECSImageImportDefaultRole",
    "DiskDeviceMapping.1.OSSBucket": "ecsimageos",
    "DiskDeviceMapping.1.OSSObject": "dir/CentOS_5.4_32.raw",
    "DiskDeviceMapping.1.DiskImageSize": "80",
    "DiskDeviceMapping.1.Format": "RAW",
}
CALL = {"Action": "ImportImage", "Version": "2014-05-26", "Format": "JSON"}
ACS3_HEADERS = {"x-acs-action": "ImportImage", "x-acs-version": "2014-05-26"}
ROA_HEADERS = {
    "Accept": "application/json",
    "x-acs-version": "2016-01-01",
    "x-acs-region-id": "cn-qingdao-env17-d01",
}
ROUTE = "http://gw.test/apsara/route/Ecs/ImportImage"
BOTH_KEYS = pytest.mark.parametrize(
    "credentials", [LONG_TERM, TEMPORARY], ids=["long-term key", "security token"]
)
ALL_SIGNERS = pytest.mark.parametrize("signer", [Acs3Auth, RpcV1Auth, RoaV1Auth])

names = st.from_regex(r"[A-Za-z][A-Za-z0-9.]{0,20}", fullmatch=True)
some_parameters = st.dictionaries(names, st.text(min_size=1, max_size=30), max_size=8)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def prepare(
    signer: Signer,
    *,
    credentials: Credentials = LONG_TERM,
    now: str = "2024-01-02T03:04:05Z",
    nonce: str = "0123456789abcdef",
    query: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    method: str = "POST",
    url: str = "https://ecs.cn-hangzhou.aliyuncs.com/",
) -> PreparedRequest:
    described = {} if form is None else {"Content-Type": FORM}
    return Request(
        method,
        url + ("?" + encoded(query) if query else ""),
        data=None if form is None else encoded(form),
        headers={**described, **(headers or {})},
        auth=signer(credentials, now=lambda: at(now), nonce=lambda: nonce),
    ).prepare()


def encoded(parameters: dict[str, str]) -> str:
    return "&".join(
        canonical_query([(name, value)]) for name, value in parameters.items()
    )


def query_of(request: PreparedRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True))


def form_of(request: PreparedRequest) -> dict[str, str]:
    return dict(parse_qsl(body_of(request), keep_blank_values=True))


def body_of(request: PreparedRequest) -> str:
    assert isinstance(request.body, str | None)
    return request.body or ""


@pytest.fixture
def older_sdk() -> Iterator[None]:
    """The older SDK takes neither time nor nonce as an argument: it gets ours."""
    composers = (rpc_signature_composer, roa_signature_composer)
    kept = [composer.helper for composer in composers]
    for composer in composers:
        composer.helper = OurTime
    yield
    for composer, helper in zip(composers, kept, strict=True):
        composer.helper = helper


class OurTime:
    """What the older SDK asks for time, nonce and MD5."""

    @staticmethod
    def get_iso_8061_date() -> str:
        return "2024-01-02T03:04:05Z"

    @staticmethod
    def get_rfc_2616_date() -> str:
        return "Tue, 02 Jan 2024 03:04:05 GMT"

    @staticmethod
    def get_uuid() -> str:
        return "0123456789abcdef"


# RPC


@pytest.mark.parametrize(
    ("query", "now", "nonce", "signature"),
    [
        (
            {"Action": "DescribeRegions", "Format": "XML", "Version": "2014-05-26"},
            "2016-02-23T12:46:24Z",
            "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
            "OLeaidS1JvxuMvnyHOwuJ+uX5qY=",
        ),
        (
            {
                "Action": "DescribeDedicatedHosts",
                "Format": "JSON",
                "Version": "2014-05-26",
                "RegionId": "cn-beijing",
            },
            "2023-03-13T08:34:30Z",
            "edb2b34af0af9a6d14deaf7c1a5315eb",
            "9NaGiOspFP5UPcwX8Iwt2YJXXuk=",
        ),
    ],
    ids=["DescribeRegions", "DescribeDedicatedHosts"],
)
def test_rpc_signs_the_documented_examples(
    query: dict[str, str], now: str, nonce: str, signature: str
) -> None:
    request = prepare(RpcV1Auth, query=query, now=now, nonce=nonce, method="GET")
    assert query_of(request)["Signature"] == signature


def official_rpc_signature(signed: dict[str, str]) -> str:
    unsigned = {name: signed[name] for name in signed if name != "Signature"}
    return str(Utils.get_rpcsignature(unsigned, "POST", "testsecret"))


@BOTH_KEYS
@given(parameters=some_parameters)
def test_rpc_signs_a_query_as_the_official_sdk_does(
    credentials: Credentials, parameters: dict[str, str]
) -> None:
    query = {**parameters, **CALL}
    sent = query_of(prepare(RpcV1Auth, credentials=credentials, query=query))
    assert sent["Signature"] == official_rpc_signature(sent)
    assert sent.items() >= query.items()
    assert sent.get("SecurityToken", "") == credentials.security_token


@BOTH_KEYS
@given(parameters=some_parameters)
def test_rpc_signs_query_and_form_as_the_official_sdk_does(
    credentials: Credentials, parameters: dict[str, str]
) -> None:
    request = prepare(RpcV1Auth, credentials=credentials, query=CALL, form=parameters)
    form = form_of(request)
    assert form["Signature"] == official_rpc_signature({**form, **CALL})
    assert query_of(request) == CALL
    assert request.headers["Content-Length"] == str(len(body_of(request)))


@pytest.mark.usefixtures("older_sdk")
def test_rpc_signs_as_the_older_official_sdk_does() -> None:
    url, _ = rpc_signature_composer.get_signed_url(
        {**CALL, **IMPORT}, "testid", "testsecret", "JSON", "POST", {}
    )
    theirs = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    signature = theirs.pop("Signature")
    assert theirs["SignatureType"] == ""
    ours = rpc_signature(theirs.items(), method="POST", secret="testsecret")
    assert ours == signature == "YMnnLjPW+2HIJ5yeAcqnfCf42oA="


@pytest.mark.parametrize(
    ("credentials", "signature"),
    [
        (LONG_TERM, "ifHFTB0jIdl5GYIyVUrUCTTv5lA="),
        (TEMPORARY, "EevJ296+PFzLiqp6xjcPYoyj+rw="),
    ],
    ids=["long-term key", "security token"],
)
def test_rpc_signature_of_an_import_stays_what_it_was(
    credentials: Credentials, signature: str
) -> None:
    request = prepare(RpcV1Auth, credentials=credentials, query={**IMPORT, **CALL})
    assert query_of(request)["Signature"] == signature


# ACS3


def test_acs3_signs_the_documented_example() -> None:
    request = prepare(
        Acs3Auth,
        credentials=Credentials(
            access_key_id="YourAccessKeyId", access_key_secret="YourAccessKeySecret"
        ),
        url="https://ecs.cn-shanghai.aliyuncs.com/",
        query={
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            "RegionId": "cn-shanghai",
        },
        headers={"x-acs-action": "RunInstances", "x-acs-version": "2014-05-26"},
        now="2023-10-26T10:22:32Z",
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert request.headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def official_acs3(request: PreparedRequest) -> str:
    """Return what the official SDK writes for the headers that we signed."""
    ours = str(request.headers["Authorization"])
    signed = ours.split("SignedHeaders=")[1].split(",", maxsplit=1)[0].split(";")
    theirs = DaraRequest()
    theirs.method = request.method
    theirs.pathname = urlsplit(str(request.url)).path
    theirs.query = query_of(request)
    theirs.headers = {name: request.headers[name] for name in signed}
    payload = hashlib.sha256(body_of(request).encode()).hexdigest()
    return str(
        Utils.get_authorization(
            theirs, "ACS3-HMAC-SHA256", payload, "testid", "testsecret"
        )
    )


@BOTH_KEYS
@given(parameters=some_parameters)
def test_acs3_signs_a_query_as_the_official_sdk_does(
    credentials: Credentials, parameters: dict[str, str]
) -> None:
    request = prepare(
        Acs3Auth, credentials=credentials, query=parameters, headers=ACS3_HEADERS
    )
    assert request.headers["Authorization"] == official_acs3(request)
    assert request.headers.get("x-acs-security-token", "") == credentials.security_token


@BOTH_KEYS
@given(parameters=some_parameters)
def test_acs3_signs_a_form_as_the_official_sdk_does(
    credentials: Credentials, parameters: dict[str, str]
) -> None:
    request = prepare(
        Acs3Auth, credentials=credentials, form=parameters, headers=ACS3_HEADERS
    )
    assert request.headers["Authorization"] == official_acs3(request)
    assert "=content-type;host;x-acs-a" in str(request.headers["Authorization"])


@pytest.mark.parametrize(
    ("query", "form", "signature"),
    [
        (
            None,
            IMPORT,
            "71a418cb100d0c05f3f10cbde42c94dc2ab65f8912028c8e96ff5df56957162b",
        ),
        (
            IMPORT,
            None,
            "f78b3e3f494609a8ed4edb0e57c83599e7f13d25bbb102e494cf05801bdb06fc",
        ),
    ],
    ids=["form", "query"],
)
def test_acs3_signature_of_an_import_stays_what_it_was(
    query: dict[str, str] | None, form: dict[str, str] | None, signature: str
) -> None:
    request = prepare(
        Acs3Auth,
        credentials=TEMPORARY,
        query=query,
        form=form,
        headers=ACS3_HEADERS,
    )
    assert str(request.headers["Authorization"]).endswith(f",Signature={signature}")


# ROA


@BOTH_KEYS
@given(form=some_parameters, query=some_parameters)
def test_roa_signs_as_the_official_sdk_does(
    credentials: Credentials, form: dict[str, str], query: dict[str, str]
) -> None:
    request = prepare(
        RoaV1Auth,
        credentials=credentials,
        url=ROUTE,
        query=query,
        form=form,
        headers=ROA_HEADERS,
    )
    theirs = DaraRequest()
    theirs.method = "POST"
    theirs.pathname = "/apsara/route/Ecs/ImportImage"
    theirs.query = query
    theirs.headers = {name.lower(): value for name, value in request.headers.items()}
    to_sign = Utils.get_string_to_sign(theirs)
    signature = Utils.get_roasignature(to_sign, "testsecret")
    assert request.headers["Authorization"] == f"acs testid:{signature}"


@pytest.mark.usefixtures("older_sdk")
def test_roa_signs_as_the_older_official_sdk_does() -> None:
    query = {"a": "1", "b": ""}
    request = prepare(
        RoaV1Auth, url=ROUTE, query=query, form=IMPORT, headers=ROA_HEADERS
    )
    path = "/apsara/route/Ecs/ImportImage"
    to_sign = roa_signature_composer.compose_string_to_sign(
        "POST", query, path, dict(request.headers), None
    )
    signature = Utils.get_roasignature(to_sign, "testsecret")
    assert request.headers["Authorization"] == f"acs testid:{signature}"


def test_roa_signature_of_an_import_stays_what_it_was() -> None:
    request = prepare(RoaV1Auth, url=ROUTE, form=IMPORT, headers=ROA_HEADERS)
    assert request.headers["Date"] == "Tue, 02 Jan 2024 03:04:05 GMT"
    assert request.headers["Content-MD5"] == "F2BHc3uqstRh+IK0qrjr/w=="
    assert request.headers["Authorization"] == "acs testid:1T+TthOFUVuePhEk98uxWgtSATA="


def test_roa_puts_the_md5_of_the_body_under_its_signature() -> None:
    request = prepare(RoaV1Auth, url=ROUTE, form=IMPORT, headers=ROA_HEADERS)
    digest = hashlib.md5(body_of(request).encode()).digest()
    assert request.headers["Content-MD5"] == base64.b64encode(digest).decode()


def test_roa_without_a_body_has_no_md5() -> None:
    request = prepare(RoaV1Auth, url=ROUTE, headers=ROA_HEADERS)
    assert "Content-MD5" not in request.headers


# All of them


@given(parameters=some_parameters)
def test_a_query_is_sent_as_it_was_signed(parameters: dict[str, str]) -> None:
    request = prepare(Acs3Auth, query=parameters, headers=ACS3_HEADERS)
    assert urlsplit(str(request.url)).query == encoded(parameters)


@ALL_SIGNERS
def test_no_secret_is_in_a_repr(signer: Signer) -> None:
    made = signer(TEMPORARY, now=lambda: at("2024-01-02T03:04:05Z"), nonce=str)
    shown = repr(made) + repr(vars(made))
    assert not [text for text in ("testid", "testsecret", "tok/en") if text in shown]


@ALL_SIGNERS
def test_the_secret_itself_is_never_sent(signer: Signer) -> None:
    request = prepare(signer, query=IMPORT, headers=ACS3_HEADERS)
    assert "testsecret" not in f"{request.url} {request.headers} {request.body!r}"


def test_time_is_sent_in_utc() -> None:
    request = prepare(Acs3Auth, now="2024-01-02T12:00:00+08:00")
    assert request.headers["x-acs-date"] == "2024-01-02T04:00:00Z"


def test_the_host_is_signed_with_its_port() -> None:
    request = prepare(Acs3Auth, url="http://127.0.0.1:8080/", headers=ACS3_HEADERS)
    assert request.headers["Host"] == "127.0.0.1:8080"


def test_no_auth_leaves_a_request_alone() -> None:
    request = Request("POST", "http://gw.test/?a=1", auth=NoAuth()).prepare()
    assert "Authorization" not in request.headers
    assert request.url == "http://gw.test/?a=1"
