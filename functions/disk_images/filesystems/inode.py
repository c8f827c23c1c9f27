"""Where folders, files and links stand: what each kind of file system tells."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, TypeAlias, TypeVar

from disk_images.blocks.prefetch import Steps
from disk_images.blocks.source import Source

Key: TypeAlias = Hashable
NodeKind: TypeAlias = Literal["file", "folder", "link", "other"]

# A folder is read whole, up to this size: some 30,000 names.
MAX_FOLDER_BYTES = 2 << 20


@dataclass(frozen=True, kw_only=True)
class Node:
    """A file, folder or link, as its inode tells."""

    kind: NodeKind
    size_bytes: int


N = TypeVar("N", bound=Node)


def kind_of_mode(mode: int) -> NodeKind:
    """Return what st_mode calls it; the numbers are the same in every file system."""
    kinds: dict[int, NodeKind] = {0o4: "folder", 0o10: "file", 0o12: "link"}
    return kinds.get(mode >> 12, "other")


class Inodes(ABC, Generic[N]):
    """Where things stand in one kind of file system."""

    kind: ClassVar[str] = ""
    label: str = ""
    uuid: str = ""
    size_bytes: int = 0
    """What it takes of its volume; 0 where that is not read."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @property
    def kind_found(self) -> str:
        """Its type as mount(8) names it."""
        return self.kind

    def fold(self, name: str) -> str:
        """Return what two names have in common that mean the same file."""
        return name

    @abstractmethod
    def root(self) -> Steps[Key]:
        """Return the key of the root folder."""

    @abstractmethod
    def load(self, key: Key, *, is_folder: bool = False) -> Steps[N]:
        """Return the node of a key.

        Args:
            is_folder: Whether it should be a folder that is read next: what probably
                is the beginning of it can be fetched with it.
        """

    @abstractmethod
    def content(self, node: N, offset: int, count: int) -> Steps[bytes]:
        """Return bytes of a file or the target of a link; `count` ends inside it."""

    def is_large(self, node: N) -> bool:
        """Whether a name in a folder is to be looked for by `find`."""
        del node
        return False

    def find(self, node: N, name: str) -> Steps[Key | None]:
        """Return the key of one name in a folder, None if it has no such."""
        entries = yield from self.entries(node)
        return entries.get(name)

    @abstractmethod
    def entries(self, node: N) -> Steps[dict[str, Key]]:
        """Return the names in a folder."""
