"""The stream lane: one pass over a plain disk, zeros left out, the header last.

How large the disk is, and where it has data, is known only at the end. So the first
part of the target, which has the header, is made last::

    header, part 1 | data clusters, parts 2 ... | L2 tables, L1, refcounts
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from disk_images.convert.parts import PartLimits, RefusedError
from disk_images.convert.qcow2_layout import (
    CLUSTER,
    COPIED,
    L2_ENTRIES,
    L2_SPAN,
    REFCOUNTS,
    all_used_once,
    clusters_for,
    header,
)
from disk_images.formats.vhd import COOKIE, FOOTER_BYTES

FRONT_BYTES = 2 * CLUSTER
"""Of the first part: the header, and enough for stores that take none under 100 KiB."""

HOLE = bytes(4 * 1024**2)
"""What a source may yield where it has nothing: known for zeros without a look."""

_ZEROS = bytes(CLUSTER)

NumberedPart = tuple[int, int, bytes]
"""A part's number, its place in the target, and its bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamedPlan:
    """A target that comes into being in one pass over the source.

    Attributes:
        lane: `stream`.
        reason: Why this lane.
        target_format: As clouds call it.
        parts: Begins the pass; yields the parts, the first one last if it is the
            header.
        notes: What a person should know of it.
    """

    lane: str
    reason: str
    target_format: str
    parts: Callable[[PartLimits], Iterator[NumberedPart]]
    notes: tuple[str, ...] = ()


def as_qcow2(
    pieces: Callable[[], Iterator[bytes]], *, reason: str, largest_bytes: int
) -> StreamedPlan:
    """Return the qcow2 that a plain disk becomes."""

    def parts(limits: PartLimits) -> Iterator[NumberedPart]:
        growing = StreamedQcow2(largest_bytes=largest_bytes)
        return growing.parts(pieces(), limits)

    return StreamedPlan(
        lane="stream", reason=reason, target_format="QCOW2", parts=parts
    )


def as_it_is(
    pieces: Callable[[], Iterator[bytes]],
    *,
    reason: str,
    target_format: str,
    largest_bytes: int,
) -> StreamedPlan:
    """Return the target that a stream's bytes are already."""

    def parts(limits: PartLimits) -> Iterator[NumberedPart]:
        number, offset, buffer = 1, 0, bytearray()
        for piece in pieces():
            if offset + len(buffer) + len(piece) > largest_bytes:
                raise RefusedError(f"it holds more than {largest_bytes:,} bytes")
            buffer += piece
            while len(buffer) >= limits.usual_bytes:
                yield number, offset, bytes(buffer[: limits.usual_bytes])
                del buffer[: limits.usual_bytes]
                number, offset = number + 1, offset + limits.usual_bytes
        if buffer:
            yield number, offset, bytes(buffer)

    return StreamedPlan(
        lane="stream", reason=reason, target_format=target_format, parts=parts
    )


