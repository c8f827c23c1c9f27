"""The functions of template.yml, as Function Compute 3.0 has them.

Source: "ALIYUN::FC3::Function", "ALIYUN::FC3::Trigger" and
"ALIYUN::FC3::AsyncInvokeConfig", ROS documentation; CreateTriggerInput of
alibabacloud-fc20230330, for what a TriggerConfig holds; all read 2026-12.
"""

from typing import Any

from deployment.ros_file import Place, StackKind, Template
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

TRIGGER_OF_OSS = {
    "TriggerName": just("object-created"),
    "TriggerType": just("oss"),
    "SourceArn": {
        "type": "string",
        "pattern": r"^acs:oss:[a-z0-9-]+:\d{16}:[a-z0-9-]{3,63}$",
    },
    "InvocationRole": ROLE,
    "TriggerConfig": fields(
        {
            "events": EVENTS,
            "filter": fields({"key": fields({"prefix": FOLDER, "suffix": just("")})}),
        }
    ),
}
TRIGGER_OF_CLOCK = {
    "TriggerName": just("schedule"),
    "TriggerType": just("timer"),
    "TriggerConfig": fields({"cronExpression": SCHEDULE, "enable": YES}),
}


TRIGGER_OF_JOBS = with_events_of_jobs(TRIGGER_OF_OSS, "events") | {
    "TriggerName": just("job-created")
}


def name_of(function: str) -> Schema:
    return {"type": "string", "pattern": f"^[A-Za-z][A-Za-z0-9-]{{0,54}}-{function}$"}


def function_of(name: str, most_seconds: int = 300) -> Schema:
    properties = {
        "FunctionName": name_of(name),
        "Description": TEXT,
        "Handler": HANDLER,
        "InstanceLifecycleConfig": fields(
            {"Initializer": fields({"Handler": HANDLER, "Timeout": whole(1, 300)})}
        ),
        "Runtime": RUNTIME,
        "Code": fields({"OssBucketName": BUCKET, "OssObjectName": TEXT}),
        "Role": ROLE,
        "Cpu": {"type": "number", "minimum": 0.05, "maximum": 16},
        "MemorySize": MEMORY,
        "DiskSize": {"enum": [512, 10240]},
        "Timeout": whole(1, most_seconds),
        "InternetAccess": YES,
        "EnvironmentVariables": VARIABLES,
        "LogConfig": fields(
            {
                "Project": BUCKET,
                "Logstore": TEXT,
                "EnableRequestMetrics": YES,
                "EnableInstanceMetrics": YES,
                "LogBeginRule": {"enum": ["None", "DefaultRegex"]},
            }
        ),
    }
    return _resource("Function", properties)


def events_of(name: str) -> Schema:
    properties = {
        "FunctionName": name_of(name),
        "MaxAsyncRetryAttempts": whole(0, 8),
        "MaxAsyncEventAgeInSeconds": whole(1, 604_800),
        "AsyncTask": {"type": "boolean"},
        "DestinationConfig": fields({"OnFailure": fields({"Destination": QUEUE})}),
    }
    return _resource("AsyncInvokeConfig", properties)


def trigger_of(name: str, own: Schema) -> Schema:
    common = {"FunctionName": name_of(name), "Qualifier": just("LATEST")}
    return _resource("Trigger", {**common, **own})


def _resource(kind: str, properties: Schema) -> Schema:
    required = {"Type": just(f"ALIYUN::FC3::{kind}"), "Properties": fields(properties)}
    return fields(required, {"DependsOn": TEXT})


PARTS = {
    "Importer": function_of("importer"),
    "ImporterEvents": events_of("importer"),
    "ObjectCreated": trigger_of("importer", TRIGGER_OF_OSS),
    "Tracker": function_of("tracker"),
    "TrackerEvents": events_of("tracker"),
    "Schedule": trigger_of("tracker", TRIGGER_OF_CLOCK),
    "Converter": function_of("converter", 600),
    "ConverterEvents": events_of("converter"),
    "JobCreated": trigger_of("converter", TRIGGER_OF_JOBS),
}


