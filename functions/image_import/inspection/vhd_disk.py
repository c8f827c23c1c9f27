"""The virtual disk in a VHD: fixed, or dynamic with its block allocation table.

A dynamic VHD has a bitmap of written sectors ahead of each block. As in QEMU,
block/vpc.c, what is not written reads as what stands there, which is zeros.

Source: "Virtual Hard Disk Image Format Specification", version 1.0, Microsoft, 2006;
the offset tables stand in image_import.vhd.

Room: core.
"""

import struct
from collections.abc import Iterable

from image_import.inspection.mapped import ZEROS, Mapped, Place
from image_import.inspection.parts import DamagedError, Source
from image_import.inspection.steps import Slice

_SPARSE = ">8s8xQ4xII"
_ABSENT = 0xFFFFFFFF
_SECTOR = 512
_LARGEST_BLOCK = 256 << 20


def open_vhd(file: Source, *, size_bytes: int) -> Source:
    """Return the disk in a VHD.

    Args:
        size_bytes: Its virtual size, as the footer has it.

    Raises:
        CannotTellError: It is damaged.
    """
    if not file.read(0, 8).startswith(b"conectix"):
        return Slice(file, 0, min(size_bytes, file.size_bytes))
    return _Dynamic(file, size_bytes=size_bytes)


class _Dynamic(Mapped):
    """A `Source` over a dynamic VHD."""

    def __init__(self, file: Source, *, size_bytes: int) -> None:
        (header_at,) = struct.unpack(">Q", file.read(16, 8).rjust(8, b"\0"))
        header = file.read(header_at, 36)
        if len(header) < 36:
            raise DamagedError("its dynamic header lies behind its end")
        cookie, self._table_at, self._entries, block = struct.unpack_from(
            _SPARSE, header
        )
        if cookie != b"cxsparse":
            raise DamagedError("its dynamic header does not begin with cxsparse")
        if not _SECTOR <= block <= _LARGEST_BLOCK or block & (block - 1):
            raise DamagedError(f"its blocks have {block:,} bytes")
        bitmap = -(-(block // _SECTOR) // 8)
        self._bitmap_bytes = -(-bitmap // _SECTOR) * _SECTOR
        super().__init__(file, size_bytes=size_bytes, cluster_bytes=block)

    def locate(self, clusters: Iterable[int]) -> dict[int, Place]:
        """Return where blocks stand."""
        wanted = sorted(clusters)
        if wanted and wanted[-1] >= self._entries:
            raise DamagedError("its block table is too short for its size")
        self._file.want([(self._table_at + 4 * cluster, 4) for cluster in wanted])
        return {cluster: self._place(cluster) for cluster in wanted}

    def _place(self, cluster: int) -> Place:
        raw = self._file.read(self._table_at + 4 * cluster, 4)
        sector = int.from_bytes(raw, "big") if len(raw) == 4 else _ABSENT
        if sector == _ABSENT:
            return ZEROS
        return Place(sector * _SECTOR + self._bitmap_bytes, self._cluster_bytes)
