"""What our two files may hold, field by field: stricter than anybody's schema.

Ranges are the smallest that ROS, the FC 3.0 component and the documentation name.

Sources: "ALIYUN::FC::Function", "Aliyun::Serverless::Function", "ALIYUN::RAM::Role",
"ALIYUN::FC3::AsyncInvokeConfig", ROS documentation; src/schema.json of
github.com/devsapp/fc3; "Overview of OSS triggers", Function Compute documentation; all
read 2026-11.
"""

from collections.abc import Iterator
from typing import Any

import jsonschema
from image_import_cli.deployment import OBJECT_CREATED, RUNTIME

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
YES: Schema = {"const": True}
# Python's JSON Schema takes True for 1, so numbers are told apart by type.
BUCKET: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"}
FOLDER: Schema = {"type": "string", "pattern": r"^[^/\s][^\s]*/$"}
ROLE: Schema = {"type": "string", "pattern": r"^acs:ram::\d{16}:role/[\w.-]{1,64}$"}
QUEUE: Schema = {
    "type": "string",
    "pattern": r"^acs:mns:[a-z0-9-]+:\d{16}:/queues/[A-Za-z][A-Za-z0-9-]*/messages$",
}
HANDLER: Schema = {"type": "string", "pattern": r"^image_import\.handler\.\w+$"}
SCHEDULE: Schema = {
    "type": "string",
    "pattern": r"^(@every [1-9]\d*[mh]|[\d*,/?-]+( [\d*,/?A-Z-]+){5})$",
}
MEMORY: Schema = {
    "type": "integer",
    "minimum": 128,
    "maximum": 3072,
    "multipleOf": 64,
}
EVENTS: Schema = {
    "type": "array",
    "items": {"enum": list(OBJECT_CREATED)},
    "uniqueItems": True,
    "minItems": len(OBJECT_CREATED),
}
VARIABLES: Schema = {
    "type": "object",
    "propertyNames": {"pattern": "^(?!FC_)[A-Z][A-Z0-9_]*$"},
    "additionalProperties": {"type": "string"},
}


