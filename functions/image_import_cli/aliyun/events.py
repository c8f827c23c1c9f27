"""Events as OSS would have sent them, for objects that are already there.

Sources: "Formats of event for different triggers", Function Compute documentation;
the captured message in "Triggered workflow", DataWorks documentation, for EventBridge,
which has no rule ID; "GetObjectMeta", OSS documentation, for the object types; all
read 2026-11.
"""

import hashlib
from datetime import datetime, timezone
from typing import Any

from image_import.aliyun.oss.client import Oss
from image_import.events.parser import ObjectCreated
from image_import.ledger.entries import to_text

EVENT_NAMES = {
    "Normal": "ObjectCreated:PutObject",
    "Multipart": "ObjectCreated:CompleteMultipartUpload",
    "Appendable": "ObjectCreated:AppendObject",
    "Symlink": "ObjectCreated:PutSymlink",
}
"""How an object of each type came to be."""

ANY_ADDRESS = "127.0.0.1"
Json = dict[str, Any]


def event_name_of(object_type: str) -> str:
    """Return the name of the event that made an object of this type."""
    return EVENT_NAMES.get(object_type, EVENT_NAMES["Normal"])


def native_event(record: ObjectCreated, *, account_id: str) -> Json:
    """Return what the OSS trigger sends."""
    made = _record(record, account_id)
    made["oss"]["ruleId"] = hashlib.sha256(b"image-import").hexdigest()[:40]
    return {"events": [made]}


def eventbridge_event(record: ObjectCreated, *, account_id: str) -> Json:
    """Return what EventBridge sends."""
    data = _record(record, account_id)
    bucket_arn = data["oss"]["bucket"]["arn"]
    return {
        "id": data["responseElements"]["requestId"],
        "source": "acs.oss",
        "specversion": "1.0",
        "type": f"oss:{record.event_name}",
        "datacontenttype": "application/json;charset=utf-8",
        "subject": f"{bucket_arn}/{record.object_key}",
        "time": record.event_time,
        "aliyunaccountid": account_id,
        "aliyuneventbusname": "default",
        "aliyunregionid": record.region_id,
        "aliyunpublishtime": record.event_time,
        "data": data,
    }


def _record(record: ObjectCreated, account_id: str) -> Json:
    region_id = record.region_id or ""
    return {
        "eventName": record.event_name,
        "eventSource": "acs:oss",
        "eventTime": record.event_time,
        "eventVersion": "1.0",
        "oss": {
            "bucket": {
                "arn": f"acs:oss:{region_id}:{account_id}:{record.bucket}",
                "name": record.bucket,
                "ownerIdentity": account_id,
                "virtualBucket": "",
            },
            "object": _object(record),
            "ossSchemaVersion": "1.0",
        },
        "region": region_id,
        "requestParameters": {"sourceIPAddress": ANY_ADDRESS},
        "responseElements": {"requestId": _request_id(record)},
        "userIdentity": {"principalId": account_id},
    }


def _object(record: ObjectCreated) -> Json:
    said: Json = {
        "deltaSize": record.object_size_bytes,
        "eTag": record.etag,
        "key": record.object_key,
        "size": record.object_size_bytes,
    }
    if record.event_name == EVENT_NAMES["Appendable"]:
        said["position"] = 0
    if record.user_metadata:
        pairs = record.user_metadata.items()
        named = {f"x-oss-meta-{name}": value for name, value in pairs}
        said["objectMeta"] = {"userMeta": named}
    return said


def _request_id(record: ObjectCreated) -> str:
    """Return 24 hex digits, the same ones each time for the same upload."""
    upload = f"{record.bucket}/{record.object_key}/{record.etag}"
    return hashlib.sha256(upload.encode()).hexdigest()[:24].upper()


def head_record(
    oss: Oss, bucket: str, object_key: str, *, region_id: str
) -> ObjectCreated:
    """Return an object as the event of its upload tells of it.

    Raises:
        ServiceError: There is no such object, or it may not be read.
    """
    found = oss.head(bucket, object_key)
    return ObjectCreated(
        bucket=bucket,
        object_key=object_key,
        etag=found.etag,
        object_size_bytes=found.object_size_bytes,
        event_name=event_name_of(found.object_type),
        event_time=to_text(found.modified or datetime.now(timezone.utc)),
        region_id=region_id,
        user_metadata=dict(found.user_metadata),
    )
