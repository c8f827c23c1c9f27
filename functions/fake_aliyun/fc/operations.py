"""What each operation of Function Compute answers.

Source: the page of each operation, Function Compute 2016-08-15, and what aliyun-fc2
2.5.2 reads of the answers; read 2026-11.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fake_aliyun.core.clock import iso_seconds
from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.http import Request, Response
from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.models import AsyncConfig, Function
from fake_aliyun.fc.platform import Platform
from fake_aliyun.fc.triggers import Trigger, read_trigger

VERSION = "/2016-08-15"


@dataclass(frozen=True, kw_only=True, slots=True)
class FcOperation:
    """One operation: its method, its path after the version, and its parameters."""

    action: str
    method: str
    path: str
    parameters: frozenset[str] = frozenset()
    version: str = VERSION

    @property
    def pattern(self) -> str:
        """Return the path as a regular expression with a group for each name."""
        return self.version + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)


_PAGE = frozenset({"limit", "prefix", "nextToken", "startKey"})
_FUNCTION = "/services/{service}/functions/{function}"
_CONFIG = f"{_FUNCTION}/async-invoke-config"


def _operation(
    action: str, method: str, path: str, parameters: frozenset[str] = frozenset()
) -> FcOperation:
    return FcOperation(action=action, method=method, path=path, parameters=parameters)


OPERATIONS = (
    _operation("ListServices", "GET", "/services", _PAGE),
    _operation("GetService", "GET", "/services/{service}"),
    _operation("ListFunctions", "GET", "/services/{service}/functions", _PAGE),
    _operation("GetFunction", "GET", _FUNCTION),
    _operation("InvokeFunction", "POST", f"{_FUNCTION}/invocations"),
    _operation("CreateTrigger", "POST", f"{_FUNCTION}/triggers"),
    _operation("ListTriggers", "GET", f"{_FUNCTION}/triggers", _PAGE),
    _operation("GetTrigger", "GET", f"{_FUNCTION}/triggers/{{trigger}}"),
    _operation("DeleteTrigger", "DELETE", f"{_FUNCTION}/triggers/{{trigger}}"),
    _operation("PutFunctionAsyncInvokeConfig", "PUT", _CONFIG),
    _operation("GetFunctionAsyncInvokeConfig", "GET", _CONFIG),
    _operation("DeleteFunctionAsyncInvokeConfig", "DELETE", _CONFIG),
)


def find_operation(
    request: Request, operations: Sequence[FcOperation] = OPERATIONS
) -> tuple[FcOperation, dict[str, str]]:
    """Return the operation that a request names and the names in its path.

    Raises:
        NotImitatedError: It names none that is known, or an unknown parameter.
    """
    for operation in operations:
        found = re.fullmatch(operation.pattern, request.decoded_path)
        if found and request.method == operation.method:
            for name in request.query_parameters.keys() - operation.parameters:
                raise NotImitatedError(
                    f"the query parameter {name!r} of {operation.action}",
                    known=operation.parameters,
                )
            return operation, found.groupdict()
    raise NotImitatedError(
        f"{request.method} {request.path} of Function Compute",
        known=(f"{o.method} {o.version}{o.path}: {o.action}" for o in operations),
    )


LOG_TAIL_BYTES = 4096
DEFAULT_LIMIT, MAX_LIMIT = 20, 100
TASK_ID = re.compile(r"[a-zA-Z_][\w-]{0,127}", re.ASCII)
Names = Mapping[str, str]
_HEADERS = frozenset(
    {"x-fc-account-id", "x-fc-date", "x-fc-security-token", "x-fc-trace-id"}
)
_INVOKING = frozenset(
    {"x-fc-invocation-type", "x-fc-log-type", "x-fc-stateful-async-invocation-id"}
)


class FcOperations:
    """Answers operations."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._backend = platform.backend

    def run(
        self, operation: FcOperation, request: Request, names: Names, principal: str
    ) -> Response:
        """Return the answer of an operation."""
        _check_headers(operation, request)
        if operation.action == "InvokeFunction":
            return self._invoke_function(request, names, principal)
        others: dict[str, Callable[[Request, Names], Response]] = {
            "ListServices": self._list_services,
            "GetService": self._get_service,
            "ListFunctions": self._list_functions,
            "GetFunction": self._get_function,
            "CreateTrigger": self._create_trigger,
            "ListTriggers": self._list_triggers,
            "GetTrigger": self._get_trigger,
            "DeleteTrigger": self._delete_trigger,
            "PutFunctionAsyncInvokeConfig": self._put_config,
            "GetFunctionAsyncInvokeConfig": self._get_config,
            "DeleteFunctionAsyncInvokeConfig": self._delete_config,
        }
        return others[operation.action](request, names)

    def _function(self, names: Names) -> Function:
        return self._backend.find(names["service"], names["function"])

    def _invoke_function(
        self, request: Request, names: Names, principal: str
    ) -> Response:
        function = self._function(names)
        kind = _choice(request, "x-fc-invocation-type", ("Sync", "Async"))
        log_type = _choice(request, "x-fc-log-type", ("None", "Tail"))
        task_id = _task_id(request, function)
        if kind == "Async":
            invocation = self._platform.enqueue(
                function, request.body, task_id=task_id, started_by=principal
            )
            headers = {"X-Fc-Request-Id": invocation.request_id}
            if task_id:
                headers["X-Fc-Stateful-Async-Invocation-Id"] = task_id
            return Response(status=202, headers=headers)
        done = self._platform.invoke(function, request.body, started_by=principal)
        attempt = done.attempts[-1]
        if attempt.http_status >= 400:
            raise FcError(attempt.error_type, message=attempt.body.decode())
        headers = {
            "Content-Type": "application/octet-stream",
            "X-Fc-Request-Id": done.request_id,
            "X-Fc-Invocation-Service-Version": "LATEST",
        }
        if attempt.error_type:
            headers["X-Fc-Error-Type"] = attempt.error_type
        if log_type == "Tail":
            text = "\n".join(attempt.log_lines).encode()
            headers["X-Fc-Log-Result"] = base64.b64encode(
                text[-LOG_TAIL_BYTES:]
            ).decode()
        return Response(status=200, headers=headers, body=attempt.body)

    def _list_services(self, request: Request, names: Names) -> Response:
        del names
        services, more = _page(request, {n: n for n in self._backend.services()})
        shown = [self._shown_service(name) for name in services]
        return _json({"services": shown, **more})

    def _get_service(self, request: Request, names: Names) -> Response:
        del request
        name = self._backend.check_service(names["service"])
        return _json(self._shown_service(name))

    def _shown_service(self, name: str) -> dict[str, Any]:
        project, store = self._backend.service_log(name)
        return {
            "serviceName": name,
            "serviceId": name,
            "internetAccess": True,
            "role": self._backend.service_role(name),
            "logConfig": {"project": project, "logstore": store},
        }

    def _list_functions(self, request: Request, names: Names) -> Response:
        service = self._backend.check_service(names["service"])
        functions = {
            name: function
            for (home, name), function in self._backend.functions.items()
            if home == service
        }
        found, more = _page(request, functions)
        return _json({"functions": [_shown_function(f) for f in found], **more})

    def _get_function(self, request: Request, names: Names) -> Response:
        del request
        return _json(_shown_function(self._function(names)))

    def _create_trigger(self, request: Request, names: Names) -> Response:
        document = _read_json(request)
        trigger = read_trigger(document, created=self._backend.clock())
        self._backend.add_trigger(self._function(names), trigger)
        return _json(_shown_trigger(trigger))

    def _list_triggers(self, request: Request, names: Names) -> Response:
        found, more = _page(request, self._function(names).triggers)
        return _json({"triggers": [_shown_trigger(t) for t in found], **more})

    def _get_trigger(self, request: Request, names: Names) -> Response:
        del request
        return _json(_shown_trigger(self._trigger(names)))

    def _delete_trigger(self, request: Request, names: Names) -> Response:
        del request
        trigger = self._trigger(names)
        del self._function(names).triggers[trigger.name]
        return Response(status=204)

    def _trigger(self, names: Names) -> Trigger:
        triggers = self._function(names).triggers
        if names["trigger"] not in triggers:
            raise FcError("TriggerNotFound", f"'{names['trigger']}'")
        return triggers[names["trigger"]]

    def _put_config(self, request: Request, names: Names) -> Response:
        function = self._function(names)
        function.async_config = AsyncConfig.from_document(_read_json(request))
        function.has_async_config = True
        return _json(_shown_config(function))

    def _get_config(self, request: Request, names: Names) -> Response:
        del request
        return _json(_shown_config(self._configured(names)))

    def _delete_config(self, request: Request, names: Names) -> Response:
        del request
        function = self._configured(names)
        function.async_config = AsyncConfig()
        function.has_async_config = False
        return Response(status=204)

    def _configured(self, names: Names) -> Function:
        function = self._function(names)
        if not function.has_async_config:
            raise FcError("AsyncConfigNotExists", f"{function.service}:{function.name}")
        return function