def read_functions(resources: Json, place: Place) -> dict[str, FunctionSpec]:
    """Return the evaluated functions, each with what names it."""
    by_kind = {
        kind: {
            body["Properties"]["FunctionName"]: body["Properties"]
            for body in resources.values()
            if body["Type"] == f"ALIYUN::FC3::{kind}"
        }
        for kind in ("Function", "AsyncInvokeConfig", "Trigger")
    }
    names = {name: _own_name(name, place) for name in by_kind["Function"]}
    return {
        name: _function(
            name,
            by_kind["Function"][full_name],
            by_kind["AsyncInvokeConfig"][full_name],
            _trigger(by_kind["Trigger"][full_name], place),
        )
        for full_name, name in names.items()
    }


def _own_name(full_name: str, place: Place) -> str:
    stack, _, name = full_name.rpartition("-")
    if stack != place.stack:
        raise ValueError(f"{full_name} is not called after the stack {place.stack}")
    return name


def _function(
    name: str, own: Json, events: Json, trigger: OssTriggerSpec | TimerTriggerSpec
) -> FunctionSpec:
    initializer = own["InstanceLifecycleConfig"]["Initializer"]
    return FunctionSpec(
        name=name,
        description=own["Description"],
        handler=own["Handler"],
        initializer=initializer["Handler"],
        initialization_timeout_seconds=initializer["Timeout"],
        runtime=own["Runtime"],
        code=f"oss://{own['Code']['OssBucketName']}/{own['Code']['OssObjectName']}",
        memory_mb=own["MemorySize"],
        timeout_seconds=own["Timeout"],
        environment=own["EnvironmentVariables"],
        role=own["Role"],
        log_project=own["LogConfig"]["Project"],
        log_store=own["LogConfig"]["Logstore"],
        async_settings=AsyncSettings(
            max_retries=events["MaxAsyncRetryAttempts"],
            max_event_age_seconds=events["MaxAsyncEventAgeInSeconds"],
            on_failure=events["DestinationConfig"]["OnFailure"]["Destination"],
            is_task=events["AsyncTask"],
        ),
        trigger=trigger,
    )


def _trigger(held: Json, place: Place) -> OssTriggerSpec | TimerTriggerSpec:
    own = held["TriggerConfig"]
    if held["TriggerType"] == "timer":
        return TimerTriggerSpec(schedule=own["cronExpression"])
    source, _, bucket = held["SourceArn"].rpartition(":")
    if source != f"acs:oss:{place.region_id}:{place.account_id}":
        raise ValueError(f"{held['SourceArn']} is in another region or account")
    return OssTriggerSpec(
        bucket=bucket,
        prefix=own["filter"]["key"]["prefix"],
        suffix=own["filter"]["key"]["suffix"],
        events=tuple(own["events"]),
        invocation_role=held["InvocationRole"],
    )


def _code(template: Template) -> str:
    return f"oss://{template.value('CodeBucket')}/{template.value('CodeKey')}"


FUNCTION_NEEDS = {"FunctionRole", "LedgerStorage", "Logs", "FunctionLogs"}
FC3 = StackKind(
    file="template.yml",
    fc_version="3.0",
    template=template_with({}),
    resources=resources_with(PARTS),
    other_code={"CodeBucket": "other-code", "CodeKey": "v2.zip"},
    code=_code,
    read_functions=read_functions,
    needed={
        "Importer": FUNCTION_NEEDS,
        "Tracker": FUNCTION_NEEDS,
        "ImporterEvents": {"Importer", "FailureEvents"},
        "TrackerEvents": {"Tracker", "FailureEvents"},
        # A trigger fires at once; by then, a failed event must have somewhere to go.
        "ObjectCreated": {"Importer", "ImporterEvents", "TriggerRole"},
        "Schedule": {"Tracker", "TrackerEvents"},
        "Converter": FUNCTION_NEEDS,
        "ConverterEvents": {"Converter", "FailureEvents"},
        "JobCreated": {
            "Converter",
            "ConverterEvents",
            "LedgerStorage",
            "TriggerRole",
        },
    },
    service="{stack}",
    role_name="{stack}-{part}",
    policy_name="{stack}-{part}-{bucket}",
)
