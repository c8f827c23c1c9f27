"""The two doors of Apsara Stack: its POP gateway and the documented route."""

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from fake_aliyun import FakeAliyun, NotImitatedError
from fake_aliyun.core.http import Request, Response
from fake_aliyun.ram.rpc_auth import (
    roa_v1_signature,
    roa_v1_string,
    rpc_v1_signature,
    rpc_v1_string,
)
from waiting import PATIENCE_SECONDS

REGION = "cn-qingdao-env17-d01"
PATH = "/apsara/route/Ecs/ImportImage"
SECRET = "a-secret"
FORM = "application/x-www-form-urlencoded"
IMPORT = {
    "RegionId": REGION,
    "ImageName": "web",
    "DiskDeviceMapping.1.OSSBucket": "images",
    "DiskDeviceMapping.1.OSSObject": "web.raw",
}


@pytest.fixture
def stack() -> FakeAliyun:
    return stack_with()


def stack_with(**settings: Any) -> FakeAliyun:
    cloud = FakeAliyun(
        region_id=REGION,
        access_key_id="an-id",
        access_key_secret="a-secret",
        **settings,
    )
    cloud.oss.put("images", "web.raw", b"bytes")
    return cloud


def pop(parameters: Mapping[str, str], headers: Mapping[str, str]) -> Request:
    """Return a request as the Terraform provider sends it."""
    signed = {
        "Version": "2014-05-26",
        "Format": "JSON",
        "AccessKeyId": "an-id",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": str(uuid.uuid4()),
        "Timestamp": f"{datetime.now(tz=timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        **parameters,
    }
    signature = rpc_v1_signature("a-secret", rpc_v1_string("POST", signed))
    return Request.from_url(
        "POST",
        f"http://ecs-internal.{REGION}.apsara.test/",
        headers={"Content-Type": FORM, **headers},
        body=urlencode({**signed, "Signature": signature}).encode(),
    )


def said(answer: Response) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(answer.text)
    return document


def test_the_pop_gateway_takes_a_form_and_its_own_headers(stack: FakeAliyun) -> None:
    headers = {
        "x-acs-regionid": REGION,
        "x-acs-organizationid": "1",
        "x-acs-resourcegroupid": "2",
        "x-acs-caller-sdk-source": "test",
    }
    answer = said(stack.handle(pop({"Action": "ImportImage", **IMPORT}, headers)))
    assert answer["ImageId"] == stack.ecs.images["web"].image_id
    look = {"Action": "DescribeImages", "RegionId": REGION, "Status": "Waiting"}
    assert said(stack.handle(pop(look, headers)))["TotalCount"] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Platform": "Fedora"}, "InvalidPlatform.Malformed"),
        ({"Architecture": "arm64"}, "InvalidArchitecture.Malformed"),
        ({"ImageName": "web.1"}, "InvalidImageName.Malformed"),
        ({"DiskDeviceMapping.1.Format": "QCOW2"}, "InvalidImageFormat.Malformed"),
        ({"DiskDeviceMapping.1.DiskImageSize": "4"}, "InvalidImageSize"),
        ({"DiskDeviceMapping.1.DiskImageSize": "501"}, "InvalidImageSize"),
    ],
    ids=str,
)
def test_the_private_cloud_has_narrower_limits(
    stack: FakeAliyun, changes: Mapping[str, str], code: str
) -> None:
    request = pop({"Action": "ImportImage", **IMPORT, **changes}, {})
    assert said(stack.handle(request))["Code"] == code


@pytest.mark.parametrize(
    "name", ["ClientToken", "BootMode", "Tag.1.Key", "DryRun", "DiskDeviceMapping.18.x"]
)
def test_parameters_of_the_public_cloud_do_not_exist(
    stack: FakeAliyun, name: str
) -> None:
    request = pop({"Action": "ImportImage", **IMPORT, name: "x"}, {})
    with pytest.raises(NotImitatedError, match=name):
        stack.handle(request)


def test_an_unknown_header_stops_the_test(stack: FakeAliyun) -> None:
    with pytest.raises(NotImitatedError, match="x-acs-organisationid"):
        stack.handle(pop({"Action": "DescribeRegions"}, {"x-acs-organisationid": "1"}))


