"""Whether a Linux has the drivers of an ECS instance's disks and network.

Sources, read 2026-11:
    "Check whether an image meets the import requirements", ECS documentation: virtio
    and NVMe.
    modules.dep(5), kmod; Linux, Documentation/kbuild/kbuild.rst: modules.builtin.
    initramfs.conf(5), initramfs-tools: MODULES=most has the virtio drivers, dep only
    those of the machine that made it. dracut.conf(5): hostonly, add_drivers.
    Linux, Documentation/driver-api/early-userspace/buffer-format.rst: the cpio.

Room: core.
"""

import re
from collections.abc import Iterable

DRIVERS = {"virtio": ("virtio_blk", "virtio_scsi"), "nvme": ("nvme",)}
"""A disk driver, of which one is enough; virtio_blk is what ECS shows."""

_NAME = re.compile(
    r"(?:^|/)(\w[\w-]*)\.ko(?:\.(?:xz|zst|gz|bz2))?(?=[:\s]|$)", re.MULTILINE
)


def modules_in(text: str) -> set[str]:
    """Return the modules that modules.dep or modules.builtin lists.

    In modules.dep the names of what a module needs stand on its line, too: those
    modules are there as well.
    """
    return {name.replace("-", "_") for name in _NAME.findall(text)}


def has_driver(modules: Iterable[str], driver: str) -> bool:
    """Whether one of the modules of a driver is among these."""
    return not set(DRIVERS[driver]).isdisjoint(modules)


def initramfs_tools_say(conf: str, modules: str) -> bool | None:
    """Return whether an initramfs of initramfs-tools has virtio, None if unknown.

    Args:
        conf: /etc/initramfs-tools/initramfs.conf.
        modules: /etc/initramfs-tools/modules.
    """
    listed = {
        line.split()[0].replace("-", "_")
        for line in modules.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    }
    if "virtio_blk" in listed:
        return True
    found = re.findall(r"^\s*MODULES\s*=\s*\"?(\w+)", conf, re.MULTILINE)
    return True if found and found[-1] == "most" else None


def dracut_says(configurations: Iterable[str]) -> bool | None:
    """Return whether an initramfs of dracut has virtio, None if unknown.

    Without hostonly="no" and without virtio_blk among the added drivers it has what
    the machine needed that made it.
    """
    for text in configurations:
        lines = [ln for ln in text.splitlines() if not ln.lstrip().startswith("#")]
        for line in lines:
            name, _, value = line.strip().partition("=")
            name, value = name.rstrip("+ "), value.strip("\"' ")
            if name == "hostonly" and value == "no":
                return True
            if name in {"add_drivers", "force_drivers"} and "virtio_blk" in re.split(
                r"[\s\"']+", value.replace("-", "_")
            ):
                return True
    return None


# newc:  0-5 "070701", then thirteen fields of 8 hex digits; the 7th is the file's
#        size, the 12th the name's with its NUL; header and name, and data, are padded
#        to 4 bytes
_CPIO_MAGIC = b"070701"
_CPIO_HEADER = 110


def names_in_cpio(archive: bytes) -> tuple[list[str], bytes]:
    """Return the names at the beginning of an archive, and what follows it.

    What follows an early cpio (microcode) is the compressed main one. Where the bytes
    end in the middle of the archive, nothing follows.
    """
    names: list[str] = []
    at = 0
    while archive.startswith(_CPIO_MAGIC, at) and at + _CPIO_HEADER <= len(archive):
        try:
            size = int(archive[at + 54 : at + 62], 16)
            name_size = int(archive[at + 94 : at + 102], 16)
        except ValueError:
            break
        begin = at + _CPIO_HEADER
        if begin + name_size > len(archive):
            break
        name = archive[begin : begin + max(name_size - 1, 0)].decode("utf-8", "replace")
        at = _padded(_padded(begin + name_size) + size)
        if name == "TRAILER!!!":
            return names, archive[at:].lstrip(b"\0")
        names.append(name)
    return names, b""


def _padded(at: int) -> int:
    return -(-at // 4) * 4


def compression_of(data: bytes) -> str:
    """Return how the main part of an initramfs is packed, "" if it is not told."""
    magics = {
        b"\x1f\x8b": "gzip", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd",
        b"\x02\x21\x4c\x18": "lz4", b"BZh": "bzip2", b"\x5d\x00\x00": "lzma",
        b"\x89LZO": "lzo",
    }  # fmt: skip
    return next((name for magic, name in magics.items() if data.startswith(magic)), "")
