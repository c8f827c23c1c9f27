"""What a test does to Function Compute without going through a client."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from fake_aliyun.core.faults import Fault, Faults
from fake_aliyun.fc.invocations import FcInvocation
from fake_aliyun.fc.models import AsyncConfig, Function, Handler
from fake_aliyun.fc.platform import Denied, Message, Platform
from fake_aliyun.fc.triggers import Trigger, read_trigger


class Fc:
    """The functions of a cloud, as a test registers and watches them."""

    def __init__(self, platform: Platform, *, faults: Faults) -> None:
        self._platform = platform
        self._faults = faults

    @property
    def invocations(self) -> Sequence[FcInvocation]:
        """Return all invocations, oldest first."""
        return self._platform.invocations

    @property
    def messages(self) -> Sequence[Message]:
        """Return what destinations were told, oldest first."""
        return self._platform.messages

    @property
    def log_lines(self) -> Mapping[str, Sequence[str]]:
        """Return what functions logged, by `PROJECT/LOGSTORE`."""
        return self._platform.log_lines

    @property
    def denied(self) -> Sequence[Denied]:
        """Return what the platform could not do for want of a permission."""
        return self._platform.denied

    def create_function(  # noqa: PLR0913 - what a function has, all by name
        self,
        service: str,
        name: str,
        handler: Handler,
        *,
        handler_name: str = "index.handler",
        timeout_seconds: int = 60,
        role: str = "",
        log_store: str = "",
        environment: Mapping[str, str] | None = None,
        async_config: AsyncConfig | None = None,
    ) -> Function:
        """Return a function that runs a Python callable or a code package.

        Args:
            service: The FC 2.0 service, made with its first function; "" for FC 3.0.
            name: Of the function.
            handler: Called with the payload and a context; or an FcFunction, whose
                own settings then count beside the role.
            handler_name: What the context calls it.
            timeout_seconds: What the context says; nobody enforces it.
            role: Whose rights the function has; "" for all rights.
            log_store: `PROJECT/LOGSTORE` that its log lines go to; "" for nowhere.
            environment: The variables that GetFunction shows.
            async_config: Retries, age and destinations of asynchronous invocations.
        """
        function = Function(
            service=service,
            name=name,
            handler=handler,
            created=self._platform.backend.clock(),
            handler_name=handler_name,
            timeout_seconds=timeout_seconds,
            role=role,
            log_store=log_store,
            environment=environment or {},
            async_config=async_config or AsyncConfig(),
            has_async_config=async_config is not None,
        )
        self._platform.backend.add(function)
        return function

    def create_trigger(  # noqa: PLR0913 - what a trigger has, all by name
        self,
        function: Function,
        bucket: str,
        *,
        name: str = "",
        events: Sequence[str] = (
            "oss:ObjectCreated:PutObject",
            "oss:ObjectCreated:PostObject",
            "oss:ObjectCreated:CompleteMultipartUpload",
        ),
        prefix: str = "",
        suffix: str = "",
        invocation_role: str = "",
    ) -> Trigger:
        """Return a native OSS trigger that invokes a function asynchronously."""
        backend = self._platform.backend
        document: dict[str, Any] = {
            "triggerName": name or f"{bucket}-{len(function.triggers) + 1}",
            "triggerType": "oss",
            "sourceArn": f"acs:oss:{backend.region_id}:{backend.account_id}:{bucket}",
            "invocationRole": invocation_role,
            "triggerConfig": {
                "events": list(events),
                "filter": {"key": {"prefix": prefix, "suffix": suffix}},
            },
        }
        return self._add_trigger(function, document)

    def create_timer(
        self,
        function: Function,
        schedule: str,
        *,
        name: str = "timer",
        payload: str = "",
        enable: bool = True,
    ) -> Trigger:
        """Return a time trigger, which invokes a function whenever `tick` is called."""
        config = {"cronExpression": schedule, "payload": payload, "enable": enable}
        document = {
            "triggerName": name,
            "triggerType": "timer",
            "triggerConfig": config,
        }
        return self._add_trigger(function, document)

    def _add_trigger(self, function: Function, document: Mapping[str, Any]) -> Trigger:
        backend = self._platform.backend
        trigger = read_trigger(document, created=backend.clock())
        backend.add_trigger(function, trigger)
        return trigger

    def tick(self) -> Sequence[FcInvocation]:
        """Return what all enabled time triggers start: invocations, not yet tried.

        It is as if all of them were due now; no schedule is reckoned with.
        """
        return self._platform.tick()

    def invoke_async(
        self, function: Function, payload: bytes, *, task_id: str = ""
    ) -> FcInvocation:
        """Return an asynchronous invocation, not yet tried."""
        return self._platform.enqueue(function, payload, task_id=task_id)

    def run_due(self) -> int:
        """Return how many attempts were made: of all that are due now."""
        return self._platform.queue.run_due()

    def drain(self) -> None:
        """Work until no invocation waits; a `ManualClock` is moved as needed."""
        self._platform.queue.drain()

    def refuse_attempts(self, code: str = "ResourceExhausted", times: int = 1) -> None:
        """Let the platform refuse the next attempts to run a function."""
        self._platform.queue.refuse_attempts(code, times)

    @contextmanager
    def worked_on(self, instances: int = 1) -> Iterator[None]:
        """Make attempts as they become due, in other threads, while the block runs.

        Args:
            instances: How many attempts are made at once.
        """
        queue = self._platform.queue
        queue.start()
        threads = [
            threading.Thread(target=queue.work, daemon=True) for _ in range(instances)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            queue.stop()
            for thread in threads:
                thread.join()

    def fail_next(self, code: str = "", **options: object) -> None:
        """Let coming requests fail; `faults.Fault` lists the options."""
        self._faults.add(Fault.from_json({"service": "fc", "code": code, **options}))
