"""Paths on a file system: from names over folders and links to files.

What is the same in every file system is here; where inodes, entries and bytes stand is
told by its `Inodes`.
"""

import re
from collections.abc import Iterable
from typing import Generic

from disk_images.blocks.prefetch import (
    LookUp,
    Range,
    Steps,
    all_of,
    finish,
    side_by_side,
)
from disk_images.blocks.source import (
    CannotTellError,
    FileMissingError,
    Source,
)
from disk_images.filesystems.inode import Inodes, Key, N

# Linux, include/linux/namei.h, MAXSYMLINKS; include/uapi/linux/limits.h, PATH_MAX.
_MAX_LINKS = 40
_MAX_PATH_BYTES = 4096
_MAX_PARTS = 512

# Kept in memory at most; a hostile folder has a name in every 12 bytes.
_MAX_NODES_KEPT = 4096
_MAX_NAMES_KEPT = 200_000
# What is fetched of a file that is only announced: of a list of modules, or of how a
# kernel was made, all of it; a
# larger file than this is a program or an archive, of which the head tells enough.
_SMALL_FILE_BYTES = 64 * 1024
_LIST_BYTES = 1 << 20
_HEAD_BYTES = 4096
_MOST_FILES = 8

_NUMBERS = re.compile(r"\d+")


class Tree(Generic[N]):
    """A `FileSystem` on the inodes of one."""

    def __init__(self, inodes: Inodes[N]) -> None:
        self._inodes = inodes
        self._nodes: dict[Key, N] = {}
        self._folders: dict[Key, dict[str, tuple[str, Key]]] = {}
        self._names_kept = 0

    @property
    def kind(self) -> str:
        """Its type as mount(8) names it."""
        return self._inodes.kind_found

    @property
    def label(self) -> str:
        """Its label, or ""."""
        return self._inodes.label

    @property
    def uuid(self) -> str:
        """Its UUID or serial number as blkid(8) prints it, or ""."""
        return self._inodes.uuid

    def want(self, paths: Iterable[str]) -> None:
        """Look paths up side by side, and fetch the first bytes of each file."""
        side_by_side(self.look_ups(paths))

    def look_ups(self, paths: Iterable[str]) -> list[LookUp]:
        """Return what `want` does, to be done beside other look-ups."""
        return [
            LookUp(self._inodes.source, self._prepare(path))
            for path in dict.fromkeys(paths)
        ]

    def read_file(self, path: str, *, limit: int) -> bytes:
        """Return a regular file's bytes, of a larger file the first `limit`."""
        return finish(self._inodes.source, self._head(path, limit))

    def list_folder(self, path: str, *, limit: int = 4096) -> list[str]:
        """Return the names in a folder, at most `limit` of them."""
        names = finish(self._inodes.source, self._names(path))
        return names[:limit]

    def open_file(self, path: str) -> Source:
        """Return a regular file as bytes that can be read anywhere."""
        node = finish(self._inodes.source, self._file(path))
        return _OpenFile(self._inodes, node)

    def _prepare(self, path: str) -> Steps[object]:
        is_list = False
        folder, star, rest = path.partition("/*/")
        if star:
            names = yield from self._names(folder)
            name = max(names, key=by_numbers, default="")
            path, is_list = f"{folder}/{name}/{rest}", True
        elif path.endswith("/*"):
            names = yield from self._names(folder := path[:-2])
            newest = sorted(names, key=by_numbers)[-_MOST_FILES:]
            yield from all_of(self._prepare(f"{folder}/{name}") for name in newest)
            return None
        elif path.endswith("*"):
            is_list = path.endswith("/config-*")
            path = yield from self._newest(path[:-1])
        key, node = yield from self._walk(path)
        if node.kind == "folder":
            return (yield from self._entries(key, node))
        most = _LIST_BYTES if is_list else _HEAD_BYTES
        size = node.size_bytes
        count = size if size <= _SMALL_FILE_BYTES else min(size, most)
        return (yield from self._inodes.content(node, 0, count))

    def _newest(self, beginning: str) -> Steps[str]:
        """Return the path of the newest name in a folder that begins so."""
        folder, _, prefix = beginning.rpartition("/")
        names = yield from self._names(folder)
        found = [name for name in names if name.startswith(prefix)]
        return f"{folder}/{max(found, key=by_numbers, default=prefix)}"

    def _head(self, path: str, limit: int) -> Steps[bytes]:
        node = yield from self._file(path)
        return (yield from self._inodes.content(node, 0, min(node.size_bytes, limit)))

    def _names(self, path: str) -> Steps[list[str]]:
        key, node = yield from self._walk(path)
        if node.kind != "folder":
            raise FileMissingError(f"{path} is no folder")
        entries = yield from self._entries(key, node)
        return [name for name, _ in entries.values()]

    def _file(self, path: str) -> Steps[N]:
        _, node = yield from self._walk(path)
        if node.kind != "file":
            raise FileMissingError(f"{path} is no regular file")
        return node

    def _walk(self, path: str) -> Steps[tuple[Key, N]]:
        """Return the node of a path, links followed."""
        root = yield from self._inodes.root()
        node = yield from self._load(root, is_folder=True)
        way: list[tuple[Key, N]] = [(root, node)]
        names = _names_of(path)
        links = 0
        while names:
            name = names.pop()
            if name == "..":
                way = way[: max(1, len(way) - 1)]
                continue
            key = yield from self._child(way[-1], name, path)
            node = yield from self._load(key, is_folder=bool(names))
            if node.kind != "link":
                way.append((key, node))
                continue
            links += 1
            target = yield from self._target(node, path)
            names += _names_of(target)
            if links > _MAX_LINKS or len(names) > _MAX_PARTS:
                raise CannotTellError(f"{path} leads over too many symbolic links")
            way = way[:1] if target.startswith("/") else way
        return way[-1]

    def _child(self, folder: tuple[Key, N], name: str, path: str) -> Steps[Key]:
        key, node = folder
        if node.kind == "folder":
            found = yield from self._find(key, node, name)
            if found is not None:
                return found
        raise FileMissingError(f"{path} does not exist: there is no {name} on its way")

    def _find(self, key: Key, node: N, name: str) -> Steps[Key | None]:
        if key not in self._folders and self._inodes.is_large(node):
            return (yield from self._inodes.find(node, name))
        entries = yield from self._entries(key, node)
        found = entries.get(self._inodes.fold(name))
        return found[1] if found else None

    def _target(self, node: N, path: str) -> Steps[str]:
        if not 0 < node.size_bytes < _MAX_PATH_BYTES:
            raise CannotTellError(
                f"a symbolic link on the way to {path} has {node.size_bytes:,} bytes"
            )
        target = yield from self._inodes.content(node, 0, node.size_bytes)
        return target.decode(errors="replace")

    def _load(self, key: Key, *, is_folder: bool) -> Steps[N]:
        if key not in self._nodes:
            node = yield from self._inodes.load(key, is_folder=is_folder)
            if len(self._nodes) >= _MAX_NODES_KEPT:
                self._nodes.clear()
            self._nodes[key] = node
            return node
        return self._nodes[key]

    def _entries(self, key: Key, node: N) -> Steps[dict[str, tuple[str, Key]]]:
        if key not in self._folders:
            entries = yield from self._inodes.entries(node)
            self._names_kept += len(entries)
            if self._names_kept > _MAX_NAMES_KEPT:
                self._folders.clear()
                self._names_kept = len(entries)
            folded = {self._inodes.fold(n): (n, k) for n, k in entries.items()}
            self._folders[key] = folded
            return folded
        return self._folders[key]


