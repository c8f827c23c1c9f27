"""The functions of template-fc2.yml, as Function Compute 2.0 has them."""

from typing import Any

from deployment.ros_file import Place, StackKind
from deployment.ros_shapes import resources_with, template_with
from deployment.shapes import (
    BUCKET,
    EVENTS,
    FOLDER,
    HANDLER,
    MEMORY,
    QUEUE,
    ROLE,
    RUNTIME,
    SCHEDULE,
    TEXT,
    VARIABLES,
    YES,
    Schema,
    fields,
    just,
    whole,
    with_events_of_jobs,
)
from image_import_cli.iam.deployment import (
    AsyncSettings,
    FunctionSpec,
    OssTriggerSpec,
    TimerTriggerSpec,
)

Json = Any

ASYNC = fields(
    {
        "MaxAsyncRetryAttempts": whole(0, 8),
        "MaxAsyncEventAgeInSeconds": whole(1, 604_800),
        "StatefulInvocation": {"type": "boolean"},
        "Destination": fields({"OnFailure": QUEUE}),
    }
)
OSS_EVENT = fields(
    {
        "Type": just("OSS"),
        "Properties": fields(
            {
                "BucketName": BUCKET,
                "Events": EVENTS,
                "Filter": fields(
                    {"Key": fields({"Prefix": FOLDER, "Suffix": just("")})}
                ),
                "InvocationRole": ROLE,
            }
        ),
    }
)
TIMER_EVENT = fields(
    {
        "Type": just("Timer"),
        "Properties": fields({"CronExpression": SCHEDULE, "Enable": YES}),
    }
)


JOB_EVENT = with_events_of_jobs(OSS_EVENT, "Events")


def function_of(event_name: str, event: Schema, most_seconds: int = 300) -> Schema:
    properties = {
        "Description": TEXT,
        "Handler": HANDLER,
        "Initializer": HANDLER,
        "InitializationTimeout": whole(1, 300),
        "Runtime": RUNTIME,
        "CodeUri": {"type": "string", "pattern": r"^oss://[a-z0-9-]+/.+\.zip$"},
        "MemorySize": MEMORY,
        "Timeout": whole(1, most_seconds),
        "EnvironmentVariables": VARIABLES,
        "AsyncConfiguration": ASYNC,
    }
    return fields(
        {
            "Type": just("Aliyun::Serverless::Function"),
            "Properties": fields(properties),
            "Events": fields({event_name: event}),
        }
    )


SERVICE = fields(
    {
        "Type": just("Aliyun::Serverless::Service"),
        "Properties": fields(
            {
                "Description": TEXT,
                "Role": ROLE,
                "InternetAccess": YES,
                "LogConfig": fields(
                    {
                        "Project": BUCKET,
                        "Logstore": TEXT,
                        "EnableRequestMetrics": YES,
                        "EnableInstanceMetrics": YES,
                    }
                ),
            }
        ),
        "importer": function_of("object-created", OSS_EVENT),
        "tracker": function_of("schedule", TIMER_EVENT),
        "converter": function_of("job-created", JOB_EVENT, 600),
    }
)


def read_functions(resources: Json, _: Place) -> dict[str, FunctionSpec]:
    """Return the functions of the evaluated service."""
    service = resources["ImageImport"]
    common = service["Properties"]
    return {
        name: _function(name, body, common)
        for name, body in service.items()
        if name not in {"Type", "Properties", "DependsOn"}
    }


def _function(name: str, body: Json, common: Json) -> FunctionSpec:
    own = body["Properties"]
    return FunctionSpec(
        name=name,
        description=own["Description"],
        handler=own["Handler"],
        initializer=own["Initializer"],
        initialization_timeout_seconds=own["InitializationTimeout"],
        runtime=own["Runtime"],
        code=own["CodeUri"],
        memory_mb=own["MemorySize"],
        timeout_seconds=own["Timeout"],
        environment=own["EnvironmentVariables"],
        role=common["Role"],
        log_project=common["LogConfig"]["Project"],
        log_store=common["LogConfig"]["Logstore"],
        async_settings=_async_settings(own["AsyncConfiguration"]),
        trigger=_trigger(body["Events"]),
    )


def _async_settings(body: Json) -> AsyncSettings:
    return AsyncSettings(
        max_retries=body["MaxAsyncRetryAttempts"],
        max_event_age_seconds=body["MaxAsyncEventAgeInSeconds"],
        on_failure=body["Destination"]["OnFailure"],
        is_task=body["StatefulInvocation"],
    )


def _trigger(events: Json) -> OssTriggerSpec | TimerTriggerSpec:
    (event,) = events.values()
    own = event["Properties"]
    if event["Type"] == "Timer":
        return TimerTriggerSpec(schedule=own["CronExpression"])
    return OssTriggerSpec(
        bucket=own["BucketName"],
        prefix=own["Filter"]["Key"]["Prefix"],
        suffix=own["Filter"]["Key"]["Suffix"],
        events=tuple(own["Events"]),
        invocation_role=own["InvocationRole"],
    )


FC2 = StackKind(
    file="template-fc2.yml",
    fc_version="2.0",
    template=template_with({"Transform": just("Aliyun::Serverless-2018-04-03")}),
    resources=resources_with({"ImageImport": SERVICE}),
    other_code={"CodeUri": "oss://other-code/v2.zip"},
    code=lambda template: str(template.value("CodeUri")),
    read_functions=read_functions,
    needed={"ImageImport": {"LedgerStorage", "Logs", "FunctionLogs", "FailureEvents"}},
    # ROS adds twelve characters.
    service="{stack}-ImageImport-*",
    role_name="image-import-{part}-{stack}",
    policy_name="image-import-{part}-{stack}",
)
