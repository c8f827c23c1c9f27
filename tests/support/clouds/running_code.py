"""A small function, deployed with each Python that is present."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fake_aliyun.fc.runtime.function import FcFunction, FunctionConfig
from fake_aliyun.ram.models import KeyPair
from repository import DATA

PYTHONS = ("python3.10", "python3.11", "python3.12")
FIRST = KeyPair(
    access_key_id="STS.one", access_key_secret="secret-one", security_token="token-one"
)
SECOND = KeyPair(
    access_key_id="STS.two", access_key_secret="secret-two", security_token="token-two"
)
HANDLERS = (DATA / "fc-sample-handlers.txt").read_text("utf-8")

Json = Any
Make = Callable[..., FcFunction]


def write_code(folder: Path) -> Path:
    """Write a code package with good and bad modules."""
    package = folder / "sample"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "helper.py").write_text("WORD = 'helped'\n", "utf-8")
    (package / "handlers.py").write_text(HANDLERS, "utf-8")
    (package / "broken.py").write_text("def handler(:\n", "utf-8")
    (package / "zero.py").write_text("1 / 0\n", "utf-8")
    (folder / "plain").mkdir()
    (folder / "plain" / "index.py").write_text(
        "def handler(event, context):\n    return 'plain'\n", "utf-8"
    )
    return folder


def config(function: str, **settings: object) -> FunctionConfig:
    handler = function if "." in function else f"sample.handlers.{function}"
    return replace(FunctionConfig(handler=handler), **settings)  # type: ignore[arg-type]


def result(function: FcFunction, credentials: KeyPair = FIRST) -> Json:
    invocation = function.invoke(b'{"key": "\xc3\xa4"}', credentials=credentials)
    assert invocation.error_type == "", invocation.log
    return json.loads(invocation.payload)


def error(function: FcFunction) -> Json:
    invocation = function.invoke(b"{}", credentials=FIRST)
    assert invocation.error_type == "UnhandledInvocationError"
    return json.loads(invocation.payload)
