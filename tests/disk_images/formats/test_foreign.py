import struct

import pytest
from disk_bytes import patched, read_disk, read_whole
from disk_images.formats.types import FormatError
from specimens import load

BY_NAME = {specimen.name: specimen for specimen in load()}
SECTOR = 512


def test_an_extent_of_a_split_vmdk_says_what_to_convert() -> None:
    head = patched(BY_NAME["vmdk-monolithicSparse"].head, 28, bytes(16))
    header = read_disk(head)
    assert "one extent of a VMDK in several files" in (header.problem or "")
    assert header.virtual_size_bytes == 10 * 1024**3


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(struct.pack("<4sIII", b"COWD", 1, 3, 2048), id="COWD"),
        pytest.param(struct.pack("<QQQ", 0xCAFEBABE, 0x200000001, 2048), id="seSparse"),
    ],
)
def test_an_extent_of_esx_is_a_vmdk(head: bytes) -> None:
    header = read_disk(head.ljust(512, b"\0"))
    assert header.detected == "vmdk-esx-sparse"
    assert header.virtual_size_bytes == 2048 * SECTOR
    assert (header.fix or "").startswith("qemu-img convert -f vmdk -O qcow2 DESCRIPTOR")


DESCRIPTOR = b"""# Disk DescriptorFile
version=1
CID=01234567
parentCID=fffffffe
createType="vmfsSparse"
parentFileNameHint="base.vmdk"
RW 2048 VMFSSPARSE "disk-000001-delta.vmdk"
  RW 1024 VMFSSPARSE "disk-000002-delta.vmdk"
RDONLY 4096 ZERO
"""


def test_a_descriptor_adds_up_its_extents() -> None:
    header = read_whole(DESCRIPTOR)
    assert header.detected == "vmdk-descriptor"
    assert header.virtual_size_bytes == 3072 * SECTOR
    assert "(vmfsSparse, parent 'base.vmdk')" in (header.problem or "")


def test_a_descriptor_that_is_not_seen_whole_has_no_size() -> None:
    header = read_disk(DESCRIPTOR)
    assert header.detected == "vmdk-descriptor"
    assert header.virtual_size_bytes is None


def test_a_descriptor_needs_no_first_line() -> None:
    header = read_whole(DESCRIPTOR.partition(b"\n")[2])
    assert header.detected == "vmdk-descriptor"


def test_a_descriptor_need_not_name_its_kind() -> None:
    header = read_whole(b"# disk descriptorfile\nversion=1\n")
    assert "a VMDK (no createType)" in (header.problem or "")


def test_a_vdi_is_rounded_up_to_whole_sectors() -> None:
    head = patched(BY_NAME["vdi-dynamic"].head, 368, struct.pack("<Q", 513))
    assert read_disk(head).virtual_size_bytes == 1024


def test_the_older_parallels_disk_has_a_short_count() -> None:
    head = b"WithoutFreeSpace".ljust(36, b"\0") + struct.pack("<II", 2048, 7)
    header = read_disk(head.ljust(64, b"\0"))
    assert header.detected == "parallels"
    assert header.virtual_size_bytes == 2048 * SECTOR


def test_luks_version_2_is_opened_with_cryptsetup() -> None:
    header = read_disk(b"LUKS\xba\xbe\0\x02".ljust(512, b"\0"))
    assert "encrypted (LUKS version 2)" in (header.problem or "")
    assert "open it with cryptsetup" in (header.problem or "")


def test_a_luks_volume_shorter_than_its_keys_is_truncated() -> None:
    luks = BY_NAME["luks"].head
    with pytest.raises(FormatError, match="LUKS header and its keys ends at byte"):
        read_whole(luks)


def test_an_android_sparse_image_is_unfolded_with_simg2img() -> None:
    head = struct.pack("<IHHHHII", 0xED26FF3A, 1, 0, 28, 12, 4096, 100)
    header = read_disk(head.ljust(512, b"\0"))
    assert header.detected == "android-sparse"
    assert header.virtual_size_bytes == 4096 * 100
    assert header.fix == "simg2img {source} {target}.raw"


def test_the_trailer_of_a_dmg_may_be_cut_short() -> None:
    tail = b"koly\0\0\0\4\0\0\2\0"
    with pytest.raises(FormatError, match="the trailer of the DMG ends after 12 bytes"):
        read_disk(bytes(100), tail=tail)
