"""RAM over HTTP: its RPC API, version 2015-05-01."""

import threading
import uuid

from fake_aliyun.core.clock import Clock
from fake_aliyun.core.errors import CloudError
from fake_aliyun.core.hosts import RAM_VERSION, Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded
from fake_aliyun.core.rpc import (
    COMMON,
    Call,
    Document,
    answered,
    check_headers,
    finished,
    refused,
)
from fake_aliyun.core.service import Work
from fake_aliyun.ram.errors import RamError
from fake_aliyun.ram.models import RamBackend
from fake_aliyun.ram.operations import (
    OPERATIONS,
    Parameters,
    RamOperations,
    check_parameters,
    resources,
)
from fake_aliyun.ram.rpc_auth import RpcAuthenticator

COMMON_HERE = COMMON | {"RegionId"}
"""Clients such as aliyun-python-sdk-core name a region in every call; RAM has none."""


class RamService:
    """Resource Access Management over HTTP."""

    name = "ram"
    actions = frozenset(OPERATIONS)

    def __init__(
        self,
        backend: RamBackend,
        *,
        authenticator: RpcAuthenticator,
        clock: Clock,
        lock: threading.RLock,
    ) -> None:
        self._backend = backend
        self._authenticator = authenticator
        self._clock = clock
        self._lock = lock

    def begin(self, request: Request, place: Host, record: Recorded) -> Work:
        """Return what will answer a request."""
        del place
        call = Call.of(request)
        call.begin(
            request, record, service="RAM", version=RAM_VERSION, known=OPERATIONS
        )
        return lambda: self._answer(request, record, call.own(COMMON_HERE))

    def _answer(
        self, request: Request, record: Recorded, parameters: Parameters
    ) -> Response:
        with self._lock:
            check_headers(request)
            record.principal = self._authenticator.rpc(request)
            document = self._run(record.action, parameters, record.principal)
        document["RequestId"] = record.request_id
        return answered(request, record.action, document)

    def _run(self, action: str, parameters: Parameters, principal: str) -> Document:
        """Return the answer of an operation, once it may be done."""
        backend = self._backend
        check_parameters(action, parameters)
        for resource in resources(parameters, account_id=backend.account_id):
            if not backend.allows(principal, f"ram:{action}", resource):
                raise RamError("NoPermission")
        operations = RamOperations(backend.directory, account_id=backend.account_id)
        return operations.run(action, parameters)

    def refuse(
        self, error: CloudError, request: Request, place: Host, record: Recorded
    ) -> Response:
        """Return a refusal as JSON or XML."""
        del place
        return refused(error, request, record, product="Ram")

    def error(self, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks for."""
        return RamError.for_fault(code, message=message, status=status)

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer of RAM has."""
        return finished(response, record, now=self._clock())

    def new_request_id(self) -> str:
        """Return an upper-case UUID."""
        return str(uuid.uuid4()).upper()
