"""FAT12, FAT16 and FAT32, read-only: EFI system partitions above all.

Source: Microsoft, "FAT: General Overview of On-Disk Format" 1.03; Linux,
Documentation/filesystems/vfat.rst; read 2026-11.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from disk_images.blocks.prefetch import Extent, Steps, exactly, gather
from disk_images.blocks.source import CannotTellError, DamagedError, Source
from disk_images.filesystems.inode import MAX_FOLDER_BYTES, Inodes, Key, Node, NodeKind

# The first sector, little-endian:
#          bytes  field
#          11-12  bytes in a sector
#             13  sectors in a cluster
#          14-15  sectors before the first FAT
#             16  number of FATs
#          17-18  entries in the root folder, 0 in FAT32
#          19-20  number of sectors, or 0 and then 32-35
#          22-23  sectors in a FAT, or 0 and then 36-39
#          44-47  FAT32: first cluster of the root folder
#          39-42  serial number, 43-53 label; in FAT32 67-70 and 71-81
_BOOT_BYTES = 512
_FAT_SPAN = 32 * 1024
_MAX_CLUSTERS = 1 << 17

# An entry of a folder: 0-10 short name, 11 attributes, 12 which parts of the name are
# in lower case, 20-21 and 26-27 first cluster, upper half first, 28-31 size.
# A piece of a long name: 0 its number from 1 on (0x40: the last one), then UTF-16.
_LONG_NAME, _LABEL, _FOLDER = 0x0F, 0x08, 0x10
_PIECES = (slice(1, 11), slice(14, 26), slice(28, 32))
_DELETED = 0xE5


@dataclass(frozen=True, kw_only=True)
class FatNode(Node):
    """A file or folder, and its first cluster; 0 is the root of FAT12 and FAT16."""

    cluster: int


class FatInodes(Inodes[FatNode]):
    """The files of a FAT volume; their keys are their nodes."""

    kind = "vfat"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        source.want([(0, 64 * 1024)])
        raw = exactly(source, 0, _BOOT_BYTES)
        sector, self._per_cluster, reserved, fats, roots, small = struct.unpack_from(
            "<HBHBHH", raw, 11
        )
        sectors = small or struct.unpack_from("<I", raw, 32)[0]
        fat_sectors = struct.unpack_from("<H", raw, 22)[0]
        is_fat32 = not fat_sectors
        fat_sectors = fat_sectors or struct.unpack_from("<I", raw, 36)[0]
        if sector not in {512, 1024, 2048, 4096} or not self._per_cluster or not fats:
            raise DamagedError("the FAT volume's sizes make no sense")
        self.cluster_bytes = sector * self._per_cluster
        self._fat_at = reserved * sector
        self._fat_bytes = fat_sectors * sector
        self._root_at = self._fat_at + fats * self._fat_bytes
        self._root_bytes = roots * 32
        self._data_at = self._root_at + -(-self._root_bytes // sector) * sector
        count = (sectors * sector - self._data_at) // self.cluster_bytes
        self._bits = 32 if is_fat32 else 12 if count < 4085 else 16
        self._clusters = count
        root = struct.unpack_from("<I", raw, 44)[0] if is_fat32 else 0
        self._root = FatNode(kind="folder", size_bytes=0, cluster=root)
        self._read_names(raw, 67 if is_fat32 else 39)

    def _read_names(self, raw: bytes, at: int) -> None:
        serial = raw[at : at + 4][::-1].hex().upper()
        self.uuid = f"{serial[:4]}-{serial[4:]}"
        label = raw[at + 4 : at + 15].decode("latin-1").rstrip()
        self.label = "" if label == "NO NAME" else label

    def fold(self, name: str) -> str:
        """Return the name in lower case."""
        return name.casefold()

    def root(self) -> Steps[Key]:
        """Return the root folder."""
        yield from ()
        return self._root

    def load(self, key: Key, *, is_folder: bool = False) -> Steps[FatNode]:
        """Return the node, which is its own key."""
        del is_folder
        yield from ()
        if not isinstance(key, FatNode):
            raise DamagedError("no such file")
        return key

    def content(self, node: FatNode, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file."""
        size = self.cluster_bytes
        clusters = yield from self._chain(node.cluster, -(-(offset + count) // size))
        if len(clusters) * size < offset + count:
            raise DamagedError("a file's clusters end before the file does")
        extents = self._extents(clusters)
        return (yield from gather(self.source, extents, offset, count))

    def _extents(self, clusters: list[int]) -> list[Extent]:
        size = self.cluster_bytes
        found: list[Extent] = []
        for number, cluster in enumerate(clusters):
            at = self._data_at + (cluster - 2) * size
            before = found[-1] if found else None
            if before and before.at is not None and before.at + before.length == at:
                found[-1] = Extent(before.start, before.at, before.length + size)
            else:
                found.append(Extent(number * size, at, size))
        return found

    def _chain(self, cluster: int, most: int) -> Steps[list[int]]:
        """Return the clusters of a file, at most so many."""
        if most > _MAX_CLUSTERS:
            raise CannotTellError(f"a file is asked for {most:,} clusters on")
        found: list[int] = []
        start, window = 0, b""
        while len(found) < most and 2 <= cluster < self._clusters + 2:
            found.append(cluster)
            at = cluster * self._bits // 8
            if not start <= at <= start + len(window) - 4:
                start = at - at % _FAT_SPAN
                count = min(_FAT_SPAN + 4, self._fat_bytes - start)
                yield [(self._fat_at + start, count)]
                window = exactly(self.source, self._fat_at + start, max(count, 0))
            entry = int.from_bytes(window[at - start :][:4], "little")
            if self._bits == 12 and cluster & 1:
                entry >>= 4
            cluster = entry & ((1 << min(self._bits, 28)) - 1)
        return found

    def entries(self, node: FatNode) -> Steps[dict[str, Key]]:
        """Return the names in a folder, long ones where it has such."""
        if node.cluster:
            size = self.cluster_bytes
            most = max(1, MAX_FOLDER_BYTES // size)
            clusters = yield from self._chain(node.cluster, most)
            if len(set(clusters)) < len(clusters):
                raise DamagedError("a folder's clusters go round in a circle")
            extents = self._extents(clusters)
            data = yield from gather(self.source, extents, 0, len(clusters) * size)
        else:
            data = yield from gather(
                self.source,
                [Extent(0, self._root_at, self._root_bytes)],
                0,
                self._root_bytes,
            )
        return dict(self._read_entries(data))

    def _read_entries(self, data: bytes) -> Iterator[tuple[str, FatNode]]:
        pieces: dict[int, bytes] = {}
        for at in range(0, len(data) - 31, 32):
            raw = data[at : at + 32]
            if raw[0] == 0:
                return
            if raw[0] == _DELETED:
                pieces = {}
            elif raw[11] & 0x3F == _LONG_NAME:
                pieces[raw[0] & 0x3F] = b"".join(raw[piece] for piece in _PIECES)
            else:
                long = _long_name(pieces)
                pieces = {}
                if not raw[11] & _LABEL and raw[0] != ord("."):
                    yield long or _short_name(raw), self._node(raw)

    def _node(self, raw: bytes) -> FatNode:
        high, low, size = struct.unpack_from("<H4xHI", raw, 20)
        cluster = low | (high << 16 if self._bits == 32 else 0)
        is_folder = bool(raw[11] & _FOLDER)
        kind: NodeKind = "folder" if is_folder else "file"
        return FatNode(kind=kind, size_bytes=0 if is_folder else size, cluster=cluster)


def _long_name(pieces: dict[int, bytes]) -> str:
    raw = b"".join(pieces[number] for number in sorted(pieces))
    return raw.decode("utf-16-le", errors="replace").split("\0")[0]


def _short_name(raw: bytes) -> str:
    name = raw[:8].decode("cp437").rstrip()
    extension = raw[8:11].decode("cp437").rstrip()
    name = name.lower() if raw[12] & 0x08 else name
    extension = extension.lower() if raw[12] & 0x10 else extension
    return f"{name}.{extension}" if extension else name