def route(
    parameters: Mapping[str, str],
    *,
    secret: str = SECRET,
    path: str = PATH,
    as_json: bool = False,
    sign: bool = True,
) -> Request:
    """Return a request to the route, signed as ROA V1 wants it."""
    body = (json.dumps(parameters) if as_json else urlencode(parameters)).encode()
    headers = {
        "accept": "application/json",
        "content-md5": base64.b64encode(hashlib.md5(body).digest()).decode(),
        "content-type": "application/json" if as_json else FORM,
        "date": f"{datetime.now(tz=timezone.utc):%a, %d %b %Y %H:%M:%S GMT}",
        "x-acs-signature-method": "HMAC-SHA1",
        "x-acs-signature-nonce": str(uuid.uuid4()),
        "x-acs-signature-version": "1.0",
        "x-acs-version": "2016-01-01",
    }
    string = roa_v1_string(method="POST", path=path, parameters={}, headers=headers)
    if sign:
        headers["authorization"] = f"acs an-id:{roa_v1_signature(secret, string)}"
    url = f"http://api.apsara.test{path}"
    return Request.from_url("POST", url, headers=headers, body=body)


ROUTE_IMPORT = {**IMPORT, "regionId": REGION, "version": "2016-01-01"}


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_the_route_answers_with_a_request_id_alone(
    stack: FakeAliyun,
    as_json: bool,
) -> None:
    answer = said(stack.handle(route(ROUTE_IMPORT, as_json=as_json)))
    assert list(answer) == ["RequestID"]
    assert "web" in stack.ecs.images


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regionId": ""}, "MissingParameter"),
        ({"RegionId": "cn-hangzhou"}, "InvalidRegionId.NotFound"),
        ({"version": "2014-05-26"}, "InvalidVersion"),
        ({"DiskDeviceMapping.1.OSSObject": "none"}, "InvalidOSSObject.NotFound"),
    ],
    ids=str,
)
def test_a_failure_of_the_route_has_status_200_and_a_sample(
    stack: FakeAliyun, changes: Mapping[str, str], message: str
) -> None:
    answer = stack.handle(route({**ROUTE_IMPORT, **changes}))
    sample = said(answer)["errorSample"]
    assert (answer.status, sample["resultCode"], sample["result"]) == (200, -1, None)
    assert sample["resultMsg"].startswith(message)


def test_the_route_checks_its_signature(stack: FakeAliyun) -> None:
    wrong = said(stack.handle(route(ROUTE_IMPORT, secret="wrong")))
    none = said(stack.handle(route(ROUTE_IMPORT, sign=False)))
    assert wrong["errorSample"]["resultMsg"].startswith("SignatureDoesNotMatch")
    assert none["errorSample"]["resultMsg"].startswith("IncompleteSignature")


def test_the_route_may_take_unsigned_requests() -> None:
    stack = stack_with(route_auth="none")
    assert "RequestID" in said(stack.handle(route(ROUTE_IMPORT, sign=False)))


def test_the_route_serves_look_ups_only_where_told() -> None:
    path = PATH.replace("ImportImage", "DescribeImages")
    look = {"regionId": REGION, "RegionId": REGION, "Status": "Waiting"}
    with pytest.raises(NotImitatedError, match="POST /apsara/route/Ecs/ImportImage"):
        stack_with().handle(route(look, path=path))
    stack = stack_with(route_lookup=True)
    stack.handle(route(ROUTE_IMPORT))
    assert said(stack.handle(route(look, path=path)))["TotalCount"] == 1


def test_a_fault_at_the_route_says_system_error(stack: FakeAliyun) -> None:
    stack.ecs.fail_next("system error", action="ImportImage")
    sample = said(stack.handle(route(ROUTE_IMPORT)))["errorSample"]
    assert sample == {"resultCode": -1, "resultMsg": "system error", "result": None}


def test_on_one_port_headers_tell_the_gateway_from_the_public_door(
    stack: FakeAliyun,
) -> None:
    request = pop(
        {"Action": "ImportImage", **IMPORT, "DiskDeviceMapping.1.DiskImageSize": "1"},
        {"x-acs-regionid": REGION},
    )
    with stack.serve() as server:
        answer = requests.post(
            server.url,
            data=request.body,
            headers={n: v for n, v in request.headers.items() if n != "host"},
            timeout=PATIENCE_SECONDS,
        )
    assert answer.json()["Code"] == "InvalidImageSize"
