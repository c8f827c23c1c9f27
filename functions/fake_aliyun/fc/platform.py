"""The platform: it runs functions in their roles' names and tells what came of it."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fake_aliyun.fc.errors import FcError
from fake_aliyun.fc.invocations import Attempt, FcInvocation, run
from fake_aliyun.fc.models import FcBackend, Function
from fake_aliyun.fc.queue import Queue, refused
from fake_aliyun.fc.runtime.context import (
    ContextFunction,
    ContextService,
    FcContext,
    make_context,
)
from fake_aliyun.fc.timers import TimerTrigger
from fake_aliyun.fc.triggers import OssTrigger
from fake_aliyun.oss.events import as_bytes
from fake_aliyun.ram.models import RamBackend


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a queue, topic or function was told."""

    destination: str
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """Return the message as it was before it became bytes."""
        document: dict[str, Any] = json.loads(self.body)
        return document


def permission_for(destination: str) -> str:
    """Return the action that the function's role needs for a destination."""
    if destination.startswith("acs:fc:"):
        return "fc:InvokeFunction"
    is_topic = "/topics/" in destination
    return "mns:PublishMessage" if is_topic else "mns:SendMessage"


def complete(arn: str, *, region_id: str, account_id: str) -> str:
    """Return an ARN with the region and account that `acs:mns:::...` leaves out."""
    head, service, region, account, path = arn.split(":", 4)
    filled = (head, service, region or region_id, account or account_id, path)
    return ":".join(filled)


def outcome_message(
    invocation: FcInvocation, *, function_arn: str, now: datetime
) -> bytes:
    """Return what a destination is told of an invocation that has ended."""
    last = invocation.attempts[-1] if invocation.attempts else None
    error = last.error_type if last else "InvocationExpired"
    return json.dumps(
        {
            "timestamp": int(now.timestamp() * 1000),
            "requestContext": {
                "requestId": invocation.request_id,
                "functionArn": function_arn,
                "condition": error,
                "approximateInvokeCount": len(invocation.attempts),
            },
            "requestPayload": _text(invocation.payload),
            "responseContext": {
                "statusCode": last.http_status if last else 0,
                "functionError": error,
            },
            "responsePayload": _text(invocation.result),
        },
        ensure_ascii=False,
    ).encode()


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


