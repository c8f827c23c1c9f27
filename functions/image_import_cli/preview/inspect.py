"""`image-import inspect`: what is in an image, and whether ECS would take it."""

from pathlib import Path
from typing import Any

import click
from disk_images.formats.detect import fix_command
from disk_images.formats.types import Header
from image_import.config.settings import Settings
from image_import.errors import ImageImportError
from image_import.model.targets import TARGETS, Target
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from image_import_cli.options.completion import complete_file
from image_import_cli.options.credentials import service_options
from image_import_cli.options.oss_url import object_named
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.preview.reader import (
    Looked,
    PreviewOrder,
    look_at_file,
    look_at_object,
    not_seen,
)
from image_import_cli.ui.errors import sentence
from image_import_cli.ui.results import print_json
from image_import_cli.ui.text import printable

EXTRA = "pip install '.[cli,inspect]' in a clone"
SECONDS = 120.0
"""A person waits longer than the function does, unless INSPECT_SECONDS is set."""


@click.command(
    "inspect",
    epilog="Example: image-import inspect oss://images/web.qcow2",
)
@click.argument("image", metavar="OBJECT|FILE", shell_complete=complete_file)
@click.option(
    "--target",
    "target_name",
    type=click.Choice(list(TARGETS)),
    help="Whose requirements are checked.  [default: IMPORT_TARGET, or public]",
)
@set_option
@service_options
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

    Exit status: 0 nothing fails, 1 a requirement fails, or the image cannot be looked
    at or no system is found in it, 2 usage, or no such file here (--json has `error`
    in each of these cases).
    """
    environ = environment(assignments)
    settings = checked_settings(environ)
    seconds = settings.inspect_seconds if environ.get("INSPECT_SECONDS") else SECONDS
    target = TARGETS[target_name] if target_name else settings.target
    try:
        looked = _look_with_progress(image, settings, seconds)
    except click.UsageError as exc:
        if not as_json:
            raise
        _report(not_seen(image, exc.message), image, target, as_json=True)
        ctx.exit(exc.exit_code)
    is_good = _report(looked, image, target, as_json=as_json)
    ctx.exit(int(not is_good))


def _report(looked: Looked, image: str, target: Target, *, as_json: bool) -> bool:
    """Print what was seen, and return whether a system was seen and nothing fails.

    Args:
        image: As it was given.
    """
    from image_import_cli.preview.checks.image import CheckedImage, check, fails  # noqa: PLC0415

    header = looked.header
    checks = []
    if header:
        command = fix_command(header.fix, looked.name) if header.fix else ""
        found = looked.inspection.findings
        checks = check(
            CheckedImage(header=header, findings=found, command=command), target
        )
    console = Console()
    if as_json:
        answer = {"image": image, **to_dict(looked, target)}
        if "error" in answer:
            error = {"code": "NotInspected", "message": answer["error"], "hint": ""}
            answer["error"] = error
        answer["checks"] = [entry.as_dict() for entry in checks]
        print_json(console, answer)
    elif header:
        from image_import_cli.preview.report import print_report  # noqa: PLC0415

        head = f"{looked.name}\n{describe(header, looked.size_bytes)}"
        print_report(console, head, looked.inspection, checks, target=target.name)
    else:
        why = f"could not look: {printable(looked.inspection.why_not)}"
        click.echo(f"Error: {why}", err=True)
    return not (looked.inspection.error or fails(checks))


def _look_with_progress(image: str, settings: Settings, seconds: float) -> Looked:
    """Return what was seen; on the way, a line on stderr says how far it is."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    is_shown = console.is_terminal
    with Progress(
        *columns, console=console, transient=True, disable=not is_shown
    ) as progress:
        task = progress.add_task("Looking into the image ...")

        def on_progress(requests: int, bytes_read: int) -> None:
            text = f"requests: {requests}, {bytes_read / 1_000_000:.1f} MB read ..."
            progress.update(task, description=f"Looking into the image: {text}")

        order = PreviewOrder(
            settings=settings, seconds=seconds, on_progress=on_progress
        )
        try:
            return _look(image, order)
        except ImportError as exc:
            raise click.ClickException(
                f"{exc}; what looks into images is an extra of its own: {EXTRA}"
            ) from exc
        except ImageImportError as exc:
            return not_seen(image, sentence(exc, image))
        except OSError as exc:
            return not_seen(image, f"{image} cannot be read: {exc.strerror or exc}")


def _look(image: str, order: PreviewOrder) -> Looked:
    if named := object_named(image):
        return look_at_object(*named, order)
    return look_at_file(Path(image), order)


def describe(header: Header, object_size_bytes: int) -> str:
    """Return format and sizes, in a line."""
    size = header.virtual_size_bytes or 0
    shown = f"{size / (1 << 30):,.1f} GiB" if size >> 30 else f"{size >> 20:,} MiB"
    virtual = f", virtual size {shown}" if size else ""
    return f"{header.detected}{virtual}, file of {object_size_bytes:,} bytes"


def to_dict(looked: Looked, target: Target) -> dict[str, Any]:
    """Return what is seen as a program reads it; null where it could not be told."""
    from image_import.inspection.platform import platform_of  # noqa: PLC0415

    header, inspection = looked.header, looked.inspection
    found = inspection.findings
    detected = header.detected if header else None
    mode = found.boot_mode.value or None
    named = header.format.value if header and header.format else detected
    if header and header.is_guess and header.is_importable:
        named = None  # Nothing but its name says that it is raw, if that.
    return {
        "target": target.name,
        "format": named,
        "detected": detected,
        "virtual_size_bytes": header.virtual_size_bytes if header else None,
        "os_type": found.os_type.value or None,
        "platform": platform_of(found, target),
        "os_version": found.os_version.value or None,
        "architecture": found.architecture.value or None,
        "boot_mode": mode if mode in {"BIOS", "UEFI", "both"} else None,
        **inspection.as_dict(),
    }
