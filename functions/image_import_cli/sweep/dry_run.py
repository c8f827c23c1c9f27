"""What a sweep would do, from here and without a trace.

A manifest tells each of its data disks by a note in the ledger which image it belongs
to. A dry run leaves none, so the manifests of its first round are remembered here.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from image_import.events.parser import ObjectCreated
from image_import.filename.reader import read_key
from image_import.model.result import Outcome, Result

from image_import_cli.delivery.batch import about
from image_import_cli.delivery.known import known
from image_import_cli.sweep.bucket import SweptBucket

Planner = Callable[[ObjectCreated], Result]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plans:
    """What would become of each sidecar and image, in the two rounds of a dry run.

    Attributes:
        plan_image: Plans an image by itself.
    """

    swept: SweptBucket
    plan_image: Planner
    _manifests: dict[str, list[ObjectCreated]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def plan(self, record: ObjectCreated) -> Result:
        """Return what would become of an image, or of a sidecar without one.

        Raises:
            ServiceError: The bucket could not be read.
        """
        if read_key(record.object_key).kind == "sidecar":
            return self._sidecar(record)
        manifests = self._manifests.get(record.object_key, [])
        if manifests and not self.swept.has_sidecar(record.object_key):
            return self._data_disk(record, manifests)
        return self.plan_image(record)

    def _sidecar(self, record: ObjectCreated) -> Result:
        """Remember what a sidecar lists; its image is planned in its own round."""
        found = self.swept.read_sidecar(record)
        for disk_key in found.disk_keys[1:]:
            self._manifests[disk_key].append(record)
        if self.swept.has_image(record):
            return about(known(), record)
        return self.swept.import_here(record)

    def _data_disk(
        self, record: ObjectCreated, manifests: list[ObjectCreated]
    ) -> Result:
        """Return what would become of an image that manifests list as a disk."""
        planned = [self.swept.import_here(manifest) for manifest in manifests]
        told = [r for r in planned if r.outcome is not Outcome.IGNORED]
        if not told:
            return self.plan_image(record)
        going = [r for r in told if r.outcome is not Outcome.WAITING]
        result = about((going or told)[0], record)
        is_in_set = result.outcome is Outcome.PLANNED
        return about(known(), record) if is_in_set else result
