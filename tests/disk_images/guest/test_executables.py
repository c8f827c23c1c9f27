"""The processor of a program, with real programs and `file` as the oracle."""

import subprocess
import sys
from pathlib import Path

import pytest
from disk_images.guest.executables import PROGRAM_BYTES, architecture_of
from program_bytes import elf, pe


@pytest.mark.parametrize(
    ("program", "architecture"),
    [
        (elf(62), "x86_64"),
        (elf(62, bits=32), "x86_64"),
        (elf(3, bits=32), "i386"),
        (elf(183), "arm64"),
        (elf(40, bits=32), "unsupported"),
        (elf(243), "unsupported"),
        (elf(21, big=True), "unsupported"),
        (elf(183, big=True), "unsupported"),
        (elf(258), "unsupported"),
        (pe(0x8664), "x86_64"),
        (pe(0x14C), "i386"),
        (pe(0xAA64), "arm64"),
        (pe(0x1C4), "unsupported"),
    ],
)
def test_a_header_tells_the_processor(program: bytes, architecture: str) -> None:
    assert architecture_of(program) == architecture


@pytest.mark.parametrize("program", [elf(62), pe(0x8664)], ids=["ELF", "PE"])
def test_a_truncated_header_tells_nothing(program: bytes) -> None:
    assert {architecture_of(program[:n]) for n in range(len(program))} == {None}


@pytest.mark.parametrize(
    "program", [b"#!/bin/sh\n", pe(0x8664, at=64)[:60] + b"\xff\xff\xff\xff", bytes(99)]
)
def test_what_is_no_program_tells_nothing(program: bytes) -> None:
    assert architecture_of(program) is None


@pytest.mark.needs("file")
def test_this_python_is_for_the_processor_that_file_names() -> None:
    program = Path(sys.executable).resolve()
    said = subprocess.run(
        ["file", "-b", str(program)], capture_output=True, text=True, check=True
    ).stdout
    by_name = {"x86-64": "x86_64", "ARM aarch64": "arm64", "Intel 80386": "i386"}
    expected = {value for name, value in by_name.items() if name in said}
    with program.open("rb") as file:
        assert {architecture_of(file.read(PROGRAM_BYTES))} == expected
