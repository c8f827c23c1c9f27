"""What s.yaml may hold, once its variables are filled in."""

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

OSS_TRIGGER = fields(
    {
        "triggerName": just("object-created"),
        "triggerType": just("oss"),
        "invocationRole": ROLE,
        "sourceArn": {
            "type": "string",
            "pattern": r"^acs:oss:[a-z0-9-]+:\d{16}:[a-z0-9-]{3,63}$",
        },
        "triggerConfig": fields(
            {
                "events": EVENTS,
                "filter": fields(
                    {"key": fields({"prefix": FOLDER, "suffix": just("")})}
                ),
            }
        ),
    }
)
JOB_TRIGGER = with_events_of_jobs(OSS_TRIGGER, "events")
JOB_TRIGGER["properties"]["triggerName"] = just("job-created")
TIMER_TRIGGER = fields(
    {
        "triggerName": just("schedule"),
        "triggerType": just("timer"),
        "triggerConfig": fields({"cronExpression": SCHEDULE, "enable": YES}),
    }
)


def function_of(name: str, trigger: Schema, most_seconds: int = 300) -> Schema:
    initializer = fields({"handler": HANDLER, "timeout": whole(1, 300)})
    properties = {
        "region": TEXT,
        "functionName": {
            "type": "string",
            "pattern": f"^[A-Za-z][A-Za-z0-9-]{{0,54}}-{name}$",
        },
        "description": TEXT,
        "handler": HANDLER,
        "instanceLifecycleConfig": fields({"initializer": initializer}),
        "runtime": RUNTIME,
        "code": {"type": "string", "pattern": r"^(\./|oss://).+\.zip$"},
        "role": ROLE,
        "cpu": {"type": "number", "minimum": 0.05, "maximum": 16},
        "memorySize": MEMORY,
        "diskSize": {"enum": [512, 10240]},
        "timeout": whole(1, most_seconds),
        "internetAccess": YES,
        "environmentVariables": VARIABLES,
        "logConfig": fields(
            {
                "project": BUCKET,
                "logstore": TEXT,
                "enableRequestMetrics": YES,
                "enableInstanceMetrics": YES,
                "logBeginRule": {"enum": ["None", "DefaultRegex"]},
            }
        ),
        "asyncInvokeConfig": fields(
            {
                "maxAsyncRetryAttempts": whole(0, 8),
                "maxAsyncEventAgeInSeconds": whole(1, 604_800),
                "asyncTask": {"type": "boolean"},
                "destinationConfig": fields(
                    {"onFailure": fields({"destination": QUEUE})}
                ),
            }
        ),
        "triggers": {"type": "array", "minItems": 1, "maxItems": 1, "items": trigger},
    }
    return fields({"component": just("fc3"), "props": fields(properties)})


RESOURCES = fields(
    {
        "importer": function_of("importer", OSS_TRIGGER),
        "tracker": function_of("tracker", TIMER_TRIGGER),
        "converter": function_of("converter", JOB_TRIGGER, 600),
    }
)
FILE = fields(
    {
        "edition": just("3.0.0"),
        "name": TEXT,
        "access": TEXT,
        "vars": {"type": "object", "additionalProperties": {"type": "string"}},
        "resources": {"type": "object"},
    }
)
