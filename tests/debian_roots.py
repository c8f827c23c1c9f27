"""Root file systems of Debian for three processors, by debootstrap, never run.

Each is made once for all test processes and lies in a temporary folder. What makes it
large and tells nothing (libraries, documentation) is left out; what is there is letter
for letter Debian's. The one for amd64 has a kernel, of whose modules only those for
disks are kept; what its installation would generate is made by this machine's depmod.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from made_images import run

SUITE = "bookworm"
NEEDS = ("debootstrap", "dpkg-deb", "depmod")
_BULK = ("usr/share", "var/lib", "var/cache", "debootstrap", "usr/lib/*/gconv",
         "usr/lib/*/perl*", "usr/bin/perl*", "usr/lib/gcc*", "usr/lib/*/lib[g-z]*",
         "usr/lib/*/lib[a-e]*")  # fmt: skip
KERNEL_PACKAGE = "linux-image-cloud-amd64"
_KEPT_MODULES = ("virtio_blk.ko", "virtio_scsi.ko", "virtio_net.ko")
_LOADERS = {  # package, folder and loader in it, its name in EFI/BOOT
    "amd64": ("grub-efi-amd64-bin", "x86_64-efi", "grubx64.efi", "BOOTX64.EFI"),
    "i386": ("grub-efi-ia32-bin", "i386-efi", "grubia32.efi", "BOOTIA32.EFI"),
    "arm64": ("grub-efi-arm64-bin", "arm64-efi", "grubaa64.efi", "BOOTAA64.EFI"),
}  # fmt: skip


@dataclass(frozen=True)
class Root:
    """A root file system and the loaders that Debian has for its processor."""

    folder: Path
    efi_name: str
    efi: bytes
    mbr: bytes


def make_root(shared: Path, architecture: str) -> Root:
    """Return the root for an architecture as Debian names it."""
    folder, extra = shared / f"root-{architecture}", shared / f"more-{architecture}"
    with _one_at_a_time(shared / f"{architecture}.lock"):
        if not (shared / f"{architecture}.ready").exists():
            _bootstrap(folder, extra, architecture)
            (shared / f"{architecture}.ready").touch()
    _, made_for, loader, efi_name = _LOADERS[architecture]
    mbr = extra / "usr/lib/grub/i386-pc/boot.img"
    return Root(
        folder=folder,
        efi_name=efi_name,
        efi=(extra / "usr/lib/grub" / made_for / "monolithic" / loader).read_bytes(),
        mbr=mbr.read_bytes() if mbr.exists() else b"",
    )


def _bootstrap(folder: Path, extra: Path, architecture: str) -> None:
    packages = [_LOADERS[architecture][0]]
    if architecture != "arm64":
        packages.append("grub-pc-bin")
    included = [*packages]
    if architecture == "amd64":
        included.append(KERNEL_PACKAGE)
    command = ["debootstrap", "--foreign", "--variant=minbase", "--no-check-gpg",
               f"--arch={architecture}", f"--include={','.join(included)}", SUITE,
               str(folder), _mirror()]  # fmt: skip
    if os.geteuid():
        command.insert(0, "fakeroot")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for package in packages:
        (archive,) = folder.glob(f"var/cache/apt/archives/{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", str(archive), str(extra)], check=True)
    if architecture == "amd64":
        _add_kernel(folder, extra)
    for pattern in _BULK:
        for found in folder.glob(pattern):
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            else:
                found.unlink()
    shutil.rmtree(folder / "dev")
    (folder / "dev").mkdir()


def _add_kernel(folder: Path, extra: Path) -> None:
    """Lay the files of the kernel's package where dpkg would."""
    archives = folder / "var/cache/apt/archives"
    unpacked = extra / "kernel"
    for package in ("linux-image-[0-9]*-cloud-amd64", "initramfs-tools-core"):
        (archive,) = archives.glob(f"{package}_*.deb")
        run("dpkg-deb", "-x", archive, unpacked)
    (modules,) = (unpacked / "lib/modules").iterdir()
    for module in modules.rglob("*.ko"):
        if module.name not in _KEPT_MODULES:
            module.unlink()
    run("depmod", "-b", unpacked, modules.name)
    target = folder / "usr/lib/modules" / modules.name
    shutil.copytree(modules, target)
    shutil.copytree(unpacked / "boot", folder / "boot", dirs_exist_ok=True)
    # Nothing here can run initramfs-tools; the beginning is like what it packs.
    initramfs = folder / "boot" / f"initrd.img-{modules.name}"
    initramfs.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(9_000_000))
    configuration = "etc/initramfs-tools"
    shutil.copytree(unpacked / configuration, folder / configuration)
    shutil.rmtree(unpacked)


def _mirror() -> str:
    """Return where this machine gets Debian's packages from."""
    if told := os.environ.get("DEBIAN_MIRROR"):
        return told
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [uri for uri, _, suite in (x.partition(" ") for x in listed.splitlines())
             if suite == SUITE]  # fmt: skip
    assert found, f"apt names no mirror of {SUITE}; set DEBIAN_MIRROR to one"
    return found[0]


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
