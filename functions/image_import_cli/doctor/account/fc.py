"""Functions and their triggers as Function Compute describes them.

Sources: aliyun-fc2 2.5.2 for FC 2.0; "GetFunction", "ListTriggers" and
"GetAsyncInvokeConfig", Function Compute API 2023-03-30, for FC 3.0, read 2026-11. A
trigger's configuration is an object on 2.0 and JSON text on 3.0; role and log are those
of the service on 2.0.
"""

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import fc2
import requests
from image_import.config.credentials import Credentials
from requests.auth import AuthBase

from image_import_cli.doctor.account.facts import (
    DeployedFunction,
    DeployedTrigger,
    Problem,
)
from image_import_cli.doctor.account.problems import NOT_UNDERSTOOD, Door, as_object

TIMEOUT_SECONDS = 15
API_VERSION_3 = "2023-03-30"
RIGHTS = ("fc:GetFunction", "fc:ListTriggers", "fc:GetAsyncInvokeConfig")

Json = Mapping[str, Any]


class FcAccount(Protocol):
    """Where the functions of a deployment are looked up."""

    def function(self, name: str) -> DeployedFunction | Problem:
        """Return a function by the name it has in the deployment."""


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Keep aliyun-fc2 from logging: it writes the authorization header at ERROR."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


class FcRefusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """FC 3.0 said no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def _door(endpoint: str, *rights: str) -> Door:
    return Door(service="FC", endpoint=endpoint, where="--fc-endpoint", rights=rights)


class Fc2Account:
    """The functions of one service on FC 2.0."""

    def __init__(
        self, credentials: Credentials, *, endpoint: str, service: str
    ) -> None:
        self._service = service
        self._door = _door(endpoint, "fc:GetService", *RIGHTS)
        self._client = fc2.Client(
            endpoint=endpoint,
            accessKeyID=credentials.access_key_id,
            accessKeySecret=credentials.access_key_secret,
            securityToken=credentials.security_token,
            Timeout=TIMEOUT_SECONDS,
        )

    def function(self, name: str) -> DeployedFunction | Problem:
        """Return a function of the service, or why it is not to be seen."""
        try:
            with silent():
                service = self._client.get_service(self._service).data
                held = self._client.get_function(self._service, name).data
                listed = self._client.list_triggers(self._service, name).data
                settings = self._async_settings(name)
                triggers = listed.get("triggers") or []
                return _function(held, service, triggers=triggers, settings=settings)
        except fc2.fc_exceptions.FcError as exc:
            if exc.err_code in {"ServiceNotFound", "FunctionNotFound"}:
                what = f"there is no function {self._service}/{name}"
                return Problem(what=what, code=exc.err_code, is_missing=True)
            if not exc.err_code:
                return self._door.no_answer(exc)
            message = json.loads(exc.message).get("ErrorMessage") or ""
            return self._door.refusal(exc.err_code, message)
        except (requests.RequestException, *NOT_UNDERSTOOD) as exc:
            return self._door.no_answer(exc)

    def _async_settings(self, name: str) -> Json | None:
        try:
            answer = self._client.get_function_async_invoke_config(
                self._service, "LATEST", name
            )
        except fc2.fc_exceptions.FcError as exc:
            if exc.status_code == 404:
                return None
            raise
        settings: Json = answer.data
        return settings


class Fc3Account:
    """Functions on FC 3.0, which are called `SERVICE-NAME`."""

    def __init__(
        self,
        session: requests.Session,
        auth: AuthBase,
        *,
        endpoint: str,
        service: str,
    ) -> None:
        self._session = session
        self._auth = auth
        self._endpoint = endpoint
        self._door = _door(endpoint, *RIGHTS)
        self._service = service

    def function(self, name: str) -> DeployedFunction | Problem:
        """Return a function, or why it is not to be seen."""
        path = f"/functions/{self._service}-{name}"
        try:
            held = self._ask("GetFunction", path)
            if held is None:
                what = f"there is no function {self._service}-{name}"
                return Problem(what=what, code="FunctionNotFound", is_missing=True)
            listed = self._ask("ListTriggers", f"{path}/triggers") or {}
            settings = self._ask("GetAsyncInvokeConfig", f"{path}/async-invoke-config")
            triggers = listed.get("triggers") or []
            return _function(held, held, triggers=triggers, settings=settings)
        except FcRefusal as exc:
            return self._door.refusal(exc.code, exc.message)
        except (requests.RequestException, *NOT_UNDERSTOOD) as exc:
            return self._door.no_answer(exc)

    def _ask(self, action: str, path: str) -> Json | None:
        """Return what FC says, None if there is no such thing."""
        reply = self._session.get(
            f"{self._endpoint}/{API_VERSION_3}{path}",
            headers={"x-acs-action": action, "x-acs-version": API_VERSION_3},
            auth=self._auth,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        answer = as_object(reply.json())
        if reply.status_code == 404 and "Code" in answer:
            return None
        if not reply.ok:
            raise FcRefusal(str(answer["Code"]), str(answer.get("Message", "")))
        return answer


def _function(
    held: Json, service: Json, *, triggers: list[Json], settings: Json | None
) -> DeployedFunction:
    """Return a function from what FC tells.

    Args:
        service: What role and log are told with.
    """
    settings = settings or {}
    destination = (settings.get("destinationConfig") or {}).get("onFailure")
    log = service.get("logConfig") or {}
    return DeployedFunction(
        name=held["functionName"],
        handler=held["handler"],
        runtime=held.get("runtime") or "",
        timeout_seconds=int(held["timeout"]),
        environment=held.get("environmentVariables") or {},
        role=service.get("role") or "",
        triggers=tuple(_trigger(trigger) for trigger in triggers),
        max_retries=settings.get("maxAsyncRetryAttempts"),
        max_event_age_seconds=settings.get("maxAsyncEventAgeInSeconds"),
        on_failure=(destination or {}).get("destination") or "",
        log_project=log.get("project") or "",
        log_store=log.get("logstore") or "",
        state=held.get("state") or "",
        state_reason=held.get("stateReason") or "",
    )


def _trigger(held: Json) -> DeployedTrigger:
    config = held.get("triggerConfig") or {}
    if isinstance(config, str):
        config = json.loads(config)
    key = (config.get("filter") or {}).get("key") or {}
    return DeployedTrigger(
        kind=held["triggerType"],
        bucket=(held.get("sourceArn") or "").rpartition(":")[2],
        events=tuple(config.get("events") or ()),
        prefix=key.get("prefix") or "",
        suffix=key.get("suffix") or "",
        role=held.get("invocationRole") or "",
        is_enabled=config.get("enable", True),
        schedule=config.get("cronExpression") or "",
    )
