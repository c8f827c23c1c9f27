"""`image-import cancel`: stop an import that is under way."""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import click
from image_import.config.settings import Settings
from image_import.errors import ImageImportError
from image_import.importing.runtime import Runtime
from image_import.ledger.entries import LedgerEntry, State, settle, to_text
from image_import.ledger.layout import OPEN, LedgerKeys, read_open_key
from image_import.ledger.store import LedgerStore, Overtaken, Snapshot
from image_import.tracking.batch_lookup import LookupApi
from image_import.tracking.schedule import make_tracker
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from image_import_cli.commands.stop_distribution import (
    BY_HAND,
    StopsDistribution,
    open_distributions,
)
from image_import_cli.options.completion import complete_place
from image_import_cli.options.credentials import service_options, signed_environment
from image_import_cli.options.oss_url import read_object
from image_import_cli.options.settings import (
    checked_settings,
    environment,
    set_option,
)
from image_import_cli.ui.errors import failures_explained
from image_import_cli.ui.text import printable

POLL_SECONDS = 2.0
MOST_ROUNDS = 6
ENDED = {"Finished", "Failed", "Deleted"}


class NothingToCancelError(ImageImportError):
    """There is no import under way; the message says what there is instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """An import task, with the ledger that knows it, if one does.

    Attributes:
        task_id: "" where what is under way is a distribution.
    """

    task_id: str
    snapshot: Snapshot | None = None
    last: LedgerEntry | None = None

    @property
    def is_distribution(self) -> bool:
        """Whether the image is there, and what is under way is its distribution."""
        return not self.task_id

    @property
    def name(self) -> str:
        """What is imported, for a person."""
        if not self.snapshot:
            return self.task_id
        return f"oss://{self.snapshot.keys.bucket}/{self.snapshot.keys.object_key}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelling:
    """Cancels tasks of one region.

    Attributes:
        store: The ledgers; None where nothing names their bucket.
        now: By OSS's clock.
    """

    store: LedgerStore | None
    prefix: str
    ecs: LookupApi
    stops: StopsDistribution
    claim: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]

    def of_object(self, bucket: str, object_key: str) -> Task:
        """Return the task of an object's import.

        Raises:
            NothingToCancelError: None is under way, or several are.
        """
        place = LedgerKeys(prefix=self.prefix, bucket=bucket, object_key=object_key)
        books = list(self._books_at(place))
        found = [task for snapshot in books for task in _tasks(snapshot)]
        if not found:
            found = [Task(task_id="", snapshot=s) for s in open_distributions(books)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(task.task_id for task in found)
            raise NothingToCancelError(
                f"several uploads of {object_key} are being imported; name the task: "
                f"{ids}"
            )
        raise NothingToCancelError(_instead(f"oss://{bucket}/{object_key}", books))

    def of_task(self, task_id: str) -> Task:
        """Return a task, with its ledger if that has a note of it."""
        for snapshot in self._open_books():
            for task in _tasks(snapshot):
                if task.task_id == task_id:
                    return task
        return Task(task_id=task_id)

    def cancel(self, task: Task, *, wait_seconds: float) -> tuple[str, str]:
        """Return how a task ended, as its state and a sentence.

        Raises:
            ServiceError: ECS refused, or did not answer.
        """
        if task.is_distribution and task.snapshot:
            return self.stops.stop(task.snapshot)
        status = self._status(task)
        if status in ENDED - {"Deleted"}:
            return "too_late", f"the task has ended as {status}; nothing was cancelled"
        if status != "Deleted":
            self.ecs.cancel_task(task.task_id)
            status = self._wait(task, self.monotonic() + wait_seconds)
        if status == "Deleted":
            return "cancelled", self._record(task)
        if status in ENDED:
            return "too_late", f"the task ended as {status} before it was cancelled"
        told = f"ECS took the request; the task is still {status}"
        return "cancelling", f"{told}, and the timer's next run writes its end down"

    def _status(self, task: Task) -> str:
        return self.ecs.describe_task(task.task_id).status

    def _wait(self, task: Task, until: float) -> str:
        status = self._status(task)
        while status not in ENDED and self.monotonic() < until:
            self.sleep(POLL_SECONDS)
            status = self._status(task)
        return status

    def _record(self, task: Task) -> str:
        """Write the end into the ledger, and delete the notes that it is open."""
        store, snapshot, last = self.store, task.snapshot, task.last
        if not store:
            return "the timer's next run writes it into the ledger"
        if not snapshot or not last:
            return "no import that is open in the ledger has this task"
        for _ in range(MOST_ROUNDS):
            ended = settle(snapshot.entries).ended.get(last.version)
            try:
                if ended is None:
                    store.write(snapshot, self._line(last))
            except Overtaken as exc:
                snapshot = exc.snapshot
                continue
            for entry in snapshot.entries:
                if entry.state is State.INTENT and entry.version == last.version:
                    store.delete_note(
                        snapshot.keys.open_key(snapshot.etag, entry.claim)
                    )
            return "its ledger says so; the uploaded object is still there"
        return "its ledger keeps changing; the timer's next run writes it down"

    def _line(self, last: LedgerEntry) -> LedgerEntry:
        line = replace(last, state=State.CANCELLED, at=self.now(), claim=self.claim)
        return replace(line, reason=BY_HAND, progress="", fc_request_id="")

    def _books_at(self, place: LedgerKeys) -> Iterator[Snapshot]:
        if self.store:
            keys = [item.object_key for item in self.store.list_all(place.folder)]
            yield from self._read(k for k in keys if "~" not in k)

    def _open_books(self) -> Iterator[Snapshot]:
        if self.store:
            listed = self.store.list_all(f"{self.prefix}{OPEN}")
            notes = [read_open_key(i.object_key, prefix=self.prefix) for i in listed]
            yield from self._read({note.ledger_key for note in notes if note})

    def _read(self, keys: Iterable[str]) -> Iterator[Snapshot]:
        for key in keys:
            if self.store and key.endswith(".jsonl"):
                snapshot = self.store.read_by_key(key, prefix=self.prefix)
                if snapshot:
                    yield snapshot


def _instead(place: str, books: Sequence[Snapshot]) -> str:
    """Return why there is nothing to cancel: what the latest ledger says."""
    lines = [snapshot.entries[-1] for snapshot in books if snapshot.entries]
    if not lines:
        return f"the ledger knows of no import of {place} that has begun"
    last = max(lines, key=lambda line: line.at)
    said = "claimed, not sent yet" if last.state is State.INTENT else last.state.value
    image = f", image {last.image_id}" if last.image_id else ""
    return (
        f"no import of {place} is under way that has a task; its ledger says: {said} "
        f"at {to_text(last.at)}{image}"
    )


def _tasks(snapshot: Snapshot) -> Iterator[Task]:
    """Yield the tasks of a ledger's imports that have not ended."""
    for entry in settle(snapshot.entries).accepted.values():
        if entry.task_id and entry.state is not State.AVAILABLE:
            yield Task(task_id=entry.task_id, snapshot=snapshot, last=entry)


