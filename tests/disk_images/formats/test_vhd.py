import struct

import pytest
from disk_bytes import (
    DISK_BYTES,
    ESP,
    LINUX,
    gpt,
    mbr,
    mbr_entry,
    patched,
    read_disk,
    vhd_checked,
)
from disk_images.formats.detect import Header, read_header
from disk_images.formats.types import FormatError
from image_import.model.disk import DiskFormat
from specimens import load

BY_NAME = {specimen.name: specimen for specimen in load()}
FIXED = BY_NAME["vhd-fixed"]
DYNAMIC = BY_NAME["vhd-dynamic"]
GIB = 1024**3


def footer(
    disk_type: int = 2,
    *,
    size: int = DISK_BYTES,
    creator: bytes = b"win ",
    geometry: tuple[int, int, int] = (963, 8, 17),
    data_offset: int = 0xFFFFFFFFFFFFFFFF,
) -> bytes:
    start = struct.pack(">8sIIQI", b"conectix", 2, 0x10000, data_offset, 0)
    middle = struct.pack(">4sI4sQQ", creator, 0xA0000, b"Wi2k", size, size)
    end = struct.pack(">HBBII", *geometry, disk_type, 0)
    return vhd_checked((start + middle + end).ljust(512, b"\0"), 64)


def sparse(
    *,
    cookie: bytes = b"cxsparse",
    table: int = 1536,
    entries: int = DISK_BYTES // 2097152,
    block: int = 2097152,
    parent: str = "",
) -> bytes:
    start = struct.pack(
        ">8sQQIII", cookie, 0xFFFFFFFFFFFFFFFF, table, 0x10000, entries, block
    )
    name = parent.encode("utf-16-be")
    return vhd_checked((start.ljust(64, b"\0") + name).ljust(1024, b"\0"), 36)


def read_fixed(content: bytes, tail: bytes) -> Header:
    return read_disk(content, tail=tail, size=DISK_BYTES + 512)


def read_dynamic(
    first: bytes, header: bytes, *, last: bytes | None = None, size: int = 1 << 20
) -> Header:
    tail = first if last is None else last
    return read_header(first + header, tail, object_size_bytes=size)


def test_fixed_vhd_is_found_by_its_footer() -> None:
    header = read_fixed(bytes(4096), footer())
    assert (header.detected, header.format) == ("vhd-fixed", DiskFormat.VHD)
    assert header.virtual_size_bytes == DISK_BYTES
    assert header.is_importable


def test_a_fixed_vhd_shows_its_partitions() -> None:
    header = read_fixed(gpt(ESP, LINUX), footer())
    assert header.has_esp is True
    assert header.boot_hint == "UEFI"


def test_a_fixed_vhd_with_a_bad_partition_table_is_refused() -> None:
    table = mbr(mbr_entry(0x83, 2048, 2048, flag=0x42))
    header = read_fixed(table, footer())
    assert "boot flag 0x42" in (header.problem or "")


def test_the_footer_is_no_part_of_the_disk() -> None:
    content = b"\0" * 400 + b"x" * 112
    header = read_header(
        content + footer(size=512), footer(size=512), object_size_bytes=1024
    )
    assert header.detected == "vhd-fixed"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (-1, "67,109,376 were expected, but the object has 67,109,375"),
        (512, "the object has 67,109,888; upload it again"),
    ],
    ids=["short", "long"],
)
def test_a_fixed_vhd_is_its_disk_and_a_footer_long(change: int, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_disk(bytes(512), tail=footer(), size=DISK_BYTES + 512 + change)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("creator", "geometry", "size"),
    [
        *((name, (963, 8, 17), DISK_BYTES) for name in
          (b"win ", b"qem2", b"d2v ", b"tap\0", b"CTXS", b"wa\0\0")),
        *((name, (963, 8, 17), 963 * 8 * 17 * 512) for name in
          (b"vpc ", b"qemu", b"vbox", b"vs  ", b"tap ")),
        (b"vpc ", (65535, 16, 255), DISK_BYTES),
    ],
)  # fmt: skip
def test_the_creator_says_which_size_counts(
    creator: bytes, geometry: tuple[int, int, int], size: int
) -> None:
    header = read_fixed(bytes(512), footer(creator=creator, geometry=geometry))
    assert header.virtual_size_bytes == size
    differs = any(note.startswith("its geometry means") for note in header.notes)
    assert differs == (size != DISK_BYTES)


# Of a disk exported from Azure; from "vpc: Read images exported from Azure correctly",
# qemu-devel, 18 November 2024.
AZURE = bytes.fromhex(
    "636f6e65637469780000000200010000ffffffffffffffff2ec79b9677610000"
    "000700005769326b0000000140000000000000014000000028a2103f00000002"
    "ffffe7478c54df94bd35714c945fe5444453921a"
).ljust(512, b"\0")


