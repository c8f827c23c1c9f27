"""Services, functions, triggers and how they are configured.

A function is a Python callable that a test registers, or a code package that runs in
a process of its own (`fc_runtime.FcFunction`).
"""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fake_aliyun.core.clock import Clock
from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.fields import read_object, read_text, read_whole
from fake_aliyun.fc.runtime.context import FcContext
from fake_aliyun.fc.runtime.function import FcFunction
from fake_aliyun.fc.triggers import OssTrigger, Trigger, check_no_overlap

Handler = Callable[[bytes, FcContext], Any] | FcFunction
LATEST = "LATEST"
DEFAULT_RETRIES = 3
DEFAULT_EVENT_AGE_SECONDS = 86_400
_DESTINATION = re.compile(
    r"acs:(?P<service>mns|fc):(?P<region>[^:]*):(?P<account>\d*):(?P<path>.+)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncConfig:
    """What happens to asynchronous invocations.

    Sources: PutFunctionAsyncInvokeConfig, Function Compute 2.0, read 2026-11: 0 to 8
    retries, three if not given; other pages give other defaults.
    """

    retries: int = DEFAULT_RETRIES
    event_age_seconds: int = DEFAULT_EVENT_AGE_SECONDS
    on_success: str = ""
    on_failure: str = ""
    is_stateful: bool = False

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "AsyncConfig":
        """Return the configuration that a request describes.

        Raises:
            FcError: InvalidArgument.
        """
        known = {
            "destinationConfig", "maxAsyncEventAgeInSeconds", "maxAsyncRetryAttempts",
            "statefulInvocation",
        }  # fmt: skip
        said = read_object(document, known, where="a configuration")
        destinations = read_object(
            said.get("destinationConfig"),
            {"onSuccess", "onFailure"},
            where="destinationConfig",
        )
        is_stateful = said.get("statefulInvocation") or False
        if not isinstance(is_stateful, bool):
            raise FcError("InvalidArgument", "statefulInvocation is true or false")
        return cls(
            retries=read_whole(
                said.get("maxAsyncRetryAttempts"),
                range(9),
                default=DEFAULT_RETRIES,
                where="maxAsyncRetryAttempts",
            ),
            event_age_seconds=read_whole(
                said.get("maxAsyncEventAgeInSeconds"),
                range(1, 604_801),
                default=DEFAULT_EVENT_AGE_SECONDS,
                where="maxAsyncEventAgeInSeconds",
            ),
            on_success=_destination(destinations, "onSuccess"),
            on_failure=_destination(destinations, "onFailure"),
            is_stateful=is_stateful,
        )

    def as_document(self) -> dict[str, Any]:
        """Return the configuration as answers show it."""
        destinations = {
            name: {"destination": arn}
            for name, arn in (
                ("onSuccess", self.on_success),
                ("onFailure", self.on_failure),
            )
            if arn
        }
        return {
            "destinationConfig": destinations,
            "maxAsyncEventAgeInSeconds": self.event_age_seconds,
            "maxAsyncRetryAttempts": self.retries,
            "statefulInvocation": self.is_stateful,
        }


def _destination(destinations: Mapping[str, Any], name: str) -> str:
    said = read_object(destinations.get(name), {"destination"}, where=name)
    arn = read_text(said.get("destination"), where=name)
    if arn and not _DESTINATION.fullmatch(arn):
        raise FcError("InvalidArgument", f"{name}: {arn!r} is no MNS or FC ARN")
    return arn


@dataclass(kw_only=True)
class Function:
    """One function of a service.

    Attributes:
        service: "" if it is of FC 3.0, which has no services.
        role: Whose rights it has; "" for those of the account.
        log_store: `PROJECT/LOGSTORE` to which its log lines go, or "".
        environment: Its variables, as GetFunction shows them; a callable does not get
            them.
    """

    service: str
    name: str
    handler: Handler
    created: datetime
    handler_name: str = "index.handler"
    timeout_seconds: int = 60
    memory_mib: int = 512
    runtime: str = "python3.10"
    role: str = ""
    log_store: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    async_config: AsyncConfig = field(default_factory=AsyncConfig)
    has_async_config: bool = False
    function_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    triggers: dict[str, Trigger] = field(default_factory=dict)

    def arn(self, *, region_id: str, account_id: str) -> str:
        """Return the name by which policies and destinations speak of it."""
        path = f"functions/{self.name}"
        if self.service:
            path = f"services/{self.service}.{LATEST}/{path}"
        return f"acs:fc:{region_id}:{account_id}:{path}"


class FcBackend:
    """All functions of one account in one region."""

    def __init__(self, *, account_id: str, region_id: str, clock: Clock) -> None:
        self.account_id = account_id
        self.region_id = region_id
        self.clock = clock
        self.functions: dict[tuple[str, str], Function] = {}

    def add(self, function: Function) -> None:
        """Let a function be invoked; it replaces one of its name."""
        self.functions[function.service, function.name] = function

    def services(self) -> list[str]:
        """Return the names of all services, sorted."""
        return sorted({service for service, _ in self.functions if service})

    def service_role(self, service: str) -> str:
        """Return the ARN of the role that a service's functions have, "" for none.

        FC 2.0 gives one role to a service; here each function is told its own.
        """
        role = min(self._said(service, lambda function: function.role), default="")
        return f"acs:ram::{self.account_id}:role/{role}" if role else ""

    def service_log(self, service: str) -> tuple[str, str]:
        """Return project and logstore that a service logs to, "" for none.

        As its role, FC 2.0 gives these to a service.
        """
        log = min(self._said(service, lambda function: function.log_store), default="")
        project, _, store = log.partition("/")
        return project, store

    def _said(self, service: str, ask: Callable[[Function], str]) -> set[str]:
        """Return what the functions of a service say that is not ""."""
        held = (f for (home, _), f in self.functions.items() if home == service)
        return {ask(function) for function in held} - {""}

    def check_service(self, service: str) -> str:
        """Return the name of a service that exists, its qualifier dropped."""
        name, _, qualifier = service.partition(".")
        if name not in self.services():
            raise FcError("ServiceNotFound", name)
        if qualifier not in {"", LATEST}:
            raise FcError("VersionNotFound", f"'{qualifier}' of service '{name}'")
        return name

    def find(self, service: str, name: str) -> Function:
        """Return a function by its service, perhaps with a qualifier, and name."""
        service = self.check_service(service)
        if (service, name) not in self.functions:
            raise FcError("FunctionNotFound", f"'{name}' in service '{service}'")
        return self.functions[service, name]

    def find_3(self, name: str) -> Function:
        """Return a function of FC 3.0."""
        if ("", name) not in self.functions:
            raise FcError("FunctionNotFound", f"'{name}'")
        return self.functions["", name]

    def find_arn(self, arn: str) -> Function:
        """Return the function of an ARN, whose region and account may be left out."""
        found = re.fullmatch(r"acs:fc:[^:]*:\d*:services/([^/]+)/functions/(\S+)", arn)
        if not found:
            raise FcError("InvalidArgument", f"{arn!r} names no function")
        return self.find(found[1], found[2])

    def add_trigger(self, function: Function, trigger: Trigger) -> None:
        """Let a trigger invoke a function."""
        if trigger.name in function.triggers:
            raise FcError("TriggerAlreadyExists", f"'{trigger.name}'")
        if isinstance(trigger, OssTrigger):
            if trigger.region_id not in {"", self.region_id}:
                raise FcError(
                    "InvalidArgument",
                    f"a bucket in {trigger.region_id} for a function in "
                    f"{self.region_id}",
                )
            others = [other for _, other in self.all_triggers()]
            beside = [other for other in others if isinstance(other, OssTrigger)]
            check_no_overlap(trigger, beside)
        function.triggers[trigger.name] = trigger

    def all_triggers(self) -> list[tuple[Function, Trigger]]:
        """Return each trigger with its function."""
        return [
            (function, trigger)
            for function in self.functions.values()
            for trigger in function.triggers.values()
        ]
