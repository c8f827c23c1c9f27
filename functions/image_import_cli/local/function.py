"""The function on the cloud of this machine: its settings, its trigger, its code.

Deployed, the function runs under Function Compute; here it runs under the fake of it:
the same code, called with bytes and a context, again and again while it raises.
"""

import importlib
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from fake_aliyun import AsyncConfig, FakeAliyun
from fake_aliyun.fc.invocations import FcInvocation
from fake_aliyun.fc.models import Function
from fake_aliyun.fc.runtime.context import FcContext
from image_import.config.settings import SETTINGS, Settings
from image_import.errors import SettingsError
from image_import.ledger.layout import JOBS

from image_import_cli.local.roles import local_names, make_roles

if TYPE_CHECKING:
    from image_import.importing.runtime import Runtime

FUNCTION, TRACKER, CONVERTER = "importer", "tracker", "converter"
HANDLER, SCHEDULE = "image_import.handler", "image_import.tracking.schedule"
EVENTS = (
    "oss:ObjectCreated:PutObject",
    "oss:ObjectCreated:PostObject",
    "oss:ObjectCreated:CopyObject",
    "oss:ObjectCreated:CompleteMultipartUpload",
)
"""What the deployed trigger listens to; a test compares them."""

ENDPOINTS = {row.name for row in SETTINGS if row.name.endswith("_ENDPOINT")}

LONGEST_STEM = 63 - len("-ledger")
"""Source: "Bucket overview", OSS documentation: a name has 63 characters at most."""

TIMEOUT_SECONDS, TRACKER_TIMEOUT_SECONDS = 120, 240
"""As deployed."""

CONVERTER_TIMEOUT_SECONDS = 600

RETRIES = 3
"""Fewer than deployed: who tries things out here does not wait for hours."""


def is_delivery(invocation: FcInvocation) -> bool:
    """Return whether an invocation is anything but a run of the tracker."""
    return invocation.function.name != TRACKER


def local_settings(
    given: Mapping[str, str], *, url: str, bucket: str
) -> dict[str, str]:
    """Return settings that lead to the server on this machine.

    As deployed, the ledger has a bucket of its own; whatever else is given by hand is
    kept.

    Raises:
        SettingsError: An endpoint is given, which would lead away from this machine.
    """
    for name in sorted(ENDPOINTS & {name for name, value in given.items() if value}):
        raise SettingsError(
            f"{name} holds {given[name]!r}, and the function would ask there; here all "
            "endpoints lead to this machine: leave it out"
        )
    own = {
        "OSS_ENDPOINT": url,
        "OSS_ADDRESSING": "path",
        "ECS_ENDPOINT": url,
        "ESS_ENDPOINT": url,
        "LEDGER_BUCKET": f"{bucket[:LONGEST_STEM].rstrip('-')}-ledger",
        "CONVERTER": "true",
    }
    if given.get("ECS_LOOKUP") == "pop":
        own["ECS_LOOKUP_ENDPOINT"] = url
    return {**own, **given}


def deploy(
    cloud: FakeAliyun, environ: Mapping[str, str], settings: Settings, *, bucket: str
) -> None:
    """Let uploads to a bucket invoke the function, and a timer its tracker.

    Roles, log and the queue of failed events are as deployed, so that `doctor` finds
    here what it would find there.

    Args:
        cloud: Where to.
        environ: The function's environment.
        settings: What `environ` says.
        bucket: Its trigger's; made if it is not there, like that of the ledger.
    """
    for name in (bucket, settings.ledger_bucket or bucket):
        cloud.oss.create_bucket(name, is_lasting=True)
    names = local_names(cloud, settings, bucket=bucket)
    roles = make_roles(cloud, settings, names)
    queue = f"acs:mns:{names.region_id}:{names.account_id}:/queues/"
    queue += f"{names.failure_queue}/messages"

    def make(
        name: str, handler: str, code: "Instances", seconds: int, *, retries: int
    ) -> Function:
        return cloud.fc.create_function(
            names.service,
            name,
            code,
            handler_name=f"{HANDLER}.{handler}",
            timeout_seconds=seconds,
            role=roles.functions.name,
            log_store=f"{names.log_project}/{names.log_store}",
            environment=environ,
            async_config=AsyncConfig(retries=retries, on_failure=queue),
        )

    importer = Instances(environ, _importer)
    function = make(
        FUNCTION, "on_object_created", importer, TIMEOUT_SECONDS, retries=RETRIES
    )
    cloud.fc.create_trigger(
        function,
        bucket,
        events=EVENTS,
        prefix=settings.key_prefix,
        invocation_role=f"acs:ram::{names.account_id}:role/{roles.trigger.name}",
    )
    following = Instances(environ, _tracker)
    tracker = make(
        TRACKER, "on_schedule", following, TRACKER_TIMEOUT_SECONDS, retries=1
    )
    cloud.fc.create_timer(tracker, "@every 1m", name="schedule", payload=bucket)
    converting = Instances(environ, _converter)
    seconds = CONVERTER_TIMEOUT_SECONDS
    converter = make(CONVERTER, "on_conversion", converting, seconds, retries=RETRIES)
    cloud.fc.create_trigger(
        converter,
        settings.ledger_bucket or bucket,
        events=("oss:ObjectCreated:PutObject",),
        prefix=f"{settings.ledger_prefix}{JOBS}",
        invocation_role=f"acs:ram::{names.account_id}:role/{roles.trigger.name}",
    )
    # A second's worth of imports; whoever uploads meanwhile waits for the rest of it.
    threading.Thread(
        target=importlib.import_module, args=(SCHEDULE,), daemon=True
    ).start()


class Handle(Protocol):
    """What answers an event, with an explicit environment."""

    def __call__(
        self,
        event: bytes,
        context: object,
        *,
        environ: Mapping[str, str],
        runtime: "Runtime",
    ) -> str:
        """Return the handler's answer."""


def _importer() -> Handle:
    from image_import.handler import handle  # noqa: PLC0415 - slow, see `deploy`

    return handle


def _converter() -> Handle:
    from image_import.handler import convert  # noqa: PLC0415 - same

    return convert


def _tracker() -> Handle:
    from image_import.tracking.schedule import handle_schedule  # noqa: PLC0415 - same

    return handle_schedule


class Instances:
    """The function's code; each thread that runs it is an instance of its own."""

    def __init__(
        self, environ: Mapping[str, str], handler: Callable[[], Handle]
    ) -> None:
        self._environ = environ
        self._handler = handler
        self._here = threading.local()

    def __call__(self, event: bytes, context: FcContext) -> str:
        """Return the handler's answer, or raise as it does."""
        runtime = self._runtime()
        return self._handler()(event, context, environ=self._environ, runtime=runtime)

    def _runtime(self) -> "Runtime":
        from image_import.importing.runtime import Runtime  # noqa: PLC0415 - same

        if not hasattr(self._here, "runtime"):
            self._here.runtime = Runtime()
        runtime: Runtime = self._here.runtime
        return runtime
