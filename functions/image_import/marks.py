"""How an image in ECS is known to be of one version: by the mark that it carries.

The same bucket and object key prove nothing, the object may have been overwritten.

Room: core.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

TAG_KEY = "image-import"
LONGEST_DESCRIPTION = 256
"""Source: "ImportImage", Description, "2 to 256 characters", read 2026-11."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingImage:
    """What DescribeImages tells of one image, as far as we look."""

    image_id: str
    image_name: str
    status: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    import_bucket: str = ""
    import_object_key: str = ""
    progress: str = ""


def is_marked(image: ExistingImage, mark: str) -> bool:
    """Whether the image carries this mark in its name, a tag or its description."""
    return (
        mark in image.image_name
        or image.tags.get(TAG_KEY) == mark
        or image.description.endswith(_suffix(mark))
    )


def with_mark(description: str | None, mark: str) -> str | None:
    """Return a description that ends with the mark; None if it would be too long."""
    marked = f"{description or ''} {_suffix(mark)}".strip()
    return marked if len(marked) <= LONGEST_DESCRIPTION else None


def _suffix(mark: str) -> str:
    return f"[{TAG_KEY} {mark}]"
