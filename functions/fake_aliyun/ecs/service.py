"""ECS over HTTP: three doors, one set of operations."""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from fake_aliyun.core.errors import CloudError
from fake_aliyun.core.hosts import APSARA_HEADERS, Door, Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded
from fake_aliyun.core.rpc import (
    COMMON,
    Call,
    Document,
    answered,
    as_json,
    check_headers,
    finished,
    refused,
)
from fake_aliyun.core.service import Work
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.models import EcsBackend
from fake_aliyun.ecs.operations import OPERATIONS, EcsOperations
from fake_aliyun.ecs.parameters import RULES, check_names
from fake_aliyun.ecs.route import read_route, route_refusal
from fake_aliyun.ram.models import RamBackend
from fake_aliyun.ram.rpc_auth import RpcAuthenticator

VERSION = "2014-05-26"
COMMON_APSARA = COMMON | {
    "Product", "Department", "OrganizationId", "ResourceGroup", "SecureTransport",
    "SourceIp",
}  # fmt: skip
"""Source: Terraform provider alibabacloudstack, `connectivity/client.go`; cloudmux,
`pkg/multicloud/apsara`; read 2026-11."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteSettings:
    """How the route of Apsara Stack behaves where no page says.

    Attributes:
        auth: "roa-v1", or "none" for a gateway that takes unsigned requests.
        lookup: Whether it serves more than ImportImage.
    """

    auth: str = "roa-v1"
    lookup: bool = False


class EcsService:
    """Elastic Compute Service over HTTP."""

    name = "ecs"
    actions = frozenset(OPERATIONS)

    def __init__(
        self,
        backend: EcsBackend,
        *,
        ram: RamBackend,
        authenticator: RpcAuthenticator,
        lock: threading.RLock,
        route: RouteSettings,
    ) -> None:
        self._backend = backend
        self._operations = EcsOperations(backend)
        self._ram = ram
        self._authenticator = authenticator
        self._lock = lock
        self._route = route

    def begin(self, request: Request, place: Host, record: Recorded) -> Work:
        """Return what will answer a request."""
        if place.door == "apsara-route":
            return self._begin_route(request, record)
        call = Call.of(request)
        call.begin(request, record, service="ECS", version=VERSION, known=OPERATIONS)
        own = call.own(COMMON if place.door == "public" else COMMON_APSARA)
        return lambda: self._answer_rpc(request, place, record, parameters=own)

    def _answer_rpc(
        self,
        request: Request,
        place: Host,
        record: Recorded,
        *,
        parameters: Mapping[str, str],
    ) -> Response:
        action = record.action
        with self._lock:
            check_headers(request, () if place.door == "public" else APSARA_HEADERS)
            record.principal = self._authenticator.rpc(request)
            region_id = parameters.get("RegionId", "")
            if place.region_id and region_id not in {"", place.region_id}:
                raise EcsError("InvalidOperation.NotSupportedEndpoint")
            document = self._run(
                action, parameters, door=place.door, principal=record.principal
            )
        document["RequestId"] = record.request_id
        return answered(request, action, document)

    def _run(
        self, action: str, parameters: Mapping[str, str], *, door: Door, principal: str
    ) -> Document:
        """Return the answer of an operation, once it may be done."""
        operation = OPERATIONS[action]
        check_names(parameters, operation.parameters or RULES[door].names, action)
        start = f"acs:ecs:{parameters.get('RegionId', '*')}:{self._ram.account_id}:"
        for resource in operation.resources(parameters) if principal else ():
            if not self._ram.allows(principal, f"ecs:{action}", start + resource):
                raise EcsError("Forbidden.RAM")
        return self._operations.run(action, parameters, door=door)

    def _begin_route(self, request: Request, record: Recorded) -> Work:
        action, parameters = read_route(request, lookup=self._route.lookup)
        record.action = action
        record.parameters = parameters
        return lambda: self._answer_route(request, record, parameters)

    def _answer_route(
        self, request: Request, record: Recorded, parameters: Mapping[str, str]
    ) -> Response:
        with self._lock:
            if self._route.auth != "none":
                record.principal = self._authenticator.roa(request)
            document = self._run(
                record.action,
                parameters,
                door="apsara-route",
                principal=record.principal,
            )
        if record.action == "ImportImage":
            return as_json({"RequestID": record.request_id})
        return as_json({**document, "RequestId": record.request_id})

    def refuse(
        self, error: CloudError, request: Request, place: Host, record: Recorded
    ) -> Response:
        """Return a refusal in the form of its door."""
        if place.door == "apsara-route":
            return route_refusal(error)
        return refused(error, request, record, product="Ecs")

    def error(self, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks for."""
        return EcsError.for_fault(code, message=message, status=status)

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer of ECS has."""
        return finished(response, record, now=self._backend.clock())

    def new_request_id(self) -> str:
        """Return an upper-case UUID."""
        return str(uuid.uuid4()).upper()
