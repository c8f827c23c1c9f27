"""What ECS shows of many imports, in as few requests as each target allows.

Public: DescribeTasks and DescribeImages for a hundred imports at a time. Apsara Stack:
one DescribeImages by exact name for each. DescribeTaskAttribute, which knows the error,
is asked for failed imports only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from image_import.aliyun.ecs.describe_responses import ImportTask, TaskDetail
from image_import.errors import ServiceError, ServiceRejected
from image_import.ledger.entries import LedgerEntry
from image_import.model.ownership import ExistingImage
from image_import.retry import RetryPolicy
from image_import.tracking.progress import Observation, own_image

BATCH = 100
"""Source: "DescribeTasks" and "DescribeImages", ECS API 2014-05-26, read 2026-11."""

Item = TypeVar("Item")
Found = TypeVar("Found")


class LookupApi(Protocol):
    """What is asked of ECS here."""

    has_lookup: bool

    def find_images(self, image_name: str) -> list[ExistingImage]:
        """Return the images of exactly this name."""

    def find_images_by_id(self, image_ids: Sequence[str]) -> list[ExistingImage]:
        """Return which of up to 100 images there are."""

    def describe_tasks(self, task_ids: Sequence[str]) -> list[ImportTask]:
        """Return which of up to 100 tasks there are."""

    def describe_task(self, task_id: str) -> TaskDetail:
        """Return one task with its error."""

    def cancel_task(self, task_id: str) -> None:
        """Stop an import."""


def batches(ids: Sequence[str]) -> list[Sequence[str]]:
    """Return IDs in pieces that one look-up takes."""
    return [ids[first : first + BATCH] for first in range(0, len(ids), BATCH)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Observations:
    """What ECS shows of all that is followed.

    Attributes:
        seen: By version hash; without what could not be asked this time.
        blind: Version hashes of imports for which there is no look-up.
    """

    seen: Mapping[str, Observation] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()


@dataclass(kw_only=True, slots=True)
class BatchLookup:
    """One look at the imports of one region.

    Attributes:
        by_id: Ask for images and tasks by their IDs, many at once.
        errors: What could not be looked up, and why.
    """

    ecs: LookupApi
    retry: RetryPolicy
    pool: Executor
    by_id: bool
    errors: list[ServiceError] = field(default_factory=list)

    def at(self, imports: Sequence[LedgerEntry]) -> dict[str, Observation]:
        """Return what ECS shows, by version hash; without what could not be asked.

        Args:
            imports: The ledger's last word on each.
        """
        known = [e for e in imports if self.by_id and e.image_id]
        named = [e for e in imports if not (self.by_id and e.image_id)]
        seen = {**self._seen_by_id(known), **self._seen_by_name(named)}
        failed = [e for e in imports if e.version in seen and e.task_id]
        failed = [e for e in failed if seen[e.version].has_failed]
        for entry, detail in self._each(failed, self._detail):
            seen[entry.version] = replace(seen[entry.version], detail=detail)
        return seen

    def _seen_by_id(self, imports: Sequence[LedgerEntry]) -> dict[str, Observation]:
        ids = batches([e.image_id for e in imports])
        task_ids = batches([e.task_id for e in imports if e.task_id])
        images = list(self._each(ids, self.ecs.find_images_by_id))
        tasks = list(self._each(task_ids, self.ecs.describe_tasks))
        asked = {image_id for batch, _ in images for image_id in batch}
        asked |= {task_id for batch, _ in tasks for task_id in batch} | {""}
        image = {found.image_id: found for _, batch in images for found in batch}
        task = {found.task_id: found for _, batch in tasks for found in batch}
        return {
            e.version: Observation(
                image=image.get(e.image_id), task=task.get(e.task_id)
            )
            for e in imports
            if {e.image_id, e.task_id} <= asked
        }

    def _seen_by_name(self, imports: Sequence[LedgerEntry]) -> dict[str, Observation]:
        def own(entry: LedgerEntry) -> Observation:
            found = self.ecs.find_images(entry.image_name)
            return Observation(image=own_image(found, entry))

        return {entry.version: seen for entry, seen in self._each(imports, own)}

    def _detail(self, entry: LedgerEntry) -> TaskDetail | None:
        try:
            return self.ecs.describe_task(entry.task_id)
        except ServiceRejected:
            return None  # ECS forgets tasks; that the import failed is known

    def _each(
        self, items: Iterable[Item], ask: Callable[[Item], Found]
    ) -> Iterator[tuple[Item, Found]]:
        """Yield each item with its answer, asked side by side."""

        def patient(item: Item) -> Found:
            return self.retry.repeat(lambda: ask(item))

        asked = [(item, self.pool.submit(patient, item)) for item in items]
        for item, future in asked:
            try:
                yield item, future.result()
            except ServiceError as exc:
                self.errors.append(exc)


def look_up_regions(
    by_region: Mapping[str, Sequence[LedgerEntry]],
    look_in: Callable[[str], BatchLookup | None],
) -> tuple[Observations, list[ServiceError]]:
    """Return what ECS shows of imports in several regions, and what went wrong.

    Args:
        by_region: The ledger's last word on each import.
        look_in: Makes the look at a region; None where there is no look-up.
    """
    seen: dict[str, Observation] = {}
    blind: set[str] = set()
    errors: list[ServiceError] = []
    for region_id, imports in by_region.items():
        look = look_in(region_id)
        if look:
            seen.update(look.at(imports))
            errors.extend(look.errors)
        else:
            blind.update(entry.version for entry in imports)
    return Observations(seen=seen, blind=frozenset(blind)), errors
