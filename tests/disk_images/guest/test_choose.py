"""Two systems on one disk: the one that boots is told, or none."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from disk_images.findings import Findings
from disk_images.guest.boot_mode import Bios
from disk_images.guest.choose import Hidden
from disk_images.guest.identifiers import Identifiers
from disk_images.guest.system import DividedDisk, look
from disk_images.guest.volume_files import Seen
from memory_files import MemoryFiles
from small_debian import ELF_X86_64, PE_X86_64

Files = Mapping[str, bytes | str]

UEFI = Bios(boot_code=False, scheme="GPT")
GRUB = Bios(boot_code=True, scheme="MBR", is_grub=True)
GENERIC = Bios(boot_code=True, scheme="MBR", boot_partition="partition 3")
WINDOWS_ACTIVE = Bios(boot_code=True, scheme="MBR", boot_partition="partition 2")
SMALL, LARGE = 1 << 30, 8 << 30


def linux(name: str, root: str = "", *, fstab: str = "", **more: bytes | str) -> Files:
    """Return a system; `root` is what its own GRUB starts."""
    files: dict[str, bytes | str] = {
        "/etc/os-release": f"ID={name}\nNAME={name}\n",
        "/usr/bin/env": ELF_X86_64,
    }
    if root:
        entry = f"menuentry '{name}' {{\n linux /boot/vmlinuz root={root} ro\n}}\n"
        files["/boot/grub/grub.cfg"] = entry
    if fstab:
        files["/etc/fstab"] = f"{fstab} / ext4 defaults 0 1\n"
    return {**files, **more}


def uuid(number: int) -> str:
    return f"UUID=0000000{number}-aaaa"


def two(name: str, number: int) -> Files:
    """Return a system whose loader and fstab lead to itself."""
    return linux(name, uuid(number), fstab=uuid(number))


WINDOWS: Files = {"/Windows/System32/ntoskrnl.exe": PE_X86_64}
BOOTMGR: Files = {**WINDOWS, "/bootmgr": "BOOTMGR"}
ESP: Files = {"/EFI/BOOT/BOOTX64.EFI": PE_X86_64}
MICROSOFT: Files = {
    "/EFI/Boot/bootx64.efi": PE_X86_64 + b"windows",
    "/EFI/Microsoft/Boot/bootmgfw.efi": PE_X86_64 + b"windows",
}


def stub(number: int) -> Files:
    """Return an ESP whose GRUB goes on in a volume's grub.cfg."""
    text = f"search.fs_uuid 0000000{number}-aaaa root hd0,gpt{number}\n"
    return {**ESP, "/EFI/debian/grub.cfg": text}


WITHOUT_BOOT = {p: text for p, text in stub(3).items() if "BOOTX64" not in p}


def entries(root: str) -> Files:
    """Return an ESP with an entry of systemd-boot."""
    return {
        **ESP,
        "/loader/entries/a.conf": f"linux /vmlinuz\noptions root={root} ro\n",
        "/vmlinuz": "",
    }


LUKS = Hidden(name="partition 4", why="it is encrypted", size_bytes=4 << 30,
              names=frozenset({"luks-uuid"}))  # fmt: skip


def examined(
    esp: Files | None,
    *systems: tuple[Files, int],
    bios: Bios = UEFI,
    hidden: Sequence[Hidden] = (),
    **said: Any,
) -> Findings:
    """Return what is found on a disk: its ESP first, the systems from partition 2 on.

    As in a look, the largest volume comes first.
    """
    volumes = []
    for number, (files, size) in enumerate(systems, start=2):
        kind = "ntfs" if any(p.startswith("/Windows") for p in files) else "ext4"
        system = MemoryFiles(files, kind=kind)
        name = f"partition {number}"
        volumes.append(Seen(name=name, file_system=system, size_bytes=size))
    volumes.sort(key=lambda seen: -seen.size_bytes)
    if esp is not None:
        vfat = MemoryFiles(esp, kind="vfat")
        volumes.append(Seen(name="partition 1", file_system=vfat, is_esp=True))
    known = {f"0000000{n}-aaaa": f"partition {n}" for n in range(1, 6)}
    tags = dict.fromkeys(("UUID", "LABEL", "PARTUUID", "PARTLABEL"), "")
    ids = Identifiers(known={"UUID": known}, hidden=tags)  # type: ignore[arg-type]
    return look(
        DividedDisk(bios=bios, layout=["x"], volumes=volumes, hidden=hidden,
             identifiers=ids, **said)
    )  # fmt: skip


