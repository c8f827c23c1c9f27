"""How a system finds its root file system: fstab(5) and the kernel's command line.

The disks of a virtual machine are mostly virtio: /dev/vda, /dev/vdb ...; a system that
looks for /dev/sda1 does not find it there.

Source: systemd, rules.d/60-persistent-storage.rules: by-id and by-path; Linux,
drivers/block/virtio_blk.c, virtblk_probe: the name vd; read 2026-11.
"""

import re
from dataclasses import dataclass

LONGEST_REFERENCE = 200

_ROOT = re.compile(r"(?<![\w.])root=(\"[^\"]*\"|[^\s\"']+)")
_PLAIN_DISK = re.compile(r"/dev/(?:sd|hd|xvd|vd|nvme)\w*")
# Names that udev makes of the hardware: of a disk's model, of the slot it is in.
_OF_THE_HARDWARE = re.compile(r"/dev/disk/by-(?:path/|id/(?:ata|scsi|usb|nvme|wwn)-)")
_FIRST_OF_VIRTIO = re.compile(r"/dev/vda\d*")


@dataclass(frozen=True, kw_only=True, slots=True)
class FstabEntry:
    """A line of fstab(5)."""

    device: str
    folder: str
    kind: str
    options: str = ""


def fstab_entries(text: str) -> list[FstabEntry]:
    """Return the lines of an fstab that mount something."""
    entries = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 3 and not fields[0].startswith("#"):
            device, folder, kind = fields[:3]
            options = fields[3] if len(fields) > 3 else ""
            entries.append(
                FstabEntry(
                    device=device[:LONGEST_REFERENCE].strip("\"'"),
                    folder=folder,
                    kind=kind,
                    options=options,
                )
            )
    return entries


def root_of_fstab(text: str) -> str | None:
    """Return what is mounted as / by an fstab."""
    entries = fstab_entries(text)
    return next((entry.device for entry in entries if entry.folder == "/"), None)


def root_of_command_line(text: str) -> str | None:
    """Return the first root= in a boot loader's configuration or a command line.

    What a variable of the loader stands for is not worked out: `root=$root` tells
    nothing.
    """
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        for match in _ROOT.finditer(line):
            reference = match[1].strip('"')[:LONGEST_REFERENCE]
            if "$" not in reference and not _is_grubs_own(reference, line):
                return reference
    return None


def _is_grubs_own(reference: str, line: str) -> bool:
    """Whether it is GRUB's own variable, as in `set root='hd0,gpt1'`."""
    return line.lstrip().startswith("set ") or reference.startswith(("hd", "(", "'"))


def is_lost_on_virtio(reference: str) -> bool:
    """Whether a reference names a device that no machine with virtio disks has."""
    plain = reference.partition(",")[0]
    if _OF_THE_HARDWARE.match(plain):
        return True
    return bool(_PLAIN_DISK.fullmatch(plain)) and not _FIRST_OF_VIRTIO.fullmatch(plain)


def lost_in_fstab(text: str) -> list[str]:
    """Return the devices that would not be found and without which boot stops."""
    return [
        entry.device
        for entry in fstab_entries(text)
        if is_lost_on_virtio(entry.device) and "nofail" not in entry.options.split(",")
        and "noauto" not in entry.options.split(",")
    ]  # fmt: skip