def test_a_footer_that_azure_wrote_is_sound() -> None:
    header = read_disk(bytes(512), tail=AZURE, size=5 * GIB + 512)
    assert header.virtual_size_bytes == 5 * GIB
    assert header.is_importable


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        pytest.param(footer(3), "disk type is 3, expected 2 (fixed)", id="dynamic"),
        pytest.param(
            footer(9), "disk type is 9, expected 2 (fixed)", id="unknown type"
        ),
        pytest.param(
            patched(footer(), 100, b"x"),
            "checksum of the VHD footer is 0x",
            id="checksum",
        ),
        pytest.param(
            footer(size=2041 * GIB), "expected at most 2,040 GiB", id="too large"
        ),
        pytest.param(
            footer()[:300], "VHD footer ends after 300 bytes", id="cut at its end"
        ),
        pytest.param(
            footer()[:60], "VHD footer ends after 60 bytes", id="cut in its fields"
        ),
    ],
)
def test_a_footer_that_is_not_sound_is_named(tail: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_fixed(bytes(512), tail)
    assert message in str(caught.value)


def test_a_vhd_of_no_bytes_is_refused() -> None:
    header = read_fixed(bytes(512), footer(creator=b"vpc ", geometry=(0, 0, 0)))
    assert header.problem == "it holds a disk of 0 bytes"


START = footer(3, data_offset=512)


def test_a_dynamic_vhd_is_known_by_its_first_bytes() -> None:
    header = read_dynamic(START, sparse())
    assert (header.detected, header.format) == ("vhd-dynamic", DiskFormat.VHD)
    assert header.virtual_size_bytes == DISK_BYTES
    assert header.is_importable


def test_a_differencing_vhd_names_its_parent() -> None:
    start = footer(4, data_offset=512)
    header = read_dynamic(start, sparse(parent="C:\\vm\\base.vhd"))
    assert header.detected == "vhd-differencing"
    assert r"its parent 'C:\\vm\\base.vhd'" in (header.problem or "")
    assert "merge it where its parent is (Convert-VHD)" in (header.problem or "")


@pytest.mark.parametrize(
    ("first", "header", "message"),
    [
        pytest.param(footer(2), sparse(), "disk type is 2, expected 3", id="fixed"),
        pytest.param(
            patched(START, 30, b"x"), sparse(), "checksum of the VHD header", id="sum"
        ),
        pytest.param(
            footer(3, data_offset=1 << 40),
            sparse(),
            "dynamic header ends at byte 1,099,511,628,800, but the object",
            id="header beyond the object",
        ),
        pytest.param(
            footer(3, data_offset=70000),
            sparse(),
            "dynamic header is byte 70,000, expected within the first 1,536 bytes",
            id="header beyond the head",
        ),
        pytest.param(
            START, sparse(cookie=b"cxspares"), "expected b'cxsparse'", id="cookie"
        ),
        pytest.param(
            START,
            patched(sparse(), 700, b"x"),
            "checksum of the VHD's dynamic header",
            id="header's checksum",
        ),
        pytest.param(
            START,
            sparse(block=3 << 20),
            "3,145,728, expected a power of two",
            id="block",
        ),
        pytest.param(
            START, sparse(block=256), "block size is 256, expected", id="small block"
        ),
        pytest.param(
            START,
            sparse(entries=31),
            "31 x 2,097,152 bytes, expected enough",
            id="table",
        ),
        pytest.param(
            START, sparse(table=1 << 20), "block table ends at byte", id="table's end"
        ),
    ],
)
def test_a_dynamic_vhd_that_is_not_sound_is_named(
    first: bytes, header: bytes, message: str
) -> None:
    with pytest.raises(FormatError) as caught:
        read_dynamic(first, header)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        pytest.param(
            footer(3, size=GIB, data_offset=512), "unlike its copy", id="another size"
        ),
        pytest.param(
            footer(4, data_offset=512),
            "unlike its copy at the start",
            id="another type",
        ),
    ],
)
def test_a_dynamic_vhd_ends_as_it_starts(last: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_dynamic(START, sparse(), last=last)
    assert message in str(caught.value)


@pytest.mark.parametrize("length", [8, 16, 63, 67, 511])
def test_a_dynamic_vhd_cut_short_says_so(length: int) -> None:
    with pytest.raises(FormatError) as caught:
        read_disk(DYNAMIC.head[:length], size=length)
    assert f"the VHD header ends after {length} bytes" in str(caught.value)
