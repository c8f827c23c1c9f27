"""What an object is, by its own bytes: its format, its size, why it may not do.

Raw has no signature: an object is raw when nothing else matches. A fixed VHD is its
disk followed by a footer, so only the last 512 bytes tell it from raw. Whatever
matches two formats is refused, because two readers may then see two disks.

One object is settled by its first bytes alone: one that is called qcow2 and starts as
one. Whoever uploaded it, whoever reads its start and ECS, which is told `QCOW2`, mean
the same disk, so nothing at its end could make another plan. What is called `.vhd`,
`.raw` or `.img` and starts as qcow2 is another matter: the owner of a fixed disk writes
its first bytes, and only a footer tells that they are the disk's, not the file's.
"""

from collections.abc import Callable
from dataclasses import dataclass

from image_import.errors import HeaderError
from image_import.model.disk import DiskFormat

from disk_images.formats import archives as other_files
from disk_images.formats import foreign as foreign_disks
from disk_images.formats import qcow2, vhd
from disk_images.formats.raw_layout import has_boot_signature, read_layout
from disk_images.formats.types import Ends, Header, fix_command, whole_sectors

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
"""The format of a key that says it, as KeyClues has it."""


@dataclass(frozen=True, slots=True)
class _Format:
    """A format of disks, and how it is known.

    Attributes:
        magics: What stands at which offset of the head; one of them is enough.
        read: Its parser.
        trailer: What the last 512 bytes start with, instead.
        allows_boot_record: The first sector may be a boot record all the same.
    """

    name: str
    magics: tuple[tuple[int, bytes], ...]
    read: Callable[[Ends], Header]
    trailer: bytes | None = None
    allows_boot_record: bool = False

    def is_seen(self, ends: Ends) -> bool:
        """Whether one of the ends carries this format's signature."""
        at_end = self.trailer is not None and ends.tail.startswith(self.trailer)
        return at_end or any(ends.head.startswith(m, at) for at, m in self.magics)


_DISKS = (
    _Format("qcow2", ((0, qcow2.MAGIC),), qcow2.read_qcow2),
    _Format("VHD", ((0, vhd.COOKIE),), vhd.read_vhd, vhd.COOKIE, True),
    _Format("VHDX", ((0, b"vhdxfile"),), foreign_disks.read_vhdx),
    _Format("VMDK", ((0, b"KDMV"),), foreign_disks.read_vmdk_sparse),
    _Format(
        "VMDK",
        ((0, b"COWD"), (0, b"\xbe\xba\xfe\xca\0\0\0\0")),
        foreign_disks.read_vmdk_esx,
    ),
    _Format("VDI", ((64, b"\x7f\x10\xda\xbe"),), foreign_disks.read_vdi),
    _Format("QED", ((0, b"QED\0"),), foreign_disks.read_qed),
    _Format(
        "Parallels",
        tuple((0, magic) for magic in foreign_disks.PARALLELS),
        foreign_disks.read_parallels,
    ),
    _Format("LUKS", ((0, b"LUKS\xba\xbe"),), foreign_disks.read_luks),
    _Format(
        "Android sparse",
        ((0, b"\x3a\xff\x26\xed"),),
        foreign_disks.read_android_sparse,
    ),
    _Format(
        "ISO 9660",
        tuple((32769, magic) for magic in (b"CD001", b"BEA01", b"NSR02", b"NSR03")),
        foreign_disks.read_iso,
        allows_boot_record=True,
    ),
    _Format(
        "DMG", (), foreign_disks.read_dmg, foreign_disks.DMG_TRAILER, True
    ),
)  # fmt: skip


def is_settled_by(head: bytes, *, format_by_name: str) -> bool:
    """Whether an object's last bytes could change nothing that is planned.

    Args:
        format_by_name: As in KeyClues.
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
        HeaderError: It is damaged, truncated, or of two formats at once.
    """
    ends = Ends(head, tail, object_size_bytes)
    if not object_size_bytes:
        return Header(detected="empty", problem="it holds no bytes at all")
    seen = [disk for disk in _DISKS if disk.is_seen(ends)]
    packed = other_files.read_packed(head)
    _refuse_two_at_once(seen, packed, ends)
    if seen:
        return seen[0].read(ends)
    if foreign_disks.is_vmdk_descriptor(ends):
        return foreign_disks.read_vmdk_descriptor(ends)
    return packed or other_files.read_text(head) or _read_raw(ends)


def _refuse_two_at_once(seen: list[_Format], packed: Header | None, ends: Ends) -> None:
    """Raise if more than one format claims the object."""
    names = [disk.name for disk in seen]
    # The blocks of a DMG may be packed, the first one from byte 0 on.
    if packed and names and names != ["DMG"]:
        names.append(packed.detected)
    if names and not seen[0].allows_boot_record and has_boot_signature(ends.head):
        names.append("a disk with a boot record")
    if len(names) > 1:
        raise HeaderError(
            f"the object is {' and '.join(names)} at once, expected one format;"
            " convert it with qemu-img, naming the format that it was made in by -f"
        )


def _read_raw(ends: Ends) -> Header:
    """Return what is left when nothing claims the object: a disk, byte for byte."""
    size = whole_sectors(ends.object_size_bytes)
    is_blank = not any(ends.head) and not any(ends.tail)
    if is_blank:
        return Header(
            detected="all-zeros",
            format=DiskFormat.RAW,
            virtual_size_bytes=size,
            problem=(
                f"its first {len(ends.head):,} and last {len(ends.tail):,} bytes are"
                " all zero: neither a boot record nor a file system begins there;"
                " upload the image again"
            ),
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
