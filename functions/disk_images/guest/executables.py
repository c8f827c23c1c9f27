"""For which processor a program is made: its ELF or PE header.

Sources, read 2026-11:
    System V ABI, "Object Files", ELF header; e_machine values of Linux,
    include/uapi/linux/elf-em.h.
    Microsoft, "PE Format", COFF File Header and Machine Types.
"""

import struct

PROGRAM_BYTES = 4096
"""As much of a program as its headers need."""

UNSUPPORTED = "unsupported"
"""A processor that no cloud has."""

# ELF:  0-3 magic, 4 class (1: 32 bits, 2: 64 bits), 5 byte order (1: little, 2: big),
#       18-19 machine
_ELF_MAGIC = b"\x7fELF"
_BY_ELF = {
    (3, 1): "i386",
    (6, 1): "i386",
    (62, 2): "x86_64",
    # x32: 64-bit machine with 32-bit pointers.
    (62, 1): "x86_64",
    (183, 2): "arm64",
}

# PE:   0-1 "MZ", 60-63 offset of the signature; there "PE\0\0", then 2 bytes machine
_BY_PE = {0x014C: "i386", 0x8664: "x86_64", 0xAA64: "arm64"}


def architecture_of(program: bytes) -> str | None:
    """Return the architecture: `x86_64`, `arm64` or `i386`.

    Args:
        program: Its first bytes, up to PROGRAM_BYTES.

    Returns:
        `UNSUPPORTED` for any other processor; None if it is no program.
    """
    if program.startswith(_ELF_MAGIC):
        return _of_elf(program)
    if program.startswith(b"MZ"):
        return _of_pe(program)
    return None


def _of_elf(program: bytes) -> str | None:
    if len(program) < 20:
        return None
    order = {1: "<", 2: ">"}.get(program[5])
    if order is None:
        return None
    (machine,) = struct.unpack_from(f"{order}H", program, 18)
    known = _BY_ELF.get((machine, program[4])) if order == "<" else None
    return known or UNSUPPORTED


def _of_pe(program: bytes) -> str | None:
    if len(program) < 64:
        return None
    (at,) = struct.unpack_from("<I", program, 60)
    if at > len(program) - 6 or program[at : at + 4] != b"PE\0\0":
        return None
    (machine,) = struct.unpack_from("<H", program, at + 4)
    return _BY_PE.get(machine, UNSUPPORTED)
