"""One conversion, from looking at the source to the target's name.

Where the two are, and how bytes get from one to the other, is a `Route`'s matter.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from disk_images.blocks.joined import Joined
from disk_images.blocks.mapped import MappedDisk
from disk_images.blocks.open import open_disk
from disk_images.blocks.source import CannotTellError, Source
from disk_images.convert.ahead import ReadAhead
from disk_images.convert.choose import (
    ConversionChoice,
    ConversionOrder,
    TwoPasses,
    choose,
)
from disk_images.convert.execute import (
    PartTarget,
    StoredPart,
    compare_samples,
    run,
    run_stream,
)
from disk_images.convert.parts import ConversionPlan, PartLimits, RefusedError
from disk_images.convert.stream_lane import StreamedPlan, as_it_is
from image_import.errors import ServiceRejected

from image_import_cli.ui.pools import side_by_side

PLAN_VERSION = 2
"""Raise it where the same source becomes other parts than before."""

Item = TypeVar("Item")
Made = TypeVar("Made")
OnProgress = Callable[[int, int | None], None]
"""Is told how many bytes are done, and of how many."""


@dataclass
class ConversionReport:
    """What a conversion was, and what it took.

    Attributes:
        read_bytes: Of the source, those that others copied left out.
        requests: Reads, writes and copies.
        notes: What a person should know of it.
    """

    lane: str = ""
    reason: str = ""
    target_format: str = ""
    read_bytes: int = 0
    written_bytes: int = 0
    copied_bytes: int = 0
    resumed_bytes: int = 0
    requests: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def target_bytes(self) -> int:
        """The size of the target."""
        return self.written_bytes + self.copied_bytes + self.resumed_bytes

    def count_read(self, count: int) -> None:
        """Note a read of the source."""
        with self._lock:
            self.requests += 1
            self.read_bytes += count

    def count_part(self, part: StoredPart) -> None:
        """Note a part of the target."""
        with self._lock:
            if part.was_there:
                self.resumed_bytes += part.size_bytes
            elif part.is_copied:
                self.copied_bytes += part.size_bytes
            else:
                self.written_bytes += part.size_bytes
            self.requests += not part.was_there

    def as_dict(self) -> dict[str, Any]:
        """Return it as a program reads it."""
        return {
            "lane": self.lane,
            "reason": self.reason,
            "format": self.target_format,
            "bytes_in": self.read_bytes,
            "bytes_out": self.written_bytes,
            "bytes_copied": self.copied_bytes,
            "bytes_resumed": self.resumed_bytes,
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }


class ConversionTarget(PartTarget, Protocol):
    """What is made, part by part; nobody takes it for whole before it is."""

    def begin(self) -> None:
        """Begin, or go on where an earlier try of the same plan was stopped."""

    def seal(self, size_bytes: int | None) -> Source:
        """Return what was made, to be looked at.

        Args:
            size_bytes: What it must have.
        """

    def finish(self) -> None:
        """Give it its name, if that is still to be done."""

    def discard(self) -> None:
        """Leave nothing behind."""

    def close(self) -> None:
        """Let go of it; what is not finished can be gone on with."""


class Route(Protocol):
    """A source and a target.

    Attributes:
        limits: Of the target's parts.
        report: Where reads of the source are counted.
        marks: What says that the source is what it was, as far as it was opened.
    """

    limits: PartLimits
    report: ConversionReport
    marks: list[str]

    def open(self) -> Source:
        """Return the source."""

    def beside(self, name: str) -> Source:
        """Return the file of a plain name beside the source."""

    def target(self, plan_id: str) -> ConversionTarget:
        """Return the target; ranges are copied to it from what was opened last."""

    def scratch(self, plan_id: str) -> ConversionTarget:
        """Return where something is unpacked; nobody sees it, and it is discarded."""

    def unpacked(self, scratch: ConversionTarget, size_bytes: int) -> Source:
        """Return what was unpacked there, which is the source from now on."""

    def close(self) -> None:
        """Let go of everything."""


@dataclass
class Conversion:
    """One conversion.

    Attributes:
        threads: Parts that are made side by side.
        look: Chooses the lane.
    """

    route: Route
    order: ConversionOrder
    on_progress: OnProgress
    threads: int = 2
    look: Callable[[Source, ConversionOrder], ConversionChoice] = choose

    def convert(self) -> ConversionReport:
        """Make the target, and return what it took.

        Raises:
            RefusedError: No lane takes the source.
            CannotTellError: It is damaged.
            OSError: A file cannot be read or written.
            ServiceError: OSS refused something, or did not answer.
        """
        began = time.monotonic()
        try:
            self._convert()
        finally:
            self.route.close()
        self.report.seconds = time.monotonic() - began
        return self.report

    @property
    def report(self) -> ConversionReport:
        """What it was, and what it took so far."""
        return self.route.report

    def _convert(self) -> None:
        route = self.route
        source = route.open()
        order = replace(
            self.order,
            limits=route.limits,
            open_beside=route.beside,
            ahead=self._each,
        )
        choice = self.look(source, order)
        if not isinstance(choice, TwoPasses):
            self._make(choice, source, order)
            return
        self.report.reason = f"{choice.reason}; "
        self.report.notes = choice.notes
        scratch = route.scratch(self._plan_id("unpacked", -1))
        with _kept_or_discarded(scratch):
            source = self._unpack(choice, scratch)
            inner = self.look(source, order)
            if isinstance(inner, TwoPasses):
                raise RefusedError("what was unpacked is packed again")
            self._make(inner, source, order)
            scratch.discard()

    def _unpack(self, choice: TwoPasses, scratch: ConversionTarget) -> Source:
        """Unpack what cannot be followed while it is packed."""
        plan = as_it_is(
            choice.pieces,
            reason=choice.reason,
            target_format="",
            largest_bytes=self.order.largest_bytes,
        )
        scratch.begin()
        size = self._run_stream(plan, scratch)
        return self.route.unpacked(scratch, size)

    def _make(
        self,
        choice: ConversionPlan | StreamedPlan,
        source: Source,
        order: ConversionOrder,
    ) -> None:
        self.report.lane = choice.lane
        self.report.reason += choice.reason
        self.report.target_format = choice.target_format
        self.report.notes += choice.notes
        size = choice.size_bytes if isinstance(choice, ConversionPlan) else -1
        target = self.route.target(self._plan_id(choice.lane, size))
        with _kept_or_discarded(target):
            target.begin()
            if isinstance(choice, StreamedPlan):
                size = self._run_stream(choice, target)
            else:
                note = partial(self._note, total=size)
                run(choice, target, on_part=note, each=self._each)
            made = target.seal(size)
            self._compare(choice, source, made, order)
            target.finish()

    def _plan_id(self, lane: str, size: int) -> str:
        """Return what is the same only where all parts are."""
        limits = self.route.limits.usual_bytes
        said = [PLAN_VERSION, lane, size, limits, self.order.member, *self.route.marks]
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def _run_stream(self, plan: StreamedPlan, target: ConversionTarget) -> int:
        """Store what one pass makes, and return how many bytes."""
        sizes: list[int] = []

        def note(done: StoredPart) -> None:
            sizes.append(done.size_bytes)
            self._note(done)

        limits = self.route.limits
        run_stream(plan, target, limits, on_part=note, each=self._each)
        return sum(sizes)

    def _each(
        self, work: Callable[[Item], Made], items: Iterable[Item], /
    ) -> Iterator[Made]:
        """Work side by side, with no more parts in memory than threads."""
        if self.threads < 2:
            yield from map(work, items)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            yield from side_by_side(work, items, pool=pool, most=self.threads)

    def _note(self, done: StoredPart, total: int | None = None) -> None:
        report = self.report
        report.count_part(done)
        self.on_progress(report.target_bytes if total else report.read_bytes, total)

    def _compare(
        self,
        choice: ConversionPlan | StreamedPlan,
        source: Source,
        made: Source,
        order: ConversionOrder,
    ) -> None:
        """Open the target as a reader of its own would, and compare places of it."""
        target = open_disk(ReadAhead(made))
        if choice.lane not in {"map", "wrap"} or order.member:
            return
        try:
            disk = open_disk(ReadAhead(source), open_beside=order.open_beside)
        except CannotTellError:
            return  # It lies in an archive.
        if isinstance(disk, (MappedDisk, Joined)):
            compare_samples(disk, target)


@contextmanager
def _kept_or_discarded(target: ConversionTarget) -> Iterator[None]:
    """Close a target in the end; discard first what no further try can go on with."""
    try:
        yield
    except (CannotTellError, ServiceRejected):
        target.discard()
        raise
    finally:
        target.close()
