"""Heads of programs: as much as tells their processor."""

import struct


def elf(machine: int, *, bits: int = 64, big: bool = False) -> bytes:
    head = b"\x7fELF" + bytes([bits // 32, 2 if big else 1]) + bytes(10)
    return head + struct.pack(">HH" if big else "<HH", 2, machine)


def pe(machine: int, at: int = 128) -> bytes:
    head = b"MZ" + bytes(58) + struct.pack("<I", at)
    return head.ljust(at, b"\0") + b"PE\0\0" + struct.pack("<H", machine)
