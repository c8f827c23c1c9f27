"""Calls of the faked RAM through the generic client of Alibaba Cloud's SDKs."""

from collections.abc import Callable
from typing import Any

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions
from fake_aliyun.ram.models import KeyPair

Ram = Callable[..., dict[str, Any]]
VERSION = "2015-05-01"


def ram_at(url: str, keys: KeyPair, *, algorithm: str | None = None) -> Ram:
    """Return what calls RAM as alibabacloud_ram20150501 does and returns the answer.

    Args:
        url: Of RAM.
        keys: Who calls.
        algorithm: None for ACS3, "v2" for RPC V1.
    """
    protocol, _, host = url.partition("://")
    client = Client(
        Config(
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            security_token=keys.security_token or None,
            endpoint=host,
            protocol=protocol,
            signature_algorithm=algorithm,
        )
    )

    def call(action: str, **parameters: str) -> dict[str, Any]:
        params = Params(
            action=action,
            version=VERSION,
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        request = OpenApiRequest(query=parameters)
        answer: dict[str, Any] = client.call_api(params, request, RuntimeOptions())
        body: dict[str, Any] = answer["body"]
        return body

    return call
