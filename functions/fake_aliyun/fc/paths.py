"""The operations of Function Compute and the paths that name them.

Source: API overview of Function Compute 2016-08-15 and aliyun-fc2 2.5.2, read 2026-11.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fake_aliyun.errors import NotImitatedError
from fake_aliyun.http import Request

VERSION = "/2016-08-15"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
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
) -> Operation:
    return Operation(action=action, method=method, path=path, parameters=parameters)


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
    request: Request, operations: Sequence[Operation] = OPERATIONS
) -> tuple[Operation, dict[str, str]]:
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
