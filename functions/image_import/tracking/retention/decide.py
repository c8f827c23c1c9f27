"""What is to be done with each image that newer ones replace, by what ECS shows.

Deprecated is what is replaced, ours and shared with nobody: ECS starts instances from
it still, and a person can make it Available again. Deleted is what has been deprecated
for long enough, and neither was an instance made from it nor does a scaling
configuration name it. Whatever is not known is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import Protocol

from image_import.errors import ServiceError
from image_import.model.ownership import ExistingImage
from image_import.retry import RetryPolicy
from image_import.tracking.batch_lookup import batches
from image_import.tracking.retention.kept import KeptImage


class RetentionApi(Protocol):
    """What is asked of ECS in one region."""

    def find_images_by_id(self, image_ids: Sequence[str]) -> list[ExistingImage]:
        """Return which of up to 100 images there are."""

    def find_images_in_use(self, image_ids: Sequence[str]) -> list[ExistingImage]:
        """Return which of up to 100 images some instance was made from."""

    def find_images_of_scaling(self) -> frozenset[str]:
        """Return the images that scaling configurations name, by ID or by name."""

    def find_images_of_templates(self) -> frozenset[str]:
        """Return the IDs of images that launch templates name."""

    def describe_shares(self, image_id: str) -> list[str]:
        """Return with whom an image is shared."""

    def modify_image(self, image_id: str, parameters: Mapping[str, str]) -> None:
        """Set attributes of an image."""

    def delete_image(self, image_id: str) -> None:
        """Delete an image that no instance was made from."""


class Fate(str, Enum):
    """What is done with an image or a copy."""

    KEEP = "keep"
    DEPRECATE = "deprecate"
    DEPRECATED = "deprecated"
    DELETE = "delete"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is done with an image in one region, and why."""

    image: KeptImage
    region_id: str
    image_id: str
    fate: Fate
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sight:
    """What ECS shows in one region; `in_use` says why an image may not be deleted."""

    images: Mapping[str, ExistingImage] = field(default_factory=dict)
    in_use: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """Decides about images that newer ones replace.

    Attributes:
        api: Makes the client of a region.
        delete_after: How long deprecated ones stay; None for ever.
        failed: Hears of what could not be asked; such images are kept.
    """

    api: Callable[[str], RetentionApi]
    retry: RetryPolicy
    now: datetime
    delete_after: timedelta | None
    failed: Callable[[ServiceError], None]

    def decide(self, replaced: Iterable[KeptImage]) -> list[Decision]:
        """Return what is to be done with each image in each of its regions."""
        images = list(replaced)
        by_region: dict[str, list[str]] = {}
        deprecated: set[str] = set()
        for image in images:
            for region_id, image_id in image.regions.items():
                by_region.setdefault(region_id, []).append(image_id)
                if image.deprecated:
                    deprecated.add(image_id)
        sights = {r: self._look(r, ids, deprecated) for r, ids in by_region.items()}
        return [
            self._decide(image, region_id, image_id, sights[region_id])
            for image in images
            for region_id, image_id in image.regions.items()
        ]

    def _look(
        self, region_id: str, ids: Sequence[str], deprecated: set[str]
    ) -> _Sight | None:
        """Return what ECS shows; of those that may be deleted also who uses them."""
        api = self.api(region_id)
        may_go = [i for i in ids if i in deprecated] if self.delete_after else []
        found: dict[str, ExistingImage] = {}
        in_use: dict[str, str] = {}
        try:
            for some in batches(ids):
                shown = self.retry.repeat(partial(api.find_images_by_id, some))
                found |= {image.image_id: image for image in shown}
            if may_go:
                named = self.retry.repeat(api.find_images_of_scaling)
                in_use |= dict.fromkeys(named, "a scaling configuration names it")
                named = self.retry.repeat(api.find_images_of_templates)
                in_use |= dict.fromkeys(named, "a launch template names it")
            for some in batches(may_go):
                used = self.retry.repeat(partial(api.find_images_in_use, some))
                why = "instances were made from it"
                in_use |= dict.fromkeys((image.image_id for image in used), why)
        except ServiceError as exc:
            self.failed(exc)
            return None
        return _Sight(images=found, in_use=in_use)

    def _decide(
        self, image: KeptImage, region_id: str, image_id: str, sight: _Sight | None
    ) -> Decision:
        fate, reason = self._judge(image, region_id, image_id, sight)
        return Decision(
            image=image,
            region_id=region_id,
            image_id=image_id,
            fate=fate,
            reason=reason,
        )

    def _judge(
        self, image: KeptImage, region_id: str, image_id: str, sight: _Sight | None
    ) -> tuple[Fate, str]:
        if sight is None:
            return Fate.KEEP, "ECS did not say how it is"
        shown = sight.images.get(image_id)
        if shown is None:
            return Fate.GONE, "ECS has no such image"
        if why := _why_kept(image, shown):
            return Fate.KEEP, why
        if shown.status == "Available":
            return self._judge_available(image, region_id, image_id)
        return self._judge_deprecated(image, image_id, sight)

    def _judge_available(
        self, image: KeptImage, region_id: str, image_id: str
    ) -> tuple[Fate, str]:
        if image.deprecated:
            return Fate.KEEP, "somebody made it Available again"
        try:
            shares = self.retry.repeat(
                lambda: self.api(region_id).describe_shares(image_id)
            )
        except ServiceError as exc:
            self.failed(exc)
            return Fate.KEEP, "ECS did not say with whom it is shared"
        if shares:
            return Fate.KEEP, f"it is shared with {', '.join(shares)}"
        return Fate.DEPRECATE, "newer images replace it"

    def _judge_deprecated(
        self, image: KeptImage, image_id: str, sight: _Sight
    ) -> tuple[Fate, str]:
        if image.deprecated is None:
            return Fate.DEPRECATED, "newer images replace it"
        if self.delete_after is None:
            return Fate.DEPRECATED, "DELETE_DEPRECATED_AFTER is not set"
        due = image.deprecated + self.delete_after
        if self.now < due:
            return Fate.DEPRECATED, f"deleted after {due:%Y-%m-%d}"
        name = sight.images[image_id].image_name
        if why := sight.in_use.get(image_id) or sight.in_use.get(name):
            return Fate.KEEP, why
        return Fate.DELETE, f"deprecated since {image.deprecated:%Y-%m-%d}"


def _why_kept(image: KeptImage, shown: ExistingImage) -> str:
    """Return why an image is kept whoever uses it, "" if nothing says so."""
    if not image.is_proven_by(shown):
        return "nothing proves that it is ours"
    if image.is_under_way:
        return "its distribution is under way"
    is_ready = shown.status in {"Available", "Deprecated"}
    return "" if is_ready else f"it is {shown.status}"
