"""What a file is, by its own bytes: its format, its size, why it may not do.

Raw has no signature: a file is raw when nothing else matches. A fixed VHD is its
disk followed by a footer, so only the last 512 bytes tell it from raw. Whatever
matches two formats is refused, because two readers may then see two disks.

One file is settled by its first bytes alone: one that is called qcow2 and starts as
one. Whoever made it, whoever reads its start and whoever is told that it is qcow2 mean
the same disk, so nothing at its end could change that. What is called `.vhd`,
`.raw` or `.img` and starts as qcow2 is another matter: the owner of a fixed disk writes
its first bytes, and only a footer tells that they are the disk's, not the file's.
"""

from disk_images.formats import archives, foreign, qcow2
from disk_images.formats.raw_layout import (
    has_boot_signature,
    read_layout,
)
from disk_images.formats.table import FORMATS, Format
from disk_images.formats.types import (
    DiskFormat,
    Ends,
    FormatError,
    Header,
    fix_command,
    whole_sectors,
)

__all__ = [
    "HEAD_BYTES",
    "LOOK_BYTES",
    "TAIL_BYTES",
    "Header",
    "fix_command",
    "is_settled_by",
    "read_header",
]

HEAD_BYTES = 68 * 1024
"""The superblock of Btrfs stands at 64 KiB, and nothing before it."""

LOOK_BYTES = 512 * 1024
"""What a look inside an image begins with: the tables of most formats and disks."""

TAIL_BYTES = 512

QCOW2 = "qcow2"
"""What the name of a file says that is called qcow2."""


def is_settled_by(head: bytes, *, format_by_name: str) -> bool:
    """Whether a file's last bytes could change nothing of what it is.

    Args:
        format_by_name: What its name says: QCOW2 or anything else.
    """
    return format_by_name == QCOW2 and head.startswith(qcow2.MAGIC)


def read_header(head: bytes, tail: bytes, *, object_size_bytes: int) -> Header:
    """Return what an object is, by its first and last bytes.

    Args:
        head: The first HEAD_BYTES, or all of a shorter object. With less, what would
            stand further on is not seen.
        tail: The last 512 bytes, or all of a shorter object; none are needed where
            `is_settled_by` says so.
        object_size_bytes: Of the whole object.

    Raises:
        FormatError: It is damaged, truncated, or of two formats at once.
    """
    ends = Ends(head, tail, object_size_bytes)
    if not object_size_bytes:
        return Header(detected="empty", problem="it holds no bytes at all")
    seen = [row for row in FORMATS if row.is_seen(ends)]
    disks = [row for row in seen if row.is_disk]
    others = [row for row in seen if not row.is_disk]
    if disks:
        _refuse_two_at_once(disks, others, ends)
        return disks[0].header(ends)
    if foreign.is_vmdk_descriptor(ends):
        return foreign.read_vmdk_descriptor(ends)
    if others:
        return others[0].header(ends)
    return archives.read_text(head) or _read_raw(ends)


def _refuse_two_at_once(disks: list[Format], others: list[Format], ends: Ends) -> None:
    """Raise if more than one format claims a disk."""
    names = [disk.name for disk in disks]
    if not all(disk.allows_archive for disk in disks):
        names += [other.detected for other in others[:1]]
    if not disks[0].allows_boot_record and has_boot_signature(ends.head):
        names.append("a disk with a boot record")
    if len(names) > 1:
        raise FormatError(
            f"the object is {' and '.join(names)} at once, expected one format;"
            " convert it with qemu-img, naming the format that it was made in by -f"
        )


def _read_raw(ends: Ends) -> Header:
    """Return what is left when nothing claims the object: a disk, byte for byte."""
    size = whole_sectors(ends.object_size_bytes)
    if not any(ends.head) and not any(ends.tail):
        return Header(
            detected="all-zeros",
            format=DiskFormat.RAW,
            virtual_size_bytes=size,
            problem=(
                f"its first {len(ends.head):,} and last {len(ends.tail):,} bytes are"
                " all zero: neither a boot record nor a file system begins there;"
                " upload the image again"
            ),
            is_blank=True,
        )
    layout = read_layout(ends.head, ends.object_size_bytes)
    notes = layout.notes
    if size != ends.object_size_bytes:
        notes += ("it is no whole number of 512-byte sectors; it may be truncated",)
    return Header(
        detected=layout.detected,
        format=DiskFormat.RAW,
        virtual_size_bytes=size,
        problem=layout.problem,
        fix=layout.fix,
        has_esp=layout.has_esp,
        boot_hint=layout.boot_hint,
        notes=notes,
    )
