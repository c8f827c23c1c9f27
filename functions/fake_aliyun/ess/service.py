"""Auto Scaling over HTTP: its RPC API, version 2022-02-22, of which one call is served.

Sources: "DescribeScalingConfigurations", Auto Scaling API 2022-02-22, and its models in
alibabacloud-ess20220222 1.13.3, read 2026-12. What the page's errors leave out is
answered as ECS does, whose gateway is of the same kind.
"""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from fake_aliyun.core.clock import Clock
from fake_aliyun.core.errors import (
    CloudError,
    ErrorType,
    KnownError,
    NotImitatedError,
)
from fake_aliyun.core.gateway import GATEWAY_ERRORS
from fake_aliyun.core.hosts import ESS_VERSION, Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded
from fake_aliyun.core.rpc import (
    Call,
    Document,
    answered,
    check_headers,
    finished,
    refused,
)
from fake_aliyun.core.service import Work
from fake_aliyun.ram.models import RamBackend
from fake_aliyun.ram.rpc_auth import RpcAuthenticator

ACTION = "DescribeScalingConfigurations"
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 10, 50
_KNOWN = frozenset({"RegionId", "PageNumber", "PageSize", "ScalingGroupId"})


class EssError(KnownError):
    """A refusal by Auto Scaling; status and sentence follow from the code."""

    service = "ESS"
    known: ClassVar[Mapping[str, ErrorType]] = {
        "Forbidden.RAM": ErrorType(
            403, "User not authorized to operate on the specified resource."
        ),
        "InvalidParameter": ErrorType(
            400, 'The specified value of parameter "%s" is not valid.'
        ),
        "MissingParameter": ErrorType(
            400, "The input parameter %s that is mandatory for this action is missing."
        ),
        **GATEWAY_ERRORS,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingConfiguration:
    """What a group starts from: an image's ID, its name, or the newest of a family."""

    region_id: str
    image_id: str = ""
    image_name: str = ""
    image_family: str = ""
    group_id: str = "asg-1"
    configuration_id: str = field(
        default_factory=lambda: f"asc-{uuid.uuid4().hex[:20]}"
    )

    def document(self) -> Document:
        """Return what an answer shows of it; the rest of its fields is left out."""
        return {
            "ScalingConfigurationId": self.configuration_id,
            "ScalingGroupId": self.group_id,
            "LifecycleState": "Active",
            **({"ImageId": self.image_id} if self.image_id else {}),
            **({"ImageName": self.image_name} if self.image_name else {}),
            **({"ImageFamily": self.image_family} if self.image_family else {}),
        }


class EssService:
    """Auto Scaling over HTTP."""

    name = "ess"
    actions = frozenset({ACTION})

    def __init__(
        self,
        configurations: list[ScalingConfiguration],
        *,
        ram: RamBackend,
        authenticator: RpcAuthenticator,
        clock: Clock,
        lock: threading.RLock,
    ) -> None:
        self._configurations = configurations
        self._ram = ram
        self._authenticator = authenticator
        self._clock = clock
        self._lock = lock

    def begin(self, request: Request, place: Host, record: Recorded) -> Work:
        """Return what will answer a request."""
        del place
        call = Call.of(request)
        call.begin(
            request, record, service="ESS", version=ESS_VERSION, known=self.actions
        )
        return lambda: self._answer(request, record, call.own())

    def _answer(
        self, request: Request, record: Recorded, parameters: Mapping[str, str]
    ) -> Response:
        with self._lock:
            check_headers(request)
            record.principal = self._authenticator.rpc(request)
            document = self._page(parameters, record.principal)
        document["RequestId"] = record.request_id
        return answered(request, record.action, document)

    def _page(self, parameters: Mapping[str, str], principal: str) -> Document:
        """Return a page of the configurations of a region, perhaps of one group."""
        for name in sorted(parameters.keys() - _KNOWN):
            raise NotImitatedError(f"the parameter {name!r} of {ACTION}", known=_KNOWN)
        region_id = parameters.get("RegionId", "")
        if not region_id:
            raise EssError("MissingParameter", "RegionId")
        resource = f"acs:ess:{region_id}:{self._ram.account_id}:*"
        if not self._ram.allows(principal, f"ess:{ACTION}", resource):
            raise EssError("Forbidden.RAM")
        size = _number(parameters, "PageSize", DEFAULT_PAGE_SIZE, most=MAX_PAGE_SIZE)
        page = _number(parameters, "PageNumber", 1)
        group_id = parameters.get("ScalingGroupId", "")
        found = [
            one.document()
            for one in self._configurations
            if one.region_id == region_id and group_id in {"", one.group_id}
        ]
        return {
            "TotalCount": len(found),
            "PageNumber": page,
            "PageSize": size,
            "ScalingConfigurations": found[(page - 1) * size : page * size],
        }

    def refuse(
        self, error: CloudError, request: Request, place: Host, record: Recorded
    ) -> Response:
        """Return a refusal as JSON or XML."""
        del place
        return refused(error, request, record, product="Ess")

    def error(self, code: str, *, message: str, status: int | None) -> CloudError:
        """Return the refusal that a fault asks for."""
        return EssError.for_fault(code, message=message, status=status)

    def finish(self, response: Response, record: Recorded) -> Response:
        """Return an answer with the headers that each answer has."""
        return finished(response, record, now=self._clock())

    def new_request_id(self) -> str:
        """Return an upper-case UUID."""
        return str(uuid.uuid4()).upper()


def _number(
    parameters: Mapping[str, str], name: str, default: int, *, most: int = 2**31 - 1
) -> int:
    text = parameters.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise EssError("InvalidParameter", name)
    return int(text)
