"""What OSS says of an object without sending any of it."""

from datetime import datetime, timezone

from image_import.events import ObjectCreated
from image_import.ledger import to_text
from image_import.oss import Oss
from image_import.version import normal_etag

from image_import_cli.made_events import event_name_of

META = "x-oss-meta-"


def head_record(
    oss: Oss, bucket: str, object_key: str, *, region_id: str
) -> ObjectCreated:
    """Return an object as the event of its upload tells of it.

    A HEAD is answered for an empty object and for an archived one, too. The function
    itself never sends one.

    Raises:
        ServiceError: There is no such object, or it may not be read.

    Source: "HeadObject", OSS documentation, read 2026-11.
    """
    found = oss._call(  # noqa: SLF001 - the function has no use for it
        "HeadObject", lambda source: source.head_object(object_key), bucket
    )
    made = datetime.fromtimestamp(found.last_modified or 0, tz=timezone.utc)
    return ObjectCreated(
        bucket=bucket,
        object_key=object_key,
        etag=normal_etag(found.etag or ""),
        object_size_bytes=found.content_length,
        event_name=event_name_of(found.object_type or ""),
        event_time=to_text(made if found.last_modified else datetime.now(timezone.utc)),
        region_id=region_id,
        user_metadata={
            name.lower().removeprefix(META): _text(value)
            for name, value in found.headers.items()
            if name.lower().startswith(META)
        },
    )


def _text(header: str) -> str:
    """Return a header's text: UTF-8 on the wire, which http.client reads as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header
