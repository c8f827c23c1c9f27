"""`image-import redrive`: deliver again what came to nothing."""

import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import click
from image_import import endings
from image_import.app import import_record
from image_import.clock import OssClock
from image_import.credentials import read_credentials
from image_import.errors import ImageImportError
from image_import.events import ObjectCreated
from image_import.handler import Runtime, make_invocation
from image_import.ledger_store import LedgerStore
from image_import.oss import ObjectMissing
from image_import.outcome import Result
from image_import.patience import Patience
from image_import.settings import Settings
from rich.console import Console

from image_import_cli.redrive_ledgers import read_ledgers
from image_import_cli.redrive_messages import Given, read_given
from image_import_cli.redriving import Redriving, about
from image_import_cli.remote_options import remote_options
from image_import_cli.remote_sweep import import_remotely
from image_import_cli.remotes import Remote
from image_import_cli.settings_options import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.show import print_json
from image_import_cli.sweep_show import Counting, showing
from image_import_cli.sweeping import (
    Pace,
    Sweep,
    TooManyFailuresError,
    interruptible,
)
from image_import_cli.terminal import printable

PLACE = re.compile(r"oss://(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)


@click.command(epilog="Example: image-import redrive failed-messages.jsonl --dry-run")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Show what would be delivered again.")
@click.option(
    "--despite-doubt",
    is_flag=True,
    help="Also imports that ECS may have begun. Look in its console first.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Images at once.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1000),
    default=2,
    show_default=True,
    help="Deliveries begun per second at most; 0: as fast as it goes.",
)
@remote_options
@set_option
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per image, then the sums."
)
@click.pass_context
def redrive(
    ctx: click.Context,
    sources: tuple[str, ...],
    remote: Remote | None,
    assignments: tuple[str, ...],
    *,
    workers: int,
    rate: float,
    dry_run: bool,
    despite_doubt: bool,
    as_json: bool,
) -> None:
    """Deliver again what was refused, failed, or never got through.

    SOURCE is a file of OnFailure messages or log lines (- for standard input), or
    oss://BUCKET/KEY or oss://BUCKET/PREFIX, whose ledgers are read. Each object version
    is delivered once. What is under way or became an image is left alone; after an
    import that failed, the next attempt begins, with a token and a name of its own.
    """
    environ = environment(assignments)
    settings = checked_settings(environ)
    if not settings.region_id:
        raise click.UsageError("set REGION_ID, as in --set REGION_ID=cn-hangzhou")
    console = Console()
    try:
        bench = _Bench(settings, remote=remote)
        given = bench.read(sources, workers=workers)
        total = f"of {len(given.uploads):,} uploads"
        with showing(console, as_json=as_json, noun=total, quiet=()) as shown:
            redriving = bench.redriving(
                is_dry=dry_run or settings.dry_run, is_sure=despite_doubt
            )
            ended = _course(given, shown, redriving.redrive, workers, rate)
    except ImageImportError as exc:
        raise click.ClickException(str(exc)) from exc
    _conclude(console, given, shown, ended, as_json=as_json)
    ctx.exit(int(shown.has_bad or bool(ended) or bool(given.unread)))


