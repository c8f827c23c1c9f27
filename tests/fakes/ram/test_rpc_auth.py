"""Who may speak to ECS: published vectors, and every way to get a signature wrong."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest
from fake_aliyun import FakeAliyun, ManualClock, NotImitatedError
from fake_aliyun.core.http import Request, Response
from fake_aliyun.ram.rpc_auth import (
    acs3_signature,
    acs3_string,
    roa_v1_signature,
    roa_v1_string,
    rpc_v1_signature,
    rpc_v1_string,
)

SECRET = "a-secret"
HOST = "https://ecs.cn-hangzhou.aliyuncs.com"


def test_the_published_rpc_example_comes_out() -> None:
    """Source: "Signature method" of ECS, DescribeRegions example, read 2026-11."""
    string = rpc_v1_string(
        "GET",
        {
            "AccessKeyId": "testid",
            "Action": "DescribeRegions",
            "Format": "XML",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
            "SignatureVersion": "1.0",
            "Timestamp": "2016-02-23T12:46:24Z",
            "Version": "2014-05-26",
        },
    )
    assert rpc_v1_signature("testsecret", string) == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_the_published_acs3_example_comes_out() -> None:
    """Source: "V3 request structure and signature", RunInstances, read 2026-11."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": empty,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    string = acs3_string(
        method="POST",
        path="/",
        parameters={
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            "RegionId": "cn-shanghai",
        },
        headers=headers,
        signed_headers=sorted(headers),
        body_sha256=empty,
    )
    signature = acs3_signature("YourAccessKeySecret", string)
    assert (
        signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_a_roa_signature_is_what_the_official_library_makes() -> None:
    """Made once with alibabacloud-tea-openapi 0.4.6, `get_roasignature`."""
    string = roa_v1_string(
        method="POST",
        path="/apsara/route/Ecs/ImportImage",
        parameters={},
        headers={
            "accept": "application/json",
            "content-type": "application/x-www-form-urlencoded",
            "content-md5": "F2BHc3uqstRh+IK0qrjr/w==",
            "date": "Tue, 02 Jan 2024 03:04:05 GMT",
            "x-acs-region-id": "cn-qingdao-env17-d01",
            "x-acs-signature-method": "HMAC-SHA1",
            "x-acs-signature-nonce": "0123456789abcdef",
            "x-acs-signature-version": "1.0",
            "x-acs-version": "2016-01-01",
        },
    )
    assert roa_v1_signature("testsecret", string) == "1T+TthOFUVuePhEk98uxWgtSATA="


def signed(
    changes: Mapping[str, str] | None = None,
    *,
    secret: str = SECRET,
    age_minutes: int = 0,
) -> Request:
    """Return an RPC V1 request for the regions, with some parameters changed."""
    now = datetime.now(tz=timezone.utc) - timedelta(minutes=age_minutes)
    parameters = {
        "Action": "DescribeRegions",
        "Version": "2014-05-26",
        "Format": "JSON",
        "AccessKeyId": "an-id",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "n1",
        "Timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        **(changes or {}),
    }
    string = rpc_v1_string("GET", parameters)
    parameters["Signature"] = rpc_v1_signature(secret, string)
    url = f"{HOST}/?{urlencode({k: v for k, v in parameters.items() if v})}"
    return Request.from_url("GET", url, headers={}, body=b"")


def code(answer: Response) -> tuple[int, str]:
    document = answer.text
    return answer.status, document.partition('"Code": "')[2].partition('"')[0]


def test_a_good_signature_is_taken_once(cloud: FakeAliyun) -> None:
    assert cloud.handle(signed()).status == 200
    assert code(cloud.handle(signed())) == (400, "SignatureNonceUsed")


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"AccessKeyId": "other"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"AccessKeyId": ""}, 400, "MissingParameter"),
        ({"SignatureNonce": ""}, 400, "MissingParameter"),
        ({"Timestamp": "yesterday"}, 400, "IllegalTimestamp"),
        (
            {"SecurityToken": "none"},
            400,
            "InvalidSecurityToken.MismatchWithAccessKey",
        ),
    ],
    ids=str,
)
def test_a_wrong_signature_is_refused_by_its_code(
    cloud: FakeAliyun, changes: Mapping[str, str], status: int, said: str
) -> None:
    assert code(cloud.handle(signed(changes))) == (status, said)


