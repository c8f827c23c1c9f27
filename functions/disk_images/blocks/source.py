"""What the parts of an inspection ask of each other.

An object in a bucket is a `Source`; so is the virtual disk in it, a partition of that
disk and a logical volume on it. A file system on a source is a `FileSystem`. Each
layer is given the one below, so each can be tried on a local file.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from disk_images.blocks.prefetch import LookUp


class CannotTellError(Exception):
    """Something could not be found out; the message says what and why.

    It never leaves an inspection: whoever asked the question answers it with
    "could not tell".
    """


class BudgetSpentError(CannotTellError):
    """The bytes, requests or time allowed for this inspection are used up."""


class DamagedError(CannotTellError):
    """What stands there contradicts itself or the format, or is of no known kind."""


class CutOffError(DamagedError):
    """The image file ends before what one of its own tables points at."""


class FileMissingError(CannotTellError):
    """The file system was read, and there is no such file in it."""


class Source(Protocol):
    """Bytes that can be read anywhere."""

    @property
    def size_bytes(self) -> int:
        """The number of bytes."""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer only where the source ends.

        Raises:
            CannotTellError: They cannot be read; `BudgetSpentError` if not any more.
        """

    def want(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Get ranges of (offset, count) side by side, ahead of their `read`.

        It is a hint: it raises nothing, and bytes that it could not get fail when
        they are read. Where a disk's tables must be read to tell where its bytes are,
        these come first, and the bytes with the next `want`.
        """

    def lacks(self, ranges: Iterable[tuple[int, int]]) -> bool:
        """Whether something of these ranges has not been asked for yet.

        It asks for nothing itself, and raises nothing.
        """


class FileSystem(Protocol):
    """Files that can be read by their absolute path, such as /etc/os-release.

    Symbolic links are followed inside the file system and never out of it, and not
    endlessly.
    """

    @property
    def kind(self) -> str:
        """Its type as mount(8) names it: ext4, xfs, btrfs, vfat, ntfs."""

    @property
    def label(self) -> str:
        """Its label, or ""."""

    @property
    def uuid(self) -> str:
        """Its UUID or serial number as blkid(8) prints it, or ""."""

    def want(self, paths: Iterable[str]) -> None:
        """Look paths up side by side, ahead of reading them; a hint like a source's.

        A `*` stands for the newest name in a folder, by the numbers in it:
        /lib/modules/*/modules.dep; at the end of a path for what a name ends with.
        A last name of `*` stands for all files in a folder, or the newest of them.
        """

    def look_ups(self, paths: Iterable[str]) -> "list[LookUp]":
        """Return what `want` does, to be done beside that of other file systems."""

    def read_file(self, path: str, *, limit: int) -> bytes:
        """Return a regular file's bytes, of a larger file the first `limit`.

        Raises:
            FileMissingError: There is none.
            CannotTellError: It cannot be read.
        """

    def list_folder(self, path: str, *, limit: int = 4096) -> list[str]:
        """Return the names in a folder without . and .., at most `limit` of them.

        Raises:
            FileMissingError: There is no such folder.
            CannotTellError: It cannot be read.
        """

    def open_file(self, path: str) -> Source:
        """Return a regular file as bytes that can be read anywhere.

        For large files of which little is needed, such as a Windows registry hive.

        Raises:
            FileMissingError: There is none.
            CannotTellError: It cannot be read.
        """