OURS, THEIRS = uuid(2), uuid(3)
COPY = linux("centos", "UUID=gone", fstab="UUID=gone")

TWO_WHOLE = [(two("debian", 2), SMALL), (two("rhel", 3), LARGE)]

COMBINATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a larger copy of another root, whose loader and fstab lead nowhere": (
        {"esp": ESP, "systems": [(two("debian", 2), SMALL), (COPY, LARGE)]},
        "debian",
    ),
    "the same with GRUB in the MBR": (
        {"esp": None, "systems": [(two("debian", 2), SMALL), (COPY, LARGE)],
         "bios": GRUB},
        "debian",
    ),
    "a copy without any loader, of which fstab alone tells": (
        {"esp": ESP, "systems": [(linux("debian", fstab=OURS), SMALL),
                                 (linux("centos", fstab=OURS), LARGE)]},
        "debian",
    ),
    "a root without an fstab beside one with": (
        {"esp": ESP, "systems": [(linux("debian", fstab=OURS), SMALL),
                                 (linux("alpine"), LARGE)]},
        "debian",
    ),
    "two roots of which nothing tells": (
        {"esp": ESP, "systems": [(linux("debian"), SMALL), (linux("alpine"), LARGE)]},
        "",
    ),
    "two whole systems, GRUB's stub leads to the first": (
        {"esp": stub(2), "systems": TWO_WHOLE},
        "debian",
    ),
    "two whole systems, GRUB's stub leads to the second": (
        {"esp": stub(3), "systems": TWO_WHOLE},
        "rhel",
    ),
    "two whole systems and nothing that tells which loader is first": (
        {"esp": ESP, "systems": [(two("debian", 2), SMALL), (two("rhel", 3), LARGE)]},
        "",
    ),
    "two whole systems, GRUB in the MBR of either": (
        {"esp": None, "systems": [(two("debian", 2), SMALL), (two("rhel", 3), LARGE)],
         "bios": GRUB},
        "",
    ),
    "the first system's GRUB starts the second one": (
        {"esp": stub(2), "systems": [(linux("debian", THEIRS), SMALL),
                                     (linux("rhel", fstab=THEIRS), LARGE)]},
        "rhel",
    ),
    "systemd-boot starts the smaller one": (
        {"esp": entries(OURS), "systems": [(linux("debian"), SMALL),
                                           (linux("arch", fstab=THEIRS), LARGE)]},
        "debian",
    ),
    "a whole menu of GRUB on the ESP": (
        {"esp": {**ESP, "/EFI/BOOT/grub.cfg": f"linux /v root={OURS} ro\n"},
         "systems": TWO_WHOLE},
        "debian",
    ),
    "an active partition with its own loader": (
        {"esp": None, "systems": [(two("debian", 2), LARGE), (two("alpine", 3), SMALL)],
         "bios": GENERIC},
        "alpine",
    ),
    "a Windows without its loader beside a Debian": (
        {"esp": ESP, "systems": [(two("debian", 2), LARGE), (WINDOWS, SMALL)]},
        "debian",
    ),
    "a larger Windows without its loader": (
        {"esp": stub(2), "systems": [(two("debian", 2), SMALL), (WINDOWS, LARGE)]},
        "debian",
    ),
    "a Windows that boots beside a Linux without a loader": (
        {"esp": MICROSOFT, "systems": [(WINDOWS, LARGE), (linux("debian"), SMALL)]},
        "windows",
    ),
    "a Windows that firmware starts, beside a whole Linux": (
        {"esp": MICROSOFT, "systems": [(WINDOWS, SMALL), (two("debian", 3), LARGE)]},
        "windows",
    ),
    "both loaders on the ESP, and EFI/BOOT is that of Windows": (
        {"esp": {**WITHOUT_BOOT, **MICROSOFT}, "systems": [(WINDOWS, SMALL),
                                                      (two("debian", 3), LARGE)]},
        "windows",
    ),
    "Windows on the active partition, its boot record ahead of it": (
        {"esp": None, "systems": [(BOOTMGR, LARGE), (two("debian", 3), SMALL)],
         "bios": WINDOWS_ACTIVE},
        "windows",
    ),
    "GRUB in the MBR, Windows as another entry of it": (
        {"esp": None, "systems": [(BOOTMGR, LARGE), (two("debian", 3), SMALL)],
         "bios": GRUB},
        "debian",
    ),
    "GRUB whose default is to go on with Windows": (
        {"esp": None, "bios": GRUB, "systems": [(BOOTMGR, LARGE), (linux(
            "debian", fstab=THEIRS, **{"/boot/grub/grub.cfg":
            'set default="1"\nmenuentry a {\n linux /v root=' + THEIRS + "\n}\n"
            "menuentry 'Windows' {\n chainloader +1\n}\n"}), SMALL)]},
        "windows",
    ),
    "a larger encrypted volume beside a rescue system": (
        {"esp": ESP, "systems": [(linux("alpine"), SMALL)], "hidden": [LUKS]},
        "",
    ),
    "the same where the rescue system has a loader of its own": (
        {"esp": ESP, "systems": [(two("alpine", 2), SMALL)], "hidden": [LUKS]},
        "",
    ),
    "an encrypted volume that the system's own crypttab opens": (
        {"esp": ESP, "systems": [({**two("debian", 2), "/etc/crypttab":
                                   "data UUID=luks-uuid none luks\n"}, SMALL)],
         "hidden": [LUKS]},
        "debian",
    ),
    "a smaller encrypted volume beside what the loader starts": (
        {"esp": stub(2), "systems": [(two("debian", 2), LARGE)], "hidden": [LUKS]},
        "debian",
    ),
    "a loader that starts what is in the encrypted volume": (
        {"esp": entries("/dev/mapper/luks"), "systems": [(two("debian", 2), LARGE)],
         "hidden": [LUKS]},
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("disk", "system"), COMBINATIONS.values(), ids=COMBINATIONS.keys()
)
def test_the_system_that_boots_is_told_or_none(
    disk: dict[str, Any], system: str
) -> None:
    given = dict(disk)
    systems = given.pop("systems")
    found = examined(given.pop("esp"), *systems, **given)
    name = found.release.id if found.release else found.os_type.value
    assert name == system
    if not system:
        assert found.os_type.why_not in found.notes


