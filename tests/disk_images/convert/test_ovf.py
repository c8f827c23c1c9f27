"""What a machine's descriptor says, and what no exporter would write."""

import pytest
from disk_images.blocks.source import CannotTellError
from disk_images.convert.ovf import label_of, read_manifest, read_ovf
from made_ovf import ovf

GIB = 1 << 30


def test_slots_are_numbers_and_empty_disks_are_left_out() -> None:
    machine = read_ovf(ovf(("d1", "b", 10), ("d2", "a", 2), ("d3", "", 0)))
    assert [disk.file_name for disk in machine.disks] == ["a", "b"]
    assert [disk.place for disk in machine.disks] == [
        "SCSI 0, slot 2",
        "SCSI 0, slot 10",
    ]
    assert machine.empty_disks == ("d3",)
    assert machine.disks[0].capacity_bytes == 8 * GIB


def test_firmware_and_system_are_evidence() -> None:
    machine = read_ovf(ovf(("d1", "a", 0)))
    assert (machine.firmware, machine.system) == ("UEFI", "debian11_64Guest")


def test_a_packed_file_and_one_in_chunks_are_seen() -> None:
    said = 'ovf:compression="gzip" ovf:chunkSize="1048576"'
    (disk,) = read_ovf(ovf(("d1", "a", 0), file_says=said)).disks
    assert disk.is_gzip
    assert disk.chunk_bytes == 1 << 20


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "type"),
        ("<!DOCTYPE a []><Envelope/>".encode("utf-16"), "document type"),
        (b"<Envelope>" + bytes(5 << 20), "at most"),
        (b"<Envelope>", "no XML"),
        (b'<?xml version="1.0" encoding="no-such"?><Envelope/>', "no XML"),
        (b"<Other/>", "an Envelope"),
        (b"<Envelope/>", "no machine"),
        (ovf(("d1", "a", 0), systems=2), "2 machines"),
        (ovf(("d1", "a", 0), disk_says='ovf:parentRef="d0"'), "snapshot"),
        (ovf(("d1", "a", 0), file_says='ovf:compression="bzip2"'), "bzip2"),
    ],
)
def test_what_is_no_machine_s_description_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(CannotTellError, match=why):
        read_ovf(data)


def test_a_manifest_of_either_line_end_is_read() -> None:
    data = b"SHA1(a.ovf)= " + b"0" * 40 + b"\r\nSHA256 (b.vmdk) = " + b"F" * 64 + b"\n"
    assert read_manifest(data) == {
        "a.ovf": ("sha1", "0" * 40),
        "b.vmdk": ("sha256", "f" * 64),
    }


def test_a_manifest_that_is_none_is_damage() -> None:
    with pytest.raises(CannotTellError, match="no digest"):
        read_manifest(b"SHA1(a)= 123\n")


def test_a_disk_s_file_is_a_label() -> None:
    assert label_of("../../etc/passwd") == "passwd"
    with pytest.raises(CannotTellError, match="same archive"):
        label_of("http://web/a.vmdk")