def without_footer(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a plain disk; if it is a fixed VHD, without the footer that it ends with.

    Only the last bytes of a stream tell the two apart.
    """
    held = b""
    for piece in pieces:
        data = held + piece if held else piece
        yield data[:-FOOTER_BYTES]
        held = data[-FOOTER_BYTES:]
    if not held.startswith(COOKIE) or len(held) < FOOTER_BYTES:
        yield held


class StreamedQcow2:
    """A qcow2 that grows as the disk's bytes come.

    Attributes:
        disk_bytes: How much has come so far.
    """

    def __init__(self, *, largest_bytes: int) -> None:
        self.disk_bytes = 0
        self._largest = largest_bytes
        self._tables: list[array[int] | None] = []
        self._data_clusters = 0

    def parts(
        self, chunks: Iterable[bytes], limits: PartLimits
    ) -> Iterator[NumberedPart]:
        """Yield the parts of the target, the first one last.

        Raises:
            RefusedError: The disk is larger than it may be.
        """
        number, offset = 2, FRONT_BYTES
        part_bytes = limits.part_bytes(0, multiple_of=CLUSTER)
        buffer = bytearray()
        for cluster in self._clusters(chunks):
            buffer += cluster
            if len(buffer) >= part_bytes:
                yield number, offset, bytes(buffer)
                number, offset = number + 1, offset + len(buffer)
                buffer.clear()
                # Later parts are larger, so that they do not become too many.
                if number % 1000 == 0:
                    part_bytes *= 2
        front, tables = self._finish()
        for piece in tables:
            buffer += piece
            if len(buffer) >= part_bytes:
                yield number, offset, bytes(buffer)
                number, offset = number + 1, offset + len(buffer)
                buffer.clear()
        if buffer:
            yield number, offset, bytes(buffer)
        yield 1, 0, front

    def _clusters(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the clusters that are not zeros, and note where they go."""
        rest = b""
        for chunk in chunks:
            data = rest + chunk if rest else chunk
            self.disk_bytes += len(chunk)
            if self.disk_bytes > self._largest:
                raise RefusedError(
                    f"the disk in it has more than {self._largest:,} bytes"
                )
            if data is HOLE:
                continue
            end = len(data) // CLUSTER * CLUSTER
            first = (self.disk_bytes - len(data)) // CLUSTER
            for start in range(0, end, CLUSTER):
                if data.startswith(_ZEROS, start):
                    continue
                yield self._kept(
                    first + start // CLUSTER, data[start : start + CLUSTER]
                )
            rest = data[end:]
        if rest.strip(b"\0"):
            number = (self.disk_bytes - len(rest)) // CLUSTER
            yield self._kept(number, rest.ljust(CLUSTER, b"\0"))

    def _kept(self, number: int, cluster: bytes) -> bytes:
        stretch, entry = divmod(number, L2_ENTRIES)
        while len(self._tables) <= stretch:
            self._tables.append(None)
        table = self._tables[stretch]
        if table is None:
            table = self._tables[stretch] = array("Q", bytes(CLUSTER))
        table[entry] = COPIED | (FRONT_BYTES + self._data_clusters * CLUSTER)
        self._data_clusters += 1
        return cluster

    def _finish(self) -> tuple[bytes, Iterator[bytes]]:
        """Return the first part, and what makes the tables behind the data."""
        size = -(-self.disk_bytes // 512) * 512
        if not size:
            raise RefusedError("the disk in it has no bytes")
        l2_at = FRONT_BYTES + self._data_clusters * CLUSTER
        l2_tables = [table for table in self._tables if table is not None]
        l1_at = l2_at + len(l2_tables) * CLUSTER
        l1_entries = -(-size // L2_SPAN)
        blocks_at = l1_at + clusters_for(8 * l1_entries) * CLUSTER
        blocks, table_clusters = _refcounts_for(blocks_at // CLUSTER)
        table_at = blocks_at + blocks * CLUSTER
        clusters = table_at // CLUSTER + table_clusters
        l1 = array("Q", bytes(8 * l1_entries))
        place = l2_at
        for number, table in enumerate(self._tables):
            if table is not None:
                l1[number] = COPIED | place
                place += CLUSTER

        def tables() -> Iterator[bytes]:
            for table in l2_tables:
                yield _words(table)
            yield _words(l1)
            yield from _used_but_second(clusters, blocks)
            places = (blocks_at + n * CLUSTER for n in range(blocks))
            yield _words(array("Q", places))

        front = header(
            disk_bytes=size,
            l1_entries=l1_entries,
            l1_offset=l1_at,
            refcounts_offset=table_at,
            refcounts_clusters=table_clusters,
        )
        return front.ljust(FRONT_BYTES, b"\0"), tables()


def _refcounts_for(clusters: int) -> tuple[int, int]:
    """Return how many blocks and clusters of their table so many clusters take."""
    blocks = table_clusters = 1
    while True:
        total = clusters + blocks + table_clusters
        wanted = -(-total // REFCOUNTS)
        if wanted == blocks:
            return blocks, table_clusters
        blocks, table_clusters = wanted, clusters_for(8 * wanted)


def _used_but_second(clusters: int, blocks: int) -> Iterator[bytes]:
    """Yield refcount blocks; the second cluster only fills the first part."""
    for number, block in enumerate(all_used_once(clusters, blocks)):
        yield block[:2] + b"\0\0" + block[4:] if number == 0 else block


def _words(values: "array[int]") -> bytes:
    swapped = array("Q", values)
    swapped.byteswap()
    data = swapped.tobytes()
    return data.ljust(clusters_for(len(data)) * CLUSTER, b"\0")
