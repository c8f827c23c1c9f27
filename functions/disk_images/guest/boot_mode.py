"""How a disk can be started: by UEFI, by BIOS, or both.

Sources, read 2026-11:
    UEFI Specification 2.10, 3.5.1.1, "Removable Media Boot Behavior": the loader's
    name for each processor.
    Microsoft, "PE Format": for which processor a loader is made.
    GNU GRUB Manual, "BIOS installation": a BIOS boot partition on GPT.
"""

from collections.abc import Sequence
from typing import NamedTuple

from disk_images.blocks.source import CannotTellError, Source
from disk_images.findings import Finding
from disk_images.guest.executables import PROGRAM_BYTES, architecture_of
from disk_images.guest.volume_files import Seen

LOADERS = {
    "bootx64.efi": "x86_64",
    "bootaa64.efi": "arm64",
    "bootia32.efi": "i386",
    "bootriscv64.efi": "unsupported",
    "bootloongarch64.efi": "unsupported",
}
"""In EFI/BOOT, by what firmware starts where its own memory names nothing else."""

NOTHING_STARTS_IT = "none"
"""How a value begins that says so; what is wrong may follow."""

FIRST_WANTED = ("/EFI/BOOT", "/EFI/BOOT/BOOTX64.EFI", "/EFI/BOOT/BOOTAA64.EFI")
_X86 = {"i386", "x86_64"}


class Loader(NamedTuple):
    """A loader in an EFI system partition."""

    path: str
    architecture: str
    seen: Seen


class Firmware(NamedTuple):
    """What the disk has for which firmware.

    Attributes:
        loaders: What UEFI starts, one for each processor.
        broken: What has a loader's name in EFI/BOOT and is none, in words.
        only_vendors: A vendor's folder that has a loader where EFI/BOOT has none: a
            new machine's firmware does not know of it.
    """

    loaders: tuple[Loader, ...] = ()
    broken: str = ""
    only_vendors: str = ""

    def loader(self, architecture: str) -> Loader | None:
        """Return what starts on a processor; on any, if it is not known.

        A loader for x86_64 starts a system for i386 as well, and the other way round.
        """
        alike = _X86 if architecture in _X86 else {architecture}
        fitting = [
            a for a in self.loaders if not architecture or a.architecture in alike
        ]
        exact = [a for a in fitting if a.architecture == architecture]
        return next(iter(exact or fitting), None)

    def problem(self, architecture: str) -> str:
        """Return why UEFI does not start a system for a processor although it tries."""
        if self.loaders and not self.loader(architecture):
            path, made_for, seen = self.loaders[0]
            return (
                f"{seen.where(path)} is for {made_for}, the system for {architecture}"
            )
        return self.broken


def find_firmware(volumes: Sequence[Seen]) -> Firmware:
    """Return what UEFI would start.

    Args:
        volumes: Those of type vfat, EFI system partitions first.
    """
    vendors = broken = ""
    for seen in volumes:
        loaders: list[Loader] = []
        folders = seen.names("/EFI") or []
        for folder in sorted(folders, key=lambda name: name.lower() != "boot"):
            names = seen.names(f"/EFI/{folder}") or []
            efi = [name for name in names if name.lower().endswith(".efi")]
            if folder.lower() != "boot":
                if efi and not loaders:
                    vendors = vendors or seen.where(f"/EFI/{folder}/{efi[0]}")
                continue
            for path in (f"/EFI/{folder}/{n}" for n in efi if n.lower() in LOADERS):
                loader, problem = _loader(seen, path)
                broken = broken or problem
                loaders += [loader] if loader else []
        if loaders:
            return Firmware(tuple(loaders), broken)
    return Firmware(broken=broken, only_vendors=vendors)


def _loader(seen: Seen, path: str) -> tuple[Loader | None, str]:
    """Return a loader, or why what has its name is none."""
    named = LOADERS[path.rpartition("/")[2].lower()]
    program = seen.read(path, limit=PROGRAM_BYTES)
    if program is None:
        return None, ""  # It is damaged, which `seen` knows.
    architecture = architecture_of(program)
    if architecture == named:
        return Loader(path, named, seen), ""
    is_what = f"a program for {architecture}" if architecture else "no program"
    is_what = is_what if program else "empty"
    return None, f"{seen.where(path)} is {is_what}, expected one for {named}"


class Bios(NamedTuple):
    """What the disk has for BIOS.

    Attributes:
        boot_code: Whether its first sector has any.
        scheme: `GPT`, `MBR` or "" for none.
        boot_partition: The name of a BIOS boot partition, or of the active one.
        is_grub: Whether the boot code is GRUB's.
    """

    boot_code: bool
    scheme: str
    boot_partition: str = ""
    is_grub: bool = False

    @property
    def is_possible(self) -> bool:
        """Whether BIOS can start it; on GPT the code needs a partition to go on in."""
        return self.boot_code and (self.scheme == "MBR" or bool(self.boot_partition))


# The first bytes of code that starts the active partition and nothing else.
_GENERIC = (
    # GNU parted, libparted/labels/dos.c, MBR_BOOT_CODE.
    bytes.fromhex("fab800108ed0bc00b0b800008ed88ec0"),
    # Syslinux, mbr/mbr.S; Windows 7 and later; ms-sys.
    b"Missing operating system", b"Invalid partition table",
)  # fmt: skip
_NO_CODE = (b"This is not a bootable disk",)


def is_generic_code(code: bytes) -> bool:
    """Whether boot code does no more than to start the active partition."""
    return code.startswith(_GENERIC[0]) or any(text in code for text in _GENERIC[1:])


def has_code(volume: Source) -> bool:
    """Whether a partition's first sector has code; it is what generic code starts."""
    try:
        sector = volume.read(0, 512)
    except CannotTellError:
        return True
    return any(sector[:3]) and not any(text in sector for text in _NO_CODE)


def boot_mode(
    firmware: Firmware, bios: Bios, why_not: str = "", *, architecture: str = ""
) -> Finding:
    """Return BIOS, UEFI, both or none, with where that was seen.

    Args:
        why_not: Why something on the disk could not be read, "" if all could.
        architecture: Of the system, "" if it is not known.
    """
    seen = []
    problem = firmware.problem(architecture)
    if loader := firmware.loader(architecture):
        seen.append(("UEFI", loader.seen.where(loader.path)))
    elif firmware.only_vendors:
        seen.append(("UEFI", firmware.only_vendors))
    if bios.is_possible:
        where = "boot code in the first sector"
        if bios.boot_partition:
            where += f", {bios.boot_partition}"
        seen.append(("BIOS", where))
    if seen:
        value = "both" if len(seen) == 2 else seen[0][0]
        return Finding(value=value, where="; ".join(where for _, where in seen))
    if why_not or (bios.boot_code and not problem):
        nothing = "neither a loader for UEFI nor a partition for the boot code of BIOS"
        return Finding(why_not=why_not or f"{nothing} was found")
    where = "first sector and file systems"
    value = f"{NOTHING_STARTS_IT}: {problem}" if problem else NOTHING_STARTS_IT
    return Finding(value=value, where=where)
