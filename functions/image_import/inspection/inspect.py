"""One look into one object, and what a plan takes from it; it never fails."""

import random
import time
from collections.abc import Callable
from concurrent.futures import Executor

from disk_images.blocks.remote import Bounded, Budget
from disk_images.blocks.source import CannotTellError
from disk_images.findings import Finding, Findings, Inspection, Scope
from disk_images.formats.detect import TAIL_BYTES
from disk_images.survey import OnProgress, inspect_bytes, quiet
from disk_images.volumes.truncation import YES

from image_import.aliyun.oss.client import Oss
from image_import.errors import ImageImportError
from image_import.inspection.platform import platform_of
from image_import.model.targets import Target
from image_import.planning.evidence import Contents, DiskEvidence
from image_import.retry import RetryPolicy

AGENTS = {"/ProgramData/aliyun": "Alibaba Cloud's agent"}
"""On a Windows: the folder of ECS's own."""

FOR_CHECKLIST = Scope(agents=AGENTS)
FOR_PLAN = Scope(names_only=True, wants_nvme=True)

MOST_TRIES = 4
"""Of one request, where the service is busy or does not answer."""


def patiently(
    exchange: Callable[[], bytes],
    seconds_left: Callable[[], float],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """Return bytes, asked for again where the service asks for patience.

    Raises:
        CannotTellError: The service did not give them.
    """
    policy = RetryPolicy(
        remaining=seconds_left,
        sleep=sleep,
        random=random.random,
        attempts=MOST_TRIES,
        reserve_seconds=0.0,
    )
    try:
        return policy.repeat(exchange)
    except ImageImportError as exc:
        raise CannotTellError(str(exc)) from exc


def inspect_object(  # noqa: PLR0913 - an object, and how to look into it
    oss: Oss,
    bucket: str,
    disk: DiskEvidence,
    budget: Budget,
    *,
    pool: Executor,
    scope: Scope = FOR_CHECKLIST,
    on_progress: OnProgress = quiet,
) -> Inspection:
    """Return what is found in an object, of this ETag and no other.

    Its first and last bytes, which told its format, count as the first round trip.
    """
    version = disk.stored
    bucket = disk.target_bucket or bucket

    def fetch(offset: int, count: int) -> bytes:
        return oss.read_range(
            bucket,
            version.object_key,
            first=offset,
            last=offset + count - 1,
            etag=version.etag,
        ).data

    source = Bounded(
        fetch=fetch,
        repeat=patiently,
        size_bytes=disk.object_size_bytes,
        budget=budget,
        pool=pool,
        on_progress=on_progress,
    )
    if disk.head:
        source.know(disk.head, requests=2, bytes_read=len(disk.head) + TAIL_BYTES)
    return inspect_bytes(source, disk.header, scope)


def contents_of(inspection: Inspection, target: Target) -> Contents:
    """Return what a plan takes from an inspection."""
    told = told_of(inspection.findings, target)
    found = inspection.findings
    if inspection.why_not:
        notes = [f"image contents: could not tell: {inspection.why_not}"]
    else:
        open_questions: dict[str, str] = {}
        for name in ("os_name", "architecture"):
            answer: Finding = getattr(found, name)
            if not answer:
                # One reason for both is said once, and not as a note of its own.
                open_questions.setdefault(answer.why_not, name)
        seen = [note for note in found.notes if note not in open_questions]
        notes = [f"image contents: {note}" for note in seen]
        notes += [
            f"image contents: could not tell {name}: {why}"
            for why, name in open_questions.items()
        ]
        complete = found.complete
        if complete and complete.value != YES:
            notes.append(f"image contents: it is cut off: {complete.value}")
    return Contents(
        told={name: finding.value for name, finding in told.items()},
        where={name: finding.where for name, finding in told.items()},
        notes=tuple(notes),
    )


def told_of(found: Findings, target: Target) -> dict[str, Finding]:
    """Return what a plan may use, by the name of its parameter's attribute."""
    told: dict[str, Finding] = {}
    if platform := platform_of(found, target):
        told["platform"] = Finding(value=platform, where=found.os_name.where)
    if found.os_type.value in {"linux", "windows"}:
        told["os_type"] = found.os_type
    if found.architecture:
        told["architecture"] = found.architecture
    if found.boot_mode.value in {"BIOS", "UEFI"}:
        told["boot_mode"] = found.boot_mode
    if found.nvme.value == "yes":
        told["nvme_support"] = Finding(value="supported", where=found.nvme.where)
    return told
