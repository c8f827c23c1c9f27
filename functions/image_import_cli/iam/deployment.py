"""What a deployment consists of: template.yml and s.yaml say the same as this.

Texts hold fields in braces, such as `{key_prefix}`, where a deployment's own names
and choices go. A test reads both files into these classes and compares.

Sources:
    "Aliyun::Serverless", Funcraft specification 2018-04-03; "ALIYUN::FC::Function"
    and "ALIYUN::FC::Trigger", ROS documentation; schema of the Serverless Devs
    component fc3; "Overview of OSS triggers" and "Asynchronous invocation", Function
    Compute documentation. All read 2026-11. Where they disagree on a limit, the
    smallest range is kept to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


# An empty variable is an unset one.
ENVIRONMENT = {
    "IMPORT_TARGET": "public",
    "REGION_ID": "{region_id}",
    "ECS_ENDPOINT": "{ecs_endpoint}",
    "OSS_ENDPOINT": "{oss_endpoint}",
    "EXTRA_PLATFORMS": "{extra_platforms}",
    "SYSTEM_DISK_GIB": "{system_disk_gib}",
    "DATA_DISK_GIB": "{data_disk_gib}",
    "KEY_PREFIX": "{key_prefix}",
    "LEDGER_BUCKET": "{ledger_bucket}",
    "LEDGER_PREFIX": "{ledger_prefix}",
    "LEASE_SECONDS": "300",
    "SIDECAR": "{sidecar}",
    "SIDECAR_MAY_SET": "{sidecar_may_set}",
    "IMAGE_NAME_TEMPLATE": "{image_name_template}",
    "ROLE_NAME": "{import_role_name}",
    "WINDOWS_LICENSE_TYPE": "{windows_license_type}",
    "INSPECT": "{inspect}",
    "INSPECT_CONFLICT": "{inspect_conflict}",
    "INSPECT_SECONDS": "{inspect_seconds}",
    "INSPECT_MIB": "{inspect_mib}",
    "ON_AVAILABLE": "{on_available}",
    "STUCK_AFTER_SECONDS": "{stuck_after_seconds}",
    "DRY_RUN": "{dry_run}",
    "LOG_LEVEL": "{log_level}",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionSpec:
    """One function.

    Attributes:
        timeout_seconds: Less than LEASE_SECONDS: a claim must outlive the invocation
            that holds it.
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

FUNCTIONS = (IMPORTER, TRACKER)