def _check_headers(operation: FcOperation, request: Request) -> None:
    """Refuse to ignore what a header of Function Compute asks for."""
    own = _INVOKING if operation.action == "InvokeFunction" else frozenset[str]()
    for name in sorted(request.headers):
        if name.startswith("x-fc-") and name not in _HEADERS | own:
            raise NotImitatedError(
                f"the header {name!r} of {operation.action}", known=_HEADERS | own
            )


def _choice(request: Request, name: str, allowed: tuple[str, ...]) -> str:
    value = request.headers.get(name, allowed[0])
    if value not in allowed:
        raise FcError("InvalidArgument", f"{name} is one of {allowed}, not {value!r}")
    return value


def _task_id(request: Request, function: Function) -> str:
    """Return the ID of a task; only functions in task mode take one.

    Source: "Task deduplication", Function Compute 2.0 documentation, read 2026-11.
    What a function in another mode does with the header is stated nowhere.
    """
    task_id = request.headers.get("x-fc-stateful-async-invocation-id", "")
    if task_id and not TASK_ID.fullmatch(task_id):
        raise FcError("InvalidArgument", f"the task ID {task_id!r} is malformed")
    if task_id and not function.async_config.is_stateful:
        raise FcError("InvalidArgument", "the function is not in task mode")
    return task_id


