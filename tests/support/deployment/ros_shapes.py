"""What template.yml may hold, once its functions are evaluated."""

from deployment.shapes import (
    BUCKET,
    EVENTS,
    FOLDER,
    HANDLER,
    MAYBE_TEXT,
    MEMORY,
    POLICY,
    QUEUE,
    ROLE,
    RUNTIME,
    SCHEDULE,
    TEXT,
    TRUST,
    VARIABLES,
    YES,
    Schema,
    fields,
    just,
    list_of,
    whole,
)

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


def function_of(event_name: str, event: Schema) -> Schema:
    properties = {
        "Description": TEXT,
        "Handler": HANDLER,
        "Initializer": HANDLER,
        "InitializationTimeout": whole(1, 300),
        "Runtime": RUNTIME,
        "CodeUri": {"type": "string", "pattern": r"^oss://[a-z0-9-]+/.+\.zip$"},
        "MemorySize": MEMORY,
        "Timeout": whole(1, 300),
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
    }
)
RAM_ROLE = fields(
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
    {"Condition": TEXT, "DeletionPolicy": just("Retain")},
)


def resource_of(kind: str, properties: Schema) -> Schema:
    required = {"Type": just(kind), "Properties": fields(properties)}
    return fields(required, {"Condition": TEXT, "DeletionPolicy": just("Retain")})


RESOURCES = fields(
    {
        "ImageImport": SERVICE,
        "FunctionRole": RAM_ROLE,
        "TriggerRole": RAM_ROLE,
    },
    {
        "EcsRole": RAM_ROLE,
        "LedgerStorage": resource_of(
            "ALIYUN::OSS::Bucket",
            {"BucketName": BUCKET, "AccessControl": just("private")},
        ),
        "Logs": resource_of(
            "ALIYUN::SLS::Project", {"Name": BUCKET, "Description": TEXT}
        ),
        "FunctionLogs": resource_of(
            "ALIYUN::SLS::Logstore",
            {
                "ProjectName": BUCKET,
                "LogstoreName": TEXT,
                "TTL": whole(30, 3600),
                "ShardCount": whole(1, 10),
            },
        ),
        "LogIndex": resource_of(
            "ALIYUN::SLS::Index",
            {
                "ProjectName": BUCKET,
                "LogstoreName": TEXT,
                "FullTextIndex": fields({"Enable": YES}),
            },
        ),
        "FailureEvents": resource_of(
            "ALIYUN::MNS::Queue",
            # Source: "ALIYUN::MNS::Queue", ROS, and "CreateQueue", MNS; read 2026-11.
            {"QueueName": TEXT, "MessageRetentionPeriod": whole(345_600, 604_800)},
        ),
    },
)
PARAMETER: Schema = {
    "if": {"properties": {"Type": just("Number")}},
    "then": fields(
        {"Type": {}, "Description": TEXT}
        | {key: {"type": "integer"} for key in ("Default", "MinValue", "MaxValue")}
    ),
    "else": fields(
        {"Type": just("String"), "Description": TEXT},
        {
            "Default": MAYBE_TEXT,
            "AllowedValues": list_of(MAYBE_TEXT),
            "AllowedPattern": TEXT,
        },
    ),
}
# Source: "Rules", ROS documentation, read 2026-11.
RULE = fields(
    {"Assertions": list_of(fields({"Assert": {}, "AssertDescription": TEXT}))},
    {"RuleCondition": {}},
)
TEMPLATE = fields(
    {
        "ROSTemplateFormatVersion": just("2015-09-01"),
        "Transform": just("Aliyun::Serverless-2018-04-03"),
        "Description": TEXT,
        "Parameters": {"type": "object", "additionalProperties": PARAMETER},
        "Rules": {"type": "object", "additionalProperties": RULE},
        "Conditions": {"type": "object"},
        "Resources": {"type": "object"},
        "Outputs": {
            "type": "object",
            "additionalProperties": fields({"Description": TEXT, "Value": {}}),
        },
    }
)
