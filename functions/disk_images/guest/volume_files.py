"""A file system of an image, and what became of reading it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from disk_images.blocks.prefetch import LookUp
from disk_images.blocks.source import (
    BudgetSpentError,
    CannotTellError,
    FileMissingError,
)
from disk_images.filesystems.file_system import FileSystem
from disk_images.findings import Finding

TEXT_BYTES = 256 * 1024
"""Of a configuration file, more is not read."""


@dataclass(slots=True)
class Seen:
    """One file system; what it cannot tell is None, and `why_not` says why.

    Attributes:
        name: Of the volume, as `partition 2`.
        prefix: The folder that is / of the system in it: a Btrfs subvolume.
        mounted_at: Where the system mounts it, as /boot; paths are the system's.
        is_esp: Whether the partition table says that firmware looks there.
        is_extended_boot: Whether it says that there are more entries of its loader.
        size_bytes: Of the volume.
        priority: In which a loader tries it; 0 where there is no such order.
        why_not: The last reason why something could not be read, "" so far.
    """

    name: str
    file_system: FileSystem
    is_esp: bool = False
    is_extended_boot: bool = False
    size_bytes: int = 0
    priority: int = 0
    prefix: str = ""
    mounted_at: str = ""
    why_not: str = ""
    _read: dict[str, bytes | None] = field(default_factory=dict)
    _names: dict[str, list[str] | None] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The volume and its type, for people."""
        return f"{self.name} ({self.file_system.kind})"

    def where(self, path: str) -> str:
        """Return how a report says that something stood in a file."""
        return f"{self.title}: {self.inside(path)}"

    def inside(self, path: str) -> str:
        """Return a path of the system as this file system has it."""
        return f"{self.prefix}{path.removeprefix(self.mounted_at)}" or "/"

    def want(self, paths: Iterable[str]) -> None:
        """Look paths up side by side."""
        self.file_system.want([self.inside(path) for path in paths])

    def look_ups(self, paths: Iterable[str]) -> list[LookUp]:
        """Return what `want` does, to be done beside that of other file systems."""
        return self.file_system.look_ups([self.inside(path) for path in paths])

    def read(self, path: str, *, limit: int = TEXT_BYTES) -> bytes | None:
        """Return a file's first bytes; None if it is not there or cannot be read."""
        if path not in self._read:
            try:
                self._read[path] = self.file_system.read_file(
                    self.inside(path), limit=limit
                )
            except FileMissingError:
                self._read[path] = None
            except CannotTellError as exc:
                self._failed(path, exc)
                self._read[path] = None
        return self._read[path]

    def has_file(self, path: str) -> bool:
        """Whether there is a regular file, whose bytes may not be readable."""
        try:
            self.file_system.open_file(self.inside(path))
        except FileMissingError:
            return False
        except CannotTellError as exc:
            self._failed(path, exc)
            return False
        return True

    def text(self, path: str, *, limit: int = TEXT_BYTES) -> str | None:
        """Return a file's text; None if it is not there or cannot be read."""
        data = self.read(path, limit=limit)
        return None if data is None else data.decode("utf-8", "replace")

    def names(self, path: str, *, limit: int = 4096) -> list[str] | None:
        """Return the names in a folder, in order; None if there is no such folder."""
        if path not in self._names:
            try:
                found = self.file_system.list_folder(self.inside(path), limit=limit)
                self._names[path] = sorted(found)
            except FileMissingError:
                self._names[path] = None
            except CannotTellError as exc:
                self._failed(path, exc)
                self._names[path] = None
        return self._names[path]

    def _failed(self, path: str, exc: CannotTellError) -> None:
        is_spent = isinstance(exc, BudgetSpentError)
        self.why_not = str(exc) if is_spent else f"{self.where(path)}: {exc}"

    def found(self, value: str, path: str) -> Finding:
        """Return an answer that stood in a file."""
        return Finding(value=value, where=self.where(path))

    def not_found(self, why_not: str) -> Finding:
        """Return why there is no answer; what could not be read comes first."""
        return Finding(why_not=self.why_not or why_not)
