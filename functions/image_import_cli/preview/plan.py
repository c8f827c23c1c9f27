"""`image-import plan`: what would be sent for an image, and why. Changes nothing."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import click
from disk_images.blocks.source import CannotTellError, Source, of_file
from disk_images.convert.choose import ConversionChoice, ConversionOrder, choose
from image_import.aliyun.oss.client import Oss
from image_import.config.credentials import read_credentials
from image_import.config.settings import Settings
from image_import.errors import EvidenceError, PlanError, ServiceError
from image_import.events.parser import ObjectCreated
from image_import.filename.reader import read_key
from image_import.importing.contents import could_not, is_wanted
from image_import.importing.pipeline import import_record
from image_import.importing.runtime import Clients, Invocation
from image_import.model.disk import GIB
from image_import.model.result import LOG_FIELDS, Outcome, Result, said
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.planning.evidence import (
    Contents,
    DiskEvidence,
    Evidence,
    header_from,
)
from image_import.planning.planner import make_plan
from image_import.planning.request import to_parameters
from image_import.sidecar.finder import SidecarFound, find_sidecar, lone_disk_waits_for
from image_import.sidecar.parser import SUFFIXES, sidecar_keys
from rich.console import Console

from image_import_cli.options.completion import complete_file
from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.oss_url import BUCKET_NAME, object_named
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.preview.file_ends import read_ends
from image_import_cli.ui.errors import failures_explained
from image_import_cli.ui.pools import DaemonPool
from image_import_cli.ui.results import exit_status, print_json, render

ANY_BUCKET = "your-bucket"
ANY_REGION = "cn-hangzhou"
ANY_TARGET = "where-it-is-converted-to"
AT_ONCE = 10


@click.command(
    epilog="Example: image-import plan noble-server-cloudimg-amd64.img",
)
@click.argument("image", shell_complete=complete_file)
@set_option
@service_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def plan(
    ctx: click.Context, image: str, assignments: tuple[str, ...], *, as_json: bool
) -> None:
    """Show what would be sent for IMAGE, and where each parameter comes from.

    IMAGE is a local file, with its sidecar beside it, or oss://BUCKET/KEY, read with
    the credentials of the environment. Nothing is changed anywhere.
    """
    environ = environment(assignments)
    environ["DRY_RUN"] = "true"
    settings = checked_settings(environ)
    named = object_named(image)
    with failures_explained(image if named else ""):
        if named:
            result = plan_object(*named, settings)
        else:
            result = plan_file(Path(image), settings)
    console = Console()
    if as_json:
        print_json(console, said(result, LOG_FIELDS))
    else:
        console.print(render(result, origin="object" if named else "file"))
    ctx.exit(exit_status([result]))


def plan_object(bucket: str, object_key: str, settings: Settings) -> Result:
    """Return the plan for an object, by a dry run of the function's own code."""
    credentials = read_credentials(None, signed_environment())
    region_id = settings.region_id or ANY_REGION
    clients = Clients(pool_size=AT_ONCE)
    oss = clients.oss(settings, credentials, region_id)
    first = oss.read_range(bucket, object_key, first=0, last=0)
    beside = _objects_beside(oss, bucket, object_key)
    record = ObjectCreated(
        bucket=bucket,
        object_key=object_key,
        etag=first.etag,
        object_size_bytes=first.object_size_bytes,
        event_name="ObjectCreated:PutObject",
        region_id=region_id,
    )
    invocation = Invocation(
        settings=settings,
        oss=lambda _: oss,
        ecs=lambda region: clients.ecs(settings, credentials, region),
        pool=DaemonPool(AT_ONCE),
        timeout_seconds=120,
    )
    result = import_record(record, invocation)
    notes = (*result.notes, *_misnamed(object_key, beside))
    return replace(result, notes=notes)


