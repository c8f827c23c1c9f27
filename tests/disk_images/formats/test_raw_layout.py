import struct

import pytest
from disk_bytes import (
    DISK_BYTES,
    ESP,
    LINUX,
    PROTECTIVE,
    gpt,
    mbr,
    mbr_entry,
    patched,
    read_disk,
)
from disk_images.formats.detect import HEAD_BYTES
from disk_images.formats.raw_layout import BITLOCKER_TO_GO, STALE
from disk_images.formats.types import FormatError
from image_import.model.disk import DiskFormat

LINUX_ENTRY = mbr_entry(0x83, 2048, 2048, flag=0x80)


@pytest.mark.parametrize(
    ("head", "detected", "has_esp", "boot_hint"),
    [
        pytest.param(gpt(LINUX), "raw-gpt", False, None, id="GPT"),
        pytest.param(gpt(LINUX, ESP), "raw-gpt", True, "UEFI", id="GPT with ESP"),
        pytest.param(
            gpt(ESP, start=mbr(PROTECTIVE)), "raw-gpt", True, "either", id="both"
        ),
        pytest.param(
            gpt(LINUX, start=mbr(PROTECTIVE)), "raw-gpt", False, "BIOS", id="for BIOS"
        ),
        pytest.param(
            gpt(LINUX)[:2048], "raw-gpt", None, None, id="GPT, not all entries seen"
        ),
        pytest.param(
            gpt(ESP)[:2048], "raw-gpt", True, "UEFI", id="its ESP seen"
        ),
        pytest.param(mbr(LINUX_ENTRY), "raw-mbr", False, "BIOS", id="MBR"),
        pytest.param(
            mbr(mbr_entry(0xEF, 2048, 2048), LINUX_ENTRY),
            "raw-mbr", True, "either", id="MBR with ESP",
        ),
        pytest.param(
            mbr(mbr_entry(0xEF, 2048, 2048), boot_code=b""),
            "raw-mbr", True, "UEFI", id="MBR for UEFI alone",
        ),
        pytest.param(
            mbr(LINUX_ENTRY, boot_code=b""), "raw-mbr", False, None, id="MBR of data"
        ),
        pytest.param(
            mbr(PROTECTIVE), "raw-gpt", None, None, id="a GPT further on than we see"
        ),
    ],
)  # fmt: skip
def test_a_raw_disk_shows_its_partition_table(
    head: bytes, detected: str, *, has_esp: bool | None, boot_hint: str | None
) -> None:
    header = read_disk(head)
    assert (header.detected, header.format) == (detected, DiskFormat.RAW)
    assert (header.has_esp, header.boot_hint) == (has_esp, boot_hint)
    assert header.is_importable
    assert header.virtual_size_bytes == DISK_BYTES


def test_a_gpt_for_large_sectors_is_noted() -> None:
    header = read_disk(gpt(ESP, sector=4096, last_sector=DISK_BYTES // 4096 - 1))
    assert header.detected == "raw-gpt"
    assert "sectors of 4,096 bytes" in header.notes[0]


def test_a_gpt_without_its_protective_mbr_is_noted() -> None:
    header = read_disk(gpt(ESP, start=bytes(512)))
    assert header.is_importable
    assert "no protective MBR" in header.notes[0]


def test_a_disk_that_grew_after_its_gpt_was_made_is_importable() -> None:
    assert read_disk(gpt(ESP), size=2 * DISK_BYTES).is_importable


@pytest.mark.parametrize(
    "chs", [b"\0\x01\0", b"\xfe\xff\xff"], ids=["fdisk up to 2.30", "Apple"]
)
def test_where_a_protective_mbr_starts_in_chs_does_not_count(chs: bytes) -> None:
    header = read_disk(gpt(ESP, start=mbr(mbr_entry(0xEE, 1, 0xFFFFFFFF, chs=chs))))
    assert (header.detected, header.problem, header.notes) == ("raw-gpt", None, ())


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        pytest.param(mbr(), "a boot record without any partition", id="no partition"),
        pytest.param(
            mbr(LINUX_ENTRY, mbr_entry(0x83, 4096, 1, flag=0x81)),
            "entry 2 has the boot flag 0x81, expected 0x00 or 0x80",
            id="boot flag",
        ),
        pytest.param(
            mbr(LINUX_ENTRY, mbr_entry(0, 0, 0, flag=0x01)),
            "entry 2 has the boot flag 0x01",
            id="boot flag of an unused entry",
        ),
        pytest.param(
            gpt(ESP, start=mbr(mbr_entry(0xEE, 63, 1000))),
            "protective MBR starts at sector 63, expected 1",
            id="protective MBR elsewhere",
        ),
    ],
)
def test_a_boot_record_that_is_not_sound_is_refused(head: bytes, problem: str) -> None:
    header = read_disk(head)
    assert problem in (header.problem or "")
    assert header.format == DiskFormat.RAW


@pytest.mark.parametrize(
    "entries", [(PROTECTIVE, LINUX_ENTRY), (LINUX_ENTRY, PROTECTIVE)], ids=["2", "1"]
)
def test_a_hybrid_mbr_is_noted(entries: tuple[bytes, ...]) -> None:
    header = read_disk(gpt(ESP, start=mbr(*entries)))
    assert header.problem is None
    assert header.notes == (
        "its hybrid MBR lists partitions, too; those of the GPT count",
    )


