"""`image-import retention`: let older images make room for newer ones."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import click
from image_import.config.settings import Settings
from image_import.errors import ImageImportError, ServiceError
from image_import.importing.runtime import Runtime
from image_import.ledger.entries import LedgerEntry, to_text
from image_import.ledger.layout import IMAGES
from image_import.ledger.store import LedgerStore, Snapshot
from image_import.tracking.retention.decide import Decision, Fate
from image_import.tracking.retention.kept import KeptImage, kept_images, replaced
from image_import.tracking.retention.retention import Retention
from image_import.tracking.schedule import make_tracker
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.ui.errors import failures_explained
from image_import_cli.ui.interrupt import threads
from image_import_cli.ui.results import print_json
from image_import_cli.ui.text import printable
from image_import_cli.ui.tty import aside

LOOKS = {
    Fate.KEEP: "green",
    Fate.DEPRECATE: "yellow",
    Fate.DEPRECATED: "bright_black",
    Fate.DELETE: "red",
    Fate.GONE: "bright_black",
}


@dataclass(kw_only=True, slots=True)
class Heard:
    """What was done, and what could not be."""

    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def change(self, line: LedgerEntry, _: Snapshot) -> None:
        """Count an image that is deprecated or deleted."""
        self.done[line.state.value] += 1

    def failed(self, exc: ImageImportError) -> None:
        """Keep what could not be done."""
        self.errors.append(str(exc))


@click.command(epilog="Example: image-import retention --set KEEP_LAST=3 --dry-run")
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
@click.option(
    "--bucket", default="", help="Where the ledger is. Default: LEDGER_BUCKET."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=16,
    show_default=True,
    help="Ledgers read at once.",
)
@set_option
@service_options
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per image and region."
)
@click.pass_context
def retention(
    ctx: click.Context,
    bucket: str,
    workers: int,
    assignments: tuple[str, ...],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Deprecate images that newer ones replace, and delete those whose time has come.

    The tracker does it for each new image. This command reads every ledger, so it also
    finds images that were imported before KEEP_LAST was set. Nothing is touched that a
    ledger does not name, or that lacks the mark of its claim.
    """
    settings = checked_settings(environment(assignments))
    bucket = bucket or settings.ledger_bucket
    _check(settings, bucket)
    heard = Heard()
    with failures_explained():
        makes_room = _retention(settings, bucket, heard)
        images = sorted(
            _all_images(makes_room, workers=workers, heard=heard),
            key=lambda image: (image.group, image.made),
        )
        decisions = list(_decisions(makes_room, images, heard=heard))
        if not (dry_run or settings.dry_run):
            _carry_out(makes_room, images, decisions, heard=heard)
    _show(decisions, heard, as_json=as_json)
    ctx.exit(int(bool(heard.errors)))


def _check(settings: Settings, bucket: str) -> None:
    needed = {
        "KEEP_LAST": (settings.keep_last, "KEEP_LAST=3"),
        "REGION_ID": (settings.region_id, "REGION_ID=cn-hangzhou"),
    }
    for name, (value, example) in needed.items():
        if not value:
            raise click.UsageError(f"set {name}, as in --set {example}")
    if not bucket:
        raise click.UsageError("nothing names the ledger's bucket: give --bucket")


def _retention(settings: Settings, bucket: str, heard: Heard) -> Retention:
    tracker = make_tracker(
        settings,
        None,
        environ=signed_environment(),
        runtime=Runtime(),
        bucket=bucket,
    )
    return replace(tracker.retention(), failed=heard.failed, change=heard.change)


def _all_images(
    makes_room: Retention, *, workers: int, heard: Heard
) -> Iterator[KeptImage]:
    """Yield the images of all ledgers."""
    settings, store = makes_room.settings, makes_room.store
    prefix = settings.ledger_prefix

    def read(key: str) -> list[KeptImage]:
        try:
            snapshot = store.read_by_key(key, prefix=prefix)
        except ImageImportError as exc:
            heard.failed(exc)
            return []
        region_id = makes_room.region_id
        return kept_images(snapshot, settings, region_id=region_id) if snapshot else []

    with threads(workers) as pool:
        for images in pool.map(read, _ledger_keys(store, prefix)):
            yield from images


def _ledger_keys(store: LedgerStore, prefix: str) -> Iterator[str]:
    for item in store.list_all(f"{prefix}{IMAGES}"):
        is_first_part = "~" not in item.object_key.rpartition("/")[2]
        if item.object_key.endswith(".jsonl") and is_first_part:
            yield item.object_key


def _decisions(
    makes_room: Retention, images: Iterable[KeptImage], *, heard: Heard
) -> Iterator[Decision]:
    """Yield what is to be done, group by group, the newest image first."""
    keep_last = makes_room.settings.keep_last
    for _, some in groupby(images, lambda image: image.group):
        group = list(some)
        older = replaced(group, keep_last=keep_last)
        ids = {image.line.image_id for image in older}
        for image in reversed(group):
            if image.line.image_id not in ids:
                yield from _stays(image, keep_last)
        yield from makes_room.decide(older, failed=heard.failed)


def _stays(image: KeptImage, keep_last: int) -> Iterator[Decision]:
    for region_id, image_id in image.regions.items():
        yield Decision(
            image=image,
            region_id=region_id,
            image_id=image_id,
            fate=Fate.KEEP,
            reason=f"KEEP_LAST={keep_last}",
        )


def _carry_out(
    makes_room: Retention,
    images: Iterable[KeptImage],
    decisions: Iterable[Decision],
    *,
    heard: Heard,
) -> None:
    """Do it, and note what stays, so that the tracker knows it from now on."""
    for image in images:
        if image.is_in_use and image.deprecated is None:
            makes_room.enter(image)
    try:
        makes_room.carry_out(decisions)
    except ServiceError as exc:
        heard.failed(exc)


def _show(decisions: Iterable[Decision], heard: Heard, *, as_json: bool) -> None:
    console = Console()
    if as_json:
        for decision in decisions:
            print_json(console, _said(decision))
        sums = {**heard.done, "errors": heard.errors}
        print_json(console, {"retention": sums})
        return
    for group, some in groupby(decisions, lambda decision: decision.image.group):
        console.print(Text(printable(group), "bold"), highlight=False)
        console.print(Padding(_table(some), (0, 0, 1, 2)), highlight=False)
    done = [f"{count:,} {state}" for state, count in sorted(heard.done.items())]
    console.print(", ".join(done) or "nothing was changed", highlight=False)
    for error in heard.errors:
        aside(error)


def _table(decisions: Iterable[Decision]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for decision in decisions:
        fate = decision.fate
        table.add_row(
            Text(fate.value, LOOKS[fate]),
            f"{decision.image.made:%Y-%m-%d}",
            Text(printable(f"{decision.region_id} {decision.image_id}")),
            Text(printable(f"{decision.image.line.image_name}: {decision.reason}")),
        )
    return table


def _said(decision: Decision) -> dict[str, Any]:
    image = decision.image
    return {
        "group": image.group,
        "image_name": image.line.image_name,
        "image_id": decision.image_id,
        "region_id": decision.region_id,
        "source": image.place,
        "imported": to_text(image.made),
        "decision": decision.fate.value,
        "reason": decision.reason,
    }