class _Bench:
    """What one redrive works with."""

    def __init__(self, settings: Settings, *, remote: Remote | None) -> None:
        self._settings = settings
        self._runtime = Runtime()
        self._clock = OssClock(time.monotonic)
        self._patience = Patience(
            remaining=lambda: 120.0, sleep=time.sleep, random=lambda: 0.5
        )
        self._is_remote = remote is not None
        self._deliver = import_remotely(remote) if remote else self._import_here
        credentials = read_credentials(None, os.environ)
        region_id = settings.region_id or ""
        self._oss = self._runtime.clients.oss(settings, credentials, region_id)

    def store_of(self, bucket: str) -> LedgerStore:
        """Return the ledgers of a bucket's images."""
        return LedgerStore(
            self._oss,
            bucket=self._settings.ledger_bucket or bucket,
            clock=self._clock,
            patience=self._patience,
        )

    def read(self, sources: tuple[str, ...], *, workers: int) -> Given:
        """Return what all sources hold."""
        given = Given()
        for source in sources:
            place = PLACE.fullmatch(source)
            more = (
                read_ledgers(
                    self.store_of(place["bucket"]),
                    bucket=place["bucket"],
                    under=place["key"],
                    prefix=self._settings.ledger_prefix,
                    workers=workers,
                )
                if place
                else read_given(_content(source))
            )
            given.merge(more, source=source)
        return given

    def redriving(self, *, is_dry: bool, is_sure: bool) -> Redriving:
        """Return what delivers one upload again."""
        return Redriving(
            store_of=self.store_of,
            clock=self._clock,
            prefix=self._settings.ledger_prefix,
            claim=secrets.token_hex(8),
            deliver=self._deliver_whole,
            is_dry=is_dry,
            is_sure=is_sure,
        )

    def _deliver_whole(self, upload: ObjectCreated) -> Result:
        """Deliver an upload with all that an event says."""
        size = upload.object_size_bytes
        if size is None and self._is_remote:
            try:
                size = self._patience.repeat(lambda: self._size(upload))
            except ObjectMissing:
                gone = endings.ignored("stale: the object was deleted since")
                return about(gone, upload)
        region_id = upload.region_id or self._settings.region_id
        whole = replace(upload, region_id=region_id, object_size_bytes=size)
        return self._deliver(whole)

    def _size(self, upload: ObjectCreated) -> int:
        key = upload.object_key
        first = self._oss.read_range(upload.bucket, key, first=0, last=0)
        return first.object_size_bytes

    def _import_here(self, upload: ObjectCreated) -> Result:
        invocation = make_invocation(
            self._settings, None, environ=os.environ, runtime=self._runtime
        )
        return import_record(upload, invocation)


def _content(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as exc:
        raise click.UsageError(
            f"{source} cannot be read ({exc.strerror}); give a file, - for standard "
            "input, or oss://BUCKET/KEY"
        ) from exc


def _course(
    given: Given,
    shown: Counting,
    redrive_one: Callable[[ObjectCreated], Result],
    workers: int,
    rate: float,
) -> str:
    """Redrive all of it and return why it ended early, "" if it is through."""
    stopping = threading.Event()

    def tell(result: Result) -> None:
        shown.key()
        shown.result(result)

    try:
        with ThreadPoolExecutor(workers) as pool, interruptible(stopping):
            Sweep(
                is_known=lambda _: False,
                import_one=redrive_one,
                on_result=tell,
                pool=pool,
                workers=workers,
                pace=Pace(rate),
                stopping=stopping,
            ).run(given.uploads.values())
    except KeyboardInterrupt:
        return "interrupted; the same command goes on, what is done is left alone"
    except TooManyFailuresError as exc:
        return f"stopped, as one image failed after the other: {exc.last.reason}"
    return ""


def _conclude(
    console: Console, given: Given, shown: Counting, ended: str, *, as_json: bool
) -> None:
    """Print what was not understood, and the sums."""
    aside = Console(stderr=True)
    for unread in given.unread:
        where = f"{unread.source}:{unread.line}"
        line = printable(f"{where}: {unread.reason}")
        aside.print(line, soft_wrap=True, highlight=False, markup=False)
    sums = {"repeated": given.repeated, "left": given.left}
    if as_json:
        unread_lines = [asdict(unread) for unread in given.unread]
        counted = {**shown.counts, **sums, "unread": unread_lines}
        print_json(console, {"redrive": {**counted, "ended": ended or "through"}})
        return
    told = f"{shown.text}; {given.repeated:,} repeated, {given.left:,} left alone"
    if given.unread:
        told += f", {len(given.unread):,} not understood"
    console.print(told, soft_wrap=True, highlight=False)
    if ended:
        aside.print(ended, soft_wrap=True, highlight=False, markup=False)
