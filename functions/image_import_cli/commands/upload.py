"""`image-import upload`: a local disk image becomes an object that is imported."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
from disk_images.blocks.source import DamagedError, Source
from disk_images.convert.choose import (
    ConversionChoice,
    ConversionOrder,
    TwoPasses,
    choose,
)
from disk_images.convert.range_lane import plan_range
from disk_images.formats.detect import HEAD_BYTES, TAIL_BYTES, read_header
from disk_images.formats.types import DiskFormat, FormatError
from image_import.aliyun.oss.client import Oss
from image_import.config.settings import Settings
from image_import.errors import SidecarError
from image_import.sidecar.documents import read_document
from image_import.sidecar.parser import SUFFIXES, parse_sidecar
from rich.console import Console

from image_import_cli.commands.convert.command import (
    GIB,
    largest_option,
    member_option,
    threads_option,
)
from image_import_cli.commands.convert.conversion import Conversion, OnProgress
from image_import_cli.commands.convert.conversion import ConversionReport as Report
from image_import_cli.commands.convert.object_route import (
    UPLOADED_BYTES,
    OssPlace,
    UploadRoute,
    connected,
)
from image_import_cli.commands.convert.output import explained, show_report, shown
from image_import_cli.commands.convert.upload_record import records_folder
from image_import_cli.options.completion import complete_file, complete_place
from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.image_fields import image_field_options
from image_import_cli.options.oss_url import read_place
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.preview.plan import check_is_readable
from image_import_cli.status.filters import Filter, place_of
from image_import_cli.status.reader import open_ledgers
from image_import_cli.status.watch import Watch

EXPECTED = "oss://BUCKET/PREFIX/ or oss://BUCKET/KEY"
_PACKING = re.compile(
    r"\.(gz|xz|bz2|zst|zip|tar|tgz|txz|ova|box|vmdk|vhdx|vdi|vhd|raw|img)$",
    re.IGNORECASE,
)


@click.command(
    epilog="Example: image-import upload web.vmdk oss://images/incoming/ --wait",
)
@click.argument("file", metavar="FILE", shell_complete=complete_file)
@click.argument(
    "destination", metavar="oss://BUCKET/PREFIX/", shell_complete=complete_place
)
@image_field_options
@member_option
@click.option(
    "--compact",
    is_flag=True,
    help="Turn a raw disk or a fixed VHD into a qcow2 without its zeros, too.",
)
@largest_option
@threads_option
@click.option("--force", is_flag=True, help="Write over an object that is there.")
@click.option("--wait", "is_awaited", is_flag=True, help="Stay until it is an image.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 3600),
    default=5,
    show_default=True,
    help="Seconds between two looks of --wait.",
)
@set_option
@service_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def upload(
    ctx: click.Context,
    file: str,
    destination: str,
    *,
    said: dict[str, Any],
    member: str,
    max_gib: int,
    interval: float,
    assignments: tuple[str, ...],
    threads: int,
    compact: bool,
    force: bool,
    is_awaited: bool,
    as_json: bool,
) -> None:
    """Upload a disk image, converted meanwhile if ECS does not take it as it is.

    FILE is a disk in any format that image-import convert reads. A qcow2, VHD or raw
    disk is uploaded as it is; anything else becomes a qcow2, of which zeros are not
    sent. Under a PREFIX/ the object is named after FILE.

    The same command goes on where an earlier one was stopped. Size and checksum are
    compared in the end. The --set- options, and a sidecar beside FILE, become the
    sidecar of the object. With --wait the exit status is that of the import.

    Exit status: 0 done, 1 refused or failed, 2 usage.
    """
    path = Path(file)
    check_is_readable(path)
    settings = checked_settings(environment(assignments))
    if not settings.region_id:
        raise click.UsageError("set REGION_ID to the region of the bucket")
    bucket, key = read_place(destination, expected=EXPECTED)
    name = UploadName(bucket=bucket, key=key, file_name=path.name)
    _must_be_let_in(name, settings, is_awaited=is_awaited)
    sidecar = _sidecar(path, said, name, settings)
    order = ConversionOrder(member=member, largest_bytes=max_gib * GIB, is_thin=True)

    def work(on_progress: OnProgress) -> FileUpload:
        oss = connected(settings)
        records = records_folder(os.environ, Path.home())
        sending = FileUpload(
            oss=oss,
            name=name,
            sidecar=sidecar,
            is_compact=compact,
            records=records,
        )
        sending.run(path, order, on_progress, threads=threads, may_overwrite=force)
        return sending

    with explained(ctx, file, as_json=as_json):
        done = shown("Uploading", work, path.stat().st_size)
        place = f"oss://{done.place.bucket}/{done.place.object_key}"
        show_report(file, place, done.report, as_json=as_json, more=done.as_dict())
        if is_awaited:
            ctx.exit(_wait(done, settings, interval, as_json=as_json))


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadName:
    """How the object is named.

    Attributes:
        key: As it was given: a whole key, or a prefix that ends in `/`, or "".
    """

    bucket: str
    key: str
    file_name: str

    def place(self, target_format: str, *, is_kept: bool) -> OssPlace:
        """Return where a file goes.

        Args:
            target_format: What it becomes.
            is_kept: It stays what it is, and keeps its name.
        """
        key = self.key
        if not key or key.endswith("/"):
            key += self.file_name if is_kept else self._converted(target_format)
        return OssPlace(bucket=self.bucket, object_key=key)

    def _converted(self, target_format: str) -> str:
        stem, count = self.file_name, 1
        while count:
            stem, count = _PACKING.subn("", stem)
        return f"{stem or self.file_name}.{target_format.lower()}"


@dataclass(kw_only=True)
class FileUpload:
    """One upload.

    Attributes:
        sidecar: What stands beside the object; None for nothing.
        records: Where it is kept which upload has begun.
    """

    oss: Oss
    name: UploadName
    sidecar: bytes | None
    is_compact: bool
    records: Path
    part_bytes: int = UPLOADED_BYTES
    report: Report = field(default_factory=Report)
    etag: str = ""
    crc64: str = ""

    def run(
        self,
        path: Path,
        order: ConversionOrder,
        on_progress: OnProgress,
        *,
        threads: int,
        may_overwrite: bool,
    ) -> None:
        """Upload the file.

        Raises:
            CannotTellError: It is refused or damaged.
            ServiceError: OSS refused something, or did not answer.
        """
        self._route = UploadRoute(
            oss=self.oss,
            source=path,
            place=self.name.place("", is_kept=True),
            records=self.records,
            part_bytes=self.part_bytes,
            before_whole=self._put_sidecar,
            may_overwrite=may_overwrite,
        )
        conversion = Conversion(self._route, order, on_progress, threads, self._look)
        self.report = conversion.convert()
        place = self.place
        about = self._route.retry.repeat(
            lambda: self.oss.head(place.bucket, place.object_key)
        )
        self.etag, self.crc64 = about.etag, about.crc64

    @property
    def place(self) -> OssPlace:
        """Where the object is."""
        return self._route.place

    def as_dict(self) -> dict[str, Any]:
        """Return what a program wants to know beside the report."""
        return {"etag": self.etag, "crc64": self.crc64}

    def _look(self, file: Source, order: ConversionOrder) -> ConversionChoice:
        """Choose the lane, by which the object is named."""
        choice = self._as_it_is(file, order) or choose(file, order)
        if not isinstance(choice, TwoPasses):
            is_kept = choice.reason == KEPT
            place = self.name.place(choice.target_format, is_kept=is_kept)
            self._route.place = place
        return choice

    def _as_it_is(
        self, file: Source, order: ConversionOrder
    ) -> ConversionChoice | None:
        """Return the upload of a file that ECS takes as it is, None for any other."""
        size = file.size_bytes
        tail = file.read(max(0, size - TAIL_BYTES), min(size, TAIL_BYTES))
        try:
            header = read_header(file.read(0, HEAD_BYTES), tail, object_size_bytes=size)
        except FormatError as exc:
            raise DamagedError(str(exc)) from exc
        is_taken = header.is_importable or header.is_blank
        is_plain = header.format is DiskFormat.RAW or header.detected == "vhd-fixed"
        if not (header.format and is_taken) or (is_plain and self.is_compact):
            return None
        return plan_range(
            offset=0,
            size_bytes=size,
            disk_bytes=header.virtual_size_bytes or size,
            target_format=header.format.value,
            reason=KEPT,
            limits=order.limits,
        )

    def _put_sidecar(self) -> None:
        """Put the sidecar, so that it is there when the image comes."""
        if self.sidecar is not None:
            key, data = f"{self.place.object_key}.json", self.sidecar
            self._route.retry.repeat(lambda: self.oss.put(self.name.bucket, key, data))


KEPT = "ECS takes it as it is"


def _must_be_let_in(name: UploadName, settings: Settings, *, is_awaited: bool) -> None:
    """Raise where nobody would import the object, and somebody waits for the image."""
    key = name.place("QCOW2", is_kept=False).object_key
    if is_awaited and not key.startswith(settings.key_prefix):
        raise click.UsageError(
            f"KEY_PREFIX is {settings.key_prefix!r}, so that {key!r} is not imported;"
            f" upload to oss://{name.bucket}/{settings.key_prefix}"
        )


def _sidecar(
    path: Path, said: Mapping[str, Any], name: UploadName, settings: Settings
) -> bytes | None:
    """Return the object's sidecar: what stands beside the file, and the options."""
    beside = next(
        (p for s in SUFFIXES if (p := path.with_name(path.name + s)).is_file()), None
    )
    if not beside and not said:
        return None
    key = name.place("QCOW2", is_kept=True).object_key
    try:
        held: dict[str, object] = {}
        if beside:
            held |= read_document(beside.read_bytes(), is_yaml=beside.suffix != ".json")
        if "DiskDeviceMapping" in held:
            raise click.UsageError(
                f"{beside} lists several disks; upload each without it, and then put it"
                " beside the first one"
            )
        data = json.dumps({**held, **said}, ensure_ascii=False, indent=2).encode()
        parse_sidecar(
            data,
            sidecar_key=f"{key}.json",
            image_key=key,
            bucket=name.bucket,
            target=settings.target,
            may_set=settings.sidecar_may_set,
        )
    except SidecarError as exc:
        raise click.UsageError(f"the sidecar: {exc}") from exc
    return data


def _wait(
    done: FileUpload, settings: Settings, interval: float, *, as_json: bool
) -> int:
    """Watch the import of what was uploaded, and return the exit status."""
    place = place_of(f"oss://{done.place.bucket}/{done.place.object_key}", settings)
    place = replace(place, etag=done.etag)
    with open_ledgers(
        settings, signed_environment(), bucket=place.ledger_bucket, workers=4
    ) as ledgers:
        watch = Watch(ledgers=ledgers, filter_=Filter(place=place), interval=interval)
        return watch.run(Console(), as_json=as_json)
