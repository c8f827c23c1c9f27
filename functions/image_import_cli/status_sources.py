"""What became of the objects that imports are made of."""

from image_import.errors import ImageImportError
from image_import.oss import ObjectChanged, ObjectMissing, Oss

from image_import_cli.repeats import patience

DELETED, ANEW = "was deleted", "was uploaded anew since"
LOST = (DELETED, ANEW)
"""How a fate ends with which the object can not be imported any more."""


def fate_of(oss: Oss, bucket: str, object_key: str, etag: str) -> str:
    """Return in words whether an upload is still there."""
    try:
        patience().repeat(lambda: oss.check_etag(bucket, object_key, etag=etag))
    except ObjectMissing:
        return f"{object_key} {DELETED}"
    except ObjectChanged:
        return f"{object_key} {ANEW}"
    except ImageImportError as exc:
        return f"{object_key}: unknown, {exc}"
    return f"{object_key} is there"