def fields(required: Schema, optional: Schema | None = None) -> Schema:
    """Return the shape of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def just(value: object) -> Schema:
    return {"const": value}


def list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


# Policies, in both files' world.
STATEMENT = fields(
    {
        "Effect": just("Allow"),
        "Action": list_of({"type": "string", "pattern": "^[a-z]+:[A-Za-z]+$"}),
        "Resource": list_of({"type": "string", "pattern": r"^(\*|acs:[^\s]+)$"}),
    },
    {"Condition": fields({"StringLike": fields({"oss:Prefix": list_of(TEXT)})})},
)
POLICY = fields({"Version": just("1"), "Statement": list_of(STATEMENT)})
TRUST = fields(
    {
        "Version": just("1"),
        "Statement": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": fields(
                {
                    "Effect": just("Allow"),
                    "Action": just("sts:AssumeRole"),
                    "Principal": fields({"Service": list_of(TEXT)}),
                }
            ),
        },
    }
)

# template.yml, evaluated.
ROS_ASYNC = fields(
    {
        "MaxAsyncRetryAttempts": whole(0, 8),
        "MaxAsyncEventAgeInSeconds": whole(1, 604_800),
        "StatefulInvocation": {"type": "boolean"},
        "Destination": fields({"OnFailure": QUEUE}),
    }
)
ROS_OSS_EVENT = fields(
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
ROS_TIMER_EVENT = fields(
    {
        "Type": just("Timer"),
        "Properties": fields({"CronExpression": SCHEDULE, "Enable": YES}),
    }
)


def ros_function(event_name: str, event: Schema) -> Schema:
    properties = {
        "Description": TEXT,
        "Handler": HANDLER,
        "Initializer": HANDLER,
        "InitializationTimeout": whole(1, 300),
        "Runtime": just(RUNTIME),
        "CodeUri": {"type": "string", "pattern": r"^oss://[a-z0-9-]+/.+\.zip$"},
        "MemorySize": MEMORY,
        "Timeout": whole(1, 300),
        "EnvironmentVariables": VARIABLES,
        "AsyncConfiguration": ROS_ASYNC,
    }
    return fields(
        {
            "Type": just("Aliyun::Serverless::Function"),
            "Properties": fields(properties),
            "Events": fields({event_name: event}),
        }
    )


ROS_SERVICE = fields(
    {
        "Type": just("Aliyun::Serverless::Service"),
        "DependsOn": list_of(TEXT),
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
        "importer": ros_function("object-created", ROS_OSS_EVENT),
        "tracker": ros_function("schedule", ROS_TIMER_EVENT),
    }
)
ROS_ROLE = fields(
    {
        "Type": just("ALIYUN::RAM::Role"),
        "Properties": fields(
            {
                "RoleName": {"type": "string", "pattern": r"^[\w.-]{1,64}$"},
                "Description": TEXT,
                "AssumeRolePolicyDocument": TRUST,
                "Policies": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 1,
                    "items": fields({"PolicyName": TEXT, "PolicyDocument": POLICY}),
                },
            }
        ),
    },
    {"Condition": TEXT},
)


def ros_resource(kind: str, properties: Schema) -> Schema:
    required = {"Type": just(kind), "Properties": fields(properties)}
    return fields(required, {"Condition": TEXT, "DependsOn": TEXT})


ROS_RESOURCES = fields(
    {
        "ImageImport": ROS_SERVICE,
        "FunctionRole": ROS_ROLE,
        "TriggerRole": ROS_ROLE,
        "Logs": ros_resource(
            "ALIYUN::SLS::Project", {"Name": BUCKET, "Description": TEXT}
        ),
        "FunctionLogs": ros_resource(
            "ALIYUN::SLS::Logstore",
            {
                "ProjectName": BUCKET,
                "LogstoreName": TEXT,
                "TTL": whole(1, 3600),
                "ShardCount": whole(1, 100),
            },
        ),
        "LogIndex": ros_resource(
            "ALIYUN::SLS::Index",
            {
                "ProjectName": BUCKET,
                "LogstoreName": TEXT,
                "FullTextIndex": fields({"Enable": YES}),
            },
        ),
        "FailureEvents": ros_resource(
            "ALIYUN::MNS::Queue",
            {"QueueName": TEXT, "MessageRetentionPeriod": whole(60, 1_296_000)},
        ),
    },
    {
        "EcsRole": ROS_ROLE,
        "LedgerStorage": ros_resource(
            "ALIYUN::OSS::Bucket",
            {"BucketName": BUCKET, "AccessControl": just("private")},
        ),
    },
)
ROS_PARAMETER = fields(
    {"Type": just("String"), "Description": TEXT},
    {
        "Default": TEXT,
        "AllowedValues": list_of(TEXT),
        "AllowedPattern": TEXT,
    },
)
ROS_TEMPLATE = fields(
    {
        "ROSTemplateFormatVersion": just("2015-09-01"),
        "Transform": just("Aliyun::Serverless-2018-04-03"),
        "Description": TEXT,
        "Parameters": {"type": "object", "additionalProperties": ROS_PARAMETER},
        "Conditions": {"type": "object"},
        "Resources": {"type": "object"},
        "Outputs": {
            "type": "object",
            "additionalProperties": fields({"Description": TEXT, "Value": {}}),
        },
    }
)

# s.yaml, with its variables filled in.
S_OSS_TRIGGER = fields(
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
S_TIMER_TRIGGER = fields(
    {
        "triggerName": just("schedule"),
        "triggerType": just("timer"),
        "triggerConfig": fields({"cronExpression": SCHEDULE, "enable": YES}),
    }
)


def s_function(name: str, trigger: Schema) -> Schema:
    initializer = fields({"handler": HANDLER, "timeout": whole(1, 300)})
    properties = {
        "region": TEXT,
        "functionName": just(f"image-import-{name}"),
        "description": TEXT,
        "handler": HANDLER,
        "instanceLifecycleConfig": fields({"initializer": initializer}),
        "runtime": just(RUNTIME),
        "code": {"type": "string", "pattern": r"^(\./|oss://).+\.zip$"},
        "role": ROLE,
        "cpu": {"type": "number", "minimum": 0.05, "maximum": 16},
        "memorySize": MEMORY,
        "diskSize": {"enum": [512, 10240]},
        "timeout": whole(1, 300),
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


S_RESOURCES = fields(
    {
        "importer": s_function("importer", S_OSS_TRIGGER),
        "tracker": s_function("tracker", S_TIMER_TRIGGER),
    }
)
S_FILE = fields(
    {
        "edition": just("3.0.0"),
        "name": TEXT,
        "access": TEXT,
        "vars": {"type": "object", "additionalProperties": {"type": "string"}},
        "resources": {"type": "object"},
    }
)


def misfits(shape: Schema, document: object) -> Iterator[str]:
    """Yield where a document is not of a shape."""
    for error in jsonschema.Draft7Validator(shape).iter_errors(document):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
