"""ECS over HTTP: three doors, one set of operations."""

import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fake_aliyun import xml
from fake_aliyun.clock import http_date
from fake_aliyun.ecs.authentication import Authenticator
from fake_aliyun.ecs.errors import ERRORS, EcsError
from fake_aliyun.ecs.models import EcsBackend
from fake_aliyun.ecs.operations import OPERATIONS, Operations, permission
from fake_aliyun.ecs.parameters import RULES, check_names
from fake_aliyun.ecs.queries import Document
from fake_aliyun.ecs.route import read_route, route_refusal
from fake_aliyun.errors import NotImitatedError, ServiceError, error_for_fault
from fake_aliyun.hosts import APSARA_HEADERS, Door, Place
from fake_aliyun.http import Request, Response
from fake_aliyun.ram.models import RamBackend
from fake_aliyun.records import Recorded, without_secrets
from fake_aliyun.service import Work

VERSION = "2014-05-26"
COMMON = frozenset(
    {"Action", "Version", "Format", "AccessKeyId", "Signature", "SignatureMethod",
     "SignatureVersion", "SignatureNonce", "SignatureType", "Timestamp",
     "SecurityToken"}
)  # fmt: skip
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
        authenticator: Authenticator,
        lock: threading.RLock,
        route: RouteSettings,
    ) -> None:
        self._backend = backend
        self._operations = Operations(backend)
        self._ram = ram
        self._authenticator = authenticator
        self._lock = lock
        self._route = route

    def begin(self, request: Request, place: Place, record: Recorded) -> Work:
        """Return what will answer a request."""
        if place.door == "apsara-route":
            return self._begin_route(request, record)
        parameters = {**request.query_parameters, **request.form}
        record.parameters = without_secrets(parameters)
        is_acs3 = "x-acs-action" in request.headers
        action = request.headers.get("x-acs-action") or parameters.get("Action", "")
        version = request.headers.get("x-acs-version") or parameters.get("Version")
        record.action = action
        _check_operation(action)
        if version != VERSION:
            raise NotImitatedError(f"version {version!r} of ECS", known=[VERSION])
        if is_acs3 and request.form:
            raise NotImitatedError(
                "ACS3 with the parameters in the body", known=["the query"]
            )
        common = COMMON if place.door == "public" else COMMON_APSARA
        own = {name: parameters[name] for name in parameters if name not in common}
        return lambda: self._answer_rpc(
            request, place, record, action=action, parameters=own
        )

    def _answer_rpc(
        self,
        request: Request,
        place: Place,
        record: Recorded,
        *,
        action: str,
        parameters: Mapping[str, str],
    ) -> Response:
        with self._lock:
            _check_headers(request, place.door)
            record.principal = self._authenticator.rpc(request)
            region_id = parameters.get("RegionId", "")
            if place.region_id and region_id not in {"", place.region_id}:
                raise EcsError("InvalidOperation.NotSupportedEndpoint")
            document = self._run(
                action, parameters, door=place.door, principal=record.principal
            )
        document["RequestId"] = record.request_id
        return _rendered(f"{action}Response", document, as_xml=_wants_xml(request))

    def _run(
        self, action: str, parameters: Mapping[str, str], *, door: Door, principal: str
    ) -> Document:
        """Return the answer of an operation, once it may be done."""
        known = OPERATIONS[action] or RULES[door].names
        check_names(parameters, known, action)
        region_id = parameters.get("RegionId", "*")
        resource = f"acs:ecs:{region_id}:{self._ram.account_id}:{permission(action)}"
        if principal and not self._ram.allows(principal, f"ecs:{action}", resource):
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
            return _json({"RequestID": record.request_id})
        return _json({**document, "RequestId": record.request_id})

    def refuse(
        self, error: ServiceError, request: Request, place: Place, record: Recorded
    ) -> Response:
        """Return a refusal in the form of its door."""
        if place.door == "apsara-route":
            return route_refusal(error)
        document = {
            "RequestId": record.request_id,
            "HostId": request.host,
            "Code": error.code,
            "Message": error.message,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}"
            "&product=Ecs",
        }
        answer = _rendered("Error", document, as_xml=_wants_xml(request))
        headers = {**answer.headers, **error.headers}
        return replace(answer, status=error.status, headers=headers)

    def error(self, code: str, *, message: str, status: int | None) -> ServiceError:
        """Return the refusal that a fault asks for."""
        return error_for_fault(
            "ECS",
            code,
            message=message,
            status=status,
            known={known: kind.status for known, kind in ERRORS.items()},
            make=lambda code, message: EcsError(code, message=message),
        )

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer of ECS has."""
        return replace(
            response,
            headers={
                "Date": http_date(self._backend.clock()),
                "x-acs-request-id": record.request_id,
                **response.headers,
            },
        )

    def new_request_id(self) -> str:
        """Return an upper-case UUID."""
        return str(uuid.uuid4()).upper()


def _check_operation(action: str) -> None:
    if action not in OPERATIONS:
        raise NotImitatedError(f"the ECS operation {action!r}", known=OPERATIONS)


def _check_headers(request: Request, door: Door) -> None:
    """Refuse headers of Apsara Stack at the public door, and unknown ones there."""
    own = {name for name in request.headers if name.startswith("x-acs-")}
    signing = {
        "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce",
        "x-acs-content-sha256", "x-acs-security-token", "x-acs-accesskey-id",
        "x-acs-credentials-provider",
    }  # fmt: skip
    known = signing if door == "public" else signing | APSARA_HEADERS
    for name in sorted(own - known):
        raise NotImitatedError(f"the header {name!r}", known=known)


def _wants_xml(request: Request) -> bool:
    """Return whether the answer is XML, as it is for RPC V1 unless asked otherwise.

    Source: "Request syntax and signature method V2 for RPC APIs", `Format`.
    """
    if "x-acs-action" in request.headers:
        return False
    parameters = {**request.query_parameters, **request.form}
    return parameters.get("Format", "XML").upper() == "XML"


def _rendered(name: str, document: Document, *, as_xml: bool) -> Response:
    if not as_xml:
        return _json(document)
    return Response(
        status=200,
        headers={"Content-Type": "text/xml;charset=utf-8"},
        body=xml.document(name, list(_pairs(document))),
    )


def _pairs(document: Mapping[str, Any]) -> list[tuple[str, xml.Children]]:
    pairs: list[tuple[str, xml.Children]] = []
    for name, value in document.items():
        for entry in value if isinstance(value, list) else [value]:
            inner = _pairs(entry) if isinstance(entry, dict) else str(entry)
            pairs.append((name, inner))
    return pairs


def _json(document: Mapping[str, Any]) -> Response:
    return Response(
        status=200,
        headers={"Content-Type": "application/json;charset=utf-8"},
        body=json.dumps(document, ensure_ascii=False).encode(),
    )
