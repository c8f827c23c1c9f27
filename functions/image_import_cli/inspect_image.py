"""`image-import inspect`: what is in an image, and whether ECS would take it."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from image_import.clients import Clients
from image_import.credentials import read_credentials
from image_import.errors import HeaderError, ImageImportError
from image_import.evidence import DiskEvidence
from image_import.gather import HEAD_BYTES, TAIL_BYTES
from image_import.header import fix_command, read_header
from image_import.header_parts import Header
from image_import.settings import Settings
from image_import.targets import TARGETS, Target
from image_import.version import DiskVersion
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from image_import_cli.plan import ANY_REGION, OBJECT
from image_import_cli.settings_options import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.show import print_json

if TYPE_CHECKING:
    from image_import.inspection.bounded import Budget

EXTRA = "pip install 'image-import[cli,inspect]'"
SECONDS = 120.0
"""A person waits longer than the function does, unless INSPECT_SECONDS is set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What to look at.

    Attributes:
        seconds: How long it may take.
        on_progress: Called with the requests made and the bytes read so far.
    """

    image: str
    settings: Settings
    seconds: float
    on_progress: Callable[[int, int], None]


@click.command(
    "inspect",
    epilog="Example: image-import inspect oss://images/web.qcow2",
)
@click.argument("image", metavar="OBJECT|FILE")
@click.option(
    "--target",
    "target_name",
    type=click.Choice(list(TARGETS)),
    help="Whose requirements are checked.  [default: IMPORT_TARGET, or public]",
)
@set_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def inspect(
    ctx: click.Context,
    image: str,
    target_name: str | None,
    assignments: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Look into an image without downloading it, and check what ECS asks for.

    The image is oss://BUCKET/KEY, of which a few megabytes are read with the
    credentials of the environment, or a local file. Nothing is changed anywhere.

    Exit status: 0 nothing fails, 1 a requirement fails, 2 usage.
    """
    environ = environment(assignments)
    settings = checked_settings(environ)
    seconds = settings.inspect_seconds if environ.get("INSPECT_SECONDS") else SECONDS
    target = TARGETS[target_name] if target_name else settings.target
    looked = _look_with_progress(image, settings, seconds).with_header_notes()
    from image_import.inspection.requirements import Image, check, fails  # noqa: PLC0415

    header = looked.disk.header
    advice = fix_command(header.fix, looked.disk.object_key) if header.fix else ""
    found = looked.inspection.findings
    checks = check(Image(header=header, findings=found, advice=advice), target)
    console = Console()
    if as_json:
        answer = to_dict(looked, target)
        answer["checks"] = [entry.as_dict() for entry in checks]
        print_json(console, answer)
    else:
        from image_import_cli.inspect_show import print_report  # noqa: PLC0415

        size = describe(header, looked.disk.object_size_bytes)
        head = f"{looked.disk.object_key}\n{size}"
        print_report(console, head, looked.inspection, checks, target=target.name)
    ctx.exit(int(fails(checks)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """One image, from outside and from inside."""

    disk: DiskEvidence
    inspection: Any

    def with_header_notes(self) -> "Looked":
        """Return the same, with what a plan would note about the file as well."""
        findings = self.inspection.findings
        notes = (*self.disk.header.notes, *findings.notes)
        findings = replace(findings, notes=notes)
        return replace(self, inspection=replace(self.inspection, findings=findings))


def _look_with_progress(image: str, settings: Settings, seconds: float) -> Looked:
    """Return what was seen; on the way, a line on stderr says how far it is."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Looking into the image ...")

        def on_progress(requests: int, bytes_read: int) -> None:
            text = f"{requests} requests, {bytes_read / 1_000_000:.1f} MB read ..."
            progress.update(task, description=f"Looking into the image: {text}")

        order = Order(
            image=image, settings=settings, seconds=seconds, on_progress=on_progress
        )
        try:
            match = OBJECT.fullmatch(image)
            if match:
                return look_at_object(match["bucket"], match["key"], order)
            return look_at_file(Path(image), order)
        except ImportError as exc:
            raise click.ClickException(
                f"{exc}; what looks into images is an extra of its own: {EXTRA}"
            ) from exc
        except ImageImportError as exc:
            raise click.ClickException(str(exc)) from exc


def look_at_object(bucket: str, object_key: str, order: Order) -> Looked:
    """Return what is seen of an object."""
    from image_import.inspection.bounded import FIRST_BYTES  # noqa: PLC0415
    from image_import.inspection.inspecting import inspect_object  # noqa: PLC0415

    settings = order.settings
    credentials = read_credentials(None, os.environ)
    oss = Clients(pool_size=16).oss(
        settings, credentials, settings.region_id or ANY_REGION
    )
    with ThreadPoolExecutor(16) as pool:
        last = FIRST_BYTES - 1
        first = pool.submit(oss.read_range, bucket, object_key, first=0, last=last)
        tail = pool.submit(oss.read_tail, bucket, object_key, count=TAIL_BYTES)
        head = first.result()
        size = head.object_size_bytes
        disk = DiskEvidence(
            version=DiskVersion(object_key=object_key, etag=head.etag),
            object_size_bytes=size,
            header=header_of(head.data[:HEAD_BYTES], tail.result().data, size),
        )
        inspection = inspect_object(
            oss,
            bucket,
            disk,
            budget_of(order),
            pool=pool,
            head=head.data,
            on_progress=order.on_progress,
        )
    return Looked(disk=disk, inspection=inspection)


def look_at_file(path: Path, order: Order) -> Looked:
    """Return what is seen of a local file."""
    from image_import.inspection.inspecting import inspect_file  # noqa: PLC0415

    from image_import_cli.plan import check_is_readable  # noqa: PLC0415

    check_is_readable(path)
    with path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(HEAD_BYTES)
        file.seek(max(0, size - TAIL_BYTES))
        disk = DiskEvidence(
            version=DiskVersion(object_key=path.name, etag=""),
            object_size_bytes=size,
            header=header_of(head, file.read(TAIL_BYTES), size),
        )
        inspection = inspect_file(
            file,
            disk,
            budget_of(order),
            on_progress=order.on_progress,
        )
    return Looked(disk=disk, inspection=inspection)


def header_of(head: bytes, tail: bytes, object_size_bytes: int) -> Header:
    """Return what a file is; that it is damaged is a finding like any other."""
    try:
        return read_header(head, tail, object_size_bytes=object_size_bytes)
    except HeaderError as exc:
        return Header(detected="damaged", problem=str(exc))


def budget_of(order: Order) -> "Budget":
    """Return what a look may cost here."""
    from image_import.inspection.bounded import Budget  # noqa: PLC0415

    most_bytes = order.settings.inspect_mib << 20
    return Budget(seconds=order.seconds, most_bytes=most_bytes)


def describe(header: Header, object_size_bytes: int) -> str:
    """Return format and sizes, in a line."""
    size = header.virtual_size_bytes
    virtual = f", virtual size {size / (1 << 30):.1f} GiB" if size else ""
    return f"{header.detected}{virtual}, file of {object_size_bytes:,} bytes"


def to_dict(looked: Looked, target: Target) -> dict[str, Any]:
    """Return what is seen as a program reads it; null where it could not be told."""
    header, inspection = looked.disk.header, looked.inspection
    found = inspection.findings
    return {
        "image": looked.disk.object_key,
        "target": target.name,
        "format": header.format.value if header.format else header.detected,
        "detected": header.detected,
        "virtual_size_bytes": header.virtual_size_bytes,
        "os_type": found.os_type.value or None,
        "platform": found.platform(target.name),
        "os_version": found.os_version.value or None,
        "architecture": found.architecture.value or None,
        "boot_mode": found.boot_mode.value or None,
        **inspection.as_dict(),
    }
