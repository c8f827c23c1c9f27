"""The images that an image's ledger tells of, and which of a group newer ones replace.

A group are the images of one family, or without a family those of one folder.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from image_import.config.settings import Settings
from image_import.ledger.entries import LedgerEntry, State, last_of, settle
from image_import.ledger.store import Snapshot
from image_import.model.ownership import ExistingImage
from image_import.tracking.distribution.steps import DistributionProgress
from image_import.tracking.distribution.wishes import wishes_for


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptImage:
    """An image with its copies, as its ledger tells of them.

    Attributes:
        line: The ledger's word that the image is Available.
        made: When it was imported.
        regions: The IDs of the image and of its copies, by region.
        is_in_use: Whether it was distributed, or there was nothing to distribute.
        is_under_way: Whether copies of it are still being made.
        deprecated: Since when it and its copies are; None if they are not.
    """

    snapshot: Snapshot
    line: LedgerEntry
    group: str
    made: datetime
    regions: Mapping[str, str]
    is_in_use: bool
    is_under_way: bool = False
    deprecated: datetime | None = None

    @property
    def ledger_key(self) -> str:
        """The key of the first part of its ledger."""
        return self.snapshot.keys.ledger_key(self.snapshot.etag)

    @property
    def place(self) -> str:
        """The object that it was made of, for a person."""
        return f"oss://{self.snapshot.keys.bucket}/{self.snapshot.keys.object_key}"

    def is_proven_by(self, image: ExistingImage) -> bool:
        """Whether what ECS shows is this image, or a copy of it.

        The ledger names the ID, and the description ends in the claim's nonce: that
        neither an uploader nor another image of the account has both, is the proof.
        """
        return bool(self.line.nonce) and self.line.proof.holds_for(image)


def kept_images(
    snapshot: Snapshot, settings: Settings, *, region_id: str
) -> list[KeptImage]:
    """Return the images that a ledger tells of and that are not deleted.

    Args:
        region_id: Of images whose ledger names none.
    """
    entries = snapshot.entries
    accepted = settle(entries).accepted.values()
    available = [line for line in accepted if line.state is State.AVAILABLE]
    return [
        _kept(snapshot, line, settings, region_id=_region(entries, line) or region_id)
        for line in available
    ]


def _kept(
    snapshot: Snapshot, line: LedgerEntry, settings: Settings, *, region_id: str
) -> KeptImage:
    entries, version = snapshot.entries, line.version
    wishes = wishes_for(settings, entries, line, region=region_id)
    folder = line.disks[0][0].rpartition("/")[0]
    family = f"family {wishes.family}"
    progress = DistributionProgress(entries, version=version)
    sent = last_of(entries, version, State.SUBMITTED) or line
    after = (State.DISTRIBUTING, State.DISTRIBUTED, State.DISTRIBUTION_FAILED)
    distributed = last_of(entries, version, *after)
    deprecated = last_of(entries, version, State.DEPRECATED)
    return KeptImage(
        snapshot=snapshot,
        line=line,
        group=family if wishes.family else f"{snapshot.keys.bucket}/{folder}",
        made=sent.at,
        regions={region_id: line.image_id, **progress.made_copies()},
        is_in_use=distributed is None or distributed.state is State.DISTRIBUTED,
        is_under_way=distributed is not None
        and distributed.state is State.DISTRIBUTING,
        deprecated=deprecated.at if deprecated else None,
    )


def _region(entries: Sequence[LedgerEntry], line: LedgerEntry) -> str:
    intent = last_of(entries, line.version, State.INTENT)
    return intent.parameters.get("RegionId", "") if intent else ""


def replaced(images: Iterable[KeptImage], *, keep_last: int) -> list[KeptImage]:
    """Return the images of a group that are older than the last ones to be kept.

    The time of the import decides, so one that comes late does not push a newer one
    out. An image that is not everywhere yet does not count as one that replaces.
    """
    newest_first = sorted(images, key=lambda i: (i.made, i.line.image_id), reverse=True)
    found, newer = [], 0
    for image in newest_first:
        if newer >= keep_last:
            found.append(image)
        newer += image.is_in_use and image.deprecated is None
    return found
