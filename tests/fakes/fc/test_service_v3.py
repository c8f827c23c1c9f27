"""FC 3.0 is looked at by the SDKs' generic client, and says no as its pages show it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from calling_fc import PUBLIC, client_at
from darabonba.runtime import RuntimeOptions
from fake_aliyun import FakeAliyun
from fake_aliyun.ram.models import KeyPair

HOST = "fcv3.cn-hangzhou.aliyuncs.com"
Ask = Callable[..., Any]


def fc3_at(host: str, keys: KeyPair, *, protocol: str = "https") -> Ask:
    """Return what asks FC 3.0 and returns the answer."""
    client = Client(
        Config(
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            endpoint=host,
            protocol=protocol,
        )
    )

    def ask(action: str, path: str, method: str = "GET") -> Any:
        params = Params(
            action=action,
            version="2023-03-30",
            protocol="HTTPS",
            pathname=f"/2023-03-30/functions/{path}",
            method=method,
            auth_type="AK",
            style="FC",
            req_body_type="json",
            body_type="json",
        )
        return client.call_api(params, OpenApiRequest(), RuntimeOptions())["body"]

    return ask


def make_echo(cloud: FakeAliyun) -> None:
    cloud.fc.create_function(
        "",
        "imports-echo",
        lambda event, _: event,
        role="importer",
        log_store="logs/functions",
        environment={"KEY_PREFIX": "in/"},
    )


def test_a_function_tells_its_own_role_and_log(cloud: FakeAliyun) -> None:
    make_echo(cloud)
    with cloud:
        seen = fc3_at(HOST, cloud.credentials)("GetFunction", "imports-echo")
    assert seen["role"] == f"acs:ram::{cloud.account_id}:role/importer"
    assert seen["logConfig"] == {"project": "logs", "logstore": "functions"}
    assert seen["environmentVariables"] == {"KEY_PREFIX": "in/"}
    assert seen["functionArn"].endswith(f":{cloud.account_id}:functions/imports-echo")


def test_a_function_is_of_one_version_alone(cloud: FakeAliyun) -> None:
    make_echo(cloud)
    cloud.fc.create_function("imports", "echo", lambda event, _: event)
    with cloud:
        of_2 = client_at(cloud, PUBLIC).list_services().data["services"]
        with pytest.raises(AlibabaCloudException) as caught:
            fc3_at(HOST, cloud.credentials)("GetFunction", "echo")
    assert [service["serviceName"] for service in of_2] == ["imports"]
    assert caught.value.code == "FunctionNotFound"


@pytest.mark.parametrize(
    ("action", "path", "method", "status", "code"),
    [
        ("GetFunction", "nothing", "GET", 404, "FunctionNotFound"),
        ("ListTriggers", "nothing/triggers", "GET", 404, "FunctionNotFound"),
        (
            "GetAsyncInvokeConfig", "imports-echo/async-invoke-config", "GET",
            404, "AsyncConfigNotExists",
        ),
        ("DeleteFunction", "imports-echo", "DELETE", 501, "FakeAliyun.NotImitated"),
    ],
)  # fmt: skip
def test_a_refusal_has_its_code(
    cloud: FakeAliyun, action: str, path: str, method: str, status: int, code: str
) -> None:
    make_echo(cloud)
    with cloud.serve() as server:
        host = server.url.removeprefix("http://")
        ask = fc3_at(host, cloud.credentials, protocol="http")
        with pytest.raises(AlibabaCloudException) as caught:
            ask(action, path, method)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert caught.value.request_id


def test_who_may_not_look_or_is_not_known_is_refused(cloud: FakeAliyun) -> None:
    make_echo(cloud)
    ann = cloud.ram.create_user("ann")
    cloud.ram.attach_policy("user/ann", "AliyunOSSFullAccess")
    wrong = replace(cloud.credentials, access_key_secret="another")
    codes = []
    with cloud:
        for keys in (ann, wrong):
            with pytest.raises(AlibabaCloudException) as caught:
                fc3_at(HOST, keys)("GetFunction", "imports-echo")
            codes.append(caught.value.code)
    assert codes == ["AccessDenied", "SignatureDoesNotMatch"]


def test_a_trigger_s_role_needs_the_right_on_the_function(cloud: FakeAliyun) -> None:
    function = cloud.fc.create_function("", "imports-echo", lambda event, _: event)
    cloud.oss.create_bucket("images")
    cloud.ram.create_role("notifier", service="oss.aliyuncs.com")
    cloud.fc.create_trigger(
        function, "images", invocation_role="acs:ram::1:role/notifier"
    )
    for right in ("services/*", "functions/imports-*"):
        statement = {
            "Effect": "Allow",
            "Action": "fc:InvokeFunction",
            "Resource": f"acs:fc:*:*:{right}",
        }
        policy = {"Version": "1", "Statement": [statement]}
        cloud.ram.attach_policy("role/notifier", policy)
        cloud.oss.put("images", "web.raw", b"")
    assert (len(cloud.fc.denied), len(cloud.fc.invocations)) == (1, 1)