def _objects_beside(oss: Oss, bucket: str, object_key: str) -> list[str]:
    """Return the objects that share an image's name up to its extension.

    Who may read an image may not always list its bucket; then none are known.
    """
    folder, slash, name = object_key.rpartition("/")
    stem = f"{folder}{slash}{name.rpartition('.')[0]}"
    try:
        return [o.object_key for o in oss.list_page(bucket, f"{stem}.").objects]
    except ServiceError:
        return []


def plan_file(path: Path, settings: Settings) -> Result:
    """Return the plan for a local file as if it were uploaded under its name.

    The ETag is not known before the upload, so a placeholder stands in for it and
    the name's hash will differ.
    """
    check_is_readable(path)
    if not _is_text(path.name):
        raise click.UsageError(
            f"the name of {path.name!r} is not UTF-8, which object keys must be; "
            "rename the file"
        )
    found = find_sidecar(
        _sidecars(path), bucket=ANY_BUCKET, image_key=path.name, settings=settings
    )
    version = _placeholder(path)
    about = {"bucket": ANY_BUCKET, "object_key": path.name, "etag": version.etag}
    if waits_for := lone_disk_waits_for(path.name, found, settings):
        return Result(outcome=Outcome.WAITING, reason=waits_for).about(**about)
    try:
        disk = read_disk(path, version)
    except EvidenceError as exc:
        reason = f"{path.name}: {exc}"
        return Result(outcome=Outcome.REFUSED, reason=reason).about(**about)
    result = _plan_disk(path, disk, found, settings).about(**about)
    names: list[str] = []
    with suppress(OSError):
        names += (other.name for other in path.parent.iterdir())
    return replace(result, notes=(*result.notes, *_misnamed(path.name, names)))


def _misnamed(image_name: str, names: Iterable[str]) -> Iterator[str]:
    """Yield a note for each file that was perhaps meant to be an image's sidecar."""
    right = sidecar_keys(image_name)
    stem = image_name.rpartition(".")[0]
    for name in sorted(names):
        front, _, end = name.rpartition(".")
        suffix = f".{end.lower()}"
        if suffix in SUFFIXES and name not in right and front in {stem, image_name}:
            yield (
                f"{name} is no sidecar of {image_name} and has no effect; if it is "
                f"meant to be one, name it {image_name}{suffix}"
            )


def _plan_disk(
    path: Path, disk: DiskEvidence, found: SidecarFound, settings: Settings
) -> Result:
    try:
        if found.error:
            raise found.error
        if found.is_manifest:
            return Result(
                outcome=Outcome.WAITING,
                reason=f"{found.key} lists several disks; plan it in the bucket, where "
                "all of them are: image-import plan oss://BUCKET/KEY",
            )
        revision, notes = disk.revision, tuple[str, ...]()
        if disk.is_convertible and settings.convert != "never":
            disk, notes = _converted(path, disk, found, settings)
        evidence = Evidence(
            revision=ImageRevision(bucket=ANY_BUCKET, disks=(revision,)),
            region_id=settings.region_id or ANY_REGION,
            disks=(disk,),
            clues=read_key(path.name),
            sidecar=found.declared,
            sidecar_key=found.key,
        )
        evidence = replace(evidence, contents=_contents(path, evidence, settings))
        made = make_plan(evidence, settings, settings.target)
        parameters = to_parameters(made.request, settings.target)
    except (EvidenceError, PlanError) as exc:
        return Result(outcome=Outcome.REFUSED, reason=str(exc))
    return Result(
        outcome=Outcome.PLANNED,
        reason="nothing was uploaded or called; bucket, region and the name's hash are "
        "placeholders",
        image_name=made.image_name,
        parameters=parameters,
        evidence={name: choice.as_dict() for name, choice in made.sources.items()},
        notes=(*notes, *made.notes),
    )


