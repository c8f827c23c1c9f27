"""What a test does to ECS without going through a client."""

from collections.abc import Mapping

from fake_aliyun.core.faults import Fault, Faults
from fake_aliyun.ecs.images import Failure, Image, Pace
from fake_aliyun.ecs.models import EcsBackend


class EcsControl:
    """The images of a cloud, as a test sees and moves them."""

    def __init__(self, backend: EcsBackend, *, faults: Faults) -> None:
        self._backend = backend
        self._faults = faults

    @property
    def images(self) -> Mapping[str, Image]:
        """Return the images by name; looking here does not move an import."""
        return {image.image_name: image for image in self._backend.images()}

    @property
    def pace(self) -> Pace:
        """Return how imports move on."""
        return self._backend.pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self._backend.pace = pace

    @property
    def image_quota(self) -> int | None:
        """Return how many images a region may hold; None for any number."""
        return self._backend.image_quota

    @image_quota.setter
    def image_quota(self, quota: int | None) -> None:
        self._backend.image_quota = quota

    @property
    def shown_after_seconds(self) -> float:
        """Return how late DescribeImages knows an image that was accepted."""
        return self._backend.shown_after_seconds

    @shown_after_seconds.setter
    def shown_after_seconds(self, seconds: float) -> None:
        self._backend.shown_after_seconds = seconds

    @property
    def resource_groups(self) -> set[str]:
        """Return the resource groups that exist; add to it as needed."""
        return self._backend.resource_groups

    def move_imports(self) -> None:
        """Let every import be as far as its pace says, as a look at it would find it.

        An import that moves by looks stays where it is: this is none.
        """
        for image in self._backend.images():
            self._backend.move(image)

    def finish_imports(self) -> None:
        """Let every import that is under way end now."""
        for image in self._backend.images():
            if image.is_under_way:
                self._backend.end(image)

    def delete_image(self, image_name: str) -> None:
        """Remove an image, so that its name is free again."""
        self._backend.delete_image(self.images[image_name].image_id)

    def fail_import(self, code: str, message: str = "") -> None:
        """Let the next import that is accepted end as CreateFailed."""
        self._backend.fail_import(Failure(code, message or code))

    def fail_next(self, code: str = "", **options: object) -> None:
        """Let coming requests fail; `faults.Fault` lists the options."""
        self._faults.add(Fault.from_json({"service": "ecs", "code": code, **options}))