def _page(request: Request, entries: Mapping[str, Any]) -> tuple[list[Any], Names]:
    """Return a page of what has a name, and what leads to the next page.

    Source: ListServices and ListFunctions, Function Compute 2016-08-15, read 2026-11:
    20 to a page unless it says, 100 at most, beginning with startKey; nextToken is a
    name in the examples.
    """
    parameters = request.query_parameters
    limit = parameters.get("limit") or str(DEFAULT_LIMIT)
    if not re.fullmatch("[0-9]{1,3}", limit) or not 1 <= int(limit) <= MAX_LIMIT:
        raise FcError("InvalidArgument", f"limit is 1 to {MAX_LIMIT}, not {limit!r}")
    first = max(parameters.get("startKey", ""), parameters.get("nextToken", ""))
    prefix = parameters.get("prefix", "")
    names = sorted(n for n in entries if n.startswith(prefix) and n >= first)
    page, rest = names[: int(limit)], names[int(limit) :]
    return [entries[n] for n in page], {"nextToken": rest[0]} if rest else {}


def _read_json(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(request.body)
    except json.JSONDecodeError:
        raise FcError("InvalidArgument", "the body is no JSON") from None
    if not isinstance(document, dict):
        raise FcError("InvalidArgument", "the body is no JSON object")
    return document


def _json(document: Mapping[str, Any]) -> Response:
    return Response(
        status=200,
        headers={"Content-Type": "application/json"},
        body=json.dumps(document).encode(),
    )


def _shown_function(function: Function) -> dict[str, Any]:
    return {
        "functionId": function.function_id,
        "functionName": function.name,
        "handler": function.handler_name,
        "memorySize": function.memory_mib,
        "runtime": function.runtime,
        "timeout": function.timeout_seconds,
        "environmentVariables": dict(function.environment),
        "createdTime": iso_seconds(function.created),
    }


def _shown_trigger(trigger: Trigger) -> dict[str, Any]:
    return {**trigger.as_document(), "createdTime": iso_seconds(trigger.created)}


def _shown_config(function: Function) -> dict[str, Any]:
    return {
        "service": function.service,
        "function": function.name,
        "qualifier": "LATEST",
        **function.async_config.as_document(),
    }
