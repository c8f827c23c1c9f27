"""What a volume holds, by its own signature, and how its files are opened.

Source: util-linux, libblkid/src/superblocks; Linux, include/uapi/linux/magic.h; LUKS
On-Disk Format 1.2.3 and LUKS2 1.1.1; read 2026-11.
"""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from disk_images.blocks.source import CannotTellError, Source
from disk_images.filesystems.btrfs import BtrfsInodes
from disk_images.filesystems.erofs import ErofsInodes
from disk_images.filesystems.ext import ExtInodes
from disk_images.filesystems.fat import FatInodes
from disk_images.filesystems.file_system import FileSystem
from disk_images.filesystems.inode import Inodes
from disk_images.filesystems.ntfs import NtfsInodes
from disk_images.filesystems.paths import Tree
from disk_images.filesystems.squashfs import SquashfsInodes
from disk_images.filesystems.xfs import XfsInodes
from disk_images.formats.raw_layout import BITLOCKER_TO_GO, is_external_journal, is_fat

# Enough for all signatures below, the last one of which is that of Btrfs.
HEAD_BYTES = 72 * 1024

_INODES: dict[str, Callable[[Source], Inodes[Any]]] = {
    "ext4": ExtInodes,
    "xfs": XfsInodes,
    "btrfs": BtrfsInodes,
    "vfat": FatInodes,
    "ntfs": NtfsInodes,
    "squashfs": SquashfsInodes,
    "erofs": ErofsInodes,
}


class _Signature(NamedTuple):
    """A kind, its magic, and where its label and UUID stand (offset and length)."""

    kind: str
    at: int
    magic: bytes
    label: tuple[int, int] = (0, 0)
    uuid: tuple[int, int] = (0, 0)


# In the order in which they are looked for.
_SIGNATURES = (
    _Signature("crypto_LUKS", 0, b"LUKS\xba\xbe\0\1", uuid=(168, 40)),
    _Signature("crypto_LUKS", 0, b"LUKS\xba\xbe\0\2", (24, 48), (168, 40)),
    *(_Signature("LVM2_member", at, b"LABELONE") for at in range(0, 2048, 512)),
    _Signature("linux_raid_member", 4096, b"\xfc\x4e\x2b\xa9"),
    _Signature("linux_raid_member", 0, b"\xfc\x4e\x2b\xa9\1\0\0\0"),
    _Signature("xfs", 0, b"XFSB"),
    _Signature("ntfs", 3, b"NTFS    "),
    _Signature("exfat", 3, b"EXFAT   "),
    _Signature("BitLocker", 3, b"-FVE-FS-"),
    _Signature("BitLocker", 424, BITLOCKER_TO_GO),
    _Signature("DM_verity_hash", 0, b"verity\0\0", uuid=(16, 16)),
    *(_Signature("udf", 32769, magic) for magic in (b"BEA01", b"NSR02", b"NSR03")),
    _Signature("squashfs", 0, b"hsqs"),
    _Signature("btrfs", 65536 + 64, b"_BHRfS_M"),
    _Signature("ext4", 1024 + 56, b"\x53\xef"),
    _Signature("erofs", 1024, b"\xe2\xe1\xf5\xe0", (1088, 16), (1072, 16)),
    _Signature("f2fs", 1024, b"\x10\x20\xf5\xf2", uuid=(1132, 16)),
    _Signature("swap", 4086, b"SWAPSPACE2", (1052, 16), (1036, 16)),
    _Signature("swap", 65526, b"SWAPSPACE2", (1052, 16), (1036, 16)),
    _Signature("iso9660", 32769, b"CD001", (32808, 32)),
    _Signature("reiserfs", 65536 + 52, b"ReIsEr"),
    _Signature("jfs", 32768, b"JFS1"),
    _Signature("nilfs2", 1024 + 6, b"\x34\x34"),
    _Signature(
        "bcachefs", 4096 + 24, bytes.fromhex("c68573f666ce90a9d96a60cf803df7ef")
    ),
    _Signature("bcache", 4096 + 24, bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81")),
    _Signature("ufs", 65536 + 1372, b"\x19\x01\x54\x19"),
    _Signature("ufs", 8192 + 1372, b"\x54\x19\x01\0"),
    _Signature("stratis", 512 + 4, b"!Stra0tis\x86\xff\x02^\x41rh"),
    _Signature("hfsplus", 1024, b"H+\0\4"),
    _Signature("apfs", 32, b"NXSB"),
)

# ZFS: a list of names in XDR from byte 16,384 on; the pool's identity is among them.
_ZFS_LIST, _ZFS_WORD = slice(16384, 131072), b"pool_guid"


class VolumeContent(NamedTuple):
    """What a volume holds.

    Attributes:
        kind: As blkid(8) names it, "" if no signature is known.
        label: Its label, or "".
        uuid: Its UUID or serial number as blkid(8) prints it, or "".
        problem: Why its files cannot be read although the kind is known, or "".
        size_bytes: What a file system takes of the volume; 0 where that is not read.
        is_empty: Whether its first bytes are all zeros.
    """

    kind: str = ""
    label: str = ""
    uuid: str = ""
    problem: str = ""
    size_bytes: int = 0
    is_empty: bool = False


def identify(volume: Source) -> VolumeContent:
    """Return what a volume holds.

    Raises:
        CannotTellError: Its first bytes cannot be read.
    """
    head = volume.read(0, HEAD_BYTES)
    found = next((s for s in _SIGNATURES if head.startswith(s.magic, s.at)), None)
    kind = found.kind if found else ""
    if kind == "ext4" and is_external_journal(head):
        return VolumeContent("jbd")
    if not found and head[510:512] == b"\x55\xaa" and is_fat(head):
        kind = "vfat"
    if kind in _INODES:
        try:
            inodes = _INODES[kind](volume)
        except CannotTellError as exc:
            return VolumeContent(kind, problem=str(exc))
        return VolumeContent(
            inodes.kind_found, inodes.label, inodes.uuid, size_bytes=inodes.size_bytes
        )
    if not found and _ZFS_WORD in head[_ZFS_LIST]:
        return VolumeContent("zfs_member")
    return _described(head, found) if found else VolumeContent(is_empty=not any(head))


def _described(head: bytes, found: _Signature) -> VolumeContent:
    (label_at, label_length), (uuid_at, uuid_length) = found.label, found.uuid
    label = head[label_at : label_at + label_length].split(b"\0")[0]
    raw = head[uuid_at : uuid_at + uuid_length]
    text = raw.split(b"\0")[0].decode("ascii", errors="replace")
    if uuid_length == 16 and len(raw) == 16:
        text = str(uuid.UUID(bytes=raw))
    return VolumeContent(found.kind, label.decode(errors="replace").strip(), text)


def open_file_system(volume: Source) -> FileSystem:
    """Return the file system on a volume.

    Raises:
        CannotTellError: It has none, one that cannot be read here, or a damaged one.
    """
    kind = identify(volume).kind
    kind = "ext4" if kind in {"ext2", "ext3"} else kind
    if kind not in _INODES:
        raise CannotTellError(
            f"the files on {kind} cannot be read" if kind else "no known file system"
        )
    return Tree(_INODES[kind](volume))
