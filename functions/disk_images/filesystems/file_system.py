"""What all file systems can be asked."""

from collections.abc import Iterable
from typing import Protocol

from disk_images.blocks.prefetch import LookUp
from disk_images.blocks.source import Source


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

    def look_ups(self, paths: Iterable[str]) -> list[LookUp]:
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
