"""Whether a system would take a disk's GPT, and whether its backup is there.

Linux takes no GPT without a protective MBR, and none whose header or entries have a
wrong checksum: its backup counts only for who starts the kernel with `gpt`. Neither
does it take one that reaches behind the end of the disk. Without a sound backup, or
with one that is not at the end, because the disk was grown, it goes on.

Source: Linux, block/partitions/efi.c, find_valid_gpt and is_gpt_valid; read 2026-11.
"""

from disk_images.blocks.source import BudgetSpentError, CannotTellError, Source
from disk_images.findings import Finding
from disk_images.volumes.partition_table import SECTOR, Gpt, check_gpt

WHERE = "GPT partition table"
IGNORED = "ignored by Linux"
"""How a value begins where Linux finds no partitions."""

TOO_LONG = "it reaches to sector"
"""How a value begins where the disk was made too small for it."""

OTHER_SECTORS = "made for sectors of"
"""How a value begins where no firmware of a disk with 512 finds it."""

WHOLE = "whole"
"""How a value begins where nothing has to be mended."""


def backup_place(gpt: Gpt) -> tuple[int, int]:
    """Return where the backup is: offset and number of bytes."""
    first = max(0, gpt.backup_sector - gpt.table_bytes // gpt.sector_bytes)
    return first * gpt.sector_bytes, gpt.table_bytes + gpt.sector_bytes


def gpt_finding(disk: Source, gpt: Gpt) -> Finding:
    """Return `whole`, or what is wrong with it."""
    try:
        return Finding(value=_state(disk, gpt), where=WHERE)
    except BudgetSpentError as exc:
        return Finding(why_not=str(exc))


def _state(disk: Source, gpt: Gpt) -> str:
    sectors = disk.size_bytes // gpt.sector_bytes
    if why_not := _why_not_taken(gpt, sectors):
        return why_not
    try:
        check_gpt(disk, gpt.backup_sector, gpt.sector_bytes)
    except BudgetSpentError:
        raise
    except CannotTellError as exc:
        return f"its backup in sector {gpt.backup_sector:,} is none: {exc}"
    if gpt.backup_sector == sectors - 1:
        return f"{WHOLE}, with its backup at the end of the disk"
    left = sectors - 1 - gpt.backup_sector
    return f"{WHOLE}, with its backup {left:,} sectors before the end: the disk grew"


def _why_not_taken(gpt: Gpt, sectors: int) -> str:
    """Return why a system does not take the primary GPT, "" if it does."""
    if not gpt.is_protected:
        return f"{IGNORED}: the MBR has no entry of type 0xee, which protects a GPT"
    if gpt.sector_bytes != SECTOR:
        return (
            f"{OTHER_SECTORS} {gpt.sector_bytes:,} bytes: a machine whose disks have"
            f" {SECTOR} finds no GPT"
        )
    if gpt.problem:
        return f"{IGNORED}: {gpt.problem}, and the backup does not count for it"
    if gpt.last_usable >= sectors:
        return (
            f"{TOO_LONG} {gpt.last_usable:,}, but the disk has {sectors:,}:"
            " Linux ignores it unless the machine's disk is larger"
        )
    return ""
