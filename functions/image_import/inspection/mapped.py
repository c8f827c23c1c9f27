"""A virtual disk whose clusters stand anywhere in a file.

Room: core.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from image_import.inspection.parts import DamagedError, Source

_MAX_UNPACKED_KEPT = 32 << 20


class Place(NamedTuple):
    """Where a cluster stands in the file.

    Attributes:
        at: None for a cluster of zeros.
        length: In the file; less than a cluster if it is packed.
        is_packed: Whether it has to be unpacked.
    """

    at: int | None
    length: int = 0
    is_packed: bool = False


ZEROS = Place(None)


class Mapped(ABC):
    """A `Source` over a file of clusters."""

    def __init__(self, file: Source, *, size_bytes: int, cluster_bytes: int) -> None:
        self._file = file
        self._size_bytes = size_bytes
        self._cluster_bytes = cluster_bytes
        self._unpacked: dict[int, bytes] = {}

    @property
    def size_bytes(self) -> int:
        """The virtual size."""
        return self._size_bytes

    @abstractmethod
    def locate(self, clusters: Iterable[int]) -> dict[int, Place]:
        """Return where clusters stand; tables are read side by side."""

    def unpack(self, data: bytes) -> bytes:
        """Return a packed cluster's bytes."""
        raise DamagedError(f"{len(data)} bytes are packed in a format without packing")

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Get ranges side by side; the file is told where they stand in it."""
        pieces = [p for offset, count in ranges for p in self._pieces(offset, count)]
        places = self.locate({cluster for cluster, _, _ in pieces})
        wanted = []
        for cluster, begin, count in pieces:
            place = places[cluster]
            if place.at is None or (place.is_packed and cluster in self._unpacked):
                continue
            if place.is_packed:
                wanted.append((place.at, place.length))
            else:
                wanted.append((place.at + begin, count))
        self._file.want(wanted)

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the disk ends."""
        pieces = self._pieces(offset, count)
        self.want([(offset, count)])
        places = self.locate({cluster for cluster, _, _ in pieces})
        return b"".join(
            self._piece(cluster, places[cluster], begin, length)
            for cluster, begin, length in pieces
        )

    def _pieces(self, offset: int, count: int) -> list[tuple[int, int, int]]:
        """Return a range as (cluster, first byte in it, number of bytes)."""
        if offset < 0:
            return []
        end = min(offset + count, self._size_bytes)
        pieces = []
        while offset < end:
            cluster, begin = divmod(offset, self._cluster_bytes)
            length = min(self._cluster_bytes - begin, end - offset)
            pieces.append((cluster, begin, length))
            offset += length
        return pieces

    def _piece(self, cluster: int, place: Place, begin: int, length: int) -> bytes:
        if place.at is None:
            return bytes(length)
        if place.is_packed:
            return self._whole(cluster, place)[begin : begin + length]
        # What the file's end cuts off was never written: zeros, as QEMU reads it.
        return self._file.read(place.at + begin, length).ljust(length, b"\0")

    def _whole(self, cluster: int, place: Place) -> bytes:
        if cluster not in self._unpacked:
            assert place.at is not None  # noqa: S101 - packed clusters have a place
            data = self.unpack(self._file.read(place.at, place.length))
            if len(data) != self._cluster_bytes:
                raise DamagedError(
                    f"cluster {cluster:,} unpacks to {len(data):,} bytes, expected"
                    f" {self._cluster_bytes:,}"
                )
            if len(self._unpacked) * self._cluster_bytes >= _MAX_UNPACKED_KEPT:
                self._unpacked.clear()
            self._unpacked[cluster] = data
        return self._unpacked[cluster]