TASK = re.compile(r"t-[0-9A-Za-z]+")
EXPECTED = "oss://BUCKET/KEY or a task ID"


@click.command(epilog="Example: image-import cancel oss://images/web.qcow2")
@click.argument(
    "what", metavar="oss://BUCKET/KEY|TASK_ID", shell_complete=complete_place
)
@click.option("--yes", "-y", "is_sure", is_flag=True, help="Do not ask.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds to wait for the task's end.",
)
@click.option(
    "--bucket",
    default="",
    help="With TASK_ID: where the ledger is. Default: LEDGER_BUCKET.",
)
@set_option
@service_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object; needs --yes.")
@click.pass_context
def cancel(
    ctx: click.Context,
    what: str,
    bucket: str,
    wait_seconds: float,
    assignments: tuple[str, ...],
    *,
    is_sure: bool,
    as_json: bool,
) -> None:
    """Cancel the import of an object, or an import task.

    The task of an object is looked up in its ledger, and its end is written there, so
    that no later event and no run of the timer takes it for a failure. Of an image that
    is there its distribution is cancelled, with the copies under way. The uploaded
    object stays. Only on the public cloud: Apsara Stack has no CancelTask.
    """
    settings = checked_settings(environment(assignments))
    _check(settings, is_sure=is_sure, as_json=as_json)
    object_key = ""
    if not TASK.fullmatch(what):
        bucket, object_key = read_object(what, expected=EXPECTED)
    with failures_explained():
        cancelling = _cancelling(settings, bucket)
        if object_key:
            task = cancelling.of_object(bucket, object_key)
        else:
            task = cancelling.of_task(what)
        if not is_sure and not _is_confirmed(task):
            raise click.ClickException("nothing was cancelled")
        outcome, reason = cancelling.cancel(task, wait_seconds=wait_seconds)
    _show(task, outcome, reason, as_json=as_json)
    ctx.exit(int(outcome != "cancelled"))


def _is_confirmed(task: Task) -> bool:
    """Ask; Ctrl-C and the end of the input are a no."""
    what = "distribution" if task.is_distribution else "import"
    click.echo(f"The {what} of {printable(task.name)}", err=True)
    if task.task_id:
        click.echo(f"  task  {task.task_id}", err=True)
    try:
        return click.confirm("Cancel it?", err=True)
    except click.Abort:
        click.echo(err=True)
        return False


def _check(settings: Settings, *, is_sure: bool, as_json: bool) -> None:
    if settings.target.is_apsara_stack:
        raise click.UsageError(
            f"IMPORT_TARGET is {settings.target.name}, whose ECS has no CancelTask: "
            "wait for the import's end and delete the image in the console"
        )
    if as_json and not is_sure:
        raise click.UsageError("--json asks nothing, so it needs --yes")
    if not settings.region_id:
        raise click.UsageError("set REGION_ID, as in --set REGION_ID=cn-hangzhou")


def _cancelling(settings: Settings, bucket: str) -> Cancelling:
    """Return what cancels; the tracker's own clock and store go with the ledger."""
    ledger_bucket = settings.ledger_bucket or bucket
    tracker = make_tracker(
        settings,
        None,
        environ=signed_environment(),
        runtime=Runtime(),
        bucket=ledger_bucket,
    )
    return Cancelling(
        store=tracker.store if ledger_bucket else None,
        prefix=settings.ledger_prefix,
        ecs=tracker.lookups(settings.region_id or ""),
        stops=StopsDistribution(
            store=tracker.store,
            ecs=tracker.lookups,
            claim=tracker.claim,
            now=tracker.clock.earliest,
        ),
        claim=tracker.claim,
        now=tracker.clock.earliest,
        sleep=time.sleep,
        monotonic=time.monotonic,
    )


def _show(task: Task, outcome: str, reason: str, *, as_json: bool) -> None:
    if as_json:
        id_ = {"task_id": task.task_id} if task.task_id else {}
        told = {**id_, "outcome": outcome, "reason": reason}
        if task.snapshot:
            place = task.snapshot.keys
            told |= {"bucket": place.bucket, "object_key": place.object_key}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    console = Console()
    colour = "green" if outcome == "cancelled" else "yellow"
    head = (f" {outcome} ", f"bold reverse {colour}")
    console.print(Text.assemble(head, f"  {printable(task.name)}"))
    console.print(Padding(Text(printable(reason)), (0, 0, 0, 2)))
