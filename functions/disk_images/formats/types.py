"""What all parsers of image headers share: the bytes they see and what they answer."""

import shlex
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

SECTOR = 512


class FormatError(ValueError):
    """An image file is damaged, truncated, or of two formats at once."""


class DiskFormat(str, Enum):
    """The formats in which clouds take images."""

    RAW = "RAW"
    VHD = "VHD"
    QCOW2 = "QCOW2"


BootHint = Literal["BIOS", "UEFI", "either"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What an object's first and last bytes say it is.

    Attributes:
        detected: The precise name, e.g. `qcow2-v3`, `vhd-fixed`, `raw-gpt`, `gzip`;
            `unknown` if no signature matched.
        format: None if it is none of those. `unknown`
            is RAW, because raw has no signature: see `is_guess`.
        virtual_size_bytes: The disk's size as a machine sees it, None if these
            bytes do not tell.
        problem: Why a cloud cannot take it as it is, a sentence; None if it can.
        fix: The command that makes of it what can be taken, for `fix_command`.
        has_esp: Whether there is an EFI system partition, None if it cannot be seen
            (only raw and fixed VHD show their partition table here).
        boot_hint: What the boot code and partitions that can be seen are made for.
        notes: What is worth a line in the log and no reason to refuse.
        is_blank: Whether the problem is that nobody has written to the disk yet, which
            is as it should be for a second disk.
    """

    detected: str
    format: DiskFormat | None = None
    virtual_size_bytes: int | None = None
    problem: str | None = None
    fix: str | None = None
    has_esp: bool | None = None
    boot_hint: BootHint | None = None
    notes: tuple[str, ...] = ()
    is_blank: bool = False

    @property
    def is_importable(self) -> bool:
        """Whether nothing that these bytes show speaks against taking it as it is."""
        return self.format is not None and self.problem is None

    @property
    def is_guess(self) -> bool:
        """Whether it is raw only because nothing else matched."""
        return self.detected == "unknown"


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of an object.

    Attributes:
        head: Its first bytes, up to HEAD_BYTES.
        tail: Its last 512 bytes, or all of them if it has fewer.
    """

    head: bytes
    tail: bytes
    object_size_bytes: int

    def fields(self, layout: str, offset: int, *, of: str) -> tuple[Any, ...]:
        """Return the fields at an offset of the head.

        Args:
            layout: As `struct` writes it, byte order included.
            offset: In bytes.
            of: What is read, for the message.

        Raises:
            FormatError: The head ends before the fields do.
        """
        end = offset + struct.calcsize(layout)
        if end > len(self.head):
            raise FormatError(
                f"{of} ends after {len(self.head):,} bytes, expected at least {end:,};"
                " the object is truncated, upload it again"
            )
        return struct.unpack_from(layout, self.head, offset)

    def must_hold(self, end: int, *, of: str) -> None:
        """Raise unless the object is long enough.

        Args:
            end: The first byte after what its header speaks of.
            of: What ends there, for the message.

        Raises:
            FormatError: The object ends before.
        """
        if end > self.object_size_bytes:
            raise FormatError(
                f"{of} ends at byte {end:,}, but the object has"
                f" {self.object_size_bytes:,} bytes; it is truncated, upload it again"
            )


def damaged(what: str, found: object, expected: str) -> FormatError:
    """Return the error for a field that holds what no writer puts there."""
    return FormatError(
        f"{what} is {found}, expected {expected}; the image is damaged, check it where"
        " it was made and upload it again"
    )


BLANK = (
    "nobody has written to its first sectors: neither a boot record nor a file system"
    " begins there, so no system boots from it"
)
"""Of a container that holds no system; as a second disk it may be so."""


def whole_sectors(size_bytes: int) -> int:
    """Return a size as readers count it that know whole sectors only: rounded up."""
    return -(-size_bytes // SECTOR) * SECTOR


def foreign(
    detected: str, *, name: str, fix: str | None, size: int | None = None
) -> Header:
    """Return the header of a file in a format that is none of `DiskFormat`.

    Args:
        detected: As in Header.
        name: What it is, with its article.
        fix: As in Header.
        size: The virtual size in bytes.
    """
    return Header(
        detected=detected,
        virtual_size_bytes=size,
        problem=f"it is {name}",
        fix=fix,
    )


def convert_from(driver: str) -> str:
    """Return the command that turns an image into a plain qcow2."""
    return f"qemu-img convert -f {driver} -O qcow2 {{source}} {{target}}.qcow2"


def fix_command(fix: str, object_key: str) -> str:
    """Return a fix as a command for the file of this name, ready for a shell.

    The result never has the name of the source: that would destroy it.
    """
    source = object_key.rpartition("/")[2] or "image"
    target = source.rpartition(".")[0] or source
    if source in {target, f"{target}.qcow2", f"{target}.raw"}:
        target = f"{target}-new"
    return fix.format(source=_quoted(source), target=_quoted(target))


def _quoted(name: str) -> str:
    return shlex.quote(f"./{name}" if name.startswith("-") else name)
