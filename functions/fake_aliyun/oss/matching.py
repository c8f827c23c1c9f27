"""Which operation of OSS a request names, and whether it carries anything else."""

from collections.abc import Mapping

from fake_aliyun.errors import NotImitatedError
from fake_aliyun.oss.operations import (
    COMMON_HEADERS,
    COMMON_PARAMETERS,
    OPERATIONS,
    Level,
    Operation,
)
from fake_aliyun.oss.requests import OssRequest
from fake_aliyun.oss.signatures import SIGNED_SUBRESOURCES

MARKERS = frozenset(operation.marker for operation in OPERATIONS) - {""}


def find_operation(request: OssRequest) -> Operation:
    """Return the operation that a request names.

    Raises:
        NotImitatedError: It names none that is known.
    """
    level = _level(request)
    markers = MARKERS & request.parameters.keys()
    fitting = [
        operation
        for operation in OPERATIONS
        if (operation.method, operation.level) == (request.method, level)
        and markers == ({operation.marker} - {""})
        and (not operation.needs_header or request.header(operation.needs_header))
    ]
    if not fitting:
        raise _unknown(request)
    return max(fitting, key=lambda operation: bool(operation.needs_header))


def _level(request: OssRequest) -> Level:
    if request.key:
        return "object"
    return "bucket" if request.bucket else "service"


def _unknown(request: OssRequest) -> NotImitatedError:
    return NotImitatedError(
        f"{request.method} on an OSS {_level(request)} with the query parameters "
        f"{sorted(request.parameters)}",
        known=(_shown(operation) for operation in OPERATIONS),
    )


def check_known(operation: Operation, request: OssRequest) -> None:
    """Let a request pass that carries nothing its operation does not take.

    Raises:
        NotImitatedError: It carries an unknown parameter or `x-oss-*` header.
    """
    parameters = operation.parameters | COMMON_PARAMETERS | {operation.marker}
    for name in request.parameters:
        if name in SIGNED_SUBRESOURCES - parameters:
            raise _unknown(request)
        if name not in parameters:
            raise NotImitatedError(
                f"the query parameter {name!r} of {operation.action}", known=parameters
            )
    headers = operation.headers | COMMON_HEADERS
    for name in _unknown_headers(request.http.headers, headers):
        raise NotImitatedError(
            f"the header {name!r} of {operation.action}", known=headers
        )


def _unknown_headers(given: Mapping[str, str], known: frozenset[str]) -> list[str]:
    metadata = "x-oss-meta-*" in known
    return [
        name
        for name in given
        if name.startswith("x-oss-")
        and name not in known
        and not (metadata and name.startswith("x-oss-meta-"))
    ]


def _shown(operation: Operation) -> str:
    marker = f"?{operation.marker}" if operation.marker else ""
    header = f" with {operation.needs_header}" if operation.needs_header else ""
    place = f"{operation.method} {operation.level}{marker}{header}"
    return f"{operation.action}: {place}"
