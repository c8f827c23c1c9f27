"""A `FileSystem` in memory: {path: bytes or text}; folders come from the paths."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from disk_images.blocks.prefetch import LookUp
from disk_images.blocks.source import DamagedError, FileMissingError, Source


@dataclass
class BytesSource:
    """A `Source` of bytes that are here already."""

    data: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def read(self, offset: int, count: int) -> bytes:
        return self.data[offset : offset + count]

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Nothing is ahead of anything here."""

    def lacks(self, ranges: Iterable[tuple[int, int]]) -> bool:
        del ranges
        return False


@dataclass
class MemoryFiles:
    """Files by path; those in `damaged` cannot be read."""

    files: Mapping[str, bytes | str]
    kind: str = "ext4"
    label: str = ""
    uuid: str = ""
    damaged: frozenset[str] = frozenset()
    wanted: list[str] = field(default_factory=list)

    def want(self, paths: Iterable[str]) -> None:
        self.wanted += paths

    def look_ups(self, paths: Iterable[str]) -> list[LookUp]:
        self.want(paths)
        return []

    def read_file(self, path: str, *, limit: int) -> bytes:
        return self._bytes(path)[:limit]

    def open_file(self, path: str) -> Source:
        return BytesSource(self._bytes(path))

    def list_folder(self, path: str, *, limit: int = 4096) -> list[str]:
        if path in self.damaged:
            raise DamagedError(f"{path} is damaged")
        folder = path.rstrip("/") + "/"
        inside = [p[len(folder) :] for p in self.files if p.startswith(folder)]
        if not inside and folder != "/":
            raise FileMissingError(f"there is no folder {path}")
        return list(dict.fromkeys(p.split("/")[0] for p in inside if p))[:limit]

    def _bytes(self, path: str) -> bytes:
        if path in self.damaged:
            raise DamagedError(f"{path} is damaged")
        content = self.files.get(path)
        if content is None:
            raise FileMissingError(f"there is no {path}")
        return content.encode() if isinstance(content, str) else content
