"""The notification that OSS sends when an object was made.

Source: "Formats of event for different triggers", Function Compute documentation;
`oss.json` of the Serverless Devs component fc3; both read 2026-11.
"""

import json
from collections.abc import Mapping
from typing import Any

from fake_aliyun.core.clock import iso_date
from fake_aliyun.oss.objects import OssObject

Event = dict[str, Any]
UNFINISHED = frozenset({"InitiateMultipartUpload", "UploadPart", "UploadPartCopy"})
"""What OSS announces as created although there is no object yet.

Source: "What to do if a function is triggered multiple times upon object uploads",
Function Compute documentation, read 2026-11.
"""


def object_created(  # noqa: PLR0913 - the fields of an event, all by name
    made_by: str,
    *,
    bucket: str,
    region_id: str,
    account_id: str,
    made: OssObject,
    delta_bytes: int,
    request_id: str,
    source_ip: str = "127.0.0.1",
    extra: Mapping[str, int] | None = None,
) -> Event:
    """Return one record of an object-created event.

    Args:
        made_by: PutObject, CompleteMultipartUpload, and so on.
        bucket: Its name.
        region_id: Of the bucket.
        account_id: Of the bucket's owner.
        made: The object.
        delta_bytes: The new size less the old one.
        request_id: That OSS gave to the upload.
        source_ip: Of the uploader.
        extra: `position`, of appends.
    """
    kind = made.headers.get("content-type", "application/octet-stream")
    return {
        "eventName": f"ObjectCreated:{made_by}",
        "eventSource": "acs:oss",
        "eventTime": iso_date(made.last_modified),
        "eventVersion": "1.0",
        "oss": {
            "bucket": {
                "arn": f"acs:oss:{region_id}:{account_id}:{bucket}",
                "name": bucket,
                "ownerIdentity": account_id,
                "virtualBucket": "",
            },
            "object": {
                "deltaSize": delta_bytes,
                "eTag": made.etag,
                "key": made.key,
                "objectMeta": {"mimeType": kind},
                "size": made.size_bytes,
                **(extra or {}),
            },
            "ossSchemaVersion": "1.0",
            "ruleId": "9adac8e253828f4f7c0466d941fa3db811610000",
        },
        "region": region_id,
        "requestParameters": {"sourceIPAddress": source_ip},
        "responseElements": {"requestId": request_id},
        "userIdentity": {"principalId": account_id},
    }


def is_whole(event: Event) -> bool:
    """Return whether an event tells of an object and not of a part of an upload."""
    return str(event["eventName"]).rpartition(":")[2] not in UNFINISHED


def as_bytes(*records: Event) -> bytes:
    """Return the payload that a function is invoked with."""
    return json.dumps({"events": list(records)}, ensure_ascii=False).encode()
