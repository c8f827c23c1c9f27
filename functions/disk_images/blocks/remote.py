"""Bytes from far away, got in blocks, kept, and never more than allowed."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass, field

from disk_images.blocks.source import BudgetSpentError, CannotTellError

BLOCK_BYTES = 128 * 1024
LARGEST_REQUEST_BLOCKS = 32
GAP_BLOCKS = 3
"""Between two wanted blocks, what is cheaper to get along than to ask twice for."""

Fetch = Callable[[int, int], bytes]
"""Returns the bytes of an offset and a count, in one request.

Raises:
    CannotTellError: They cannot be had, now or ever.
"""

Repeat = Callable[[Callable[[], bytes], Callable[[], float]], bytes]
"""Makes an exchange again where that may help, within the seconds that are left.

It raises `CannotTellError` where it does not; so an error of whoever fetches is put
into words here.
"""


def once(exchange: Callable[[], bytes], seconds_left: Callable[[], float]) -> bytes:
    """Return what an exchange comes to, without a second one."""
    del seconds_left
    return exchange()


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What an inspection cost."""

    requests: int = 0
    bytes_read: int = 0
    round_trips: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What one inspection may cost.

    Attributes:
        seconds: From now on.
    """

    seconds: float
    most_bytes: int
    most_requests: int = 400


@dataclass(slots=True)
class Bounded:
    """A `Source` over `fetch`; what was read once is not asked for again.

    `want` starts requests side by side and does not wait; `read` waits for what it
    needs. All that is started before one of it is waited for is one round trip.

    Attributes:
        repeat: How a request is made that may fail for a while.
        pool: Runs the requests; None runs each where it is asked for.
    """

    fetch: Fetch
    size_bytes: int
    budget: Budget
    repeat: Repeat = once
    pool: Executor | None = None
    block_bytes: int = BLOCK_BYTES
    on_progress: Callable[[int, int], None] = lambda _, __: None
    monotonic: Callable[[], float] = time.monotonic
    _blocks: dict[int, Future[bytes]] = field(default_factory=dict)
    _waves: dict[int, int] = field(default_factory=dict)
    _requests: int = 0
    _repeats: list[int] = field(default_factory=list)
    _bytes: int = 0
    _trips: int = 0
    _is_wave_open: bool = False
    _started: float = -1.0

    def spent(self) -> Spent:
        """Return what it has cost so far."""
        return Spent(
            requests=self._sent, bytes_read=self._bytes, round_trips=self._trips
        )

    @property
    def _sent(self) -> int:
        return self._requests + len(self._repeats)

    def know(self, head: bytes, *, requests: int, bytes_read: int) -> None:
        """Take over first bytes that are here already, and what they cost.

        Args:
            head: From the first byte on; what is no whole block of it is got anew.
            requests: How many were made, side by side.
            bytes_read: By all of them.
        """
        is_all = len(head) == self.size_bytes
        blocks = (
            -(-len(head) // self.block_bytes)
            if is_all
            else len(head) // self.block_bytes
        )
        for block in range(blocks):
            begin = block * self.block_bytes
            known: Future[bytes] = Future()
            known.set_result(head[begin : begin + self.block_bytes])
            self._blocks[block] = known
        self._requests += requests
        self._bytes += bytes_read
        self._trips += 1

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Start to get ranges side by side, as far as the budget allows."""
        missing = sorted(
            {
                block
                for offset, count in ranges
                for block in self._blocks_of(offset, count)
                if block not in self._blocks
            }
        )
        for first, count in _runs(missing):
            if self._why_not(count):
                return
            self._start(first, count)

    def lacks(self, ranges: Iterable[tuple[int, int]]) -> bool:
        """Whether something of these ranges has not been asked for yet."""
        return any(
            block not in self._blocks
            for offset, count in ranges
            for block in self._blocks_of(offset, count)
        )

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the source ends."""
        end = min(offset + count, self.size_bytes)
        if offset < 0 or offset >= end:
            return b""
        self.want([(offset, end - offset)])
        parts = [self._block(block) for block in self._blocks_of(offset, end - offset)]
        begin = offset % self.block_bytes
        return b"".join(parts)[begin : begin + end - offset]

    def _blocks_of(self, offset: int, count: int) -> range:
        end = min(offset + count, self.size_bytes)
        if offset < 0 or offset >= end:
            return range(0)
        return range(offset // self.block_bytes, -(-end // self.block_bytes))

    def _block(self, block: int) -> bytes:
        future = self._blocks.get(block)
        if future is None:
            raise BudgetSpentError(self._why_not(1) or "the budget is used up")
        try:
            data = future.result(timeout=max(self._seconds_left(), 0.001))
        except WaitedTooLong as exc:
            raise BudgetSpentError(self._why_not(1) or "it took too long") from exc
        if self._waves.get(block) == self._trips:
            self._is_wave_open = False
        return data

    def _why_not(self, blocks: int) -> str:
        """Return why so many blocks may not be got any more, "" if they may."""
        budget = self.budget
        if self._seconds_left() <= 0:
            return f"the {budget.seconds:.0f} seconds allowed for it are over"
        if self._bytes + blocks * self.block_bytes > budget.most_bytes:
            return f"the {budget.most_bytes:,} bytes allowed for it are read"
        if self._sent >= budget.most_requests:
            return f"the {budget.most_requests} requests allowed for it are made"
        return ""

    def _seconds_left(self) -> float:
        now = self.monotonic()
        if self._started < 0:
            self._started = now
        return self.budget.seconds - (now - self._started)

    def _start(self, first: int, count: int) -> None:
        offset = first * self.block_bytes
        length = min(count * self.block_bytes, self.size_bytes - offset)
        self._requests += 1
        self._bytes += length
        self._trips += not self._is_wave_open
        self._is_wave_open = True
        whole = self._submit(offset, length)
        for number in range(count):
            begin = number * self.block_bytes
            self._blocks[first + number] = _part(whole, begin, self.block_bytes)
            self._waves[first + number] = self._trips
        self.on_progress(self._sent, self._bytes)

    def _submit(self, offset: int, length: int) -> "Future[bytes]":
        if self.pool is not None:
            return self.pool.submit(self._fetched, offset, length)
        done: Future[bytes] = Future()
        try:
            done.set_result(self._fetched(offset, length))
        except CannotTellError as exc:
            done.set_exception(exc)
        return done

    def _fetched(self, offset: int, count: int) -> bytes:
        tries = 0

        def exchange() -> bytes:
            nonlocal tries
            tries += 1
            if tries > 1:
                self._repeats.append(offset)
            return self.fetch(offset, count)

        return self.repeat(exchange, self._seconds_left)


def _runs(blocks: list[int]) -> list[tuple[int, int]]:
    """Return neighbouring blocks as (first, count), small gaps filled."""
    runs: list[tuple[int, int]] = []
    for block in blocks:
        first, count = runs[-1] if runs else (block, 0)
        is_near = block <= first + count + GAP_BLOCKS
        if runs and is_near and block - first < LARGEST_REQUEST_BLOCKS:
            runs[-1] = first, block - first + 1
        else:
            runs.append((block, 1))
    return runs


def _part(whole: "Future[bytes]", begin: int, count: int) -> "Future[bytes]":
    """Return a slice of what is on its way."""
    part: Future[bytes] = Future()

    def cut(done: "Future[bytes]") -> None:
        exc = done.exception()
        if exc:
            part.set_exception(exc)
        else:
            part.set_result(done.result()[begin : begin + count])

    whole.add_done_callback(cut)
    return part
