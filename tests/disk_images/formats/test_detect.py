import pytest
from disk_bytes import LINUX, gpt, mbr, patched, read_disk, read_whole
from disk_images.formats.detect import Header, fix_command, read_header
from disk_images.formats.types import FormatError
from hypothesis import given, settings
from hypothesis import strategies as st
from image_import.model.disk import DiskFormat
from repository import DATA
from specimens import Specimen, load

SPECIMENS = load()
BY_NAME = {specimen.name: specimen for specimen in SPECIMENS}
FORMATS = {"qcow2": DiskFormat.QCOW2, "vpc": DiskFormat.VHD, "raw": DiskFormat.RAW}

each_specimen = pytest.mark.parametrize(
    "specimen", SPECIMENS, ids=[specimen.name for specimen in SPECIMENS]
)


@each_specimen
def test_each_image_of_qemu_img_is_recognised(specimen: Specimen) -> None:
    header = specimen.read()
    assert header.detected == specimen.detected
    assert header.format == FORMATS.get(specimen.driver)


@each_specimen
def test_the_virtual_size_is_the_one_that_qemu_img_said(specimen: Specimen) -> None:
    # A VHDX has its size after its first MiB, which nobody fetches for a refusal.
    expected = None if specimen.driver == "vhdx" else specimen.virtual_size_bytes
    assert specimen.read().virtual_size_bytes == expected


@each_specimen
def test_what_cannot_be_imported_says_why(specimen: Specimen) -> None:
    header = specimen.read()
    assert header.is_importable == (not specimen.refused)
    assert specimen.refused in (header.problem or "")


WITH_HEADER = [s for s in SPECIMENS if s.detected not in {"vhd-fixed", "all-zeros"}]


@pytest.mark.parametrize("specimen", WITH_HEADER, ids=[s.name for s in WITH_HEADER])
def test_an_object_cut_short_is_never_importable(specimen: Specimen) -> None:
    signature_end = 80 if specimen.detected == "vdi" else 8
    longest = min(len(specimen.head), specimen.object_size_bytes - 1)
    for length in range(signature_end, longest):
        header = outcome(specimen.head[:length])
        assert header is None or not header.is_importable, length


def outcome(data: bytes) -> Header | None:
    """Return what a whole object is, None if it is damaged."""
    try:
        return read_whole(data)
    except FormatError:
        return None


def test_no_specimen_lies_unused() -> None:
    folder = DATA / "headers"
    used = {f"{name}.{end}" for name in BY_NAME for end in ("head", "tail")}
    used |= {f"{name}.xz" for name, specimen in BY_NAME.items() if specimen.kept_as}
    assert {path.name for path in folder.iterdir()} == used | {"specimens.json"}


def test_an_object_without_bytes_is_empty() -> None:
    header = read_header(b"", b"", object_size_bytes=0)
    assert (header.detected, header.format) == ("empty", None)
    assert header.problem == "it holds no bytes at all"


def test_raw_is_what_nothing_else_claims() -> None:
    header = read_disk(bytes(range(256)) * 16, size=1000)
    assert (header.detected, header.format) == ("unknown", DiskFormat.RAW)
    assert header.is_guess
    assert header.is_importable
    assert header.virtual_size_bytes == 1024
    assert "no whole number of 512-byte sectors" in header.notes[0]


def test_what_has_a_signature_is_no_guess() -> None:
    assert not read_disk(gpt(LINUX)).is_guess


QCOW2 = BY_NAME["qcow2-v3"].head
VHD_TAIL = BY_NAME["vhd-fixed"].tail
ISO_HEAD = patched(bytes(34816), 32769, b"CD001")
DMG_TAIL = b"koly\0\0\0\4\0\0\2\0".ljust(512, b"\0")


