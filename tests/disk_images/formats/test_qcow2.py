import struct

import pytest
from disk_bytes import patched, read_disk
from disk_images.formats.detect import Header
from disk_images.formats.types import FormatError
from specimens import load

BY_NAME = {specimen.name: specimen for specimen in load()}
V3 = BY_NAME["qcow2-v3"]
V2 = BY_NAME["qcow2-v2"]


def u32(value: int) -> bytes:
    return struct.pack(">I", value)


def u64(value: int) -> bytes:
    return struct.pack(">Q", value)


def read(head: bytes) -> Header:
    return read_disk(head, size=V3.object_size_bytes)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (4, u32(0), "version is 0, expected 2 or 3"),
        (4, u32(4), "version is 4, expected 2 or 3"),
        (8, u64(65530), "12 bytes at 65,530, expected at most 1,023"),
        (20, u32(8), "cluster_bits is 8, expected 9 to 21"),
        (20, u32(22), "cluster_bits is 22, expected 9 to 21"),
        (24, u64(1 << 63), "expected less than 2^63"),
        (24, u64(20 << 30), "l1_size is 20, expected 40 to 4,194,304"),
        (32, u32(3), "crypt_method is 3, expected 0, 1 or 2"),
        (36, u32(19), "l1_size is 19, expected 20 to"),
        (36, u32(0x400001), "l1_size is 4,194,305, expected 20 to 4,194,304"),
        (36, u32(21), "L1 table ends at byte 196,776, but the object has 196,768"),
        (40, u64(0x30200), "offset of the qcow2 L1 table is 197,120, expected a mult"),
        (48, u64(0x10008), "offset of the qcow2 refcount table is 65,544"),
        (48, u64(0x30000), "refcount table ends at byte 262,144"),
        (56, u32(0), "refcount_table_clusters is 0, expected 1 to 128"),
        (56, u32(129), "refcount_table_clusters is 129, expected 1 to 128"),
        (60, u32(65537), "nb_snapshots is 65537, expected at most 65,536"),
        (64, u64(1), "offset of the qcow2 snapshot table is 1"),
        (64, u64(1 << 63), "table is 9,223,372,036,854,775,808, expected a multiple"),
        (96, u32(7), "refcount_order is 7, expected 0 to 6"),
        (100, u32(103), "header_length is 103, expected 104 to 65,536"),
        (100, u32(65537), "header_length is 65537"),
        (104, b"\x01", "compression_type is 1, expected 0"),
        (104, b"\x07", "compression_type is 7, expected 0"),
        (79, b"\x08", "compression_type is 0, expected 1"),
        (116, u32(65536), "header extension is 65,536 bytes long, expected at most"),
    ],
)
def test_a_field_beyond_its_limits_is_named(
    offset: int, value: bytes, message: str
) -> None:
    head = patched(V3.head, 16, u32(12))  # a name's length, which 0 at 8 leaves unused
    with pytest.raises(FormatError) as caught:
        read(patched(head, offset, value))
    assert message in str(caught.value)


def test_a_snapshot_table_beyond_the_end_is_seen() -> None:
    head = patched(V3.head, 60, u32(1) + u64(1 << 30))
    with pytest.raises(FormatError, match="snapshot table ends at byte 1,073,741,825"):
        read(head)


@pytest.mark.parametrize(
    ("length", "needed"), [(7, 8), (8, 72), (71, 72), (72, 104), (103, 104), (104, 105)]
)
def test_a_header_cut_off_says_how_much_was_expected(length: int, needed: int) -> None:
    with pytest.raises(FormatError) as caught:
        read(V3.head[:length])
    message = f"ends after {length} bytes, expected at least {needed};"
    assert message in str(caught.value)


def test_version_2_is_refused_if_what_follows_looks_like_features() -> None:
    header = read(patched(V2.head, 72, bytes(7) + b"\x1f" + bytes(24)))
    assert header.detected == "qcow2-v2"
    assert "other readers take for features" in (header.problem or "")


def test_a_header_of_104_bytes_is_compressed_with_zlib() -> None:
    head = patched(V3.head, 100, u32(104))
    assert read(patched(head, 104, bytes(8))).is_importable


@pytest.mark.parametrize(
    ("features", "problem", "fix"),
    [
        (0x01, "it was not closed", "qemu-img check -r all {source}"),
        (0x02, "it is marked as corrupt", "qemu-img check -r all {source}"),
        (
            0x04,
            "its data are in another file, (not named)",
            "qemu-img convert -f qcow2",
        ),
        (0x20, "features that are not known: bit 5", None),
        (0x04 | 1 << 63, "not known: bit 63; its data are in another", "qemu-img conv"),
    ],
)
def test_an_incompatible_feature_is_refused(
    features: int, problem: str, fix: str | None
) -> None:
    header = read(patched(V3.head, 72, u64(features)))
    assert problem in (header.problem or "")
    assert (header.fix or "").startswith(fix or "")
    assert (header.fix is None) == (fix is None)


def test_an_unknown_feature_is_called_as_the_file_calls_it() -> None:
    head = patched(V3.head, 72, u64(1 << 7 | 1 << 8))
    table = b"\0\x07" + b"time travel".ljust(46, b"\0") + b"\x01\x08compatible" + b"\0"
    extension = u32(0x6803F857) + u32(len(table)) + table
    header = read(patched(head, 112, extension))
    assert "not known: bit 7 ('time travel'), bit 8" in (header.problem or "")


def test_subclusters_are_refused_with_the_command_that_removes_them() -> None:
    fix = "qemu-img convert -f qcow2 -O qcow2 {source} {target}.qcow2"
    assert BY_NAME["qcow2-extended-l2"].read().fix == fix


def test_an_odd_size_counts_in_whole_sectors() -> None:
    assert read(patched(V3.head, 24, u64(1000))).virtual_size_bytes == 512


def test_a_name_from_the_file_is_escaped() -> None:
    head = patched(V2.head, 8, u64(300) + u32(6))
    header = read(patched(head, 300, b"a\n\x1b[\xffb"))
    assert r"backing file 'a\n\x1b[�b'" in (header.problem or "")


def test_a_backing_file_is_one_even_without_a_name() -> None:
    header = read(patched(V2.head, 8, u64(300)))
    assert "backing file (not named)" in (header.problem or "")


def test_extensions_end_where_the_head_ends() -> None:
    assert read(V3.head[:116]).is_importable


def test_an_extension_may_reach_beyond_the_head() -> None:
    assert read(V3.head[:200]).is_importable


def test_snapshots_are_noted() -> None:
    assert "not its snapshots (1)" in BY_NAME["qcow2-snapshots"].read().notes[0]


def test_zstd_is_noted() -> None:
    assert "compressed with zstd" in BY_NAME["qcow2-zstd"].read().notes[0]


@pytest.mark.parametrize("name", ["qcow2-luks", "qcow2-aes"])
def test_an_encrypted_image_is_fixed_with_its_passphrase(name: str) -> None:
    assert "encrypt.key-secret=key" in (BY_NAME[name].read().fix or "")