def test_a_wrong_secret_is_refused_with_the_string_to_sign(cloud: FakeAliyun) -> None:
    answer = cloud.handle(signed(secret="wrong"))
    assert code(answer) == (400, "SignatureDoesNotMatch")
    assert "server string to sign is:GET&%2F&AccessKeyId%3Dan-id" in answer.text


def test_an_old_timestamp_is_refused(cloud: FakeAliyun) -> None:
    seen = code(cloud.handle(signed(age_minutes=32)))
    assert seen == (400, "InvalidTimeStamp.Expired")


def test_a_token_is_needed_and_ends() -> None:
    clock = ManualClock()
    cloud = FakeAliyun(clock=clock)
    keys = cloud.ram.assume_role("fake-function-role", seconds=60)

    def ask(nonce: str, token: str) -> tuple[int, str]:
        changes = {
            "AccessKeyId": keys.access_key_id,
            "SecurityToken": token,
            "SignatureNonce": nonce,
        }
        request = signed(changes, secret=keys.access_key_secret)
        return code(cloud.handle(request))

    assert ask("1", "") == (400, "MissingSecurityToken")
    assert ask("2", keys.security_token) == (200, "")
    clock.advance(60)
    assert ask("3", keys.security_token) == (400, "InvalidSecurityToken.Expired")


def test_without_a_format_the_answer_is_xml(cloud: FakeAliyun) -> None:
    answer = cloud.handle(signed({"Format": "XML"}))
    assert answer.text.startswith('<?xml version="1.0"')
    assert "<DescribeRegionsResponse><Regions><Region><RegionId>" in answer.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Action": "RunInstances"}, "the ECS operation 'RunInstances'"),
        ({"Version": "2016-01-01"}, "version '2016-01-01' of ECS"),
        ({"Regionid": "cn-hangzhou"}, "parameter 'Regionid' of DescribeRegions"),
        ({"SignatureMethod": "HMAC-MD5"}, "HMAC-MD5"),
    ],
    ids=str,
)
def test_what_does_not_exist_stops_the_test(
    cloud: FakeAliyun, changes: Mapping[str, str], said: str
) -> None:
    with pytest.raises(NotImitatedError, match=said):
        cloud.handle(signed(changes))


def test_a_regional_endpoint_serves_only_its_region(cloud: FakeAliyun) -> None:
    request = signed({"Action": "DescribeImages", "RegionId": "cn-beijing"})
    seen = code(cloud.handle(request))
    assert seen == (404, "InvalidOperation.NotSupportedEndpoint")


def acs3(*, leave_out: str = "", **changes: str) -> Request:
    """Return an ACS3 request for the regions, one of whose headers is not signed."""
    headers = {
        "host": "ecs.cn-hangzhou.aliyuncs.com",
        "x-acs-action": "DescribeRegions",
        "x-acs-content-sha256": (
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
        "x-acs-date": f"{datetime.now(tz=timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": "n1",
        "x-acs-version": "2014-05-26",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    names = sorted(set(headers) - {leave_out})
    string = acs3_string(
        method="POST",
        path="/",
        parameters={},
        headers=headers,
        signed_headers=names,
        body_sha256=headers["x-acs-content-sha256"],
    )
    signature = acs3_signature("a-secret", string)
    authorization = (
        f"ACS3-HMAC-SHA256 Credential=an-id,SignedHeaders={';'.join(names)},"
        f"Signature={signature}"
    )
    return Request.from_url(
        "POST", HOST, headers={**headers, "Authorization": authorization}, body=b""
    )


def test_an_acs3_request_is_answered_in_json(cloud: FakeAliyun) -> None:
    assert '"Regions"' in cloud.handle(acs3()).text


@pytest.mark.parametrize(
    "name", ["host", "x-acs-action", "x-acs-date", "x-acs-signature-nonce"]
)
def test_acs3_must_sign_what_counts(cloud: FakeAliyun, name: str) -> None:
    seen = code(cloud.handle(acs3(leave_out=name)))
    assert seen == (400, "IncompleteSignature")


def test_acs3_must_name_the_hash_of_its_body(cloud: FakeAliyun) -> None:
    seen = code(cloud.handle(acs3(x_acs_content_sha256="0" * 64)))
    assert seen == (400, "IncompleteSignature")


def test_an_unknown_acs_header_stops_the_test(cloud: FakeAliyun) -> None:
    with pytest.raises(NotImitatedError, match="the header 'x-acs-regionid'"):
        cloud.handle(acs3(x_acs_regionid="cn-hangzhou"))