def test_a_gpt_behind_an_mbr_that_does_not_announce_it_is_stale() -> None:
    header = read_disk(gpt(ESP, last_sector=DISK_BYTES, start=mbr(LINUX_ENTRY)))
    assert (header.detected, header.problem, header.has_esp) == ("raw-mbr", None, False)
    assert header.notes == (STALE,)


@pytest.mark.parametrize(
    ("at", "magic", "name"),
    [
        (3, b"NTFS    ", "NTFS"),
        (424, BITLOCKER_TO_GO, "BitLocker To Go"),
        (1080, b"\x53\xef\1\0\1\0", "ext2, ext3 or ext4"),
        (32769, b"BEA01", "UDF"),
        (32769, b"NSR02", "UDF"),
    ],
)
def test_a_file_system_on_the_whole_disk_is_called_by_its_name(
    at: int, magic: bytes, name: str
) -> None:
    plain = read_disk(patched(bytes(40_000), at, magic))
    booting = read_disk(patched(mbr(boot_code=b"").ljust(40_000, b"\0"), at, magic))
    for header in (plain, booting):
        assert (header.detected, header.problem) == ("raw-filesystem", None)
        assert header.notes[0].startswith(f"{name} on the whole disk")


def recount(head: bytes, offset: int, new: bytes) -> bytes:
    """Return a disk with a field of its GPT changed, under the old checksum."""
    return patched(head, 512 + offset, new)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        pytest.param(gpt(ESP)[:570], "the GPT header ends after 570 bytes", id="cut"),
        pytest.param(
            gpt(ESP, header_size=120)[:620], "expected at least 632", id="cut, longer"
        ),
        pytest.param(
            gpt(ESP, header_size=91),
            "header's size is 91, expected 92 to 512",
            id="size",
        ),
        pytest.param(
            gpt(ESP, header_size=513),
            "header's size is 513, expected 92",
            id="large size",
        ),
        pytest.param(
            recount(gpt(ESP), 40, b"x"),
            "the GPT header's checksum is 0x",
            id="checksum",
        ),
        pytest.param(
            gpt(ESP, own_sector=2), "header's own sector is 2, expected 1", id="place"
        ),
        pytest.param(
            gpt(ESP, entry_size=64),
            "size of a GPT entry is 64, expected 128",
            id="entry",
        ),
        pytest.param(
            gpt(ESP, entry_size=132), "size of a GPT entry is 132", id="odd entry"
        ),
        pytest.param(
            gpt(ESP, last_sector=DISK_BYTES // 512),
            "disk of the GPT ends at byte 67,109,376, but the object has 67,108,864",
            id="truncated",
        ),
        pytest.param(
            patched(gpt(ESP), 1024, LINUX),
            "checksum of the GPT's entries",
            id="entries",
        ),
        pytest.param(
            mbr(PROTECTIVE).ljust(8192, b"\0"),
            "the GPT that the MBR announces is missing",
            id="no GPT",
        ),
        pytest.param(
            mbr(mbr_entry(0x83, 2048, DISK_BYTES // 512)),
            "partition 1 of the MBR ends at byte 68,157,440, but the object has",
            id="truncated in a partition of the MBR",
        ),
    ],
)
def test_a_damaged_partition_table_is_an_error(head: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_disk(head)
    assert message in str(caught.value)


def at(offset: int, magic: bytes) -> bytes:
    return patched(bytes(8192), offset, magic)


EXT = at(1024 + 24, struct.pack("<I", 2))
EXT = patched(EXT, 1024 + 56, b"\x53\xef\x01\0\x01\0")
FAT = patched(at(510, b"\x55\xaa"), 16, b"\x02" + bytes(4) + b"\xf8")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        pytest.param(at(0, b"XFSB"), "XFS", id="XFS"),
        pytest.param(at(1024, b"LABELONE"), "an LVM physical volume", id="LVM"),
        pytest.param(at(4086, b"SWAPSPACE2"), "swap space", id="swap"),
        pytest.param(
            patched(bytes(HEAD_BYTES), 65536 + 64, b"_BHRfS_M"), "Btrfs", id="Btrfs"
        ),
        pytest.param(EXT, "ext2, ext3 or ext4", id="ext"),
        pytest.param(FAT, "FAT", id="FAT"),
    ],
)
def test_a_file_system_on_the_whole_disk_is_named(head: bytes, name: str) -> None:
    header = read_disk(head)
    assert header.detected == "raw-filesystem"
    assert header.is_importable
    assert f"{name} on the whole disk" in header.notes[0]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(patched(EXT, 1024 + 24, b"\x07"), id="block size"),
        pytest.param(patched(EXT, 1024 + 60, b"\0"), id="on errors: 0"),
        pytest.param(patched(EXT, 1024 + 60, b"\x04"), id="on errors: 4"),
        pytest.param(EXT[:1085], id="cut short"),
    ],
)
def test_two_bytes_alone_make_no_ext(head: bytes) -> None:
    assert read_disk(head).detected == "unknown"
