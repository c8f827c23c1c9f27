"""What a deployment consists of: the templates and s.yaml say the same as this.

Texts hold fields in braces, such as `{key_prefix}`, where a deployment's own names
and choices go. A test reads each file into these classes and compares.

Sources:
    "ALIYUN::FC3::Function" and its trigger, ROS documentation, read 2026-12;
    "Aliyun::Serverless", Funcraft specification 2018-04-03; "ALIYUN::FC::Function"
    and "ALIYUN::FC::Trigger", ROS documentation; schema of the Serverless Devs
    component fc3; "Overview of OSS triggers" and "Asynchronous invocation", Function
    Compute documentation. All read 2026-11. Where they disagree on a limit, the
    smallest range is kept to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from image_import.config.settings import SETTINGS

RUNTIMES = ("python3.10", "python3.12")
RUNTIME = "python3.10"
"""The one taken by default: the newest that FC 2.0, FC 3.0 and ROS all document."""

OBJECT_CREATED = (
    "oss:ObjectCreated:PutObject",
    "oss:ObjectCreated:PostObject",
    "oss:ObjectCreated:CopyObject",
    "oss:ObjectCreated:CompleteMultipartUpload",
)
"""The calls that leave a whole object. `*` would add each part of an upload."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OssTriggerSpec:
    """Runs a function when an object was created under a prefix."""

    bucket: str = "{image_bucket}"
    prefix: str = "{key_prefix}"
    suffix: str = ""
    events: tuple[str, ...] = OBJECT_CREATED
    invocation_role: str = "acs:ram::{account_id}:role/{trigger_role}"


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerTriggerSpec:
    """Runs a function at fixed times."""

    schedule: str = "{tracker_schedule}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncSettings:
    """What happens to an event whose invocation fails.

    Defaults differ between the sources, so each value is written out.
    """

    max_retries: int
    max_event_age_seconds: int
    on_failure: str = (
        "acs:mns:{region_id}:{account_id}:/queues/{failure_queue}/messages"
    )
    is_task: bool = False


_FIXED = {"IMPORT_TARGET": "public", "LEASE_SECONDS": "300", "CONVERTER": "true"}
_OTHER_NAME = {"ROLE_NAME": "import_role_name"}
"""Beside the names of the deployment's own roles, `role_name` would be anybody's."""

# An empty variable is an unset one.
ENVIRONMENT = {
    row.name: _FIXED.get(row.name, f"{{{_OTHER_NAME.get(row.name, row.name.lower())}}}")
    for row in SETTINGS
    if row.is_offered
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionSpec:
    """One function.

    Attributes:
        timeout_seconds: Less than LEASE_SECONDS, but for the converter: a claim must
            outlive the invocation that holds it.
    """

    name: str
    description: str
    handler: str
    timeout_seconds: int
    trigger: OssTriggerSpec | TimerTriggerSpec
    async_settings: AsyncSettings
    initializer: str = "image_import.handler.initialize"
    initialization_timeout_seconds: int = 30
    memory_mb: int = 512
    runtime: str = "{runtime}"
    role: str = "acs:ram::{account_id}:role/{function_role}"
    code: str = "{code}"
    log_project: str = "{log_project}"
    log_store: str = "{log_store}"
    environment: Mapping[str, str] = field(default_factory=lambda: ENVIRONMENT)


# A failed event is tried as often as FC allows: what it fails for passes by itself.
IMPORTER = FunctionSpec(
    name="importer",
    description="Calls ImportImage for an uploaded image, once.",
    handler="image_import.handler.on_object_created",
    timeout_seconds=120,
    trigger=OssTriggerSpec(),
    async_settings=AsyncSettings(max_retries=8, max_event_age_seconds=86_400),
)

# The next run makes up for a failed one, so there is little to retry.
TRACKER = FunctionSpec(
    name="tracker",
    description="Follows imports to their end.",
    handler="image_import.handler.on_schedule",
    timeout_seconds=240,
    trigger=TimerTriggerSpec(),
    async_settings=AsyncSettings(max_retries=1, max_event_age_seconds=300),
)

# What it has not finished is delivered again, and goes on where it was.
CONVERTER = FunctionSpec(
    name="converter",
    description="Converts what has to pass through a function.",
    handler="image_import.handler.on_conversion",
    timeout_seconds=600,
    memory_mb=2048,
    trigger=OssTriggerSpec(
        bucket="{ledger_bucket}",
        prefix="{ledger_prefix}jobs/",
        events=("oss:ObjectCreated:PutObject",),
    ),
    async_settings=AsyncSettings(max_retries=8, max_event_age_seconds=86_400),
)

FUNCTIONS = (IMPORTER, TRACKER, CONVERTER)