def test_at_least_twenty_combinations_are_tried() -> None:
    assert len(COMBINATIONS) >= 20


def test_the_other_system_is_a_note() -> None:
    found = examined(stub(2), (two("debian", 2), SMALL), (COPY, LARGE))
    (note,) = found.notes
    assert note.startswith("partition 3 has a system, too; what is told here is of")


def test_the_systems_between_which_nothing_decides_are_named() -> None:
    found = examined(ESP, (linux("debian"), SMALL), (linux("alpine"), LARGE))
    said = (
        "partition 3 and partition 2 have a system each, and nothing says which of"
        " them boots"
    )
    assert (found.os_name.why_not, found.notes) == (said, (said,))


def snapshots(*numbers: int, loader: str = "") -> Findings:
    """Return what is found on a Btrfs whose system is one of snapper's snapshots."""
    files: dict[str, bytes | str] = {"/home/x": ""}
    for number in numbers:
        top = f"/.snapshots/{number}/snapshot"
        release = f"ID=opensuse-leap\nVERSION_ID={number}\n"
        files |= {f"{top}/etc/os-release": release, f"{top}/usr/x": ""}
        if loader:
            files[f"{top}/boot/grub2/grub.cfg"] = f"linux /v root={OURS} {loader}\n"
    system = MemoryFiles(files, kind="btrfs")
    seen = Seen(name="partition 2", file_system=system, size_bytes=LARGE)
    known = {"00000002-aaaa": "partition 2"}
    ids = Identifiers(known={"UUID": known}, hidden={"UUID": ""})
    return look(DividedDisk(bios=UEFI, layout=["x"], volumes=[seen], identifiers=ids))


def test_the_only_snapshot_is_the_system() -> None:
    found = snapshots(1)
    assert found.os_version.value == "1"
    assert found.os_version.where.endswith(": /.snapshots/1/snapshot/etc/os-release")


def test_of_several_snapshots_the_loaders_one_is_the_system() -> None:
    assert snapshots(1, 2).os_name.why_not.startswith(
        "partition 2/.snapshots/1/snapshot and partition 2/.snapshots/2/snapshot"
    )
    flags = "rootflags=subvol=@/.snapshots/2/snapshot"
    assert snapshots(1, 2, loader=flags).os_version.value == "2"
