"""What a test does to ECS without going through a client."""

from collections.abc import Mapping

from fake_aliyun.core.clock import check_seconds
from fake_aliyun.core.faults import Fault, Faults
from fake_aliyun.ecs.images import CheckItem, Failure, Image, LaunchTemplate, Pace
from fake_aliyun.ecs.models import EcsBackend


class EcsControl:
    """The images of a cloud, as a test sees and moves them."""

    def __init__(self, backend: EcsBackend, *, faults: Faults) -> None:
        self._backend = backend
        self._faults = faults

    @property
    def images(self) -> Mapping[str, Image]:
        """Return the images by name; looking here does not move an import.

        Of images of one name in several regions it is the newest.
        """
        return {image.image_name: image for image in self._backend.images()}

    @property
    def everywhere(self) -> list[Image]:
        """Return the images of all regions, oldest first; names may come twice."""
        return self._backend.images()

    @property
    def launch_templates(self) -> list[LaunchTemplate]:
        """Return the launch templates of all regions; add to it as needed."""
        return self._backend.launch_templates

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

    @property
    def usable_seconds(self) -> float:
        """Return how long an image is Available and not yet Usable."""
        return self._backend.usable_seconds

    @usable_seconds.setter
    def usable_seconds(self, seconds: float) -> None:
        check_seconds("usable_seconds", seconds)
        self._backend.usable_seconds = seconds

    @property
    def check_seconds(self) -> float:
        """Return how long the image check takes after Available."""
        return self._backend.check_seconds

    @check_seconds.setter
    def check_seconds(self, seconds: float) -> None:
        check_seconds("check_seconds", seconds)
        self._backend.check_seconds = seconds

    def image(self, image_name: str, *, region_id: str) -> Image:
        """Return the image of a name in one region, where `images` knows but one.

        Raises:
            LookupError: There is none.
        """
        for image in self._backend.images():
            if (image.image_name, image.region_id) == (image_name, region_id):
                return image
        raise LookupError(f"no image {image_name!r} in {region_id}")

    def find_by_check(self, image_name: str, *items: CheckItem) -> None:
        """Let the check of the images of a name find this, if it is asked for."""
        self._backend.check_items[image_name] = list(items)

    def use_image(self, image_name: str, instance_id: str) -> None:
        """Let an instance have been made from an image."""
        self.images[image_name].instance_ids.add(instance_id)

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