@pytest.mark.parametrize(
    ("head", "tail", "names"),
    [
        pytest.param(QCOW2, VHD_TAIL, "qcow2 and VHD", id="qcow2, VHD footer"),
        pytest.param(QCOW2, DMG_TAIL, "qcow2 and DMG", id="qcow2, DMG trailer"),
        pytest.param(
            patched(ISO_HEAD, 0, QCOW2), b"", "qcow2 and ISO 9660", id="qcow2, ISO"
        ),
        pytest.param(
            patched(QCOW2, 64, b"\x7f\x10\xda\xbe"),
            b"",
            "qcow2 and VDI",
            id="qcow2, VDI",
        ),
        pytest.param(
            patched(QCOW2, 510, b"\x55\xaa"),
            b"",
            "qcow2 and a disk with a boot record",
            id="qcow2, MBR",
        ),
        pytest.param(
            b"\x1f\x8b\x08" + bytes(1000),
            VHD_TAIL,
            "VHD and gzip",
            id="gzip, VHD footer",
        ),
        pytest.param(
            patched(QCOW2, 257, b"ustar"), b"", "qcow2 and tar", id="qcow2, tar"
        ),
        pytest.param(ISO_HEAD, VHD_TAIL, "VHD and ISO 9660", id="ISO, VHD footer"),
    ],
)
def test_two_formats_at_once_are_refused(head: bytes, tail: bytes, names: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_disk(head, tail=tail)
    assert f"the object is {names} at once" in str(caught.value)


def test_a_bootable_iso_is_an_iso() -> None:
    header = read_disk(patched(ISO_HEAD, 0, mbr()))
    assert header.detected == "iso9660"
    assert "install from it on a new disk" in (header.problem or "")


def test_a_dmg_may_start_with_a_packed_block() -> None:
    tail = patched(DMG_TAIL, 492, (2048).to_bytes(8, "big"))
    header = read_disk(b"BZh91AY&SY" + bytes(1000), tail=tail)
    assert header.detected == "dmg"
    assert header.virtual_size_bytes == 2048 * 512


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("a/disk.vmdk", "convert disk.vmdk disk.qcow2"),
        ("disk.qcow2", "convert disk.qcow2 disk-new.qcow2"),
        ("disk", "convert disk disk-new.qcow2"),
        (".qcow2", "convert .qcow2 .qcow2-new.qcow2"),
        ("my disk.vhd", "convert 'my disk.vhd' 'my disk'.qcow2"),
        ("$(reboot).vhd", "convert '$(reboot).vhd' '$(reboot)'.qcow2"),
        ("-x.{source}.vhd", "convert './-x.{source}.vhd' './-x.{source}'.qcow2"),
        ("folder/", "convert image image-new.qcow2"),
    ],
)
def test_a_fix_names_the_file_and_never_overwrites_it(key: str, command: str) -> None:
    assert fix_command("convert {source} {target}.qcow2", key) == command


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("disk.raw.gz", "gzip -dc disk.raw.gz > disk.raw"),
        ("disk", "gzip -dc disk > disk-new"),
    ],
)
def test_unpacking_drops_the_last_extension(key: str, command: str) -> None:
    assert fix_command("gzip -dc {source} > {target}", key) == command


def survives(head: bytes, tail: bytes, size: int) -> None:
    """Read; anything but a header or a FormatError fails the test."""
    try:
        header = read_header(head, tail, object_size_bytes=size)
    except FormatError:
        return
    assert isinstance(header, Header)
    str(header).encode()


changes = st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=8)


def with_changes(data: bytes, places: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for place, value in places:
        changed[place % len(changed)] = value
    return bytes(changed)


@settings(deadline=None, max_examples=500)
@given(specimen=st.sampled_from(SPECIMENS), in_head=changes, in_tail=changes)
def test_a_changed_image_ends_in_a_header_or_an_error(
    specimen: Specimen,
    in_head: list[tuple[int, int]],
    in_tail: list[tuple[int, int]],
) -> None:
    head = with_changes(specimen.head, in_head)
    tail = with_changes(specimen.tail, in_tail)
    survives(head, tail, specimen.object_size_bytes)


@settings(deadline=None, max_examples=300)
@given(specimen=st.sampled_from(SPECIMENS), at=st.integers(0, 120), data=st.binary())
def test_a_rewritten_header_ends_in_a_header_or_an_error(
    specimen: Specimen, at: int, data: bytes
) -> None:
    survives(patched(specimen.head, at, data), specimen.tail, 1 << 34)


@settings(deadline=None)
@given(head=st.binary(), tail=st.binary(max_size=512), size=st.integers(0, 1 << 62))
def test_any_bytes_end_in_a_header_or_an_error(
    head: bytes, tail: bytes, size: int
) -> None:
    survives(head, tail, size)
