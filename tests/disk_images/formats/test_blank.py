"""A container whose disk nobody has written to says so, as a raw disk of zeros does."""

from pathlib import Path

import pytest
from disk_images.formats.types import BLANK
from disk_images.survey import inspect_file
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


@pytest.mark.parametrize("form", ["raw", "qcow2"])
def test_a_look_into_a_disk_of_zeros_says_so(tmp_path: Path, form: str) -> None:
    empty = converted(tmp_path, b"", "-O", form)
    with empty.open("rb") as file:
        found = inspect_file(file).findings
    assert (found.os_type.why_not, found.notes) == (BLANK, (BLANK,))
