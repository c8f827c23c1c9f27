"""How a disk can be started: by UEFI, by BIOS, or both.

Sources, read 2026-11:
    UEFI Specification 2.10, 3.5.1.1, "Removable Media Boot Behavior": the loader's
    name for each processor.
    GNU GRUB Manual, "BIOS installation": a BIOS boot partition on GPT.

Room: core.
"""

from collections.abc import Sequence
from typing import NamedTuple

from image_import.inspection.findings import Finding
from image_import.inspection.seen import Seen

LOADERS = {
    "bootx64.efi": "x86_64",
    "bootaa64.efi": "arm64",
    "bootia32.efi": "i386",
    "bootriscv64.efi": "unsupported",
    "bootloongarch64.efi": "unsupported",
}
"""In EFI/BOOT, by what firmware starts where its own memory names nothing else."""

NOTHING_STARTS_IT = "none"


class Loader(NamedTuple):
    """A loader in an EFI system partition."""

    path: str
    architecture: str
    seen: Seen


class Firmware(NamedTuple):
    """What the disk has for which firmware.

    Attributes:
        loader: What UEFI starts.
        only_vendors: A vendor's folder that has a loader where EFI/BOOT has none: a
            new machine's firmware does not know of it.
    """

    loader: Loader | None = None
    only_vendors: str = ""


def find_firmware(volumes: Sequence[Seen]) -> Firmware:
    """Return what UEFI would start.

    Args:
        volumes: Those of type vfat, EFI system partitions first.
    """
    vendors = ""
    for seen in volumes:
        seen.want(("/EFI/BOOT",))
        folders = seen.names("/EFI") or []
        for folder in sorted(folders, key=lambda name: name.lower() != "boot"):
            names = seen.names(f"/EFI/{folder}") or []
            efi = [name for name in names if name.lower().endswith(".efi")]
            for name in efi:
                architecture = LOADERS.get(name.lower())
                if folder.lower() == "boot" and architecture:
                    path = f"/EFI/{folder}/{name}"
                    return Firmware(Loader(path, architecture, seen))
            if efi and folder.lower() != "boot":
                vendors = vendors or seen.where(f"/EFI/{folder}/{efi[0]}")
    return Firmware(only_vendors=vendors)


class Bios(NamedTuple):
    """What the disk has for BIOS.

    Attributes:
        boot_code: Whether its first sector has any.
        scheme: `GPT`, `MBR` or "" for none.
        boot_partition: The name of a BIOS boot partition, or of the active one.
    """

    boot_code: bool
    scheme: str
    boot_partition: str = ""

    @property
    def is_possible(self) -> bool:
        """Whether BIOS can start it; on GPT the code needs a partition to go on in."""
        return self.boot_code and (self.scheme == "MBR" or bool(self.boot_partition))


def boot_mode(firmware: Firmware, bios: Bios, why_not: str = "") -> Finding:
    """Return BIOS, UEFI, both or none, with where that was seen.

    Args:
        why_not: Why something on the disk could not be read, "" if all could.
    """
    seen = []
    if firmware.loader:
        seen.append(("UEFI", firmware.loader.seen.where(firmware.loader.path)))
    elif firmware.only_vendors:
        seen.append(("UEFI", firmware.only_vendors))
    if bios.is_possible:
        where = "boot code in the first sector"
        if bios.boot_partition:
            where += f", {bios.boot_partition}"
        seen.append(("BIOS", where))
    if not seen and not why_not and not bios.boot_code:
        where = "first sector and file systems"
        return Finding(value=NOTHING_STARTS_IT, where=where)
    if not seen:
        nothing = "neither a loader for UEFI nor a partition for the boot code of BIOS"
        return Finding(why_not=why_not or f"{nothing} was found")
    value = "both" if len(seen) == 2 else seen[0][0]
    return Finding(value=value, where="; ".join(where for _, where in seen))
