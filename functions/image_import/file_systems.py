"""Which file system stands where a partition table would: by name, if any.

Source: Linux, include/uapi/linux/magic.h and the superblocks it speaks of; util-linux,
libblkid/src/superblocks; Microsoft, "FAT: General Overview of On-Disk Format"; read
2026-11.

Room: core.
"""

_SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("XFS", 0, b"XFSB"),
    ("NTFS", 3, b"NTFS    "),
    ("exFAT", 3, b"EXFAT   "),
    ("BitLocker", 3, b"-FVE-FS-"),
    ("SquashFS", 0, b"hsqs"),
    ("EROFS", 1024, b"\xe2\xe1\xf5\xe0"),
    ("F2FS", 1024, b"\x10\x20\xf5\xf2"),
    ("swap space", 4086, b"SWAPSPACE2"),
    ("swap space", 65526, b"SWAPSPACE2"),
    ("Btrfs", 65536 + 64, b"_BHRfS_M"),
    ("an md RAID member", 4096, b"\xfc\x4e\x2b\xa9"),
    *(("an LVM physical volume", at, b"LABELONE") for at in range(0, 2048, 512)),
)

# ext2/3/4, little-endian from byte 1024: 24-27 log2 of the block size in KiB,
# 56-57 magic 0xEF53, 58-59 state, 60-61 what to do on errors (1 to 3).
_EXT_LOG_BLOCK_SIZE = 1024 + 24
_EXT_MAGIC = 1024 + 56
_EXT_ERRORS = 1024 + 60

# FAT's first sector: 16 number of FATs, 21 medium (0xF8: a fixed disk).
_FAT_COUNT, _FAT_MEDIUM = 16, 21


def file_system(head: bytes) -> str | None:
    """Return what begins with the disk's first byte, as a noun."""
    for name, offset, magic in _SIGNATURES:
        if head.startswith(magic, offset):
            return name
    if _is_ext(head):
        return "ext2, ext3 or ext4"
    return "FAT" if head[510:512] == b"\x55\xaa" and is_fat(head) else None


def is_fat(head: bytes) -> bool:
    """Whether a first sector that ends with 55 AA is a FAT volume's.

    The medium is what tells it from a boot record, which has code there.
    """
    return head[_FAT_COUNT] == 2 and head[_FAT_MEDIUM] == 0xF8


def _is_ext(head: bytes) -> bool:
    """Whether an ext superblock is there: its magic has only two bytes."""
    if len(head) < _EXT_ERRORS + 2 or head[_EXT_MAGIC:][:2] != b"\x53\xef":
        return False
    log_block_size = int.from_bytes(head[_EXT_LOG_BLOCK_SIZE:][:4], "little")
    on_errors = int.from_bytes(head[_EXT_ERRORS:][:2], "little")
    return log_block_size <= 6 and 1 <= on_errors <= 3
