"""TagResources, UntagResources and ListTagResources, for images.

Source: the page of each operation, ECS API 2014-05-26, read 2026-12. How many tags make
a page of ListTagResources is stated nowhere.
"""

from collections.abc import Mapping

from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.rpc import Document
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import Image
from fake_aliyun.ecs.models import EcsBackend
from fake_aliyun.ecs.parameters import (
    MAX_TAGS,
    is_whole,
    listed,
    read_flag,
    read_tags,
)

Parameters = Mapping[str, str]
MAX_RESOURCES = 50
PAGE_SIZE = 50


class TagOperations:
    """Answers operations on the tags of images."""

    def __init__(self, backend: EcsBackend) -> None:
        self._backend = backend

    def tag_resources(self, parameters: Parameters) -> Document:
        """Give tags to images; a tag of the same key is replaced."""
        images = self._images(parameters)
        tags = read_tags(parameters)
        if not tags:
            raise EcsError("MissingParameter.TagKey")
        changed = [{**image.tags, **tags} for image in images]
        if any(len(held) > MAX_TAGS for held in changed):
            raise EcsError(
                "InvalidParameter", f"Tag.N: an image has {MAX_TAGS} at most"
            )
        for image, held in zip(images, changed, strict=True):
            image.tags = held
        return {}

    def untag_resources(self, parameters: Parameters) -> Document:
        """Take the named tags, or all, from images; that there is none is no error."""
        images = self._images(parameters)
        keys = listed(parameters, "TagKey", limit=MAX_TAGS)
        if not keys and not read_flag(parameters, "All"):
            raise EcsError("MissingParameter.TagKey")
        for image in images:
            image.tags = {
                key: value
                for key, value in image.tags.items()
                if keys and key not in keys
            }
        return {}

    def list_tag_resources(self, parameters: Parameters) -> Document:
        """Return a page of the tags of images."""
        region_id = _checked_kind(self._backend, parameters)
        ids = listed(parameters, "ResourceId", limit=MAX_RESOURCES)
        wanted = read_tags(parameters)
        if not ids and not wanted:
            raise EcsError("MissingParameter", "ResourceId.1")
        shown = [
            {
                "ResourceId": image.image_id,
                "ResourceType": "image",
                "TagKey": key,
                "TagValue": value,
            }
            for image in self._backend.images()
            if image.region_id == region_id
            and (not ids or image.image_id in ids)
            and all(image.tags.get(key) == value for key, value in wanted.items())
            for key, value in image.tags.items()
        ]
        token = parameters.get("NextToken") or "0"
        if not is_whole(token):
            raise EcsError("InvalidParameter", "NextToken")
        end = int(token) + PAGE_SIZE
        return {
            "TagResources": {"TagResource": shown[int(token) : end]},
            "NextToken": str(end) if end < len(shown) else "",
        }

    def _images(self, parameters: Parameters) -> list[Image]:
        region_id = _checked_kind(self._backend, parameters)
        ids = listed(parameters, "ResourceId", limit=MAX_RESOURCES)
        if not ids:
            raise EcsError("MissingParameter", "ResourceId.1")
        here = {
            i.image_id: i for i in self._backend.images() if i.region_id == region_id
        }
        if not here.keys() >= {*ids}:
            raise EcsError("InvalidResourceId.NotFound")
        return [here[image_id] for image_id in ids]


def _checked_kind(backend: EcsBackend, parameters: Parameters) -> str:
    """Return the region of a request that is about images."""
    region_id = backend.check_region(parameters)
    kind = parameters.get("ResourceType", "")
    if not kind:
        raise EcsError("MissingParameter", "ResourceType")
    if kind != "image":
        raise NotImitatedError(f"tags of the resource type {kind!r}", known=["image"])
    return region_id
