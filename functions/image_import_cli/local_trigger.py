"""The function on the cloud of this machine: its settings, its trigger, its code.

Deployed, the function runs under Function Compute; here it runs under the fake of it:
the same code, called with bytes and a context, again and again while it raises.
"""

import importlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fake_aliyun import FakeAliyun
from fake_aliyun.context import Context
from image_import.settings import Settings

if TYPE_CHECKING:
    from image_import.handler import Runtime

SERVICE, FUNCTION = "image-import", "importer"
HANDLER = "image_import.handler"
EVENTS = (
    "oss:ObjectCreated:PutObject",
    "oss:ObjectCreated:PostObject",
    "oss:ObjectCreated:CopyObject",
    "oss:ObjectCreated:CompleteMultipartUpload",
)
"""What the deployed trigger listens to; a test compares them."""

TIMEOUT_SECONDS = 120


def local_settings(
    given: Mapping[str, str], *, url: str, bucket: str
) -> dict[str, str]:
    """Return settings that lead to the server on this machine.

    As deployed, the ledger has a bucket of its own; whatever is given by hand is kept.
    """
    own = {
        "OSS_ENDPOINT": url,
        "ECS_ENDPOINT": url,
        "LEDGER_BUCKET": f"{bucket}-ledger",
    }
    return {**own, **given}


def deploy(
    cloud: FakeAliyun, environ: Mapping[str, str], settings: Settings, *, bucket: str
) -> None:
    """Let uploads to a bucket invoke the function.

    Args:
        cloud: Where to.
        environ: The function's environment.
        settings: What `environ` says.
        bucket: Its trigger's; made if it is not there, like that of the ledger.
    """
    for name in (bucket, settings.ledger_bucket or bucket):
        cloud.oss.create_bucket(name)
    function = cloud.fc.create_function(
        SERVICE,
        FUNCTION,
        Instances(environ),
        handler_name=f"{HANDLER}.on_object_created",
        timeout_seconds=TIMEOUT_SECONDS,
        environment=environ,
    )
    cloud.fc.create_trigger(function, bucket, events=EVENTS, prefix=settings.key_prefix)
    # A second's worth of imports; whoever uploads meanwhile waits for the rest of it.
    threading.Thread(
        target=importlib.import_module, args=(HANDLER,), daemon=True
    ).start()


class Instances:
    """The function's code; each thread that runs it is an instance of its own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._here = threading.local()

    def __call__(self, event: bytes, context: Context) -> str:
        """Return the handler's answer, or raise as it does."""
        from image_import.handler import handle  # noqa: PLC0415 - slow, see `deploy`

        return handle(event, context, environ=self._environ, runtime=self._runtime())

    def _runtime(self) -> "Runtime":
        from image_import.handler import Runtime  # noqa: PLC0415 - same

        if not hasattr(self._here, "runtime"):
            self._here.runtime = Runtime()
        runtime: Runtime = self._here.runtime
        return runtime
