"""Function Compute over HTTP: a request is checked, answered or refused."""

import json
import threading
import uuid
from dataclasses import replace

from fake_aliyun.core.clock import http_date
from fake_aliyun.core.errors import CloudError
from fake_aliyun.core.hosts import Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded, without_secrets
from fake_aliyun.core.service import Work
from fake_aliyun.fc.auth import FcAuthenticator
from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.operations import (
    OPERATIONS,
    FcOperation,
    FcOperations,
    find_operation,
)
from fake_aliyun.fc.platform import Platform
from fake_aliyun.ram.models import RamBackend


class FcService:
    """Function Compute over HTTP."""

    name = "fc"
    actions = frozenset(operation.action for operation in OPERATIONS)

    def __init__(
        self,
        platform: Platform,
        *,
        ram: RamBackend,
        authenticator: FcAuthenticator,
        lock: threading.RLock,
    ) -> None:
        self._backend = platform.backend
        self._operations = FcOperations(platform)
        self._ram = ram
        self._authenticator = authenticator
        self._lock = lock

    def begin(self, request: Request, place: Host, record: Recorded) -> Work:
        """Return what will answer a request."""
        del place
        operation, names = find_operation(request)
        record.action = operation.action
        record.key = names.get("function", "")
        record.parameters = without_secrets({**names, **request.query_parameters})
        return lambda: self._answer(request, operation, names, record)

    def _answer(
        self,
        request: Request,
        operation: FcOperation,
        names: dict[str, str],
        record: Recorded,
    ) -> Response:
        with self._lock:
            record.principal = self._authenticator.principal(request)
            self._authorize(operation, names, record.principal)
        # Not under the lock: a function may use the cloud itself, from threads too.
        return self._operations.run(operation, request, names, record.principal)

    def _authorize(
        self, operation: FcOperation, names: dict[str, str], principal: str
    ) -> None:
        service = names.get("service", "*")
        path = f"services/{service}"
        if "function" in names:
            qualified = service if "." in service else f"{service}.LATEST"
            path = f"services/{qualified}/functions/{names['function']}"
        account = self._backend.account_id
        resource = f"acs:fc:{self._backend.region_id}:{account}:{path}"
        action = f"fc:{operation.action}"
        if not self._ram.allows(principal, action, resource):
            raise FcError("AccessDenied", f"{principal} may not {action} on {resource}")

    def refuse(
        self, error: CloudError, request: Request, place: Host, record: Recorded
    ) -> Response:
        """Return a refusal as JSON."""
        del request, place, record
        document = {"ErrorCode": error.code, "ErrorMessage": error.message}
        return Response(
            status=error.status,
            headers={"Content-Type": "application/json", **error.headers},
            body=json.dumps(document).encode(),
        )

    def error(self, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks for."""
        return FcError.for_fault(code, message=message, status=status)

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer of FC has."""
        headers = {
            "Date": http_date(self._backend.clock()),
            "X-Fc-Request-Id": record.request_id,
        }
        return replace(response, headers={**headers, **response.headers})

    def new_request_id(self) -> str:
        """Return a UUID."""
        return str(uuid.uuid4())
