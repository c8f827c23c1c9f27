"""What a ROS template may hold, once its functions are evaluated, but for FC's own."""

from deployment.shapes import (
    BUCKET,
    MAYBE_TEXT,
    POLICY,
    TEXT,
    TRUST,
    YES,
    Schema,
    fields,
    just,
    list_of,
    whole,
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


def resources_with(functions: Schema) -> Schema:
    """Return what a stack makes, with functions as a version of FC has them."""
    roles = {"FunctionRole": RAM_ROLE, "TriggerRole": RAM_ROLE}
    return fields({**functions, **roles}, IF_WANTED)


IF_WANTED: Schema = {
    "EcsRole": RAM_ROLE,
    "LedgerStorage": resource_of(
        "ALIYUN::OSS::Bucket",
        {"BucketName": BUCKET, "AccessControl": just("private")},
    ),
    "Logs": resource_of("ALIYUN::SLS::Project", {"Name": BUCKET, "Description": TEXT}),
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
}
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


def template_with(head: Schema) -> Schema:
    """Return the sections of a template, `head` beside those that each has."""
    return fields(
        {
            **head,
            "ROSTemplateFormatVersion": just("2015-09-01"),
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
