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
from image_import_cli.iam.deployment import OBJECT_CREATED, RUNTIMES

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
MAYBE_TEXT: Schema = {"type": "string"}
YES: Schema = {"const": True}
# Python's JSON Schema takes True for 1, so numbers are told apart by type.
BUCKET: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"}
FOLDER: Schema = {"type": "string", "pattern": r"^[^/\s*?$][^\s*?$]*/$"}
ROLE: Schema = {"type": "string", "pattern": r"^acs:ram::\d{16}:role/[\w.-]{1,64}$"}
QUEUE: Schema = {
    "type": "string",
    "pattern": r"^acs:mns:[a-z0-9-]+:\d{16}:/queues/[A-Za-z][A-Za-z0-9-]*/messages$",
}
RUNTIME: Schema = {"enum": list(RUNTIMES)}
HANDLER: Schema = {"type": "string", "pattern": r"^image_import\.handler\.\w+$"}
SCHEDULE: Schema = {
    "type": "string",
    "pattern": r"^(@every ([1-9]|[1-5]\d|60)m|[\d*,/?-]+( [\d*,/?A-Z-]+){5})$",
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


def misfits(shape: Schema, document: object) -> Iterator[str]:
    """Yield where a document is not of a shape."""
    for error in jsonschema.Draft7Validator(shape).iter_errors(document):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


def with_events_of_jobs(schema: Schema, name: str) -> Schema:
    """Return the shape of a trigger that hears of one kind of event alone.

    Args:
        name: What the events are called in it.
    """
    jobs = {"type": "array", "items": just("oss:ObjectCreated:PutObject")}

    def changed(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        return {
            key: {**jobs, "minItems": 1, "maxItems": 1} if key == name else changed(v)
            for key, v in node.items()
        }

    made: Schema = changed(schema)
    return made
