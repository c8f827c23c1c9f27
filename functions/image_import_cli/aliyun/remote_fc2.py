"""A function on FC 2.0, through aliyun-fc2.

Observed with aliyun-fc2 2.5.2: it logs the authorization header at ERROR; a refusal
whose body is not JSON ends in the JSON library's error; its time-out is called
`Timeout`; of a function's error it raises the text alone, without the log's end; its
first line of log sets up logging for all, so that each retry of urllib3 is shown.
"""

import json
import logging
from pathlib import Path

import fc2
import requests
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

FC2_FOLDER = Path(fc2.__file__).parent


class Fc2Function:
    """One function of one service."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        endpoint: str,
        service: str,
        function: str,
        qualifier: str = "",
    ) -> None:
        self._credentials = credentials
        self._endpoint = endpoint
        self._service = service
        self._function = function
        self._qualifier = qualifier or None

    def invoke(self, payload: bytes, *, is_async: bool = False) -> FunctionAnswer:
        """Return what the function answered."""
        client = self._client(TIMEOUT_SECONDS)
        try:
            client.invoke_function(
                self._service,
                self._function,
                payload=payload,
                headers=headers_of(is_async=is_async),
                qualifier=self._qualifier,
            )
        except fc2.fc_exceptions.FcError as exc:
            if exc.status_code >= 400:
                raise _refusal(exc) from None
        except (requests.RequestException, ValueError) as exc:
            raise _unanswered(exc) from None
        reply = client.reply
        return answer_of(reply.content, reply.headers, is_async=is_async)

    def check(self) -> None:
        """Return if it may be there."""
        client = self._client(CHECK_SECONDS)
        try:
            client.get_function(
                self._service, self._function, qualifier=self._qualifier
            )
        except fc2.fc_exceptions.FcError as exc:
            if exc.err_code in NOT_THERE:
                raise _refusal(exc, CHECK) from None
        except (requests.RequestException, ValueError):
            return

    def _client(self, seconds: float) -> "_Client":
        logging.root.addFilter(_is_not_of_fc2)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
        return _Client(
            endpoint=self._endpoint,
            accessKeyID=self._credentials.access_key_id,
            accessKeySecret=self._credentials.access_key_secret,
            securityToken=self._credentials.security_token,
            Timeout=seconds,
        )


class _Client(fc2.Client):  # type: ignore[misc]  # it has no types
    """A client that keeps its last reply: its errors leave the headers out."""

    reply: requests.Response

    def _do_request(self, *given: object, **named: object) -> requests.Response:
        self.reply = super()._do_request(*given, **named)
        return self.reply


def _is_not_of_fc2(record: logging.LogRecord) -> bool:
    """Whether a line of the root logger is from anywhere but aliyun-fc2.

    Several invocations run at once, so logging as a whole cannot be off for one.
    """
    return Path(record.pathname).parent != FC2_FOLDER


def _refusal(exc: fc2.fc_exceptions.FcError, action: str = ACTION) -> ServiceError:
    return refusal(
        exc.err_code or "",
        _message(str(exc.message)),
        http_status=exc.status_code,
        request_id=exc.request_id,
        action=action,
    )


def _message(text: str) -> str:
    """Return the platform's words; the package hands its JSON on as a text."""
    try:
        return str(json.loads(text)["ErrorMessage"])
    except (ValueError, KeyError, TypeError):
        return text


def _unanswered(exc: Exception) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"FC {ACTION}: no answer that can be read ({type(exc).__name__}); check "
        "--fc-endpoint, and proxies in between",
        service="FC",
        action=ACTION,
        perhaps_done=True,
    )
