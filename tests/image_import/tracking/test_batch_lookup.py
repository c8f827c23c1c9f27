"""How many requests ECS is asked in, and what one that fails takes with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from faulty_bucket import RETRY
from image_import.aliyun.ecs.describe_responses import ImportTask, TaskDetail
from image_import.errors import ServiceRejected, ServiceUnavailable
from image_import.ledger.entries import LedgerEntry, State
from image_import.model.ownership import ExistingImage
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.tracking.batch_lookup import BATCH, BatchLookup, look_up_regions
from ledger_lines import line
from stage import Inline

NONCE = "0123456789abcdef"


@dataclass
class Shown:
    """ECS, which shows every image as Creating, and notes what it was asked."""

    has_lookup: bool = True
    asked: list[str] = field(default_factory=list)
    status: str = "Creating"
    is_silent: bool = False

    def find_images(self, image_name: str) -> list[ExistingImage]:
        self.asked.append(f"images named {image_name}")
        return [self._image("m-7", image_name, f"[image-import {NONCE}]")]

    def find_images_by_id(self, image_ids: Sequence[str]) -> list[ExistingImage]:
        self.asked.append(f"{len(image_ids)} images")
        if self.is_silent:
            raise ServiceUnavailable("silent", service="ECS", action="DescribeImages")
        return [self._image(image_id, "web", "") for image_id in image_ids]

    def describe_tasks(self, task_ids: Sequence[str]) -> list[ImportTask]:
        self.asked.append(f"{len(task_ids)} tasks")
        status = "Failed" if self.status == "CreateFailed" else "Processing"
        return [ImportTask(task_id=task_id, status=status) for task_id in task_ids]

    def describe_task(self, task_id: str) -> TaskDetail:
        self.asked.append(f"task {task_id}")
        raise ServiceRejected("forgotten", service="ECS", action="")

    def cancel_task(self, task_id: str) -> None:
        raise AssertionError(task_id)

    def _image(self, image_id: str, name: str, description: str) -> ExistingImage:
        return ExistingImage(
            image_id=image_id,
            image_name=name,
            status=self.status,
            description=description,
        )


def sent(number: int, **said: str) -> LedgerEntry:
    """Return the line of one accepted import among many."""
    disk = DiskRevision(object_key=f"web{number}.qcow2", etag="A1")
    revision = ImageRevision(bucket="images", disks=(disk,))
    known = {"image_id": f"m-{number}", "task_id": f"t-{number}", "image_name": "web"}
    return line(State.SUBMITTED, revision, nonce=NONCE, **{**known, **said})


def lookup(ecs: Shown, *, by_id: bool = True) -> BatchLookup:
    return BatchLookup(ecs=ecs, retry=RETRY, pool=Inline(), by_id=by_id)


def test_a_hundred_imports_take_two_requests() -> None:
    ecs = Shown()
    seen = lookup(ecs).at([sent(n) for n in range(BATCH + 1)])
    assert ecs.asked == ["100 images", "1 images", "100 tasks", "1 tasks"]
    assert {o.image_status for o in seen.values()} == {"Creating"}
    assert len(seen) == BATCH + 1


def test_without_ids_each_is_asked_for_by_its_name_and_known_by_its_nonce() -> None:
    ecs = Shown()
    seen = lookup(ecs, by_id=False).at([sent(1, image_id="")])
    assert ecs.asked == ["images named web"]
    assert [o.image and o.image.image_id for o in seen.values()] == ["m-7"]


def test_what_could_not_be_asked_is_not_taken_for_gone() -> None:
    look = lookup(Shown(is_silent=True))
    assert look.at([sent(1)]) == {}
    assert [str(error) for error in look.errors] == ["silent"]


def test_a_failed_import_is_asked_for_its_error_which_ecs_may_have_forgotten() -> None:
    ecs = Shown(status="CreateFailed")
    (seen,) = lookup(ecs).at([sent(1)]).values()
    assert ecs.asked[-1] == "task t-1"
    assert (seen.has_failed, seen.detail) == (True, None)


def test_regions_are_looked_up_each_by_itself() -> None:
    by_region = {"cn-hangzhou": [sent(1)], "cn-beijing": [sent(2)], "blind": [sent(3)]}
    looks = {
        "cn-hangzhou": lookup(Shown()),
        "cn-beijing": lookup(Shown(is_silent=True)),
        "blind": None,
    }
    observed, errors = look_up_regions(by_region, looks.__getitem__)
    assert observed.seen.keys() == {sent(1).version}
    assert observed.blind == {sent(3).version}
    assert len(errors) == 1
