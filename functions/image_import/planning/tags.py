"""The tags of an image: what people chose, and where the image comes from.

Of keys that differ only in case ECS takes one. So where two say the same key, the
operator's stands before the uploader's, and where the image comes from before both.
"""

import hashlib
from collections.abc import Mapping

from image_import.model.limits import LONGEST_TAG, check_tag
from image_import.model.revision import ImageRevision

VERSION = "1.0.0"
"""Of this program, as images show by which one they were made."""

_DIGEST = 16
_CUT = "~"
"""Stands before the hash of a value that a tag cannot hold as it is."""


def merged(*layers: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of all layers; a later layer's stand before an earlier one's."""
    held: dict[str, tuple[str, str]] = {}
    for layer in layers:
        held |= {key.lower(): (key, value) for key, value in layer.items()}
    return dict(held.values())


def provenance_tags(revision: ImageRevision) -> dict[str, str]:
    """Return the tags that say which upload an image was made of, and by what."""
    told = {
        "revision": revision.revision_hash,
        "bucket": revision.bucket,
        "key": revision.object_key,
        "etag": revision.etag,
        "version": VERSION,
    }
    return {f"image-import:{name}": tag_value(text) for name, text in told.items()}


def tag_value(text: str) -> str:
    """Return a text as a tag's value, which no other text has.

    What a tag cannot hold is cut, what it must not hold is replaced, and a hash of
    the whole stands behind.
    """
    stem, _, end = text.rpartition(_CUT)
    looks_cut = bool(stem) and len(end) == _DIGEST
    if text.isprintable() and not looks_cut and not check_tag("key", text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    shown = "".join(c if c.isprintable() else "?" for c in text)
    shown = shown.replace("://", ":_")[: LONGEST_TAG - _DIGEST - len(_CUT)]
    if check_tag("key", shown):
        shown = f"_{shown[1:]}"
    return f"{shown}{_CUT}{digest[:_DIGEST]}"
