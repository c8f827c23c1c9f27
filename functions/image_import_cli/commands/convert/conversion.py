"""One conversion from a local file to another, from looking to the file's name."""

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from disk_images.blocks.joined import Joined
from disk_images.blocks.mapped import MappedDisk
from disk_images.blocks.open import open_disk
from disk_images.blocks.source import CannotTellError, Fetched, Source
from disk_images.convert.ahead import ReadAhead
from disk_images.convert.choose import ConversionOrder, TwoPasses, choose
from disk_images.convert.execute import StoredPart, compare_samples, run, run_stream
from disk_images.convert.parts import ConversionPlan, RefusedError
from disk_images.convert.stream_lane import StreamedPlan, as_it_is

from image_import_cli.commands.convert.local_file import FileTarget

PLAN_VERSION = 1
"""Raise it where the same source becomes other parts than before."""


@dataclass
class ConversionReport:
    """What a conversion was, and what it took.

    Attributes:
        read_bytes: Of the source, those that the kernel copied left out.
        requests: Reads, writes and copies.
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
        }


OnProgress = Callable[[int, int | None], None]
"""Is told how many bytes are done, and of how many."""


@dataclass
class Conversion:
    """A source and a target, both local files.

    Attributes:
        threads: Parts that are made side by side.
    """

    source: Path
    target: Path
    order: ConversionOrder
    on_progress: OnProgress
    threads: int = 2
    report: ConversionReport = field(default_factory=ConversionReport)
    _marks: list[str] = field(default_factory=list)

    def convert(self) -> ConversionReport:
        """Write the target, and return what it took.

        Raises:
            RefusedError: No lane takes the source.
            CannotTellError: It is damaged.
            OSError: A file cannot be read or written.
        """
        began = time.monotonic()
        with ExitStack() as stack:
            file, source = self._opened(self.source, stack)
            order = replace(self.order, open_beside=partial(self._beside, stack))
            choice = choose(source, order)
            if isinstance(choice, TwoPasses):
                self.report.reason = f"{choice.reason}; "
                file, source = self._unpack(choice, file, stack)
                choice = choose(source, order)
            if isinstance(choice, TwoPasses):
                raise RefusedError("what was unpacked is packed again")
            self.report.lane = choice.lane
            self.report.reason += choice.reason
            self.report.target_format = str(choice.target_format)
            self._carry_out(choice, file, source, order)
        self.report.seconds = time.monotonic() - began
        return self.report

    def _opened(self, path: Path, stack: ExitStack) -> tuple[BinaryIO, Source]:
        file = stack.enter_context(path.open("rb"))
        stat = os.fstat(file.fileno())
        self._marks.append(f"{stat.st_size} {stat.st_mtime_ns}")

        def fetch(offset: int, count: int) -> bytes:
            data = os.pread(file.fileno(), count, offset)
            self.report.requests += 1
            self.report.read_bytes += len(data)
            return data

        return file, Fetched(fetch=fetch, size_bytes=stat.st_size)

    def _beside(self, stack: ExitStack, name: str) -> Source:
        try:
            return self._opened(self.source.with_name(name), stack)[1]
        except OSError as exc:
            raise CannotTellError(
                f"{name!r}, which {self.source.name} names, cannot be read:"
                f" {exc.strerror}; put it beside it"
            ) from exc

    def _plan_id(self, choice: ConversionPlan | StreamedPlan) -> str:
        """Return what is the same only where all parts are."""
        size = choice.size_bytes if isinstance(choice, ConversionPlan) else -1
        said = [PLAN_VERSION, choice.lane, size, self.order.member, *self._marks]
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def _unpack(
        self, choice: TwoPasses, file: BinaryIO, stack: ExitStack
    ) -> tuple[BinaryIO, Source]:
        """Unpack what cannot be followed while it is packed, beside the target."""
        path = self.target.with_name(f"{self.target.name}.unpacked")
        stack.callback(partial(path.unlink, missing_ok=True))
        plan = as_it_is(
            choice.pieces,
            reason=choice.reason,
            target_format="",
            largest_bytes=self.order.largest_bytes,
        )
        target = FileTarget(path, file, plan_id=self._plan_id(plan))
        try:
            run_stream(plan, target, self.order.limits, on_part=self._note)
            target.finish()
        except BaseException:
            target.discard()
            raise
        finally:
            target.close()
        return self._opened(path, stack)

    def _carry_out(
        self,
        choice: ConversionPlan | StreamedPlan,
        file: BinaryIO,
        source: Source,
        order: ConversionOrder,
    ) -> None:
        target = FileTarget(self.target, file, plan_id=self._plan_id(choice))
        try:
            if isinstance(choice, StreamedPlan):
                run_stream(choice, target, order.limits, on_part=self._note)
            else:
                self._run_parts(choice, target)
            self._check(choice, source, target.aside, order)
            target.finish()
        except CannotTellError:
            target.discard()
            raise
        finally:
            target.close()

    def _run_parts(self, plan: ConversionPlan, target: FileTarget) -> None:
        total = plan.size_bytes
        note = partial(self._note, total=total)
        if self.threads < 2:
            run(plan, target, on_part=note)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            try:
                run(plan, target, on_part=note, each=pool.map)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _note(self, done: StoredPart, total: int | None = None) -> None:
        report = self.report
        if done.was_there:
            report.resumed_bytes += done.size_bytes
        elif done.is_copied:
            report.copied_bytes += done.size_bytes
        else:
            report.written_bytes += done.size_bytes
        report.requests += not done.was_there
        finished = report.resumed_bytes + report.copied_bytes + report.written_bytes
        self.on_progress(finished if total else report.read_bytes, total)

    def _check(
        self,
        choice: ConversionPlan | StreamedPlan,
        source: Source,
        aside: Path,
        order: ConversionOrder,
    ) -> None:
        """Open the target as a reader of its own would, and compare places of it."""
        with ExitStack() as stack:
            made = open_disk(ReadAhead(self._opened(aside, stack)[1]))
            if choice.lane in {"map", "wrap"} and not self.order.member:
                try:
                    disk = open_disk(ReadAhead(source), open_beside=order.open_beside)
                except CannotTellError:
                    return  # It lies in an archive.
                if isinstance(disk, (MappedDisk, Joined)):
                    compare_samples(disk, made)
