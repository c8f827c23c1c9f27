"""Looks of `image-import inspect` at an object and at a local file."""

import random
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from disk_images.formats.detect import (
    HEAD_BYTES,
    LOOK_BYTES,
    TAIL_BYTES,
    is_settled_by,
    read_header,
)
from disk_images.formats.types import FormatError, Header
from image_import.aliyun.oss.client import ObjectPiece, Oss
from image_import.config.credentials import read_credentials
from image_import.config.settings import Settings
from image_import.errors import ServiceRejected
from image_import.filename.extension import split_file_name
from image_import.filename.reader import read_key
from image_import.importing.runtime import Clients
from image_import.model.disk import DiskFormat
from image_import.model.revision import DiskRevision
from image_import.planning.disks import named_note
from image_import.planning.evidence import DiskEvidence
from image_import.retry import RetryPolicy

from image_import_cli.options.credentials import signed_environment
from image_import_cli.preview.file_ends import read_ends
from image_import_cli.preview.plan import ANY_REGION, check_is_readable
from image_import_cli.ui.pools import DaemonPool

if TYPE_CHECKING:
    from disk_images.blocks.remote import Budget
    from disk_images.findings import Inspection

NO_FOOTER = (
    "it is named as a VHD and has no footer of one at its end: it is raw, or was cut"
    " off"
)

AT_ONCE = 16
NOT_SATISFIABLE = 416


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewOrder:
    """How to look.

    Attributes:
        seconds: How long it may take.
        on_progress: Called with the requests made and the bytes read so far.
    """

    settings: Settings
    seconds: float
    on_progress: Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """One image, from outside and from inside.

    Attributes:
        header: None if not even its ends could be read.
    """

    name: str
    inspection: "Inspection"
    header: Header | None = None
    size_bytes: int = 0


def not_seen(name: str, why_not: str) -> Looked:
    """Return that an image could not be read at all."""
    from disk_images.findings import Inspection  # noqa: PLC0415

    return Looked(name=name, inspection=Inspection(why_not=why_not))


def named_otherwise(disk: DiskEvidence) -> tuple[str, ...]:
    """Return a note on a name that says another format than the bytes, if it does."""
    by_name = split_file_name(disk.object_key).format
    seen = disk.header.format
    is_known = by_name in {known.value.lower() for known in DiskFormat}
    if not (is_known and seen) or seen.value.lower() == by_name:
        return ()
    return (named_note(disk, by_name),)


def has_lost_footer(disk: DiskEvidence) -> bool:
    """Whether a name says VHD and the bytes are a disk without a VHD's footer.

    A fixed VHD is the disk and a footer behind it: without that it is taken for raw.
    """
    is_vhd = split_file_name(disk.object_key).format == "vhd"
    return is_vhd and disk.header.format is DiskFormat.RAW


def _looked(disk: DiskEvidence, inspection: "Inspection") -> Looked:
    """Return what was seen, with what a plan would note about the file as well."""
    from disk_images.findings import Finding  # noqa: PLC0415
    from disk_images.volumes.truncation import YES  # noqa: PLC0415

    findings = inspection.findings
    named = named_otherwise(disk)
    said = (*named, *disk.header.notes, *findings.notes)
    notes = tuple(dict.fromkeys(said))
    findings = replace(findings, notes=notes)
    if named and has_lost_footer(disk) and (findings.complete.value in {"", YES}):
        findings = replace(findings, complete=Finding(why_not=NO_FOOTER))
    return Looked(
        name=disk.object_key,
        inspection=replace(inspection, findings=findings),
        header=disk.header,
        size_bytes=disk.object_size_bytes,
    )


def look_at_object(bucket: str, object_key: str, order: PreviewOrder) -> Looked:
    """Return what is seen of an object.

    Raises:
        ServiceError: Its ends cannot be read.
    """
    from image_import.inspection.inspect import inspect_object  # noqa: PLC0415

    settings = order.settings
    credentials = read_credentials(None, signed_environment())
    region_id = settings.region_id or ANY_REGION
    oss = Clients(pool_size=AT_ONCE).oss(settings, credentials, region_id)
    pool = DaemonPool(AT_ONCE)
    ends = _ends_of_object(oss, bucket, object_key, order, pool)
    if ends is None:
        return _empty(object_key)
    head, tail = ends
    told = read_key(object_key).format
    is_settled = is_settled_by(head.data, format_by_name=told)
    last = b"" if is_settled else tail.data
    disk = DiskEvidence(
        revision=DiskRevision(object_key=object_key, etag=head.etag),
        object_size_bytes=head.object_size_bytes,
        header=header_of(head.data[:HEAD_BYTES], last, head.object_size_bytes),
        head=head.data,
    )
    inspection = inspect_object(
        oss,
        bucket,
        disk,
        budget_of(order),
        pool=pool,
        on_progress=order.on_progress,
    )
    return _looked(disk, inspection)


def _ends_of_object(
    oss: Oss, bucket: str, object_key: str, order: PreviewOrder, pool: Executor
) -> tuple[ObjectPiece, ObjectPiece] | None:
    """Return an object's first and last bytes; None if it has none at all."""
    end = time.monotonic() + order.seconds
    repeat = RetryPolicy(
        remaining=lambda: end - time.monotonic(),
        sleep=time.sleep,
        random=random.random,
        reserve_seconds=0.0,
    ).repeat
    last = LOOK_BYTES - 1
    first = pool.submit(
        repeat, lambda: oss.read_range(bucket, object_key, first=0, last=last)
    )
    tail = pool.submit(
        repeat, lambda: oss.read_tail(bucket, object_key, count=TAIL_BYTES)
    )
    try:
        return first.result(), tail.result()
    except ServiceRejected as exc:
        if exc.http_status == NOT_SATISFIABLE:
            return None
        raise


def _empty(name: str) -> Looked:
    """Return what there is to say of an object or file without a byte."""
    from disk_images.findings import Inspection  # noqa: PLC0415

    header = header_of(b"", b"", 0)
    return Looked(name=name, inspection=Inspection(), header=header)


def look_at_file(path: Path, order: PreviewOrder) -> Looked:
    """Return what is seen of a local file.

    Raises:
        OSError: It cannot be read.
    """
    from disk_images.survey import inspect_file  # noqa: PLC0415
    from image_import.inspection.inspect import FOR_CHECKLIST  # noqa: PLC0415

    check_is_readable(path)
    size = path.stat().st_size
    if not size:
        return _empty(path.name)
    with path.open("rb") as file:
        ends = read_ends(file, name=path.name, size_bytes=size)
        disk = DiskEvidence(
            revision=DiskRevision(object_key=path.name, etag=""),
            object_size_bytes=size,
            header=header_of(ends.head, ends.tail, size),
        )
        inspection = inspect_file(
            file,
            disk.header,
            FOR_CHECKLIST,
            budget=budget_of(order),
            on_progress=order.on_progress,
        )
    return _looked(disk, inspection)


def header_of(head: bytes, tail: bytes, object_size_bytes: int) -> Header:
    """Return what a file is; that it is damaged is a finding like any other."""
    try:
        return read_header(head, tail, object_size_bytes=object_size_bytes)
    except FormatError as exc:
        return Header(detected="damaged", problem=str(exc))


def budget_of(order: PreviewOrder) -> "Budget":
    """Return what a look may cost here."""
    from disk_images.blocks.remote import Budget  # noqa: PLC0415

    most_bytes = order.settings.inspect_mib << 20
    return Budget(seconds=order.seconds, most_bytes=most_bytes)
