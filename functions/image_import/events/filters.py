"""Why an event cannot be about an image, though we know well what it is.

Sources:
    OSS event names: "Overview of OSS triggers", Function Compute documentation, and
    "OSS events", EventBridge documentation.
    Other triggers: "Formats of event for different triggers", Function Compute
    documentation (timer, HTTP, API Gateway, Log Service, CDN, MNS topic), and the
    event templates of devsapp/fc3.
    Notifications: "Event notification", OSS documentation: Base64, and `region`
    stands inside `oss`.
    Amazon S3: "Event message structure", Amazon S3 User Guide.
    All read 2026-11.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

IMAGE_EVENTS = frozenset(
    {
        "ObjectCreated:PutObject",
        "ObjectCreated:PostObject",
        "ObjectCreated:CopyObject",
        "ObjectCreated:CompleteMultipartUpload",
    }
)
"""After these an object is whole, and holds what its uploader meant it to hold."""

_PART = "one part of an upload; the image is there with CompleteMultipartUpload"
_WHY = {
    "ObjectCreated:InitiateMultipartUpload": (
        "an upload has begun; the image is there with CompleteMultipartUpload"
    ),
    "ObjectCreated:UploadPart": _PART,
    "ObjectCreated:UploadPartCopy": _PART,
    "ObjectCreated:AppendObject": (
        "an appended object may still grow; upload the image in one put or multipart"
    ),
    "ObjectCreated:PutSymlink": (
        "a symbolic link holds no image; put or copy the image itself"
    ),
    "ObjectModified:UpdateObjectMeta": "only the object's metadata changed",
    "ObjectReplication:ObjectCreated": (
        "a replica of an image uploaded elsewhere, which ImportImage is not called for"
        " by itself; run `image-import sweep` in this region to import it"
    ),
}
_WHY_FAMILY = {
    "ObjectRemoved": "something was removed, nothing was uploaded",
    "ObjectReplication": "replication changed or removed an object",
    "ObjectRestore": (
        "an archived object was restored; run `image-import redrive` to import it"
    ),
    "ObjectDownloaded": "something was downloaded, nothing was uploaded",
    "BucketCreated": "a bucket was made, no object",
    "BucketRemoved": "a bucket was removed",
}
_EXPECTED = ", ".join(sorted(name.partition(":")[2] for name in IMAGE_EVENTS))

# By the names at the top of an event that only this kind has together.
_FOREIGN: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"Records"}), "an event in Amazon S3's form (Records)"),
    (frozenset({"triggerTime", "triggerName"}), "an event of a timer trigger"),
    (frozenset({"httpMethod", "headers"}), "a request through API Gateway"),
    (frozenset({"requestContext", "headers"}), "an event of an HTTP trigger"),
    (frozenset({"source", "jobName"}), "an event of a Log Service trigger"),
    (frozenset({"TopicName", "Message"}), "a message of an MNS (SMQ) topic"),
    (frozenset({"MessageId", "MessageBody"}), "a message of an MNS (SMQ) queue"),
)
_NOTIFICATION = (
    "an OSS notification in the form that goes to MNS (SMQ); expected the event of an"
    " OSS trigger: connect the bucket to the function by a trigger, not by a queue"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{32,}={0,2}\s*")
_GZIP = b"\x1f\x8b"
_BEGINS_JSON = (b"{", b"[", b"\xef\xbb\xbf{")


def why_no_image(event_name: str) -> str | None:
    """Return why nothing can be imported after this event, or None if it may be.

    Args:
        event_name: Without `oss:`.
    """
    if event_name in IMAGE_EVENTS:
        return None
    family = event_name.partition(":")[0]
    why = _WHY.get(event_name) or _WHY_FAMILY.get(family)
    return f"{event_name[:60]}: {why or f'not one of {_EXPECTED}'}"


def why_encoded(event: bytes) -> str | None:
    """Return how an event is packed that must be unpacked first, else None."""
    if event.startswith(_GZIP):
        return "the event is gzip'd; decompress it before it is handed to the function"
    start = event[:4096].strip()
    if not _BASE64.fullmatch(start):
        return None
    compact = b"".join(start.split())
    decoded = base64.b64decode(compact[: len(compact) // 4 * 4]).lstrip()
    if decoded.startswith((_GZIP, *_BEGINS_JSON)):
        return (
            "the event is Base64, as OSS's notifications to MNS (SMQ) are; decode it "
            "before it is handed to the function, or connect the bucket to it by a "
            "trigger, not by a queue"
        )
    return None


def why_foreign(event: Mapping[str, Any]) -> str | None:
    """Return what an event or a record is if it is not OSS's, else None.

    Args:
        event: One decoded object: a whole event, an EventBridge envelope or a record.
    """
    for names, kind in _FOREIGN:
        if names <= event.keys():
            return f"{kind}; expected the event of an OSS trigger"
    oss = event.get("oss")
    if isinstance(oss, dict) and "region" in oss and "region" not in event:
        return _NOTIFICATION
    return _why_other_source(event)


def _why_other_source(event: Mapping[str, Any]) -> str | None:
    """Return whose event it is if it names another source than OSS."""
    source = event.get("eventSource", event.get("source"))
    if source is None or source in ("acs:oss", "acs.oss"):
        return None
    shown = ascii(source)[:60]
    return f"its source is {shown}, expected acs:oss (or acs.oss through EventBridge)"
