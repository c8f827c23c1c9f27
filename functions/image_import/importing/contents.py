"""Whether to look into an image, and what that comes to for a plan.

What does the looking is imported when it is needed, and only then: the plain function
has no use for it, and not the libraries either.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from image_import.aliyun.oss.client import Oss
from image_import.config.settings import Settings
from image_import.planning.evidence import Contents, DiskEvidence, Evidence

LEFT_FOR_THE_REST = 60.0
"""Seconds of the invocation that a look leaves to what comes after it."""

SHORTEST = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ContentsReader:
    """Looks into the images of one bucket, each version once per invocation.

    Attributes:
        remaining: Seconds until the function is killed.
    """

    oss: Oss
    bucket: str
    settings: Settings
    remaining: Callable[[], float]
    pool: Executor
    _seen: dict[tuple[str, str], Contents] = field(default_factory=dict)

    def read(self, evidence: Evidence) -> Contents | None:
        """Return what the system disk's contents tell; None if nobody wants to know.

        It fails never: what could not be found out is a note.
        """
        disk = evidence.disks[0]
        if not (disk.header.is_importable and is_wanted(evidence, self.settings)):
            return None
        version = disk.stored.object_key, disk.stored.etag
        if version not in self._seen:
            self._seen[version] = self._read(disk)
        return self._seen[version]

    def _read(self, disk: DiskEvidence) -> Contents:
        seconds = min(
            self.settings.inspect_seconds, self.remaining() - LEFT_FOR_THE_REST
        )
        if seconds < SHORTEST:
            return could_not("too little is left of the function's time-out")
        try:
            from disk_images.blocks.remote import Budget  # noqa: PLC0415 - same

            from image_import.inspection.inspect import (  # noqa: PLC0415 - cold start
                FOR_PLAN,
                contents_of,
                inspect_object,
            )
        except ImportError as exc:
            return could_not(f"{exc}; deploy the layer that has it")
        budget = Budget(seconds=seconds, most_bytes=self.settings.inspect_mib << 20)
        inspection = inspect_object(
            self.oss, self.bucket, disk, budget, pool=self.pool, scope=FOR_PLAN
        )
        return contents_of(inspection, self.settings.target)


def is_wanted(evidence: Evidence, settings: Settings) -> bool:
    """Whether the setting asks for a look into this image."""
    if settings.inspect == "always":
        return True
    return settings.inspect == "auto" and has_gap(evidence, settings)


def has_gap(evidence: Evidence, settings: Settings) -> bool:
    """Whether platform or architecture is unknown."""
    clues = evidence.clues
    by_key = {
        "platform": clues.platform(settings.target),
        "architecture": clues.architecture,
    }
    return not all(
        told or any(value for _, value in evidence.declared(attribute))
        for attribute, told in by_key.items()
    )


def could_not(why: str) -> Contents:
    """Return what a look comes to that told nothing."""
    return Contents(notes=(f"image contents: could not tell: {why}",))
