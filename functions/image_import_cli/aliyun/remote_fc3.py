"""A function on FC 3.0, through alibabacloud-fc20230330 (extra `fc3`).

Source: alibabacloud-fc20230330 4.8, read 2026-11. It always speaks HTTPS, so it takes
a host where others take a URL.
"""

import io
from typing import Any
from urllib.parse import urlsplit

import click
from image_import.config.credentials import Credentials
from image_import.errors import ServiceError, ServiceUnavailable

from image_import_cli.aliyun.remote_function import (
    ACTION,
    CHECK,
    CHECK_SECONDS,
    NOT_THERE,
    TIMEOUT_SECONDS,
    FunctionAnswer,
    answer_of,
    headers_of,
    refusal,
)

INSTALL = "python -m pip install '.[cli,fc3]' in a clone"


class Fc3Function:
    """One function; `sdk` is the vendor's modules, see `load_sdk`."""

    def __init__(
        self,
        sdk: Any,  # noqa: ANN401 - the vendor's modules
        credentials: Credentials,
        *,
        endpoint: str,
        function: str,
        qualifier: str = "",
        ca_file: str = "",
    ) -> None:
        self._sdk = sdk
        self._function = function
        self._qualifier = qualifier or None
        self._client = sdk.Client(
            sdk.Config(
                access_key_id=credentials.access_key_id,
                access_key_secret=credentials.access_key_secret,
                security_token=credentials.security_token or None,
                endpoint=urlsplit(endpoint).netloc or endpoint,
                ca=ca_file or None,
            )
        )

    def invoke(self, payload: bytes, *, is_async: bool = False) -> FunctionAnswer:
        """Return what the function answered."""
        sdk = self._sdk
        milliseconds = TIMEOUT_SECONDS * 1000
        request = sdk.InvokeFunctionRequest(
            body=io.BytesIO(payload), qualifier=self._qualifier
        )
        headers = sdk.InvokeFunctionHeaders(
            common_headers=headers_of(is_async=is_async)
        )
        options = sdk.RuntimeOptions(read_timeout=milliseconds, autoretry=False)
        try:
            reply = self._client.invoke_function_with_options(
                self._function, request, headers, options
            )
        except Exception as exc:  # noqa: BLE001 - its errors share no base of their own
            raise _translate(exc) from None
        content = reply.body.read() if reply.body is not None else b""
        return answer_of(content, reply.headers or {}, is_async=is_async)

    def check(self) -> None:
        """Return if it may be there."""
        sdk = self._sdk
        request = sdk.GetFunctionRequest(qualifier=self._qualifier)
        options = sdk.RuntimeOptions(read_timeout=CHECK_SECONDS * 1000, autoretry=False)
        try:
            self._client.get_function_with_options(self._function, request, {}, options)
        except Exception as exc:  # noqa: BLE001 - its errors share no base of their own
            refused = _translate(exc, CHECK)
            if refused.code in NOT_THERE:
                raise refused from None


def load_sdk() -> Any:  # noqa: ANN401 - the vendor's modules have no types
    """Return what is needed of the vendor's package, in one namespace.

    Raises:
        click.UsageError: It is not installed.
    """
    from types import SimpleNamespace  # noqa: PLC0415 - beside its only use

    try:
        from alibabacloud_fc20230330 import models  # noqa: PLC0415 - optional
        from alibabacloud_fc20230330.client import Client  # noqa: PLC0415 - same
        from alibabacloud_tea_openapi import utils_models  # noqa: PLC0415 - same
        from darabonba.runtime import RuntimeOptions  # noqa: PLC0415 - same
    except ImportError as exc:
        raise click.UsageError(
            f"functions on FC 3.0 need a package that is not installed: {INSTALL}"
        ) from exc
    return SimpleNamespace(
        Client=Client,
        Config=utils_models.Config,
        GetFunctionRequest=models.GetFunctionRequest,
        InvokeFunctionHeaders=models.InvokeFunctionHeaders,
        InvokeFunctionRequest=models.InvokeFunctionRequest,
        RuntimeOptions=RuntimeOptions,
    )


def _translate(exc: Exception, action: str = ACTION) -> ServiceError:
    """Return our error; the SDK's carry `code` and `status_code` if FC answered."""
    code = str(getattr(exc, "code", "") or "")
    status = getattr(exc, "status_code", None)
    if not isinstance(status, int):
        return ServiceUnavailable(
            f"FC {action}: no answer ({type(exc).__name__}); check --fc-endpoint",
            service="FC",
            action=action,
            perhaps_done=True,
        )
    message = str(getattr(exc, "message", "") or "")
    return refusal(code, message, http_status=status, action=action)
