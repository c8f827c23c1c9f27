"""Registry hives: an empty one after the format's description, filled by hivexregedit.

Source: msuhanov/regf, "Windows registry file format specification", read 2026-11.
"""

import struct
from pathlib import Path

from made_images import run

NEEDS = ("hivexregedit",)
_NONE = 0xFFFFFFFF
_BIN_BYTES = 4096
_ROOT_FLAGS = 0x2C  # hive entry, not to be deleted, name in Latin-1
_OWNER_ONLY = struct.pack("<BBHIIII", 1, 0, 0x8000, 0, 0, 0, 0)


def empty_hive() -> bytes:
    """Return a hive whose root has no key and no value."""
    name = b"ROOT"
    root_at, security_at = 32, 32 + 96
    root = struct.pack(
        "<2sHQIIIIIIIIIIIIIIIHH", b"nk", _ROOT_FLAGS, 0, 0, 0, 0, 0, _NONE, _NONE, 0,
        _NONE, security_at, _NONE, 0, 0, 0, 0, 0, len(name), 0,
    )  # fmt: skip
    links = security_at, security_at, 1, len(_OWNER_ONLY)
    security = struct.pack("<2sHIIII", b"sk", 0, *links) + _OWNER_ONLY
    cells = _cell(root + name, 96) + _cell(security, 48)
    free = _BIN_BYTES - 32 - len(cells)
    bins = struct.pack("<4sIIQQI", b"hbin", 0, _BIN_BYTES, 0, 0, 0) + cells
    bins += struct.pack("<i", free).ljust(free, b"\0")
    head = struct.pack(
        "<4sIIQIIIIIII", b"regf", 1, 1, 0, 1, 5, 0, 1, root_at, _BIN_BYTES, 1
    ).ljust(508, b"\0")
    checksum = 0
    for (word,) in struct.iter_unpack("<I", head):
        checksum ^= word
    return (head + struct.pack("<I", checksum)).ljust(4096, b"\0") + bins


def _cell(content: bytes, size: int) -> bytes:
    return struct.pack("<i", -size) + content.ljust(size - 4, b"\0")


def make_hive(folder: Path, entries: str) -> bytes:
    """Return a hive with what a .reg file says; its keys begin with HIVE."""
    path, patch = folder / "made.hive", folder / "made.reg"
    path.write_bytes(empty_hive())
    patch.write_text(f"Windows Registry Editor Version 5.00\n\n{entries}\n")
    run("hivexregedit", "--merge", "--prefix", "HIVE", path, patch)
    return path.read_bytes()


def system(processor: str, **starts: int) -> str:
    """Return what Windows has in SYSTEM: the processor, and when drivers start."""
    services = "".join(
        f'[HIVE\\ControlSet002\\Services\\{name}]\n"Start"=dword:{start:08x}\n\n'
        for name, start in starts.items()
    )
    manager = "HIVE\\ControlSet002\\Control\\Session Manager"
    return (
        '[HIVE\\Select]\n"Current"=dword:00000002\n\n[HIVE\\ControlSet002]\n\n'
        f"[HIVE\\ControlSet002\\Control]\n\n[{manager}]\n\n[{manager}\\Environment]\n"
        f'"PROCESSOR_ARCHITECTURE"="{processor}"\n\n'
        f"[HIVE\\ControlSet002\\Services]\n\n{services}"
    )


def software(product: str, build: int, version: str = "") -> str:
    """Return what Windows has of itself in SOFTWARE."""
    key = "[HIVE\\Microsoft\\Windows NT\\CurrentVersion]"
    others = "\n\n".join(f"[HIVE\\Microsoft\\Other {n}]" for n in range(300))
    return (
        f"[HIVE\\Microsoft]\n\n[HIVE\\Microsoft\\Windows NT]\n\n{key}\n"
        f'"ProductName"="{product}"\n"CurrentBuildNumber"="{build}"\n'
        f'"DisplayVersion"="{version}"\n\n{others}'
    )
