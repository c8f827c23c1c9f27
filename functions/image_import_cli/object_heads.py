"""An object as the event of its upload tells of it."""

from datetime import datetime, timezone

from image_import.events import ObjectCreated
from image_import.ledger import to_text
from image_import.oss import Oss

from image_import_cli.made_events import event_name_of


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
