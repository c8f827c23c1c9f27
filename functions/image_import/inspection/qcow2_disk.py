"""The virtual disk in a qcow2: its two tables, plain and packed clusters.

Source: QEMU, docs/interop/qcow2.txt, "Cluster mapping", read 2026-11. The offset table
of the header stands in image_import.qcow2.

Room: core.
"""

import struct
import zlib
from collections.abc import Iterable

from image_import.inspection.mapped import ZEROS, Mapped, Place
from image_import.inspection.parts import CannotTellError, DamagedError, Source

_HEADER = ">4sIQIIQIIQ"
_FEATURES_AT, _COMPRESSION_AT = 72, 104
_DIRTY, _CORRUPT, _DATA_FILE, _COMPRESSION, _EXTENDED_L2 = (1 << n for n in range(5))
_ZSTD = 1
_CLUSTER_BITS = range(9, 22)
_PACKED, _ZERO = 1 << 62, 1
_OFFSET = 0x00FFFFFFFFFFFE00
_FEW_TABLES = 8
_LONGEST_READ_L1 = 4096


class Qcow2Disk(Mapped):
    """A `Source` over a qcow2 file.

    Raises:
        CannotTellError: It needs another file, is encrypted, or is no qcow2.
    """

    def __init__(self, file: Source) -> None:
        head = file.read(0, 112)
        if len(head) < _FEATURES_AT or not head.startswith(b"QFI\xfb"):
            raise DamagedError("it does not begin with a qcow2 header")
        fields = struct.unpack_from(_HEADER, head)
        _, version, backing, _, bits, size, crypt, l1_size, self._l1_at = fields
        if bits not in _CLUSTER_BITS:
            raise DamagedError(
                f"its clusters have 2^{bits} bytes, expected 2^9 to 2^21"
            )
        features = compression = 0
        if version >= 3 and len(head) >= 80:
            (features,) = struct.unpack_from(">Q", head, _FEATURES_AT)
            is_said = features & _COMPRESSION and len(head) > _COMPRESSION_AT
            compression = head[_COMPRESSION_AT] if is_said else 0
        _refuse(backing=backing, crypt=crypt, features=features)
        self._bits = bits
        self._entries = l1_size
        self._is_zstd = compression == _ZSTD
        super().__init__(file, size_bytes=size, cluster_bytes=1 << bits)
        self._want_few_tables()

    def _want_few_tables(self) -> None:
        """Get the second tables side by side, where there are only a few of them."""
        if not 0 < self._entries * 8 <= _LONGEST_READ_L1:
            return
        data = self._file.read(self._l1_at, self._entries * 8)
        count = len(data) // 8
        found = struct.unpack(f">{count}Q", data[: count * 8])
        tables = {entry & _OFFSET for entry in found} - {0}
        if len(tables) <= _FEW_TABLES:
            self._file.want([(at, self._cluster_bytes) for at in tables])

    def locate(self, clusters: Iterable[int]) -> dict[int, Place]:
        """Return where clusters stand."""
        wanted = sorted(clusters)
        per_table = self._bits - 3
        tables = sorted({cluster >> per_table for cluster in wanted})
        if tables and tables[-1] >= self._entries:
            raise DamagedError("its first table is too short for its size")
        first = self._numbers([self._l1_at + 8 * t for t in tables])
        at = {t: first[self._l1_at + 8 * t] & _OFFSET for t in tables}
        inside = (1 << per_table) - 1
        entry_at = {
            cluster: at[cluster >> per_table] + 8 * (cluster & inside)
            for cluster in wanted
            if at[cluster >> per_table]
        }
        entries = self._numbers(list(entry_at.values()))
        return {
            cluster: self._place(entries[entry_at[cluster]])
            if cluster in entry_at
            else ZEROS
            for cluster in wanted
        }

    def _numbers(self, offsets: list[int]) -> dict[int, int]:
        """Return the entries of a table at these offsets; 0 behind the file's end."""
        self._file.want([(at, 8) for at in offsets])
        return {at: int.from_bytes(self._file.read(at, 8), "big") for at in offsets}

    def _place(self, entry: int) -> Place:
        if entry & _PACKED:
            shift = 62 - (self._bits - 8)
            at = entry & ((1 << shift) - 1)
            sectors = ((entry & (_PACKED - 1)) >> shift) + 1
            return Place(at, sectors * 512 - at % 512, is_packed=True)
        at = entry & _OFFSET
        if entry & _ZERO or not at:
            return ZEROS
        return Place(at, self._cluster_bytes)

    def unpack(self, data: bytes) -> bytes:
        """Return a packed cluster's bytes; what follows them is passed over."""
        if self._is_zstd:
            return _unpack_zstd(data, self._cluster_bytes)
        try:
            return zlib.decompressobj(-15).decompress(data, self._cluster_bytes)
        except zlib.error as exc:
            raise DamagedError(f"a cluster cannot be unpacked: {exc}") from exc


def _refuse(*, backing: int, crypt: int, features: int) -> None:
    if backing:
        raise CannotTellError("it is only the changes to another file")
    if crypt:
        raise CannotTellError("it is encrypted")
    if features & _DATA_FILE:
        raise CannotTellError("its data stands in another file")
    if features & _EXTENDED_L2:
        raise CannotTellError("it has subclusters, which cannot be read here")


def _unpack_zstd(data: bytes, size: int) -> bytes:
    try:
        import zstandard  # noqa: PLC0415 - only such an image has to pay for it
    except ImportError as exc:
        raise CannotTellError(
            "its clusters are packed with zstd; that takes the extra or layer inspect"
        ) from exc
    try:
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        return bytes(unpacker.decompress(data)[:size])
    except zstandard.ZstdError as exc:
        raise DamagedError(f"a cluster cannot be unpacked: {exc}") from exc