FC_SERVICE = "fc.aliyuncs.com"
OSS_SERVICE = "oss.aliyuncs.com"
FUNCTION_ROLE = "fake-function-role"
"""The role of functions that were given none; it is allowed everything."""
TOKEN_SECONDS = 36 * 3600
MAX_SYNC_BYTES = 32 * 1024**2
MAX_ASYNC_BYTES = 128 * 1024
"""Source: "Limits", Function Compute documentation, read 2026-11."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Denied:
    """Something that the platform could not do for want of a permission."""

    principal: str
    action: str
    resource: str


class Platform:
    """Runs functions and keeps what they leave behind.

    Attributes:
        invocations: All of them, oldest first.
        messages: What destinations were told.
        log_lines: By `PROJECT/LOGSTORE`.
        denied: What was not done because no policy allows it.
    """

    def __init__(self, backend: FcBackend, *, ram: RamBackend) -> None:
        self.backend = backend
        self.invocations: list[FcInvocation] = []
        self.messages: list[Message] = []
        self.log_lines: dict[str, list[str]] = defaultdict(list)
        self.denied: list[Denied] = []
        self.queue = Queue(
            clock=backend.clock, attempt=self._attempt, tell=self._tell_outcome
        )
        self._ram = ram

    def clear(self) -> None:
        """Forget invocations and what they left; keep the functions."""
        self.queue.clear()
        self.invocations.clear()
        self.messages.clear()
        self.log_lines.clear()
        self.denied.clear()

    def invoke(
        self, function: Function, payload: bytes, *, started_by: str = "account"
    ) -> FcInvocation:
        """Return an invocation that was tried once, here and now.

        Raises:
            FcError: The payload is too large, or the platform refuses.
        """
        if len(payload) > MAX_SYNC_BYTES:
            raise FcError("EntityTooLarge", str(MAX_SYNC_BYTES))
        if refusal := self.queue.take_refusal():
            raise refusal
        invocation = self._new(function, payload, started_by)
        attempt = self._attempt(invocation)
        invocation.attempts.append(attempt)
        invocation.status = "Succeeded" if attempt.succeeded else "Failed"
        return invocation

    def enqueue(
        self,
        function: Function,
        payload: bytes,
        *,
        task_id: str = "",
        started_by: str = "account",
    ) -> FcInvocation:
        """Return an invocation that will be tried by whoever works on the queue.

        Raises:
            FcError: The payload is too large, or the task ID was used before.
        """
        if len(payload) > MAX_ASYNC_BYTES:
            raise FcError("EntityTooLarge", str(MAX_ASYNC_BYTES))
        if task_id and any(
            known.task_id == task_id and known.function is function
            for known in self.invocations
        ):
            raise FcError("StatefulAsyncInvocationAlreadyExists", task_id)
        invocation = self._new(function, payload, started_by)
        invocation.task_id = task_id
        self.queue.put(invocation)
        return invocation

    def _new(self, function: Function, payload: bytes, started_by: str) -> FcInvocation:
        now = self.backend.clock()
        invocation = FcInvocation(
            function=function,
            payload=payload,
            enqueued=now,
            due=now,
            started_by=started_by,
        )
        self.invocations.append(invocation)
        return invocation

    def hear(self, record: Mapping[str, Any]) -> None:
        """Invoke the functions whose triggers listen to a record from OSS."""
        for function, trigger in self.backend.all_triggers():
            if not isinstance(trigger, OssTrigger) or not trigger.hears(record):
                continue
            if self._oss_may_invoke(function, trigger):
                source = str(record["oss"]["bucket"]["arn"])
                self.enqueue(function, as_bytes(dict(record)), started_by=source)

    def tick(self) -> list[FcInvocation]:
        """Return the invocations that the time triggers start, each one once."""
        now = self.backend.clock()
        return [
            self.enqueue(
                function, trigger.event(now), started_by=f"timer/{trigger.name}"
            )
            for function, trigger in self.backend.all_triggers()
            if isinstance(trigger, TimerTrigger) and trigger.is_enabled
        ]

    def _oss_may_invoke(self, function: Function, trigger: OssTrigger) -> bool:
        """Return whether the trigger's role lets OSS invoke the function."""
        role = trigger.role_name
        if not role:
            return True
        if not self._ram.may_assume(role, service=OSS_SERVICE):
            self._deny(role, "sts:AssumeRole", f"role/{role}")
            return False
        return self._may(role, "fc:InvokeFunction", self._arn(function))

    def _may(self, role: str, action: str, resource: str) -> bool:
        allowed = not role or self._ram.allows(f"role/{role}", action, resource)
        if not allowed:
            self._deny(role, action, resource)
        return allowed

    def _deny(self, role: str, action: str, resource: str) -> None:
        denied = Denied(principal=f"role/{role}", action=action, resource=resource)
        self.denied.append(denied)

    def _arn(self, function: Function) -> str:
        backend = self.backend
        return function.arn(region_id=backend.region_id, account_id=backend.account_id)

    def _attempt(self, invocation: FcInvocation) -> Attempt:
        role = invocation.function.role
        if role and not self._ram.may_assume(role, service=FC_SERVICE):
            self._deny(role, "sts:AssumeRole", f"role/{role}")
            return refused(FcError("AccessDenied", f"cannot assume the role {role}"))
        attempt = run(invocation, self._context)
        self._deliver_log(invocation.function, attempt)
        return attempt

    def _context(self, invocation: FcInvocation) -> FcContext:
        function = invocation.function
        role = function.role or FUNCTION_ROLE
        project, _, store = function.log_store.partition("/")
        return make_context(
            self._ram.assume_role(role, seconds=TOKEN_SECONDS),
            region_id=self.backend.region_id,
            account_id=self.backend.account_id,
            function=ContextFunction(
                name=function.name,
                handler=function.handler_name,
                memory=function.memory_mib,
                timeout=str(function.timeout_seconds),
            ),
            service=ContextService(
                name=function.service,
                log_project=project,
                log_store=store,
                qualifier="LATEST",
            ),
            request_id=invocation.request_id,
            retry_count=len(invocation.attempts),
        )

    def _deliver_log(self, function: Function, attempt: Attempt) -> None:
        project, _, store = function.log_store.partition("/")
        if not store:
            return
        account = self.backend.account_id
        place = f"project/{project}/logstore/{store}"
        resource = f"acs:log:{self.backend.region_id}:{account}:{place}"
        if self._may(function.role, "log:PostLogStoreLogs", resource):
            self.log_lines[function.log_store] += attempt.log_lines

    def _tell_outcome(self, invocation: FcInvocation) -> None:
        config = invocation.function.async_config
        succeeded = invocation.status == "Succeeded"
        wanted = config.on_success if succeeded else config.on_failure
        if not wanted:
            return
        backend = self.backend
        arn = complete(
            wanted, region_id=backend.region_id, account_id=backend.account_id
        )
        if not self._may(invocation.function.role, permission_for(arn), arn):
            return
        body = outcome_message(
            invocation, function_arn=self._arn(invocation.function), now=backend.clock()
        )
        self.messages.append(Message(destination=arn, body=body))
        if arn.startswith("acs:fc:"):
            target = backend.find_arn(arn)
            self.enqueue(target, body, started_by=self._arn(invocation.function))
