"""Function Compute 3.0 over HTTP: what a function is like, read and never written.

Sources: "GetFunction", "ListTriggers", "GetAsyncInvokeConfig" and "Error", Function
Compute API 2023-03-30, read 2026-11: role and log are the function's own, a trigger's
configuration is JSON text, and permissions are not given for single functions. Which
code a missing configuration is refused with is stated nowhere; it is that of 2.0.
"""

import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fake_aliyun.core.clock import http_date, iso_seconds
from fake_aliyun.core.errors import CloudError
from fake_aliyun.core.hosts import Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded, without_secrets
from fake_aliyun.core.rpc import check_headers
from fake_aliyun.core.service import Work
from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.models import FcBackend, Function
from fake_aliyun.fc.operations import FcOperation, find_operation
from fake_aliyun.fc.triggers import Trigger
from fake_aliyun.ram.models import RamBackend
from fake_aliyun.ram.rpc_auth import RpcAuthenticator

_VERSION, _FUNCTION = "/2023-03-30", "/functions/{function}"
OPERATIONS = tuple(
    FcOperation(action=action, method="GET", path=path, version=_VERSION)
    for action, path in (
        ("GetFunction", _FUNCTION),
        ("ListTriggers", f"{_FUNCTION}/triggers"),
        ("GetAsyncInvokeConfig", f"{_FUNCTION}/async-invoke-config"),
    )
)


class Fc3Error(FcError):
    """A refusal by FC 3.0, whose codes are those of 2.0."""

    service = "FC 3.0"


class Fc3Service:
    """Function Compute 3.0 over HTTP."""

    name = "fc3"
    actions = frozenset(operation.action for operation in OPERATIONS)

    def __init__(
        self,
        backend: FcBackend,
        *,
        ram: RamBackend,
        authenticator: RpcAuthenticator,
        lock: threading.RLock,
    ) -> None:
        self._backend = backend
        self._ram = ram
        self._authenticator = authenticator
        self._lock = lock

    def begin(self, request: Request, place: Host, record: Recorded) -> Work:
        """Return what will answer a request."""
        del place
        operation, names = find_operation(request, OPERATIONS)
        record.action, record.key = operation.action, names["function"]
        record.parameters = without_secrets({**names, **request.query_parameters})
        return lambda: self._answer(request, operation, record)

    def _answer(
        self, request: Request, operation: FcOperation, record: Recorded
    ) -> Response:
        with self._lock:
            check_headers(request)
            record.principal = self._authenticator.rpc(request)
            action = f"fc:{operation.action}"
            if not self._ram.allows(record.principal, action, "*"):
                raise FcError("AccessDenied", f"{record.principal} may not {action}")
            function = self._backend.find_3(record.key)
            return _json(self._shown(operation.action, function))

    def _shown(self, action: str, function: Function) -> dict[str, Any]:
        if action == "GetFunction":
            return self._shown_function(function)
        if action == "ListTriggers":
            return {"triggers": [_shown_trigger(t) for t in function.triggers.values()]}
        if not function.has_async_config:
            raise FcError("AsyncConfigNotExists", function.name)
        return {
            "functionArn": self._arn(function),
            **function.async_config.as_document(),
        }

    def _arn(self, function: Function) -> str:
        backend = self._backend
        return function.arn(region_id=backend.region_id, account_id=backend.account_id)

    def _shown_function(self, function: Function) -> dict[str, Any]:
        project, _, store = function.log_store.partition("/")
        role = f"acs:ram::{self._backend.account_id}:role/{function.role}"
        return {
            "functionId": function.function_id,
            "functionName": function.name,
            "functionArn": self._arn(function),
            "handler": function.handler_name,
            "memorySize": function.memory_mib,
            "runtime": function.runtime,
            "timeout": function.timeout_seconds,
            "environmentVariables": dict(function.environment),
            "role": role if function.role else "",
            "logConfig": {"project": project, "logstore": store},
            "state": "Active",
            "createdTime": iso_seconds(function.created),
        }

    def refuse(
        self, error: CloudError, request: Request, place: Host, record: Recorded
    ) -> Response:
        """Return a refusal as JSON."""
        del request, place
        document = {"Code": error.code, "Message": error.message}
        answer = _json({**document, "RequestId": record.request_id})
        headers = {**answer.headers, **error.headers}
        return replace(answer, status=error.status, headers=headers)

    def error(self, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks for."""
        return Fc3Error.for_fault(code, message=message, status=status)

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer has."""
        now = http_date(self._backend.clock())
        own = {"Date": now, "X-Fc-Request-Id": record.request_id}
        return replace(response, headers={**own, **response.headers})

    def new_request_id(self) -> str:
        """Return a UUID."""
        return str(uuid.uuid4())


def _json(document: Mapping[str, Any]) -> Response:
    return Response(
        status=200,
        headers={"Content-Type": "application/json"},
        body=json.dumps(document).encode(),
    )


def _shown_trigger(trigger: Trigger) -> dict[str, Any]:
    said = trigger.as_document()
    return {
        **said,
        "triggerConfig": json.dumps(said["triggerConfig"]),
        "createdTime": iso_seconds(trigger.created),
    }
