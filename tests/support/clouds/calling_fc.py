"""Calls of the faked Function Compute through aliyun-fc2."""

import logging
from collections.abc import Callable

import fc2
import pytest
from fake_aliyun import FakeAliyun
from fake_aliyun.fc.runtime.context import FcContext
from fc2.fc_exceptions import FcError

PUBLIC = "https://1234567890123456.cn-hangzhou.fc.aliyuncs.com"
NAMES = ("imports", "import")
ASYNC = {"x-fc-invocation-type": "Async"}


def client_at(cloud: FakeAliyun, endpoint: str) -> fc2.Client:
    return fc2.Client(
        endpoint=endpoint,
        accessKeyID=cloud.credentials.access_key_id,
        accessKeySecret=cloud.credentials.access_key_secret,
    )


def echo(event: bytes, context: FcContext) -> bytes:
    logging.getLogger("mine").info("got %d bytes", len(event))
    return event + context.function.name.encode()


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(FcError) as caught:
        call()
    return caught.value.status_code, caught.value.err_code