def by_numbers(name: str) -> tuple[list[int], str]:
    """Return what orders versions: 6.1.0 comes before 6.12.0."""
    return [int(number[:9]) for number in _NUMBERS.findall(name)][:12], name


def _names_of(path: str) -> list[str]:
    """Return the names on a path, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in {"", "."}]


class _OpenFile(Generic[N]):
    """A file as a `Source`."""

    def __init__(self, inodes: Inodes[N], node: N) -> None:
        self._inodes = inodes
        self._node = node

    @property
    def size_bytes(self) -> int:
        """The number of bytes."""
        return self._node.size_bytes

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; fewer only where the file ends."""
        count = min(count, self._node.size_bytes - offset)
        if offset < 0 or count <= 0:
            return b""
        content = self._inodes.content(self._node, offset, count)
        return finish(self._inodes.source, content)

    def want(self, ranges: Iterable[Range]) -> None:
        """Get ranges side by side."""
        size = self._node.size_bytes
        side_by_side(
            LookUp(
                self._inodes.source,
                self._inodes.content(self._node, offset, min(count, size - offset)),
            )
            for offset, count in ranges
            if 0 <= offset < size
        )

    def lacks(self, ranges: Iterable[Range]) -> bool:
        """Whether bytes may have to be fetched: where they are is not known here."""
        return bool(list(ranges))
