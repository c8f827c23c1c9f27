"""A container whose disk nobody has written to says so, as a raw disk of zeros does."""

from pathlib import Path

import pytest
from disk_images.formats.types import BLANK
from made_images import MIB, run
from specimens import read_file

OPTIONS = {
    "fixed": ("-O", "vpc", "-o", "subformat=fixed,force_size=on"),
    "dynamic": ("-O", "vpc", "-o", "subformat=dynamic,force_size=on"),
}
pytestmark = pytest.mark.needs("qemu-img")


def converted(folder: Path, data: bytes, *options: str) -> Path:
    source, target = folder / "source.raw", folder / "target"
    source.write_bytes(data.ljust(4 * MIB, b"\0"))
    run("qemu-img", "convert", "-f", "raw", *options, source, target)
    return target


@pytest.mark.parametrize("subformat", OPTIONS)
def test_a_vhd_of_zeros_has_no_system(tmp_path: Path, subformat: str) -> None:
    header = read_file(converted(tmp_path, b"", *OPTIONS[subformat]))
    assert header.detected == f"vhd-{subformat}"
    assert BLANK in header.notes


@pytest.mark.parametrize("subformat", OPTIONS)
def test_a_vhd_with_a_first_sector_is_not_blank(tmp_path: Path, subformat: str) -> None:
    header = read_file(converted(tmp_path, b"\xeb", *OPTIONS[subformat]))
    assert BLANK not in header.notes


@pytest.mark.parametrize(
    "options", [(), ("-o", "cluster_size=4096"), ("-o", "compat=0.10")], ids=str
)
def test_a_qcow2_without_data_is_noted(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    empty = read_file(converted(tmp_path, b"", "-O", "qcow2", *options))
    assert any(note.startswith("no cluster of it holds data") for note in empty.notes)
    full = read_file(converted(tmp_path, b"\xeb", "-O", "qcow2", *options))
    assert not any(note.startswith("no cluster") for note in full.notes)


def test_a_packed_qcow2_has_data(tmp_path: Path) -> None:
    packed = converted(tmp_path, b"\xeb", "-c", "-O", "qcow2")
    assert not any(note.startswith("no cluster") for note in read_file(packed).notes)