def _converted(
    path: Path, disk: DiskEvidence, found: SidecarFound, settings: Settings
) -> tuple[DiskEvidence, tuple[str, ...]]:
    """Return what the function would make of a disk that ECS does not take, and how.

    Raises:
        HeaderError: No lane takes it.
    """
    from image_import.importing.conversion.run import (  # noqa: PLC0415 - as the function does
        SHORT_LANES,
        as_it_would_be,
        lane_of,
        refusals_of,
    )

    order = ConversionOrder(
        member=found.declared.member if found.declared else "",
        largest_bytes=settings.convert_max_gib * GIB,
        wraps_compressed=settings.convert_wrap_compressed,
    )
    with refusals_of(path.name):
        choice = _chosen(path, order)
    lane = lane_of(choice)
    by = "" if lane in SHORT_LANES else " by a converter, if one is deployed"
    note = f"it would be converted from {disk.header.detected} ({lane} lane){by}"
    return as_it_would_be(disk, choice, ANY_TARGET), (note,)


def _chosen(path: Path, order: ConversionOrder) -> ConversionChoice:
    """Return how a file becomes an image, by its bytes and those that it names."""
    with ExitStack() as files:

        def opened(name: str) -> Source:
            try:
                file = files.enter_context(path.with_name(name).open("rb"))
            except OSError as exc:
                why = f"{name} cannot be read: {exc.strerror}"
                raise CannotTellError(f"{why}; put it beside {path.name}") from exc
            return of_file(file)

        return choose(opened(path.name), replace(order, open_beside=opened))


def _contents(path: Path, evidence: Evidence, settings: Settings) -> Contents | None:
    """Return what the image's files tell, if the setting asks for it."""
    disk = evidence.disks[0]
    if not (disk.header.is_importable and is_wanted(evidence, settings)):
        return None
    try:
        from disk_images.blocks.remote import Budget  # noqa: PLC0415 - its extra
        from disk_images.survey import inspect_file  # noqa: PLC0415 - its extra
        from image_import.inspection.inspect import (  # noqa: PLC0415 - its extra
            FOR_PLAN,
            contents_of,
        )
    except ImportError as exc:
        return could_not(f"{exc}; pip install '.[cli,inspect]' in a clone")
    budget = Budget(
        seconds=settings.inspect_seconds, most_bytes=settings.inspect_mib << 20
    )
    with path.open("rb") as file:
        inspection = inspect_file(file, disk.header, FOR_PLAN, budget=budget)
        return contents_of(inspection, settings.target)


def check_is_readable(path: Path) -> None:
    """Raise a usage error unless a local image is a file that can be opened."""
    try:
        is_file = path.is_file()
        if is_file:
            path.open("rb").close()
    except OSError as exc:
        raise click.UsageError(f"{path} cannot be read: {exc.strerror}") from exc
    if not is_file:
        bucket, _, key = str(path).partition("/")
        is_like = key and BUCKET_NAME.fullmatch(bucket)
        meant = f"; for the object give oss://{path}" if is_like else ""
        raise click.UsageError(
            f"{path} is no file here; give a local image, or oss://BUCKET/KEY{meant}"
        )


def _sidecars(path: Path) -> dict[str, bytes]:
    beside = [path.parent / key for key in sidecar_keys(path.name)]
    return {other.name: other.read_bytes() for other in beside if other.is_file()}


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _placeholder(path: Path) -> DiskRevision:
    """Return a version for a file whose ETag only its upload will tell."""
    etag = hashlib.sha256(path.name.encode()).hexdigest()[:32].upper()
    return DiskRevision(object_key=path.name, etag=etag)


def read_disk(path: Path, version: DiskRevision) -> DiskEvidence:
    """Return what a local file's first and last bytes tell, as in a bucket."""
    size = path.stat().st_size
    with path.open("rb") as image:
        ends = read_ends(image, name=version.object_key, size_bytes=size)
    return DiskEvidence(
        revision=version,
        object_size_bytes=size,
        header=header_from(ends.head, ends.tail, object_size_bytes=size),
    )
