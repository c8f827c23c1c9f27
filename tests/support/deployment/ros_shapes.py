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
from image_import.ledger.layout import CONVERTED

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


ANALYSED = {"Type": "text", "EnableAnalytics": True}


def resource_of(
    kind: str, properties: Schema, optional: Schema | None = None
) -> Schema:
    held = fields(properties, optional or {})
    required = {"Type": just(kind), "Properties": held}
    return fields(required, {"Condition": TEXT, "DeletionPolicy": just("Retain")})


def resources_with(functions: Schema) -> Schema:
    """Return what a stack makes, with functions as a version of FC has them."""
    roles = {"FunctionRole": RAM_ROLE, "TriggerRole": RAM_ROLE}
    return fields({**functions, **roles}, {**IF_WANTED, **ALERTS})


ABORTS_UPLOADS = fields(
    {
        "Prefix": {"type": "string", "pattern": f"/{CONVERTED}$"},
        "Status": just("Enabled"),
        "AbortMultipartUpload": fields({"Days": whole(1, 30)}),
    }
)

IF_WANTED: Schema = {
    "EcsRole": RAM_ROLE,
    "LedgerStorage": resource_of(
        "ALIYUN::OSS::Bucket",
        {
            "BucketName": BUCKET,
            "AccessControl": just("private"),
            "LifecycleConfiguration": fields({"Rule": list_of(ABORTS_UPLOADS)}),
        },
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
        {"KeyIndices": just([{**ANALYSED, "Name": "message"}])},
    ),
    "FailureEvents": resource_of(
        "ALIYUN::MNS::Queue",
        # Source: "ALIYUN::MNS::Queue", ROS, and "CreateQueue", MNS; read 2026-11.
        {"QueueName": TEXT, "MessageRetentionPeriod": whole(345_600, 604_800)},
    ),
}
QUERY = fields(
    {
        "Project": BUCKET,
        "Store": TEXT,
        "StoreType": just("log"),
        "TimeSpanType": just("Custom"),
        "Start": {"type": "string", "pattern": "^-[0-9]+[mh]$"},
        "End": just("now"),
        "Query": TEXT,
    }
)
SEVERITY = fields(
    {
        "Severity": {"enum": [2, 4, 6, 8, 10]},
        "EvalCondition": fields(
            {"Condition": MAYBE_TEXT, "CountCondition": MAYBE_TEXT}
        ),
    }
)
# Source: "ALIYUN::SLS::Alert", ROS documentation, read 2026-12.
ALERT = resource_of(
    "ALIYUN::SLS::Alert",
    {
        "Project": BUCKET,
        "Detail": fields(
            {
                "Name": TEXT,
                "DisplayName": {"type": "string", "minLength": 1, "maxLength": 64},
                "Description": TEXT,
                "Schedule": just({"Type": "FixedRate", "Interval": "5m"}),
                "Configuration": fields(
                    {
                        "Version": just("2.0"),
                        "Type": just("default"),
                        "Dashboard": TEXT,
                        "QueryList": list_of(QUERY),
                        "SeverityConfigurations": list_of(SEVERITY),
                        "GroupConfiguration": just({"Type": "no_group"}),
                        "PolicyConfiguration": fields(
                            {
                                "AlertPolicyId": just("sls.builtin.dynamic"),
                                "ActionPolicyId": TEXT,
                                "RepeatInterval": just("4h"),
                            }
                        ),
                    },
                    {"NoDataFire": YES, "NoDataSeverity": just(10)},
                ),
            }
        ),
    },
)
ALERTS: Schema = {
    **dict.fromkeys(
        ("FailedAlert", "StuckAlert", "RetryingAlert", "NewsAlert", "SilentAlert"),
        ALERT,
    ),
    "Dashboard": resource_of(
        "ALIYUN::SLS::Dashboard",
        {
            "ProjectName": BUCKET,
            "DashboardName": TEXT,
            "DisplayName": TEXT,
            "Charts": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        },
    ),
    "LostEventsRule": resource_of(
        "ALIYUN::CMS::ResourceMetricRule",
        {
            "RuleName": TEXT,
            "ContactGroups": list_of(TEXT),
            "Namespace": just("acs_fc"),
            "MetricName": just("FunctionAsyncEventExpiredDropped"),
            "Resources": {"type": "array", "minItems": 1, "items": {"type": "object"}},
            "Period": just(60),
            "Interval": just(60),
            "SilenceTime": just(14_400),
            "NoDataPolicy": just("OK"),
            "EmailSubject": TEXT,
            "Escalations": {"type": "object"},
        },
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
